"""What the administrator of an account has: everything that the SCPs over it leave to somebody."""

from __future__ import annotations

from functools import cached_property

from wmiam.catalog import Capability
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.knowledge import Known
from wmiam.engine.layers import Layer, PrincipalClass
from wmiam.engine.resources import Resource, ResourceKind
from wmiam.graph.chains import Chains

__all__ = ["Administrators"]


class Administrators:
    """The administrators of the accounts of an estate.

    Whoever administers an account gives each of its users and roles whatever policies, and acts as
    it.  So what SCPs leave to any of these is within its reach.

    Parameters
    ----------
    chains : Chains
        The chains.
    """

    def __init__(self, chains: Chains) -> None:
        self.chains = chains
        self.whole = chains.access.whole
        self._cells: dict[tuple[str, Resource, int], int] = {}
        self._never: dict[tuple[int, int], Known] = {}
        self._held: dict[tuple[str, str], list[tuple[int, int, int]]] = {}

    @cached_property
    def _universe(self) -> int:
        return self.whole.space.universe(temporary=True, long_term=True)

    def held(self, account: str, capability: Capability | None) -> list[tuple[int, int, int]]:
        """Return the organizations on which an administrator has a capability, as sets of resources.

        Parameters
        ----------
        account : str
            12-digit id.
        capability : Capability or None
            The capability; None for any permission.

        Returns
        -------
        list of (int, int, int)
            Resources of the account, the contexts, and those that can be.
        """
        key = (account, "" if capability is None else capability.name)
        if key not in self._held:
            d = self.whole.space.diagrams
            scope = self.whole.scopes[account]
            of_kind = {r.kind: r for r in scope.resources if r.kind is ResourceKind.NONE}
            merged: dict[int, int] = {}
            for at, resource in enumerate(scope.resources):
                if resource.kind is ResourceKind.ORGANIZATION:
                    about = (resource, scope.resources[at + 1], *of_kind.values())
                    contexts = d.any_of(
                        d.all_of(self._cell(account, about, bit) for bit in bits)
                        for bits in _alternatives(capability)
                    )
                    merged[contexts] = merged.get(contexts, 0) | 1 << at
            self._held[key] = [(mask, when, self._universe) for when, mask in merged.items() if when != FALSE]
        return self._held[key]

    def _cell(self, account: str, about: tuple[Resource, ...], bit: int) -> int:
        """Return the contexts in which SCPs leave an action to somebody of an account."""
        resource = next(r for r in about if r.actions >> bit & 1)
        key = (account, resource, bit)
        if key not in self._cells:
            d, whole = self.whole.space.diagrams, self.whole
            found = FALSE
            for members, layers in self._limits[account]:
                absent = self._absent(members, bit)
                left, denied = self._universe, FALSE
                for layer in layers:
                    allows, denies = whole.layer_contexts(layer, members, resource, 1 << bit, absent)
                    left, denied = d.both(left, allows), d.either(denied, denies)
                found = d.either(found, d.minus(left, denied))
            self._cells[key] = found
        return self._cells[key]

    def _absent(self, members: PrincipalClass, bit: int) -> Known:
        """Return the keys that an action never carries."""
        key = (id(members), bit)
        if key not in self._never:
            self._never[key] = self.whole.absent_keys(members, 1 << bit)
        return self._never[key]

    @cached_property
    def _limits(self) -> dict[str, list[tuple[PrincipalClass, list[Layer]]]]:
        """By account: classes of which each is treated by its SCPs in a way of its own, and these."""
        found: dict[str, dict[object, tuple[PrincipalClass, list[Layer]]]] = {}
        for account in self.chains.administered_accounts:
            people = self.chains.administered(account)
            classes = {id(m): (m, p) for p in people for m in (self.whole.class_of[p.arn],)}
            for members, principal in classes.values():
                layers = [x for x in self.whole.layers_of(principal) if x.kind == "service control policy"]
                key = tuple(members.variants.get(number, 0) for x in layers for number in x.numbers)
                found.setdefault(account, {}).setdefault(key, (members, layers))
        return {account: list(classes.values()) for account, classes in found.items()}


def _alternatives(capability: Capability | None) -> list[list[int]]:
    if capability is None:
        return [[bit] for bit in range(len(ACTIONS.names)) if ACTIONS.organization >> bit & 1]
    return [[ACTIONS.index[action] for action in a.actions] for a in capability.alternatives]
