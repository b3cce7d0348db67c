"""What the report on a change shows, gathered from a comparison before any HTML is made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Final

from wmiam import __version__
from wmiam.access.labels import place_of
from wmiam.access.people import Count, capability_lists, principal_groups
from wmiam.bits import bits_of
from wmiam.compare import text
from wmiam.compare.changes import CHANGES
from wmiam.compare.gates import Gate
from wmiam.compare.matching import Version
from wmiam.compare.pairs import Delta, Pair
from wmiam.compare.requests import Witness
from wmiam.compare.summary import Cause
from wmiam.conditions.decision import decision_of
from wmiam.engine.compile import ACTIONS
from wmiam.estate.model import Principal
from wmiam.findings import Finding, Findings
from wmiam.origin import SourceFile
from wmiam.policy.model import Statement
from wmiam.views.statements import statement_lines
from wmiam.views.text import context_value

if TYPE_CHECKING:
    from wmiam.catalog import Capability
    from wmiam.compare import Comparison
    from wmiam.findings import Suppression

__all__ = ["CauseCard", "CellRow", "Changes", "GateCard", "StatementSide"]

#: Causes, rows and findings that stand in the page; ``wmiam compare`` lists all.
_MOST: Final = 300
#: Lines of a statement that are shown.
_LINES: Final = 80


@dataclass(frozen=True, slots=True)
class StatementSide:
    """A statement as one side has it.

    Parameters
    ----------
    place : str
        ``file:line``; ``""`` where unknown.
    lines : tuple of (str, bool)
        Its text, and whether the other side has the statement without the line.
    left_out : int
        Further lines.
    """

    place: str
    lines: tuple[tuple[str, bool], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class CauseCard:
    """What made a change, with its statement on both sides, and examples that both sides decide.

    Parameters
    ----------
    cause : Cause
        What made it.
    before, after : StatementSide or None
        The statement; None where a side does not have it, or no statement is meant.
    examples : tuple of (str, Witness, str, str)
        What happens to a request ("gained", "lost"), the request, and its outcome before and after.
    """

    cause: Cause
    before: StatementSide | None
    after: StatementSide | None
    examples: tuple[tuple[str, Witness, str, str], ...]


@dataclass(frozen=True, slots=True)
class GateCard:
    """A gate, and what fails it.

    Parameters
    ----------
    gate : Gate
        The gate.
    failures : int
        How often it fails.
    groups : tuple of list of str
        The failures, those together that are alike; the first line of each says what fails.
    """

    gate: Gate
    failures: int
    groups: tuple[list[str], ...]


@dataclass(frozen=True, slots=True)
class _Cells:
    """What happens to some actions, whoever may perform them and wherever.

    Parameters
    ----------
    account : str
        Account of the principals.
    actions : tuple of str
        Full action names.
    change, before, after : str
        As in :class:`~wmiam.compare.changes.Change`.
    gained, lost : str
        In words, in which requests they are allowed on one side only; ``""`` for none.
    depends : tuple of str
        On what the change depends that nobody can tell.
    """

    account: str
    actions: tuple[str, ...]
    change: str
    before: str
    after: str
    gained: str
    lost: str
    depends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CellRow:
    """Cells that change in the same way.

    Parameters
    ----------
    principals : tuple of Principal
        Who, of one account.
    cells : _Cells
        Which actions, and what happens to them.
    organizations : tuple of str
        Names of the organizations; none for actions without one.
    """

    principals: tuple[Principal, ...]
    cells: _Cells
    organizations: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """Everything that the templates show.

    Parameters
    ----------
    comparison : Comparison
        What is reported.
    heading : str or None
        Heading; by default made from the names of both sides.
    moment : datetime
        When the report was made, in UTC.
    suppress : path or iterable of Suppression, optional
        Findings that are accepted on both sides.
    """

    comparison: Comparison
    heading: str | None
    moment: datetime
    suppress: str | PathLike[str] | Iterable[Suppression] | None = None
    version: str = __version__
    most: int = _MOST

    @property
    def title(self) -> str:
        """The page's heading."""
        if self.heading is not None:
            return self.heading
        return f"What changes: {self.comparison.before.name} → {self.comparison.after.name}"

    @property
    def generated(self) -> str:
        """The moment in words."""
        return f"{self.moment.day} {self.moment:%B %Y, %H:%M} UTC"

    @property
    def headline(self) -> str:
        """Who gains and loses, in a sentence."""
        return text.headline(self.comparison)

    @property
    def remarks(self) -> list[str]:
        """What else to know of the two sides."""
        return list(text.remarks(self.comparison))

    @property
    def context(self) -> tuple[tuple[str, str], ...]:
        """Context keys that are fixed, with their values in words."""
        given = self.comparison.sides[1].access.context
        return tuple((key, context_value(value)) for key, value in given.items())

    @property
    def sources(self) -> tuple[tuple[str, tuple[SourceFile, ...]], ...]:
        """The input files of each side, by name."""
        return tuple(
            (name, tuple(sorted(estate.sources, key=lambda source: source.name)))
            for name, estate in (("before", self.comparison.before), ("after", self.comparison.after))
        )

    @property
    def catalog_date(self) -> str:
        """The catalog's date."""
        return self.comparison.sides[1].access.catalog.as_of

    def short(self, arn: str) -> str:
        """Return the name of a principal or organization where no other has it, else its ARN."""
        return self.comparison.names.short(arn)

    # -- numbers ------------------------------------------------------------

    @cached_property
    def capabilities(self) -> tuple[tuple[Capability, Count, Count], ...]:
        """How many principals have each capability on some organization, before and after."""
        before, after = (
            capability_lists(side.access, principal_groups(side.access)) for side in self.comparison.sides
        )
        return tuple(
            (new.capability, old.anywhere, new.anywhere) for old, new in zip(before, after, strict=True)
        )

    # -- causes -------------------------------------------------------------

    @cached_property
    def causes(self) -> tuple[CauseCard, ...]:
        """What made the changes, those that concern most principals first."""
        return tuple(self._card(cause) for cause in self.comparison.causes()[:_MOST])

    @property
    def further_causes(self) -> int:
        """How many causes are left out."""
        return max(0, len(self.comparison.causes()) - _MOST)

    def _card(self, cause: Cause) -> CauseCard:
        before, after = _sides(*self.comparison.versions(cause))
        found = (("gained", cause.witness_gained), ("lost", cause.witness_lost))
        return CauseCard(
            cause,
            before,
            after,
            tuple(
                (word, witness, *self._outcomes(witness)) for word, witness in found if witness is not None
            ),
        )

    def _outcomes(self, witness: Witness) -> tuple[str, str]:
        """Return what the reference evaluator says of a request on each side."""
        if witness.unknowns:
            return "cannot tell", "cannot tell"
        before, after = (
            "no such principal" if decision is None else "allowed" if decision.allowed else "denied"
            for decision in self.comparison.decide(witness)
        )
        return before, after

    # -- cells --------------------------------------------------------------

    @cached_property
    def rows(self) -> tuple[CellRow, ...]:
        """Every change, those together that are alike: the most that is gained first."""
        alike: dict[tuple[_Cells, tuple[str, ...]], list[Principal]] = defaultdict(list)
        for pair in self.comparison.pairs:
            places: dict[_Cells, dict[str, None]] = defaultdict(dict)
            for delta in pair.deltas:
                places[self._cells(pair, delta)].update(dict.fromkeys(self._places(pair, delta)))
            people = [person for old, new in pair.people if (person := new or old) is not None]
            for cells, labels in places.items():
                alike[cells, tuple(labels)] += people
        rows = [
            CellRow(tuple(sorted(people, key=lambda p: (p.name.lower(), p.arn))), cells, labels)
            for (cells, labels), people in alike.items()
        ]
        order = {change: place for place, change in enumerate(CHANGES)}
        return tuple(
            sorted(
                rows,
                key=lambda row: (
                    order[row.cells.change],
                    -len(row.principals),
                    row.principals[0].arn,
                    row.cells.actions,
                ),
            )
        )

    def _cells(self, pair: Pair, delta: Delta) -> _Cells:
        comparison = self.comparison
        change, depends = comparison.kind(pair, delta)
        return _Cells(
            pair.account,
            tuple(ACTIONS.names[bit] for bit in bits_of(delta.actions)),
            change,
            decision_of(delta.before, delta.possible.before),
            decision_of(delta.after, delta.possible.after),
            comparison.words(delta.gained, delta.possible.after, pair.principal),
            comparison.words(delta.lost, delta.possible.before, pair.principal),
            depends,
        )

    def _places(self, pair: Pair, delta: Delta) -> list[str]:
        """Return the names of the organizations that a change is about."""
        found = [pair.resources[position].organization for position in bits_of(delta.resources)]
        return [self.short(organization.arn) for organization in found if organization is not None]

    @cached_property
    def loses(self) -> bool:
        """Whether some row says what is lost, or that nobody can tell."""
        return any(row.cells.lost or row.cells.depends for row in self.rows)

    # -- gates and findings -------------------------------------------------

    @cached_property
    def gates(self) -> tuple[GateCard, ...]:
        """The gates that were asked."""
        cards = []
        for gate in self.comparison.gates:
            failures = self.comparison.failures.of(gate)
            groups = text.failure_groups(self.comparison, failures[:_MOST])
            cards.append(GateCard(gate, len(failures), tuple(groups)))
        return tuple(cards)

    @cached_property
    def findings(self) -> tuple[Findings, Findings]:
        """The findings of each side."""
        before, after = (
            side.access.findings(today=self.moment.date(), suppress=self.suppress)
            for side in self.comparison.sides
        )
        return before, after

    @cached_property
    def new_findings(self) -> tuple[Finding, ...]:
        """Findings that are there after the change only, the gravest first."""
        return _without(self.findings[1], self.findings[0])

    @cached_property
    def gone_findings(self) -> tuple[Finding, ...]:
        """Findings that are there before the change only, the gravest first."""
        return _without(self.findings[0], self.findings[1])


def _without(findings: Findings, others: Findings) -> tuple[Finding, ...]:
    known = {finding.id for finding in others}
    return tuple(finding for finding in findings if finding.id not in known)


def _sides(
    before: Version | None, after: Version | None
) -> tuple[StatementSide | None, StatementSide | None]:
    """Return a statement as each side has it, with the lines marked that the other has otherwise."""
    old, new = _lines(before), _lines(after)
    marked: tuple[set[int], set[int]] = (set(), set())
    if before is not None and after is not None:
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                marked[0].update(range(i, j))
                marked[1].update(range(k, m))
    return _side(before, old, marked[0]), _side(after, new, marked[1])


def _lines(version: Version | None) -> list[str]:
    if version is None:
        return []
    policy, statement = version
    known = statement if isinstance(statement, Statement) else None
    return [line.text for line in statement_lines(policy, statement.pointer, known)]


def _side(version: Version | None, lines: list[str], marked: set[int]) -> StatementSide | None:

    if version is None:
        return None
    policy, statement = version
    shown = tuple((line, index in marked) for index, line in enumerate(lines[:_LINES]))
    return StatementSide(place_of(policy, statement.pointer), shown, max(0, len(lines) - _LINES))
