"""The steps of chains, and chains in the making."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wmiam.engine.space import Space
from wmiam.engine.whole import PrincipalClass
from wmiam.graph.assume import AssumeEdge
from wmiam.graph.escalate.find import Finding
from wmiam.graph.sittings import Session

__all__ = ["Arrival", "Departure", "Fan", "Final", "Link", "State", "Way"]

#: A node and the credentials that somebody has there.
State = tuple[str, Session]


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A step of a chain: from one node to a principal that it becomes.

    Parameters
    ----------
    source, target : str
        Node ids.
    becomes : Session
        The credentials that it has then.
    space : Space
        Where the contexts live.
    contexts, within : int
        The contexts of the request in which the step can be done, and those that can be.
    edge : AssumeEdge, Finding or None
        What it is: an assumption, an escalation, or what an account's administrator can do anyway.
    """

    source: str
    target: str
    becomes: Session
    space: Space
    contexts: int
    within: int
    edge: AssumeEdge | Finding | None

    @property
    def lasts(self) -> bool:
        """Whether it changes what stays, so that what follows may be done at any time, from anywhere."""
        return not isinstance(self.edge, AssumeEdge)


@dataclass(frozen=True, slots=True, eq=False)
class Fan:
    """Steps from each of some nodes to each of some others, which are all done in the same contexts.

    Parameters
    ----------
    sources : tuple of str
        Who does them.
    targets : int
        Whom they become, as a set of nodes.
    space, contexts, within, edge
        As for :class:`Link`.
    """

    sources: tuple[str, ...]
    targets: int
    space: Space
    contexts: int
    within: int
    edge: Finding | None

    def link(self, source: str, target: str) -> Link:
        """Return one of the steps."""
        return Link(source, target, Session.ASSUMED, self.space, self.contexts, self.within, self.edge)


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How a step, or what stands at the end of a chain, can be done with some credentials.

    Parameters
    ----------
    contexts, within : int
        The contexts in which it can, and those that can be.
    sittings : int
        The sittings in which it can.
    rests_on_unread : bool
        Whether it takes that a policy grants something which could not be read.
    """

    contexts: int
    within: int
    sittings: int
    rests_on_unread: bool = False

    @property
    def always(self) -> bool:
        """Whether it can be done in every context."""
        return self.contexts == self.within

    def counts(self, *, always: bool, read: bool) -> bool:
        """Whether it is one that a search asks for.

        Parameters
        ----------
        always, read : bool
            Whether only those count that can be done in every context, and that do not rest on what an
            unread policy grants.
        """
        return (self.always or not always) and not (read and self.rests_on_unread)


@dataclass(frozen=True, slots=True, eq=False)
class Final:
    """What stands at the end of a chain.

    Parameters
    ----------
    members : PrincipalClass or None
        The class that has it by its permissions on WorkMail; else None.
    way : Way
        When, with the credentials that a chain ends with.
    edge : Finding or None
        The combination of permissions that it takes, where WorkMail's alone are not enough.
    administers : bool
        Whether an account's administrator has it, who gives somebody of the class the permission.
    """

    members: PrincipalClass | None
    way: Way
    edge: Finding | None = None
    administers: bool = False

    @property
    def is_use(self) -> bool:
        """Whether something is used at the end; else the chain ends in being somebody."""
        return self.members is not None or self.edge is not None


class Arrival:
    """A chain from a state to what is looked for.

    Parameters
    ----------
    state : State
        Where it begins.
    organizations : int
        The organizations that it leads to.
    sittings : int
        The sittings in which it can begin.
    final : Final
        What stands at its end.
    always : bool
        Whether it can be gone in every context.
    link, rest : Link and Arrival, or None
        Its first step and what follows; None where there is no step.
    """

    __slots__ = ("always", "final", "length", "link", "organizations", "rest", "sittings", "state")

    def __init__(
        self,
        state: State,
        organizations: int,
        sittings: int,
        final: Final,
        always: bool,
        link: Link | None = None,
        rest: Arrival | None = None,
    ) -> None:
        self.state = state
        self.always = always
        self.organizations = organizations
        self.sittings = sittings
        self.final = final
        self.link = link
        self.rest = rest
        self.length: int = 0 if rest is None else rest.length + 1

    @property
    def links(self) -> Iterator[Link]:
        """Its steps, in order."""
        at: Arrival | None = self
        while at is not None and at.link is not None:
            yield at.link
            at = at.rest


class Departure:
    """A chain from the source of a search to a state.

    Parameters
    ----------
    state : State
        Where it ends.
    sittings : int
        The sittings in which it can go on.
    link, before : Link and Departure, or None
        Its last step and what comes before; None at the source.
    """

    __slots__ = ("before", "length", "link", "sittings", "state")

    def __init__(
        self, state: State, sittings: int, link: Link | None = None, before: Departure | None = None
    ) -> None:
        self.state = state
        self.sittings = sittings
        self.link = link
        self.before = before
        self.length: int = 0 if before is None else before.length + 1

    @property
    def links(self) -> list[Link]:
        """Its steps, in order."""
        found: list[Link] = []
        at: Departure | None = self
        while at is not None and at.link is not None:
            found.append(at.link)
            at = at.before
        return found[::-1]
