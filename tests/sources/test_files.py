"""Which files are read, in which order, and under which names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from estate_shapes import A, B, codes, details, document, only, place, principal, read, user

from wmiam.diagnostics import Severity
from wmiam.errors import InputError
from wmiam.sources import load

ANA, BOB = details(user("ana")), details(user("bob", B))


def test_content_counts_and_not_the_name(tmp_path: Path) -> None:
    estate = read(tmp_path, {"list-roots.json": ANA, "notes.txt": BOB, "deep/er/x": details(user("carla"))})
    assert {p.name for p in estate.principals} == {"ana", "bob", "carla", "root"}
    assert [source.name for source in estate.sources] == ["deep/er/x", "list-roots.json", "notes.txt"]


def test_other_files_are_listed_once_and_hidden_ones_not(tmp_path: Path) -> None:
    files: dict[str, object] = {
        "iam.json": ANA,
        "README.md": "# Notes\n[link](x)",
        "badge.md": "[![badge](x)](y)",
        "pyproject.toml": "[project]\nname = 'x'\n[[tool.x]]\ny = 1\n",
        "template.j2": "{{ value }}",
        "data.txt": '{"some": "json"}',
        "broken.txt": '{"some": ',
        "picture.png": b"\x89PNG\r\n\x1a\n\x00\x00",
        "empty.txt": "",
        ".hidden.json": "{",
        ".git/config.json": "{",
    }
    estate = read(tmp_path, files)
    assert codes(estate) == []
    message = only(estate, "files-not-read").message
    assert "(8)" in message
    assert "README.md" in message
    assert "hidden" not in message
    assert [source.name for source in estate.sources] == ["iam.json"]


def test_a_damaged_file_without_suffix_that_holds_records_is_reported(tmp_path: Path) -> None:
    estate = read(tmp_path, {"details": json.dumps(details(user("ana"), user("bob")), indent=4)[:-200]})
    assert "json-truncated" in codes(estate)
    assert principal(estate, "ana")


def test_the_same_content_is_read_once(tmp_path: Path) -> None:
    estate = read(tmp_path, {"a.json": ANA, "b/copy.json": ANA})
    assert codes(estate) == []
    message = only(estate, "same-content").message
    assert "b/copy.json" in message
    assert "a.json" in message
    assert [source.name for source in estate.sources] == ["a.json"]


def test_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text(json.dumps(BOB))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "out.json").symlink_to(outside / "secret.json")
    (folder / "out").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path)
    (folder / "round").symlink_to(folder)
    (folder / "again.json").symlink_to(folder / "iam.json")
    (folder / "dead.json").symlink_to(folder / "nothing")
    estate = read(folder, {"iam.json": ANA})
    assert {p.name for p in estate.principals} == {"ana", "root"}
    assert sorted(codes(estate)) == ["broken-link", *["link-leaves-input"] * 3]
    assert codes(estate, Severity.INFO).count("link-inside-input") == 2
    named = [d.message.split()[0] for d in estate.diagnostics if d.code == "link-leaves-input"]
    assert named == ["out", "out.json", "up"]


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    (tmp_path / "iam.json").write_text(json.dumps(ANA))
    (tmp_path / "link.json").symlink_to(tmp_path / "iam.json")
    assert principal(load(tmp_path / "link.json"), "ana")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_the_folder_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert codes(read(tmp_path, {"iam.json": ANA})) == ["special-file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_that_the_user_names_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        load(tmp_path / "pipe.json")


def test_what_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_bytes, iterdir = Path.read_bytes, Path.iterdir

    def refuse_file(path: Path) -> bytes:
        if path.name == "closed.json":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    def refuse_folder(path: Path) -> Iterator[Path]:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return iterdir(path)

    monkeypatch.setattr(Path, "read_bytes", refuse_file)
    monkeypatch.setattr(Path, "iterdir", refuse_folder)
    estate = read(tmp_path, {"iam.json": ANA, "closed.json": BOB, "closed/x.json": BOB})
    assert codes(estate, Severity.ERROR) == ["unreadable-folder", "unreadable-file"]
    assert "closed cannot be read: Permission denied" in only(estate, "unreadable-folder").message
    assert principal(estate, "ana")


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are any bytes")
def test_a_name_that_is_not_utf_8_can_be_shown(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"gr\xf6\xdfe.json")).write_text(json.dumps(details(user(Odd=1))))
    estate = load(tmp_path)
    assert principal(estate, "ana")
    assert str(only(estate, "unknown-field")).encode().startswith(b"gr??e.json:")


def test_several_inputs_keep_their_names_apart(tmp_path: Path) -> None:
    read(tmp_path / "one", {"iam.json": ANA})
    read(tmp_path / "two", {"iam.json": BOB})
    single = tmp_path / "carla.json"
    single.write_text(json.dumps(details(user("carla"))))
    estate = load(tmp_path / "one", str(tmp_path / "two"), single)
    assert len({source.name for source in estate.sources}) == 3
    assert {p.name for p in estate.principals} == {"ana", "bob", "carla", "root"}
    assert estate.name == "one, two, carla"
    twice = load(tmp_path / "one", tmp_path / "one" / "iam.json", name="Acme")
    assert len(twice.sources) == 1
    assert twice.name == "Acme"


def test_a_single_file_has_its_own_name(tmp_path: Path) -> None:
    read(tmp_path, {"iam.json": details(user(Arn="x"))})
    estate = load(tmp_path / "iam.json")
    assert estate.name == "iam"
    assert place(only(estate, "bad-arn"))[0] == "iam.json"


def test_reading_is_deterministic(tmp_path: Path) -> None:
    files: dict[str, object] = {
        f"{name}/{number}.json": details(user(f"{name}{number}", Odd=1), user("same", Even=2))
        for name in "cab"
        for number in range(3)
    }
    read(tmp_path, files)
    program = (
        "import sys; from wmiam.sources import load; e = load(sys.argv[1]);"
        "print([p.arn for p in e.principals], [str(d) for d in e.diagnostics], [s.name for s in e.sources])"
    )
    printed = set()
    for seed in ("0", "1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", program, str(tmp_path)]
        printed.add(
            subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
        )
    assert len(printed) == 1
    assert "same" in printed.pop()


def test_what_was_read_is_on_the_sources(tmp_path: Path) -> None:
    estate = read(tmp_path, {"iam.json": ANA, "policy.json": document()})
    kinds = {source.name: source.kind for source in estate.sources}
    assert kinds == {"iam.json": "account-authorization-details", "policy.json": "policy document"}
    assert all(len(source.sha256) == 64 and source.size for source in estate.sources)


def test_an_empty_folder(tmp_path: Path) -> None:
    estate = load(tmp_path)
    assert codes(estate) == ["nothing-read"]
    assert not estate.complete
    assert estate.principals == ()


def test_reading_needs_no_pandas_and_no_networkx() -> None:
    program = (
        "import sys, wmiam.sources; print([m for m in ('pandas', 'networkx', 'IPython') if m in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment
    )
    assert done.stdout.strip() == "[]"


def test_accounts(tmp_path: Path) -> None:
    estate = read(tmp_path, {"a.json": ANA, "b.json": BOB})
    assert [(a.id, a.name, a.has_iam) for a in estate.accounts.values()] == [(A, A, True), (B, B, True)]
    assert all(a.origin is not None for a in estate.accounts.values())
