"""Views of one thing each: a matrix, a graph, an explanation, a condition, findings, chains.

:func:`view`, which is ``wmiam.view``, takes any of them.  Each shows itself at the end of a cell.
Its output also holds HTML that reads without script, and its data as
``application/vnd.wmiam+json``, so that an exporter can show the same view in a page without kernel:

``version``
    1.
``kind``, ``options``
    ``"matrix"``, ``"graph"``, ``"explanation"``, ``"condition"``, ``"findings"``, ``"chains"`` or
    ``"access"`` (the explorer), and how to show it.
``data``
    JSON, compressed by gzip, in base64: the arguments of the script's ``hydrate``.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import traitlets
from markupsafe import Markup

from wmiam.access import Access
from wmiam.access.core import DECISIONS
from wmiam.errors import WmiamError
from wmiam.lab.bundle import BundledView
from wmiam.lab.explained import condition_model, explanation_model
from wmiam.lab.module import module_script, module_style
from wmiam.lab.payload import frame_data, is_matrix, matrix_data, pack
from wmiam.lab.tally import Tally
from wmiam.views.html import condition_html, explanation_html
from wmiam.views.table import Table
from wmiam.views.templating import environment, read_asset
from wmiam.views.text import principal_name, visible

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from numpy.typing import NDArray

    from wmiam.access import Explanation
    from wmiam.conditions.condition import Condition
    from wmiam.findings import Finding, Findings
    from wmiam.graph.reached import Reach
    from wmiam.graph.routes import Path, Paths

__all__ = [
    "SingleView",
    "chains",
    "condition",
    "explanation",
    "findings",
    "graph",
    "matrix",
    "table",
    "view",
]

#: The most rows of a matrix that is read without script.
_ROWS: Final = 30


class SingleView(BundledView):
    """A view of one thing.

    Parameters
    ----------
    kind : str
        ``"matrix"``, ``"graph"``, ``"explanation"``, ``"condition"``, ``"findings"`` or ``"chains"``.
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
        counted.append((principal_name(principal), principal.arn, *_numbers(codes)))
    where = organization.label if organization else ""
    html = _matrix_html(counted, access.estate.name or "", where)
    return SingleView("matrix", matrix_data(access, tally), html)


def _matrix_of(frame: pd.DataFrame) -> SingleView:
    """Return the view of a frame of principals × actions."""
    value = frame_data(frame)
    width = len(value["names"]["actions"])
    rows = np.frombuffer(base64.b64decode(value["rows"]), np.uint8).reshape(-1, width)
    row_of = np.frombuffer(base64.b64decode(value["rowOf"]), np.uint32)
    counted = [
        (row[2] if len(row) > 2 else row[0].rpartition("/")[2], row[0], *_numbers(rows[number]))
        for row, number in zip(value["names"]["principals"], row_of, strict=True)
    ]
    return SingleView("matrix", value, _matrix_html(counted, "", ""))


def _numbers(codes: NDArray[np.uint8]) -> tuple[int, int]:
    """Return how many actions a row of the matrix allows, and how many only under a condition."""
    allowed = int(((codes >> DECISIONS.index("allowed")) & 1).sum())
    some = int((codes >= 1 << DECISIONS.index("conditional")).sum())
    return allowed, some - allowed


def _matrix_html(counted: list[tuple[str, str, int, int]], name: str, organization: str) -> str:
    """Return the principals that are allowed most, for readers without script."""
    some = [item for item in counted if item[2] or item[3]]
    some.sort(key=lambda item: (-item[2], -item[3], item[1]))
    return (
        environment("wmiam.lab")
        .get_template("matrix.html.j2")
        .render(
            css=Markup(read_asset("wmiam.views", "templates/fragment.css")),  # noqa: S704 - our own file
            name=name,
            organization=organization,
            rows=some[:_ROWS],
            more=max(0, len(some) - _ROWS),
        )
    )


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
    from wmiam.lab.pictures import graph_model

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


def findings(findings: Findings | Finding, access: Access | None = None) -> SingleView:
    """Return findings as a view: the gravest first, each with its evidence and its mend, not tried.

    Parameters
    ----------
    findings : Findings or Finding
        What :meth:`wmiam.Access.findings` returned, some of it, or one.
    access : Access, optional
        Where they were found: its names stand in place of the ARNs of organizations.
    """
    from wmiam.findings import Finding
    from wmiam.lab.remarks import findings_model
    from wmiam.views.findings import finding_html, findings_html

    if isinstance(findings, Finding):
        return SingleView("findings", findings_model([findings], access), finding_html(findings))
    return SingleView("findings", findings_model(findings, access), findings_html(findings))


def chains(chains: Paths | Path | Reach) -> SingleView:
    """Return chains as a view: step by step, each with its conditions and statements.

    Parameters
    ----------
    chains : Paths, Path or Reach
        What :meth:`wmiam.Access.paths` or :meth:`wmiam.Access.reach` returned, or one path of it.
    """
    from wmiam.graph.reached import Reach
    from wmiam.graph.routes import Path
    from wmiam.lab.chained import paths_model

    if isinstance(chains, Path):
        question = f"from {chains.telling.name(chains.source)}"
        return SingleView("chains", paths_model([chains], question), _lines(str(chains)))
    if isinstance(chains, Reach):
        paths = [reached.path for reached in chains if reached.path.links]
        value = paths_model(paths, f"from {chains.name} to whom it can become")
        return SingleView("chains", value, chains._repr_html_())
    return SingleView("chains", paths_model(chains, chains.question), chains._repr_html_())


def _lines(text: str) -> str:
    """Return lines of text as HTML."""
    shown = Markup("\n").join(visible(line) for line in text.splitlines())
    return str(Markup("<pre>{}</pre>").format(shown))


def view(
    thing: object, access: Access | None = None, *, org: str | None = None, title: str = "Graph"
) -> SingleView | Table:
    """Return the view of whatever an access answers; it shows itself at the end of a cell.

    Parameters
    ----------
    thing : object
        An :class:`wmiam.Access`, or the frame of its ``matrix()``: principals × actions.  Any other
        frame: a table for reading.  A graph, an explanation, a condition, findings or one of them,
        paths or one of them, and what somebody reaches.
    access : Access, optional
        Whose names stand in place of the ARNs in a table or in findings.
    org : str, optional
        Of an access: only this WorkMail organization.
    title : str
        Of a graph: what it shows.

    Raises
    ------
    NameLookupError
        If ``org`` selects no organization, or several.
    WmiamError
        If there is no view of such a thing.

    Examples
    --------
    >>> import wmiam
    >>> access = wmiam.load("data/acme").access()  # doctest: +SKIP
    >>> wmiam.view(access.matrix("acme-europe"))  # doctest: +SKIP
    >>> wmiam.view(access.explain("mateo.jackson", "ResetPassword", "acme-europe"))  # doctest: +SKIP
    """
    import networkx as nx
    import pandas as pd

    from wmiam.access import Explanation
    from wmiam.conditions.condition import Condition
    from wmiam.findings import Finding, Findings
    from wmiam.graph.reached import Reach
    from wmiam.graph.routes import Path, Paths

    match thing:
        case Access():
            return matrix(thing, org)
        case pd.DataFrame():
            return _matrix_of(thing) if is_matrix(thing) else table(thing, access)
        case nx.MultiDiGraph():
            return graph(thing, title=title)
        case Explanation():
            return explanation(thing)
        case Condition():
            return condition(thing)
        case Finding() | Findings():
            return findings(thing, access)
        case Path() | Paths() | Reach():
            return chains(thing)
    raise WmiamError(
        f"there is no view of {type(thing).__name__} (there are views of an access, a frame, a graph, an "
        "explanation, a condition, findings, paths and reach)"
    )


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
