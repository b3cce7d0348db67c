"""What the rules look at: every statement with those who hold it and what it gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, TypeVar

from wmiam.access import Access
from wmiam.catalog import Catalog
from wmiam.compare.requests import Witness, decide_on, find_witness
from wmiam.compare.sides import Side
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.layers import PrincipalClass, Source
from wmiam.engine.policies import IDLE
from wmiam.engine.resources import INCOMING, Resource
from wmiam.engine.scope import Scope
from wmiam.engine.space import MFA_PRESENT
from wmiam.engine.tables import Piece
from wmiam.errors import PolicyError
from wmiam.estate.estate import Estate
from wmiam.estate.lint import policies_of
from wmiam.estate.model import Organization, Policy, PolicyKind, Principal
from wmiam.findings.mend import Mend, PolicyChange
from wmiam.findings.model import StatementEvidence, WitnessRequest
from wmiam.findings.weights import GRAVE_ACTIONS, HARMFUL_ACTIONS
from wmiam.policy.model import Effect, Statement

__all__ = ["Given", "Grant", "Survey"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Given:
    """Something that a statement gives to a class of principals, limits and denials taken off.

    Parameters
    ----------
    members : PrincipalClass
        To whom.
    resources, actions : int
        Sets of resources of their account, and of actions.
    contexts : int
        The contexts in which the statement allows it and nothing takes it away.
    """

    members: PrincipalClass
    resources: int
    actions: int
    contexts: int

    def narrowed(self, actions: int) -> tuple[int, int]:
        """Return the resources and actions of a choice of actions, each kind with its own; 0 for none."""
        wanted = self.actions & actions
        resources = self.resources & self.members.scope.relevant(wanted)
        return resources, wanted & self.members.scope.actions(resources)


@dataclass(slots=True, eq=False)
class Grant:
    """An Allow statement of identity-based policies, and what it gives to whom.

    Parameters
    ----------
    source : Source
        The statement.
    number : int
        Number of its policy in the evaluation.
    policies : list of Policy
        The policy that holds it; several inline policies where they are copies of one another.
    holders : dict of PrincipalClass to list of Principal
        Those who have the policy.
    given : list of Given
        What it gives them.
    """

    source: Source
    number: int
    policies: list[Policy]
    holders: dict[PrincipalClass, list[Principal]] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)

    @property
    def policy(self) -> Policy:
        """The policy; the first of several copies."""
        return self.policies[0]

    @property
    def statement(self) -> Statement:
        """The statement as it was read."""
        statement = self.source.compiled.statement
        if not isinstance(statement, Statement):  # pragma: no cover - grants are of read statements
            raise TypeError(statement.reason)
        return statement

    @property
    def name(self) -> str:
        """``policy#Sid``."""
        return f"{self.policy.name}#{self.statement.label}"

    @property
    def is_managed_by_aws(self) -> bool:
        """Whether nobody but AWS can change it."""
        return self.policy.kind is PolicyKind.AWS_MANAGED

    @property
    def people(self) -> list[Principal]:
        """Everybody who has the policy."""
        return [principal for found in self.holders.values() for principal in found]

    def of(self, members: Iterable[PrincipalClass]) -> tuple[str, ...]:
        """Return the ARNs of those of some classes who have the policy, sorted."""
        return tuple(sorted(p.arn for m in dict.fromkeys(members) for p in self.holders.get(m, ())))

    def evidence(self, *below: str) -> tuple[StatementEvidence, ...]:
        """Return the statement, in each policy that holds it, with places in it that matter.

        Parameters
        ----------
        *below : str
            JSON pointers relative to the statement.
        """
        pointer = self.statement.pointer
        pointers = (pointer, *(f"{pointer}{part}" for part in below))
        return tuple(StatementEvidence(policy, self.statement.label, pointers) for policy in self.policies)


def _by_weight(resources: list[Resource], actions: int) -> Iterator[tuple[int, Resource]]:
    """Yield an action for each resource: what weighs most first, so that an example tells most."""
    for weighty in (GRAVE_ACTIONS, HARMFUL_ACTIONS, -1):
        for resource in resources:
            asked = resource.actions & actions & weighty
            if asked:
                yield (asked & -asked).bit_length() - 1, resource


class Survey:
    """An estate as the rules see it.

    Parameters
    ----------
    access : Access
        Its access; context keys that are fixed are not regarded.
    today : date, optional
        The day on which dates in policies are past or to come; by default the present one.
    """

    def __init__(self, access: Access, today: date | None = None) -> None:
        self.access = access if not access.context else Access(access.estate, access.whole)
        self.whole = access.whole
        self.space = access.whole.space
        self.today = today or datetime.now(UTC).date()
        self._side = Side("now", self.access)
        self._pieces: dict[tuple[int, int, str], list[list[Piece]]] = {}
        self._shared: dict[str, Any] = {}
        self._gone: dict[Scope, int] = {}
        self._harmful: dict[PrincipalClass, int] = {}

    def shared(self, name: str, find: Callable[[], T]) -> T:
        """Return what several rules look at, found once.

        Parameters
        ----------
        name : str
            What it is called.
        find : callable
            Finds it.
        """
        if name not in self._shared:
            self._shared[name] = find()
        found: T = self._shared[name]
        return found

    @property
    def estate(self) -> Estate:
        """The estate."""
        return self.access.estate

    @property
    def catalog(self) -> Catalog:
        """WorkMail's actions and capabilities."""
        return self.access.catalog

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """Every policy once."""
        return tuple(policies_of(self.estate))

    @cached_property
    def organizations(self) -> dict[str, Organization]:
        """Organizations by ARN."""
        return {organization.arn: organization for organization in self.estate.organizations}

    @cached_property
    def people(self) -> dict[PrincipalClass, list[Principal]]:
        """Principals by class."""
        found: dict[PrincipalClass, list[Principal]] = {}
        for principal in self.estate.principals:
            found.setdefault(self.whole.class_of[principal.arn], []).append(principal)
        return found

    @cached_property
    def people_of(self) -> dict[str, list[Principal]]:
        """Principals by account."""
        found: dict[str, list[Principal]] = {}
        for principal in self.estate.principals:
            found.setdefault(principal.account, []).append(principal)
        return found

    @cached_property
    def holders(self) -> dict[str, list[Principal]]:
        """Those on whose own requests a policy counts, by its key: identity-based ones and boundaries."""
        found: dict[str, dict[str, Principal]] = {}
        for principal in self.estate.principals:
            for policy, _ in principal.identity_policies:
                found.setdefault(policy.key, {})[principal.arn] = principal
            if principal.boundary is not None:
                found.setdefault(principal.boundary.key, {})[principal.arn] = principal
        return {key: list(people.values()) for key, people in found.items()}

    def concerned(self, policies: Iterable[Policy]) -> list[Principal]:
        """Return those whose access to WorkMail some policies can touch.

        Parameters
        ----------
        policies : iterable of Policy
            Identity-based policies, boundaries or SCPs; an SCP concerns everybody below it.
        """
        found: dict[str, Principal] = {}
        for policy in policies:
            if policy.kind in (PolicyKind.SCP, PolicyKind.RCP):
                return list(self.estate.principals)
            found.update((p.arn, p) for p in self.holders.get(policy.key, ()))
        return sorted(found.values(), key=lambda p: p.arn)

    # -- statements ---------------------------------------------------------

    def pieces(self, number: int, members: PrincipalClass) -> list[list[Piece]]:
        """Return what each statement of a policy does to a class; none for one that could not be read."""
        key = (number, members.variants.get(number, 0), members.principal.account)
        found = self._pieces.get(key)
        if found is None:
            found = self._pieces[key] = [
                self.whole.pieces(number, source.compiled, members)
                if isinstance(source.compiled.statement, Statement)
                else []
                for source in self.whole.policies.parts[number].sources
            ]
        return found

    @cached_property
    def grants(self) -> list[Grant]:
        """Every Allow statement of identity-based policies that has to do with WorkMail."""
        found: dict[tuple[int, str], list[Grant]] = {}
        policies = self.whole.policies
        for principal in self.estate.principals:
            members = self.whole.class_of[principal.arn]
            for policy, _ in principal.identity_policies:
                number = policies.number(policy)
                if number == IDLE:
                    continue
                # Copies of an inline policy are one cause.
                place = principal.account if policy.kind is PolicyKind.INLINE else policy.key
                grants = found.get((number, place))
                if grants is None:
                    grants = found[number, place] = [
                        Grant(source, number, [])
                        for source in policies.part(policy).sources
                        if source.compiled.effect is Effect.ALLOW
                        and isinstance(source.compiled.statement, Statement)
                    ]
                for grant in grants:
                    if policy not in grant.policies[-1:] and policy not in grant.policies:
                        if grant.policies and policy.kind is not PolicyKind.INLINE:
                            continue
                        grant.policies.append(policy)
                    people = grant.holders.setdefault(members, [])
                    if principal not in people[-1:]:
                        people.append(principal)
        for (number, _), grants in found.items():
            self._fill(number, grants)
        return [grant for grants in found.values() for grant in grants]

    def _fill(self, number: int, grants: list[Grant]) -> None:
        indexes = {
            source.compiled.statement.index: index
            for index, source in enumerate(self.whole.policies.parts[number].sources)
        }
        for grant in grants:
            index = indexes[grant.statement.index]
            known: dict[object, list[tuple[int, int, int]]] = {}
            for members in grant.holders:
                pieces = self.pieces(number, members)[index]
                key = (id(pieces), members.allowed)
                rows = known.get(key)
                if rows is None:
                    rows = known[key] = list(self._overlap(pieces, members))
                grant.given.extend(Given(members, *row) for row in rows)

    def _overlap(self, pieces: list[Piece], members: PrincipalClass) -> Iterator[tuple[int, int, int]]:
        both = self.space.diagrams.both
        for actions, resources, allows, _ in pieces:
            for mask, cells in members.allowed:
                shared = resources & mask
                if not shared:
                    continue
                possible = members.scope.actions(shared)
                for allowed, contexts in cells:
                    common = actions & allowed & possible
                    if common:
                        given = contexts if allows == TRUE else both(allows, contexts)
                        if given != FALSE:
                            yield shared, common, given

    # -- contexts -----------------------------------------------------------

    def without_mfa(self, contexts: int) -> int:
        """Return those of some contexts in which MFA was not used."""
        dimension = self.space.dimensions.get(MFA_PRESENT)
        if dimension is None:
            return contexts
        d = self.space.diagrams
        true = 1 << dimension.groups[0].witnesses.index("true")
        return d.minus(contexts, d.literal(dimension.variables[0], true))

    def depends_on(self, contexts: int, key: str) -> bool:
        """Whether a canonical key tells some contexts from others."""
        dimension = self.space.dimensions.get(key)
        if dimension is None or contexts in (FALSE, TRUE):
            return False
        return not set(dimension.variables).isdisjoint(self.space.diagrams.support(contexts))

    # -- names --------------------------------------------------------------

    def organizations_in(self, members: PrincipalClass, resources: int) -> tuple[str, ...]:
        """Return the ARNs of the organizations in a set of resources; those that are gone left out."""
        found = dict.fromkeys(
            resource.arn
            for resource in members.scope.members(resources)
            if resource.organization is not None and not resource.organization.is_deleted
        )
        return tuple(found)

    def living(self, members: PrincipalClass, resources: int) -> int:
        """Return the resources of a set without organizations that WorkMail has deleted."""
        gone = self._gone.get(members.scope)
        if gone is None:
            gone = 0
            for index, resource in enumerate(members.scope.resources):
                if resource.organization is not None and resource.organization.is_deleted:
                    gone |= 1 << index
            self._gone[members.scope] = gone
        return resources & ~gone

    def harmful(self, arn: str) -> int:
        """Return the harmful actions that a principal is allowed on organizations that are there.

        What unread policies may allow besides is told of these policies.

        Parameters
        ----------
        arn : str
            ARN of the principal.
        """
        members = self.whole.class_of[arn]
        found = self._harmful.get(members)
        if found is None:
            found = 0
            for mask, cells in self.whole.for_certain(members, members.allowed):
                possible = members.scope.actions(self.living(members, mask)) & HARMFUL_ACTIONS
                for actions, _ in cells:
                    found |= actions & possible
            self._harmful[members] = found
        return found

    def label(self, arn: str) -> str:
        """Return how an organization is called."""
        return self.organizations[arn].label if arn in self.organizations else arn

    # -- examples -----------------------------------------------------------

    def witness(
        self, principal: Principal, actions: int, resources: int, contexts: int
    ) -> WitnessRequest | None:
        """Return a request of some contexts that the reference evaluator allows; None where none is found.

        Parameters
        ----------
        principal : Principal
            Who asks.
        actions, resources : int
            Sets of which any may be asked for.
        contexts : int
            The contexts to choose from.
        """
        members = self.whole.class_of[principal.arn]
        for action, resource in _by_weight(members.scope.members(resources), actions):
            found = self._witness(principal, members, action, resource, contexts)
            if found is None:
                continue
            try:
                allowed = decide_on(self._side, principal, found).allowed
            except PolicyError:
                allowed = False
            if allowed or found.unknowns:
                return WitnessRequest(
                    principal.arn,
                    found.action,
                    found.resource,
                    dict(found.context),
                    found.keys,
                    () if allowed else tuple(found.unknowns),
                )
        return None

    def _witness(
        self, principal: Principal, members: PrincipalClass, action: int, resource: Resource, contexts: int
    ) -> Witness | None:
        d = self.space.diagrams
        proof = contexts
        for name, variable in self.space.opaque.items():
            if name != INCOMING and proof != FALSE:
                # What no named unknown decides makes the better example.
                proof = d.neither(d.without(d.neither(proof), variable))
        known = [self._side.known(principal), self._side.known_of(resource)]
        return find_witness(
            self.space,
            proof if proof != FALSE else contexts,
            members.universe,
            principal=principal.arn,
            action=action,
            resource=resource,
            settled=lambda key: any(source.get(key) for source in known),
            prefer=members.universe,
        )

    # -- mends --------------------------------------------------------------

    def mend(
        self,
        what: str,
        changes: Iterable[PolicyChange],
        *,
        instead: str = "",
        people: Iterable[Principal] = (),
    ) -> Mend:
        """Return a mend that is checked on those whom it can touch; none where only AWS can make it.

        Parameters
        ----------
        what : str
            The change in a sentence.
        changes : iterable of PolicyChange
            The change exactly.
        instead : str
            What else to consider.
        people : iterable of Principal
            Those whom it touches; by default those who hold the policies.
        """
        changes = list(changes)
        managed = next((c.policy for c in changes if c.policy.kind is PolicyKind.AWS_MANAGED), None)
        if managed is not None:
            return Mend(
                why_not=f"AWS manages {managed.name}, and nobody else can change it",
                instead=instead or "attach a policy of your own in its place that lists what is needed",
            )
        people = list(people) or self.concerned(change.policy for change in changes)
        return Mend(what, changes, instead=instead, estate=self.estate, people=people)

    def bits(self, *names: str) -> int:
        """Return the set of some actions, by full name."""
        found = 0
        for name in names:
            found |= 1 << ACTIONS.index[name]
        return found
