"""What is asked of the graph: paths, reach, role chains, neighbourhoods."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import networkx as nx

__all__ = ["Chain", "Step", "chain", "edges_of", "neighbourhood", "nodes_of", "paths", "reach", "steps"]

#: How permissions and identities flow; other edges (``in``, ``limited-by``, …) are context.
FLOW = ("member-of", "holds", "has", "allows", "can", "can-assume", "provisions", "on", "escalates")
#: How somebody becomes a role.
BECOMING = ("can-assume", "provisions")
#: What holds of a session that was started from another role's session (S1).
CHAINING = (
    "role chaining: the session lasts an hour at most, carries no MFA, and keeps transitive session tags"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One edge of a path.

    Parameters
    ----------
    source, target : str
        Node ids.
    kind : str
        Kind of the edge.
    reason : str
        Why it is there, in a sentence.
    conditions : tuple of str
        What must hold for it: all of it.
    """

    source: str
    target: str
    kind: str
    reason: str
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """A way to become a role, directly or from role to role.

    Parameters
    ----------
    role : str
        The role at the end.
    steps : tuple of Step
        The assumptions, in order; each step's conditions are those of its own call.
    notes : tuple of str
        What else holds of such a session.
    """

    role: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """Node ids from the source to the role."""
        return (self.steps[0].source, *(step.target for step in self.steps))

    @property
    def conditions(self) -> tuple[str, ...]:
        """What must hold, all of it; with several steps each says whose call it is about."""
        if len(self.steps) == 1:
            return self.steps[0].conditions
        return tuple(
            f"{text} (to become {_name(step.target)})" for step in self.steps for text in step.conditions
        )


def _name(role: str) -> str:
    return role.rpartition("/")[2]


def nodes_of(graph: nx.MultiDiGraph[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return each node with its attributes."""
    return [(node, graph.nodes[node]) for node in graph]


def edges_of(graph: nx.MultiDiGraph[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return each edge with its attributes."""
    return [
        (source, target, graph.edges[source, target, key]) for source, target, key in graph.edges(keys=True)
    ]


def paths(
    graph: nx.MultiDiGraph[str], source: str, target: str, *, cutoff: int | None = None, most: int = 100
) -> list[list[str]]:
    """Return simple paths along which identity and permission flow, shortest first.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    source, target : str
        Node ids.
    cutoff : int, optional
        Most edges of a path.
    most : int
        Most paths to return.

    Returns
    -------
    list of list of str
        Node ids; empty where there is no path, or no such node; :func:`steps` tells the edges.

    Notes
    -----
    A path goes on from a role only where a chained session can (S1), from an action only
    to organizations on which the statement or principal before it counts.  A path over
    statements says how a permission arrives; what boundaries, SCPs and explicit denies
    leave of it is what ``can`` edges tell.
    """
    flow: nx.DiGraph[str] = nx.DiGraph(
        (u, v)
        for u, v, kind in graph.edges(keys=True)
        # Whoever is reached on the way is a session, and some steps are closed to sessions.
        if kind in FLOW and (u == source or graph.edges[u, v, kind].get("chained", ()) is not None)
    )
    if source not in flow or target not in flow:
        return []
    if cutoff is None:
        found: Iterator[list[str]] = nx.shortest_simple_paths(flow, source, target)
    else:
        simple = nx.all_simple_paths(flow, source, target, cutoff=cutoff)
        found = iter(sorted(simple, key=lambda path: (len(path), path)))
    try:
        return list(islice((path for path in found if _is_possible(graph, path)), most))
    except nx.NetworkXNoPath:
        return []


def _is_possible(graph: nx.MultiDiGraph[str], path: Sequence[str]) -> bool:
    """Whether each action of a path is allowed on the organization that follows it."""
    return all(
        not graph.has_edge(action, organization, "on")
        or organization in _flowing(graph, before, action)["organizations"]
        for before, action, organization in zip(path, path[1:], path[2:], strict=False)
    )


def _flowing(graph: nx.MultiDiGraph[str], source: str, target: str) -> dict[str, Any]:
    """Return the edge between two nodes along which permission flows."""
    kind = next(kind for kind in FLOW if graph.has_edge(source, target, kind))
    found: dict[str, Any] = graph.edges[source, target, kind]
    return found


def steps(graph: nx.MultiDiGraph[str], path: Sequence[str]) -> list[Step]:
    """Return the edges of a path, each with its reason and conditions.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    path : sequence of str
        Node ids, as :func:`paths` gives them.

    Raises
    ------
    StopIteration
        If no permission flows between two nodes that follow each other.
    """
    found, assumed = [], False
    for source, target in pairwise(path):
        data = _flowing(graph, source, target)
        conditions = data.get("chained" if assumed else "conditions") or ()
        assumed = assumed or data["kind"] in BECOMING
        found.append(Step(source, target, data["kind"], data["reason"], tuple(conditions)))
    return found


def chain(graph: nx.MultiDiGraph[str], source: str) -> list[Chain]:
    """Return the roles that somebody can become, each with the best ways there.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    source : str
        Node id of a principal, service, identity provider or external account.

    Returns
    -------
    list of Chain
        For each role a chain of the fewest steps, and where it has conditions one of the
        fewest conditional steps, if that is another; nearest roles first.

    Notes
    -----
    Source: IAM User Guide, "Roles terms and concepts", role chaining; rules S1 and S2.
    """
    if source not in graph:
        return []
    nearest = _search(graph, source, by_conditions=False)
    freest = _search(graph, source, by_conditions=True)
    found = []
    for role, first in nearest.items():
        found.append(first)
        other = freest[role]
        if sum(bool(s.conditions) for s in other.steps) < sum(bool(s.conditions) for s in first.steps):
            found.append(other)
    return found


def _search(graph: nx.MultiDiGraph[str], source: str, *, by_conditions: bool) -> dict[str, Chain]:
    """Return one chain to each role: of the fewest conditional steps, or of the fewest steps."""
    found: dict[str, Chain] = {}
    queue: deque[tuple[str, tuple[Step, ...]]] = deque([(source, ())])
    done: set[str] = set()
    while queue:
        node, before = queue.popleft()
        if node in done:
            continue
        done.add(node)
        if before:
            found[node] = Chain(node, before, (CHAINING,) if len(before) > 1 else ())
        for role in sorted(graph.successors(node)):
            kind = next((kind for kind in BECOMING if graph.has_edge(node, role, kind)), None)
            if role in done or kind is None:
                continue
            data = graph.edges[node, role, kind]
            # The source calls with whatever credentials it has; whoever comes after, with a session.
            conditions = data.get("chained" if before else "conditions", ())
            if conditions is None:
                continue
            after = (*before, Step(node, role, kind, data["reason"], conditions))
            if by_conditions and not conditions:
                queue.appendleft((role, after))
            else:
                queue.append((role, after))
    return found


def reach(graph: nx.MultiDiGraph[str], source: str, *, kind: str | None = None) -> set[str]:
    """Return all that a principal reaches: its groups, policies, roles by chains, and what those give.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    source : str
        Node id.
    kind : str, optional
        Only nodes of this kind, e.g. ``"role"``.

    Returns
    -------
    set of str
        Node ids, without the source; empty where there is no such node.
    """
    if source not in graph:
        return set()
    start = {source, *(found.role for found in chain(graph, source))}
    rest = [kind for kind in FLOW if kind not in (*BECOMING, "on")]
    flow: nx.DiGraph[str] = nx.DiGraph((u, v) for u, v, key in graph.edges(keys=True) if key in rest)
    found = set(start)
    for node in start:
        if node in flow:
            found |= nx.descendants(flow, node)
    for node in list(found):
        for action in graph.successors(node):
            for key in ("allows", "can"):
                if graph.has_edge(node, action, key):
                    acted_on = graph.edges[node, action, key]["organizations"]
                    found.update(arn for arn in acted_on if arn in graph)
    found.discard(source)
    return {
        node
        for node in found
        if kind in (None, graph.nodes[node]["kind"]) and graph.nodes[node].get("effect") != "Deny"
    }


def neighbourhood(graph: nx.MultiDiGraph[str], node: str, radius: int = 1) -> nx.MultiDiGraph[str]:
    """Return the part of the graph within some steps of a node, in either direction.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    node : str
        Node id.
    radius : int
        Number of steps.
    """
    near = nx.single_source_shortest_path_length(graph.to_undirected(as_view=True), node, cutoff=radius)
    part: nx.MultiDiGraph[str] = graph.subgraph(near).copy()
    return part
