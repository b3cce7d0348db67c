"""The graph around a selection, laid out here and drawn by the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from wmiam.graph import AssumeEdge, Escalations, build
from wmiam.graph.draw import drawing
from wmiam.graph.nodes import LAYERS
from wmiam.lab.view import View

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["graph_model", "selection_graph"]

#: More nodes than these cannot be read.
_MOST: Final = 400
#: More principals than these, gained by escalation, are drawn as one node.
_GATHERED: Final = 12


def graph_model(graph: nx.MultiDiGraph[str]) -> dict[str, Any]:
    """Return a graph's drawing as JSON values; of one with too many nodes only their number.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it, or a part of it.
    """
    if graph.number_of_nodes() > _MOST:
        return {"many": graph.number_of_nodes()}
    return asdict(drawing(graph))


def selection_graph(
    view: View, becomes: Sequence[AssumeEdge], escalations: Escalations | None = None
) -> dict[str, Any]:
    """Return the drawing of a selected principal: what it holds, can become, and may do by it.

    Parameters
    ----------
    view : View
        What is shown; a principal is selected.
    becomes : sequence of AssumeEdge
        Who can become whom in the estate.
    escalations : Escalations, optional
        How principals turn their permissions into more.  Of very many whom somebody gains so, their
        number is drawn.
    """
    chosen = view.selection
    graph = build(
        view.access.estate,
        access=view.given,
        principals=[chosen.principal],
        actions=chosen.action or None,
        organizations=view.filters.organization or None if chosen.action else None,
        becomes=becomes,
        escalations=escalations,
    )
    _gather(graph)
    return graph_model(graph)


def _gather(graph: nx.MultiDiGraph[str]) -> None:
    """Put one node in the place of many principals that somebody gains by escalation alone."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for source, target, key in list(graph.edges(keys=True)):
        if key == "escalates" and set(graph.pred[target]) == {source} and not _leads_on(graph, target):
            edge = graph.edges[source, target, key]
            if graph.nodes[target]["kind"] not in ("account", "organization"):
                alike.setdefault((source, edge["decision"], edge["conditions"]), []).append(target)
    for number, ((source, _, _), targets) in enumerate(alike.items()):
        if len(targets) <= _GATHERED:
            continue
        edge = dict(graph.edges[source, targets[0], "escalates"])
        edge["reason"] = f"For example {graph.nodes[targets[0]]['label']}: {edge['reason']}"
        graph.remove_nodes_from(targets)
        node = f"{source} gains {number}"
        graph.add_node(node, kind="others", label=f"{len(targets):,} principals", layer=LAYERS["role"])
        graph.add_edge(source, node, key="escalates", **edge)


def _leads_on(graph: nx.MultiDiGraph[str], node: str) -> bool:
    """Whether something else begins at a node than its place in an account."""
    return any(key != "in" for _, _, key in graph.out_edges(node, keys=True))
