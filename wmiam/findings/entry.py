"""Looking for findings: every rule over one access, what is suppressed set aside, the rest ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from os import PathLike

from wmiam.access import Access
from wmiam.errors import UnknownNameError
from wmiam.findings.collection import Findings
from wmiam.findings.model import Finding, finding_id
from wmiam.findings.suppress import Suppression, apply, read_suppressions
from wmiam.findings.survey import Survey
from wmiam.findings.table import RULES, rules_by_id
from wmiam.memory import without_cycles
from wmiam.progress import watched

__all__ = ["find"]

#: What :func:`find` takes as suppressions.
Suppress = str | PathLike[str] | Iterable[Suppression]


def find(
    access: Access,
    *,
    rules: Iterable[str] | None = None,
    suppress: Suppress | None = None,
    today: date | None = None,
    progress: bool | None = None,
) -> Findings:
    """Return the findings of an estate, the gravest first.

    Parameters
    ----------
    access : Access
        Its access.  Context keys that are fixed are not regarded: a finding is about every request.
    rules : iterable of str, optional
        Ids of the rules to apply; by default all.
    suppress : path or iterable of Suppression, optional
        What has been looked at and is accepted; a path is read as :func:`read_suppressions` reads it.
    today : date, optional
        The day that counts for dates in policies and in suppressions; by default the present one, in UTC.
    progress : bool, optional
        Whether to show a progress bar; by default where it takes long and a person watches.

    Raises
    ------
    UnknownNameError
        If there is no such rule.
    InputError
        If the file of suppressions cannot be read.
    """
    known = rules_by_id()
    chosen = list(known) if rules is None else list(rules)
    for name in chosen:
        if name not in known:
            raise UnknownNameError("rule", name, get_close_matches(name, known, 8, 0.5))
    survey = Survey(access, today)
    applied = watched(
        [rule for rule in RULES if rule.id in chosen],
        "Looking for findings",
        unit=" rules",
        progress=progress,
    )
    with without_cycles():
        found = [finding for rule in applied for finding in rule.find(rule, survey)]
    accepted: list[Suppression] = []
    if suppress is not None:
        is_path = isinstance(suppress, (str, PathLike))
        accepted = list(read_suppressions(suppress) if is_path else suppress)  # type: ignore[arg-type]
    left, suppressed, notes = apply(_ranked(_distinct(found)), accepted, survey.today)
    return Findings(left, suppressed=suppressed, notes=notes, estate=survey.estate)


def _distinct(found: list[Finding]) -> list[Finding]:
    """Return findings with ids of their own: where two would share one, their policies and people tell."""
    number = Counter(finding.id for finding in found)
    return [
        finding
        if number[finding.id] == 1
        else replace(finding, id=finding_id(finding.rule, finding.id, finding.policies, finding.principals))
        for finding in found
    ]


def _ranked(found: list[Finding]) -> list[Finding]:
    order = {rule.id: index for index, rule in enumerate(RULES)}
    return sorted(found, key=lambda f: (f.severity.rank, order[f.rule], -len(f.principals), f.summary, f.id))
