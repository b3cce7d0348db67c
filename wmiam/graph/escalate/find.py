"""Finds escalations: which callers hold the permissions of which method, for which targets.

Callers that no policy tells apart are looked at once, and targets by sets; a caller is told
from its class only where a method is about itself, its groups or its policies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from wmiam.catalog.escalations import Effect, Method, Permission, escalation_methods
from wmiam.engine.layers import PrincipalClass
from wmiam.engine.resources import ResourceKind
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.graph.assume import AssumeEdge, Assumptions
from wmiam.graph.escalate.asks import Asks
from wmiam.graph.escalate.carry import Carrier, questions
from wmiam.graph.escalate.entities import LISTED, Entities
from wmiam.graph.escalate.evaluation import Evaluation, Grants
from wmiam.graph.escalate.held import Held, Pieces, Shared, kind_of, requirements

__all__ = ["Finder", "Finding"]

#: Roles that IAM Identity Center makes: in IAM they cannot be changed.
_RESERVED = "/aws-reserved/"


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """Callers that can use a method on some targets, all in the same contexts.

    Parameters
    ----------
    method : Method
        The method.
    gains : str
        ``"principal"``, ``"administrator"`` or ``"capability"``.
    capability : str
        Name of the capability gained; else ``""``.
    members : PrincipalClass
        Their class.
    scope : Entities
        The resources of their account.
    sources : tuple of Principal
        The callers.
    targets : int
        What is gained, as a set of resources: principals, organizations; empty for the account.
    permissions : tuple of (Permission, int)
        What it takes, on one type of resource each, with the resources to choose from.
    contexts, within : int
        The contexts in which it can be done, and those that can be.
    assumes : AssumeEdge or None
        How the principal is assumed that is changed before, where it is no other way.
    """

    method: Method
    gains: str
    capability: str
    members: PrincipalClass
    scope: Entities
    sources: tuple[Principal, ...]
    targets: int
    permissions: tuple[tuple[Permission, int], ...]
    contexts: int
    within: int
    assumes: AssumeEdge | None = None


class Finder:
    """Finds the escalations of an estate.

    Parameters
    ----------
    assumptions : Assumptions
        Who can assume which role.
    """

    def __init__(self, assumptions: Assumptions) -> None:
        self.estate = estate = assumptions.estate
        self.assumptions = assumptions
        self.methods = escalation_methods()
        partition = estate.principals[0].arn.split(":")[1] if estate.principals else "aws"
        self.asks = Asks(self.methods, partition)
        kinds: dict[str, int] = dict.fromkeys([*ResourceKind, *LISTED], 0)
        for method in self.methods:
            for bit, kind, _ in requirements((*method.permissions, *method.role_permissions), self.asks):
                kinds[kind] = kinds.get(kind, 0) | 1 << bit
        spaces = {id(o.space): o.space for o in map(assumptions.outcome, assumptions.edges)}
        besides = [usage for space in spaces.values() for usage in questions(space)]
        self.evaluation = Evaluation(estate, self.asks, kinds, besides)
        self.space = self.evaluation.space
        self._d = self.space.diagrams
        self.shared = Shared(self.space)
        self._carriers = {key: Carrier(space, self.space) for key, space in spaces.items()}
        self._held: dict[tuple[str, int, Grants, int], Held] = {}
        self._passable: dict[tuple[str, str], int] = {}
        self._assuming: dict[str, list[AssumeEdge]] = {}
        for edge in assumptions.edges:
            self._assuming.setdefault(edge.source, []).append(edge)

    # -- what callers hold --------------------------------------------------

    def held(self, members: PrincipalClass, grants: Grants | None = None) -> Held:
        """Return what a class is allowed, or would be.

        Parameters
        ----------
        members : PrincipalClass
            The class.
        grants : tuple, optional
            What it would be allowed; by default what it is.
        """
        evaluation = self.evaluation
        own = members.allowed if grants is None else grants
        # What denies differs between classes that are allowed the same.
        key = (members.principal.account, members.universe, own, id(members))
        found = self._held.get(key)
        if found is None:
            scope = evaluation.entities[members.principal.account]
            found = self._held[key] = Held(
                scope, self.space, self.shared, own, members.universe, lambda: evaluation.undenied(members)
            )
        return found

    def pieces(self, held: Held, method: Method) -> Pieces:
        """Return for which targets a method can be used by callers, and in which contexts."""
        found = held.method(method, self.asks, self._usable(held.scope, method))
        if method.unknown and found:
            unknown = self.space.unknown(method.unknown)
            found = [(mask, self._d.both(contexts, unknown)) for mask, contexts in found]
        return found

    def _usable(self, scope: Entities, method: Method) -> int:
        """Return the resources that a method can be used on."""
        key = (scope.account, method.id)
        found = self._passable.get(key)
        if found is None:
            found = self._passable[key] = self._find_usable(scope, method)
        return found

    def _find_usable(self, scope: Entities, method: Method) -> int:
        trusting = self._trusting(method.service) if method.service else None
        found = scope.all
        for role in self.estate.principals:
            bit = scope.index.get(role.arn) if role.is_role else None
            if bit is not None and (
                role.kind is PrincipalKind.SERVICE_LINKED_ROLE
                or (role.path.startswith(_RESERVED) and not method.service)
                or (trusting is not None and role.arn not in trusting)
                or (method.instance_profile and not role.instance_profiles)
                or not self._is_able(role, method)
            ):
                found &= ~(1 << bit)
        return found

    def _trusting(self, service: str) -> set[str]:
        return {edge.target for edge in self._assuming.get(service, ())}

    def _is_able(self, role: Principal, method: Method) -> bool:
        """Whether a role has the permissions that it needs once it is passed."""
        held = self.held(self.evaluation.class_of[role.arn]) if method.role_permissions else None
        return held is None or all(held.on(r) for r in requirements(method.role_permissions, self.asks))

    # -- findings -----------------------------------------------------------

    @cached_property
    def callers(self) -> list[tuple[PrincipalClass, tuple[Principal, ...]]]:
        """Classes with the principals of each; without root users, who hold everything (D8)."""
        found: dict[int, list[Principal]] = {}
        for principal in self.estate.principals:
            if principal.kind is not PrincipalKind.ROOT:
                found.setdefault(id(self.evaluation.class_of[principal.arn]), []).append(principal)
        return [(m, tuple(found[id(m)])) for m in self.evaluation.classes if m.allowed and id(m) in found]

    def findings(self) -> Iterator[Finding]:
        """Yield every escalation, class by class."""
        for members, principals in self.callers:
            if members.principal.kind is PrincipalKind.SERVICE_LINKED_ROLE:
                continue  # only its service acts with it (S4)
            held = self.held(members)
            if not held.scope.index and not held.grants:
                continue
            found = [
                finding
                for method in self.methods
                if (pieces := self.pieces(held, method))
                for finding in self._of_method(method, members, principals, held, pieces)
            ]
            sure = {
                principal
                for finding in found
                if finding.gains == "administrator" and finding.contexts == finding.within
                for principal in finding.sources
            }
            for finding in found:
                if finding.method.effect in (Effect.BECOME, Effect.WEAKEN) and sure:
                    # Who administers the account becomes everybody in it: one edge says so.
                    sources = tuple(p for p in finding.sources if p not in sure)
                    if sources:
                        yield replace(finding, sources=sources)
                else:
                    yield finding

    def _of_method(
        self,
        method: Method,
        members: PrincipalClass,
        principals: tuple[Principal, ...],
        held: Held,
        pieces: Pieces,
    ) -> Iterator[Finding]:
        if method.effect is Effect.EDIT:
            yield from self._edits(method, members, principals, held, pieces)
            return
        if method.effect in (Effect.JOIN, Effect.UNBOUND):
            return
        gains = "principal" if method.effect is Effect.BECOME else "capability"
        for mask, contexts in pieces:
            for capability in method.capabilities or ("",):
                yield Finding(
                    method,
                    gains,
                    capability,
                    members,
                    held.scope,
                    principals,
                    mask,
                    self._taken(held, method, mask),
                    contexts,
                    held.within,
                )

    def _taken(self, held: Held, method: Method, targets: int) -> tuple[tuple[Permission, int], ...]:
        """Return a method's permissions, each with the resources that it is held on."""
        only = self._usable(held.scope, method)
        return tuple(
            (
                replace(permission, on=(on,)),
                targets if kind_of(on) == kind_of(method.target) else held.scope.kind(kind_of(on)) & only,
            )
            for permission in method.permissions
            for on in permission.on
        )

    # -- changing what principals are allowed ---------------------------------

    def _edits(
        self,
        method: Method,
        members: PrincipalClass,
        principals: tuple[Principal, ...],
        held: Held,
        pieces: Pieces,
    ) -> Iterator[Finding]:
        """Yield what comes of changing the policies of oneself, and of principals that one can become."""
        for mask, contexts in pieces:
            own: dict[int, list[Principal]] = {}
            for principal in principals:
                mine = mask & held.scope.affecting(principal)
                if mine:
                    own.setdefault(mine, []).append(principal)
            for mine, sources in own.items():
                taken = self._taken(held, method, mine)
                template = Finding(
                    method,
                    "administrator",
                    "",
                    members,
                    held.scope,
                    tuple(sources),
                    0,
                    taken,
                    contexts,
                    held.within,
                )
                yield from self._allowed_everything(template, members)

    def _allowed_everything(self, template: Finding, changed: PrincipalClass) -> Iterator[Finding]:
        """Yield what somebody gains who acts as a principal whose policies allow everything."""
        if changed.principal.boundary is None:
            yield template
