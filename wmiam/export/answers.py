"""Who can do what, as rows: principals that are answered alike together, or cell by cell.

A large estate has millions of cells, and most of them repeat: the principals of a
group have the same permissions by the same policies, on the same organizations.  A
row stands for all of them; cells are rows taken apart, one after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from wmiam.access import Access
from wmiam.access.grants import given_pieces
from wmiam.access.labels import statement_label, way
from wmiam.access.people import PrincipalGroup, principal_groups
from wmiam.bits import bits_of
from wmiam.conditions.decision import decision_of
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.policies import IDLE
from wmiam.engine.scope import Scope
from wmiam.engine.whole import PrincipalClass
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.export.gather import parts, table_of
from wmiam.export.schema import columns_of
from wmiam.export.table import Table
from wmiam.progress import watched

__all__ = ["Answers"]


class _Telling(NamedTuple):
    """What a row says of its cells."""

    decision: str
    when: str
    through: str
    statements: str


@dataclass(frozen=True, slots=True)
class _Given:
    """What one statement gives to a class: sets of actions and of resources."""

    through: str
    label: str
    pieces: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """Actions and organizations that are answered alike for a group."""

    organizations: tuple[str, ...]
    actions: int
    telling: _Telling


class Answers:
    """Everything that is allowed in some request, by groups of principals.

    Parameters
    ----------
    access : Access
        The effective access.
    progress : bool, optional
        Whether to show a progress bar; by default where it takes long and a person watches.
    """

    def __init__(self, access: Access, *, progress: bool | None = None) -> None:
        self._access = access
        self._progress = progress
        self._place = {organization.arn: at for at, organization in enumerate(access.organizations)}
        self._arns: dict[tuple[int, int], tuple[str, ...]] = {}
        self._given: dict[object, _Given | None] = {}
        groups = principal_groups(access)
        self._groups: list[tuple[PrincipalGroup, list[_Answer]]] = [
            (group, self._answers(group))
            for group in watched(groups, "Grouping answers", unit=" groups", progress=progress)
        ]
        #: How many cells there are.
        self.cells = sum(
            len(group.principals) * answer.actions.bit_count() * len(answer.organizations)
            for group, answers in self._groups
            for answer in answers
        )

    def access_table(self) -> Table:
        """Return the groups: principals, actions and organizations that are answered alike."""
        rows = []
        for group, answers in self._groups:
            first = group.principals[0]
            about = str(first.kind), first.account
            for answer in answers:
                actions = [ACTIONS.names[bit] for bit in bits_of(answer.actions)]
                for principals in parts([principal.arn for principal in group.principals]):
                    for organizations in parts(answer.organizations):
                        size = len(principals) * len(actions) * len(organizations)
                        rows.append((principals, *about, actions, organizations, *answer.telling, size))
        return table_of("access", rows)

    def cells_table(self) -> Table:
        """Return one row for each principal, action and organization; principals that are alike in a row."""
        return Table("cells", columns_of("cells"), self.cells, self._cells)

    def _cells(self) -> Iterator[tuple[str, ...]]:
        names = ACTIONS.names
        for group, answers in watched(self._groups, "Writing cells", unit=" groups", progress=self._progress):
            found = [
                (self._place.get(organization, -1), bit, organization, answer.telling)
                for answer in answers
                for organization in answer.organizations
                for bit in bits_of(answer.actions)
            ]
            found.sort(key=lambda cell: cell[:2])
            for principal in group.principals:
                about = principal.arn, principal.name, str(principal.kind), principal.account
                for _, bit, organization, telling in found:
                    yield (*about, names[bit], organization, *telling)

    # -- one group ----------------------------------------------------------

    def _answers(self, group: PrincipalGroup) -> list[_Answer]:
        """Return what a group is answered, each action and organization once."""
        access, members, first = self._access, group.members, group.principals[0]
        scope, both = members.scope, access.whole.space.diagrams.both
        # By what is said and the actions: resources.
        found: dict[tuple[_Telling, int], int] = defaultdict(int)
        given = list(self._statements(first, members))
        for mask, within in access.fixed.within(members):
            for resources, allowed in members.allowed:
                shared = mask & resources
                for actions, contexts in allowed if shared else ():
                    narrowed = both(contexts, within)
                    if narrowed == FALSE:
                        continue
                    decision = decision_of(narrowed, within)
                    when = ""
                    if decision == "conditional":
                        when = access.words(narrowed, within, role=first.is_role)
                    for kind, about in scope.kinds:
                        for here, part, ways in _ways(given, shared & kind, actions & about):
                            told = self._told(first, ways)
                            found[_Telling(decision, when, *told), part] |= here
        merged: dict[tuple[_Telling, tuple[str, ...]], int] = defaultdict(int)
        for (telling, actions), resources in found.items():
            merged[telling, self._organizations(scope, resources)] |= actions
        answers = [_Answer(arns, actions, telling) for (telling, arns), actions in merged.items()]
        return sorted(answers, key=self._order)

    def _order(self, answer: _Answer) -> tuple[object, ...]:
        places = [self._place.get(arn, -1) for arn in answer.organizations]
        return places, next(bits_of(answer.actions)), answer.telling

    def _organizations(self, scope: Scope, resources: int) -> tuple[str, ...]:
        key = id(scope), resources
        found = self._arns.get(key)
        if found is None:
            found = self._arns[key] = tuple(resource.arn for resource in scope.members(resources))
        return found

    @staticmethod
    def _told(principal: Principal, ways: list[_Given]) -> tuple[str, str]:
        if principal.kind is PrincipalKind.ROOT:
            return "account root user", ""
        through = dict.fromkeys(given.through for given in ways)
        return "; ".join(through), "; ".join(dict.fromkeys(given.label for given in ways))

    def _statements(self, principal: Principal, members: PrincipalClass) -> Iterator[_Given]:
        """Yield what each statement gives to a class, in the order in which a principal has them."""
        whole = self._access.whole
        if principal.kind is PrincipalKind.ROOT:
            return
        for policy, group in principal.identity_policies:
            number = whole.policies.number(policy)
            if number == IDLE:
                continue
            part = whole.policies.part(policy, group)
            for at, source in enumerate(part.sources):
                key = (
                    id(policy),
                    id(group),
                    at,
                    members.variants.get(number, 0),
                    id(members.scope),
                    members.universe,
                )
                if key not in self._given:
                    pieces = given_pieces(whole, number, source, members)
                    self._given[key] = (
                        _Given(way(part.sources[0]), statement_label(source), pieces) if pieces else None
                    )
                given = self._given[key]
                if given is not None:
                    yield given


def _ways(given: list[_Given], resources: int, actions: int) -> Iterator[tuple[int, int, list[_Given]]]:
    """Yield parts of resources and actions, each with the statements that give all of it."""
    if not resources or not actions:
        return
    # First the resources that no statement tells apart, each with what is given there.
    places: list[tuple[int, list[tuple[int, _Given]]]] = [(resources, [])]
    for statement in given:
        for granted, covered in statement.pieces:
            if granted & actions and covered & resources:
                places = [
                    (mask, [*held, (granted, statement)] if mask & covered else held)
                    for whole, held in places
                    for mask in (whole & covered, whole & ~covered)
                    if mask
                ]
    for mask, held in places:
        alike: list[tuple[int, list[_Given]]] = [(actions, [])]
        for granted, statement in held:
            alike = [
                (part, [*ways, statement] if part & granted else ways)
                for whole, ways in alike
                for part in (whole & granted, whole & ~granted)
                if part
            ]
        for part, ways in alike:
            yield mask, part, ways
