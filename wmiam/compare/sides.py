"""The two sides of a comparison, and what is known on each of the keys of a request."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from wmiam.access import Access
from wmiam.compare.unread import is_unread, unread_sources
from wmiam.engine.knowledge import (
    ABSENT_KEY,
    NOTHING_KNOWN,
    Known,
    organization_knowledge,
    principal_knowledge,
)
from wmiam.engine.layers import Layer
from wmiam.engine.request import ContextEntry
from wmiam.engine.resources import Resource
from wmiam.engine.space import Dimension, Space
from wmiam.engine.tables import Allowed
from wmiam.engine.whole import PrincipalClass, Whole
from wmiam.estate.estate import Estate
from wmiam.estate.levels import control_levels, is_limited
from wmiam.estate.model import Organization, Policy, Principal

__all__ = ["Side", "pinned"]


class Side:
    """One side of a comparison.

    Parameters
    ----------
    name : str
        ``"before"`` or ``"after"``.
    access : Access
        Its evaluation, over the same request contexts as the other side's.
    """

    def __init__(self, name: str, access: Access) -> None:
        self.name = name
        self.access = access
        self.people: dict[str, Principal] = {p.arn: p for p in self.estate.principals}
        self._organizations = {organization.arn: organization for organization in self.estate.organizations}
        self._scps: dict[str, tuple[Policy, ...]] = {}
        self._known: dict[str, Known] = {}

    @property
    def estate(self) -> Estate:
        """The estate, completed by the other side's organizations."""
        return self.access.estate

    @property
    def whole(self) -> Whole:
        """Its evaluation."""
        return self.access.whole

    @property
    def space(self) -> Space:
        """The request contexts of both sides."""
        return self.whole.space

    # -- resources ----------------------------------------------------------

    def resources(self, account: str) -> list[Resource]:
        """Return the resources of an account, in the order that both sides share."""
        return self.whole.resources.get(account, [])

    @staticmethod
    def cells(members: PrincipalClass) -> Iterator[tuple[int, Allowed]]:
        """Yield what a class is allowed: sets of positions of resources, and of actions with contexts."""
        for mask, cells in members.allowed:
            for kind, actions in members.scope.kinds:
                if mask & kind:
                    own = tuple((a & actions, contexts) for a, contexts in cells if a & actions)
                    if own:
                        yield mask & kind, own

    # -- principals ---------------------------------------------------------

    def members(self, principal: Principal) -> PrincipalClass:
        """Return the class of a principal."""
        return self.whole.class_of[principal.arn]

    def layers(self, principal: Principal) -> dict[str, Layer]:
        """Return what must allow a principal's requests, by what each layer is.

        Boundaries are one layer by whatever policy: replacing one is a change of statements.
        """
        return {
            layer.title if layer.kind == "service control policy" else layer.kind: layer
            for layer in self.whole.layers_of(principal)
        }

    def unread(self, principal: Principal) -> tuple[Policy, ...]:
        """Return the policies that count for a principal and that could not be read, or not all of them."""
        if not self._some_unread:
            return ()
        found = [policy for policy, _ in principal.identity_policies if is_unread(policy)]
        if principal.boundary is not None and is_unread(principal.boundary):
            found.append(principal.boundary)
        if is_limited(principal):
            account = principal.account
            if account not in self._scps:
                levels = control_levels(self.estate.aws_organization, account)
                self._scps[account] = tuple(p for level in levels for p in level.policies if is_unread(p))
            found.extend(self._scps[account])
        return tuple(found)

    @cached_property
    def _some_unread(self) -> bool:
        """Whether anything at all could not be read."""
        parts = self.whole.policies.parts
        return any(unread_sources(part.sources) for part in parts)

    # -- what is known ------------------------------------------------------

    def known(self, principal: Principal) -> Known:
        """Return the keys that a principal decides."""
        return principal_knowledge(principal, self.estate)

    def known_of(self, thing: Resource | Organization) -> Known:
        """Return the keys that a resource or organization decides, as this side describes it."""
        arn = thing.arn
        if arn == "*":
            return NOTHING_KNOWN
        if arn not in self._known:
            self._known[arn] = organization_knowledge(self._organizations[arn], self.estate)
        return self._known[arn]


def pinned(space: Space, dimension: Dimension, entry: ContextEntry) -> int:
    """Return the contexts in which a key has the value that is known of it.

    Parameters
    ----------
    space : Space
        The request contexts.
    dimension : Dimension
        The key.
    entry : ContextEntry
        What is known of it.
    """
    d, absent = space.diagrams, entry is ABSENT_KEY or not entry.values
    if not dimension.multivalued:
        return space.valued(dimension, None if absent else entry.values[0])
    if absent:
        return d.neither(space.presence(dimension))
    members = {dimension.groups[0].class_of(value) for value in entry.values}
    single = d.literal(dimension.single or 0, 2 if len(entry.values) == 1 else 1)
    return d.both(
        single,
        d.all_of(d.literal(v, 2 if i in members else 1) for i, v in enumerate(dimension.variables, 1)),
    )
