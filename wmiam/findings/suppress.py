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
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import translate
from os import PathLike
from pathlib import Path
from typing import Any, Final

from wmiam.errors import InputError
from wmiam.findings.model import Finding

__all__ = ["Suppressed", "Suppression", "apply", "read_suppressions"]

_TEXTS: Final = ("finding", "rule", "reason", "by")
_LISTS: Final = ("principals", "organizations", "policies")
_KEYS: Final = (*_TEXTS, "expires", *_LISTS)
_HEADER = re.compile(r"\s*\[\[\s*(?:suppress|\"suppress\"|'suppress')\s*\]\]")
_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
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
    shown = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=shown) from error
    except UnicodeDecodeError as error:
        raise InputError("this is not UTF-8 text", path=shown, mend="save it as UTF-8") from error
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        line = int(at[1]) if at and at[1] else text.count("\n") + 1
        said = _AT.sub("", str(error))
        raise InputError(f"this is no TOML: {said}", path=shown, line=line, mend=_MEND) from error
    return _Reading(shown, text).suppressions(found)


class _Reading:
    """The reading of one file; the text tells on which line something stands."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.headers = [number for number, line in enumerate(self.lines, 1) if _HEADER.match(line)]

    def suppressions(self, found: dict[str, Any]) -> tuple[Suppression, ...]:
        """Return the suppressions; an empty file has none."""
        for key in found:
            if key != "suppress":
                raise self._error(f"a file of suppressions has no {key!r}", self._line(key, 0), _MEND)
        tables = found.get("suppress", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self._error("suppress is not written as [[suppress]]", self._line("suppress", 0), _MEND)
        return tuple(self._suppression(table, index) for index, table in enumerate(tables))

    def _suppression(self, table: dict[str, Any], index: int) -> Suppression:
        start = self.headers[index] if index < len(self.headers) else 1
        for key in table:
            if key not in _KEYS:
                mend = f"it has {', '.join(_KEYS)}"
                raise self._error(f"a suppression has no {key!r}", self._line(key, start), mend)
        texts = {key: self._text(table, key, start) for key in _TEXTS}
        if not texts["finding"] and not texts["rule"]:
            raise self._error("this suppression does not say what it is about", start, "add finding or rule")
        self._known_rule(texts["rule"], start)
        for key, what in (("reason", "why"), ("by", "who decided it")):
            if not texts[key].strip():
                raise self._error(f"this suppression does not say {what}", start, f'add {key} = "…"')
        principals, organizations, policies = (self._texts(table, key, start) for key in _LISTS)
        return Suppression(
            texts["reason"],
            self._date(table, start),
            texts["by"],
            texts["finding"],
            texts["rule"],
            principals,
            organizations,
            policies,
            f"{self.path}:{start}",
        )

    def _known_rule(self, rule: str, start: int) -> None:
        from wmiam.findings.table import rules_by_id

        known = rules_by_id()
        if rule and rule not in known:
            mend = f"the rules are {', '.join(known)}"
            raise self._error(f"there is no rule {rule!r}", self._line("rule", start), mend)

    def _date(self, table: dict[str, Any], start: int) -> date:
        value = table.get("expires")
        if value is None:
            raise self._error("this suppression never expires", start, "add expires = 2027-01-31")
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                value = None
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        raise self._error("expires is no date", self._line("expires", start), "write expires = 2027-01-31")

    def _text(self, table: dict[str, Any], key: str, start: int) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self._error(f"{key} is text", self._line(key, start), "write it in quotation marks")
        return value

    def _texts(self, table: dict[str, Any], key: str, start: int) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            mend = f'write {key} = ["…", "…"]'
            raise self._error(f"{key} is a list of texts", self._line(key, start), mend)
        return tuple(value)

    def _line(self, key: str, start: int) -> int:
        """Return the line on which a key of the table that begins at a line stands; else that line."""
        written = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=|\s*\[+\s*[\"']?{re.escape(key)}")
        end = next((header for header in self.headers if header > start), len(self.lines) + 1)
        for number in range(start + 1, end):
            if written.match(self.lines[number - 1]):
                return number
        return max(start, 1)

    def _error(self, message: str, line: int, mend: str) -> InputError:
        return InputError(message, path=self.path, line=line, mend=mend)
