"""What chains are asked to lead to: a capability, an organization, or being somebody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from wmiam.access.access import Access
from wmiam.access.answers import Fixed
from wmiam.access.capability import Holding, holdings
from wmiam.catalog import Capability
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.resources import Resource, ResourceKind
from wmiam.engine.scope import Scope
from wmiam.engine.whole import PrincipalClass
from wmiam.estate.model import Organization, PrincipalKind
from wmiam.graph.chains import Chains
from wmiam.graph.escalate.find import Finding
from wmiam.graph.links import Final, State, Way
from wmiam.graph.sittings import Session

__all__ = ["Goals", "Places"]

#: What a class may do: sets of organizations with the contexts, and those that can be.
Held = list[tuple[int, int, int]]


class Places:
    """The organizations of an estate as bits of a number.

    Parameters
    ----------
    access : Access
        The estate's evaluation.
    """

    def __init__(self, access: Access) -> None:
        self.organizations: tuple[Organization, ...] = access.organizations
        self.bit_of = {o.arn: 1 << at for at, o in enumerate(self.organizations)}
        self.all = (1 << len(self.organizations)) - 1
        self._found: dict[tuple[Scope, int], int] = {}

    def of(self, scope: Scope, resources: int) -> int:
        """Return the organizations among some resources of an account."""
        key = (scope, resources & scope.kind(ResourceKind.ORGANIZATION))
        if key not in self._found:
            self._found[key] = sum(self.bit_of.get(r.arn, 0) for r in scope.members(key[1]))
        return self._found[key]

    def members(self, mask: int) -> list[Organization]:
        """Return the organizations of a set, in order."""
        return [o for at, o in enumerate(self.organizations) if mask >> at & 1]

    def chosen(self, access: Access, org: str | None) -> int:
        """Return the organizations of a name or glob; all of them for None."""
        if org is None:
            return self.all
        return sum(self.bit_of[o.arn] for o in access.find_organizations(org))


@dataclass(frozen=True, slots=True)
class _Sides:
    """What classes hold with credentials of their own, and with a session's."""

    own: dict[int, Held]
    session: dict[int, Held]


class Goals:
    """What stands at the end of chains, made once for an access.

    Parameters
    ----------
    chains : Chains
        The chains.
    """

    def __init__(self, chains: Chains) -> None:
        self.chains = chains
        self.access = chains.access
        self.places = Places(chains.access)
        #: Who administers an account gives each of its users and roles whatever policies, and acts as
        #: it: what SCPs leave to any of these is within its reach.
        self.administrators: dict[str, list[PrincipalClass]] = {}
        people = [p for account in chains.administered_accounts for p in chains.administered(account)]
        classes = {id(m): m for m in (chains.access.whole.class_of[p.arn] for p in people)}
        for members in chains.access.whole.unlimited(classes.values()):
            self.administrators.setdefault(members.principal.account, []).append(members)
        self._found: dict[str, _Sides] = {}
        #: What modules above remember of these goals, by their own names.
        self.memo: dict[object, Any] = {}
        fixed = chains.session_values
        changed = len(fixed) != len(self.access.fixed_values)
        context = {k: v for k, v in self.access.context.items() if k.lower() in fixed} if changed else None
        #: With the keys that are fixed for sessions alone.
        self.of_sessions = (
            self.access
            if context is None
            else type(self.access)(self.access.estate, self.access.whole, context)
        )

    @classmethod
    def of(cls, access: Access) -> Goals:
        """Return the goals of an access, made once."""
        found: Goals | None = access.memo.get("goals")
        if found is None:
            found = access.memo["goals"] = cls(Chains.of(access))
        return found

    def fixed_for(self, session: Session) -> Fixed:
        """Return the keys that are fixed for requests with some credentials."""
        return (self.access if session is Session.OWN else self.of_sessions).fixed

    # -- what is held -------------------------------------------------------

    def _sides(self, capability: Capability | None) -> _Sides:
        """Return what classes hold: a capability, or any permission at all."""
        name = "" if capability is None else capability.name
        found = self._found.get(name)
        if found is None:
            own = self._held(self.access, capability)
            session = own if self.of_sessions is self.access else self._held(self.of_sessions, capability)
            found = self._found[name] = _Sides(own, session)
        return found

    def _held(self, access: Access, capability: Capability | None) -> dict[int, Held]:
        found: dict[int, Held] = {}
        classes = [*access.whole.classes, *(m for found in self.administrators.values() for m in found)]
        for members, resources, contexts, within in (
            _anything(access, classes) if capability is None else self._sure(access, capability, classes)
        ):
            bits = self.places.of(members.scope, resources)
            if bits:
                found.setdefault(id(members), []).append((bits, contexts, within))
        return found

    def _sure(
        self, access: Access, capability: Capability, classes: list[PrincipalClass]
    ) -> Iterator[Holding]:
        """Yield who holds a capability by permissions on WorkMail alone.

        Alternatives that take permissions on other services, too, are combinations of their own;
        root users and administrators have all of them.
        """
        plain = replace(capability, alternatives=tuple(a for a in capability.alternatives if not a.also))
        yield from holdings(access, plain, classes)
        if plain != capability:
            every = [m for found in self.administrators.values() for m in found]
            every += [m for m in classes if m.principal.kind is PrincipalKind.ROOT]
            yield from holdings(access, capability, every)

    def held(
        self, capability: Capability, node: str, session: Session, organizations: int
    ) -> Iterator[tuple[int, Final]]:
        """Yield the organizations on which somebody has a capability by itself, and when.

        Parameters
        ----------
        capability : Capability
            The capability.
        node : str
            Who.
        session : Session
            With which credentials.
        organizations : int
            Only these.
        """
        for members in self.classes_at(node):
            yield from self._finals(self._sides(capability), node, members, session, organizations)
        for finding, bits in self._combinations.get((node, capability.name), ()):
            yield from self._escalated(finding, bits & organizations, node, session)

    def classes_at(self, node: str) -> list[PrincipalClass]:
        """Return the classes whose permissions somebody has at a node: several for administrators."""
        members = self.access.whole.class_of.get(node)
        return self.administrators.get(node, []) if members is None else [members]

    def cell(self, members: PrincipalClass, resource: Resource, action: int) -> int:
        """Return the contexts in which a class is allowed one action on one resource.

        Parameters
        ----------
        members : PrincipalClass
            The class.
        resource : Resource
            About what.
        action : int
            Position of the action.
        """
        cells = members.table().get(resource, ())
        return next((contexts for actions, contexts in cells if actions >> action & 1), FALSE)

    def _finals(
        self, sides: _Sides, node: str, members: PrincipalClass, session: Session, organizations: int
    ) -> Iterator[tuple[int, Final]]:
        space = self.access.whole.space
        # An administrator makes a user with an MFA device of its own, if need be.
        session = Session.OWN if node in self.administrators else session
        held = sides.own if session is Session.OWN else sides.session
        for bits, contexts, within in held.get(id(members), ()):
            shared = bits & organizations
            if shared:
                way = self.chains.narrowed(space, contexts, within, node, session)
                if way.sittings != FALSE:
                    yield shared, Final(members, way, administers=node in self.administrators)

    @cached_property
    def _combinations(self) -> dict[tuple[str, str], list[tuple[Finding, int]]]:
        """By who and capability: the combinations that take permissions on other services, and where."""
        found: dict[tuple[str, str], list[tuple[Finding, int]]] = {}
        for finding in self.chains.escalations.findings:
            if finding.gains == "capability" and not finding.is_about_mail:
                bits = self.places.of(finding.scope, finding.targets)
                for principal in finding.sources if bits else ():
                    found.setdefault((principal.arn, finding.capability), []).append((finding, bits))
        return found

    def _escalated(
        self, finding: Finding, bits: int, node: str, session: Session
    ) -> Iterator[tuple[int, Final]]:
        """Yield what a combination of permissions gives of a capability."""
        way = self.chains.escalated(finding, node, session)
        if bits and way.sittings != FALSE:
            yield bits, Final(None, way, finding)

    # -- where chains end ---------------------------------------------------

    def capability(self, capability: Capability, organizations: int) -> Iterator[tuple[State, int, Final]]:
        """Yield every state with a capability on some organizations.

        Parameters
        ----------
        capability : Capability
            The capability.
        organizations : int
            Only these.
        """
        yield from self._everyone(self._sides(capability), organizations)
        for (node, name), found in self._combinations.items():
            for finding, bits in found if name == capability.name else ():
                for session in self.chains.sessions(node):
                    for where, final in self._escalated(finding, bits & organizations, node, session):
                        yield (node, session), where, final

    def anything(self, organizations: int) -> Iterator[tuple[State, int, Final]]:
        """Yield every state with any permission on some organizations.

        Parameters
        ----------
        organizations : int
            Only these.
        """
        yield from self._everyone(self._sides(None), organizations)

    def _everyone(self, sides: _Sides, organizations: int) -> Iterator[tuple[State, int, Final]]:
        for members in self.access.whole.classes:
            if id(members) not in sides.own and id(members) not in sides.session:
                continue
            known: dict[Session, list[tuple[int, Final]]] = {}
            for node in self.chains.members[id(members)]:
                for session in self.chains.sessions(node):
                    if session not in known:
                        known[session] = list(self._finals(sides, node, members, session, organizations))
                    for bits, final in known[session]:
                        yield (node, session), bits, final
        for account, classes in self.administrators.items():
            for members in classes:
                for bits, final in self._finals(sides, account, members, Session.ASSUMED, organizations):
                    yield (account, Session.ASSUMED), bits, final

    def being(self, node: str) -> Iterator[tuple[State, int, Final]]:
        """Yield the states of having become a principal.

        Parameters
        ----------
        node : str
            Its ARN.
        """
        way = Way(TRUE, TRUE, self.chains.sittings.every)
        for session in self.chains.sessions(node):
            if session is not Session.OWN:
                yield (node, session), 1, Final(None, way)


def _anything(
    access: Access, classes: Iterable[PrincipalClass]
) -> Iterator[tuple[PrincipalClass, int, int, int]]:
    """Yield the contexts in which classes have any permission on organizations, by sets of these."""
    d = access.whole.space.diagrams
    for members in classes:
        kind = members.scope.kind(ResourceKind.ORGANIZATION)
        about = members.scope.actions(kind)
        for mask, within in access.fixed.within(members):
            for resources, cells in members.allowed:
                shared = mask & resources & kind
                if shared:
                    contexts = d.both(within, d.any_of(when for actions, when in cells if actions & about))
                    if contexts != FALSE:
                        yield members, shared, contexts, within
