"""who-can, what-can, explain and matrix on the sample estate, whose answers data/README.md gives."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

if TYPE_CHECKING:
    from conftest import Run

ACME = "data/acme"
EXECUTIVES = "arn:aws:workmail:eu-west-1:444455556666:organization/m-4f7c1e90a2b84d35b6c8d9e0f1a2b3c4"
COLUMNS = [
    "principal",
    "name",
    "kind",
    "account",
    "action",
    "organization",
    "decision",
    "when",
    "through",
    "statements",
]


def records(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_who_can_reset_passwords_in_europe(run: Run) -> None:
    result = run("who-can", "workmail:ResetPassword", ACME, "--org", "acme-europe", "--format", "json")
    found = records(result.out)
    assert result.code == 0
    assert list(found[0]) == COLUMNS
    answers = {row["name"]: (row["decision"], row["when"]) for row in found}
    assert answers["mateo.jackson"] == ("conditional", "with MFA")
    assert answers["AcmeBreakGlass"] == ("allowed", "")
    assert "diego.ramirez" not in answers
    assert "root" not in answers


def test_who_can_for_reading_shares_what_all_rows_have(run: Run) -> None:
    result = run("who-can", "ResetPassword", ACME, "--org", "acme-executives")
    heading, _, table = result.out.partition("\n\n")
    assert heading.splitlines() == [
        "account: 444455556666",
        "action: workmail:ResetPassword",
        "organization: acme-executives",
    ]
    assert table.splitlines()[0].split() == ["principal", "decision", "when", "through"]
    found = records(run("who-can", "ResetPassword", ACME, "--org", EXECUTIVES, "--format", "json").out)
    allowed = sum(row["decision"] == "allowed" for row in found)
    total = f"{len(found)} principals: {allowed} allowed, {len(found) - allowed} conditional"
    assert table.splitlines()[-1] == total


def test_organizations_with_the_same_answer_stand_in_one_row(run: Run) -> None:
    out = run("who-can", "ResetPassword", ACME).out
    (row,) = (line for line in out.splitlines() if line.startswith("xiulan.wang"))
    for alias in ("acme-europe", "acme-executives", "acme-americas"):
        assert alias in row


def test_one_kind_of_answer(run: Run) -> None:
    command = ("who-can", "ResetPassword", ACME, "--org", "acme-europe", "--format", "json")
    every = records(run(*command, "--denied").out)
    for decision in ("allowed", "conditional", "denied"):
        found = records(run(*command, "--decision", decision).out)
        assert found
        assert found == [row for row in every if row["decision"] == decision]


def test_what_is_given_changes_the_answer(run: Run) -> None:
    command = ("what-can", "mateo.jackson", ACME, "--action", "ResetPassword", "--format", "json")
    (row,) = records(run(*command).out)
    assert row["decision"] == "conditional"
    (row,) = records(run(*command, "--given", "aws:MultiFactorAuthPresent=true").out)
    assert row["decision"] == "allowed"
    # Long-term access keys do not carry the key at all.
    for value in ("false", ""):
        assert records(run(*command, "--given", f"aws:MultiFactorAuthPresent={value}").out) == []


def test_of_several_given_values_any_may_be_the_requests(run: Run) -> None:
    command = ("what-can", "paulo.santos", ACME, "--action", "AssumeImpersonationRole", "--format", "json")
    direct = ("--given", "aws:ViaAWSService=false", "--given")
    assert records(run(*command, *direct, "aws:SourceIp=203.0.113.9").out)
    assert records(run(*command, *direct, "aws:SourceIp=198.18.0.1").out) == []
    assert records(run(*command, *direct, "aws:SourceIp=198.18.0.1,203.0.113.9").out)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["aws:MultiFactorAuthPresent"], "has no key and value"),
        (["=true"], "has no key and value"),
        (["aws:TagKeys=a", "AWS:tagkeys=b"], "twice"),
    ],
)
def test_what_cannot_be_given(run: Run, given: list[str], words: str) -> None:
    options = [part for text in given for part in ("--given", text)]
    result = run("what-can", "mateo.jackson", ACME, *options)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_what_can_the_help_desk_do(run: Run) -> None:
    result = run("what-can", "mateo.jackson", ACME, "--org", "acme-europe", "--format", "jsonl")
    actions = {json.loads(line)["action"] for line in result.out.splitlines()}
    assert "workmail:ResetPassword" in actions
    assert "workmail:DeleteUser" not in actions
    assert all(action.startswith("workmail") for action in actions)


def test_nothing_to_show_is_an_answer(run: Run) -> None:
    result = run("what-can", "diego.ramirez", ACME)
    assert (result.code, result.out) == (0, "nothing is allowed\n")


def test_explain_names_statement_file_and_line(run: Run) -> None:
    result = run("explain", "mateo.jackson", "ResetPassword", ACME, "--org", "acme-europe")
    assert result.code == 0
    assert "with MFA" in result.out
    assert "AcmeHelpDeskResetPassword" in result.out
    assert "iam/444455556666/authorization-details-2.json:" in result.out


def test_explain_as_json_points_into_the_file(run: Run) -> None:
    result = run("explain", "zhang.wei", "ResetPassword", ACME, "--org", "acme-factory", "--format", "json")
    explanation = json.loads(result.out)
    assert explanation["decision"] == "denied"
    assert explanation["changes"]
    (view,) = (
        view
        for layer in explanation["layers"]
        if layer["kind"] == "identity"
        for view in layer["statements"]
        if view["policy"] == "ResetInFactory"
    )
    assert view["applies"] == "no"
    line = Path(ACME, view["file"]).read_text("utf-8").splitlines()[view["line"] - 1]
    assert line.strip()


def test_explain_asks_which_organization(run: Run) -> None:
    result = run("explain", "mateo.jackson", "ResetPassword", ACME)
    assert (result.code, result.out) == (2, "")
    chosen = result.err.partition("choose with --org: ")[2]
    names = [choice.partition(" (m-")[0] for choice in chosen.split(", ")]
    assert names[:3] == ["acme-executives", "acme-europe", "acme-americas"]


def test_the_matrix_has_a_column_for_each_action(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    assert run("matrix", ACME, "--org", "acme-executives", "--format", "csv", "-o", path).code == 0
    frame = pd.read_csv(path, index_col="principal")
    assert set(frame.stack().unique()) == {"allowed", "conditional", "denied"}
    assert frame.loc["arn:aws:iam::444455556666:user/xiulan.wang", "workmail:ResetPassword"] == "allowed"
    # Rows and columns without any permission are left out.
    assert (frame != "denied").any(axis=0).all()
    assert (frame != "denied").any(axis=1).all()


def test_the_matrix_with_all_that_is_denied(run: Run) -> None:
    command = ("matrix", ACME, "--org", "acme-executives", "--action", "*Impersonation*", "--format", "csv")
    few, every = (list(csv.reader(io.StringIO(run(*command, *more).out))) for more in ((), ("--denied",)))
    assert few[0] == every[0]
    assert len(few) < len(every)
    assert {row[0] for row in few} < {row[0] for row in every}


def test_the_matrix_for_reading(run: Run) -> None:
    actions = ("--action", "ResetPassword", "--action", "AssumeImpersonationRole")
    out = run("matrix", ACME, "--org", "acme-executives", *actions).out
    assert out.splitlines()[:2] == [
        "   1  workmail:AssumeImpersonationRole",
        "   2  workmail:ResetPassword",
    ]
    rows = {line.split()[0]: line.split()[-2:] for line in out.splitlines()[4:]}
    assert rows["efua.owusu"] == ["yes", "-"]
    assert rows["mary.major"] == ["if", "if"]


def test_answers_are_the_same_each_time(run: Run) -> None:
    command = ("who-can", "*Password*", ACME, "--format", "csv")
    assert run(*command).out == run(*command).out


def test_the_state_of_the_input_is_told_beside_the_answer(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}')
    result = run("who-can", "ResetPassword", tmp_path)
    assert result.code == 0
    assert result.err == f"wmiam: 1 error in the input; answers are incomplete: run wmiam lint {tmp_path}\n"


@pytest.mark.parametrize(
    "command",
    [
        ("who-can", "ResetPasword", ACME),
        ("what-can", "mateo.jackso", ACME),
        ("explain", "mateo.jackso", "ResetPassword", ACME),
        ("who-can", "ResetPassword", ACME, "--org", "acme-europa"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command)
    assert (result.code, result.out) == (2, "")
    assert "; near: " in result.err
    assert "Traceback" not in result.err
