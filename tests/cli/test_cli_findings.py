"""The command findings: formats, the gate, suppressions and errors."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ACME = "data/acme"
Run = Callable[..., Any]
Answer = Callable[..., tuple[int, str, str]]
SUPPRESS = """\
[[suppress]]
rule = "no-way-out"
reason = "the factory keeps no mail"
expires = {expires}
by = "audit"
"""


@pytest.fixture
def findings(run: Run) -> Answer:
    def call(*arguments: str) -> tuple[int, str, str]:
        result = run("findings", ACME, "--today", "2026-11-25", *arguments)
        return result.code, result.out, result.err

    return call


def test_table_tells_severity_evidence_and_mend(findings: Answer) -> None:
    code, out, _ = findings("--rule", "retag-around")
    assert code == 0
    assert out.startswith("1 finding: 1 high")
    assert "nikki.wolf may undo the control by aws:ResourceTag/DataClass" in out
    assert "iam/444455556666/authorization-details-1.json:236" in out
    assert "tried on a copy: adds nothing; takes 4 permissions from 1 principal" in out


def test_mends_are_not_tried_where_the_user_says_so(findings: Answer) -> None:
    _, out, _ = findings("--rule", "retag-around", "--check", "none")
    assert "Mend: deny changes of the tag DataClass" in out
    assert "tried" not in out


def test_json_lines_and_csv_hold_every_column(findings: Answer) -> None:
    code, out, _ = findings("--format", "json", "--severity", "high")
    rows = json.loads(out)
    assert code == 0
    assert {row["severity"] for row in rows} <= {"critical", "high"}
    assert all(row["adds"] in (0, None) for row in rows)
    _, lines, _ = findings("--format", "jsonl", "--severity", "high")
    assert [json.loads(line) for line in lines.splitlines()] == rows
    _, table, _ = findings("--format", "csv", "--severity", "high")
    read = list(csv.DictReader(table.splitlines()))
    assert [row["id"] for row in read] == [row["id"] for row in rows]
    assert list(read[0]) == list(rows[0])


def test_sarif_to_a_file(findings: Answer, tmp_path: Path) -> None:
    code, out, _ = findings("--format", "sarif", "-o", str(tmp_path / "f.sarif"))
    log = json.loads((tmp_path / "f.sarif").read_text(encoding="utf-8"))
    assert (code, out) == (0, "")
    assert log["version"] == "2.1.0"
    assert len(log["runs"][0]["results"]) > 20


@pytest.mark.parametrize(("severity", "code"), [("critical", 0), ("high", 1), ("info", 1)])
def test_fail_on(findings: Answer, severity: str, code: int) -> None:
    assert findings("--fail-on", severity, "--check", "none")[0] == code


def test_what_is_not_shown_fails_all_the_same(findings: Answer) -> None:
    assert findings("--severity", "critical", "--fail-on", "high", "--check", "none")[0] == 1


def test_suppressed_and_expired(findings: Answer, tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(SUPPRESS.format(expires="2026-12-31"), encoding="utf-8")
    chosen = ("--rule", "no-way-out", "--fail-on", "medium", "--suppress", str(path))
    code, out, _ = findings(*chosen)
    assert (code, out.strip()) == (0, "0 findings; 1 suppressed")
    path.write_text(SUPPRESS.format(expires="2026-11-01"), encoding="utf-8")
    code, out, _ = findings(*chosen)
    assert code == 1
    assert "expired on 2026-11-01" in out
    code, out, err = findings(*chosen, "--format", "json")
    assert len(json.loads(out)) == 1
    assert "expired on 2026-11-01" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--today", "soon"),
        ("--rule", "no-such-rule"),
        ("--suppress", "no-such-file.toml"),
        ("--fail-on", "bad"),
    ],
)
def test_wrong_usage_is_2(findings: Answer, arguments: tuple[str, ...]) -> None:
    code, _, err = findings(*arguments)
    assert code == 2
    assert err
