"""Chains between two ends, and everybody who reaches a capability."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any

from wmiam.access.access import Access
from wmiam.catalog import Capability
from wmiam.engine.diagrams import FALSE
from wmiam.errors import NameLookupError, UnknownNameError
from wmiam.graph.chains import Chains
from wmiam.graph.goals import Goals
from wmiam.graph.links import Arrival, Final, Link, State
from wmiam.graph.routes import Path, Paths, Telling
from wmiam.graph.sittings import Session
from wmiam.memory import without_cycles
from wmiam.policy.values import parse_arn

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["account_of", "arrivals_at", "find_capability", "find_source", "kind_of", "paths", "who_reaches"]

#: What paths lead to: a principal, role or organization by name, or a capability (on an organization).
Target = str | tuple[str, str | None]


def find_capability(access: Access, name: str) -> Capability:
    """Return the capability of a name such as ``"read-mail"``.

    Raises
    ------
    UnknownNameError
        If there is none; with the near matches.
    """
    known = {capability.name: capability for capability in access.catalog.capabilities}
    if name not in known:
        raise UnknownNameError("capability", name, get_close_matches(name, known, 8, 0.4) or sorted(known))
    return known[name]


def find_source(access: Access, name: str) -> str:
    """Return the node of somebody who can begin a chain.

    Parameters
    ----------
    access : Access
        Where to look.
    name : str
        A principal as elsewhere; the id of an account that some trust policy names, ``"*"`` for any
        other account, a service principal, an identity provider's ARN or name.

    Raises
    ------
    NameLookupError
        If it names none, or several.
    """
    chains = Chains.of(access)
    outside = [node for node in chains.outward if node not in chains.people]
    named = [node for node in outside if name in (node, node.rpartition("-provider/")[2])]
    if len(named) == 1:
        return named[0]
    try:
        return access.find_principal(name).arn
    except UnknownNameError as error:
        near = [*error.candidates, *get_close_matches(name, outside, 4, 0.6)]
        raise UnknownNameError("principal", name, near) from error


def kind_of(access: Access, node: str) -> str:
    """Return what a node is: a kind of principal, or who else can begin a chain."""
    person = Chains.of(access).people.get(node)
    if person is not None:
        return str(person.kind)
    if node in Chains.of(access).bit_of:
        return "account administrator"
    if node == "*" or node.isdigit():
        return "external account"
    outward = Chains.of(access).outward.get(node, ())
    federated = any(link.becomes is Session.FEDERATED for link in outward)
    return "identity provider" if federated else "service principal"


# -- paths ------------------------------------------------------------------


def paths(
    access: Access,
    source: str,
    target: Target,
    *,
    cutoff: int | None = None,
    all: bool = False,  # noqa: A002 - the word of the question
    most: int = 1000,
) -> Paths:
    """Return the chains from somebody to a principal, an organization or a capability.

    Chains that rest on what an unread policy grants are returned where no other leads there.

    Parameters
    ----------
    access : Access
        The estate's evaluation.
    source : str
        Who begins; see :func:`find_source`.
    target : str or tuple of str
        Principal, organization or capability by name, or a pair of capability and organization.
    cutoff : int, optional
        Most steps from principal to principal.
    all : bool
        Whether to return longer chains, too, and those that rest on unread policies; no chain comes
        to a principal twice.
    most : int
        Most paths to return.

    Raises
    ------
    NameLookupError
        If a name selects nothing, or is ambiguous.
    """
    goals = Goals.of(access)
    chains, node = goals.chains, find_source(access, source)
    finals, telling, question = _target(goals, target)
    found: list[Path] = []
    # What is known comes before what may be, unless everything is asked for.
    read = not (all or chains.all_is_read) and (node, Session.OWN) in chains.arrivals(finals, read=True)
    for path in islice(_between(chains, node, finals, telling, cutoff, read=read), most):
        if found and not all and path.length > found[0].length:
            break
        found.append(path)
    return Paths(found, f"from {telling.name(node)} to {question}")


def _target(goals: Goals, target: Target) -> tuple[list[tuple[State, int, Final]], Telling, str]:
    """Return where paths to a target end, how to put them into words, and the target in words."""
    access, places = goals.access, goals.places
    name, org = target if isinstance(target, tuple) else (target, None)
    if isinstance(target, tuple) or name in {c.name for c in access.catalog.capabilities}:
        capability = find_capability(access, name)
        chosen = places.chosen(access, org)
        where = "" if org is None else f" on {access.labels.get(org, org)}"
        return list(goals.capability(capability, chosen)), Telling(goals, capability), f"{name}{where}"
    try:
        person = access.find_principal(name)
    except UnknownNameError as error:
        try:
            chosen = places.chosen(access, name)
        except NameLookupError:
            raise error from None
        return list(goals.anything(chosen)), Telling(goals), f"organization {name}"
    telling = Telling(goals)
    return list(goals.being(person.arn)), telling, telling.name(person.arn)


def _between(
    chains: Chains,
    source: str,
    finals: list[tuple[State, int, Final]],
    telling: Telling,
    cutoff: int | None,
    *,
    read: bool,
) -> Iterator[Path]:
    """Yield the chains from a node, shortest first; only those that rest on nothing unread, if asked."""
    d = chains.sittings.space.diagrams
    left = {state: found[0].length for state, found in chains.arrivals(finals, read=read).items()}
    ends: dict[State, list[tuple[int, Final]]] = {}
    for state, bits, final in finals:
        if final.way.counts(always=False, read=read):
            ends.setdefault(state, []).append((bits, final))
    start: State = (source, Session.OWN)
    todo: deque[tuple[State, int, tuple[Link, ...]]] = deque()
    if start in left and (cutoff is None or left[start] <= cutoff):
        todo.append((start, chains.sittings.every, ()))
    while todo:
        state, sittings, links = todo.popleft()
        for bits, final in ends.get(state, ()):
            if d.both(sittings, final.way.sittings) != FALSE:
                yield Path(telling, start, links, final, bits)
        before = {source, *(link.target for link in links)}
        for link in chains.links_from(state[0]):
            after: State = (link.target, link.becomes)
            if link.target in before or after not in left:
                continue
            if cutoff is not None and len(links) + 1 + left[after] > cutoff:
                continue
            way = chains.way(link, state[1])
            onwards = chains.after(link, sittings, way)
            if onwards != FALSE and way.counts(always=False, read=read):
                todo.append((after, onwards, (*links, link)))


# -- who reaches ------------------------------------------------------------


def arrivals_at(
    goals: Goals, capability: Capability, organizations: int
) -> Iterator[tuple[str, Arrival, int]]:
    """Yield for each node the best chains to a capability, each with the organizations that it is best for.

    A chain that rests on what an unread policy grants is not taken where another leads there.

    Parameters
    ----------
    goals : Goals
        Where chains end.
    capability : Capability
        What they lead to.
    organizations : int
        On which.
    """
    key = ("arrivals", capability.name, organizations)
    if key not in goals.memo:
        with without_cycles():
            goals.memo[key] = tuple(_arrivals_at(goals, capability, organizations))
    yield from goals.memo[key]


def _arrivals_at(
    goals: Goals, capability: Capability, organizations: int
) -> Iterator[tuple[str, Arrival, int]]:
    finals = list(goals.capability(capability, organizations))
    shortest = goals.chains.arrivals(finals)
    freest = goals.chains.arrivals(finals, always=True)
    if not goals.chains.all_is_read:
        read = goals.chains.arrivals(finals, read=True)
        shortest = {state: [*read.get(state, ()), *found] for state, found in shortest.items()}
    for state, found in shortest.items():
        if state[1] is Session.OWN:
            for arrival, bits in _best(found, freest.get(state, ())):
                yield state[0], arrival, bits


def _best(shortest: Iterable[Arrival], freest: Iterable[Arrival]) -> Iterator[tuple[Arrival, int]]:
    """Yield for the organizations their first chains, and the first free ones if those differ."""
    seen = free = 0
    for arrival in shortest:
        fresh = arrival.organizations & ~seen
        seen |= fresh
        free |= fresh if arrival.always else 0
        if fresh:
            yield arrival, fresh
    for arrival in freest:
        fresh = arrival.organizations & ~free
        free |= fresh
        if fresh:
            yield arrival, fresh


def who_reaches(access: Access, capability: str, org: str | None = None) -> pd.DataFrame:
    """Return everybody who has a capability, or comes to it by chains.

    Parameters
    ----------
    access : Access
        The estate's evaluation.
    capability : str
        E.g. ``"read-mail"``.
    org : str, optional
        Only on these organizations.

    Returns
    -------
    pandas.DataFrame
        A row for each principal and set of organizations that it reaches in the same way; where
        that way has conditions and a longer one has none, a second row.  Columns ``principal``
        (node id), ``name``, ``kind`` (of the principal, or ``"external account"``,
        ``"service principal"``, ``"identity provider"``), ``account``, ``way`` (``"direct"``,
        ``"chain"``, ``"escalation"``), ``length``, ``decision``, ``when``, ``steps`` (in words),
        ``organizations`` (tuple of ARNs).

    Raises
    ------
    NameLookupError
        If a name selects nothing.
    """
    import pandas as pd

    from wmiam.access.frames import DECISION_TYPE

    goals = Goals.of(access)
    wanted = find_capability(access, capability)
    telling = Telling(goals, wanted)
    people = goals.chains.people
    told: dict[Final, Path] = {}
    named: dict[int, tuple[str, ...]] = {}
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for node, arrival, organizations in arrivals_at(goals, wanted, goals.places.chosen(access, org)):
        path = told.get(arrival.final) if arrival.link is None else None
        if path is None:
            path = Path.of(telling, arrival, organizations)
            if arrival.link is None:
                told[arrival.final] = path
        if organizations not in named:
            named[organizations] = tuple(o.arn for o in goals.places.members(organizations))
        person = people.get(node)
        row = (
            node,
            person.name if person is not None else telling.name(node),
            kind_of(access, node),
            person.account if person is not None else account_of(node),
            path.way,
            path.length,
            path.decision,
            path.when,
            path.text,
            named[organizations],
        )
        for name, value in zip(_COLUMNS, row, strict=True):
            columns[name].append(value)
    frame = pd.DataFrame(columns)
    for name in ("kind", "way"):
        frame[name] = frame[name].astype("category")
    frame["decision"] = frame["decision"].astype(DECISION_TYPE)
    return frame.sort_values(["length", "principal"], kind="stable", ignore_index=True)


_COLUMNS = (
    *("principal", "name", "kind", "account", "way", "length", "decision", "when", "steps"),
    "organizations",
)


def account_of(node: str) -> str:
    """Return the account that somebody outside the estate belongs to; ``""`` where it has none."""
    arn = parse_arn(node)
    return arn.account if arn is not None else node if node.isdigit() else ""
