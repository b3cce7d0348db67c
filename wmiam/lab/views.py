"""Views of one thing each: a matrix, a graph, an explanation, a condition.

Each shows itself at the end of a cell.  Its output also holds HTML that reads without
script, and its data as ``application/vnd.wmiam+json``, so that an exporter can show the
same view in a page without kernel:

``version``
    1.
``kind``, ``options``
    ``"matrix"``, ``"graph"``, ``"explanation"``, ``"condition"`` or ``"access"`` (the explorer), and how to
    show it.
``data``
    JSON, compressed by gzip, in base64: the arguments of the script's ``hydrate``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import traitlets
from markupsafe import Markup

from wmiam.access import Access
from wmiam.access.core import DECISIONS
from wmiam.lab.bundle import BundledView
from wmiam.lab.explained import condition_model, explanation_model
from wmiam.lab.module import module_script, module_style
from wmiam.lab.payload import matrix_data, pack
from wmiam.lab.pictures import graph_model
from wmiam.lab.tally import Tally
from wmiam.views.html import condition_html, explanation_html
from wmiam.views.table import Table
from wmiam.views.templating import environment, read_asset
from wmiam.views.text import visible

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from wmiam.access import Explanation
    from wmiam.conditions.condition import Condition

__all__ = ["SingleView", "condition", "explanation", "graph", "matrix", "table"]

#: The most rows of a matrix that is read without script.
_ROWS: Final = 30


class SingleView(BundledView):
    """A view of one thing.

    Parameters
    ----------
    kind : str
        ``"matrix"``, ``"graph"``, ``"explanation"`` or ``"condition"``.
    value : dict
        What is shown, as JSON values.
    html : str
        The same for readers without script.
    options : dict, optional
        How to show it.
    """

    _esm = module_script()
    _css = module_style()
    _kind = traitlets.Unicode().tag(sync=True)
    _options = traitlets.Dict().tag(sync=True)
    _data = traitlets.Bytes().tag(sync=True)

    def __init__(
        self, kind: str, value: dict[str, Any], html: str, options: dict[str, Any] | None = None
    ) -> None:
        self._html = html
        super().__init__(_kind=kind, _options=options or {}, _data=pack(value))

    def bundled(self) -> tuple[str, dict[str, Any], bytes]:
        """Return kind, options and compressed data."""
        return self._kind, dict(self._options), self._data

    def fallback(self) -> str:
        """Return the view as HTML for readers without script."""
        return self._html

    def __repr__(self) -> str:
        return f"<View: {self._kind}>"


def matrix(access: Access, org: str | None = None) -> SingleView:
    """Return principals × actions as a view, with filters.

    Parameters
    ----------
    access : Access
        What is shown.
    org : str, optional
        A WorkMail organization; None for the most that is allowed on any of the principal's account.

    Raises
    ------
    NameLookupError
        If the name selects no organization, or several.
    """
    organization = None if org is None else access.find_organizations(org)[0]
    tally = Tally(access, organization.arn if organization else "")
    counted = []
    for principal, row in zip(access.principals, tally.row_of, strict=True):
        codes = tally.rows[row]
        allowed = int(((codes >> DECISIONS.index("allowed")) & 1).sum())
        some = int((codes >= 1 << DECISIONS.index("conditional")).sum())
        if some:
            counted.append((principal, allowed, some - allowed))
    counted.sort(key=lambda item: (-item[1], -item[2], item[0].arn))
    html = (
        environment("wmiam.lab")
        .get_template("matrix.html.j2")
        .render(
            css=Markup(read_asset("wmiam.views", "templates/fragment.css")),  # noqa: S704 - our own file
            name=access.estate.name,
            organization=organization.label if organization else "",
            rows=counted[:_ROWS],
            more=max(0, len(counted) - _ROWS),
        )
    )
    return SingleView("matrix", matrix_data(access, tally), html)


def graph(graph: nx.MultiDiGraph[str], *, title: str = "Graph") -> SingleView:
    """Return a graph, or a part of one, as a view.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As :func:`wmiam.graph.build` makes it.
    title : str
        What it shows, for readers of the screen.
    """
    from wmiam.graph import to_svg

    return SingleView("graph", graph_model(graph), to_svg(graph, title=title), {"title": visible(title)})


def explanation(explanation: Explanation) -> SingleView:
    """Return an explanation as a view: the decision, the statements behind it, what would have to change.

    Parameters
    ----------
    explanation : Explanation
        What :meth:`wmiam.Access.explain` returned.
    """
    model = explanation_model(explanation, label=explanation.label)
    return SingleView("explanation", model, explanation_html(explanation))


def condition(condition: Condition) -> SingleView:
    """Return a condition as a view: in words, by its keys, and as a policy's ``Condition`` block.

    Parameters
    ----------
    condition : Condition
        What :meth:`wmiam.Access.condition` returned.
    """
    return SingleView("condition", condition_model(condition), condition_html(condition))


def table(frame: pd.DataFrame, access: Access | None = None, *, empty: str = "No rows.") -> Table:
    """Return a frame as a table for reading: text to the left, ARNs by their names, nothing cut off.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; its index is shown where it has a name.
    access : Access, optional
        Whose names stand in place of the ARNs of principals and organizations.
    empty : str
        What to say where there is no row.
    """
    return Table(frame, access.labels if access is not None else None, empty=empty)
