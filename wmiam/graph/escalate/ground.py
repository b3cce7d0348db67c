"""What escalations are found on: the estate evaluated for the requests of every method.

Callers that no policy tells apart are looked at once, and targets by sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from wmiam.bits import bits_of
from wmiam.catalog.escalations import Method, Permission, escalation_methods, removal_permissions
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.layers import PrincipalClass
from wmiam.engine.resources import ResourceKind
from wmiam.engine.unknowns import trusts_service, unread_trust
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.graph.assume import AssumeEdge, Assumptions
from wmiam.graph.escalate.asks import Asks
from wmiam.graph.escalate.carry import Carrier, questions
from wmiam.graph.escalate.entities import LISTED, Entities
from wmiam.graph.escalate.evaluation import Evaluation, Grants
from wmiam.graph.escalate.held import Held, Pieces, Requirement, Shared, kind_of, requirements
from wmiam.policy.model import Effect as Denial

__all__ = ["UNREAD_POLICY", "Finding", "Ground"]

#: Id, in place of a method's, of what an unread policy may allow.
UNREAD_POLICY = "unread-policy"

#: Roles that IAM Identity Center makes: in IAM they cannot be changed.
_RESERVED = "/aws-reserved/"


def _has_unread_trust(role: Principal) -> bool:
    """Whether a trust policy may let somebody assume a role whom it does not name where it can be read."""
    if role.trust is None:
        return False
    document = role.trust.document
    return document is None or any(statement.effect is not Denial.DENY for statement in document.unread)


#: Sorts of roles that make a difference.
_SORTS: dict[str, Callable[[Principal], bool]] = {
    "service-linked": lambda role: role.kind is PrincipalKind.SERVICE_LINKED_ROLE,
    "reserved": lambda role: role.path.startswith(_RESERVED),
    "in a profile": lambda role: bool(role.instance_profiles),
    "of unread trust": _has_unread_trust,
}


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
        How the role is assumed that is changed before, where it is assumed.
    held : Held or None
        What the callers hold if policies of theirs that cannot be read allow it, where it takes that.
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
    held: Held | None = None

    @property
    def is_sure(self) -> bool:
        """Whether the callers can administer their account, whatever the context."""
        return self.gains == "administrator" and self.contexts == self.within

    @property
    def id(self) -> str:
        """Stable id of the method; of what an unread policy may allow, the method is an example."""
        return self.method.id if self.held is None else UNREAD_POLICY

    @property
    def title(self) -> str:
        """Heading of the method."""
        return self.method.title if self.held is None else "Whatever a policy allows that cannot be read"

    @property
    def is_about_mail(self) -> bool:
        """Whether it takes permissions on WorkMail alone."""
        return all(action.startswith(("workmail:", "workmailmessageflow:")) for action in self.method.actions)


class Ground:
    """An estate evaluated for the requests that methods take.

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
        #: By method: what it takes, and the set of requests that must be allowed.
        self._wanted: dict[str, tuple[list[Requirement], int]] = {}
        for bit, kind, _ in requirements(removal_permissions().values(), self.asks):
            kinds[kind] |= 1 << bit
        #: By method: its permissions on one type of resource each; with the type if not the target's.
        self._single: dict[str, list[tuple[Permission, str | None]]] = {}
        for method in self.methods:
            target = kind_of(method.target)
            self._single[method.id] = [
                (replace(permission, on=(on,)), None if kind_of(on) == target else kind_of(on))
                for permission in method.permissions
                for on in permission.on
            ]
            wanted = requirements(method.permissions, self.asks)
            needed = {bit for bit, _, limits_only in wanted if not limits_only}
            self._wanted[method.id] = (wanted, sum(1 << bit for bit in needed))
            for bit, kind, _ in requirements((*method.permissions, *method.role_permissions), self.asks):
                kinds[kind] = kinds.get(kind, 0) | 1 << bit
        spaces = {id(o.space): o.space for o in map(assumptions.outcome, assumptions.edges)}
        besides = [usage for space in spaces.values() for usage in questions(space)]
        self.evaluation = Evaluation(estate, self.asks, kinds, besides)
        self.space = self.evaluation.space
        self.d = self.space.diagrams
        self.shared = Shared(self.space)
        self._carriers = {key: Carrier(space, self.space) for key, space in spaces.items()}
        self._held: dict[tuple[int, Grants | None], Held] = {}
        #: What those who are allowed the same can use each method on.
        self._common: dict[tuple[str, int, Grants], dict[str, Pieces]] = {}
        self._bounded: dict[str, list[tuple[PrincipalClass, int]]] = {}
        self._possible: dict[int, tuple[Method, ...]] = {}
        self._sorts: dict[tuple[str, str], int] = {}
        self._passable: dict[tuple[str, str], Pieces] = {}
        self._assuming: dict[str, list[AssumeEdge]] = {}
        for edge in assumptions.edges:
            self._assuming.setdefault(edge.source, []).append(edge)
        self._roles: dict[str, list[Principal]] = {}
        for principal in estate.principals:
            if principal.is_role:
                self._roles.setdefault(principal.account, []).append(principal)

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
        found = self._held.get((id(members), grants))
        if found is None:
            evaluation, account = self.evaluation, members.principal.account
            own = members.allowed if grants is None else grants
            found = self._held[id(members), grants] = Held(
                evaluation.entities[account],
                self.space,
                self.shared,
                own,
                members.universe,
                lambda: evaluation.undenied(members),
                self._common.setdefault((account, members.universe, own), {}),
            )
        return found

    def possible(self, held: Held) -> tuple[Method, ...]:
        """Return the methods of which some callers are allowed every request at all, on whatever.

        Parameters
        ----------
        held : Held
            What the callers are allowed.
        """
        found = self._possible.get(held.asks)
        if found is None:
            found = self._possible[held.asks] = tuple(
                method for method in self.methods if not self._wanted[method.id][1] & ~held.asks
            )
        return found

    def pieces(self, held: Held, method: Method) -> Pieces:
        """Return for which targets a method can be used, and in which contexts.

        Parameters
        ----------
        held : Held
            What the callers are allowed.
        method : Method
            The method.
        """
        found = held.pieces.get(method.id)
        if found is None:
            wanted, needed = self._wanted[method.id]
            # What denies differs between classes that are allowed the same.
            common = held.pieces if any(limits_only for _, _, limits_only in wanted) else held.common
            found = common.get(method.id)
            if found is None:
                is_possible = not needed & ~held.asks
                found = common[method.id] = self._pieces(held, method, wanted) if is_possible else []
            held.pieces[method.id] = found
        return found

    def _pieces(self, held: Held, method: Method, wanted: list[Requirement]) -> Pieces:
        found = held.method(method, wanted, self.fitting(held.scope, method))
        if method.unknown and found:
            unknown = self.space.unknown(method.unknown)
            found = [(mask, self.d.both(contexts, unknown)) for mask, contexts in found]
        return found

    def usable(self, scope: Entities, method: Method) -> int:
        """Return the resources that a method can be used on: roles that are no use left out.

        Parameters
        ----------
        scope : Entities
            The resources of an account.
        method : Method
            The method.
        """
        return sum(mask for mask, _ in self.fitting(scope, method))

    def fitting(self, scope: Entities, method: Method) -> Pieces:
        """Return the resources that a method can be used on, and when.

        What cannot be read of the policies of a role that is passed may be a condition.

        Parameters
        ----------
        scope : Entities
            The resources of an account.
        method : Method
            The method.
        """
        key = (scope.account, method.id)
        found = self._passable.get(key)
        if found is None:
            by_contexts: dict[int, int] = {TRUE: scope.all & ~scope.kind("role")}
            for mask, contexts in self._fit_roles(scope, method):
                if mask and contexts != FALSE:
                    by_contexts[contexts] = by_contexts.get(contexts, 0) | mask
            found = self._passable[key] = [(mask, contexts) for contexts, mask in by_contexts.items()]
        return found

    def _fit_roles(self, scope: Entities, method: Method) -> Iterator[tuple[int, int]]:
        fit = scope.kind("role") & ~self._roles_where(scope, "service-linked")
        if not method.service:
            fit &= ~self._roles_where(scope, "reserved")
        if method.instance_profile:
            fit &= self._roles_where(scope, "in a profile")
        trusting = scope.all
        if method.service:
            trusting = scope.bits(edge.target for edge in self.assuming(method.service))
        doubtful = fit & ~trusting & self._roles_where(scope, "of unread trust")
        if not method.role_permissions:
            yield fit & trusting, TRUE
        for bit in bits_of(fit & trusting if method.role_permissions else 0):
            yield 1 << bit, self._able(scope.resources[bit].arn, method)
        if doubtful:
            trusted = self.space.unknown(trusts_service(method.service))
            for bit in bits_of(doubtful):
                yield 1 << bit, self.d.both(trusted, self._able(scope.resources[bit].arn, method))

    def _roles_where(self, scope: Entities, sort: str) -> int:
        found = self._sorts.get((scope.account, sort))
        if found is None:
            roles, holds = self._roles.get(scope.account, ()), _SORTS[sort]
            found = self._sorts[scope.account, sort] = scope.bits(role.arn for role in roles if holds(role))
        return found

    def bounded(self, scope: Entities) -> list[tuple[PrincipalClass, int]]:
        """Return the principals of an account that have a boundary, by their class."""
        found = self._bounded.get(scope.account)
        if found is None:
            merged: dict[str, tuple[PrincipalClass, int]] = {}
            for bit in bits_of(scope.bounded):
                members = self.evaluation.class_of[scope.resources[bit].arn]
                _, mask = merged.get(members.principal.arn, (members, 0))
                merged[members.principal.arn] = (members, mask | 1 << bit)
            found = self._bounded[scope.account] = list(merged.values())
        return found

    def assuming(self, source: str) -> list[AssumeEdge]:
        """Return the roles that a principal or service can assume."""
        return self._assuming.get(source, [])

    def assumed(self, edge: AssumeEdge) -> int:
        """Return the contexts in which a role can be assumed, in the space of escalations."""
        outcome = self.assumptions.outcome(edge)
        return self._carriers[id(outcome.space)].carry(outcome.contexts)

    def trusted(self, edge: AssumeEdge) -> int:
        """Return the contexts in which a role can be assumed if its trust policy, which is unread, lets it.

        Parameters
        ----------
        edge : AssumeEdge
            How; of a role whose trust policy could be read the contexts are as they are.
        """
        contexts = self.assumed(edge)
        for unknown in unread_trust(edge.target.rpartition("/")[2]):
            if unknown in self.space.opaque:
                contexts = self.d.without(contexts, self.space.opaque[unknown])
        return contexts

    def _able(self, role: str, method: Method) -> int:
        """Return when a role has the permissions that it needs once it is passed.

        Its requests are the service's, which may come from anywhere at any time: only what unread
        policies say of them is a condition.
        """
        members = self.evaluation.class_of[role]
        held = self.held(members, self.evaluation.possibly.get(id(members)))
        unread, able = self.evaluation.unread_variables, TRUE
        for requirement in requirements(method.role_permissions, self.asks):
            contexts = self.d.any_of(contexts for _, contexts in held.on(requirement))
            for variable in self.d.support(contexts) if unread else ():
                if variable not in unread:
                    contexts = self.d.without(contexts, variable)
            able = self.d.both(able, contexts if unread or contexts == FALSE else TRUE)
        return able

    def taken(self, held: Held, method: Method, targets: int) -> tuple[tuple[Permission, int], ...]:
        """Return a method's permissions, one type of resource each, with the resources to choose from.

        Parameters
        ----------
        held : Held
            What the caller is allowed.
        method : Method
            The method.
        targets : int
            The targets that the method is used on.
        """
        only = self.usable(held.scope, method)
        return tuple(
            (permission, targets if kind is None else held.scope.kind(kind) & only)
            for permission, kind in self._single[method.id]
        )
