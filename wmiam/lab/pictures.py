"""The graph around a selection, laid out here and drawn by the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from wmiam.graph import AssumeEdge, build
from wmiam.graph.draw import drawing
from wmiam.lab.view import View

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["graph_model", "selection_graph"]

#: More nodes than these cannot be read.
_MOST: Final = 400


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


def selection_graph(view: View, becomes: Sequence[AssumeEdge]) -> dict[str, Any]:
    """Return the drawing of a selected principal: what it holds, can become, and may do by it.

    Parameters
    ----------
    view : View
        What is shown; a principal is selected.
    becomes : sequence of AssumeEdge
        Who can become whom in the estate.
    """
    chosen = view.selection
    return graph_model(
        build(
            view.access.estate,
            access=view.given,
            principals=[chosen.principal],
            actions=chosen.action or None,
            organizations=view.filters.organization or None if chosen.action else None,
            becomes=becomes,
        )
    )
