"""Chains as paths that people read: steps, conditions in words, and requests that show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, overload

from wmiam.catalog import Capability
from wmiam.catalog.escalations import Effect
from wmiam.engine.space import Space
from wmiam.graph.assume import AssumeEdge, conjuncts
from wmiam.graph.chains import Chains
from wmiam.graph.clauses import Cause
from wmiam.graph.escalate import EscalationEdge
from wmiam.graph.escalate.find import Finding
from wmiam.graph.goals import Goals
from wmiam.graph.links import Arrival, Final, Link, State
from wmiam.graph.query import CHAINING
from wmiam.graph.sittings import shared_variables, without_all

if TYPE_CHECKING:
    import pandas as pd

    from wmiam.graph.evidence import Evidence

__all__ = ["Path", "PathStep", "Paths", "Telling"]


@dataclass(frozen=True, slots=True, eq=False)
class PathStep:
    """One step of a path.

    Parameters
    ----------
    source, target : str
        Node ids; of the last step of a path to a capability the organizations' ids, or several.
    kind : str
        ``"assume"``, ``"escalate"``, ``"administer"``, or ``"use"`` for what stands at the end.
    title : str
        What is done, e.g. ``"assumes ServiceDeskTier2"``.
    reason : str
        Why it can be done, in a sentence; ``""`` for what stands at the end.
    conditions : tuple of str
        What must hold in its request, in words: all of it, but for what the path says of all.
    """

    source: str
    target: str
    kind: str
    title: str
    reason: str
    conditions: tuple[str, ...]
    _edge: AssumeEdge | Callable[[], EscalationEdge] | None = field(default=None, repr=False)

    @property
    def statements(self) -> tuple[Cause, ...]:
        """The statements that allow it; for the use of plain permissions see ``Access.explain``."""
        if isinstance(self._edge, AssumeEdge):
            return (*self._edge.trust, *self._edge.identity)
        return self._edge().statements if self._edge is not None else ()


class Path:
    """One chain: from who begins it to what it leads to.

    Parameters
    ----------
    telling : Telling
        Where it was found.
    start : State
        Who begins it, with which credentials.
    links : sequence of Link
        Its steps.
    final : Final
        What stands at its end.
    organizations : int
        The organizations that it leads to.
    """

    def __init__(
        self, telling: Telling, start: State, links: Sequence[Link], final: Final, organizations: int
    ) -> None:
        self.telling = telling
        self.start = start
        self.links = tuple(links)
        self.final = final
        self.places = organizations

    @classmethod
    def of(cls, telling: Telling, arrival: Arrival, organizations: int) -> Path:
        """Return a chain that a search came back to the beginning of.

        Parameters
        ----------
        telling : Telling
            Where it was found.
        arrival : Arrival
            The chain.
        organizations : int
            Those of its organizations that are told.
        """
        return cls(telling, arrival.state, tuple(arrival.links), arrival.final, organizations)

    @property
    def source(self) -> str:
        """Node id of who begins it."""
        return self.start[0]

    @property
    def end(self) -> str:
        """Node id of who somebody is at its end."""
        return self.links[-1].target if self.links else self.source

    @property
    def nodes(self) -> tuple[str, ...]:
        """Node ids from the first to the last."""
        return (self.source, *(link.target for link in self.links))

    @property
    def length(self) -> int:
        """Number of times that somebody becomes somebody else."""
        return len(self.links)

    @property
    def way(self) -> str:
        """``"direct"``, ``"chain"`` (by roles alone), or ``"escalation"`` (something is changed)."""
        combined = self.final.edge
        if any(link.lasts for link in self.links) or (
            combined is not None and combined.method.effect is not Effect.MAIL
        ):
            return "escalation"
        return "chain" if self.links else "direct"

    @property
    def organizations(self) -> tuple[str, ...]:
        """ARNs of the organizations that it leads to; none where it leads to a principal."""
        return self.telling.organizations(self)

    @cached_property
    def rests_on_unread(self) -> bool:
        """Whether some step takes that a policy grants something which could not be read."""
        return any(way.rests_on_unread for _, _, way in self.telling.elements(self))

    @cached_property
    def decision(self) -> str:
        """``"allowed"`` where every step can be done in every context, else ``"conditional"``."""
        ways = [way for _, _, way in self.telling.elements(self)]
        return "allowed" if all(way.always for way in ways) else "conditional"

    @cached_property
    def _told(self) -> tuple[tuple[str, ...], tuple[PathStep, ...]]:
        return self.telling.tell(self)

    @property
    def throughout(self) -> tuple[str, ...]:
        """What must hold of the whole sitting, in words: all of it."""
        return self._told[0]

    @property
    def steps(self) -> tuple[PathStep, ...]:
        """Its steps, in order; the last is what stands at the end, where that is more than being somebody."""
        return self._told[1]

    @property
    def conditions(self) -> tuple[str, ...]:
        """What must hold, all of it; with several steps each says whose request it is about."""
        steps = self.steps
        if len(steps) == 1:
            return (*self.throughout, *steps[0].conditions)
        return (
            *self.throughout,
            *(f"{', '.join(step.conditions)} ({self._about(step)})" for step in steps if step.conditions),
        )

    def _about(self, step: PathStep) -> str:
        """Return what a request is made for."""
        if step.kind != "use":
            return f"to become {self.telling.name(step.target)}"
        return "to use it" if self.telling.capability is None else f"for {self.telling.capability.name}"

    @property
    def when(self) -> str:
        """The conditions in one sentence; ``""`` where there are none."""
        return "; ".join(self.conditions)

    @property
    def text(self) -> str:
        """The steps in one line."""
        return ", ".join(step.title for step in self.steps)

    @property
    def notes(self) -> tuple[str, ...]:
        """What else holds of the sessions of such a chain."""
        people = self.telling.chains.people
        roles = {node for node in self.nodes if node in people and people[node].is_role}
        chained = any(isinstance(link.edge, AssumeEdge) and link.source in roles for link in self.links)
        return (CHAINING,) if chained else ()

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """For each step the requests that do it, in contexts that go together; see :mod:`.evidence`."""
        from wmiam.graph.evidence import evidence

        return evidence(self.telling.goals, self)

    def __repr__(self) -> str:
        steps = f"{self.length} step{'' if self.length == 1 else 's'}"
        return f"<Path of {steps}: {self.telling.name(self.source)} {self.text}>"

    def __str__(self) -> str:
        lines = [self.telling.name(self.source)]
        for step in self.steps:
            told = f", {', '.join(step.conditions)}" if step.conditions else ""
            lines.append(f"  {step.title}{told}")
        lines += [f"  throughout: {', '.join(self.throughout)}"] if self.throughout else []
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        from wmiam.views.chains import paths_html

        return paths_html([self])


class Paths(Sequence[Path]):
    """Paths between two ends, shortest first.

    Parameters
    ----------
    found : sequence of Path
        The paths.
    question : str
        What was asked.
    """

    def __init__(self, found: Sequence[Path], question: str) -> None:
        self._found = tuple(found)
        self.question = question

    @overload
    def __getitem__(self, at: int) -> Path: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Path, ...]: ...
    def __getitem__(self, at: int | slice) -> Path | tuple[Path, ...]:
        return self._found[at]

    def __len__(self) -> int:
        return len(self._found)

    def frame(self) -> pd.DataFrame:
        """Return a row for each path.

        Returns
        -------
        pandas.DataFrame
            Columns ``length``, ``way``, ``decision``, ``when``, ``steps``, ``organizations`` (tuple of
            ARNs), ``nodes`` (tuple of node ids).
        """
        import pandas as pd

        columns: dict[str, list[Any]] = {
            "length": [path.length for path in self],
            "way": [path.way for path in self],
            "decision": [path.decision for path in self],
            "when": [path.when for path in self],
            "steps": [path.text for path in self],
            "organizations": [path.organizations for path in self],
            "nodes": [path.nodes for path in self],
        }
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        return f"<{len(self)} path{'' if len(self) == 1 else 's'}: {self.question}>"

    def __str__(self) -> str:
        return "\n".join(map(str, self._found)) or f"no path: {self.question}"

    def _repr_html_(self) -> str:
        from wmiam.views.chains import paths_html

        return paths_html(self, self.question)


class Telling:
    """Puts chains into words.

    Parameters
    ----------
    goals : Goals
        Where the chains end.
    capability : Capability or None
        What they lead to; None for any permission, or for being somebody.
    """

    def __init__(self, goals: Goals, capability: Capability | None = None) -> None:
        self.goals = goals
        self.chains: Chains = goals.chains
        self.capability = capability

    def name(self, node: str) -> str:
        """Return a short name of a node, with its account where it is a principal."""
        person = self.chains.people.get(node)
        if person is not None:
            return f"{person.name} ({person.account})"
        if node in self.chains.bit_of:
            return f"administrator of {node}"
        if node == "*":
            return "any AWS account"
        return f"account {node}" if node.isdigit() else node.rpartition("-provider/")[2]

    def organizations(self, path: Path) -> tuple[str, ...]:
        """Return the ARNs of a path's organizations."""
        if not path.final.is_use:
            return ()
        return tuple(o.arn for o in self.goals.places.members(path.places))

    def elements(self, path: Path) -> Iterator[tuple[Link | None, Space, Any]]:
        """Yield each step of a path with its space and the way in which it is done; the end has no link."""
        session = path.start[1]
        for link in path.links:
            yield link, link.space, self.chains.way(link, session)
            session = link.becomes
        if path.final.edge is not None:
            yield None, self.chains.escalations.finder.space, path.final.way
        elif path.final.is_use:
            yield None, self.goals.access.whole.space, path.final.way

    def segments(self, path: Path) -> list[tuple[list[int], int]]:
        """Return the runs of steps that are of one sitting: their positions, and the sittings.

        A step that changes what stays ends a run.
        """
        d = self.chains.sittings.space.diagrams
        found: list[tuple[list[int], int]] = [([], self.chains.sittings.every)]
        for at, (link, _, way) in enumerate(self.elements(path)):
            positions, sittings = found[-1]
            own = way.sittings
            if link is not None and self.chains.is_elsewhere(link):
                own = self.chains.sittings.moments(own)
            found[-1] = ([*positions, at], d.both(sittings, own))
            if link is not None and link.lasts:
                found.append(([], self.chains.sittings.every))
        return [(positions, sittings) for positions, sittings in found if positions]

    def tell(self, path: Path) -> tuple[tuple[str, ...], tuple[PathStep, ...]]:
        """Return what must hold of whole sittings, and the steps with what must hold of each."""
        sittings = self.chains.sittings
        elements = list(self.elements(path))
        throughout: list[str] = []
        said: set[int] = set()
        for positions, where in self.segments(path):
            narrow = [at for at in positions if elements[at][2].sittings != sittings.every]
            if len(narrow) > 1:
                throughout += conjuncts(sittings.space, where, sittings.every)
                said.update(narrow)
        steps = []
        nodes = path.nodes
        for at, (link, space, way) in enumerate(elements):
            key = (space, way.contexts, way.within, at in said)
            if key not in self.chains.words:
                self.chains.words[key] = _words(*key)
            conditions = self.chains.words[key]
            steps.append(
                self._use(path, conditions) if link is None else self._step(nodes[at], link, conditions)
            )
        return tuple(dict.fromkeys(throughout)), tuple(steps)

    def edge(self, finding: Finding, source: str, target: str) -> EscalationEdge:
        """Return an escalation as an edge of its own.

        Parameters
        ----------
        finding : Finding
            The escalation.
        source, target : str
            Who does it, and whom or what it gains.
        """
        edges = self.chains.escalations.from_finding(finding, self.chains.people[source], target)
        return next(edge for edge in edges if target in (edge.target, *edge.organizations))

    def _step(self, source: str, link: Link, conditions: tuple[str, ...]) -> PathStep:
        edge, name = link.edge, self.name(link.target)
        if isinstance(edge, AssumeEdge):
            return PathStep(source, link.target, "assume", f"assumes {name}", edge.reason, conditions, edge)
        if edge is None:
            reason = f"Who administers account {source} changes and uses what is in it."
            return PathStep(source, link.target, "administer", f"acts as {name}", reason, conditions)
        title = f"becomes {name} by {edge.id}"
        told = partial(self.edge, edge, source, link.target)
        return PathStep(source, link.target, "escalate", title, edge.title, conditions, told)

    def _use(self, path: Path, conditions: tuple[str, ...]) -> PathStep:
        places = path.organizations
        where = ", ".join(places)
        what = "has permissions" if self.capability is None else f"has {self.capability.name}"
        finding = path.final.edge
        if finding is None:
            return PathStep(path.end, where, "use", what, "", conditions)
        told = partial(self.edge, finding, path.end, places[0])
        title = f"{what} by {finding.id}"
        return PathStep(path.end, where, "use", title, finding.title, conditions, told)


def _words(space: Space, contexts: int, within: int, apart: bool) -> tuple[str, ...]:
    """Return what must hold of one request; what the whole sitting says is left out where it stands apart."""
    if contexts == within:
        return ()
    if apart:
        d = space.diagrams
        shared = shared_variables(space)
        own = without_all(space, contexts, shared)
        there = without_all(space, contexts, [v for v in d.support(contexts) if v not in shared])
        rest = d.both(within, own)
        if d.both(rest, there) == contexts:
            return tuple(conjuncts(space, rest, within))
    return tuple(conjuncts(space, contexts, within))
