"""Who has which capability: all actions of some alternative, allowed in one request context."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wmiam.access.access import Access
from wmiam.catalog import Capability
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE, Diagrams
from wmiam.engine.resources import ResourceKind
from wmiam.engine.tables import Allowed
from wmiam.engine.whole import PrincipalClass
from wmiam.estate.model import Organization

__all__ = ["Holding", "capability_rows", "holdings"]

#: A class, organizations as a set of its resources, the contexts (never empty), and those that can be.
Holding = tuple[PrincipalClass, int, int, int]


def holdings(
    access: Access, capability: Capability, classes: Iterable[PrincipalClass] | None = None
) -> Iterator[Holding]:
    """Yield the contexts in which classes of principals have a capability, by sets of organizations.

    Parameters
    ----------
    access : Access
        Where to look.
    capability : Capability
        An alternative counts where all its actions are allowed in one context.
    classes : iterable of PrincipalClass, optional
        Whom to look at; by default all.
    """
    alternatives = [
        [ACTIONS.index[a] for a in alternative.actions] for alternative in capability.alternatives
    ]
    d = access.whole.space.diagrams
    known: dict[tuple[int, int, int], int] = {}
    for members in access.whole.classes if classes is None else classes:
        if not members.allowed:
            continue
        alike = _organizations(members)
        for mask, within in access.fixed.within(members):
            if within == FALSE:
                continue
            for organizations, parts in alike:
                shared = organizations & mask
                if not shared:
                    continue
                # Equal answers are one object throughout an evaluation, and outlive this loop.
                key = (id(parts[0]), id(parts[1]), id(parts[2]))
                contexts = known.get(key)
                if contexts is None:
                    contexts = known[key] = _contexts(d, alternatives, parts)
                if contexts != FALSE:
                    narrowed = d.both(contexts, within)
                    if narrowed != FALSE:
                        yield members, shared, narrowed, within


_NOTHING: Allowed = ()


def _organizations(members: PrincipalClass) -> list[tuple[int, tuple[Allowed, Allowed, Allowed]]]:
    """Return organizations that are alike, with what is allowed on each, on its messages, and without any."""
    scope = members.scope
    none = scope.kind(ResourceKind.NONE)
    organizations = scope.kind(ResourceKind.ORGANIZATION)
    groups = [*members.allowed, (members.rest, _NOTHING)]
    without = next(cells for mask, cells in groups if mask & none)
    found = []
    for mask, cells in groups:
        here = mask & organizations
        if not here:
            continue
        for other, messages in groups:
            # The messages of an organization stand right behind it.
            both = here & (other >> 1)
            if both and (cells or messages):
                found.append((both, (cells, messages, without)))
    return found


def _contexts(
    d: Diagrams, alternatives: Sequence[Sequence[int]], parts: tuple[Allowed, Allowed, Allowed]
) -> int:
    """Return the contexts in which all actions of some alternative are allowed."""
    kinds = (ACTIONS.organization, ACTIONS.message, ACTIONS.wildcard_only)

    def contexts_of(bit: int) -> int:
        cells = next(cells for cells, kind in zip(parts, kinds, strict=True) if kind >> bit & 1)
        return next((contexts for actions, contexts in cells if actions >> bit & 1), FALSE)

    return d.any_of(d.all_of(contexts_of(bit) for bit in bits) for bits in alternatives)


def capability_rows(
    access: Access, capability: Capability
) -> Iterator[tuple[PrincipalClass, Organization, int, int]]:
    """Yield the contexts in which classes of principals have a capability on an organization.

    Parameters
    ----------
    access : Access
        Where to look.
    capability : Capability
        The capability.

    Yields
    ------
    tuple
        Class, organization, contexts (never empty), contexts that can be.
    """
    for members, organizations, contexts, within in holdings(access, capability):
        for resource in members.scope.members(organizations):
            if resource.organization is not None:
                yield members, resource.organization, contexts, within
