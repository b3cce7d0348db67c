"""Conformance: what AWS's documentation says of a request, held against the evaluator.

Each line of the ``*.jsonl`` files beside this one is a request with its policies as
``wmiam simulate`` reads it, and three fields more:

``rule``
    The rule of evaluation that the case stands for.
``source``
    The guide and the page that the expected answer was derived from.
``expect``
    ``decision``; where it matters ``decided_by``, statements that must be among the
    deciding ones; ``blocked_by``, exactly the policy types that withhold an allow;
    or ``error``, for a line that cannot be evaluated.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from wmiam.engine.simulate import simulate_line

FOLDER: Final = Path(__file__).parent
OUR_FIELDS: Final = ("rule", "source", "expect")
RULES: Final = frozenset(
    [*(f"D{n}" for n in range(1, 12)), *(f"M{n}" for n in range(1, 8)), *(f"C{n}" for n in range(1, 12))]
)
GUIDES: Final = (
    "AWS Organizations User Guide, ",
    "AWS STS API Reference, ",
    "Amazon WorkMail Administrator Guide, ",
    "IAM User Guide, ",
    "Service Authorization Reference, ",
)
STRING_OPERATORS: Final = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
)
ARN_OPERATORS: Final = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")
COMPARISONS: Final = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
OPERATORS: Final = (
    *STRING_OPERATORS,
    *ARN_OPERATORS,
    *(f"{kind}{comparison}" for kind in ("Numeric", "Date") for comparison in COMPARISONS),
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
)


def cases(path: Path) -> list[dict[str, Any]]:
    """Read the cases of one file, in order."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


CASES: Final = {path: cases(path) for path in sorted(FOLDER.glob("*.jsonl"))}
ALL: Final = [(path, case) for path, found in CASES.items() for case in found]


def line_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the case as the evaluator may see it, without rule, source and answer."""
    return {field: value for field, value in case.items() if field not in OUR_FIELDS}


def operators(value: object) -> Iterator[str]:
    """Yield the operators of every condition block within ``value``."""
    if isinstance(value, dict):
        for field, inner in value.items():
            if field == "Condition":
                yield from inner
            else:
                yield from operators(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from operators(inner)


def simulate(file: Path) -> subprocess.CompletedProcess[str]:
    """Run ``wmiam simulate`` on a file in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "wmiam", "simulate", str(file)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=120,
    )


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{path.stem}-{case['id']}-{case['rule']}") for path, case in ALL]
)
def test_case(case: dict[str, Any]) -> None:
    expect = case["expect"]
    answer = simulate_line(line_of(case))
    assert answer["id"] == case["id"]
    if expect.get("error"):
        assert set(answer) == {"id", "error"}
        assert answer["error"]["message"]
        assert isinstance(answer["error"]["pointer"], str)
        return
    assert answer.get("decision") == expect["decision"], (case["source"], answer)
    decided = {(entry["policy"], entry["statement"]) for entry in answer["decided_by"]}
    for entry in expect.get("decided_by", []):
        assert (entry["policy"], entry["statement"]) in decided, (case["source"], answer)
    if "blocked_by" in expect:
        assert sorted(answer["blocked_by"]) == sorted(expect["blocked_by"]), (case["source"], answer)
    if expect["decision"] == "ExplicitlyDenied":
        assert {entry["effect"] for entry in answer["decided_by"]} == {"Deny"}, (case["source"], answer)
    elif expect["decision"] == "Allowed":
        assert {entry["effect"] for entry in answer["decided_by"]} <= {"Allow"}, (case["source"], answer)
        assert answer["blocked_by"] == [], (case["source"], answer)


def test_every_rule_has_a_case() -> None:
    assert {case["rule"] for _, case in ALL} == RULES


def test_every_operator_has_a_case() -> None:
    used = {operator for _, case in ALL for operator in operators(case)}
    assert {*OPERATORS, "Null"} <= used
    assert {f"{operator}IfExists" for operator in OPERATORS} <= used
    sets = {
        f"{qualifier}:{operator}"
        for qualifier in ("ForAllValues", "ForAnyValue")
        for operator in (*STRING_OPERATORS, *ARN_OPERATORS, "Bool")
    }
    assert sets <= used


def test_cases_are_named_once_and_give_their_source() -> None:
    names = [case["id"] for _, case in ALL]
    assert len(names) == len(set(names))
    assert [case["id"] for _, case in ALL if not case["source"].startswith(GUIDES)] == []


def test_command_answers_a_file_line_by_line(tmp_path: Path) -> None:
    found = [case for path, case in ALL if path.stem == "decision"]
    file = tmp_path / "requests.jsonl"
    file.write_text("".join(f"{json.dumps(line_of(case))}\n" for case in found), encoding="utf-8")
    done = simulate(file)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [case["id"] for case in found]
    assert [answer["decision"] for answer in answers] == [case["expect"]["decision"] for case in found]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param('{"id": "broken", "request"', id="no-json"),
        pytest.param('{"id": "broken"}', id="no-request"),
        pytest.param("[]", id="no-object"),
    ],
)
def test_command_goes_on_after_a_broken_line(tmp_path: Path, broken: str) -> None:
    found = [case for path, case in ALL if path.stem == "decision"][:4]
    lines = [json.dumps(line_of(case)) for case in found]
    lines.insert(2, broken)
    file = tmp_path / "requests.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = simulate(file)
    assert done.returncode == 2
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["error" in answer for answer in answers] == [False, False, True, False, False]
    assert answers[2]["error"]["message"]
    rest = answers[:2] + answers[3:]
    assert [answer["id"] for answer in rest] == [case["id"] for case in found]
    assert [answer["decision"] for answer in rest] == [case["expect"]["decision"] for case in found]
