"""Views that an analyst pinned in the explorer, as the report shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from wmiam.access import Access, Explanation
from wmiam.findings import Finding, Findings
from wmiam.graph import build, to_svg
from wmiam.graph.query import edges_of, nodes_of
from wmiam.views.markdown import markdown_html
from wmiam.views.text import context_value, count

if TYPE_CHECKING:
    from wmiam.lab.pins import Pin
    from wmiam.lab.view import View

__all__ = ["PinCard", "pin_cards"]

#: Rows of a table, principals and actions of a matrix, nodes of a picture and lines of its text.
_ROWS: Final = 100
_PRINCIPALS, _ACTIONS = 60, 40
_NODES, _LINES = 150, 80
_COLUMNS: Final = ("name", "account", "action", "organization", "decision", "when", "through")


@dataclass(frozen=True)
class PinCard:
    """One pinned view; what its kind does not have is empty.

    Parameters
    ----------
    number : int
        From 1; its anchor is ``pin-<number>``.
    title, code : str
        What it is called, and the Python that makes it.
    note : Markup
        What the analyst says of it.
    context : tuple of (str, str)
        Context keys that it fixes.
    columns : tuple of str
        Of a table or matrix.
    rows : tuple of tuple of str
        The first in each is the row's name.
    explanation : Explanation or None
        Of a cell.
    picture : str
        A graph as SVG; markup.
    lines : tuple of str
        The graph's edges in words.
    findings : tuple of Finding
        Those about it.
    left_out : str
        What is not shown, in words.
    """

    number: int
    title: str
    code: str
    note: Markup
    context: tuple[tuple[str, str], ...]
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    explanation: Explanation | None = None
    picture: str = ""
    lines: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_out: str = ""
    is_matrix: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the view leaves nothing to show."""
        return not (self.rows or self.explanation or self.picture or self.findings)


def pin_cards(access: Access, pins: Iterable[Pin], findings: Callable[[], Findings]) -> tuple[PinCard, ...]:
    """Return pinned views as the report shows them.

    Parameters
    ----------
    access : Access
        The effective access.
    pins : iterable of Pin
        The views.
    findings : callable
        Returns those of the report; asked only where a pin shows some.

    Raises
    ------
    InputError
        If a pin is not of this estate.
    """
    return tuple(_card(access, number, pin, findings) for number, pin in enumerate(pins, 1))


def _card(access: Access, number: int, pin: Pin, findings: Callable[[], Findings]) -> PinCard:
    view = pin.view(access)
    chosen = view.selection
    context = tuple((key, context_value(value)) for key, value in pin.context.items())
    common: dict[str, Any] = {
        "number": number,
        "title": pin.title,
        "code": view.code(),
        "note": markdown_html(pin.note),
        "context": context,
    }
    if pin.kind == "explanation" and chosen.principal and chosen.action:
        explanation = view.given.explain(chosen.principal, chosen.action, chosen.organization or None)
        return PinCard(**common, explanation=explanation)
    if pin.kind == "graph" and chosen.principal:
        return PinCard(**common, **_drawn(view, number, pin.title))
    if pin.kind == "findings":
        return PinCard(**common, **_found(view, findings()))
    if pin.kind == "matrix":
        return PinCard(**common, **_matrix(view))
    return PinCard(**common, **_table(view))


def _table(view: View) -> dict[str, Any]:
    frame = view.frame()
    labels = _labels(view)
    shown = frame.head(_ROWS)[list(_COLUMNS)]
    rows = [
        tuple(
            labels.get(value, value) if column == "organization" else str(value)
            for column, value in zip(_COLUMNS, row, strict=True)
        )
        for row in shown.itertuples(index=False)
    ]
    more = len(frame) - len(rows)
    return {
        "columns": _COLUMNS,
        "rows": tuple(rows),
        "left_out": count(more, "more row") if more else "",
    }


def _matrix(view: View) -> dict[str, Any]:
    """Return principals × actions, each with the most that it is allowed where the view looks."""
    rank = {"denied": 0, "conditional": 1, "allowed": 2}
    frame = view.frame()
    best: dict[tuple[str, str], str] = {}
    columns = (frame[name].tolist() for name in ("principal", "action", "decision"))
    for principal, action, decision in zip(*columns, strict=True):
        key = (principal, action)
        best[key] = max(decision, best.get(key, "denied"), key=rank.__getitem__)
    held = {principal for principal, _ in best}
    people = [p for p in view.principals if p.arn in held]
    used = {action for _, action in best}
    actions = [action for action in view.actions if action in used]
    rows = tuple(
        (p.name, *(best.get((p.arn, action), "denied") for action in actions[:_ACTIONS]))
        for p in people[:_PRINCIPALS]
    )
    more = [
        count(len(found) - most, f"more {noun}")
        for found, most, noun in ((people, _PRINCIPALS, "principal"), (actions, _ACTIONS, "action"))
        if len(found) > most
    ]
    names = ("principal", *(action.partition(":")[2] for action in actions[:_ACTIONS]))
    return {"columns": names, "rows": rows, "left_out": " and ".join(more), "is_matrix": True}


def _drawn(view: View, number: int, title: str) -> dict[str, Any]:
    chosen = view.selection
    graph = build(
        view.access.estate,
        access=view.given,
        principals=[chosen.principal],
        actions=chosen.action or None,
        organizations=view.filters.organization or None if chosen.action else None,
    )
    labels = {node: str(data["label"]) for node, data in nodes_of(graph)}
    edges = edges_of(graph)
    lines = tuple(
        f"{labels[source]} → {labels[target]}: {data['reason']}" for source, target, data in edges[:_LINES]
    )
    return {
        "picture": Markup(  # noqa: S704 - made of escaped text
            to_svg(graph, title=f"Pinned view {number}: {title}", most=_NODES, inline=True)
        ),
        "lines": lines,
        "left_out": count(len(edges) - _LINES, "more line") if len(edges) > _LINES else "",
    }


def _found(view: View, findings: Findings) -> dict[str, Any]:
    people = {principal.arn for principal in view.principals}
    every = len(people) == len(view.access.principals)
    wanted = view.selection.finding
    found = [
        finding
        for finding in findings.of(severity=view.filters.severity or None)
        if (not wanted or finding.id == wanted) and (every or people & set(finding.principals))
    ]
    more = len(found) - _ROWS
    return {
        "findings": tuple(found[:_ROWS]),
        "left_out": count(more, "more finding") if more > 0 else "",
    }


def _labels(view: View) -> dict[str, str]:
    return {organization.arn: organization.label for organization in view.access.organizations}
