"""The chains of an estate: who becomes whom, step by step, and the searches over them.

A state of a search is a node and the credentials that somebody has there; its label is the
set of sittings in which a chain leads there (or from there to what is looked for), and, of
searches for a capability, the set of organizations.  Labels only grow, so that a search ends
when nothing is new; of two chains the shorter is found first.  Everything goes by sets: no
pair of principal and organization is looked at alone.

Must agree with :mod:`wmiam.engine.decide`, request by request; rules S1 to S4.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from wmiam.access.access import Access
from wmiam.access.answers import Fixed
from wmiam.bits import bits_of
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.scope import Scope
from wmiam.engine.space import MFA_AGE, MFA_PRESENT, Space
from wmiam.engine.unknowns import is_granted_unread
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.graph.assume import AssumeEdge
from wmiam.graph.escalate import escalations
from wmiam.graph.escalate.find import Finding
from wmiam.graph.links import Arrival, Departure, Fan, Final, Link, State, Way
from wmiam.graph.sittings import Session, Sittings, within_session

__all__ = ["Chains"]

_MFA = (MFA_PRESENT, MFA_AGE)
#: Path of the roles that IAM Identity Center makes.
#: Source: IAM Identity Center User Guide, "Referencing permission sets in resource policies".
_RESERVED = "/aws-reserved/"


class Chains:
    """Every step of every chain of an estate, and the searches over them.

    Parameters
    ----------
    access : Access
        The estate's evaluation.  Keys that are fixed hold in every request of a chain that can
        have them; but the MFA keys hold where the caller uses its own credentials.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.people: dict[str, Principal] = {p.arn: p for p in access.principals}
        self.escalations = escalations(access)
        self.assumptions = self.escalations.finder.assumptions
        self.outward: dict[str, list[Link]] = {}
        self.inward: dict[State, list[Link]] = {}
        for link in self._assuming():
            self.outward.setdefault(link.source, []).append(link)
            self.inward.setdefault((link.target, link.becomes), []).append(link)
        #: Nodes that can be become, as bits: principals, then accounts for their administrators.
        self.nodes: tuple[str, ...] = (*self.people, *sorted({p.account for p in access.principals}))
        self.bit_of = {node: 1 << at for at, node in enumerate(self.nodes)}
        #: Escalations by the set of nodes that they lead to, and by who can do them.
        self.fans: dict[int, list[Fan]] = {}
        self.fans_from: dict[str, list[Fan]] = {}
        for fan in self._fanned():
            self.fans.setdefault(fan.targets, []).append(fan)
            for source in fan.sources:
                self.fans_from.setdefault(source, []).append(fan)
        self._administrators = frozenset(p.account for p in access.principals)
        self._taken = 0
        for targets in self.fans:
            self._taken |= targets
        spaces = {link.space for links in self.outward.values() for link in links}
        spaces |= {access.whole.space, self.escalations.finder.space}
        self.sittings = Sittings(spaces)
        #: By space: the unknowns that unread policies grant something.
        self._unread = {
            space: frozenset(v for name, v in space.opaque.items() if is_granted_unread(name))
            for space in spaces
        }
        self.members: dict[int, list[str]] = {}
        for arn, members in access.whole.class_of.items():
            self.members.setdefault(id(members), []).append(arn)
        #: The keys that are fixed for sessions, whose MFA keys follow from how they were started.
        self.session_values = {k: v for k, v in access.fixed_values.items() if k not in _MFA}
        self._given: dict[tuple[Space, bool], int] = {}
        self._ways: dict[tuple[Space, int, int, Session, bool], Way] = {}
        #: What was put into words; many chains share it.
        self.words: dict[tuple[Space, int, int, bool], tuple[str, ...]] = {}

    @classmethod
    def of(cls, access: Access) -> Chains:
        """Return the chains of an access, made once."""
        found: Chains | None = access.memo.get("chains")
        if found is None:
            found = access.memo["chains"] = cls(access)
        return found

    def _assuming(self) -> Iterator[Link]:
        for edge in self.assumptions.edges:
            outcome = self.assumptions.outcome(edge)
            becomes = Session.ASSUMED if edge.action == "sts:AssumeRole" else Session.FEDERATED
            yield Link(
                edge.source, edge.target, becomes, outcome.space, outcome.contexts, outcome.within, edge
            )

    def _fanned(self) -> Iterator[Fan]:
        space = self.escalations.finder.space
        known: dict[tuple[Scope, int], int] = {}
        administered: set[str] = set()
        for finding in self.escalations.findings:
            sources = tuple(principal.arn for principal in finding.sources)
            if finding.gains == "principal":
                key = (finding.scope, finding.targets)
                if key not in known:
                    members = finding.scope.members(finding.targets)
                    known[key] = sum(self.bit_of.get(resource.arn, 0) for resource in members)
                if known[key]:
                    yield Fan(sources, known[key], space, finding.contexts, finding.within, finding)
            elif finding.gains == "administrator":
                account = finding.members.principal.account
                administered.add(account)
                yield Fan(sources, self.bit_of[account], space, finding.contexts, finding.within, finding)
        for account in administered:
            targets = sum(self.bit_of[person.arn] for person in self.administered(account))
            yield Fan((account,), targets, space, TRUE, TRUE, None)

    @property
    def all_is_read(self) -> bool:
        """Whether no chain can rest on what an unread policy grants."""
        return not any(self._unread.values())

    @cached_property
    def _fans_into(self) -> dict[str, list[int]]:
        """By node, the sets of nodes with it that escalations lead to."""
        found: dict[str, list[int]] = {}
        for targets in self.fans:
            for number in bits_of(targets):
                found.setdefault(self.nodes[number], []).append(targets)
        return found

    @property
    def administered_accounts(self) -> list[str]:
        """The accounts whose administrator somebody becomes."""
        return [node for node in self._administrators if self._taken & self.bit_of[node]]

    def administered(self, account: str) -> list[Principal]:
        """Return the principals that the administrator of an account can act as.

        Not the root user, nor service-linked roles (S4), nor the roles of IAM Identity Center, which
        nobody can change in IAM.
        """
        apart = (PrincipalKind.ROOT, PrincipalKind.SERVICE_LINKED_ROLE)
        return [
            person
            for person in self.people.values()
            if person.account == account
            and person.kind not in apart
            and not (person.is_role and person.path.startswith(_RESERVED))
        ]

    # -- single steps -------------------------------------------------------

    def way(self, link: Link, session: Session) -> Way:
        """Return how a step can be done with some credentials; see :meth:`narrowed`."""
        return self.narrowed(link.space, link.contexts, link.within, link.source, session)

    def escalated(self, finding: Finding, node: str, session: Session) -> Way:
        """Return how a combination of permissions can be used with some credentials.

        Parameters
        ----------
        finding : Finding
            The combination.
        node : str
            Who uses it.
        session : Session
            With which credentials.
        """
        space = self.escalations.finder.space
        return self.narrowed(space, finding.contexts, finding.within, node, session)

    def narrowed(self, space: Space, contexts: int, within: int, node: str, session: Session) -> Way:
        """Return the part of some contexts that some credentials leave.

        Parameters
        ----------
        space : Space
            Where the contexts live.
        contexts, within : int
            The contexts in which something can be done, and those that can be.
        node : str
            Who does it.
        session : Session
            With which credentials.
        """
        person = self.people.get(node)
        key = (space, contexts, within, session, person is not None and not person.is_role)
        found = self._ways.get(key)
        if found is None:
            d = space.diagrams
            limit = d.both(within_session(space, session, user=key[-1]), self._kept(space, session))
            narrowed = d.both(contexts, limit)
            found = self._ways[key] = Way(
                narrowed,
                d.both(within, limit),
                self.sittings.of(narrowed, space),
                narrowed != FALSE and space.where_none(narrowed, self._unread[space]) == FALSE,
            )
        return found

    def _kept(self, space: Space, session: Session) -> int:
        """Return the contexts that the fixed keys leave of requests with some credentials."""
        own = session is Session.OWN
        if (space, own) not in self._given:
            values = self.access.fixed_values if own else self.session_values
            self._given[space, own] = Fixed(values, space).contexts
        return self._given[space, own]

    def sessions(self, node: str) -> Iterator[Session]:
        """Yield the credentials that somebody can have at a node: its own, and those that chains lead to."""
        if node not in self._administrators:
            yield Session.OWN
        if (node, Session.ASSUMED) in self.inward or self._taken & self.bit_of.get(node, 0):
            yield Session.ASSUMED
        if (node, Session.FEDERATED) in self.inward:
            yield Session.FEDERATED

    def _before(self, link: Link, sittings: int, way: Way) -> int:
        """Return the sittings in which a chain can begin with a step, those of what follows being given."""
        d = self.sittings.space.diagrams
        if link.lasts:
            return way.sittings
        if self.is_elsewhere(link):
            return d.both(self.sittings.moments(way.sittings), self.sittings.moments(sittings))
        return d.both(way.sittings, sittings)

    def after(self, link: Link, sittings: int, way: Way) -> int:
        """Return the sittings in which a chain can go on after a step; none where it cannot be done.

        Parameters
        ----------
        link : Link
            The step.
        sittings : int
            The sittings in which the chain leads to it.
        way : Way
            How the step can be done.
        """
        both = self.sittings.space.diagrams.both(way.sittings, sittings)
        if both == FALSE:
            return FALSE
        if link.lasts:
            return self.sittings.every
        return self.sittings.moments(both) if self.is_elsewhere(link) else both

    @staticmethod
    def is_elsewhere(link: Link) -> bool:
        """Whether what follows a step comes from elsewhere: a service starts the session where it runs."""
        # Of those who call AssumeRole only services have names that are neither ARN nor account.
        return (
            isinstance(link.edge, AssumeEdge)
            and link.becomes is Session.ASSUMED
            and "." in link.source
            and not link.source.startswith("arn:")
        )

    # -- searches -----------------------------------------------------------

    def arrivals(
        self,
        finals: Iterable[tuple[State, int, Final]],
        *,
        always: bool = False,
        read: bool = False,
        skip: Callable[[Link], bool] = lambda _link: False,
    ) -> dict[State, list[Arrival]]:
        """Return the chains to what is looked for from every state, shortest first.

        Parameters
        ----------
        finals : iterable of (State, int, Final)
            Where chains may end, with the organizations there.
        always : bool
            Whether only steps count that can be done in every context.
        read : bool
            Whether only steps count that do not rest on what an unread policy grants.
        skip : callable
            Tells steps that do not count.

        Returns
        -------
        dict
            By state: chains of which each leads to organizations, or begins in sittings, that those
            before it do not.
        """
        found: dict[State, list[Arrival]] = {}
        todo: deque[Arrival] = deque()
        fired: dict[int, int] = {}
        missed: dict[int, list[tuple[Fan, str, int]]] = {}

        def add(arrival: Arrival) -> None:
            known = found.setdefault(arrival.state, [])
            arrival.organizations = self._fresh(known, arrival.organizations, arrival.sittings)
            if arrival.organizations:
                known.append(arrival)
                todo.append(arrival)

        for state, organizations, final in finals:
            if final.way.sittings != FALSE and final.way.counts(always=always, read=read):
                add(Arrival(state, organizations, final.way.sittings, final, final.way.always))
        while todo:
            rest = todo.popleft()
            for link in self._into(rest, fired, missed, skip):
                for session in self.sessions(link.source):
                    way = self.way(link, session)
                    if way.sittings == FALSE or not way.counts(always=always, read=read):
                        continue
                    sittings = self._before(link, rest.sittings, way)
                    if sittings != FALSE:
                        state = (link.source, session)
                        free = way.always and rest.always
                        add(Arrival(state, rest.organizations, sittings, rest.final, free, link, rest))
        return found

    def _into(
        self,
        rest: Arrival,
        fired: dict[int, int],
        missed: dict[int, list[tuple[Fan, str, int]]],
        skip: Callable[[Link], bool],
    ) -> Iterator[Link]:
        """Yield the steps to the beginning of a chain.

        Escalations begin in the same sittings whatever follows.  So of nodes that the same of them
        lead to the first counts, for its organizations: nobody gains by the others, but who could
        not come to the first.
        """
        node, session = rest.state
        for link in self.inward.get(rest.state, ()):
            if not skip(link):
                yield link
        if session is not Session.ASSUMED or node not in self._fans_into:
            return
        for targets in self._fans_into[node]:
            fans = self.fans[targets]
            todo = missed.pop(targets, [])
            fresh = rest.organizations & ~fired.get(targets, 0)
            if fresh:
                fired[targets] = fired.get(targets, 0) | fresh
                todo += [(fan, source, fresh) for fan in fans for source in fan.sources]
            for fan, source, organizations in todo:
                link, left = fan.link(source, node), organizations
                if source != node and not skip(link) and organizations & rest.organizations:
                    left &= ~rest.organizations
                    yield link
                if left:
                    missed.setdefault(targets, []).append((fan, source, left))

    def _fresh(self, known: Iterable[Arrival], organizations: int, sittings: int) -> int:
        d = self.sittings.space.diagrams
        for other in known:
            if other.organizations & organizations and d.implies(sittings, other.sittings):
                organizations &= ~other.organizations
        return organizations

    def departures(
        self, *sources: State, always: bool = False, read: bool = False
    ) -> dict[State, list[Departure]]:
        """Return the chains from some states to every other, shortest first.

        Parameters
        ----------
        *sources : State
            Where they begin.
        always : bool
            Whether only steps count that can be done in every context.
        read : bool
            Whether only steps count that do not rest on what an unread policy grants.
        """
        d = self.sittings.space.diagrams
        found: dict[State, list[Departure]] = {}
        todo: deque[Departure] = deque(Departure(source, self.sittings.every) for source in sources)
        fired = 0
        while todo:
            at = todo.popleft()
            known = found.setdefault(at.state, [])
            if any(d.implies(at.sittings, other.sittings) for other in known):
                continue
            known.append(at)
            for link in self.outward.get(at.state[0], ()):
                way = self.way(link, at.state[1])
                sittings = self.after(link, at.sittings, way)
                if sittings != FALSE and way.counts(always=always, read=read):
                    todo.append(Departure((link.target, link.becomes), sittings, link, at))
            for fan in self.fans_from.get(at.state[0], ()):
                # What follows an escalation may be done in every sitting, so that the first counts.
                targets = fan.targets & ~fired & ~self.bit_of.get(at.state[0], 0)
                if not targets:
                    continue
                first = fan.link(at.state[0], self.nodes[targets.bit_length() - 1])
                way = self.way(first, at.state[1])
                sittings = self.after(first, at.sittings, way)
                if sittings != FALSE and way.counts(always=always, read=read):
                    fired |= targets
                    for number in bits_of(targets):
                        target = self.nodes[number]
                        link = fan.link(at.state[0], target)
                        todo.append(Departure((target, Session.ASSUMED), sittings, link, at))
        return found

    def lasting(self, found: Mapping[State, Iterable[Departure]]) -> set[State]:
        """Return the states to which a chain leads that changes something on its way.

        Parameters
        ----------
        found : mapping of State to iterable of Departure
            As :meth:`departures` returns it.
        """
        d = self.sittings.space.diagrams
        changed = 0
        for (node, session), departures in found.items():
            own = self.bit_of.get(node, 0)
            for fan in self.fans_from.get(node, ()):
                targets = fan.targets & ~own
                if targets & ~changed:
                    way = self.way(fan.link(node, self.nodes[targets.bit_length() - 1]), session)
                    if any(d.both(way.sittings, at.sittings) != FALSE for at in departures):
                        changed |= targets
        return set(self.departures(*((self.nodes[number], Session.ASSUMED) for number in bits_of(changed))))

    # -- single nodes -------------------------------------------------------

    def links_from(self, node: str) -> Iterator[Link]:
        """Yield every step from a node: each with its method, where several lead to the same."""
        yield from self.outward.get(node, ())
        for fan in self.fans_from.get(node, ()):
            for number in bits_of(fan.targets & ~self.bit_of.get(node, 0)):
                yield fan.link(node, self.nodes[number])
