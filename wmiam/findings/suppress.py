"""Suppressions: findings that somebody has looked at and accepts, until a day.

.. code-block:: toml

    [[suppress]]
    finding = "access-without-mfa-6616356572"
    reason = "signs from a smart card reader in the offices; ticket MAIL-118"
    expires = 2027-01-31
    by = "mail security"

    [[suppress]]
    rule = "wildcard-capability"
    policies = ["*policy/AdministratorAccess"]
    reason = "administrators are reviewed each quarter"
    expires = 2027-03-31
    by = "audit"

``finding`` or ``rule`` says what, and globs over ``principals``, ``organizations`` and
``policies`` narrow it: of a finding with several, all must match.  A suppression that
has expired no longer sets anything aside; one that matches nothing is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import translate
from os import PathLike
from typing import Any, Final

from wmiam.findings.model import Finding
from wmiam.tomltables import TomlTables

__all__ = ["Suppressed", "Suppression", "apply", "read_suppressions"]

_TEXTS: Final = ("finding", "rule", "reason", "by")
_LISTS: Final = ("principals", "organizations", "policies")
_KEYS: Final = (*_TEXTS, "expires", *_LISTS)
_MEND: Final = (
    'write [[suppress]], then finding or rule, reason = "…", expires = 2027-01-31 and by = "…" below it'
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """What is accepted.

    Parameters
    ----------
    reason : str
        Why; required.
    expires : date
        The last day on which it counts; required.
    by : str
        Who decided it; required.
    finding : str
        Id of one finding; or ``""``.
    rule : str
        Id of a rule; or ``""``.  One of the two is needed.
    principals, organizations, policies : tuple of str
        Globs over ARNs, and keys of policies; empty for any.  Every one of a finding must match.
    place : str
        ``file:line``; ``""`` where it comes from no file.
    """

    reason: str
    expires: date
    by: str
    finding: str = ""
    rule: str = ""
    principals: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    place: str = field(default="", compare=False)

    def matches(self, finding: Finding) -> bool:
        """Whether it is about a finding, its expiry apart.

        Parameters
        ----------
        finding : Finding
            The finding.
        """
        return (
            (not self.finding or finding.id == self.finding)
            and (not self.rule or finding.rule == self.rule)
            and _all(finding.principals, self.principals)
            and _all(finding.organizations, self.organizations)
            and _all(finding.policies, self.policies)
        )

    def __str__(self) -> str:
        """Return what it is about, and its place."""
        what = self.finding or self.rule
        return f"{what} ({self.place})" if self.place else what


def _all(names: Sequence[str], globs: tuple[str, ...]) -> bool:
    """Whether there are names and every one matches some glob; without globs any will do."""
    if not globs:
        return True
    pattern = re.compile("|".join(translate(glob.replace("[", "[[]")) for glob in globs))
    return bool(names) and all(pattern.match(name) for name in names)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that was set aside.

    Parameters
    ----------
    finding : Finding
        The finding.
    suppression : Suppression
        What sets it aside.
    """

    finding: Finding
    suppression: Suppression


def apply(
    found: Iterable[Finding], suppressions: Iterable[Suppression], today: date
) -> tuple[list[Finding], list[Suppressed], list[str]]:
    """Part findings into those that are left and those that are set aside.

    Parameters
    ----------
    found : iterable of Finding
        In order.
    suppressions : iterable of Suppression
        What is accepted.
    today : date
        The day that counts.

    Returns
    -------
    tuple
        What is left, what is set aside, and notes: of suppressions that have expired, and of
        those that match nothing.
    """
    every = list(found)
    accepted = list(suppressions)
    left: list[Finding] = []
    aside: list[Suppressed] = []
    used: set[int] = set()
    back: dict[int, list[str]] = {}
    for finding in every:
        matching = [(i, s) for i, s in enumerate(accepted) if s.matches(finding)]
        used.update(index for index, _ in matching)
        counting = next((s for _, s in matching if s.expires >= today), None)
        if counting is not None:
            aside.append(Suppressed(finding, counting))
            continue
        left.append(finding)
        for index, _ in matching:
            back.setdefault(index, []).append(finding.id)
    notes = [
        f"the suppression of {accepted[index]} expired on {accepted[index].expires}: {', '.join(ids[:5])} "
        f"{'is' if len(ids) == 1 else 'are'} back"
        for index, ids in sorted(back.items())
        if accepted[index].expires < today
    ]
    notes += [
        f"the suppression of {suppression} matches no finding: take it out"
        for index, suppression in enumerate(accepted)
        if index not in used
    ]
    return left, aside, notes


def read_suppressions(path: str | PathLike[str]) -> tuple[Suppression, ...]:
    """Return the suppressions of a TOML file.

    Parameters
    ----------
    path : str or path
        The file; see this module for its form.

    Raises
    ------
    InputError
        If it cannot be read, or something in it is no suppression; with file, line and mend.
    """
    file = TomlTables(path, "suppress", one="a suppression", many="suppressions", mend=_MEND)
    return tuple(_suppression(file, table, start) for table, start in file.tables(_KEYS, needed=False))


def _suppression(file: TomlTables, table: dict[str, Any], start: int) -> Suppression:
    finding, rule, reason, by = (file.text(table, key, start) for key in _TEXTS)
    if not finding and not rule:
        raise file.error("this suppression does not say what it is about", start, "add finding or rule")
    _known_rule(file, rule, start)
    for key, value, what in (("reason", reason, "why"), ("by", by, "who decided it")):
        if not value.strip():
            raise file.error(f"this suppression does not say {what}", start, f'add {key} = "…"')
    principals, organizations, policies = (file.texts(table, key, start) for key in _LISTS)
    return Suppression(
        reason,
        _expires(file, table, start),
        by,
        finding,
        rule,
        principals,
        organizations,
        policies,
        f"{file.path}:{start}",
    )


def _known_rule(file: TomlTables, rule: str, start: int) -> None:
    from wmiam.findings.table import rules_by_id

    known = rules_by_id()
    if rule and rule not in known:
        mend = f"the rules are {', '.join(known)}"
        raise file.error(f"there is no rule {rule!r}", file.line("rule", start), mend)


def _expires(file: TomlTables, table: dict[str, Any], start: int) -> date:
    value = table.get("expires")
    if value is None:
        raise file.error("this suppression never expires", start, "add expires = 2027-01-31")
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise file.error("expires is no date", file.line("expires", start), "write expires = 2027-01-31")
