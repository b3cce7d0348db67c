"""What changed, by pairs of classes: principals that were alike before and are alike after.

Nothing here looks at single cells.  A pair whose two tables are equal is done;
of the others, sets of actions on sets of resources are compared at once.

What is compared.  A cell's contexts are those that the principal can have and in
which it is allowed.  What it can have may itself differ: a role that identity
providers may assume from now on also has sessions without MFA keys; callers who
may set session tags choose ``aws:PrincipalTag`` for themselves.  Requests that
are allowed on one side only count as gained or lost, also where the other side
could not have them at all, with one exception: where the answer depends in no
way on the keys by which the possible requests differ, nothing has changed.  So
a role that was always allowed and becomes federated is not reported, and one
that was allowed with MFA and may now go without is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from wmiam.bits import bits_of
from wmiam.compare.sides import Side, pinned
from wmiam.compare.unread import Renaming, unread_sources, unread_variables
from wmiam.engine.diagrams import FALSE, Diagrams
from wmiam.engine.knowledge import NOTHING_KNOWN, Known
from wmiam.engine.resources import Resource
from wmiam.engine.space import MFA_AGE, MFA_PRESENT
from wmiam.engine.whole import PrincipalClass
from wmiam.estate.model import Principal

__all__ = ["Delta", "Pair", "Possible", "pair_up"]

_Table = dict[frozenset[tuple[int, int]], int]


@dataclass(frozen=True, slots=True)
class Possible:
    """The requests that a principal can make on each side about one resource.

    Parameters
    ----------
    before, after : int
        The contexts of each side; for a principal of one side alone that side's for both.
    keys : frozenset of int
        The variables by which they differ; empty where they are the same.
    """

    before: int
    after: int
    keys: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Delta:
    """Actions on resources whose allowing contexts changed, in the same way.

    Parameters
    ----------
    resources, actions : int
        Sets: positions among the account's resources, and actions.
    before, after : int
        The contexts in which they are allowed on each side.
    possible : Possible
        The contexts that can be.
    gained, lost : int
        The contexts in which they are allowed on one side only.
    """

    resources: int
    actions: int
    before: int
    after: int
    possible: Possible
    gained: int
    lost: int


class Pair:
    """A class of principals before and one after, with the principals that are in both.

    Parameters
    ----------
    openness : Openness
        The sides, and which keys only one of them knows.
    old, new : Principal or None
        One of the principals, as it is on each side; None where it is on one side alone.
    """

    def __init__(self, openness: Openness, old: Principal | None, new: Principal | None) -> None:
        self.before, self.after = openness.before, openness.after
        self.old, self.new = old, new
        self._openness = openness
        self.people: list[tuple[Principal | None, Principal | None]] = []
        self._deltas: tuple[Delta, ...] | None = None
        self._renaming: Renaming | None = None

    @property
    def principal(self) -> Principal:
        """One of the principals, as it is after the change where it is there."""
        found = self.new or self.old
        assert found is not None  # noqa: S101 - a pair has at least one side
        return found

    @property
    def account(self) -> str:
        """Account of all of them."""
        return self.principal.account

    @property
    def classes(self) -> tuple[PrincipalClass | None, PrincipalClass | None]:
        """The two classes."""
        return (
            self.before.members(self.old) if self.old is not None else None,
            self.after.members(self.new) if self.new is not None else None,
        )

    @property
    def resources(self) -> list[Resource]:
        """The account's resources, in the order that both sides share."""
        return (self.after if self.new is not None else self.before).resources(self.account)

    @property
    def renaming(self) -> Renaming:
        """The unknowns that stand for something else on each side."""
        if self._renaming is None:
            found = []
            for side, principal in ((self.before, self.old), (self.after, self.new)):
                layers = side.layers(principal).values() if principal is not None else ()
                unread = unread_sources(source for layer in layers for source in layer.sources)
                found.append(unread_variables(side.whole, unread))
            self._renaming = Renaming(self.after.space, *found)
        return self._renaming

    @property
    def deltas(self) -> tuple[Delta, ...]:
        """What changed for them; empty where nothing did."""
        if self._deltas is None:
            self._deltas = tuple(self._compare())
        return self._deltas

    def _compare(self) -> Iterator[Delta]:
        unread = self._any_unread
        if self._is_same and not unread:
            return
        left, right = self._tables()
        if left == right and not unread:
            return
        merged: dict[tuple[int, int, Possible], dict[int, int]] = {}
        for resources, actions, old, new in _differences(left, right):
            old, new = self.renaming.on("before", old), self.renaming.on("after", new)
            if old == new:
                continue
            for mask, possible in self._possible(resources):
                key = (old, new, possible)
                by_resources = merged.setdefault(key, {})
                by_resources[mask] = by_resources.get(mask, 0) | actions
        d = self.after.space.diagrams
        for (old, new, possible), found in merged.items():
            before, after = d.both(old, possible.before), d.both(new, possible.after)
            if before == after or (possible.keys and _independent(d, before, after, possible)):
                continue
            gained, lost = d.minus(after, before), d.minus(before, after)
            for mask, actions in found.items():
                yield Delta(mask, actions, before, after, possible, gained, lost)

    @property
    def _any_unread(self) -> bool:
        """Whether equal answers may hide a change: what could not be read is not known to be the same."""
        return bool(
            (self.old is not None and self.before.unread(self.old))
            and (self.new is not None and self.after.unread(self.new))
            and self.renaming.apart
        )

    def _tables(self) -> tuple[_Table, _Table]:
        """Return what each side allows: sets of actions with their contexts, and on which resources."""
        everything = (1 << len(self.resources)) - 1
        tables = []
        for members in self.classes:
            table: _Table = {}
            rest = everything
            for mask, allowed in Side.cells(members) if members is not None else ():
                cells = frozenset(allowed)
                table[cells] = table.get(cells, 0) | mask
                rest &= ~mask
            if rest:
                table[frozenset()] = table.get(frozenset(), 0) | rest
            tables.append(table)
        return tables[0], tables[1]

    @property
    def _is_same(self) -> bool:
        """Whether both classes are allowed just the same; a quick look that may say no where it is."""
        old, new = self.classes
        return old is not None and new is not None and set(old.allowed) == set(new.allowed)

    # -- what can be --------------------------------------------------------

    def _possible(self, resources: int) -> Iterator[tuple[int, Possible]]:
        """Yield the resources of a set with the requests that can be made about them."""
        if self._is_uniform:
            yield resources, self._possible_on(0)
            return
        found: dict[Possible, int] = {}
        for position in bits_of(resources):
            possible = self._possible_on(position)
            found[possible] = found.get(possible, 0) | 1 << position
        for possible, mask in found.items():
            yield mask, possible

    def _possible_on(self, position: int) -> Possible:
        before, after = self.classes
        if before is None or after is None:
            within = self._within[0 if after is None else 1]
            only = next(contexts for mask, contexts in within if mask >> position & 1)
            return Possible(only, only)
        left, right = (
            next(contexts for mask, contexts in within if mask >> position & 1) for within in self._within
        )
        resource = self.resources[position]
        keys: set[int] = set()
        space = self.after.space
        if before.universe != after.universe:
            for key in (MFA_PRESENT, MFA_AGE):
                dimension = space.dimensions.get(key)
                keys.update(dimension.variables if dimension is not None else ())
        for key in self._one_sided | self._openness.of(resource):
            dimension = space.dimensions[key]
            old = self._own[0].get(key) or self.before.known_of(resource).get(key)
            new = self._own[1].get(key) or self.after.known_of(resource).get(key)
            if (old is None) == (new is None):
                continue
            keys.update(dimension.variables)
            keys.update([dimension.single] if dimension.single is not None else [])
            left = space.diagrams.both(left, pinned(space, dimension, old)) if old is not None else left
            right = space.diagrams.both(right, pinned(space, dimension, new)) if new is not None else right
        return Possible(left, right, frozenset(keys))

    @cached_property
    def _within(self) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
        """The contexts that each class can have: sets of resources with theirs."""
        old, new = (
            side.access.fixed.within(members) if members is not None else ()
            for side, members in zip((self.before, self.after), self.classes, strict=True)
        )
        return old, new

    @cached_property
    def _is_uniform(self) -> bool:
        """Whether the same requests can be made about every resource: no key of one is given or one-sided."""
        if self.before.access.context or self.after.access.context:
            return False
        if self.old is None or self.new is None:
            return True
        return not self._one_sided and not any(self._openness.of(r) for r in self.resources)

    @cached_property
    def _own(self) -> tuple[Known, Known]:
        return (
            self.before.known(self.old) if self.old is not None else NOTHING_KNOWN,
            self.after.known(self.new) if self.new is not None else NOTHING_KNOWN,
        )

    @cached_property
    def _one_sided(self) -> frozenset[str]:
        """The keys that the principals decide on one side only."""
        return self._openness.between(*self._own)


class Openness:
    """Which keys are known on one side and open on the other.

    Parameters
    ----------
    before, after : Side
        The sides.
    """

    def __init__(self, before: Side, after: Side) -> None:
        self.before, self.after = before, after
        self._of: dict[str, frozenset[str]] = {}

    def of(self, resource: Resource) -> frozenset[str]:
        """Return the keys that a resource decides on one side only."""
        if resource.arn not in self._of:
            known = self.before.known_of(resource), self.after.known_of(resource)
            self._of[resource.arn] = self.between(*known)
        return self._of[resource.arn]

    def between(self, before: Known, after: Known) -> frozenset[str]:
        """Return the keys that only one of two sides knows."""
        keys = self.after.space.dimensions
        return frozenset(k for k in keys if (before.get(k) is None) != (after.get(k) is None))


def _independent(d: Diagrams, before: int, after: int, possible: Possible) -> bool:
    """Whether the answer is the same but for requests that only one side can have, whatever their keys."""
    core, other = before, after
    for variable in possible.keys:
        core, other = d.without(core, variable), d.without(other, variable)
    return core == other and d.both(core, possible.before) == before and d.both(core, possible.after) == after


def _differences(left: _Table, right: _Table) -> Iterator[tuple[int, int, int, int]]:
    """Yield resources, actions, and the contexts of each side, for all that is allowed on either side."""
    for old, old_mask in left.items():
        for new, new_mask in right.items():
            resources = old_mask & new_mask
            if not resources:
                continue
            covered = 0
            for actions, contexts in old:
                rest = actions
                covered |= actions
                for others, other_contexts in new:
                    if rest & others:
                        yield resources, rest & others, contexts, other_contexts
                        rest &= ~others
                if rest:
                    yield resources, rest, contexts, FALSE
            for others, other_contexts in new:
                if others & ~covered:
                    yield resources, others & ~covered, FALSE, other_contexts


def pair_up(before: Side, after: Side) -> list[Pair]:
    """Return the pairs of classes of two sides, each with its principals in order.

    Parameters
    ----------
    before, after : Side
        The sides.
    """
    found: dict[object, Pair] = {}
    openness = Openness(before, after)
    for arn in sorted(before.people.keys() | after.people.keys()):
        old, new = before.people.get(arn), after.people.get(arn)
        key = (
            id(before.members(old)) if old is not None else 0,
            id(after.members(new)) if new is not None else 0,
            tuple(id(p) for p in before.unread(old)) if old is not None else (),
            tuple(id(p) for p in after.unread(new)) if new is not None else (),
        )
        pair = found.get(key)
        if pair is None:
            pair = found[key] = Pair(openness, old, new)
        pair.people.append((old, new))
    return list(found.values())
