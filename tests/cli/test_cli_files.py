"""simulate and lint: what they read, what they write, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Run

ORG = "arn:aws:workmail:us-east-1:111122223333:organization/m-0123456789abcdef0123456789abcdef"
STATEMENT = {"Effect": "Allow", "Action": "workmail:ResetPassword", "Resource": ORG}


def line(identity: str = "1", action: str = "workmail:ResetPassword", **more: Any) -> str:
    request = {"principal": "arn:aws:iam::111122223333:user/ana", "action": action, "resource": ORG}
    policies = {"identity_policies": [{"Version": "2012-10-17", "Statement": STATEMENT}]}
    return json.dumps({"id": identity, "request": request, **policies, **more})


def test_simulate_answers_line_by_line(run: Run) -> None:
    result = run("simulate", stdin=f"{line('a')}\n\n{line('b', 'workmail:DeleteUser')}\n")
    assert result.code == 0
    assert [json.loads(text) for text in result.out.splitlines()] == [
        {
            "id": "a",
            "decision": "Allowed",
            "decided_by": [{"policy": "identity_policies[0]", "statement": "0", "effect": "Allow"}],
            "blocked_by": [],
        },
        {
            "id": "b",
            "decision": "ImplicitlyDenied",
            "decided_by": [],
            "blocked_by": ["identity_policies"],
        },
    ]


def test_simulate_goes_on_after_an_error_and_ends_with_2(run: Run) -> None:
    lines = [
        line("a"),
        "{broken",
        line("b", identity_polices=[]),
        '{"id": "c"}',
        line("d", identity_policies=[{"Statement": {"Effect": "Allow"}}]),
        "[" * 100_000,
        line("e"),
    ]
    result = run("simulate", "-", stdin="\n".join(lines))
    answers = [json.loads(text) for text in result.out.splitlines()]
    assert result.code == 2
    assert [answer["id"] for answer in answers] == ["a", None, "b", "c", "d", None, "e"]
    assert ["error" in answer for answer in answers] == [False, True, True, True, True, True, False]
    assert "line 2" in answers[1]["error"]["message"]
    assert answers[4]["error"]["pointer"].startswith("/identity_policies/0/Statement")


def test_simulate_reads_bytes_that_are_no_text(run: Run) -> None:
    result = run("simulate", stdin=b"\xef\xbb\xbf" + line("bom").encode() + b'\n{"id": "\xff"}\n')
    answers = [json.loads(text) for text in result.out.splitlines()]
    assert result.code == 2
    assert answers[0]["decision"] == "Allowed"
    assert "line 2 is not JSON" in answers[1]["error"]["message"]


def test_simulate_from_file_to_file(run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(line("a"))
    result = run("simulate", source, "-o", target)
    assert (result.code, result.out, result.err) == (0, "", "")
    assert json.loads(target.read_text())["id"] == "a"


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_simulate_of_no_file(run: Run, tmp_path: Path, name: str) -> None:
    result = run("simulate", tmp_path / name)
    assert (result.code, result.out) == (2, "")
    assert str(tmp_path) in result.err


def policy(tmp_path: Path, *statements: dict[str, Any], name: str = "policy.json") -> Path:
    path = tmp_path / name
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1))
    return path


def test_lint_of_a_sound_policy(run: Run, tmp_path: Path) -> None:
    result = run("lint", policy(tmp_path, STATEMENT))
    assert (result.code, result.err) == (0, "")
    assert result.out == "0 errors, 0 warnings, 1 info\n"
    assert "[unattached-policy]" in run("lint", "--info", policy(tmp_path, STATEMENT)).out


def test_lint_of_a_warning(run: Run, tmp_path: Path) -> None:
    path = policy(tmp_path, {**STATEMENT, "Action": "workmail:ResetPasword"})
    result = run("lint", path)
    assert result.code == 0
    assert result.out.splitlines() == [
        f"{path}:6:14: warning: Action 'workmail:ResetPasword': there is no such action [unknown-action] "
        "— did you mean workmail:ResetPassword?",
        "0 errors, 1 warning, 1 info",
    ]
    assert run("lint", "--strict", path).code == 1


def test_lint_of_an_error(run: Run, tmp_path: Path) -> None:
    path = policy(tmp_path, {**STATEMENT, "Effect": "Permit"})
    result = run("lint", path)
    assert result.code == 1
    assert result.out.startswith(f"{path}:5:")
    assert ": error: " in result.out


def test_lint_reads_on_after_a_broken_file(run: Run, tmp_path: Path) -> None:
    policy(tmp_path, {**STATEMENT, "Action": "workmail:Rest*"}, name="a.json")
    (tmp_path / "b.json").write_text('{"Version": "2012-10-17", "Statement": [')
    result = run("lint", tmp_path)
    assert result.code == 1
    assert "a.json" in result.out
    assert "b.json" in result.out
    assert "Traceback" not in result.err


def test_lint_names_files_from_here(run: Run) -> None:
    result = run("lint", "data/acme/iam/123456789012", "--format", "json")
    found = json.loads(result.out)
    assert list(found[0]) == ["file", "line", "column", "pointer", "severity", "code", "message", "mend"]
    # What the estate lacks stands in no file.
    files = {row["file"] for row in found}
    assert files == {"data/acme/iam/123456789012/authorization-details.json", None}
    wildcard = next(row for row in found if row["code"] == "wildcard-without-like")
    assert wildcard["pointer"].endswith("/Condition/StringEquals/aws:ResourceTag~1Team")


def test_lint_shows_nothing_that_acts_on_the_terminal(run: Run, tmp_path: Path) -> None:
    path = policy(tmp_path, {**STATEMENT, "Action": "workmail:\x1b[2J\u202eResetPassword"})
    result = run("lint", path)
    assert "unknown-action" in result.out
    assert not {"\x1b", "\u202e"} & set(result.out)


def test_lint_of_nothing(run: Run, tmp_path: Path) -> None:
    result = run("lint", tmp_path / "missing")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"wmiam: {tmp_path}/missing: there is no such file or folder\n"
