"""Findings as the report lists them: with the text of their statements, and what mending takes away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from os import PathLike
from typing import Final

from wmiam.access import Access
from wmiam.estate.model import Organization, Principal
from wmiam.findings import Finding, Findings, FindingSeverity, Suppression
from wmiam.findings.model import StatementEvidence
from wmiam.findings.text import check_text
from wmiam.policy.model import Statement
from wmiam.policy.patterns import action_matches
from wmiam.views.statements import statement_lines

__all__ = ["FindingCard", "FindingGroup", "FindingList", "MendCard", "StatementText", "finding_list"]

#: Findings that stand in the page; the command ``wmiam findings`` holds all.
_MOST: Final = 300
#: Statements of one finding of which the text is shown, and lines of one.
_TEXTS: Final = 4
_LINES: Final = 60
#: Principals up to which also those mends are tried that change who can become whom: trying one takes
#: a search of everything that permissions turn into.
_TRIED: Final = 2000
_ACTION: Final = re.compile(r"\b[a-z][a-z0-9-]*:[A-Z]\w+")
_MEANINGS: Final = {
    FindingSeverity.CRITICAL: "somebody outside the estate, or everybody in it, reaches mail",
    FindingSeverity.HIGH: "mail can be read, taken over or exported in a way that its owners hardly meant",
    FindingSeverity.MEDIUM: "such access is wider than it need be, or other abuse is possible",
    FindingSeverity.LOW: "somebody gains or loses a little, or less than meant",
    FindingSeverity.INFO: "worth knowing; nobody gains or loses anything by it",
}


@dataclass(frozen=True, slots=True)
class StatementText:
    """A statement that a finding rests on, as its file has it.

    Parameters
    ----------
    evidence : StatementEvidence
        The statement.
    lines : tuple of (str, bool)
        Its text, and whether the line decides; none where its file is gone.
    left_out : int
        Further lines.
    """

    evidence: StatementEvidence
    lines: tuple[tuple[str, bool], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class MendCard:
    """What would mend a finding.

    Parameters
    ----------
    what, why_not, instead : str
        As :class:`wmiam.findings.mend.Mend` has them.
    checked : str
        What trying it showed, in a sentence; ``""`` where there is nothing to try.
    losing : tuple of str
        Some of what it takes away.
    untried : bool
        Whether it was not tried, as that takes long in an estate of this size.
    patches : tuple of (str, tuple of str)
        Policy, and the lines of its change as JSON Patch.
    """

    what: str
    why_not: str
    instead: str
    checked: str
    losing: tuple[str, ...]
    untried: bool
    patches: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class FindingCard:
    """One finding as the page shows it.

    Parameters
    ----------
    finding : Finding
        The finding.
    statements : tuple of StatementText
        The first statements that it rests on, with their text.
    further : tuple of StatementEvidence
        The others.
    people : tuple of Principal
        Whom of the estate it concerns.
    places : tuple of Organization
        Which organizations.
    mend : MendCard
        What would mend it.
    """

    finding: Finding
    statements: tuple[StatementText, ...]
    further: tuple[StatementEvidence, ...]
    people: tuple[Principal, ...]
    places: tuple[Organization, ...]
    mend: MendCard

    @property
    def anchor(self) -> str:
        """The id of its element: the same in every report on the same finding."""
        return f"finding-{self.finding.id}"


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one severity by one rule."""

    title: str
    cards: tuple[FindingCard, ...]

    @property
    def reason(self) -> str:
        """Why they are so grave, where that is the same of all; else ``""``."""
        reasons = {card.finding.reason for card in self.cards}
        return reasons.pop() if len(reasons) == 1 and len(self.cards) > 1 else ""


@dataclass(frozen=True)
class FindingList:
    """All that the section shows.

    Parameters
    ----------
    findings : Findings
        All of them.
    severities : tuple of (FindingSeverity, int, tuple of FindingGroup)
        By severity: how many there are, and those that are shown.
    left_out : int
        How many are not shown.
    """

    findings: Findings
    severities: tuple[tuple[FindingSeverity, int, tuple[FindingGroup, ...]], ...]
    left_out: int

    @cached_property
    def ids(self) -> set[str]:
        """The ids of those that are shown, accepted ones apart."""
        return {c.finding.id for _, _, groups in self.severities for group in groups for c in group.cards}

    @property
    def meanings(self) -> dict[FindingSeverity, str]:
        """What each severity means, in words."""
        return _MEANINGS

    @property
    def grave(self) -> int:
        """How many are critical or high."""
        return len(self.findings.of(severity=FindingSeverity.HIGH))


def finding_list(
    access: Access, *, today: date, suppress: str | PathLike[str] | Iterable[Suppression] | None = None
) -> FindingList:
    """Return the findings of an estate as the report lists them, the gravest first.

    Parameters
    ----------
    access : Access
        The effective access.
    today : date
        The day that counts for dates in policies and suppressions.
    suppress : path or iterable of Suppression, optional
        Findings that are accepted.
    """
    findings = access.findings(today=today, suppress=suppress)
    people = {principal.arn: principal for principal in access.principals}
    places = {organization.arn: organization for organization in access.organizations}
    every = len(access.principals) <= _TRIED
    by_severity = []
    for severity, found in findings[:_MOST].by_severity().items():
        groups = tuple(
            FindingGroup(title, tuple(_card(finding, people, places, every) for finding in members))
            for title, members in groupby(found, lambda finding: finding.title)
        )
        by_severity.append((severity, findings.counts()[severity], groups))
    return FindingList(findings, tuple(by_severity), max(0, len(findings) - _MOST))


def _card(
    finding: Finding, people: dict[str, Principal], places: dict[str, Organization], every: bool
) -> FindingCard:
    statements = finding.evidence.statements
    return FindingCard(
        finding,
        tuple(_text(finding, evidence) for evidence in statements[:_TEXTS]),
        statements[_TEXTS:],
        tuple(people[arn] for arn in finding.principals if arn in people),
        tuple(places[arn] for arn in finding.organizations if arn in places),
        _mend(finding, every),
    )


def _text(finding: Finding, evidence: StatementEvidence) -> StatementText:
    """Return a statement's text with the lines marked that matter."""
    statement = _statement(evidence)
    parts = _parts(finding, evidence, statement)
    lines = statement_lines(evidence.policy, evidence.pointers[0], statement, keep=parts)
    marked = tuple((line.text, line.decides(parts)) for line in lines[:_LINES])
    return StatementText(evidence, marked, max(0, len(lines) - _LINES))


def _statement(evidence: StatementEvidence) -> Statement | None:
    document = evidence.policy.document
    if document is None or not evidence.label:
        return None
    return next((s for s in document.statements if s.pointer == evidence.pointers[0]), None)


def _parts(finding: Finding, evidence: StatementEvidence, statement: Statement | None) -> tuple[str, ...]:
    """Return what decides in a statement: what the rule points to, else the actions that it is about."""
    first, *rest = evidence.pointers
    if rest or statement is None:
        return tuple(pointer.removeprefix(first) for pointer in rest)
    if statement.not_actions is not None:
        return ("/NotAction",)
    witness = finding.evidence.witness
    asked = {*finding.actions, *([witness.action] if witness is not None else [])}
    # What permissions turn into more is told in the details, by the names of the actions.
    asked.update(name for detail in finding.evidence.details for name in _ACTION.findall(detail))
    return tuple(
        f"/Action/{index}"
        for index, pattern in enumerate(statement.actions or ())
        if any(action_matches(pattern, action) for action in asked)
    )


def _mend(finding: Finding, every: bool) -> MendCard:
    mend = finding.mend
    possible = bool(mend.what and mend.changes)
    tried = possible and (every or mend.is_local)
    check = mend.check if tried else None
    return MendCard(
        mend.what,
        mend.why_not,
        mend.instead,
        "" if check is None else check_text(check),
        () if check is None else check.rows,
        possible and not tried,
        tuple(
            (patch["policy"], tuple(json.dumps(patch["patch"], indent=2, ensure_ascii=False).split("\n")))
            for patch in mend.patches()[:_TEXTS]
        ),
    )
