"""Everything that one principal reaches, directly and by chains, and what of it outlives its session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

from wmiam.access.access import Access
from wmiam.engine.diagrams import FALSE
from wmiam.engine.scope import Scope
from wmiam.errors import RequestError
from wmiam.graph.asked import account_of, find_source, kind_of
from wmiam.graph.goals import Goals
from wmiam.graph.links import Departure, Final, State, Way
from wmiam.graph.routes import Path, Telling
from wmiam.graph.sittings import Session
from wmiam.views.text import count

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BlastRadius", "Permissions", "Reach", "Reached", "blast_radius", "reach"]


class Permissions:
    """Actions on resources, by account: sets of resources, each with a set of actions.

    Parameters
    ----------
    pieces : iterable of (Scope, int, int)
        Account, resources, actions; resources and actions of one kind.
    """

    def __init__(self, pieces: Iterable[tuple[Scope, int, int]] = ()) -> None:
        self._rows: dict[Scope, dict[int, int]] = {}
        for scope, resources, actions in pieces:
            rows = self._rows.setdefault(scope, {})
            rest = resources
            for mask, known in [*rows.items()]:
                shared = mask & rest
                if not shared or known | actions == known:
                    rest &= ~shared
                    continue
                del rows[mask]
                if mask & ~shared:
                    rows[mask & ~shared] = known
                rows[shared] = known | actions
                rest &= ~shared
            if rest:
                rows[rest] = actions

    @property
    def pieces(self) -> Iterator[tuple[Scope, int, int]]:
        """Account, resources and actions of each part; no resource stands twice."""
        for scope, rows in self._rows.items():
            for resources, actions in rows.items():
                yield scope, resources, actions

    def besides(self, other: Permissions) -> Permissions:
        """Return what is not among other permissions."""
        left: list[tuple[Scope, int, int]] = []
        for scope, resources, actions in self.pieces:
            rest = resources
            for mask, known in other._rows.get(scope, {}).items():
                shared = mask & rest
                rest &= ~shared
                if shared and actions & ~known:
                    left.append((scope, shared, actions & ~known))
            if rest:
                left.append((scope, rest, actions))
        return Permissions(left)

    def __len__(self) -> int:
        """Return the number of pairs of action and resource that it is about."""
        return sum(
            (resources & kind).bit_count() * (actions & about).bit_count()
            for scope, resources, actions in self.pieces
            for kind, about in scope.kinds
        )

    @property
    def actions(self) -> int:
        """The actions on some resource, as a set."""
        found = 0
        for scope, resources, actions in self.pieces:
            found |= actions & scope.actions(resources)
        return found

    @property
    def organizations(self) -> tuple[str, ...]:
        """ARNs of the organizations on which anything is allowed, sorted."""
        return tuple(
            sorted(
                {
                    resource.arn
                    for scope, resources, actions in self.pieces
                    for resource in scope.members(resources)
                    if resource.organization is not None and resource.actions & actions
                }
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """Somebody whom a principal is, or can become.

    Parameters
    ----------
    principal : str
        Its ARN.
    path : Path
        The shortest way there; one that rests on an unread policy only where there is no other.
    freest : Path or None
        A longer way without conditions, where the shortest has some.
    permissions : Permissions
        What it is allowed with the credentials that the chain gives it.
    gained : Permissions
        What of it the source is not allowed itself.
    capabilities : tuple of (str, tuple of str, str)
        Name, ARNs of the organizations, and decision.
    lasting : bool
        Whether some chain there changes something, so that it does not end with the source's session.
    """

    principal: str
    path: Path
    freest: Path | None
    permissions: Permissions
    gained: Permissions
    capabilities: tuple[tuple[str, tuple[str, ...], str], ...]
    lasting: bool

    @property
    def rests_on_unread(self) -> bool:
        """Whether every way there takes that a policy grants something which could not be read."""
        return self.path.rests_on_unread

    @property
    def decision(self) -> str:
        """``"allowed"`` where some way there needs no condition, else ``"conditional"``."""
        return "allowed" if self.freest is not None else self.path.decision


class Reach(Sequence[Reached]):
    """Everything that somebody reaches; the source itself comes first, then the nearest.

    Parameters
    ----------
    source : str
        Node id of who begins.
    name : str
        What to call it.
    found : sequence of Reached
        Whom it is and can become.
    access : Access
        Where it was found.
    """

    def __init__(self, source: str, name: str, found: Sequence[Reached], access: Access) -> None:
        self.source = source
        self.name = name
        self.access = access
        self._telling = Telling(Goals.of(access))
        self._found = tuple(found)

    @overload
    def __getitem__(self, at: int) -> Reached: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Reached, ...]: ...
    def __getitem__(self, at: int | slice) -> Reached | tuple[Reached, ...]:
        return self._found[at]

    def __len__(self) -> int:
        return len(self._found)

    @property
    def principals(self) -> tuple[str, ...]:
        """ARNs of the principals that it can become, nearest first."""
        every = self.access.whole.class_of
        reached = (r.principal for r in self if r.principal != self.source and r.principal in every)
        return tuple(dict.fromkeys(reached))

    @cached_property
    def permissions(self) -> Permissions:
        """Everything that it is allowed, itself or as somebody else."""
        return Permissions(piece for reached in self for piece in reached.permissions.pieces)

    @cached_property
    def gained(self) -> Permissions:
        """What it is allowed by chains alone."""
        return Permissions(piece for reached in self for piece in reached.gained.pieces)

    @property
    def capabilities(self) -> dict[str, tuple[str, ...]]:
        """By capability, the ARNs of the organizations on which it has it, itself or by chains."""
        found: dict[str, set[str]] = {}
        for reached in self:
            for name, organizations, _ in reached.capabilities:
                found.setdefault(name, set()).update(organizations)
        return {name: tuple(sorted(arns)) for name, arns in found.items()}

    def frame(self) -> pd.DataFrame:
        """Return a row for whom it is and for each that it can become.

        Returns
        -------
        pandas.DataFrame
            Columns ``principal`` (ARN), ``name``, ``kind``, ``account``, ``length`` (steps),
            ``decision`` (of becoming it), ``when``, ``steps``, ``capabilities`` (tuple of names),
            ``organizations`` (tuple of ARNs), ``permissions`` and ``gained`` (numbers of actions on
            organizations; of those that the source is not allowed itself).
        """
        import pandas as pd

        from wmiam.access.frames import DECISION_TYPE

        rows = []
        for reached in self:
            person = self.access.find_principal(reached.principal) if self._is_inside(reached) else None
            rows.append(
                {
                    "principal": reached.principal,
                    "name": person.name if person is not None else self._telling.name(reached.principal),
                    "kind": kind_of(self.access, reached.principal),
                    "account": person.account if person is not None else account_of(reached.principal),
                    "length": reached.path.length,
                    "decision": reached.decision,
                    "when": "" if reached.decision == "allowed" else reached.path.when,
                    "steps": (reached.freest or reached.path).text,
                    "capabilities": tuple(dict.fromkeys(name for name, _, _ in reached.capabilities)),
                    "organizations": reached.permissions.organizations,
                    "permissions": len(reached.permissions),
                    "gained": len(reached.gained),
                }
            )
        frame = pd.DataFrame(rows)
        frame["decision"] = frame["decision"].astype(DECISION_TYPE)
        return frame

    def _is_inside(self, reached: Reached) -> bool:
        return reached.principal in self.access.whole.class_of

    def __repr__(self) -> str:
        return (
            f"<Reach of {self.name}: {count(len(self.principals), 'other principal')}, "
            f"{count(len(self.permissions.organizations), 'organization')}, "
            f"{count(len(self.capabilities), 'capability', 'capabilities')}>"
        )

    def __str__(self) -> str:
        lines = [repr(self)[1:-1]]
        for reached in self:
            names = ", ".join(dict.fromkeys(name for name, _, _ in reached.capabilities)) or "no capability"
            lines.append(f"  {reached.path.text or 'itself'}: {names}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from wmiam.views.chains import reach_html

        return reach_html(self)


def reach(access: Access, principal: str, *, session: Session = Session.OWN) -> Reach:
    """Return everything that somebody reaches, directly and by chains.

    Parameters
    ----------
    access : Access
        The estate's evaluation.
    principal : str
        Principal, external account, service or identity provider.
    session : Session
        With which credentials it begins.

    Raises
    ------
    NameLookupError
        If the name selects nothing, or is ambiguous.
    """
    goals = Goals.of(access)
    telling = Telling(goals)
    node = find_source(access, principal)
    start: State = (node, session)
    chains = goals.chains
    shortest = chains.departures(start)
    freest = chains.departures(start, always=True)
    read = shortest if chains.all_is_read else chains.departures(start, read=True)
    own = _permissions(goals, start, shortest[start])
    lasting = chains.lasting(shortest)
    # The source comes back to itself by what it changes; that is no gain.
    places: dict[str, list[State]] = {node: [start]}
    for state in sorted(shortest, key=lambda state: shortest[state][0].length):
        if state[0] != node:
            places.setdefault(state[0], []).append(state)
    found = []
    for name, states in places.items():
        known = [read[state][0] for state in states if state in read] or [shortest[states[0]][0]]
        path = _path(telling, start, min(known, key=lambda at: at.length))
        free = min((freest[s][0] for s in states if s in freest), key=lambda at: at.length, default=None)
        other = None if free is None or path.decision == "allowed" else _path(telling, start, free)
        permissions = own
        if name != node:
            every = [_permissions(goals, state, shortest[state]) for state in states]
            permissions = Permissions(piece for held in every for piece in held.pieces)
        found.append(
            Reached(
                name,
                path,
                other,
                permissions,
                permissions.besides(own),
                tuple(_capabilities(goals, [(state, shortest[state]) for state in states])),
                any(state in lasting for state in states),
            )
        )
    return Reach(node, telling.name(node), found, access)


def _path(telling: Telling, start: State, departure: Departure) -> Path:
    """Return a chain to being somebody as a path."""
    every = telling.chains.sittings.every
    return Path(telling, start, departure.links, Final(None, Way(1, 1, every)), 0)


def _permissions(goals: Goals, state: State, departures: Sequence[Departure]) -> Permissions:
    """Return what somebody is allowed with the credentials of a state, in the sittings of chains there."""
    node, session = state
    d = goals.chains.sittings.space.diagrams
    space = goals.access.whole.space
    sittings = d.any_of(departure.sittings for departure in departures)
    credentials = Session.OWN if node in goals.administrators else session
    pieces = []
    for members in goals.classes_at(node):
        for mask, within in goals.fixed_for(credentials).within(members):
            for resources, cells in members.allowed:
                shared = mask & resources
                for actions, contexts in cells if shared and within != FALSE else ():
                    way = goals.chains.narrowed(space, contexts, within, node, credentials)
                    if d.both(way.sittings, sittings) != FALSE:
                        pieces.append((members.scope, shared, actions))
    return Permissions(pieces)


def _capabilities(
    goals: Goals, places: Sequence[tuple[State, Sequence[Departure]]]
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield the capabilities of some states, in the sittings of chains there."""
    d = goals.chains.sittings.space.diagrams
    for capability in goals.access.catalog.capabilities:
        always = possible = 0
        for state, departures in places:
            sittings = d.any_of(departure.sittings for departure in departures)
            for bits, final in goals.held(capability, *state, goals.places.all):
                if d.both(final.way.sittings, sittings) != FALSE:
                    possible |= bits
                    always |= bits if final.way.always else 0
        for bits, decision in ((always, "allowed"), (possible & ~always, "conditional")):
            if bits:
                yield capability.name, tuple(o.arn for o in goals.places.members(bits)), decision


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What is at stake when somebody's credentials leak.

    Parameters
    ----------
    reach : Reach
        All of it, one by one.
    principals, organizations, capabilities, permissions : int
        Numbers: of the principals that it can become, of the organizations on which it is allowed
        anything, of its capabilities, and of its permissions (actions on organizations), itself and
        by chains.
    gained : int
        Of the permissions, those by chains alone.
    ends : int
        Of the permissions, those that end with the session: at once, or with the hour that a
        chained session lasts at most.
    unread : int
        Of the principals, those that it becomes only if policies grant it that could not be read.
    stays : tuple of str
        ARNs of the principals that stay within reach when the session is revoked, since the chain
        to them changes something: keys, policies, trust or code.
    """

    reach: Reach
    principals: int
    organizations: int
    capabilities: int
    permissions: int
    gained: int
    ends: int
    unread: int
    stays: tuple[str, ...]

    def __str__(self) -> str:
        unread = f" ({self.unread} of them only if unread policies allow it)" if self.unread else ""
        text = (
            f"{self.reach.name} reaches {count(self.principals, 'other principal')}{unread}, "
            f"{count(self.organizations, 'organization')}, "
            f"{count(self.capabilities, 'capability', 'capabilities')} and "
            f"{count(self.permissions, 'permission')}, {self.gained} of them by chains alone. "
            f"Revoking the session ends {self.ends} of them"
        )
        if not self.stays:
            return f"{text}."
        verb = "stays" if len(self.stays) == 1 else "stay"
        return f"{text}; {count(len(self.stays), 'principal')} {verb} within reach."


def blast_radius(access: Access, principal: str, *, leaked: bool = False) -> BlastRadius:
    """Return what is at stake when somebody's credentials leak.

    Parameters
    ----------
    access : Access
        The estate's evaluation.
    principal : str
        Who.
    leaked : bool
        Whether what leaks is a role's session that was started by ``AssumeRole``: it carries no MFA.

    Raises
    ------
    NameLookupError
        If the name selects nothing, or is ambiguous.
    RequestError
        If a session leaks of somebody who is no role.

    Notes
    -----
    Source: IAM User Guide, "Revoking IAM role temporary security credentials".
    """
    if leaked and not access.find_principal(principal).is_role:
        raise RequestError(f"{principal} is no role, so that nobody has a session of it")
    found = reach(access, principal, session=Session.ASSUMED if leaked else Session.OWN)
    lasting = [reached for reached in found if reached.lasting]
    stays = Permissions(piece for reached in lasting for piece in reached.permissions.pieces)
    return BlastRadius(
        found,
        len(found.principals),
        len(found.permissions.organizations),
        len(found.capabilities),
        len(found.permissions),
        len(found.gained),
        len(found.permissions.besides(stays)),
        len({r.principal for r in found if r.rests_on_unread} & {*found.principals}),
        tuple(dict.fromkeys(r.principal for r in lasting if r.principal in found.principals)),
    )
