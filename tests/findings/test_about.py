"""Which cells findings are about: those of their principals, actions and organizations, row by row."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import wmiam
from wmiam.access import Access
from wmiam.findings import Finding, Findings
from wmiam.findings.about import Subject
from wmiam.progress import told_to

ACME = Path(__file__).resolve().parents[2] / "data" / "acme"


@pytest.fixture(scope="module")
def cells() -> tuple[Access, Findings, pd.DataFrame]:
    access = wmiam.load(ACME).access(progress=False)
    return access, access.findings(), access.cells(denied=True)


def plainly(finding: Finding, access: Access, row: pd.Series) -> bool:
    """Whether a finding is about a row, by the words of the documentation."""
    ours = {action.full_name for action in access.catalog.actions}
    actions = [name for name in finding.actions if name in ours]
    if not (finding.principals or actions or finding.organizations):
        return False
    where = row["organization"] in finding.organizations or (row["organization"] == "*" and actions)
    return bool(
        (not finding.principals or row["principal"] in finding.principals)
        and (not actions or row["action"] in actions)
        and (not finding.organizations or where)
    )


def test_a_finding_is_about_the_cells_of_its_principals_actions_and_organizations(
    cells: tuple[Access, Findings, pd.DataFrame],
) -> None:
    access, findings, frame = cells
    some = frame.sample(600, random_state=7).reset_index(drop=True)
    seen: set[bool] = set()
    for finding in findings:
        keep = [plainly(finding, access, row) for _, row in some.iterrows()]
        seen.update(keep)
        pd.testing.assert_frame_equal(finding.about(some), some[keep].reset_index(drop=True))
    assert seen == {True, False}


@pytest.mark.parametrize("severity", ["high", "medium", "info"])
def test_findings_are_about_what_any_of_them_is_about(
    cells: tuple[Access, Findings, pd.DataFrame], severity: str
) -> None:
    _, findings, frame = cells
    chosen = findings.of(severity=severity)
    numbered = frame.assign(number=range(len(frame)))
    wanted: set[int] = set()
    for finding in chosen:
        wanted.update(finding.about(numbered)["number"])
    assert list(chosen.about(numbered)["number"]) == sorted(wanted)
    assert 0 < len(wanted) < len(frame)


def test_a_finding_without_principals_is_about_everybody_there(
    cells: tuple[Access, Findings, pd.DataFrame],
) -> None:
    _, findings, frame = cells
    finding = next(f for f in findings if not f.principals and f.organizations)
    found = finding.about(frame)
    assert set(found["action"]) == set(finding.actions)
    assert set(found["organization"]) == set(finding.organizations)
    account = finding.organizations[0].split(":")[4]
    assert set(found["principal"]) == set(frame.loc[frame["account"] == account, "principal"])


def test_a_finding_about_nothing_that_can_be_done_is_about_no_cell(
    cells: tuple[Access, Findings, pd.DataFrame],
) -> None:
    _, findings, frame = cells
    nothing = dataclasses.replace(findings[0], principals=(), actions=("iam:PassRole",), organizations=())
    assert Subject.of(nothing) is None
    assert nothing.about(frame).empty
    pd.testing.assert_frame_equal(nothing.about(frame), frame[:0])


def test_looking_for_findings_tells_how_far_it_is(cells: tuple[Access, Findings, pd.DataFrame]) -> None:
    access, findings, _ = cells
    told: list[tuple[str, int, int]] = []
    with told_to(lambda *given: told.append(given)):
        again = access.findings()
    assert [finding.id for finding in again] == [finding.id for finding in findings]
    assert {what for what, _, _ in told} == {"Looking for findings"}
    assert [number for _, number, _ in told] == list(range(told[0][2]))
