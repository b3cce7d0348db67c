"""What comes of changing policies, groups and boundaries: one's own, or those of whom one can become.

What somebody could do with other policies is evaluated like what it can do now: its permissions
boundary and SCPs limit that, too.  So a caller whose boundary holds gains no more than the
boundary allows, and a boundary that it may take off does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from wmiam.bits import bits_of
from wmiam.catalog.escalations import Effect, Method, Permission, removal_permissions
from wmiam.engine.diagrams import FALSE, Diagrams
from wmiam.engine.layers import PrincipalClass
from wmiam.engine.policies import IDLE
from wmiam.estate.model import Group, PolicyKind, Principal
from wmiam.graph.assume import AssumeEdge
from wmiam.graph.clauses import ASSUME_ROLE
from wmiam.graph.escalate.entities import Entities
from wmiam.graph.escalate.ground import Finding, Ground
from wmiam.graph.escalate.held import Held, Pieces, requirements
from wmiam.policy.model import Effect as Denial

__all__ = ["Callers", "Changes", "Kept"]

#: Permissions on one type of resource each, with the resources to choose from.
Taken = tuple[tuple[Permission, int], ...]
#: What was told of the same way for the same callers: method, gains, capability, contexts; with its targets.
_Told = dict[tuple[object, ...], int]
#: Methods that write an inline policy, which may take the place of another.
_WRITE_INLINE = ("iam-put-user-policy", "iam-put-role-policy", "iam-put-group-policy")


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


@dataclass(frozen=True, slots=True)
class Kept:
    """What a change leaves of a principal's policies.

    Parameters
    ----------
    numbers : frozenset of int
        The policies that stay as they are.
    removals : frozenset of (str, int)
        The actions that take off those of them that deny something, with the holders.
    """

    numbers: frozenset[int] = frozenset()
    removals: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """A way in which callers act as principals whose policies they can change.

    ``unread`` are the edges of roles whose trust policies could not be read, with their contexts, by
    the role's position: one of them stands for all.
    """

    sources: tuple[Principal, ...]
    targets: int
    taken: Taken
    contexts: int
    assumes: AssumeEdge | None = None
    kept: Kept | None = None
    unread: Mapping[int, tuple[AssumeEdge, int]] | None = None


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
            own: dict[tuple[int, Kept], list[Principal]] = {}
            for principal in callers.principals:
                mine = mask & scope.affecting(principal)
                if method.effect is Effect.UNBOUND:
                    mine &= scope.bounded
                if mine:
                    own.setdefault((mine, self.kept(principal, scope, method, mine)), []).append(principal)
            for (mine, kept), sources in own.items():
                taken = self.ground.taken(callers.held, method, mine)
                way = _Way(tuple(sources), mine, taken, contexts, kept=kept)
                yield from self._changed(method, callers, way, callers.members, {}, itself=True)

    def kept(
        self, principal: Principal, scope: Entities, method: Method | None = None, targets: int = 0
    ) -> Kept:
        """Return the policies of a principal that a method does not write anew: what they deny stays.

        Parameters
        ----------
        principal : Principal
            Who.
        scope : Entities
            The resources of its account.
        method : Method, optional
            By default all policies stay.
        targets : int
            What the method is used on.
        """
        policies = self.ground.evaluation.policies
        numbers: set[int] = set()
        removals: set[tuple[str, int]] = set()
        kind = "Role" if principal.is_role else "User"
        for policy, group in principal.identity_policies:
            inline, holder = policy.kind is PolicyKind.INLINE, (group or principal).arn
            written = ""
            if method is not None and method.target == "policy":
                written = policy.arn or ""
            elif method is not None and inline and method.id in _WRITE_INLINE:
                # An inline policy is put in the place of another; attaching one leaves all others.
                written = holder
            number = policies.number(policy)
            if number == IDLE or targets >> scope.index.get(written, len(scope.resources)) & 1:
                continue
            numbers.add(number)
            if any(source.compiled.effect is Denial.DENY for source in policies.parts[number].sources):
                verb = "Delete" if inline else "Detach"
                action = f"iam:{verb}{kind}Policy" if group is None else "iam:RemoveUserFromGroup"
                removals.add((action, scope.bits([holder])))
        return Kept(frozenset(numbers), frozenset(removals))

    def _of_others(
        self, method: Method, callers: Callers, pieces: Pieces, ways: list[_Way]
    ) -> Iterator[Finding]:
        """Yield what comes of changing the policies or boundary of principals that one can become."""
        scope = callers.held.scope
        unbound = method.effect is Effect.UNBOUND
        for mask, contexts in pieces:
            affected = scope.affected(mask) & (scope.bounded if unbound else scope.all)
            told: set[object] = set()
            gained: _Told = {}
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
                        kept = self.kept(target, scope, method, mine)
                        one = _Way(sources, 1 << bit, taken, both, way.assumes, kept)
                        if way.unread is not None:
                            edge, own = way.unread[bit]
                            one = replace(one, assumes=edge, contexts=self._d.both(contexts, own))
                        yield from self._changed(method, callers, one, changed, gained, itself=False)

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
            unread: dict[int, dict[int, tuple[AssumeEdge, int]]] = {}
            for edge in ground.assuming(principal.arn):
                bit = held.scope.index.get(edge.target)
                if bit is not None:
                    contexts, core = (
                        self._d.both(ground.shared.anywhere(ground.shared.request(c)), held.within)
                        for c in (ground.assumed(edge), ground.trusted(edge))
                    )
                    if core == contexts:
                        yield _Way((principal,), 1 << bit, ((assume, 1 << bit),), contexts, edge)
                    else:
                        unread.setdefault(core, {})[bit] = (edge, contexts)
            for core, edges in unread.items():
                mask = sum(1 << bit for bit in edges)
                yield _Way((principal,), mask, ((assume, mask),), core, unread=edges)

    # -- what it gives ------------------------------------------------------

    def _changed(
        self,
        method: Method,
        callers: Callers,
        way: _Way,
        changed: PrincipalClass,
        told: _Told,
        *,
        itself: bool,
    ) -> Iterator[Finding]:
        kept, unbound = way.kept or Kept(), method.effect is Effect.UNBOUND

        def would() -> tuple[Held, Held | None]:
            evaluation = self.ground.evaluation
            if unbound:
                grants = evaluation.would(changed, evaluation.identity(changed), bounded=False)
                return self.ground.held(changed, grants), None
            grants = evaluation.would(changed, evaluation.everything(changed, kept.numbers))
            free = evaluation.would(changed, evaluation.everything(changed))
            return self.ground.held(changed, grants), self.ground.held(changed, free)

        gains = self._gain((id(changed), kept, unbound), changed, kept, would)
        yield from self._told(method, callers, way, gains, told, itself=itself)

    def _joined(self, method: Method, callers: Callers, pieces: Pieces) -> Iterator[Finding]:
        """Yield what users gain as new members of groups."""
        scope, evaluation, members = callers.held.scope, self.ground.evaluation, callers.members
        if members.principal.is_role:
            return
        for mask, contexts in pieces:
            told: _Told = {}
            for bit in bits_of(mask):
                group = scope.thing(bit)
                sources = tuple(p for p in callers.principals if group not in p.groups)
                if not isinstance(group, Group) or not sources:
                    continue

                def would(group: Group = group) -> tuple[Held, None]:
                    table = evaluation.identity(members, *group.inline, *group.attached)
                    # What unread policies of one's own allow is no gain of the group's.
                    grants = evaluation.for_certain(members, evaluation.would(members, table))
                    return self.ground.held(members, grants), None

                taken = self.ground.taken(callers.held, method, 1 << bit)
                by_kept: dict[Kept, list[Principal]] = {}
                for principal in sources:
                    by_kept.setdefault(self.kept(principal, scope), []).append(principal)
                for kept, alike in by_kept.items():
                    way = _Way(tuple(alike), 1 << bit, taken, contexts, kept=kept)
                    gains = self._gain((id(members), kept, group.arn), members, kept, would)
                    yield from self._told(method, callers, way, gains, told, itself=True)

    def _told(
        self,
        method: Method,
        callers: Callers,
        way: _Way,
        gains: list[_Gain],
        told: _Told,
        *,
        itself: bool,
    ) -> Iterator[Finding]:
        held = callers.held
        for gain in gains:
            # Whoever is changed and acted as has a context of its own, which can be any.
            contexts = self._d.both(way.contexts, gain.contexts) if itself else way.contexts
            targets = gain.targets
            if gain.gains == "principal":
                # Whoever is acted as gains nothing by acting as itself.
                targets &= ~way.targets
            if contexts == FALSE or (gain.targets and not targets):
                continue
            # What is gained by changing one need not be said of the next.
            key = (way.sources, gain.gains, gain.capability, contexts, id(way.assumes))
            before = told.get(key, 0)
            told[key] = before | (targets or 1)
            if told[key] != before:
                yield Finding(
                    method,
                    gain.gains,
                    gain.capability,
                    callers.members,
                    held.scope,
                    way.sources,
                    targets,
                    way.taken,
                    contexts,
                    held.within,
                    way.assumes,
                )

    def _gain(
        self,
        key: object,
        members: PrincipalClass,
        kept: Kept,
        would: Callable[[], tuple[Held, Held | None]],
    ) -> list[_Gain]:
        """Return what a class could do that it cannot do now.

        ``would`` gives what it could do, and for whom can let itself do everything, and so take off
        what denies, what it could do then.
        """
        found = self._gains.get(key)
        if found is None:
            found = self._gains[key] = list(self._surplus(members, *would(), kept))
        return found

    def _surplus(
        self, members: PrincipalClass, would: Held, without: Held | None, kept: Kept
    ) -> Iterator[_Gain]:
        ground, d, now = self.ground, self._d, self.ground.held(members)
        administers = self.administers(members, would, kept)
        if administers != FALSE:
            yield _Gain("administrator", "", 0, administers)
        # An administrator becomes everybody in the account: one gain says so.
        always = administers == would.within
        effects = (Effect.MAIL,) if always else (Effect.MAIL, Effect.BECOME)
        most = would if without is None or administers == FALSE else without
        wanted = [method for method in ground.possible(most) if method.effect in effects]
        more: dict[tuple[str, str], Pieces] = {}
        for method in wanted:
            before = ground.pieces(now, method)
            after = ground.pieces(would, method)
            if most is not would:
                pieces = ground.pieces(most, method)
                after = [*after, *((mask, d.both(contexts, administers)) for mask, contexts in pieces)]
            elif after is before:
                continue
            gains = "capability" if method.effect is Effect.MAIL else "principal"
            had = (*before, (~_union(before), FALSE))
            for mask, contexts in after:
                for other, already in had:
                    shared = mask & other
                    new = d.minus(contexts, already) if shared else FALSE
                    if method.effect is Effect.BECOME:
                        new = d.minus(new, administers)
                    if new != FALSE:
                        for capability in method.capabilities or ("",):
                            key = (gains, capability)
                            more[key] = _overlaid(more.get(key, ()), shared, new, d)
        for (gains, capability), parts in more.items():
            merged: dict[int, int] = {}
            for mask, contexts in parts:
                merged[contexts] = merged.get(contexts, 0) | mask
            for contexts, targets in merged.items():
                yield _Gain(gains, capability, targets, contexts)

    def administers(self, members: PrincipalClass, would: Held, kept: Kept) -> int:
        """Return the contexts in which somebody could let itself do everything, without limits of its own.

        Parameters
        ----------
        members : PrincipalClass
            Who.
        would : Held
            What it could do.
        kept : Kept
            Those of its policies that stay.
        """
        scope, principal = would.scope, members.principal
        own = scope.affecting(principal)
        unbound = (
            self._union_of(would, Effect.UNBOUND, own) if principal.boundary is not None else would.within
        )
        taken_off = self._d.all_of(self._removes(would, *removal) for removal in kept.removals)
        return self._d.all_of([unbound, taken_off, self._union_of(would, Effect.EDIT, own)])

    def _removes(self, would: Held, action: str, holders: int) -> int:
        """Return the contexts in which policies that deny can be taken off their holders."""
        (wanted,) = requirements([removal_permissions()[action]], self.ground.asks)
        anywhere = self.ground.shared.anywhere
        return self._d.any_of(anywhere(contexts) for mask, contexts in would.on(wanted) if mask & holders)

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


def _overlaid(pieces: Iterable[tuple[int, int]], mask: int, contexts: int, d: Diagrams) -> Pieces:
    """Return a function of resources that also holds on some of them in some contexts."""
    found: Pieces = []
    for old, before in pieces:
        shared = old & mask
        if shared:
            found.append((shared, d.either(before, contexts)))
            mask &= ~shared
        if old & ~shared:
            found.append((old & ~shared, before))
    if mask:
        found.append((mask, contexts))
    return found


def _at(taken: Taken, targets: int) -> Taken:
    """Return permissions on some of their resources."""
    return tuple((permission, mask & targets) for permission, mask in taken)
