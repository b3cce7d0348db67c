"""Where each node stands: columns by kind, rows ordered so that few lines cross.

Roles stand in several columns, by the length of the chain that leads to them, so that
a chain of roles reads from left to right.  A line over several columns keeps a gap free
in each, so that it runs behind no box.

Source: Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical
System Structures" (1981), barycentre ordering.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

import networkx as nx

from wmiam.graph.query import FLOW

__all__ = ["Arrangement", "arrange", "layout"]

#: Sweeps over all columns, there and back; the order hardly changes after these.
_SWEEPS = 8
#: Chains of roles longer than this share the last column.
_LONGEST_CHAIN = 9
#: Height of a node, and of the gap that a line needs, in rows.
_NODE, _LINE = 1.0, 0.4

#: A node, or the place of a line in a column between its ends.
_Item = str | tuple[str, str, int]


@dataclass(slots=True)
class Arrangement:
    """Where everything stands.

    Parameters
    ----------
    places : dict of str to (int, float)
        Column and row of each node, both from 0.
    bends : dict of (str, str) to list of (int, float)
        For a line over several columns, where it passes those between, from left to right.
    """

    places: dict[str, tuple[int, float]] = field(default_factory=dict)
    bends: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)


def layout(graph: nx.MultiDiGraph[str]) -> dict[str, tuple[int, float]]:
    """Return a place for each node, and keep it as the node attribute ``pos``.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.

    Returns
    -------
    dict
        From node id to column and row, both from 0; rows of a column are at least 1 apart,
        and each node stands as near to its neighbours as that allows.  The same graph gives
        the same places.
    """
    places = arrange(graph).places
    nx.set_node_attributes(graph, places, "pos")
    return places


def arrange(graph: nx.MultiDiGraph[str]) -> Arrangement:
    """Return where nodes stand, and where long lines pass.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    """
    columns: list[list[_Item]] = [list(nodes) for nodes in _columns(graph)]
    column_of = {item: index for index, items in enumerate(columns) for item in items}
    near: dict[_Item, set[_Item]] = {item: set() for item in column_of}
    for source, target in sorted({(u, v) for u, v, kind in graph.edges(keys=True) if u != v}):
        flows = any(kind in FLOW for kind in graph[source][target])
        first, last = sorted((source, target), key=column_of.__getitem__)
        between = range(column_of[first] + 1, column_of[last]) if flows else range(0)
        way: list[_Item] = [first, *((source, target, column) for column in between), last]
        for column, item in zip(between, way[1:-1], strict=True):
            columns[column].append(item)
            near[item] = set()
        for one, other in pairwise(way):
            near[one].add(other)
            near[other].add(one)
    row = _order(columns, near)
    top = min(row.values(), default=0.0)
    result = Arrangement()
    for index, items in enumerate(columns):
        for item in items:
            place = (index, round(row[item] - top, 3))
            if isinstance(item, str):
                result.places[item] = place
            else:
                result.bends.setdefault(item[:2], []).append(place)
    return result


def _order(columns: list[list[_Item]], near: dict[_Item, set[_Item]]) -> dict[_Item, float]:
    """Order each column by its neighbours' rows, and return the rows."""
    row: dict[_Item, float] = {item: float(index) for items in columns for index, item in enumerate(items)}
    for sweep in range(_SWEEPS):
        for items in columns if sweep % 2 == 0 else reversed(columns):
            own = set(items)
            wanted = {}
            for item in items:
                others = sorted(row[other] for other in near[item] - own)
                wanted[item] = sum(others) / len(others) if others else row[item]
            # Sorting keeps the order of equals, so that the result is the same each time.
            items.sort(key=wanted.__getitem__)
            heights = [_NODE if isinstance(item, str) else _LINE for item in items]
            row.update(zip(items, _apart([wanted[item] for item in items], heights), strict=True))
    return row


def _apart(wanted: list[float], heights: list[float]) -> list[float]:
    """Return the rows nearest to those wanted (by squares) that are in order and do not overlap.

    Notes
    -----
    Source: Ayer et al., "An Empirical Distribution Function for Sampling with Incomplete
    Information" (1955), pooling of adjacent violators.
    """
    offsets = [0.0]
    for height, following in pairwise(heights):
        offsets.append(offsets[-1] + (height + following) / 2)
    blocks: list[tuple[float, int]] = []  # sum and number of what stands together
    for value, offset in zip(wanted, offsets, strict=False):
        total, count = value - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    level = [total / count for total, count in blocks for _ in range(count)]
    return [at + offset for at, offset in zip(level, offsets, strict=False)]


def _columns(graph: nx.MultiDiGraph[str]) -> list[list[str]]:
    """Return the nodes of each column that is not empty, by label."""
    depth = _chain_depths(graph)
    columns: dict[tuple[int, int], list[str]] = {}
    for node in sorted(graph, key=lambda n: (str(graph.nodes[n]["label"]).lower(), n)):
        columns.setdefault((graph.nodes[node]["layer"], depth.get(node, 0)), []).append(node)
    return [columns[key] for key in sorted(columns)]


def _chain_depths(graph: nx.MultiDiGraph[str]) -> dict[str, int]:
    """Return for each role how many other roles lie before it on the shortest chain to it."""
    roles = {n for n in graph if graph.nodes[n]["kind"] in ("role", "service-linked role")}
    before = {
        role: {u for u, _, key in graph.in_edges(role, keys=True) if key == "can-assume" and u != role}
        for role in roles
    }
    # A chain begins with a role that somebody becomes who is no role, or that no other role becomes.
    depth = {role: 0 for role in sorted(roles) if not before[role] or before[role] - roles}
    queue = deque(depth)
    while queue or len(depth) < len(roles):
        if not queue:  # roles that become each other, and nobody else becomes any of them
            first = min(roles - set(depth))
            depth[first] = 0
            queue.append(first)
        node = queue.popleft()
        for role in sorted(r for r in graph.successors(node) if r in roles and r not in depth):
            if graph.has_edge(node, role, "can-assume"):
                depth[role] = min(depth[node] + 1, _LONGEST_CHAIN)
                queue.append(role)
    return depth
