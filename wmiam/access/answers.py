"""What a class of principals is answered, resource by resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from wmiam.bits import bits_of
from wmiam.conditions.decision import decision_of
from wmiam.engine.diagrams import FALSE
from wmiam.engine.knowledge import ABSENT_KEY
from wmiam.engine.request import ContextEntry
from wmiam.engine.resources import Resource
from wmiam.engine.space import Dimension, Space
from wmiam.engine.whole import PrincipalClass

__all__ = ["Answer", "Fixed", "answers"]


class Answer(NamedTuple):
    """Actions on one resource that are answered alike.

    Parameters
    ----------
    resource : Resource
        The resource.
    actions : int
        Set of actions.
    decision : str
        ``"allowed"``, ``"conditional"`` or ``"denied"``.
    contexts, within : int
        The contexts in which they are allowed, and those that can be.
    """

    resource: Resource
    actions: int
    decision: str
    contexts: int
    within: int


class Fixed:
    """Context keys that are fixed; see :meth:`wmiam.access.Access.given`.

    Parameters
    ----------
    values : mapping of str to tuple
        The values that each canonical key may have; None is an absent key.
    space : Space
        The estate's contexts.
    """

    def __init__(self, values: Mapping[str, tuple[str | None, ...]], space: Space) -> None:
        self._values = dict(values)
        self._keys = tuple(self._values)
        self._space = space
        d = space.diagrams
        #: The contexts that have such values, as far as the estate's conditions ask for the keys.
        self.contexts = d.all_of(
            d.any_of(_equal(space, dimension, value) for value in wanted)
            for key, wanted in self._values.items()
            if (dimension := space.dimensions.get(key)) is not None
        )

    def within(self, members: PrincipalClass) -> tuple[tuple[int, int], ...]:
        """Return the contexts that a class of principals can have.

        Parameters
        ----------
        members : PrincipalClass
            Whose requests.

        Returns
        -------
        tuple of (int, int)
            Disjoint sets of resources that together are all, each with its contexts: a region that
            an organization is not in leaves none.
        """
        scope = members.scope
        if not self._values:
            return ((scope.all, members.universe),)
        possible = self._space.diagrams.both(members.universe, self.contexts)
        own = tuple(members.known.get(key) for key in self._keys)
        if not self._agree(own):
            return ((scope.all, FALSE),)
        return tuple(
            (mask, possible if self._agree(bound) else FALSE) for mask, bound in scope.parted(self._keys)
        )

    def _agree(self, bound: tuple[ContextEntry | None, ...]) -> bool:
        """Whether what is known of the keys is among the values that are fixed."""
        for entry, values in zip(bound, self._values.values(), strict=True):
            if entry is ABSENT_KEY:
                if None not in values:
                    return False
            elif entry is not None and not set(entry.values) & set(values):
                return False
        return True


def _equal(space: Space, dimension: Dimension, value: str | None) -> int:
    if not dimension.multivalued:
        return space.valued(dimension, value)
    d = space.diagrams
    if value is None:
        return d.neither(space.presence(dimension))
    return d.literal(dimension.variables[dimension.groups[0].class_of(value) - 1], 2)


def answers(
    members: PrincipalClass, fixed: Fixed, space: Space, chosen: int, bits: int, *, denied: bool
) -> Iterator[Answer]:
    """Yield what a class is answered, in the order of its resources.

    Parameters
    ----------
    members : PrincipalClass
        The class.
    fixed : Fixed
        Context keys that are fixed.
    space : Space
        The estate's contexts.
    chosen : int
        Set of resources to answer for.
    bits : int
        Set of actions to answer for.
    denied : bool
        Whether to yield what is denied, too.
    """
    scope = members.scope
    found: dict[int, list[tuple[int, str, int, int]]] = {}
    for mask, within in fixed.within(members):
        parts = (*members.allowed, (members.rest, ())) if denied else members.allowed
        for other, allowed in parts:
            shared = mask & other & chosen
            if not shared:
                continue
            rows = _decided(allowed, bits, within, space, denied)
            if rows:
                for index in bits_of(shared):
                    found[index] = rows
    for index in sorted(found):
        resource = scope.resources[index]
        for actions, decision, contexts, within in found[index]:
            if actions & resource.actions:
                yield Answer(resource, actions & resource.actions, decision, contexts, within)


def _decided(
    allowed: tuple[tuple[int, int], ...], bits: int, within: int, space: Space, denied: bool
) -> list[tuple[int, str, int, int]]:
    rows: list[tuple[int, str, int, int]] = []
    left = bits
    for actions, contexts in allowed:
        wanted = actions & bits
        if not wanted:
            continue
        narrowed = space.diagrams.both(contexts, within)
        if narrowed != FALSE:
            left &= ~wanted
            rows.append((wanted, decision_of(narrowed, within), narrowed, within))
    if denied and left:
        rows.append((left, "denied", FALSE, within))
    return rows
