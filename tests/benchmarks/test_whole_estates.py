"""What benchmarks count and compare must be right before it is timed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import results
from estates import KINDS, write_estate
from peers import _reference, sample
from whole_estates import count_cells, measure_evaluation, measure_memory, measure_questions

from wmiam import load


@pytest.mark.parametrize("kind", KINDS)
def test_cells_are_counted_as_rows_list_them(tmp_path: Path, kind: str) -> None:
    write_estate(tmp_path, 30, kind, organizations=4)
    access = load(tmp_path, progress=False).access(progress=False)
    listed = Counter(row.decision for row in access.rows(denied=True))
    assert count_cells(access) == {
        "total": listed.total(),
        "allowed": listed["allowed"],
        "conditional": listed["conditional"],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_sampled_requests_are_answered_alike(tmp_path: Path, kind: str) -> None:
    write_estate(tmp_path, 60, kind, organizations=4)
    access = load(tmp_path, progress=False).access(progress=False)
    sampled = sample(tmp_path, access, 120, seed=3)
    ours = [
        access.allows(one["principal"], one["action"], one["organization"], one["given"])
        for one in sampled["requests"]
    ]
    assert _reference(sampled)["answers"] == ours
    assert 0 < sum(ours) < 120


def test_figures_become_tables(tmp_path: Path) -> None:
    write_estate(tmp_path / "estate", 30, "realistic", organizations=4)
    figures = {"kind": "realistic", "size": 30, "bytes": 1_000_000, "runs": 1}
    figures |= measure_evaluation(tmp_path / "estate") | measure_questions(tmp_path / "estate")
    figures |= measure_memory(tmp_path / "estate")
    figures |= {"load_ratio": 4.0, "access_ratio": 2.5, "both_ratio": 6.5, "memory_ratio": 3.25}
    peer = {"decisions": 100, "seconds": 0.5, "differ": 2, "failed": 0, "kinds": {"reads it otherwise": 2}}
    figures["peers"] = {"measured": {"other": peer}, "skipped": ["nothing was left out"], "allowed": 7}
    results.save(tmp_path, [figures], ["--principals", "30"], datetime(2026, 11, 24, tzinfo=UTC))
    results.save(
        tmp_path, [{**figures, "size": 40}], ["--principals", "40"], datetime(2026, 11, 25, tzinfo=UTC)
    )
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "(2.5)" in text
    assert "other, 4 times: reads it otherwise." in text
    assert "| realistic | 30 | other | 100 | 200 |" in text
    kept = json.loads((tmp_path / "RESULTS.json").read_text(encoding="utf-8"))
    assert [row["size"] for row in kept["rows"]] == [30, 40]
