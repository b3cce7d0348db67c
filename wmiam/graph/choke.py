"""Which single step, role or statement, taken away, cuts most of the access to a capability.

What each cuts is counted exactly: everything is worked out again without it.  An upper bound
tells which are worth that: no more can be lost than what leads through it at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from wmiam.access.access import Access
from wmiam.catalog import Capability
from wmiam.catalog.escalations import Effect
from wmiam.engine.compile import ACTIONS
from wmiam.estate.change import without_statement
from wmiam.estate.model import Policy
from wmiam.graph.asked import find_capability
from wmiam.graph.assume import AssumeEdge
from wmiam.graph.chains import Chains
from wmiam.graph.clauses import Cause
from wmiam.graph.escalate.find import Finding
from wmiam.graph.goals import Goals
from wmiam.graph.links import Arrival, Final, Link, State
from wmiam.graph.routes import Telling
from wmiam.graph.sittings import Session
from wmiam.policy.model import Effect as PolicyEffect
from wmiam.policy.model import Statement, UnreadStatement

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["choke_points"]

#: Estates up to this size are quickly evaluated again.
_FEW = 1000
_Finals = list[tuple[State, int, Final]]
#: What a chain may use, by its ids.
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Something that could be taken away.

    Parameters
    ----------
    kind, name : str
        ``"step"``, ``"role"`` or ``"statement"``, and what to call it.
    bound : int
        No more than this can be lost.
    left : callable
        What is left without it.
    place : str
        File and line of a statement; else ``""``.
    """

    kind: str
    name: str
    bound: int
    left: Callable[[], int]
    place: str = ""


def choke_points(
    access: Access,
    capability: str,
    org: str | None = None,
    *,
    most: int = 10,
    statements: bool | None = None,
) -> pd.DataFrame:
    """Return the steps, roles and statements of which each, taken away, cuts most access to a capability.

    Parameters
    ----------
    access : Access
        The estate's evaluation.
    capability : str
        E.g. ``"read-mail"``.
    org : str, optional
        Only on these organizations.
    most : int
        Most rows of each kind.
    statements : bool, optional
        Whether to look at statements, too: the estate is evaluated again for each that may matter.
        By default for estates of up to 1,000 principals.

    Returns
    -------
    pandas.DataFrame
        Columns ``kind`` (``"step"``, ``"role"``, ``"statement"``), ``name``, ``cuts`` and ``left``
        (numbers of pairs of somebody and an organization, direct and by chains), ``place`` (file and
        line of a statement); what cuts most comes first, and what cuts nothing is left out.

    Raises
    ------
    NameLookupError
        If a name selects nothing.
    """
    import pandas as pd

    found = _Cuts(access, find_capability(access, capability), org)
    if statements is None:
        statements = len(access.principals) <= _FEW
    rows = [
        row
        for candidates in (found.steps(), found.roles(), found.statements() if statements else ())
        for row in _best(candidates, found.total, most)
    ]
    frame = pd.DataFrame(rows, columns=["kind", "name", "cuts", "left", "place"])
    return frame.sort_values("cuts", ascending=False, kind="stable", ignore_index=True)


def _best(candidates: Iterable[_Candidate], total: int, most: int) -> list[tuple[str, str, int, int, str]]:
    """Return the candidates that cut most; of the others only the bound is looked at."""
    found: list[tuple[str, str, int, int, str]] = []
    for candidate in sorted(candidates, key=lambda c: (-c.bound, c.name)):
        if candidate.bound <= (found[-1][2] if len(found) >= most else 0):
            break
        left = candidate.left()
        if left < total:
            found.append((candidate.kind, candidate.name, total - left, left, candidate.place))
            found = sorted(found, key=lambda row: -row[2])[:most]
    return found


class _Cuts:
    """What somebody loses without one thing."""

    def __init__(self, access: Access, capability: Capability, org: str | None) -> None:
        self.access = access
        self.capability = capability
        self.org = org
        self.goals = Goals.of(access)
        self.chains: Chains = self.goals.chains
        self.telling = Telling(self.goals, capability)
        self.finals: _Finals = list(self.goals.capability(capability, self.goals.places.chosen(access, org)))
        self.arrivals = self.chains.arrivals(self.finals)
        self.total = _pairs(self.arrivals)
        #: By source: its chains, each with the organizations that it is the first to lead to.
        self.ways = [
            (arrival, fresh)
            for (_, session), found in self.arrivals.items()
            if session is Session.OWN
            for arrival, fresh in _firsts(found)
        ]

    # -- bounds -------------------------------------------------------------
    # Who has a chain that does without something loses nothing with it.

    def _counted(self, uses: Callable[[Arrival], Iterable[_Key]]) -> dict[_Key, int]:
        """Return how many pairs have a chain that uses something, by what it is."""
        found: dict[_Key, int] = {}
        for arrival, fresh in self.ways:
            for key in dict.fromkeys(uses(arrival)):
                found[key] = found.get(key, 0) + fresh.bit_count()
        return found

    # -- candidates ---------------------------------------------------------

    def steps(self) -> Iterator[_Candidate]:
        """Yield every assumption of a role, and every escalation by one method."""

        def uses(arrival: Arrival) -> Iterator[_Key]:
            end = arrival.state[0]
            for link in arrival.links:
                end = link.target
                if isinstance(link.edge, Finding):
                    yield link.source, "", link.edge.id
                elif link.edge is not None:
                    yield link.source, link.target, ""
            edge = arrival.final.edge
            if edge is not None and edge.method.effect is not Effect.MAIL:
                yield end, "", edge.id

        name = self.telling.name
        for (source, target, method), bound in self._counted(uses).items():
            title = f"{name(source)} by {method}" if method else f"{name(source)} → {name(target)}"
            yield _Candidate("step", title, bound, partial(self._without, source, target, method))

    def _without(self, source: str, target: str, method: str) -> int:
        """Return what is left without one step, or without one method of one principal."""

        def skip(step: Link) -> bool:
            if step.source != source:
                return False
            if isinstance(step.edge, Finding):
                return step.edge.id == method
            return step.target == target and step.edge is not None

        finals = [
            item
            for item in self.finals
            if item[0][0] != source or item[2].edge is None or item[2].edge.id != method
        ]
        return self._left(finals, skip)

    def roles(self) -> Iterator[_Candidate]:
        """Yield every role that has the capability, or leads to it."""

        def uses(arrival: Arrival) -> Iterator[_Key]:
            yield (arrival.state[0],)
            for link in arrival.links:
                yield (link.target,)
                if isinstance(link.edge, Finding) and link.edge.assumes is not None:
                    yield (link.edge.assumes.target,)
            if arrival.final.edge is not None and arrival.final.edge.assumes is not None:
                yield (arrival.final.edge.assumes.target,)

        for (node,), bound in self._counted(uses).items():
            person = self.chains.people.get(node)
            if person is not None and person.is_role:
                yield _Candidate("role", self.telling.name(node), bound, partial(self._without_role, node))

    def _without_role(self, node: str) -> int:
        """Return what is left without a role, its own access included."""

        def rests_on_it(finding: Finding | None) -> bool:
            # What is done by changing a role first, and assuming it then.
            return finding is not None and finding.assumes is not None and finding.assumes.target == node

        def skip(step: Link) -> bool:
            by = step.edge if isinstance(step.edge, Finding) else None
            return node in (step.source, step.target) or rests_on_it(by)

        finals = [item for item in self.finals if item[0][0] != node and not rests_on_it(item[2].edge)]
        return self._left(finals, skip)

    def statements(self) -> Iterator[_Candidate]:
        """Yield every Allow statement that a chain or a permission at its end may rest on."""
        known: dict[_Key, tuple[Policy, Statement]] = {}

        def uses(arrival: Arrival) -> Iterator[_Key]:
            for policy, statement in self._rests_on(arrival):
                if isinstance(statement, Statement) and statement.effect is PolicyEffect.ALLOW:
                    key = (policy.key, str(statement.index))
                    known[key] = (policy, statement)
                    yield key

        for key, bound in self._counted(uses).items():
            policy, statement = known[key]
            origin = policy.origin.below(statement.pointer) if policy.origin is not None else None
            yield _Candidate(
                "statement",
                f"{self._name(policy)}#{statement.label}",
                bound,
                partial(self._again, policy, statement),
                "" if origin is None else f"{origin.source.name}:{origin.line}",
            )

    def _rests_on(self, arrival: Arrival) -> Iterator[tuple[Policy, Statement | UnreadStatement]]:
        """Yield the statements of the steps of a chain, and those that may allow what stands at its end."""
        node, edge = arrival.state[0], arrival.final.edge
        for link in arrival.links:
            causes: Iterable[Cause] = ()
            if isinstance(link.edge, AssumeEdge):
                causes = (*link.edge.trust, *link.edge.identity)
            elif link.edge is not None:
                causes = self.telling.edge(link.edge, link.source, link.target).statements
            yield from ((cause.policy, cause.statement) for cause in causes)
            node = link.target
        if edge is not None:
            where = self.goals.places.members(arrival.organizations)[0].arn
            found = self.telling.edge(edge, node, where).statements
            yield from ((cause.policy, cause.statement) for cause in found)
        elif node in self.chains.people:
            wanted = sum(1 << ACTIONS.index[action] for action in self.capability.actions)
            for layer in self.access.whole.layers_of(self.chains.people[node])[:1]:
                for held in layer.sources:
                    if held.compiled.actions & wanted:
                        yield held.policy, held.compiled.statement

    def _name(self, policy: Policy) -> str:
        """Return the name of a policy, with whose it is where it is embedded."""
        return f"{policy.name} of {self.telling.name(policy.owner)}" if policy.owner else policy.name

    # -- what is left -------------------------------------------------------

    def _left(self, finals: _Finals, skip: Callable[[Link], bool]) -> int:
        return _pairs(self.chains.arrivals(finals, skip=skip))

    def _again(self, policy: Policy, statement: Statement) -> int:
        """Return what is left in an estate without a statement."""
        estate = without_statement(self.access.estate, policy, statement.index)
        access = type(self.access).of(estate, progress=False)
        if self.access.context:
            access = access.given(self.access.context)
        return _Cuts(access, self.capability, self.org).total


def _firsts(arrivals: Iterable[Arrival]) -> Iterator[tuple[Arrival, int]]:
    """Yield chains with the organizations that they are the first to lead to."""
    seen = 0
    for arrival in arrivals:
        fresh = arrival.organizations & ~seen
        seen |= fresh
        if fresh:
            yield arrival, fresh


def _mask(arrivals: Iterable[Arrival]) -> int:
    found = 0
    for arrival in arrivals:
        found |= arrival.organizations
    return found


def _pairs(arrivals: dict[State, list[Arrival]]) -> int:
    """Return the number of pairs of somebody and an organization."""
    return sum(_mask(found).bit_count() for (_, session), found in arrivals.items() if session is Session.OWN)
