"""The gravest ways to mail as pictures and as steps in words, and all ways to a capability as a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import networkx as nx
from markupsafe import Markup

from wmiam.access.labels import place_of
from wmiam.estate.model import Principal
from wmiam.graph.asked import kind_of
from wmiam.graph.draw import to_svg
from wmiam.graph.routes import Path, PathStep
from wmiam.report.chains import ChainSurvey, ChainWay

__all__ = ["PathCard", "PathList", "PathStepRow", "Sources", "WayRow", "path_list", "way_rows"]

#: Ways that are drawn, and of these the most to the same principal.
_DRAWN: Final = 10
_SAME_END: Final = 2
#: Ways to one capability that are listed.
_LISTED: Final = 20
#: Statements of a step that are named.
_CAUSES: Final = 6
#: Organizations in a picture.
_PLACES: Final = 3


@dataclass(frozen=True, slots=True)
class Sources:
    """Who can go a way.

    Parameters
    ----------
    principals : tuple of Principal
        Those of the estate, in order.
    others : tuple of str
        Those outside it, in words.
    """

    principals: tuple[Principal, ...]
    others: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.principals) + len(self.others)


@dataclass(frozen=True, slots=True)
class PathStepRow:
    """One step in words.

    Parameters
    ----------
    title, reason : str
        What is done, and why it can be.
    conditions : tuple of str
        What must hold in its request.
    statements : tuple of (str, str)
        Policy and statement that allow it, and their place.
    """

    title: str
    reason: str
    conditions: tuple[str, ...]
    statements: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PathCard:
    """One way, drawn and told.

    Parameters
    ----------
    number : int
        From 1; its anchor is ``path-<number>``.
    title : str
        Who comes to what.
    sources : Sources
        All who can go it; the picture shows the first.
    decision : str
        ``"allowed"`` without conditions, else ``"conditional"``.
    picture : Markup
        SVG.
    steps : tuple of PathStepRow
        The same in words.
    throughout, notes, capabilities, organizations : tuple of str
        What must hold all the way, what else is to be said, and what is come to.
    end : Principal or None
        Whose own permissions stand at the end, where it is a principal of the estate.
    """

    number: int
    title: str
    sources: Sources
    decision: str
    picture: Markup
    steps: tuple[PathStepRow, ...]
    throughout: tuple[str, ...]
    notes: tuple[str, ...]
    capabilities: tuple[str, ...]
    organizations: tuple[str, ...]
    end: Principal | None


@dataclass(frozen=True, slots=True)
class PathList:
    """The ways that are drawn, and how many there are in all."""

    cards: tuple[PathCard, ...]
    ways: int


@dataclass(frozen=True, slots=True)
class WayRow:
    """A way to one capability as a row of its list.

    Parameters
    ----------
    sources : Sources
        Who can go it.
    decision, when, steps : str
        Whether always, else when, and how.
    organizations : tuple of int
        Where it leads: indexes into ``access.organizations``.
    """

    sources: Sources
    decision: str
    when: str
    steps: str
    organizations: tuple[int, ...]


def path_list(survey: ChainSurvey) -> PathList:
    """Return the gravest ways, drawn and told.

    Parameters
    ----------
    survey : ChainSurvey
        What is come to by chains.
    """
    cards = (_card(survey, number, way) for number, way in enumerate(_gravest(survey.ways), 1))
    return PathList(tuple(cards), len(survey.ways))


def _gravest(ways: Iterable[ChainWay]) -> list[ChainWay]:
    """Return the first ways, of those to the same principal only some."""
    chosen: list[ChainWay] = []
    ends: dict[tuple[str, ...], int] = {}
    for way in ways:
        # A way of no step ends where it begins.
        end = tuple(link.target for link in way.first.links)[-1:] or tuple(way.sources)[:1]
        ends[end] = ends.get(end, 0) + 1
        if ends[end] <= _SAME_END:
            chosen.append(way)
        if len(chosen) == _DRAWN:
            break
    return chosen


def way_rows(survey: ChainSurvey, capability: int) -> tuple[tuple[WayRow, ...], int]:
    """Return the gravest ways to a capability as rows, and how many there are.

    Parameters
    ----------
    survey : ChainSurvey
        What is come to by chains.
    capability : int
        Position of the capability in the catalog.
    """
    ways = survey.ways_to(capability)
    places = {organization.arn: at for at, organization in enumerate(survey.access.organizations)}
    rows = []
    for way in ways[:_LISTED]:
        path = survey.path(way, capability)
        steps = ", ".join(step.title for step in path.steps if step.kind != "use" or len(path.steps) == 1)
        found = tuple(places[arn] for arn in path.organizations)
        rows.append(WayRow(_sources(survey, way, path), path.decision, path.when, steps, found))
    return tuple(rows), len(ways)


def _sources(survey: ChainSurvey, way: ChainWay, path: Path) -> Sources:
    people = path.telling.chains.people
    return Sources(
        tuple(people[node] for node in way.sources if node in people),
        tuple(
            f"{path.telling.name(node)} ({kind_of(survey.access, node)})"
            for node in way.sources
            if node not in people
        ),
    )


def _card(survey: ChainSurvey, number: int, way: ChainWay) -> PathCard:
    path = survey.path(way)
    titles = tuple(survey.access.catalog.capabilities[at].title for at in sorted(way.arrivals))
    labels = {organization.arn: organization.label for organization in survey.access.organizations}
    organizations = tuple(labels[arn] for arn in path.organizations)
    title = f"{path.telling.name(path.source)} can get to {titles[0][:1].lower()}{titles[0][1:]}"
    return PathCard(
        number,
        title,
        _sources(survey, way, path),
        path.decision,
        Markup(  # noqa: S704 - made of escaped text
            to_svg(_graph(survey, path, titles, organizations), title=f"Path {number}: {title}", inline=True)
        ),
        tuple(_steps(path, titles, organizations)),
        path.throughout,
        path.notes,
        titles,
        organizations,
        path.telling.chains.people.get(path.end) if path.final.edge is None else None,
    )


def _steps(path: Path, titles: tuple[str, ...], organizations: tuple[str, ...]) -> Iterator[PathStepRow]:
    for step in path.steps:
        told = step.title
        if step.kind == "use":
            by = told.partition(" by ")[2]
            told = f"can {', '.join(title[:1].lower() + title[1:] for title in titles)}"
            told += f" on {', '.join(organizations)}" + (f", by {by}" if by else "")
        yield PathStepRow(told, step.reason, step.conditions, tuple(_causes(step)))


def _causes(step: PathStep) -> Iterator[tuple[str, str]]:
    for cause in step.statements[:_CAUSES]:
        yield cause.label, place_of(cause.policy, cause.statement.pointer)


def _graph(
    survey: ChainSurvey, path: Path, titles: tuple[str, ...], organizations: tuple[str, ...]
) -> nx.MultiDiGraph[str]:
    """Return a way as a graph: those whom it passes from left to right, then the capability and where."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name="a path")
    for layer, node in enumerate(path.nodes):
        graph.add_node(node, **_node(survey, path, node), layer=layer)
    steps = {"assume": "can-assume", "escalate": "escalates", "administer": "escalates"}
    for step in path.steps:
        if step.kind != "use":
            _edge(graph, step.source, step.target, steps[step.kind], step)
    last = path.steps[-1]
    what = titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"
    graph.add_node("capability", kind="action", label=what, layer=len(path.nodes))
    _edge(graph, path.end, "capability", "can" if path.final.edge is None else "escalates", last)
    places = [*organizations[:_PLACES]]
    if len(organizations) > _PLACES:
        places[-1] = f"{len(organizations) - _PLACES + 1} more"
    for at, place in enumerate(places):
        node = f"organization-{at}"
        graph.add_node(node, kind="organization", label=place, layer=len(path.nodes) + 1)
        graph.add_edge("capability", node, key="on", kind="on", reason=f"on {place}")
    return graph


def _node(survey: ChainSurvey, path: Path, node: str) -> dict[str, str]:
    person = path.telling.chains.people.get(node)
    if person is not None:
        return {"kind": str(person.kind), "label": person.name, "account": person.account}
    kind = kind_of(survey.access, node)
    name = path.telling.name(node)
    return {"kind": "account" if kind == "account administrator" else kind, "label": name}


def _edge(graph: nx.MultiDiGraph[str], source: str, target: str, kind: str, step: PathStep) -> None:
    graph.add_edge(
        source,
        target,
        key=kind,
        kind=kind,
        reason=step.reason or step.title,
        conditions=step.conditions,
        decision="conditional" if step.conditions else "allowed",
    )
