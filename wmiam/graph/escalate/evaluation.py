"""Whole estates evaluated for the requests that escalations take.

Like :class:`wmiam.engine.whole.Whole`, which it extends, it must agree with
:mod:`wmiam.engine.decide`.  What an unread policy says is a named unknown, as it is in direct answers.
What principals are allowed for certain and what unread identity-based policies may give them
besides are kept apart, so that the second can be told once and not for every method.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from wmiam.engine.compile import ActionSets, Compiled, usage_of
from wmiam.engine.details import Granted
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.domains import Test
from wmiam.engine.knowledge import ABSENT_KEY, NOTHING_KNOWN, Known, role_knowledge
from wmiam.engine.layers import PrincipalClass, Source
from wmiam.engine.policies import IDLE
from wmiam.engine.request import ContextEntry
from wmiam.engine.resources import Resource, account_resources
from wmiam.engine.space import Usage
from wmiam.engine.tables import Allowed, Table
from wmiam.engine.whole import Whole
from wmiam.estate.estate import Estate
from wmiam.estate.levels import control_levels, is_limited
from wmiam.estate.model import Group, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.graph.escalate.asks import Asks
from wmiam.graph.escalate.entities import Entities, Entity, examples
from wmiam.policy.patterns import ascii_lower

__all__ = ["Evaluation", "Grants"]

_REGION = "aws:RequestedRegion"
#: What is allowed: disjoint sets of resources, each with sets of requests and their contexts.
Grants = Granted


class Evaluation(Whole):
    """The evaluation of an estate for the requests of escalations.

    Parameters
    ----------
    estate : Estate
        What was read.
    asks : Asks
        The requests.
    kinds : mapping of str to int
        The kinds of resource that methods name, each with the set of requests that are about it.
    besides : sequence of Usage
        Questions about context keys that others ask, so that their answers can be carried over.
    """

    def __init__(
        self, estate: Estate, asks: Asks, kinds: dict[str, int], besides: Sequence[Usage] = ()
    ) -> None:
        self.asks = asks
        self.actions: ActionSets = asks
        self._kinds = kinds
        self._besides = besides
        self._entity_known: dict[str, Known] = {}
        self._decided_alike: dict[tuple[object, ...], Known] = {}
        #: The resources of each account.
        self.entities: dict[str, Entities] = {}
        #: What classes are allowed if their unread identity-based policies allow it, by the class's id.
        self.possibly: dict[int, Grants] = {}
        #: The unknowns that stand for what unread policies allow, and deny.
        self.unread_variables: set[int] = set()
        super().__init__(estate, progress=False)

    # -- resources ----------------------------------------------------------

    def _scope(self, account: str) -> Entities:
        estate = self.estate
        organizations = [o for o in estate.organizations if o.account == account]
        partition = next(p.arn for p in estate.principals if p.account == account).split(":")[1]
        found: list[Resource] = list(account_resources(organizations))
        for principal in estate.principals:
            if principal.account == account and principal.kind is not PrincipalKind.ROOT:
                kind = "role" if principal.is_role else "user"
                found.append(Entity(kind, None, 0, principal.arn, "", principal))
        found += [Entity("group", None, 0, g.arn, "", g) for g in estate.groups if g.account == account]
        for policy in estate.policies:
            if policy.kind is PolicyKind.MANAGED and policy.arn and f":iam::{account}:" in policy.arn:
                found.append(Entity("policy", None, 0, policy.arn, "", policy))
        others = [kind for kind in self._kinds if ":" in kind]
        found += examples(others, partition, account, self.regions, self._patterns)
        scope = self.entities[account] = Entities(account, found, self._kinds, self.known_of)
        return scope

    @cached_property
    def _documents(self) -> list[Policy]:
        """Every policy that limits or allows requests."""
        estate = self.estate
        found: dict[int, Policy] = {id(p): p for p in estate.policies}
        for principal in estate.principals:
            for policy, _ in principal.identity_policies:
                found[id(policy)] = policy
            if principal.boundary is not None:
                found[id(principal.boundary)] = principal.boundary
        for target in estate.aws_organization.targets.values() if estate.aws_organization else ():
            found.update((id(p), p) for p in target.scps)
        return list(found.values())

    @cached_property
    def _patterns(self) -> list[str]:
        patterns: dict[str, None] = {}
        for policy in self._documents:
            for statement in policy.document.statements if policy.document is not None else ():
                patterns.update(dict.fromkeys(statement.resources or statement.not_resources or ()))
        return list(patterns)

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions that some organization is in or some policy names."""
        found = {o.region for o in self.estate.organizations}
        for pattern in self._patterns:
            fields = pattern.split(":", 5)
            found.add(fields[3] if len(fields) == 6 else "")
        for policy in self._documents:
            for statement in policy.document.statements if policy.document is not None else ():
                for row in statement.conditions:
                    if ascii_lower(row.key) == "aws:requestedregion":
                        found.update(row.values)
        named = {region for region in found if region and not set(region) & set("*?$")}
        return tuple(sorted(named | {"us-east-1"}))

    def known_of(self, resource: Resource) -> Known:
        """Return the keys that a resource decides."""
        if not isinstance(resource, Entity):
            return super().known_of(resource)
        found = self._entity_known.get(resource.arn)
        if found is None:
            found = self._entity_known[resource.arn] = self._decided(resource)
        return found

    def _decided(self, entity: Entity) -> Known:
        thing = entity.thing
        if isinstance(thing, Principal):
            arn = thing.boundary.arn if thing.boundary is not None else None
            # Of those with the same tags and boundary the same is known.
            key = (thing.account, thing.tags, arn)
            found = self._decided_alike.get(key)
            if found is None:
                known = role_knowledge(thing, self.estate)
                boundary = ABSENT_KEY if arn is None else ContextEntry("iam:PermissionsBoundary", (arn,))
                entries = {**known.entries, "iam:permissionsboundary": boundary}
                found = self._decided_alike[key] = Known(entries, known.families)
            return found
        account = entity.arn.split(":")[4]
        if not account:
            return NOTHING_KNOWN
        families = ("aws:resourcetag/", "iam:resourcetag/") if isinstance(thing, Group) else ()
        return Known({"aws:resourceaccount": ContextEntry("aws:ResourceAccount", (account,))}, families)

    # -- contexts -----------------------------------------------------------

    def _usages(self) -> Iterator[Usage]:
        yield from super()._usages()
        yield from self._besides
        for account, policies in self._more.items():
            classes = [members for members in self.classes if members.principal.account == account]
            for policy in policies:
                number = self.policies.number(policy)
                for members in classes if number in self.policies.readers else classes[:1]:
                    yield from self._asked(number, members)
        # Permissions on different resources count together where these are in one region.
        yield Usage(_REGION, {Test("StringEquals", (region,)) for region in self.regions})

    @cached_property
    def _more(self) -> dict[str, list[Policy]]:
        """Policies by account that some may come to have, or that limit role assumption alone."""
        found: dict[str, list[Policy]] = {account: [] for account in self.scopes}
        for group in self.estate.groups:
            if group.account in found:
                found[group.account] += [*group.inline, *group.attached]
        for account, policies in found.items():
            for level in control_levels(self.estate.aws_organization, account, PolicyKind.RCP):
                policies += level.policies
        return {account: [p for p in ps if self.policies.number(p) != IDLE] for account, ps in found.items()}

    @cached_property
    def _position(self) -> dict[int, int]:
        return {id(members): at for at, members in enumerate(self.classes)}

    def _asked(self, number: int, members: PrincipalClass) -> Iterator[Usage]:
        """Yield the questions that a policy asks of open keys if a class has it."""
        if number in self.policies.readers and number not in members.variants:
            # No other class is known to be treated alike.
            members.variants[number] = -1 - self._position[id(members)]
        known = self._known(number, members)
        for source in self.policies.parts[number].sources:
            for row in source.compiled.rows:
                for bound in self._bindings(row, known, members.scope):
                    usage = usage_of(row, bound)
                    if usage is not None:
                        yield usage

    # -- what cannot be read ------------------------------------------------

    def unread(self, source: Source) -> tuple[int, int]:
        """Return the contexts in which an unread statement may allow, and may deny: named unknowns."""
        found = super().unread(source)
        for contexts in found:
            self.unread_variables.update(self.space.diagrams.support(contexts))
        return found

    def _evaluate(self, members: PrincipalClass) -> None:
        super()._evaluate(members)
        unknowns = self.may_allow(members)
        if unknowns:
            self.possibly[id(members)] = members.allowed
            members.allowed = self.for_certain(members, members.allowed)

    # -- classes ------------------------------------------------------------

    def resource_contexts(self, compiled: Compiled, members: PrincipalClass, resource: Resource) -> int:
        """Return the contexts in which a statement's resource elements cover a resource."""
        bit = 1 << members.scope.resources.index(resource)
        pieces = members.scope.covered(compiled, members.known, self.space)
        return next((contexts for mask, contexts in pieces if mask & bit), FALSE)

    def _forget(self) -> None:
        """Keep the tables: what a principal could do with other policies is asked later."""

    def would(self, members: PrincipalClass, table: Table, *, bounded: bool = True) -> Grants:
        """Return what a class would be allowed with other identity-based policies.

        Parameters
        ----------
        members : PrincipalClass
            The class, for its boundary and SCPs.
        table : Table
            What these policies allow and deny.
        bounded : bool
            Whether its permissions boundary still limits it.
        """
        tables, principal, scope = self._tables, members.principal, members.scope
        if bounded and principal.boundary is not None:
            number = self.policies.number(principal.boundary)
            limit = ((scope.all, tables.nothing),) if number == IDLE else self._table(number, members)
            table = tables.limit(table, limit)
        return self._under_controls(members, table)

    def _under_controls(self, members: PrincipalClass, table: Table) -> Grants:
        tables, principal = self._tables, members.principal
        if is_limited(principal):
            levels = self.policies.levels(principal.account)
            if levels:
                table = tables.limit(table, self._levels(levels, members))
        merged: dict[Allowed, int] = {}
        for mask, number in table:
            allowed = tables.allowed(number, members.universe)
            if allowed:
                merged[allowed] = merged.get(allowed, 0) | mask
        return tuple((mask, allowed) for allowed, mask in merged.items())

    def everything(self, members: PrincipalClass, kept: Iterable[int] = ()) -> Table:
        """Return the table of a policy that allows everything, beside some that may deny.

        Parameters
        ----------
        members : PrincipalClass
            The class that has them.
        kept : iterable of int
            Numbers of policies.
        """
        return self._all_of(members, kept, self._tables.same(members.scope.all, TRUE))

    def identity(self, members: PrincipalClass, *more: Policy) -> Table:
        """Return the table of the identity-based policies of a class, and of some more.

        Parameters
        ----------
        members : PrincipalClass
            The class.
        *more : Policy
            Policies that it does not have.
        """
        numbers = {*members.identity, *(self.policies.number(policy) for policy in more)} - {IDLE}
        return self._all_of(members, numbers, ((members.scope.all, self._tables.nothing),))

    def _all_of(self, members: PrincipalClass, numbers: Iterable[int], table: Table) -> Table:
        for number in sorted(numbers):
            table = self._tables.union(table, self._table(number, members))
        return table

    def undenied(self, members: PrincipalClass) -> Grants:
        """Return what a resource-based policy that names a principal itself could grant it.

        Parameters
        ----------
        members : PrincipalClass
            The class: its explicit denies count, and SCPs and RCPs must allow; that its own
            policies or its boundary do not allow is no matter.

        Notes
        -----
        Source: IAM User Guide, "Policy evaluation logic", resource-based policies.
        """
        tables, principal = self._tables, members.principal
        table = tables.union(self.everything(members), self.identity(members))
        if principal.boundary is not None and self.policies.number(principal.boundary) != IDLE:
            table = tables.union(table, self._table(self.policies.number(principal.boundary), members))
        if principal.kind is not PrincipalKind.SERVICE_LINKED_ROLE:
            for level in control_levels(self.estate.aws_organization, principal.account, PolicyKind.RCP):
                allowed: Table = ((members.scope.all, tables.nothing),)
                for policy in level.policies:
                    if self.policies.number(policy) != IDLE:
                        allowed = tables.union(allowed, self._table(self.policies.number(policy), members))
                if level.unlisted:
                    allowed = tables.same(members.scope.all, self.space.unknown(f"{level.title} allow it"))
                table = tables.limit(table, allowed)
        return self._under_controls(members, table)
