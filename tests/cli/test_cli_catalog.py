"""catalog, lab and report: what they print and write."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

import wmiam
from wmiam.catalog import load

if TYPE_CHECKING:
    from conftest import Run


def test_the_catalog_has_a_row_for_each_action(run: Run) -> None:
    found = json.loads(run("catalog", "--format", "json").out)
    assert [row["action"] for row in found] == [action.full_name for action in load().actions]
    (assume,) = (row for row in found if row["action"] == "workmail:AssumeImpersonationRole")
    assert assume["access_level"] == "Write"
    assert assume["resource"] == ["organization"]
    assert "workmail:ImpersonationRoleId" in assume["condition_keys"]
    assert "read-mail" in assume["capabilities"]


def test_the_catalog_says_of_when_it_is(run: Run) -> None:
    catalog = load()
    last = run("catalog").out.splitlines()[-1]
    assert last == f"{len(catalog.actions)} actions, as of {catalog.as_of}"


def test_the_catalog_of_one_action_or_key(run: Run) -> None:
    assert [row["action"] for row in json.loads(run("catalog", "resetpassword", "--format", "json").out)] == [
        "workmail:ResetPassword"
    ]
    (key,) = json.loads(run("catalog", "--keys", "AWS:TagKeys", "--format", "json").out)
    assert (key["key"], key["multivalued"]) == ("aws:TagKeys", True)


def test_the_catalog_of_a_capability(run: Run) -> None:
    out = run("catalog", "--capability", "retag", "--format", "json").out
    assert [row["action"] for row in json.loads(out)] == ["workmail:TagResource", "workmail:UntagResource"]
    assert run("catalog", "--capability", "nonsense").code == 2


@pytest.mark.parametrize(
    ("arguments", "near"),
    [(["ResetPasword"], "workmail:ResetPassword"), (["--keys", "aws:SourceIpp"], "aws:SourceIp")],
)
def test_the_catalog_of_an_unknown_name(run: Run, arguments: list[str], near: str) -> None:
    result = run("catalog", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(f"; near: {near}\n")


def test_lab_opens_the_first_notebook_of_a_folder(run: Run, tmp_path: Path) -> None:
    for name in ("2-second.ipynb", "1-first.ipynb", "0-notes.md"):
        (tmp_path / name).write_text("{}")
    result = run("lab", tmp_path, "--no-browser", "--print-only")
    command = shlex.split(result.out)
    assert result.code == 0
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert "--LabApp.default_url=/lab/tree/1-first.ipynb" in command
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--no-browser" in command
    assert ("--allow-root" in command) is (os.geteuid() == 0)


def test_lab_shows_the_folder_where_the_user_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "a.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert f"--ServerApp.root_dir={tmp_path}" in shlex.split(run("lab", "--print-only").out)


def test_lab_brings_the_notebooks_along(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("lab", "--print-only")
    assert "--LabApp.default_url=/lab/tree/notebooks/01-quickstart.ipynb" in shlex.split(result.out)
    copies = sorted((tmp_path / "notebooks").iterdir())
    names = sorted(path.name for path in (Path(wmiam.__file__).parents[1] / "notebooks").glob("*.ipynb"))
    assert [path.name for path in copies] == names
    assert result.err.splitlines() == [f"wmiam: copied {name} to notebooks" for name in names]
    copies[1].write_text("mine")
    copies[2].unlink()
    assert run("lab", "one-principal", "--print-only").err == f"wmiam: copied {names[2]} to notebooks\n"
    result = run("lab", "executives-mail", "--print-only")
    assert "--LabApp.default_url=/lab/tree/notebooks/02-executives-mail.ipynb" in shlex.split(result.out)
    assert (copies[1].read_text(), result.err) == ("mine", "")
    assert "near: executives-mail" in run("lab", "executive-mail", "--print-only").err


def test_lab_serves_the_notebook_and_ends_when_told(tmp_path: Path) -> None:
    (tmp_path / "a notebook.ipynb").write_text("{}")
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    environment = {**os.environ, **{name: str(tmp_path / name) for name in places}}
    command = [sys.executable, "-m", "wmiam", "lab", str(tmp_path), "--no-browser"]
    log = tmp_path / "log.txt"
    with log.open("w") as sink:
        process = subprocess.Popen(command, env=environment, stderr=sink, stdout=sink)
    try:
        url = urlsplit(_address(log, process))
        assert url.path == "/lab/tree/a%20notebook.ipynb"
        listing = f"http://{url.netloc}/api/contents?{url.query}"
        names = [entry["name"] for entry in json.loads(_get(listing))["content"]]
        assert "a notebook.ipynb" in names
        with pytest.raises(HTTPError, match="403"):
            _get(listing.partition("?")[0])
        assert _end(process) == 0
    finally:
        # Whatever fails above, no server may stay behind.
        process.kill()
        process.wait()


def _end(process: subprocess.Popen[bytes]) -> int | None:
    """Ask a process to end, again where it was too busy to hear, and return its exit code."""
    for _ in range(4):
        process.terminate()
        try:
            return process.wait(15)
        except subprocess.TimeoutExpired:
            continue
    return process.poll()


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Return the address that the server prints, shortly before it listens."""
    for _ in range(600):
        for line in log.read_text().splitlines():
            if line.strip().startswith("http://127.0.0.1:"):
                return line.strip()
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def _get(address: str) -> bytes:
    """Return what a server answers, once it listens."""
    until = time.monotonic() + 60
    while True:
        try:
            with urlopen(address, timeout=30) as response:  # noqa: S310
                body: bytes = response.read()
                return body
        except HTTPError:
            raise
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_lab_without_notebook(run: Run, tmp_path: Path) -> None:
    result = run("lab", tmp_path)
    assert (result.code, result.out) == (2, "")
    assert "there is no notebook" in result.err


def test_report_says_where_it_is(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    result = run("report", "data/acme", "--title", "Mail <of> ACME", "-o", path)
    assert result.code == 0
    assert result.out.splitlines() == [str(path), path.as_uri()]
    text = path.read_text("utf-8")
    assert "Mail &lt;of&gt; ACME" in text
    assert "Mail <of> ACME" not in text


def test_report_to_standard_output(run: Run) -> None:
    result = run("report", "data/acme", "-o", "-")
    assert result.code == 0
    assert result.out.lstrip().lower().startswith("<!doctype html>")


@pytest.mark.parametrize("name", ["", "missing/report.html"])
def test_report_finds_out_first_that_it_cannot_write(run: Run, tmp_path: Path, name: str) -> None:
    # The input does not exist either, and is not looked at.
    result = run("report", tmp_path / "no-input", "-o", tmp_path / name)
    assert (result.code, result.out) == (2, "")
    assert "no report can be written there" in result.err


def test_report_of_an_incomplete_estate_is_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}')
    result = run("report", tmp_path, "-o", tmp_path / "out.html")
    assert result.code == 0
    assert "answers are incomplete" in result.err
    assert "incomplete" in (tmp_path / "out.html").read_text("utf-8")
