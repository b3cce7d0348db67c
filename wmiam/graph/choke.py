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
from wmiam.engine.compile import ACTIONS
from wmiam.estate.change import without_statement
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy
from wmiam.graph.asked import find_capability
from wmiam.graph.assume import AssumeEdge
from wmiam.graph.chains import Chains
from wmiam.graph.clauses import bits_of
from wmiam.graph.escalate.find import Finding
from wmiam.graph.goals import Goals
from wmiam.graph.links import Arrival, Fan, Final, Link, State
from wmiam.graph.paths import Telling
from wmiam.graph.sittings import Session
from wmiam.policy.model import Effect, Statement

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["choke_points"]

#: Estates up to this size are quickly evaluated again.
_FEW = 1000
_Finals = list[tuple[State, int, Final]]


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
        self._upstream: dict[str, frozenset[str]] = {}

    # -- bounds -------------------------------------------------------------

    def upstream(self, node: str) -> frozenset[str]:
        """Return a node and everybody who may become it by some chain."""
        found = self._upstream.get(node)
        if found is None:
            seen, todo = {node}, [node]
            while todo:
                fresh = self.chains.sources_of(todo.pop()) - seen
                seen |= fresh
                todo.extend(fresh)
            found = self._upstream[node] = frozenset(seen)
        return found

    def through(self, nodes: Iterable[str]) -> int:
        """Return the number of pairs of all who may lead through some nodes."""
        every = frozenset[str]().union(*(self.upstream(node) for node in nodes))
        return sum(_mask(self.arrivals.get((node, Session.OWN), ())).bit_count() for node in every)

    # -- candidates ---------------------------------------------------------

    def _links(self) -> Iterator[Link]:
        """Yield the assumptions after which the capability is still within reach."""
        for state in self.arrivals:
            yield from self.chains.inward.get(state, ())

    def _fans(self) -> Iterator[tuple[Finding, Fan]]:
        """Yield the escalations after which the capability is still within reach."""
        reached = sum(self.chains.bit_of.get(node, 0) for node in {state[0] for state in self.arrivals})
        for targets, fans in self.chains.fans.items():
            if targets & reached:
                yield from ((fan.edge, fan) for fan in fans if fan.edge is not None)

    def steps(self) -> Iterator[_Candidate]:
        """Yield every assumption of a role, and every escalation by one method."""
        name = self.telling.name
        for source, target in dict.fromkeys((step.source, step.target) for step in self._links()):
            title = f"{name(source)} → {name(target)}"
            yield _Candidate("step", title, self.through([source]), partial(self._without, source, target))
        methods = dict.fromkeys(
            (source, finding.method.id) for finding, fan in self._fans() for source in fan.sources
        )
        for source, method in methods:
            title = f"{name(source)} by {method}"
            yield _Candidate(
                "step", title, self.through([source]), partial(self._without, source, "", method)
            )

    def _without(self, source: str, target: str, method: str = "") -> int:
        """Return what is left without one step, or without one method of one principal."""

        def skip(step: Link) -> bool:
            if step.source != source:
                return False
            edge = step.edge
            if isinstance(edge, Finding):
                return edge.method.id == method
            return step.target == target and edge is not None

        return self._left(self.finals, skip)

    def roles(self) -> Iterator[_Candidate]:
        """Yield every role that has the capability, or leads to it."""
        for node in dict.fromkeys(state[0] for state in self.arrivals):
            person = self.chains.people.get(node)
            if person is not None and person.is_role:
                left = partial(self._without_role, node)
                yield _Candidate("role", self.telling.name(node), self.through([node]), left)

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
        concerned: dict[tuple[str, int], tuple[Policy, Statement, set[str]]] = {}

        def note(policy: Policy, statement: object, node: str) -> None:
            if isinstance(statement, Statement) and statement.effect is Effect.ALLOW:
                key = (policy.key, statement.index)
                concerned.setdefault(key, (policy, statement, set()))[2].add(node)

        for link in self._links():
            if isinstance(link.edge, AssumeEdge):
                for cause in (*link.edge.trust, *link.edge.identity):
                    note(cause.policy, cause.statement, link.source)
        for finding, fan in self._fans():
            for node in fan.sources:
                target = self.chains.nodes[next(bits_of(fan.targets & ~self.chains.bit_of[node]))]
                for cause in self.telling.edge(finding, node, target).statements:
                    note(cause.policy, cause.statement, node)
        wanted = sum(1 << ACTIONS.index[action] for action in self.capability.actions)
        for (node, session), bits, final in self.finals:
            if final.edge is not None:
                where = self.goals.places.members(bits)[0].arn
                for cause in self.telling.edge(final.edge, node, where).statements:
                    note(cause.policy, cause.statement, node)
            elif session is Session.OWN and node in self.chains.people:
                for layer in self.access.whole.layers_of(self.chains.people[node])[:1]:
                    for held in layer.sources:
                        if held.compiled.actions & wanted:
                            note(held.policy, held.compiled.statement, node)
        for policy, statement, nodes in concerned.values():
            origin = policy.origin.below(statement.pointer) if policy.origin is not None else None

            def left(policy: Policy = policy, statement: Statement = statement) -> int:
                return self._again(without_statement(self.access.estate, policy, statement.index))

            yield _Candidate(
                "statement",
                f"{self._name(policy)}#{statement.label}",
                self.through(nodes),
                left,
                "" if origin is None else f"{origin.source.name}:{origin.line}",
            )

    def _name(self, policy: Policy) -> str:
        """Return the name of a policy, with whose it is where it is embedded."""
        return f"{policy.name} of {self.telling.name(policy.owner)}" if policy.owner else policy.name

    # -- what is left -------------------------------------------------------

    def _left(self, finals: _Finals, skip: Callable[[Link], bool]) -> int:
        return _pairs(self.chains.arrivals(finals, skip=skip))

    def _again(self, estate: Estate) -> int:
        """Return what is left in a changed estate."""
        access = type(self.access).of(estate, progress=False)
        if self.access.context:
            access = access.given(self.access.context)
        return _Cuts(access, self.capability, self.org).total


def _mask(arrivals: Iterable[Arrival]) -> int:
    found = 0
    for arrival in arrivals:
        found |= arrival.organizations
    return found


def _pairs(arrivals: dict[State, list[Arrival]]) -> int:
    """Return the number of pairs of somebody and an organization."""
    return sum(_mask(found).bit_count() for (_, session), found in arrivals.items() if session is Session.OWN)
