"""What comes of changing policies, groups and boundaries: one's own, or those of whom one can become.

What somebody could do with other policies is evaluated like what it can do now: its permissions
boundary and SCPs limit that, too.  So a caller whose boundary holds gains no more than the
boundary allows, and a boundary that it may take off does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wmiam.catalog.escalations import Effect, Method, Permission
from wmiam.engine.diagrams import FALSE
from wmiam.engine.layers import PrincipalClass
from wmiam.estate.model import Group, Principal
from wmiam.graph.assume import AssumeEdge
from wmiam.graph.clauses import ASSUME_ROLE, bits_of
from wmiam.graph.escalate.entities import Entities
from wmiam.graph.escalate.ground import Finding, Ground
from wmiam.graph.escalate.held import Held, Pieces

__all__ = ["Callers", "Changes"]

#: Permissions on one type of resource each, with the resources to choose from.
Taken = tuple[tuple[Permission, int], ...]
_EVERYTHING = "everything"


@dataclass(frozen=True, slots=True, eq=False)
class Callers:
    """Callers that are alike.

    Parameters
    ----------
    members : PrincipalClass
        Their class.
    principals : tuple of Principal
        They.
    held : Held
        What they are allowed.
    """

    members: PrincipalClass
    principals: tuple[Principal, ...]
    held: Held


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """A way in which callers act as principals whose policies they can change."""

    sources: tuple[Principal, ...]
    targets: int
    taken: Taken
    contexts: int
    assumes: AssumeEdge | None = None


@dataclass(frozen=True, slots=True)
class _Gain:
    """What somebody could do with other policies that it cannot do now."""

    gains: str
    capability: str
    targets: int
    contexts: int


class Changes:
    """Finds what changes of policies give.

    Parameters
    ----------
    ground : Ground
        The estate, evaluated.
    """

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._d = ground.d
        self._of_effect = {e: [m for m in ground.methods if m.effect is e] for e in Effect}
        self._gains: dict[object, list[_Gain]] = {}

    def findings(self, callers: Callers, methods: Iterable[tuple[Method, Pieces]]) -> list[Finding]:
        """Return what callers gain by methods that change something.

        Parameters
        ----------
        callers : Callers
            The callers.
        methods : iterable of (Method, list)
            The methods that they can use, each with its targets and contexts.
        """
        found: list[Finding] = []
        others: list[tuple[Method, Pieces]] = []
        for method, pieces in methods:
            found += self._joined(method, callers, pieces) if method.effect is Effect.JOIN else ()
            if method.effect is not Effect.JOIN:
                found += self._own(method, callers, pieces)
                others.append((method, pieces))
        sure = {p for finding in found if finding.is_sure for p in finding.sources}
        rest = tuple(p for p in callers.principals if p not in sure)
        if rest and others:
            ways = list(self._ways(callers, rest))
            for method, pieces in others:
                found += self._of_others(method, callers, pieces, ways)
        return found

    # -- whose policies -----------------------------------------------------

    def _own(self, method: Method, callers: Callers, pieces: Pieces) -> Iterator[Finding]:
        """Yield what comes of changing one's own policies or boundary."""
        scope = callers.held.scope
        for mask, contexts in pieces:
            own: dict[int, list[Principal]] = {}
            for principal in callers.principals:
                mine = mask & scope.affecting(principal)
                if method.effect is Effect.UNBOUND:
                    mine &= scope.bounded
                if mine:
                    own.setdefault(mine, []).append(principal)
            for mine, sources in own.items():
                way = _Way(tuple(sources), mine, self.ground.taken(callers.held, method, mine), contexts)
                yield from self._changed(method, callers, way, callers.members, itself=True)

    def _of_others(
        self, method: Method, callers: Callers, pieces: Pieces, ways: list[_Way]
    ) -> Iterator[Finding]:
        """Yield what comes of changing the policies or boundary of principals that one can become."""
        scope = callers.held.scope
        unbound = method.effect is Effect.UNBOUND
        for mask, contexts in pieces:
            affected = scope.affected(mask) & (scope.bounded if unbound else scope.all)
            told: set[object] = set()
            for way in ways:
                both = self._d.both(contexts, way.contexts)
                reached = affected & way.targets
                if both == FALSE or not reached:
                    continue
                for changed, targets in self._alike(scope, reached, unbound):
                    for sources, target in self._apart(way.sources, targets, scope):
                        # What is gained by one way need not be said of the next.
                        if (id(changed), sources, both) in told:
                            continue
                        told.add((id(changed), sources, both))
                        bit = scope.index[target.arn]
                        mine = mask & (1 << bit if unbound else scope.affecting(target))
                        taken = (*self.ground.taken(callers.held, method, mine), *_at(way.taken, 1 << bit))
                        one = _Way(sources, 1 << bit, taken, both, way.assumes)
                        yield from self._changed(method, callers, one, changed, itself=False)

    def _alike(self, scope: Entities, reached: int, unbound: bool) -> list[tuple[PrincipalClass, int]]:
        """Return principals by their class; of those without boundary one class, since they gain the same."""
        free = reached & ~scope.bounded
        if free and not unbound:
            first = scope.thing((free & -free).bit_length() - 1)
            return (
                [(self.ground.evaluation.class_of[first.arn], free)] if isinstance(first, Principal) else []
            )
        return [(m, shared) for m, of_class in self.ground.bounded(scope) if (shared := reached & of_class)]

    @staticmethod
    def _apart(
        sources: tuple[Principal, ...], targets: int, scope: Entities
    ) -> Iterator[tuple[tuple[Principal, ...], Principal]]:
        """Yield callers with one of some principals that is another than they."""
        first = targets & -targets
        one = scope.thing(first.bit_length() - 1)
        others = tuple(p for p in sources if p is not one)
        if others and isinstance(one, Principal):
            yield others, one
        rest = targets ^ first
        if len(others) < len(sources) and rest:
            second = scope.thing((rest & -rest).bit_length() - 1)
            if isinstance(second, Principal):
                yield tuple(p for p in sources if p is one), second

    def _ways(self, callers: Callers, sources: tuple[Principal, ...]) -> Iterator[_Way]:
        """Yield the ways to become principals in one step: keys, passwords, trust, roles assumed."""
        ground, held = self.ground, callers.held
        for method in self._of_effect[Effect.BECOME]:
            if not method.service:
                for mask, contexts in ground.pieces(held, method):
                    yield _Way(sources, mask, ground.taken(held, method, mask), contexts)
        assume = Permission(ASSUME_ROLE, ("role",))
        for principal in sources:
            for edge in ground.assuming(principal.arn):
                bit = held.scope.index.get(edge.target)
                if bit is not None:
                    contexts = ground.shared.anywhere(ground.shared.request(ground.assumed(edge)))
                    contexts = self._d.both(contexts, held.within)
                    yield _Way((principal,), 1 << bit, ((assume, 1 << bit),), contexts, edge)

    # -- what it gives ------------------------------------------------------

    def _changed(
        self, method: Method, callers: Callers, way: _Way, changed: PrincipalClass, *, itself: bool
    ) -> Iterator[Finding]:
        evaluation = self.ground.evaluation
        if method.effect is Effect.UNBOUND:
            grants = evaluation.would(changed, evaluation.identity(changed), bounded=False)
            gains = self._gain((id(changed), method.effect), changed, self.ground.held(changed, grants))
        else:
            grants = evaluation.would(changed, evaluation.everything(changed))
            gains = self._gain((id(changed), _EVERYTHING), changed, self.ground.held(changed, grants))
        yield from self._told(method, callers, way, gains, itself=itself)

    def _joined(self, method: Method, callers: Callers, pieces: Pieces) -> Iterator[Finding]:
        """Yield what users gain as new members of groups."""
        scope, evaluation, members = callers.held.scope, self.ground.evaluation, callers.members
        if members.principal.is_role:
            return
        for mask, contexts in pieces:
            for bit in bits_of(mask):
                group = scope.thing(bit)
                sources = tuple(p for p in callers.principals if group not in p.groups)
                if not isinstance(group, Group) or not sources:
                    continue
                table = evaluation.identity(members, *group.inline, *group.attached)
                held = self.ground.held(members, evaluation.would(members, table))
                gains = self._gain((id(members), group.arn), members, held)
                taken = self.ground.taken(callers.held, method, 1 << bit)
                yield from self._told(
                    method, callers, _Way(sources, 1 << bit, taken, contexts), gains, itself=True
                )

    def _told(
        self, method: Method, callers: Callers, way: _Way, gains: list[_Gain], *, itself: bool
    ) -> Iterator[Finding]:
        held = callers.held
        for gain in gains:
            # Whoever is changed and acted as has a context of its own, which can be any.
            contexts = self._d.both(way.contexts, gain.contexts) if itself else way.contexts
            if contexts != FALSE:
                yield Finding(
                    method,
                    gain.gains,
                    gain.capability,
                    callers.members,
                    held.scope,
                    way.sources,
                    gain.targets,
                    way.taken,
                    contexts,
                    held.within,
                    way.assumes,
                )

    def _gain(self, key: object, members: PrincipalClass, would: Held) -> list[_Gain]:
        """Return what a class could do that it cannot do now."""
        found = self._gains.get(key)
        if found is None:
            found = self._gains[key] = list(self._surplus(members, would))
        return found

    def _surplus(self, members: PrincipalClass, would: Held) -> Iterator[_Gain]:
        ground, d, now = self.ground, self._d, self.ground.held(members)
        administers = self._administers(members, would)
        if administers != FALSE:
            yield _Gain("administrator", "", 0, administers)
        effects = (Effect.MAIL,) if administers else (Effect.MAIL, Effect.BECOME)
        wanted = [method for method in ground.possible(would) if method.effect in effects]
        more: dict[tuple[str, str], dict[int, int]] = {}
        for method in wanted:
            before = ground.pieces(now, method)
            for mask, contexts in ground.pieces(would, method):
                for other, had in (*before, (mask & ~_union(before), FALSE)):
                    new = d.minus(contexts, had) if mask & other else FALSE
                    if new != FALSE:
                        gains = "capability" if method.effect is Effect.MAIL else "principal"
                        for capability in method.capabilities or ("",):
                            of_it = more.setdefault((gains, capability), {})
                            for bit in bits_of(mask & other):
                                of_it[bit] = d.either(of_it.get(bit, FALSE), new)
        for (gains, capability), by_target in more.items():
            merged: dict[int, int] = {}
            for bit, contexts in by_target.items():
                merged[contexts] = merged.get(contexts, 0) | 1 << bit
            for contexts, targets in merged.items():
                yield _Gain(gains, capability, targets, contexts)

    def _administers(self, members: PrincipalClass, would: Held) -> int:
        """Return the contexts in which somebody could let itself do everything, without limits of its own."""
        scope, principal = would.scope, members.principal
        own = scope.affecting(principal)
        unbound = (
            self._union_of(would, Effect.UNBOUND, own) if principal.boundary is not None else would.within
        )
        return self._d.both(unbound, self._union_of(would, Effect.EDIT, own))

    def _union_of(self, held: Held, effect: Effect, targets: int) -> int:
        return self._d.any_of(
            contexts
            for method in self._of_effect[effect]
            if not method.unknown
            for mask, contexts in self.ground.pieces(held, method)
            if mask & targets
        )


def _union(pieces: Pieces) -> int:
    found = 0
    for mask, _ in pieces:
        found |= mask
    return found


def _at(taken: Taken, targets: int) -> Taken:
    """Return permissions on some of their resources."""
    return tuple((permission, mask & targets) for permission, mask in taken)
