"""Which policies give which actions on which resources, by sets: the ways of many cells at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from wmiam.access.labels import way
from wmiam.engine.diagrams import FALSE
from wmiam.engine.policies import IDLE
from wmiam.engine.resources import ResourceKind
from wmiam.engine.whole import PrincipalClass, Source, Whole
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.policy.model import Effect, UnreadStatement

__all__ = ["Grants", "given_pieces"]


class Grants:
    """What single policies give, each worked out once for all whom it treats alike.

    Parameters
    ----------
    whole : Whole
        The evaluation.
    """

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._of_policy: dict[object, tuple[tuple[int, int], ...]] = {}

    def ways(
        self, principal: Principal, members: PrincipalClass, actions: int, organizations: int
    ) -> Iterator[tuple[int, str]]:
        """Yield sets of organizations with the ways by which some of a set of actions arrives on them.

        Parameters
        ----------
        principal : Principal
            Who.
        members : PrincipalClass
            The principal's class.
        actions : int
            Set of actions; those count that the class is allowed, in some context.
        organizations : int
            Set of resources of the class's account that are organizations.

        Yields
        ------
        tuple of (int, str)
            Disjoint sets that together are all, and words such as
            ``"group HelpDesk › policy help-desk"``, several joined by ``"; "``.
        """
        if principal.kind is PrincipalKind.ROOT:
            yield organizations, "account root user"
            return
        parts: list[tuple[int, dict[str, None]]] = [(organizations, {})]
        for policy, group in principal.identity_policies:
            number = self._whole.policies.number(policy)
            if number == IDLE:
                continue
            given = self._organizations(number, members, actions)
            if not given & organizations:
                continue
            text = way(self._whole.policies.part(policy, group).sources[0])
            parts = [
                (mask, {**texts, text: None} if mask & given else texts)
                for whole, texts in parts
                for mask in (whole & given, whole & ~given)
                if mask
            ]
        for mask, texts in parts:
            yield mask, "; ".join(texts)

    def _organizations(self, number: int, members: PrincipalClass, actions: int) -> int:
        """Return the organizations on which a policy gives some action that the class is allowed."""
        scope, found = members.scope, 0
        for granted, resources in self._granted(number, members):
            wanted = granted & actions
            if not wanted:
                continue
            for mask, cells in members.allowed:
                shared = mask & resources
                if shared:
                    for kind, about in scope.kinds:
                        own = wanted & about
                        if shared & kind and any(allowed & own for allowed, _ in cells):
                            found |= shared & kind
        organizations = found & scope.kind(ResourceKind.ORGANIZATION)
        if found & scope.kind(ResourceKind.NONE):
            return scope.kind(ResourceKind.ORGANIZATION)
        # The messages of an organization stand right behind it.
        return organizations | (found & scope.kind(ResourceKind.MESSAGES)) >> 1

    def _granted(self, number: int, members: PrincipalClass) -> tuple[tuple[int, int], ...]:
        """Return what a policy gives to a class in some context: sets of actions and of resources."""
        account = members.principal.account
        key = (number, members.variants.get(number, 0), account, members.universe)
        found = self._of_policy.get(key)
        if found is None:
            sources = self._whole.policies.parts[number].sources
            pieces = (given_pieces(self._whole, number, source, members) for source in sources)
            found = self._of_policy[key] = tuple(dict.fromkeys(chain.from_iterable(pieces)))
        return found


def given_pieces(
    whole: Whole, number: int, source: Source, members: PrincipalClass
) -> tuple[tuple[int, int], ...]:
    """Return what one statement gives to a class in some context: sets of actions and of resources.

    Parameters
    ----------
    whole : Whole
        The evaluation.
    number : int
        Number of the policy; see :class:`wmiam.engine.policies.Policies`.
    source : Source
        The statement.
    members : PrincipalClass
        Whose requests.
    """
    compiled = source.compiled
    if compiled.effect is Effect.DENY:
        return ()
    if isinstance(compiled.statement, UnreadStatement):
        return ((compiled.actions, members.scope.all),)
    both = whole.space.diagrams.both
    return tuple(
        (actions, resources)
        for actions, resources, allows, _ in whole.pieces(number, compiled, members)
        if both(allows, members.universe) != FALSE
    )
