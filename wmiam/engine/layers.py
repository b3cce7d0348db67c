"""What counts for a principal: its policies in layers, and principals that no policy tells apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from wmiam.engine.compile import Compiled
from wmiam.engine.diagrams import TRUE
from wmiam.engine.knowledge import Known, principal_knowledge
from wmiam.engine.resources import Resource
from wmiam.engine.scope import Scope
from wmiam.engine.tables import Allowed
from wmiam.estate.estate import Estate
from wmiam.estate.model import Group, Policy, Principal
from wmiam.policy.model import Effect

__all__ = ["Cell", "Layer", "Part", "PrincipalClass", "Source", "credentials", "used_parts"]


@dataclass(frozen=True, slots=True)
class Source:
    """A compiled statement and the policy that it comes from.

    Parameters
    ----------
    policy : Policy
        The policy.
    compiled : Compiled
        The statement.
    group : Group or None
        The group through which a user has it.
    """

    policy: Policy
    compiled: Compiled
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The statements of one policy, evaluated once for all who have it.

    Parameters
    ----------
    sources : tuple of Source
        Its statements that touch WorkMail.
    reads : tuple of str
        Canonical keys that they depend on.
    """

    sources: tuple[Source, ...]
    reads: tuple[str, ...]

    @classmethod
    def of(cls, sources: tuple[Source, ...]) -> Part:
        """Return the part of some statements of one policy."""
        return cls(sources, tuple(sorted({k for source in sources for k in source.compiled.reads})))


@dataclass(frozen=True, slots=True)
class Layer:
    """Policies of which at least one must allow: one kind of policy, or one level of SCPs.

    Parameters
    ----------
    kind, title : str
        ``"identity"``, ``"permissions boundary"`` or ``"service control policy"``, and a heading.
    parts : tuple of Part
        The policies; one that arrives by several ways stands several times.
    unconditional : bool
        Whether the layer allows everything beforehand (the root user's identity, D8).
    unlisted : str
        Why nothing is known of the layer; else ``""``.
    numbers : tuple of int
        Numbers of the distinct policies, sorted; see :class:`~wmiam.engine.policies.Policies`.
    """

    kind: str
    title: str
    parts: tuple[Part, ...]
    unconditional: bool = False
    unlisted: str = ""
    numbers: tuple[int, ...] = ()

    @property
    def sources(self) -> Iterator[Source]:
        """Every statement of every policy."""
        for part in self.parts:
            yield from part.sources


@dataclass(frozen=True, slots=True)
class Cell:
    """Actions on one resource that are allowed in the same contexts.

    Parameters
    ----------
    resource : Resource
        The resource.
    actions : int
        Set of actions.
    contexts : int
        The contexts in which they are allowed; never empty.
    """

    resource: Resource
    actions: int
    contexts: int


class PrincipalClass:
    """Principals that no policy tells apart.

    Parameters
    ----------
    principal : Principal
        One of them.
    scope : Scope
        The resources of their account.
    estate : Estate
        For what is known of their requests.
    identity : tuple of int
        Numbers of their identity-based policies, sorted.
    variants : dict of int to int
        How their attributes settle each policy that reads them, by its number.

    Attributes
    ----------
    universe : int
        The contexts that they can have.
    allowed : tuple of (int, tuple of (int, int))
        Disjoint sets of resources, and what is allowed on each of them: sets of actions
        (those of every kind of resource) with their contexts; what is missing is denied.
    """

    __slots__ = ("__dict__", "allowed", "estate", "identity", "principal", "scope", "universe", "variants")

    def __init__(
        self,
        principal: Principal,
        scope: Scope,
        estate: Estate,
        identity: tuple[int, ...],
        variants: dict[int, int],
    ) -> None:
        self.principal = principal
        self.scope = scope
        self.estate = estate
        self.identity = identity
        self.variants = variants
        self.universe = TRUE
        self.allowed: tuple[tuple[int, Allowed], ...] = ()

    @cached_property
    def known(self) -> Known:
        """What is known of their requests."""
        return principal_knowledge(self.principal, self.estate)

    @cached_property
    def groups(self) -> list[tuple[tuple[Resource, ...], Allowed]]:
        """Resources of one kind that nothing tells apart, and what is allowed on each of them."""
        found = []
        for mask, cells in self.allowed:
            for kind, actions in self.scope.kinds:
                resources = mask & kind
                if resources:
                    own = tuple((a & actions, contexts) for a, contexts in cells if a & actions)
                    if own:
                        found.append((tuple(self.scope.members(resources)), own))
        return found

    @property
    def rest(self) -> int:
        """The resources on which nothing is allowed, as a set."""
        left = self.scope.all
        for mask, _ in self.allowed:
            left &= ~mask
        return left

    @property
    def cells(self) -> Iterator[Cell]:
        """What they are allowed, resource by resource."""
        for resources, allowed in self.groups:
            for resource in resources:
                for actions, contexts in allowed:
                    yield Cell(resource, actions, contexts)

    def table(self) -> dict[Resource, Allowed]:
        """Return what is allowed on each resource: sets of actions with their contexts."""
        return {resource: allowed for resources, allowed in self.groups for resource in resources}


def used_parts(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the policies that have statements on WorkMail."""
    return tuple(part for part in parts if part.sources)


def credentials(principal: Principal) -> tuple[bool, bool]:
    """Whether a principal can have credentials with the MFA keys, and without them (C10).

    Long-term access keys carry none, and neither do sessions of federated identities.
    """
    return True, not principal.is_role or _is_federated(principal)


def _is_federated(role: Principal) -> bool:
    """Whether identity providers may assume a role; so, too, where its trust policy cannot be read."""
    document = role.trust.document if role.trust is not None else None
    if document is None or document.unread:
        return True
    return any(
        statement.effect is Effect.ALLOW
        and (
            statement.principal is None
            or bool(statement.principal.federated)
            or "*" in statement.principal.aws
        )
        for statement in document.statements
    )
