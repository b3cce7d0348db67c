"""What callers that are alike hold of a method's permissions, all under one request context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from wmiam.catalog.escalations import Method, Permission
from wmiam.catalog.model import key_matches
from wmiam.engine.diagrams import FALSE
from wmiam.engine.domains import Test
from wmiam.engine.resources import ResourceKind
from wmiam.engine.space import Space
from wmiam.graph.escalate.asks import Asks
from wmiam.graph.escalate.entities import Entities
from wmiam.graph.escalate.evaluation import Grants

__all__ = ["Held", "Pieces", "Requirement", "Shared", "kind_of", "requirements"]

#: Disjoint sets of resources, each with contexts that are not empty.
Pieces = list[tuple[int, int]]
#: A permission on one type of resource: the position of its request, the type, and ``limits_only``.
Requirement = tuple[int, str, bool]

_KINDS = {"*": ResourceKind.NONE, "organization": ResourceKind.ORGANIZATION, "message": ResourceKind.MESSAGES}
_REGION = "aws:requestedregion"


def kind_of(on: str) -> str:
    """Return the kind of resource that a method names."""
    return _KINDS.get(on, on)


def requirements(permissions: Iterable[Permission], asks: Asks) -> list[Requirement]:
    """Return what permissions ask for, one item for each type of resource."""
    return [(asks.bit(p), kind_of(on), p.limits_only) for p in permissions for on in p.on]


class Shared:
    """Which context keys the requests of one caller share, and which each request has for itself.

    Credentials, network, time and the rest of the global keys are the caller's.  Keys of single
    services and request tags belong to one request, and the region is the caller's to choose: a
    set of contexts is widened to whatever these may be.

    Parameters
    ----------
    space : Space
        Where the contexts live.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._of_request = {
            variable
            for key, dimension in space.dimensions.items()
            if not _is_shared(key)
            for variable in (*dimension.variables, *(() if dimension.single is None else (dimension.single,)))
        }
        region = space.dimensions[_REGION]
        self._region = list(region.variables)
        self._regions: dict[str, int] = {}
        self._widened: dict[int, int] = {}
        self._anywhere: dict[int, int] = {}

    def request(self, contexts: int) -> int:
        """Return what contexts the other requests of the caller may have."""
        found = self._widened.get(contexts)
        if found is None:
            found = self._widened[contexts] = self._without(contexts, self._of_request)
        return found

    def anywhere(self, contexts: int) -> int:
        """Return contexts whatever the region."""
        found = self._anywhere.get(contexts)
        if found is None:
            found = self._anywhere[contexts] = self._without(contexts, self._region)
        return found

    def _without(self, contexts: int, variables: Iterable[int]) -> int:
        d = self._space.diagrams
        support = set(d.support(contexts))
        for variable in variables:
            if variable in support:
                contexts = d.without(contexts, variable)
        return contexts

    def region(self, name: str) -> int:
        """Return the contexts in a region."""
        found = self._regions.get(name)
        if found is None:
            d, dimension = self._space.diagrams, self._space.dimensions[_REGION]
            test = Test("StringEquals", (name,))
            found = self._regions[name] = d.all_of(
                d.literal(variable, group.true[test])
                for group, variable in zip(dimension.groups, dimension.variables, strict=True)
                if test in group.true
            )
        return found

    @property
    def region_variables(self) -> tuple[int, ...]:
        """The variables of the region."""
        return tuple(self._region)

    def is_shared(self, variable: int) -> bool:
        """Whether a variable is the same for all requests of the caller."""
        return variable not in self._of_request and variable not in self._region


def _is_shared(key: str) -> bool:
    if key.startswith("aws:"):
        return not key_matches("aws:RequestTag/${TagKey}", key) and key != "aws:tagkeys"
    return key.startswith(("saml:", "ec2:sourceinstancearn", "ec2:roledelivery"))


class Held:
    """What callers that are alike are allowed.

    Parameters
    ----------
    scope : Entities
        The resources of their account.
    space : Space
        The request contexts.
    shared : Shared
        Which keys requests share.
    grants : tuple
        What they are allowed.
    universe : int
        The contexts that they can have.
    undenied : callable
        Gives what a resource-based policy could grant them.
    common : dict
        By method: what was found for whoever is allowed the same.

    Attributes
    ----------
    pieces : dict
        By method: what was found for these callers.
    """

    def __init__(
        self,
        scope: Entities,
        space: Space,
        shared: Shared,
        grants: Grants,
        universe: int,
        undenied: Callable[[], Grants],
        common: dict[str, Pieces],
    ) -> None:
        self.scope = scope
        self.grants = grants
        self.within = shared.anywhere(shared.request(universe))
        self._d = space.diagrams
        self._shared = shared
        self._undenied = undenied
        self._allowed: dict[tuple[int, bool], Pieces] = {}
        self.common = common
        self.pieces: dict[str, Pieces] = {}
        #: The requests that are allowed at all.
        self.asks = 0
        for _, cells in grants:
            for actions, _ in cells:
                self.asks |= actions

    def allowed(self, bit: int, *, limits_only: bool = False) -> Pieces:
        """Return on which resources a request is allowed, and in which contexts.

        Parameters
        ----------
        bit : int
            Position of the request.
        limits_only : bool
            Whether it is enough that nothing denies it.
        """
        key = (bit, limits_only)
        found = self._allowed.get(key)
        if found is None:
            found = self._allowed[key] = [
                (mask, contexts)
                for mask, cells in (self._undenied() if limits_only else self.grants)
                for actions, contexts in cells
                if actions >> bit & 1
            ]
        return found

    def on(self, requirement: Requirement) -> Pieces:
        """Return on which resources of its type a permission is held; private keys may be anything."""
        bit, kind, limits_only = requirement
        of_kind = self.scope.kind(kind)
        merged: dict[int, int] = {}
        for mask, contexts in self.allowed(bit, limits_only=limits_only):
            if mask & of_kind:
                widened = self._shared.request(contexts)
                merged[widened] = merged.get(widened, 0) | (mask & of_kind)
        return [(mask, contexts) for contexts, mask in merged.items()]

    def meet(self, left: Pieces, right: Pieces) -> Pieces:
        """Return where both of two functions hold."""
        merged: dict[int, int] = {}
        for mask, contexts in left:
            for other, more in right:
                shared = mask & other
                if shared:
                    both = self._d.both(contexts, more)
                    if both != FALSE:
                        merged[both] = merged.get(both, 0) | shared
        return [(mask, contexts) for contexts, mask in merged.items()]

    def somewhere(self, pieces: Pieces) -> int:
        """Return the contexts in which a function holds for some resource, in that resource's region."""
        return self._d.any_of(contexts for _, contexts in self._placed(pieces))

    def _placed(self, pieces: Pieces) -> Pieces:
        found: Pieces = []
        for mask, contexts in pieces:
            rest = mask
            for region, placed in self.scope.regions.items():
                if mask & placed:
                    here = self._d.both(contexts, self._shared.region(region))
                    if here != FALSE:
                        found.append((mask & placed, here))
                    rest &= ~placed
            if rest:
                found.append((rest, contexts))
        return found

    def method(self, method: Method, wanted: Sequence[Requirement], only: Pieces) -> Pieces:
        """Return for which targets a method can be used, and in which contexts.

        Parameters
        ----------
        method : Method
            The method.
        wanted : sequence of Requirement
            What it takes.
        only : list of (int, int)
            The roles that can be passed usefully, where one is passed, and when; and every other resource.
        """
        by_kind: dict[str, Pieces] = {}
        target = kind_of(method.target)
        by_kind[target] = [(self.scope.kind(target), self.within)]
        for requirement in wanted:
            kind = requirement[1]
            held = self.on(requirement)
            if kind == ResourceKind.MESSAGES:
                # The messages of an organization stand right behind it.
                kind, held = target, [(mask >> 1, contexts) for mask, contexts in held]
            if kind == "role":
                held = self.meet(held, only)
            before = by_kind.get(kind)
            by_kind[kind] = held if before is None else self.meet(before, held)
            if not by_kind[kind]:
                return []
        if method.service and target == "role":
            by_kind[target] = self.meet(by_kind[target], only)
        contexts = self._d.all_of(self.somewhere(p) for kind, p in by_kind.items() if kind != target)
        merged: dict[int, int] = {}
        for mask, own in self._placed(by_kind[target]):
            both = self._shared.anywhere(self._d.both(own, contexts))
            if both != FALSE:
                merged[both] = merged.get(both, 0) | mask
        return [(mask, contexts) for contexts, mask in merged.items()]
