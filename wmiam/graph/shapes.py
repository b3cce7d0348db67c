"""What the policies of each principal say about assuming roles, once for all that are alike.

Principals whose policies, limits and relevant attributes are the same share one
:class:`Shape`; the roles that each statement covers are worked out once for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wmiam.engine.compile import binding, closed_row
from wmiam.engine.knowledge import Known, principal_knowledge
from wmiam.engine.policies import IDENTITY_TITLE, boundary_title
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, PolicyKind, Principal, PrincipalKind
from wmiam.graph.callers import Party, principal_party
from wmiam.graph.clauses import ASSUME_ROLE, Held, Level, Policies, Roles, control_levels, operation_bit
from wmiam.policy.model import Effect

__all__ = ["Covered", "Shape", "Shapes"]


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """A level of a caller's policies with the roles that each statement covers.

    Parameters
    ----------
    level : Level
        The level.
    statements : tuple of (Held, int, int)
        Each statement with the roles that it surely covers, and those that it may cover.
    may : int
        Roles that the level may allow to assume.
    """

    level: Level
    statements: tuple[tuple[Held, int, int], ...]
    may: int


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What callers have in common that no policy of their own account tells apart.

    Parameters
    ----------
    identity : Covered
        Identity-based policies.
    boundary : Covered or None
        Permissions boundary.
    scps : tuple of Covered
        Levels of SCPs.
    reads : frozenset of str
        Canonical keys that these policies depend on.
    may : int
        Roles that all of them together may allow to assume.
    """

    identity: Covered
    boundary: Covered | None
    scps: tuple[Covered, ...]
    reads: frozenset[str]
    may: int

    @property
    def levels(self) -> Iterator[Covered]:
        """Every level: identity-based policies, boundary, SCPs from the root down."""
        yield self.identity
        if self.boundary is not None:
            yield self.boundary
        yield from self.scps


class Shapes:
    """The callers of an estate, each with its shape.

    Parameters
    ----------
    estate : Estate
        What was read.
    policies : Policies
        Compiles.
    roles : Roles
        The roles that can be assumed.
    """

    def __init__(self, estate: Estate, policies: Policies, roles: Roles) -> None:
        self.estate = estate
        self.policies = policies
        self.roles = roles
        self._scps: dict[str, tuple[Level, ...]] = {}
        self._boundaries: dict[int, Level] = {}
        self._covered: dict[object, Covered] = {}
        self._shapes: dict[object, Shape] = {}
        self._found: dict[str, tuple[Party, Shape]] = {}
        self._asks: dict[int, bool] = {}

    def of(self, principal: Principal) -> tuple[Party, Shape]:
        """Return a user or role as a caller, and its shape.

        Parameters
        ----------
        principal : Principal
            Not the root user, who can assume no role.
        """
        found = self._found.get(principal.arn)
        if found is None:
            known = principal_knowledge(principal, self.estate)
            party = principal_party(principal, known, self.scps(principal.account))
            found = self._found[principal.arn] = (party, self._shape(principal, party))
        return found

    def scps(self, account: str) -> tuple[Level, ...]:
        """Return the levels of SCPs over an account."""
        if account not in self._scps:
            self._scps[account] = control_levels(self.estate, self.policies, account, PolicyKind.SCP)
        return self._scps[account]

    def asks(self, principal: Principal) -> bool:
        """Whether some identity-based policy of a principal may allow it to assume roles."""
        return any(self._may_allow(policy) for policy, _ in principal.identity_policies)

    def _may_allow(self, policy: Policy) -> bool:
        known = self._asks.get(id(policy))
        if known is None:
            known = self._asks[id(policy)] = any(
                clause.effect is not Effect.DENY and clause.operations & operation_bit(ASSUME_ROLE)
                for clause in self.policies.clauses(policy)
            )
        return known

    def _shape(self, principal: Principal, party: Party) -> Shape:
        identity = self.policies.level(IDENTITY_TITLE, principal.identity_policies)
        boundary = None if principal.boundary is None else self._boundary(principal.boundary)
        held = [h for level in (identity, *([boundary] if boundary else ()), *party.scps) for h in level.held]
        key = (
            principal.account,
            principal.is_role,
            principal.kind is PrincipalKind.SERVICE_LINKED_ROLE,
            boundary and id(boundary),
            tuple(id(h.clause) for h in identity.held),
            tuple(h.group and id(h.group) for h in identity.held),
            _attributes(held, party.known),
        )
        found = self._shapes.get(key)
        if found is None:
            levels = self.cover(identity, party.known)
            limit = None if boundary is None else self.cover(boundary, party.known)
            scps = tuple(self.cover(level, party.known) for level in party.scps)
            may = levels.may
            for covered in (*([limit] if limit else ()), *scps):
                may &= covered.may
            reads = frozenset(key for h in held for row in h.clause.rows for key in row.reads)
            found = self._shapes[key] = Shape(levels, limit, scps, reads, may)
        return found

    def _boundary(self, policy: Policy) -> Level:
        if id(policy) not in self._boundaries:
            title = boundary_title(policy)
            self._boundaries[id(policy)] = self.policies.level(title, [(policy, None)])
        return self._boundaries[id(policy)]

    def cover(self, level: Level, known: Known) -> Covered:
        """Return a level with the roles that its statements cover for a caller.

        Parameters
        ----------
        level : Level
            Policies of which at least one must allow.
        known : Known
            What is known of the caller, for policy variables.
        """
        variables = tuple(known.get(key) for h in level.held for key in h.clause.resource_reads)
        key = (tuple(id(h.clause) for h in level.held), level.title, level.unlisted, variables)
        found = self._covered.get(key)
        if found is None:
            statements = tuple((h, *self.roles.covered(h.clause, known)) for h in level.held)
            may = self.roles.all if level.unlisted else 0
            for h, sure, maybe in statements:
                if h.clause.effect is not Effect.DENY and h.clause.operations & operation_bit(ASSUME_ROLE):
                    may |= sure | maybe
            found = self._covered[key] = Covered(level, statements, may)
        return found


def _attributes(held: list[Held], known: Known) -> tuple[object, ...]:
    """Return what the attributes of a principal make of the statements that read them."""
    outcome: list[object] = []
    for h in held:
        for row in h.clause.rows:
            bound = binding(row, known)
            if any(entry is not None for entry in bound):
                closed = all(entry is not None for entry in bound)
                outcome.append(closed_row(row, bound) if closed else bound)
        outcome.extend(known.get(key) for key in h.clause.resource_reads)
    return tuple(outcome)
