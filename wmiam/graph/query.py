"""What is asked of the graph: paths, reach, role chains, neighbourhoods."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Any

import networkx as nx

__all__ = ["chain", "edges_of", "neighbourhood", "nodes_of", "paths", "reach"]

#: How permissions and identities flow; other edges (``in``, ``limited-by``, …) are context.
FLOW = ("member-of", "holds", "has", "allows", "can", "can-assume", "on")


def nodes_of(graph: nx.MultiDiGraph[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return each node with its attributes."""
    return [(node, graph.nodes[node]) for node in graph]


def edges_of(graph: nx.MultiDiGraph[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return each edge with its attributes."""
    return [
        (source, target, graph.edges[source, target, key]) for source, target, key in graph.edges(keys=True)
    ]


def _flow(graph: nx.MultiDiGraph[str], kinds: tuple[str, ...]) -> nx.DiGraph[str]:
    return nx.DiGraph((u, v) for u, v, kind in graph.edges(keys=True) if kind in kinds)


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
        Node ids; empty where there is no path, or no such node.
    """
    flow = _flow(graph, FLOW)
    if source not in flow or target not in flow:
        return []
    if cutoff is None:
        try:
            return list(islice(nx.shortest_simple_paths(flow, source, target), most))
        except nx.NetworkXNoPath:
            return []
    found = list(islice(nx.all_simple_paths(flow, source, target, cutoff=cutoff), most))
    return sorted(found, key=lambda path: (len(path), path))


def reach(graph: nx.MultiDiGraph[str], source: str) -> set[str]:
    """Return the roles that a principal can become, directly and by chains (S1).

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    source : str
        Node id.
    """
    flow = _flow(graph, ("can-assume",))
    return set(nx.descendants(flow, source)) if source in flow else set()


def chain(graph: nx.MultiDiGraph[str], source: str) -> list[dict[str, object]]:
    """Return the roles that a principal can become, each with a shortest chain and its conditions.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    source : str
        Node id.

    Returns
    -------
    list of dict
        ``role``, ``path`` (node ids), ``conditions`` (one text for each conditional step; all
        must hold) and ``note``: with more than one step, sessions last an hour at most and
        carry no MFA of the first step.

    Notes
    -----
    Source: IAM User Guide, "Roles terms and concepts", role chaining.
    """
    found: list[dict[str, object]] = []
    queue: deque[tuple[str, tuple[str, ...], tuple[str, ...]]] = deque([(source, (source,), ())])
    seen = {source}
    while queue:
        node, path, conditions = queue.popleft()
        for role in sorted(graph.successors(node)):
            if role in seen or not graph.has_edge(node, role, "can-assume"):
                continue
            data = graph.edges[node, role, "can-assume"]
            seen.add(role)
            step = ", ".join(data["conditions"])
            further = (*conditions, step) if step else conditions
            note = "" if len(path) == 1 else "role chaining: one hour at most, and no MFA of the first step"
            found.append({"role": role, "path": [*path, role], "conditions": list(further), "note": note})
            queue.append((role, (*path, role), further))
    return found


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
