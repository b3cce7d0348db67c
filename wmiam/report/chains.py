"""What principals come to by chains: the numbers, and the ways, those together that are gone alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from wmiam.access import Access
from wmiam.access.people import CapabilityList, Count
from wmiam.bits import bits_of
from wmiam.catalog.escalations import Effect
from wmiam.graph.asked import arrivals_at, kind_of
from wmiam.graph.assume import AssumeEdge
from wmiam.graph.goals import Goals
from wmiam.graph.links import Arrival, Link
from wmiam.graph.routes import Path, Telling

__all__ = ["ChainCount", "ChainSurvey", "ChainWay", "Held", "survey_chains"]

#: Who stands at the beginning of the gravest ways.
_SOURCES: Final = {"external account": 0, "service principal": 2}


@dataclass(frozen=True, slots=True)
class ChainCount:
    """How many principals come to a capability by chains alone.

    Parameters
    ----------
    anywhere : Count
        Of those who hold it on no organization themselves: those with a way without conditions,
        and the others.
    by_organization : tuple of Count
        The same for each organization, in the order of ``access.organizations``.
    outside : int
        Accounts, services and identity providers that are no principals of the estate and come to it.
    """

    anywhere: Count
    by_organization: tuple[Count, ...]
    outside: int


@dataclass(frozen=True, slots=True)
class Held:
    """What one principal has of one capability; sets of organizations as bits.

    Parameters
    ----------
    allowed, conditional : int
        Where it holds it itself: in every case, and only under a condition.
    chained, chained_conditional : int
        Where it comes to it by chains alone.
    """

    allowed: int = 0
    conditional: int = 0
    chained: int = 0
    chained_conditional: int = 0


@dataclass(slots=True, eq=False)
class ChainWay:
    """A way to capabilities that several may go alike: the same steps under the same conditions.

    Parameters
    ----------
    sources : dict of str
        Node ids of those who can go it, in order.
    arrivals : dict of int to (Arrival, int)
        By position of the capability in the catalog: the chain as it was found, and the organizations.
    """

    sources: dict[str, None] = field(default_factory=dict)
    arrivals: dict[int, tuple[Arrival, int]] = field(default_factory=dict)

    @property
    def first(self) -> Arrival:
        """The chain to the gravest of its capabilities."""
        return self.arrivals[min(self.arrivals)][0]


@dataclass(frozen=True)
class ChainSurvey:
    """Everything that is come to by chains.

    Parameters
    ----------
    access : Access
        The effective access.
    counts : tuple of ChainCount
        By capability, in the order of the catalog.
    held : dict of str to tuple of Held
        By ARN of each principal that has any capability: what it has of each.
    ways : tuple of ChainWay
        Every way, the gravest first.
    """

    access: Access
    counts: tuple[ChainCount, ...]
    held: dict[str, tuple[Held, ...]]
    ways: tuple[ChainWay, ...]

    def path(self, way: ChainWay, capability: int | None = None) -> Path:
        """Return a way as a path, of the first of those who can go it.

        Parameters
        ----------
        way : ChainWay
            One of the ways.
        capability : int, optional
            Position of the capability that it leads to; by default the gravest.
        """
        at = min(way.arrivals) if capability is None else capability
        arrival, organizations = way.arrivals[at]
        goals = Goals.of(self.access)
        telling = Telling(goals, self.access.catalog.capabilities[at])
        return Path.of(telling, arrival, organizations)

    def ways_to(self, capability: int) -> list[ChainWay]:
        """Return the ways to one capability, the gravest first.

        Parameters
        ----------
        capability : int
            Its position in the catalog.
        """
        return [way for way in self.ways if capability in way.arrivals]


def survey_chains(access: Access, lists: Sequence[CapabilityList]) -> ChainSurvey:
    """Return what principals come to by chains.

    Parameters
    ----------
    access : Access
        The effective access; keys that it fixes count.
    lists : sequence of CapabilityList
        :func:`wmiam.access.people.capability_lists` of the same access.
    """
    goals = Goals.of(access)
    direct = [_direct(item) for item in lists]
    class_of = access.whole.class_of
    ways: dict[object, ChainWay] = {}
    held: dict[str, list[Held]] = {}
    counts = []
    for at, capability in enumerate(access.catalog.capabilities):
        reached: dict[str, list[int]] = {}
        for node, arrival, organizations in arrivals_at(goals, capability, goals.places.all):
            if _is_direct(arrival):
                continue
            bits = reached.setdefault(node, [0, 0])
            bits[0] |= organizations
            bits[1] |= organizations if arrival.always else 0
            _add(ways, at, node, arrival, organizations)
        counts.append(_count(access, reached, direct[at]))
        for principal in access.principals:
            own = direct[at].get(id(class_of[principal.arn]), (0, 0))
            possible, always = reached.get(principal.arn, (0, 0))
            besides = ~(own[0] | own[1])
            if own != (0, 0) or possible & besides:
                every = held.setdefault(principal.arn, [Held()] * len(lists))
                every[at] = Held(*own, always & besides, possible & ~always & besides)
    ranked = sorted(ways.values(), key=lambda way: _gravity(access, way))
    return ChainSurvey(access, tuple(counts), {arn: tuple(h) for arn, h in held.items()}, tuple(ranked))


def _direct(item: CapabilityList) -> dict[int, tuple[int, int]]:
    """Return by class the organizations on which it holds a capability: always, and under a condition."""
    found: dict[int, tuple[int, int]] = {}
    for (members, place), decision in item.decisions.items():
        always, maybe = found.get(members, (0, 0))
        if decision == "allowed":
            found[members] = always | 1 << place, maybe
        else:
            found[members] = always, maybe | 1 << place
    return found


def _is_direct(arrival: Arrival) -> bool:
    combined = arrival.final.edge
    return arrival.link is None and (combined is None or combined.method.effect is Effect.MAIL)


def _add(ways: dict[object, ChainWay], at: int, node: str, arrival: Arrival, organizations: int) -> None:
    combined = arrival.final.edge
    key = (
        *((link.target, _how(link), id(link.space), link.contexts, link.within) for link in arrival.links),
        "" if combined is None else combined.id,
    )
    way = ways.setdefault(key, ChainWay())
    way.sources[node] = None
    way.arrivals.setdefault(at, (arrival, organizations))


def _how(link: Link) -> str:
    edge = link.edge
    return "assume" if isinstance(edge, AssumeEdge) else "administer" if edge is None else edge.id


def _count(access: Access, reached: dict[str, list[int]], direct: dict[int, tuple[int, int]]) -> ChainCount:
    class_of = access.whole.class_of
    alike: Counter[tuple[int, int, bool]] = Counter()
    outside = 0
    for node, (possible, always) in reached.items():
        members = class_of.get(node)
        if members is None:
            outside += 1
            continue
        own = direct.get(id(members), (0, 0))
        besides = ~(own[0] | own[1])
        alike[possible & besides, always & besides, own == (0, 0)] += 1
    anywhere = Count()
    numbers = [Count() for _ in access.organizations]
    for (possible, always, nowhere), number in alike.items():
        if nowhere:
            anywhere = anywhere.plus("allowed" if always else "conditional", number)
        for place in bits_of(possible):
            decision = "allowed" if always >> place & 1 else "conditional"
            numbers[place] = numbers[place].plus(decision, number)
    return ChainCount(anywhere, tuple(numbers), outside)


def _gravity(access: Access, way: ChainWay) -> tuple[object, ...]:
    """Return a sorting key that puts the gravest ways first.

    Those that begin outside the estate come first, and services, which are meant to have their roles,
    last; then those that change something, those without conditions, and those to the gravest.
    """
    first = way.first
    source = min(_SOURCES.get(kind_of(access, node), 1) for node in way.sources)
    changes = any(link.lasts for link in first.links) or first.link is None
    nodes = [link.target for link in first.links]
    return (
        source,
        not changes,
        not first.always,
        min(way.arrivals),
        first.length,
        -len(way.arrivals),
        -len(way.sources),
        nodes,
        [*way.sources],
    )
