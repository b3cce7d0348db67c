"""Requests that show a path, step by step: the reference evaluator allows each of them.

The requests of one sitting share its moment and its place; apart from that each has as
few context keys as possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wmiam.conditions.points import pick_request
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.knowledge import (
    ABSENT_KEY,
    Known,
    organization_knowledge,
    principal_knowledge,
    role_knowledge,
)
from wmiam.engine.request import ContextEntry
from wmiam.engine.resources import Resource, ResourceKind
from wmiam.engine.space import Dimension, Space
from wmiam.engine.whole import PrincipalClass
from wmiam.estate.model import Organization, Principal, TargetKind
from wmiam.graph.assume import AssumeEdge
from wmiam.graph.callers import ANY_ACCOUNT, any_account, external_account, outsider
from wmiam.graph.escalate.find import Finding
from wmiam.graph.escalate.witness import steps_of
from wmiam.graph.goals import Goals
from wmiam.graph.links import Link, Way
from wmiam.graph.sittings import MOMENT, pinned_to
from wmiam.graph.strangers import CALLER_IS, example_values, named_accounts, stranger

if TYPE_CHECKING:
    from wmiam.graph.routes import Path

__all__ = ["Evidence", "evidence"]

#: Session names that no policy is likely to name come last.
_SESSIONS = ("session", "other", "x")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The requests that do one step of a path.

    Parameters
    ----------
    requests : tuple of dict
        Each as a line of ``wmiam simulate`` holds it: ``principal``, ``action``, ``resource``,
        ``context`` with every key that the request has.
    unknowns : dict of str to bool
        What is taken to hold, or not, of what no request decides: clauses that complete "it
        depends on whether …".  Where there are any, the requests alone are no proof.
    """

    requests: tuple[dict[str, Any], ...]
    unknowns: dict[str, bool]


def evidence(goals: Goals, path: Path) -> tuple[Evidence, ...]:
    """Return the requests of each step of a path, in contexts that go together.

    Parameters
    ----------
    goals : Goals
        Where the path was found.
    path : Path
        The path.
    """
    return tuple(_Showing(goals, path).steps())


class _Showing:
    """The choice of one path's requests."""

    def __init__(self, goals: Goals, path: Path) -> None:
        self.goals = goals
        self.chains = goals.chains
        self.estate = goals.access.estate
        self.path = path

    def steps(self) -> Iterator[Evidence]:
        """Yield the requests of each step."""
        telling = self.path.telling
        elements = list(telling.elements(self.path))
        for positions, sittings in telling.segments(self.path):
            shared = self._sitting(sittings)
            for at in positions:
                link, space, way = elements[at]
                if link is None:
                    yield from self._use(space, way, shared)
                elif isinstance(link.edge, AssumeEdge):
                    yield self._assume(link, link.edge, way, shared)
                else:
                    yield self._escalate(link.edge, link.source, link.target, way, shared)

    def _sitting(self, sittings: int) -> dict[str, str | None]:
        """Return the moment and place of one sitting of a set, by canonical key."""
        space = self.chains.sittings.space
        _, texts = pick_request(space, sittings)
        return {key: _single(texts.get(key)) for key in space.dimensions}

    # -- becoming a role ----------------------------------------------------

    def _assume(self, link: Link, edge: AssumeEdge, way: Way, shared: Mapping[str, str | None]) -> Evidence:
        space, d = link.space, link.space.diagrams
        if self.chains.is_elsewhere(link):
            shared = {key: value for key, value in shared.items() if key in MOMENT}
        contexts = d.both(way.contexts, pinned_to(space, shared))
        role = self.chains.people[link.target]
        found = self._caller(link.source, role, space, contexts)
        if found is None:
            return Evidence((), {f"{self.path.telling.name(link.source)} has a principal that fits": True})
        caller, known, contexts = found
        point, texts = pick_request(space, contexts)
        context = _context(space, texts, (known, role_knowledge(role, self.estate)))
        context |= _chosen(space, shared, context)
        unknowns = {
            name: bool(point[variable])
            for name, variable in space.opaque.items()
            if variable in d.support(way.contexts) and not name.startswith(CALLER_IS)
        }
        request = {"principal": caller, "action": edge.action, "resource": edge.target, "context": context}
        return Evidence((request,), unknowns)

    def _caller(
        self, node: str, role: Principal, space: Space, contexts: int
    ) -> tuple[str, Known, int] | None:
        """Return whom a request names as its caller, what is known of it, and the contexts left."""
        person = self.chains.people.get(node)
        if person is not None:
            known = principal_knowledge(person, self.estate)
            if not person.is_role:
                return person.arn, known, contexts
            user_id, contexts = self._session(person, space, contexts)
            partition = person.arn.split(":")[1]
            session = user_id.partition(":")[2]
            arn = f"arn:{partition}:sts::{person.account}:assumed-role/{person.name}/{session}"
            entries = {**known.entries, "aws:userid": ContextEntry("aws:userid", (user_id,))}
            return arn, Known(entries, known.families), contexts
        if node == ANY_ACCOUNT or node.isdigit():
            return self._stranger(node, role, space, contexts)
        party = outsider(node)
        return node, party.known, contexts

    def _session(self, role: Principal, space: Space, contexts: int) -> tuple[str, int]:
        """Return an ``aws:userid`` of a role's session that some of the contexts have."""
        unique = role.unique_id or "AROAEXAMPLE"
        candidates = [f"{unique}:{name}" for name in _SESSIONS]
        dimension = space.dimensions.get("aws:userid")
        for text in example_values(dimension):
            head, colon, name = text.partition(":")
            candidates.append(text if head == unique and colon else f"{unique}:{name or text}")
        return _first(space, "aws:userid", candidates, contexts)

    def _stranger(
        self, node: str, role: Principal, space: Space, contexts: int
    ) -> tuple[str, Known, int] | None:
        """Return a principal of an account whose principals are not in the estate."""
        if node == ANY_ACCOUNT:
            party = any_account(self.estate)
            # Accounts that the trust policy names are callers of their own.
            apart = {person.account for person in self.chains.people.values()} | named_accounts(role)
            tree = self.estate.aws_organization
            if tree is not None:
                apart |= {t.id for t in tree.targets.values() if t.kind is TargetKind.ACCOUNT}
            found = stranger(space, contexts, None, apart)
        else:
            party = external_account(node, role.arn.split(":")[1], self.estate, ())
            found = stranger(space, contexts, node, ())
        if found is None:
            return None
        known = Known({**party.known.entries, **found.known.entries}, party.known.families)
        return found.caller, known, found.contexts

    # -- what stands at the end ---------------------------------------------

    def _use(self, space: Space, way: Way, shared: Mapping[str, str | None]) -> Iterator[Evidence]:
        """Yield the requests of what a path ends in."""
        final = self.path.final
        if final.edge is not None:
            yield self._escalate(final.edge, self.path.end, self._organization.arn, way, shared)
            return
        members = final.members
        if members is None:
            return
        if final.administers:
            given = f"the administrator of {self.path.end} gives {members.principal.name} the permission"
            yield Evidence((), {given: True})
            return
        d = space.diagrams
        contexts = d.both(way.contexts, pinned_to(space, shared))
        for actions, resources in self._alternatives(members):
            together = contexts
            for action, resource in zip(actions, resources, strict=True):
                together = d.both(together, self.goals.cell(members, resource, action))
            if together != FALSE:
                yield self._requests(space, together, way, actions, resources, shared)
                return

    def _alternatives(self, members: PrincipalClass) -> Iterator[tuple[list[int], list[Resource]]]:
        """Yield the sets of actions that are what a path ends in, with what each is about."""
        organization, scope = self._organization, members.scope
        of_kind = {
            r.kind: r
            for r in scope.resources
            if r.organization is organization or r.kind is ResourceKind.NONE
        }

        def about(bit: int) -> Resource:
            return next(r for r in of_kind.values() if r.actions >> bit & 1)

        capability = self.path.telling.capability
        if capability is not None:
            for alternative in capability.alternatives:
                bits = [ACTIONS.index[name] for name in alternative.actions]
                yield bits, [about(bit) for bit in bits]
            return
        for bit in range(len(ACTIONS.names)):
            if ACTIONS.organization >> bit & 1:
                yield [bit], [about(bit)]

    def _requests(
        self,
        space: Space,
        contexts: int,
        way: Way,
        actions: list[int],
        resources: list[Resource],
        shared: Mapping[str, str | None],
    ) -> Evidence:
        # Only here: what compares estates stands beside the graph.
        from wmiam.compare.requests import find_witness

        person = self.chains.people[self.path.end]
        known = [principal_knowledge(person, self.estate)]
        known += [organization_knowledge(self._organization, self.estate)]

        def settled(name: str) -> bool:
            return any(source.get(name) is not None for source in known)

        requests, unknowns = [], dict[str, bool]()
        for action, resource in zip(actions, resources, strict=True):
            found = find_witness(
                space,
                contexts,
                way.within,
                principal=person.arn,
                action=action,
                resource=resource,
                settled=settled,
            )
            if found is not None:
                sources = known if resource.organization is not None else known[:1]
                context = {**found.context, **_values(sources)}
                unknowns |= found.unknowns
                requests.append({**found.request(), "context": context | _chosen(space, shared, context)})
        return Evidence(tuple(requests), unknowns)

    def _escalate(
        self,
        finding: Finding | None,
        source: str,
        target: str,
        way: Way,
        shared: Mapping[str, str | None],
    ) -> Evidence:
        """Return the requests of an escalation."""
        if finding is None:
            return Evidence((), {f"the administrator of {source} acts as {target}": True})
        finder = self.chains.escalations.finder
        d = finder.space.diagrams
        contexts = d.both(way.contexts, pinned_to(finder.space, shared))
        steps = steps_of(finder, replace(finding, contexts=contexts), self.chains.people[source], target)
        point, _ = pick_request(finder.space, contexts)
        unknowns = {
            name: bool(point[variable])
            for name, variable in finder.space.opaque.items()
            if variable in d.support(contexts)
        }
        return Evidence(tuple(step.request() for step in steps), unknowns)

    @property
    def _organization(self) -> Organization:
        """One of the organizations that the path leads to."""
        return self.goals.places.members(self.path.places)[0]


def _values(sources: Iterable[Known]) -> dict[str, Any]:
    """Return what is known of a request's context; the first source counts."""
    found: dict[str, Any] = {}
    for known in reversed([*sources]):
        for entry in known.entries.values():
            if entry is not ABSENT_KEY:
                found[entry.key] = list(entry.values) if entry.multivalued else entry.values[0]
    return found


def _context(space: Space, texts: Mapping[str, str | list[str]], sources: Sequence[Known]) -> dict[str, Any]:
    """Return the context of a request: what was chosen, where nothing is known, and what is known."""
    chosen = {
        _name(space.dimensions[key]): text
        for key, text in texts.items()
        if text != [] and all(known.get(key) is None for known in sources)
    }
    return {**chosen, **_values(sources)}


def _chosen(space: Space, shared: Mapping[str, str | None], context: Mapping[str, Any]) -> dict[str, str]:
    """Return the moment and place of a sitting, as far as a request's conditions ask for them."""
    found = {}
    for key, value in shared.items():
        dimension = space.dimensions.get(key)
        if dimension is not None and value is not None and _name(dimension) in context:
            found[_name(dimension)] = value
    return found


def _name(dimension: Dimension) -> str:
    # aws:EpochTime is the same moment as a number: whoever decides the request derives it.
    return "aws:CurrentTime" if dimension.key == "aws:currenttime" else dimension.name


def _single(text: str | list[str] | None) -> str | None:
    return text if isinstance(text, str) else None


def _first(space: Space, key: str, candidates: Iterable[str], contexts: int) -> tuple[str, int]:
    """Return the first of some values of a key that some of the contexts have, and those contexts."""
    values = list(candidates)
    for value in values:
        try:
            left = space.diagrams.both(contexts, pinned_to(space, {key: value}))
        except LookupError:
            continue
        if left != FALSE:
            return value, left
    return values[0], contexts
