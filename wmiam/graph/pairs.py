"""Which callers may be able to assume which roles: found by indexes, before anything is evaluated.

A trust policy names its callers, or an account; of an account only those count whose
own policies may allow the call.  So thousands of principals and thousands of roles make
few pairs, and :mod:`wmiam.graph.weigh` looks at these alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wmiam.engine.knowledge import Known, role_knowledge
from wmiam.errors import RequestError
from wmiam.estate.estate import Estate
from wmiam.estate.model import PolicyKind, Principal, PrincipalKind, TargetKind
from wmiam.graph import callers
from wmiam.graph.callers import ANY_ACCOUNT, Party
from wmiam.graph.clauses import (
    ASSUME_ROLE,
    OPERATIONS,
    Clause,
    Level,
    Policies,
    Roles,
    control_levels,
    operation_bit,
)
from wmiam.graph.shapes import Shape, Shapes
from wmiam.policy.model import Effect, PrincipalElement, UnreadStatement
from wmiam.policy.values import parse_arn

__all__ = ["Pair", "Pairs", "Target"]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A caller that may be able to assume a role, and the operation for it.

    Parameters
    ----------
    party : Party
        The caller.
    operation : str
        One of :data:`wmiam.graph.clauses.OPERATIONS`.
    shape : Shape or None
        The policies of a principal of the estate.
    """

    party: Party
    operation: str
    shape: Shape | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A role with all that decides who can assume it, but for its callers' own policies.

    Parameters
    ----------
    role : Principal
        The role.
    bit : int
        Its place among the estate's roles.
    trust : tuple of Clause
        Its trust policy.
    rcps : tuple of Level
        The RCPs over its account.
    known : Known
        The keys that it decides.
    """

    role: Principal
    bit: int
    trust: tuple[Clause, ...]
    rcps: tuple[Level, ...]
    known: Known

    @property
    def elements(self) -> Iterator[PrincipalElement]:
        """The principal elements of its trust policy and RCPs."""
        for clause in (*self.trust, *(h.clause for level in self.rcps for h in level.held)):
            element = clause.principal or clause.not_principal
            if element is not None:
                yield element


class Pairs:
    """The index over an estate.

    Parameters
    ----------
    estate : Estate
        What was read.
    """

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        policies = Policies()
        self.policies = policies
        self.roles = Roles([p for p in estate.principals if p.is_role])
        self.shapes = Shapes(estate, policies, self.roles)
        # The root user cannot assume a role, so that it is no caller here.
        self._callers = {p.arn: p for p in estate.principals if p.kind is not PrincipalKind.ROOT}
        self._by_account: dict[str, list[Principal]] = {}
        self._by_other_name: dict[str | tuple[str, str], Principal] = {}
        for principal in self._callers.values():
            self._by_account.setdefault(principal.account, []).append(principal)
            if principal.unique_id:
                self._by_other_name[principal.unique_id] = principal
            if principal.is_role:
                self._by_other_name[principal.account, principal.name] = principal
        self._read = {principal.account for principal in estate.principals}
        self._unread_members = [
            target.id
            for target in (estate.aws_organization.targets.values() if estate.aws_organization else ())
            if target.kind is TargetKind.ACCOUNT and target.id not in self._read
        ]
        self._asking = self._find_asking()
        self._outside: dict[str, Party | None] = {}
        self._rcps: dict[str, tuple[Level, ...]] = {}
        self._services = dict.fromkeys(self._named_somewhere("service"))
        self._providers = dict.fromkeys(self._named_somewhere("federated"))

    def _find_asking(self) -> dict[str, list[tuple[Shape, list[Principal]]]]:
        """Return by account the principals whose own policies may allow them to assume some role."""
        grouped: dict[str, dict[int, tuple[Shape, list[Principal]]]] = {}
        for principal in self._callers.values():
            if self.shapes.asks(principal):
                shape = self.shapes.of(principal)[1]
                if shape.may:
                    of_account = grouped.setdefault(principal.account, {})
                    of_account.setdefault(id(shape), (shape, []))[1].append(principal)
        return {account: list(shapes.values()) for account, shapes in grouped.items()}

    def _named_somewhere(self, kind: str) -> Iterator[str]:
        """Yield the services, or providers, that some trust policy names: whom ``*`` stands for."""
        for role in self.roles.roles:
            for clause in self.policies.clauses(role.trust) if role.trust is not None else ():
                if clause.principal is not None and clause.effect is Effect.ALLOW:
                    yield from (name for name in getattr(clause.principal, kind) if name != "*")

    def targets(self) -> Iterator[tuple[Target, list[Pair]]]:
        """Yield each role that somebody may be able to assume, with the pairs that are worth a look."""
        for bit, role in enumerate(self.roles.roles):
            if role.trust is None:
                continue
            if role.account not in self._rcps:
                self._rcps[role.account] = control_levels(
                    self.estate, self.policies, role.account, PolicyKind.RCP
                )
            trust = self.policies.clauses(role.trust)
            target = Target(role, bit, trust, self._rcps[role.account], role_knowledge(role, self.estate))
            found: dict[tuple[str, str], Pair] = {}
            for clause in trust:
                if clause.effect is not Effect.DENY:
                    for pair in self._pairs(clause, target):
                        found.setdefault((pair.party.source, pair.operation), pair)
            if found:
                yield target, list(found.values())

    def _pairs(self, clause: Clause, target: Target) -> Iterator[Pair]:
        if isinstance(clause.statement, UnreadStatement):
            # It may name anybody: "*" stands for them, but for those who are allowed to ask.
            yield from self._outsiders([ANY_ACCOUNT], ASSUME_ROLE)
            if target.role.kind is not PrincipalKind.SERVICE_LINKED_ROLE:
                for account in self._asking:
                    yield from self._of_account(account, target)
            return
        element = clause.principal
        # NotPrincipal admits everybody whom it does not name; those are sorted out later.
        everyone = element is None or "*" in element.aws
        by_credentials = bool(clause.operations & operation_bit(ASSUME_ROLE))
        if by_credentials:
            yield from self._outsiders(_chosen(element, "service", self._services, everyone), ASSUME_ROLE)
        if target.role.kind is PrincipalKind.SERVICE_LINKED_ROLE:
            return  # only its service reaches it (S4)
        for name in _chosen(element, "federated", self._providers, everyone):
            operation = OPERATIONS[1] if ":saml-provider/" in name else OPERATIONS[2]
            if clause.operations & operation_bit(operation):
                yield from self._outsiders([name], operation)
        if not by_credentials:
            return
        if everyone:
            # Accounts that other statements name are callers of their own: those may deny them.
            named = filter(None, (_account(name) for e in target.elements for name in e.aws))
            unread = [account for account in named if account not in self._read]
            yield from self._outsiders([*self._unread_members, *unread, ANY_ACCOUNT], ASSUME_ROLE)
            for principal in self._by_account.get(target.role.account, ()):
                yield self._inside(principal)
            for account in self._asking:
                yield from self._of_account(account, target)
        elif element is not None:
            for name in element.aws:
                yield from self._named(name, target)

    def _named(self, name: str, target: Target) -> Iterator[Pair]:
        """Yield the pairs of one name in the ``AWS`` part of a Principal element."""
        arn, account = parse_arn(name), _account(name)
        principal = self._callers.get(name) or self._by_other_name.get(name)
        if arn is not None and arn.resource.startswith("assumed-role/"):
            principal = self._by_other_name.get((arn.account, arn.resource.split("/")[1]))
        if principal is not None:
            pair = self._inside(principal)
            # In the role's own account it is enough to be named (D9).
            if principal.account == target.role.account or (pair.shape and pair.shape.may >> target.bit & 1):
                yield pair
        elif account:
            if account not in self._read:
                partition = arn.partition if arn is not None else target.role.arn.split(":")[1]
                yield from self._outsiders([account], ASSUME_ROLE, partition)
            elif arn is None or arn.resource == "root":
                yield from self._of_account(account, target)

    def _of_account(self, account: str, target: Target) -> Iterator[Pair]:
        """Yield the principals of an account whose own policies may allow the call."""
        for shape, principals in self._asking.get(account, ()):
            if shape.may >> target.bit & 1:
                yield from map(self._inside, principals)

    def _inside(self, principal: Principal) -> Pair:
        party, shape = self.shapes.of(principal)
        return Pair(party, ASSUME_ROLE, shape)

    def _outsiders(self, names: Iterable[str], operation: str, partition: str = "aws") -> Iterator[Pair]:
        for name in names:
            if name not in self._outside:
                self._outside[name] = self._outsider(name, partition)
            party = self._outside[name]
            if party is not None:
                yield Pair(party, operation)

    def _outsider(self, name: str, partition: str) -> Party | None:
        """Return a service, provider or account as a caller; None for a name that is none of these."""
        if name == ANY_ACCOUNT:
            return callers.any_account(self.estate)
        if name.isdigit():
            return callers.external_account(name, partition, self.estate, self.shapes.scps(name))
        try:
            return callers.outsider(name)
        except RequestError:
            return None


def _account(name: str) -> str:
    """Return the account in a name of the ``AWS`` part of a Principal element; ``""`` where it has none."""
    arn = parse_arn(name)
    account = arn.account if arn is not None else name
    return account if len(account) == 12 and account.isdigit() else ""


def _chosen(
    element: PrincipalElement | None, kind: str, every: Iterable[str], everyone: bool
) -> Iterable[str]:
    """Return the services or providers that a Principal element admits; all of them where it is ``*``."""
    names: tuple[str, ...] = getattr(element, kind) if element is not None else ()
    return every if everyone or "*" in names else names
