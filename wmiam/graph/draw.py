"""The graph as a picture: layered, still, and readable without script."""

from __future__ import annotations

from html import escape

import networkx as nx

from wmiam.graph.query import edges_of, nodes_of

__all__ = ["layout", "to_svg"]

_ROW, _COLUMN, _MARGIN = 34, 240, 24
#: Shape of each kind, so that colour is never the only sign.
_SHAPES = {
    "external": "M-9,0 L0,-9 L9,0 L0,9 Z",
    "user": "M-7,0 a7,7 0 1,0 14,0 a7,7 0 1,0 -14,0",
    "root": "M-8,7 L0,-8 L8,7 Z",
    "group": "M-10,0 a5,5 0 1,0 10,0 a5,5 0 1,0 -10,0 M0,0 a5,5 0 1,0 10,0 a5,5 0 1,0 -10,0",
    "role": "M-8,-5 L0,-9 L8,-5 L8,5 L0,9 L-8,5 Z",
    "service-linked role": "M-8,-5 L0,-9 L8,-5 L8,5 L0,9 L-8,5 Z",
    "policy": "M-7,-9 L4,-9 L8,-5 L8,9 L-7,9 Z",
    "statement": "M-8,-5 H8 V5 H-8 Z",
    "action": "M-8,-6 L4,-6 L9,0 L4,6 L-8,6 Z",
    "organization": "M-9,-6 H9 V6 H-9 Z M-9,-6 L0,1 L9,-6",
    "account": "M-8,-8 H8 V8 H-8 Z",
    "target": "M-9,8 L-5,-8 L5,-8 L9,8 Z",
}
_STYLE = """
.wmiam-graph{--ink:#1c2430;--soft:#5b6675;--line:#8a94a3;--fill:#e7eef8;--cond:#a05a00;--bg:#fff;
 background:var(--bg);font:13px system-ui,sans-serif;max-width:100%;height:auto}
@media (prefers-color-scheme:dark){.wmiam-graph{--ink:#e6eaf0;--soft:#a5afbd;--line:#77818f;--fill:#22304a;
 --cond:#f0b45c;--bg:#12161d}}
.wmiam-graph text{fill:var(--ink);paint-order:stroke;stroke:var(--bg);stroke-width:4px;
 stroke-linejoin:round}.wmiam-graph .head{fill:var(--soft);font-size:12px}
.wmiam-graph path.e{fill:none;stroke:var(--line);stroke-width:1.3}
.wmiam-graph path.c{stroke:var(--cond);stroke-dasharray:5 4}
.wmiam-graph path.l{stroke-dasharray:1 4}
.wmiam-graph .n path{fill:var(--fill);stroke:var(--ink);stroke-width:1.2}
.wmiam-graph .n:focus path{stroke-width:3}.wmiam-graph .n:focus{outline:none}
"""
_OPEN = '<svg class="wmiam-graph" xmlns="http://www.w3.org/2000/svg" role="img"'
_HEADS = {
    "external": "outside",
    "user": "users",
    "root": "users",
    "group": "groups",
    "role": "roles",
    "service-linked role": "roles",
    "policy": "policies",
    "statement": "statements",
    "action": "actions",
    "organization": "organizations",
    "account": "accounts",
    "target": "AWS Organizations",
}


def layout(graph: nx.MultiDiGraph[str]) -> dict[str, tuple[float, float]]:
    """Return a position for each node: a column for each layer, rows ordered by their neighbours.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.

    Returns
    -------
    dict
        From node id to x and y in pixels.

    Notes
    -----
    Source: Sugiyama et al. (1981), barycentre ordering.
    """
    columns: dict[int, list[str]] = {}
    for node, data in sorted(nodes_of(graph), key=lambda item: (item[1]["label"].lower(), item[0])):
        columns.setdefault(data["layer"], []).append(node)
    order = {node: index for nodes in columns.values() for index, node in enumerate(nodes)}
    for sweep in range(6):
        for layer in sorted(columns, reverse=bool(sweep % 2)):

            def middle(node: str) -> tuple[float, int]:
                near = [order[other] for other in (*graph.predecessors(node), *graph.successors(node))]
                return (sum(near) / len(near) if near else order[node], order[node])

            columns[layer].sort(key=middle)
            order.update({node: index for index, node in enumerate(columns[layer])})
    tallest = max((len(nodes) for nodes in columns.values()), default=0)
    positions: dict[str, tuple[float, float]] = {}
    for column, layer in enumerate(sorted(columns)):
        gap = _ROW * tallest / max(len(columns[layer]), 1)
        for row, node in enumerate(columns[layer]):
            positions[node] = (_MARGIN + column * _COLUMN, _MARGIN * 2 + gap * (row + 0.5))
    return positions


def to_svg(graph: nx.MultiDiGraph[str], *, title: str = "", most: int = 400) -> str:
    """Return the graph as a self-contained SVG picture.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    title : str
        What the picture shows, for readers of the screen.
    most : int
        Most nodes; a larger graph cannot be read, so the picture says to narrow it down.

    Returns
    -------
    str
        ``<svg …>``; conditional edges are dashed, every node and edge tells its reason.
    """
    title = title or f"Graph of {graph.graph.get('name') or 'the estate'}"
    if graph.number_of_nodes() > most:
        text = f"{graph.number_of_nodes()} nodes are too many to read: choose principals or a neighbourhood"
        return (
            f'{_OPEN} viewBox="0 0 900 60"><style>{_STYLE}</style>'
            f'<text x="12" y="34">{escape(text)}</text></svg>'
        )
    positions = layout(graph)
    width = max((x for x, _ in positions.values()), default=0) + _COLUMN
    height = max((y for _, y in positions.values()), default=0) + _MARGIN * 2
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    parts = [f"{_OPEN} {size}><title>{escape(title)}</title><style>{_STYLE}</style>"]
    heads = {positions[n][0]: _HEADS[data["kind"]] for n, data in nodes_of(graph)}
    parts += [
        f'<text class="head" x="{x - 10:.0f}" y="20">{escape(head)}</text>' for x, head in heads.items()
    ]
    for source, target, data in edges_of(graph):
        parts.append(_line(positions[source], positions[target], data))
    for node, data in nodes_of(graph):
        parts.append(_mark(positions[node], node, data))
    return "".join(parts) + "</svg>"


def _line(start: tuple[float, float], end: tuple[float, float], data: dict[str, object]) -> str:
    (x1, y1), (x2, y2) = start, end
    bend = abs(x2 - x1) / 2 or 60
    if x2 == x1:  # within a column: out to the left and back
        curve = f"M{x1:.0f},{y1:.0f} C{x1 - bend:.0f},{y1:.0f} {x2 - bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
    else:
        side = 1 if x2 > x1 else -1
        curve = (
            f"M{x1:.0f},{y1:.0f} C{x1 + side * bend:.0f},{y1:.0f} "
            f"{x2 - side * bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
        )
    plain = "e l" if data.get("kind") in ("limited-by", "bounded-by") else "e"
    style = "e c" if data.get("decision") == "conditional" else plain
    conditions = data.get("conditions")
    words = ""
    if isinstance(conditions, tuple) and conditions:
        words = f" Only: {', and '.join(map(str, conditions))}."
    told = escape(f"{data.get('kind')}: {data.get('reason')}{words}")
    return f'<path class="{style}" d="{curve}"><title>{told}</title></path>'


def _mark(place: tuple[float, float], node: str, data: dict[str, object]) -> str:
    x, y = place
    label = str(data["label"])
    short = label if len(label) <= 26 else f"{label[:14]}…{label[-11:]}"
    kind = str(data["kind"])
    told = escape(f"{kind} {label} ({node})")
    return (
        f'<g class="n" tabindex="0" transform="translate({x:.0f},{y:.0f})"><title>{told}</title>'
        f'<path d="{_SHAPES[kind]}"/><text x="14" y="4">{escape(short)}</text></g>'
    )
