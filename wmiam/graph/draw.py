"""The graph as a picture: still, in layers, and readable without script, colour or mouse."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Any, Final

import networkx as nx

from wmiam.graph.layout import arrange
from wmiam.graph.query import edges_of, nodes_of
from wmiam.views.text import visible

__all__ = ["STYLE", "Box", "Drawing", "Line", "drawing", "to_svg"]

_ROW, _BOX, _GAP, _MARGIN, _HEAD = 34, 26, 84, 16, 44
#: The most characters of a label.
_LONGEST = 30
#: The most characters of what stands on a line.
_ON_LINE = 26
#: How much narrower its letters are than those of a label.
_ON_LINE_PIXELS = 0.85

#: A sign for each kind (16 by 16 around the origin), so that colour is never the only one.
_SIGNS: Final = {
    "user": "M-3,-3 a3,3 0 1,1 6,0 a3,3 0 1,1 -6,0 M-6,7 a6,6 0 0,1 12,0 Z",
    "root": "M-7,6 L0,-7 L7,6 Z",
    "permission set": "M-7,-5 H7 V-1 H-7 Z M-7,1 H7 V5 H-7 Z",
    "group": "M-6,-3 a2.5,2.5 0 1,1 5,0 a2.5,2.5 0 1,1 -5,0 M1,-3 a2.5,2.5 0 1,1 5,0 a2.5,2.5 0 1,1 -5,0 "
    "M-8,6 a4,4 0 0,1 8,0 a4,4 0 0,1 8,0 Z",
    "role": "M0,-7 L6,-3.5 V3.5 L0,7 L-6,3.5 V-3.5 Z",
    "service-linked role": "M0,-7 L6,-3.5 V3.5 L0,7 L-6,3.5 V-3.5 Z M-6,-3.5 L6,3.5",
    "external account": "M0,-7 L7,0 L0,7 L-7,0 Z",
    "service principal": "M-5,0 a5,5 0 1,1 10,0 a5,5 0 1,1 -10,0 M0,-8 V-5 M0,5 V8 M-8,0 H-5 M5,0 H8",
    "identity provider": "M-6,-5 H6 V7 H-6 Z M-3,-5 V-8 H3 V-5",
    "policy": "M-5,-7 H2 L6,-3 V7 H-5 Z",
    "statement": "M-7,-4 H7 M-7,0 H7 M-7,4 H3",
    "action": "M-6,-6 L6,0 L-6,6 Z",
    "organization": "M-8,-5 H8 V6 H-8 Z M-8,-5 L0,1 L8,-5",
    "impersonation role": "M-7,-4 Q0,-7 7,-4 Q7,6 0,7 Q-7,6 -7,-4 Z M-4,-1 H-1 M1,-1 H4",
    "others": "M-6,-2 a2,2 0 1,1 0,4 a2,2 0 1,1 0,-4 M0,-2 a2,2 0 1,1 0,4 a2,2 0 1,1 0,-4 "
    "M6,-2 a2,2 0 1,1 0,4 a2,2 0 1,1 0,-4",
    "account": "M-6,-6 H6 V6 H-6 Z",
    "target": "M0,-7 V-2 M-6,2 V-2 H6 V2 M-8,2 H-4 V6 H-8 Z M4,2 H8 V6 H4 Z",
    "control policy": "M0,-8 L7,-5 Q7,5 0,8 Q-7,5 -7,-5 Z",
}
_HEADS: Final = {
    "external account": "outside",
    "service principal": "outside",
    "identity provider": "outside",
    "user": "users",
    "root": "users",
    "permission set": "permission sets",
    "group": "groups",
    "role": "roles",
    "service-linked role": "roles",
    "others": "gained",
    "policy": "policies",
    "statement": "statements",
    "action": "actions",
    "organization": "organizations",
    "impersonation role": "impersonation roles",
    "account": "accounts",
    "target": "AWS Organizations",
    "control policy": "control policies",
}
#: What lets the keyboard come to a node.
_FOCUSED: Final = ' tabindex="0" role="img"'
#: How a kind of edge is drawn, where not as a plain line.
_DOTTED: Final = ("bounded-by", "limited-by", "in", "denies")
#: Style of the pictures, for a page that has it in its own style sheet.
STYLE: Final = """
.wmiam-graph{--ink:#18212d;--soft:#55606e;--line:#7b8796;--box:#f4f6f9;--edge:#d9dfe7;--when:#855000;
--focus:#1668d6;--page:#fff;color-scheme:light dark;background:var(--page);max-width:100%;height:auto;
font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media (prefers-color-scheme:dark){.wmiam-graph{--ink:#e4e9f0;--soft:#a4b0bf;--line:#8592a3;
--box:#1b222c;--edge:#3d4a5a;--when:#f4bd66;--focus:#7db4ff;--page:#12171e}}
.wmiam-graph text{fill:var(--ink)}
.wmiam-graph .of{fill:var(--soft)}
.wmiam-graph .head{fill:var(--soft);font-size:12px}
.wmiam-graph .e{fill:none;stroke:var(--line);stroke-width:1.3}
.wmiam-graph .said{fill:var(--soft);font-size:11px;paint-order:stroke;stroke:var(--page);stroke-width:4px}
.wmiam-graph .c{stroke:var(--when);stroke-dasharray:6 4}
.wmiam-graph .d{stroke-dasharray:1.5 4}
.wmiam-graph .tip{fill:var(--line)}
.wmiam-graph .when{fill:var(--when)}
.wmiam-graph .n rect{fill:var(--box);stroke:var(--edge)}
.wmiam-graph .n path{fill:none;stroke:var(--ink);stroke-width:1.3;stroke-linejoin:round}
.wmiam-graph .n:focus,.wmiam-graph .e:focus{outline:none}
.wmiam-graph .n:focus rect{stroke:var(--focus);stroke-width:3}
@media print{.wmiam-graph{--page:#fff;--ink:#000;--box:#fff}}
"""


@dataclass(frozen=True, slots=True)
class Box:
    """A node as it is drawn.

    Parameters
    ----------
    node, kind : str
        The node's id and kind.
    x, y, width, height : float
        Its place, in pixels.
    sign : str
        Path data of its kind's sign, around the origin.
    label, account : str
        What is written on it; the account only where others have the same label.
    told : str
        What it is, for pointer and screen reader.
    """

    node: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    sign: str
    label: str
    account: str
    told: str


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as it is drawn.

    Parameters
    ----------
    curve, arrow : str
        Path data of the line and of its head.
    style : str
        ``"plain"``, ``"conditional"`` (dashed) or ``"context"`` (dotted).
    told : str
        Why it is there.
    source, target, kind : str
        The edge.
    label : str
        What must hold, short enough to stand on the line; ``""`` for nothing.
    x, y : float
        Where the middle of the label is, in pixels.
    """

    curve: str
    arrow: str
    style: str
    told: str
    source: str
    target: str
    kind: str
    label: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graph as shapes; all text in it is visible, and none of it is escaped.

    Parameters
    ----------
    width, height : float
        Size in pixels.
    description : str
        What is drawn, in a sentence.
    heads : tuple of (float, str)
        Where each column's heading stands, and its text.
    lines : tuple of Line
        The edges.
    boxes : tuple of Box
        The nodes, column by column.
    """

    width: float
    height: float
    description: str
    heads: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]
    boxes: tuple[Box, ...]


def drawing(graph: nx.MultiDiGraph[str]) -> Drawing:
    """Return the graph as shapes, for whoever draws it in another way than :func:`to_svg`.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it, or a part of it.
    """
    return _Picture(graph).drawing()


def to_svg(
    graph: nx.MultiDiGraph[str],
    *,
    width: int | None = None,
    title: str = "",
    most: int = 400,
    inline: bool = False,
) -> str:
    """Return the graph as a self-contained SVG picture.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it, or a part of it.
    width : int, optional
        Width to show it at, in pixels; by default its own.
    title : str
        What the picture shows, for readers of the screen.
    most : int
        Most nodes; a larger graph cannot be read, so the picture says to narrow it down.
    inline : bool
        Whether the picture goes into a page that has :data:`STYLE` in its own style sheet and tells
        the same as text: it is one image then, without a style of its own, and the keyboard skips it.

    Returns
    -------
    str
        ``<svg …>``.  Conditional edges are dashed, edges that limit or place something
        dotted; every node and edge tells its reason, and nodes can be reached by keyboard.
    """
    title = title or f"Graph of {graph.graph.get('name') or 'the estate'}"
    if graph.number_of_nodes() > most:
        text = (
            f"{graph.number_of_nodes():,} nodes are too many to read: choose principals or a neighbourhood."
        )
        parts = [f'<text x="12" y="36">{escape(text)}</text>']
        return _svg(900, 60, width, title, text, parts, inline=inline)
    drawn = drawing(graph)
    parts = [f'<text class="head" x="{x:.0f}" y="20">{escape(text)}</text>' for x, text in drawn.heads]
    parts += [_line(line) for line in drawn.lines]
    # Above all lines; the line itself tells the same.
    parts += [_label(line) for line in drawn.lines if line.label]
    parts += [_box(box, inline=inline) for box in drawn.boxes]
    return _svg(drawn.width, drawn.height, width, title, drawn.description, parts, inline=inline)


def _svg(
    wide: float,
    high: float,
    width: int | None,
    title: str,
    description: str,
    parts: list[str],
    *,
    inline: bool,
) -> str:
    # Several pictures may stand in one page, so their ids differ as they do.
    number = sha256("".join([title, *parts]).encode("utf-8", "replace")).hexdigest()[:10]
    shown = wide if width is None else min(width, wide)
    return (
        f'<svg class="wmiam-graph" xmlns="http://www.w3.org/2000/svg" role="{"img" if inline else "group"}" '
        f'aria-labelledby="wmiam-graph-{number}-t wmiam-graph-{number}-d" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" width="{shown:.0f}" height="{high * shown / wide:.0f}">'
        f'<title id="wmiam-graph-{number}-t">{_text(title)}</title>'
        f'<desc id="wmiam-graph-{number}-d">{_text(description)}</desc>'
        f"{'' if inline else f'<style>{STYLE}</style>'}{''.join(parts)}</svg>"
    )


def _text(text: object) -> str:
    """Return text from an estate as SVG text: nothing hidden, nothing that is markup."""
    return escape(visible(str(text)))


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 13]}…{label[-12:]}"


def _pixels(text: str) -> float:
    """Return about how wide a text is in a wide sans-serif font of 13 pixels."""
    return sum(
        4.2
        if c in "ijl.,:;|!'/ ()"
        else 5.6
        if c in "frt-"
        else 11.5
        if c in "mwMW@…"
        else 9.2
        if c.isupper()
        else 8
        for c in text
    )


class _Picture:
    """One drawing: where the boxes stand, and what is on the lines between them."""

    def __init__(self, graph: nx.MultiDiGraph[str]) -> None:
        self.graph = graph
        arrangement = arrange(graph)
        self.places, self.bends = arrangement.places, arrangement.bends
        self.labels = self._labels()
        self.widths: dict[int, float] = {}
        for node, (column, _) in self.places.items():
            needed = 36 + _pixels(" ".join(self.labels[node]))
            self.widths[column] = max(self.widths.get(column, 0), needed)
        gaps = self._gaps()
        self.left: dict[int, float] = {}
        x: float = _MARGIN
        for column in sorted(self.widths):
            self.left[column] = x
            x += self.widths[column] + gaps.get(column, _GAP)
        self.wide = max(x - _GAP + _MARGIN + 50, 320)
        rows = max((row for _, row in self.places.values()), default=0)
        self.high = _HEAD + rows * _ROW + _BOX + _MARGIN

    def _gaps(self) -> dict[int, float]:
        """Return how wide the gaps are behind those columns of which some line bears words there."""
        found: dict[int, float] = {}
        for source, target, data in edges_of(self.graph):
            start, end = self.places[source][0], self.places[target][0]
            before = end - 1 if start < end else end
            needed = _ON_LINE_PIXELS * _pixels(_said(data)) + (50 if start == end else 34)
            found[before] = max(found.get(before, _GAP), needed)
        return found

    def _labels(self) -> dict[str, tuple[str, str]]:
        """Return each node's label, and its account where others of the kind have the same name."""
        nodes = nodes_of(self.graph)
        shared = Counter((data["kind"], data["label"]) for _, data in nodes)
        found = {}
        for node, data in nodes:
            many = shared[data["kind"], data["label"]] > 1
            account = str(data.get("account", "")) if many else ""
            found[node] = (_short(visible(str(data["label"]))), account)
        return found

    def drawing(self) -> Drawing:
        """Return the whole picture."""
        edges, nodes = edges_of(self.graph), nodes_of(self.graph)
        kinds = Counter(data["kind"] for _, data in nodes)
        counted = ", ".join(f"{number} × {kind}" for kind, number in kinds.items())
        description = (
            f"{len(nodes)} nodes ({counted}) and {len(edges)} edges, from left to right. "
            "Dashed lines hold only under a condition; dotted ones limit, deny or place something; "
            "those with two heads are escalations."
        )
        return Drawing(
            self.wide,
            self.high,
            description,
            tuple((self.left[column], self._head(column)) for column in sorted(self.left)),
            tuple(self._line(source, target, data) for source, target, data in edges),
            tuple(self._box(node, data) for node, data in sorted(nodes, key=lambda n: self.places[n[0]])),
        )

    def _head(self, column: int) -> str:
        kinds, before = (
            {self.graph.nodes[node]["kind"] for node, (at, _) in self.places.items() if at == place}
            for place in (column, column - 1)
        )
        heads = " and ".join(dict.fromkeys(_HEADS[kind] for kind in sorted(kinds)))
        return f"further {heads}" if "role" in kinds & before else heads

    def _side(self, column: int, side: int) -> float:
        """Return the right side of a column's boxes (1), or the left (-1)."""
        return self.left[column] + (self.widths[column] if side == 1 else 0)

    def _middle(self, node: str) -> float:
        return _HEAD + self.places[node][1] * _ROW + _BOX / 2

    def _box(self, node: str, data: dict[str, Any]) -> Box:
        column, row = self.places[node]
        kind = str(data["kind"])
        told = visible(f"{kind} {data['label']} ({node})")
        place = (self.left[column], _HEAD + row * _ROW, self.widths[column], _BOX)
        return Box(node, kind, *place, _SIGNS[kind], *self.labels[node], told)

    def _line(self, source: str, target: str, data: dict[str, Any]) -> Line:
        start, end = self.places[source][0], self.places[target][0]
        # Who escalates to somebody may also assume the same role: the two lines stand apart.
        aside = 4 if data["kind"] == "escalates" else 0
        y1, y2 = self._middle(source) + aside, self._middle(target) + aside
        tip = 1 if start < end else -1
        if start == end:  # out to the right, and back in from there
            x1 = self._side(start, 1)
            x2, out = x1 + 7, x1 + 41
            middle = x1 + 40 + _ON_LINE_PIXELS * _pixels(_said(data)) / 2, (y1 + y2) / 2
            curve = f"M{x1:.0f},{y1:.1f} C{out:.0f},{y1:.1f} {out:.0f},{y2:.1f} {x2:.0f},{y2:.1f}"
        else:  # from the near side of one box to the near side of the other
            x1, x2 = self._side(start, tip), self._side(end, -tip) - 7 * tip
            curve = f"M{x1:.0f},{y1:.1f}"
            for column, row in self.bends.get((source, target), [])[::tip]:
                y = _HEAD + row * _ROW + _BOX / 2
                curve += f"{_bend(x1, y1, self._side(column, -tip), y)} H{self._side(column, tip):.0f}"
                x1, y1 = self._side(column, tip), y
            curve += _bend(x1, y1, x2, y2)
            middle = (x1 + x2) / 2, (y1 + y2) / 2
        conditional = data.get("decision") == "conditional" or data.get("conditional")
        kind = str(data["kind"])
        style = "context" if kind in _DOTTED else "conditional" if conditional else "plain"
        conditions = data.get("conditions")
        words = f" Only: {', and '.join(conditions)}." if conditions else ""
        arrow = f"M{x2 + 7 * tip:.0f},{y2:.1f} l{-8 * tip},-4 v8 Z"
        if kind == "escalates":
            arrow += f" m{-7 * tip},0 l{-8 * tip},-4 v8 Z"
        told = visible(f"{kind}: {data['reason']}{words}")
        return Line(curve, arrow, style, told, source, target, kind, _said(data), *middle)


def _said(data: dict[str, Any]) -> str:
    """Return what stands on the line of an edge: its conditions, as far as there is room."""
    text = visible("; ".join(data.get("conditions") or ()))
    return text if len(text) <= _ON_LINE else f"{text[: _ON_LINE - 1].rstrip()}…"


def _box(box: Box, *, inline: bool) -> str:
    of = f'<tspan class="of"> {escape(box.account)}</tspan>' if box.account else ""
    return (
        f'<g class="n"{"" if inline else _FOCUSED} transform="translate({box.x:.0f},{box.y:.1f})">'
        f"<title>{_text(box.told)}</title>"
        f'<rect width="{box.width:.0f}" height="{box.height}" rx="5"/>'
        f'<path transform="translate(15,{box.height / 2:.0f}) scale(.9)" d="{box.sign}"/>'
        f'<text x="28" y="{box.height / 2 + 4.5:.1f}">{escape(box.label)}{of}</text></g>'
    )


def _line(line: Line) -> str:
    style = {"plain": "e", "conditional": "e c", "context": "e d"}[line.style]
    point = "tip when" if line.style == "conditional" else "tip"
    drawn = f'<path class="{style}" d="{line.curve}"/><path class="{point}" d="{line.arrow}"/>'
    return f"<g><title>{_text(line.told)}</title>{drawn}</g>"


def _label(line: Line) -> str:
    place = f'x="{line.x:.0f}" y="{line.y - 3:.1f}"'
    return f'<text class="said" text-anchor="middle" aria-hidden="true" {place}>{_text(line.label)}</text>'


def _bend(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a curve that leaves and arrives level."""
    middle = (x2 - x1) / 2
    return f" C{x1 + middle:.0f},{y1:.1f} {x2 - middle:.0f},{y2:.1f} {x2:.0f},{y2:.1f}"
