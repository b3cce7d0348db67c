"""compare on the sample change, whose answer data/README.md gives: formats, gates, exit codes, mistakes."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Run

BEFORE, AFTER = "data/review/before", "data/review/after"
HELP_DESK = f"help-desk={AFTER}/help-desk.json"
COLUMNS = [
    *("principal", "name", "kind", "account", "action", "organization", "change", "before", "after"),
    *("gained", "lost", "witness_gained", "witness_lost", "depends", "statements"),
]
MEANT = {"Get", "List", "Delete", "Put"}
BESIDES = {
    "workmail:PutAccessControlRule",
    "workmail:PutEmailMonitoringConfiguration",
    "workmail:PutIdentityProviderConfiguration",
    "workmail:PutInboundDmarcSettings",
    "workmail:PutMailboxPermissions",
}
ROOT = Path(__file__).resolve().parents[2]


def records(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_the_sample_change_grants_what_the_readme_says(run: Run) -> None:
    result = run("compare", BEFORE, AFTER, "--format", "json")
    found = records(result.out)
    assert (result.code, result.err) == (0, "")
    assert list(found[0]) == COLUMNS
    assert {row["name"] for row in found} == {"mateo.jackson", "nikki.wolf"}
    meant = {row["action"] for row in found if "MobileDeviceAccessOverride" in row["action"]}
    assert {action.partition(":")[2].partition("Mobile")[0] for action in meant} == MEANT
    assert {row["action"] for row in found} - meant == BESIDES
    assert len({row["organization"] for row in found}) == 2
    assert {(row["change"], row["gained"], row["lost"]) for row in found} == {("granted", "with MFA", "")}
    assert all(row["witness_gained"] == {"aws:MultiFactorAuthPresent": "true"} for row in found)
    assert {row["statements"] for row in found} == {
        "help-desk.json#LostPhones (help-desk.json:34): Allow statement added"
    }


def test_a_replaced_policy_says_the_same(run: Run) -> None:
    folders = records(run("compare", BEFORE, AFTER, "--format", "json").out)
    replaced = records(run("compare", BEFORE, "--policy", HELP_DESK, "--format", "json").out)
    for row in (*folders, *replaced):
        assert row.pop("statements").endswith("help-desk.json:34): Allow statement added")
    assert replaced == folders


def test_the_formats_hold_the_same(run: Run) -> None:
    rows = records(run("compare", BEFORE, AFTER, "--format", "json").out)
    lines = run("compare", BEFORE, AFTER, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = list(csv.DictReader(io.StringIO(run("compare", BEFORE, AFTER, "--format", "csv").out)))
    assert [row["action"] for row in table] == [row["action"] for row in rows]
    assert json.loads(table[0]["witness_gained"]) == rows[0]["witness_gained"]


def test_the_summary_is_for_reading(run: Run) -> None:
    out = run("compare", BEFORE, AFTER).out
    assert out.startswith("before → after\n2 principals gain access. ")
    assert "help-desk.json#LostPhones (help-desk.json:34): Allow statement added" in out
    assert "workmail:PutMailboxPermissions" in out


def test_the_other_tables(run: Run) -> None:
    out = run("compare", BEFORE, AFTER, "--show", "changes").out
    assert out.splitlines()[0].split() == ["change", "principal", "action", "organization", "gained"]
    assert out.splitlines()[-1] == "36 changes"
    (cause,) = records(run("compare", BEFORE, AFTER, "--show", "causes", "--format", "json").out)
    assert (cause["policy"], cause["statement"], cause["place"]) == (
        "help-desk.json", "LostPhones", "help-desk.json:34",
    )  # fmt: skip
    assert (cause["gaining"], cause["losing"], len(cause["actions"])) == (2, 0, 9)
    assert "1 cause\n" in run("compare", BEFORE, AFTER, "--show", "causes").out
    assert run("compare", BEFORE, AFTER, "--show", "failures").out == "every gate holds\n"
    assert run("compare", BEFORE, BEFORE, "--show", "changes").out == "nobody gains or loses access\n"
    assert run("compare", BEFORE, BEFORE, "--show", "causes").out == "nothing changed\n"


def test_equal_estates(run: Run) -> None:
    result = run("compare", BEFORE, BEFORE, "--gate", "no-new-access")
    assert result.code == 0
    assert "Nobody gains or loses access." in result.out
    assert "Gate no-new-access: holds" in result.out
    assert records(run("compare", BEFORE, BEFORE, "--format", "json").out) == []


def test_a_gate_that_fails_prints_its_witness(run: Run) -> None:
    result = run("compare", BEFORE, AFTER, "--gate", "no-new-access")
    assert result.code == 1
    assert "Gate no-new-access: FAILS, 36 times" in result.out
    assert "for example with aws:MultiFactorAuthPresent = true" in result.out
    assert "by help-desk.json#LostPhones (help-desk.json:34): Allow statement added" in result.out


def test_a_gate_that_fails_beside_an_exact_format(run: Run) -> None:
    result = run("compare", BEFORE, AFTER, "--gate", "no-new-access", "--format", "jsonl")
    assert result.code == 1
    assert len(result.out.splitlines()) == 36
    assert result.err.count("wmiam: gate no-new-access fails: ") == 10
    assert "for example with aws:MultiFactorAuthPresent = true" in result.err
    assert "… and 26 more failures" in result.err


def test_failures_in_full(run: Run) -> None:
    gate = "never-allow=PutMailboxPermissions;organizations=acme-executives"
    result = run("compare", BEFORE, AFTER, "--gate", gate, "--show", "failures", "--format", "json")
    assert result.code == 1
    rows = records(result.out)
    assert [row["principal"].rpartition("/")[2] for row in rows] == ["mateo.jackson", "nikki.wolf"]
    assert rows[0]["witness"]["context"] == {"aws:MultiFactorAuthPresent": "true"}
    assert rows[0]["statements"] == "help-desk.json#LostPhones (help-desk.json:34)"
    assert run("compare", BEFORE, BEFORE, "--gate", gate).code == 0


def test_gates_of_a_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text('[[gate]]\ngate = "only-with-mfa"\nactions = ["ResetPassword"]\n')
    assert run("compare", BEFORE, AFTER, "--gates", path).code == 0
    path.write_text('[[gate]]\ngate = "only-with-mfa"\nactions = ["ListUsers"]\nreason = "rule 7"\n')
    result = run("compare", BEFORE, AFTER, "--gates", path)
    assert result.code == 1
    assert "(rule 7)" in result.out
    path.write_text('[[gate]]\ngate = "only-with-mfa"\naction = ["ListUsers"]\n')
    result = run("compare", BEFORE, AFTER, "--gates", path)
    assert (result.code, result.out) == (2, "")
    assert f"{path}:3: a gate has no 'action'" in result.err


def test_what_is_given_is_given_on_both_sides(run: Run) -> None:
    given = ("--given", "aws:MultiFactorAuthPresent=")
    assert "Nobody gains or loses access." in run("compare", BEFORE, AFTER, *given).out
    given = ("--given", "aws:MultiFactorAuthPresent=true", "--format", "json")
    assert {row["after"] for row in records(run("compare", BEFORE, AFTER, *given).out)} == {"allowed"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([BEFORE], "takes two estates"),
        ([BEFORE, AFTER, "--policy", HELP_DESK], "takes two estates"),
        ([BEFORE, "no/such/folder"], "no/such/folder"),
        ([BEFORE, "--policy", "help-desk"], "has no name and file"),
        ([BEFORE, "--policy", "help-desk=no/such.json"], "no/such.json: cannot be read"),
        ([BEFORE, "--policy", f"helpdesk={AFTER}/help-desk.json"], "near: help-desk"),
        ([BEFORE, "--policy", f"help-desk={AFTER}/manifest.yaml"], "manifest.yaml"),
        ([BEFORE, AFTER, "--gate", "no-acces"], "there is no gate 'no-acces'"),
        ([BEFORE, AFTER, "--gate", "never-allow=ResetPasword"], "ResetPassword"),
        ([BEFORE, AFTER, "--gates", "no/gates.toml"], "no/gates.toml: cannot be read"),
        ([BEFORE, AFTER, "--show", "summary", "--format", "json"], "the summary is text"),
    ],
)
def test_mistakes_of_the_user(run: Run, arguments: list[str], words: str) -> None:
    result = run("compare", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_a_replacing_document_with_mistakes_names_the_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "help=desk.json"
    path.write_text('{\n  "Version": "2012-10-17",\n  "Statement": [{"Effect": "Alow", "Action": "*"}]\n}\n')
    result = run("compare", BEFORE, "--policy", f"help-desk={path}")
    assert (result.code, result.out) == (2, "")
    assert f"{path}:3 at /Statement/0" in result.err
    path.write_text('{\n  "Version": "2012-10-17",\n  "Statement": [\n}\n')
    assert f"{path}:" in run("compare", BEFORE, "--policy", f"help-desk={path}").err


def test_unreadable_documents_are_told(run: Run, tmp_path: Path) -> None:
    for side in ("before", "after"):
        shutil.copytree(ROOT / "data" / "review" / side, tmp_path / side)
        (tmp_path / side / "auditors.json").write_text("not JSON at all")
    result = run("compare", tmp_path / "before", tmp_path / "after", "--gate", "no-new-access")
    assert result.code == 1
    assert "The comparison is incomplete: 10 parts of the input could not be understood." in result.out
    assert "for 1 principal nobody can tell" in result.out
    assert "cannot tell what 1 principal gain or lose: saanvi.sarkar" in result.out
    assert "cannot tell: it depends on whether after the change, policy auditors.json, which" in result.out
    assert "answers are incomplete: run wmiam lint" in result.err
    exact = run("compare", tmp_path / "before", tmp_path / "after", "--format", "jsonl")
    assert exact.code == 0
    assert "the comparison is incomplete" in exact.err
    unsure = [row for line in exact.out.splitlines() if (row := json.loads(line))["change"] == "cannot tell"]
    assert {row["name"] for row in unsure} == {"saanvi.sarkar"}


HOSTILE = "\u202egnp.exe\x1b[31m<script>alert(1)</script>"


def test_hostile_names_are_shown_as_they_are_and_do_nothing(run: Run, tmp_path: Path) -> None:
    for side in ("before", "after"):
        folder = tmp_path / side
        shutil.copytree(ROOT / "data" / "review" / side, folder)
        text = (folder / "help-desk.json").read_text()
        text = text.replace("LostPhones", json.dumps(HOSTILE)[1:-1]).replace("LookUpUsers", "=cmd()")
        (folder / "help-desk.json").write_text(text)
        manifest = (folder / "manifest.yaml").read_text()
        (folder / "manifest.yaml").write_text(manifest.replace("alias: acme-europe", 'alias: "\\e]0;x\\a"'))
    before, after = tmp_path / "before", tmp_path / "after"
    for show in ("summary", "changes", "causes", "failures"):
        result = run("compare", before, after, "--gate", "no-new-access", "--show", show)
        for text in (result.out, result.err):
            assert "\x1b" not in text
            assert "\u202e" not in text
        if show != "changes":
            assert "⟨U+202E⟩gnp.exe" in result.out
    out = run("compare", before, after, "--format", "jsonl").out
    assert "\u202e" not in out
    assert HOSTILE in json.loads(out.splitlines()[0])["statements"]
    assert run("compare", before, after, "--policy", "x\u202e=y").err.count("\u202e") == 0
