"""The explorer: an estate's access as something to click through, and as an object.

What is asked for later than the first screen, findings, chains and graph, is imported then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property, partial
from os import PathLike
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import traitlets

from wmiam.access import Access
from wmiam.engine.compile import ACTIONS
from wmiam.errors import UnknownNameError
from wmiam.lab.bundle import BundledView, is_watched
from wmiam.lab.controls import context_controls
from wmiam.lab.explained import cell_model
from wmiam.lab.found import About, findings_of
from wmiam.lab.mainthread import on_main_thread
from wmiam.lab.module import module_script, module_style
from wmiam.lab.pages import RowPages
from wmiam.lab.payload import access_data, matrix_data, matrix_names, pack
from wmiam.lab.pins import KINDS, Pin, load_pins, save_pins
from wmiam.lab.tally import Tally, capability_numbers
from wmiam.lab.view import Filters, Selection, View
from wmiam.progress import told_to
from wmiam.views.html import summary_html

if TYPE_CHECKING:
    import pandas as pd

    from wmiam.findings import Findings
    from wmiam.graph import AssumeEdge

__all__ = ["Explorer", "explore"]

#: In estates of up to so many principals chains are followed, and cells explained, without being asked.
_FEW: Final = 2000
#: The page is told so often of progress, in seconds.
_PAUSE: Final = 0.1


class Explorer(BundledView):
    """Everything about an access on one screen; each part narrows the others.

    Parameters
    ----------
    access : Access
        What :meth:`wmiam.Estate.access` or :meth:`wmiam.Access.given` returned.
    name : str
        What your notebook calls it: the code that the explorer prints uses this name.

    Attributes
    ----------
    filters : dict
        See :class:`wmiam.lab.view.Filters`; set it, or observe it.
    selection : dict
        ``principal``, ``action``, ``organization``, ``finding`` and ``target``; see
        :class:`wmiam.lab.view.Selection`.
    context : dict
        Context keys that are fixed, as for :meth:`wmiam.Access.given`.
    pins : list of dict
        Views that were kept: ``title``, ``note``, ``kind``, ``filters``, ``selection``, ``context`` and
        ``code``.

    Examples
    --------
    >>> import wmiam
    >>> explorer = wmiam.explore(wmiam.load("data/acme").access())  # doctest: +SKIP
    >>> explorer.filters = {"capability": "export-mail"}  # doctest: +SKIP
    >>> explorer.frame["principal"].unique()  # doctest: +SKIP
    """

    _esm = module_script()
    _css = module_style()

    filters = traitlets.Dict().tag(sync=True)
    selection = traitlets.Dict().tag(sync=True)
    context = traitlets.Dict().tag(sync=True)
    pins = traitlets.List(traitlets.Dict()).tag(sync=True)

    _kind = traitlets.Unicode("explorer").tag(sync=True)
    _names = traitlets.Bytes().tag(sync=True)
    _controls = traitlets.List(traitlets.Dict()).tag(sync=True)
    _rows = traitlets.Bytes().tag(sync=True)
    _row_of = traitlets.Bytes().tag(sync=True)
    _counts = traitlets.List(traitlets.List()).tag(sync=True)
    _by_chains = traitlets.List(traitlets.List()).tag(sync=True)
    _follows = traitlets.Bool().tag(sync=True)
    _chains = traitlets.Dict().tag(sync=True)
    _findings = traitlets.Dict().tag(sync=True)
    _marked = traitlets.Dict().tag(sync=True)
    _working = traitlets.Unicode().tag(sync=True)
    _table = traitlets.Dict().tag(sync=True)
    _code = traitlets.Unicode().tag(sync=True)
    _explanation = traitlets.Dict().tag(sync=True)
    _graph = traitlets.Dict().tag(sync=True)

    def __init__(self, access: Access, *, name: str = "access") -> None:
        self.access = access
        self._name = name
        self._view = View(access, name=name)
        self._tallies: dict[tuple[Any, ...], Tally] = {}
        self._pages: RowPages | None = None
        self._tried = ""
        self._held = False
        super().__init__(
            filters=asdict(Filters()),
            selection=asdict(Selection()),
            _follows=len(access.principals) <= _FEW,
            _names=pack(matrix_names(access)),
            _controls=context_controls(access),
        )
        self._answer(cells=True, cell=True)
        self.observe(self._changed, ["filters", "selection", "context"])
        self.on_msg(self._asked)

    # -- what is set ----------------------------------------------------------

    @traitlets.validate("filters")
    def _check_filters(self, proposal: Mapping[str, Any]) -> dict[str, str]:
        return asdict(Filters.of(proposal["value"], self.access))

    @traitlets.validate("selection")
    def _check_selection(self, proposal: Mapping[str, Any]) -> dict[str, str]:
        return asdict(Selection.of(proposal["value"], self.access))

    @traitlets.validate("context")
    def _check_context(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        return self._fixable(proposal["value"])

    def _fixable(self, context: Mapping[str, Any]) -> dict[str, Any]:
        self.access.given(context)  # raises where a value is none
        return dict(context)

    # -- what is had ----------------------------------------------------------

    @property
    def view(self) -> View:
        """What is shown now, as a value of its own."""
        return self._view

    @property
    def frame(self) -> pd.DataFrame:
        """The cells that are shown now; columns as :meth:`wmiam.Access.cells`."""
        return self._view.frame()

    @property
    def findings(self) -> Findings:
        """The findings about what is shown now; looked for when they are first asked for."""
        from wmiam.lab.remarks import shown_findings

        return shown_findings(self._view)

    @property
    def chains(self) -> pd.DataFrame:
        """Whom the selected principal can become; without one, who reaches the capability of the filters.

        Columns as :meth:`wmiam.graph.reached.Reach.frame` and :meth:`wmiam.Access.who_reaches`.
        """
        from wmiam.lab.chained import chain_frame

        return chain_frame(self._view)

    @property
    def code(self) -> str:
        """The Python that gives :attr:`frame`."""
        return self._view.code()

    def pin(self, title: str = "", note: str = "", kind: str = "") -> dict[str, Any]:
        """Keep the present view, for coming back to it and for the report.

        Parameters
        ----------
        title : str
            What to call it; by default it is numbered.
        note : str
            What there is to say of it, as Markdown.
        kind : str
            What the report shows of it, one of :data:`wmiam.lab.pins.KINDS`; by default the explanation
            where a cell is selected, else the table.

        Returns
        -------
        dict
            The new member of :attr:`pins`.

        Raises
        ------
        UnknownNameError
            If there is no such kind.
        """
        chosen = self._view.selection
        kind = kind or ("explanation" if chosen.principal and chosen.action else "table")
        if kind not in KINDS:
            raise UnknownNameError("kind of pin", kind, KINDS)
        title = title.strip() or f"View {len(self.pins) + 1}"
        pinned = Pin(title, note, kind, **self._view.record())
        kept = {**pinned.record(), "code": self.code}
        self.pins = [*self.pins, kept]
        return kept

    def save_pins(self, path: str | PathLike[str]) -> None:
        """Write the pinned views to a file; see :mod:`wmiam.lab.pins`.

        Parameters
        ----------
        path : str or path
            The file; ``wmiam report --plan`` can show what is in it.
        """
        save_pins(self.pins, path)

    def load_pins(self, path: str | PathLike[str]) -> None:
        """Take the pinned views of a file in place of those that are there.

        Parameters
        ----------
        path : str or path
            The file, as :meth:`save_pins` writes it.

        Raises
        ------
        InputError
            If it cannot be read, or a pin names what this estate has not.
        """
        self.pins = [
            {**pinned.record(), "code": pinned.view(self.access, name=self._name).code()}
            for pinned in load_pins(path)
        ]

    def show(self, pinned: Mapping[str, Any]) -> None:
        """Go back to a view that was kept.

        Parameters
        ----------
        pinned : mapping
            A member of :attr:`pins`; what it leaves out is reset.
        """
        filters = Filters.of(pinned.get("filters", {}), self.access)
        selection = Selection.of(pinned.get("selection", {}), self.access)
        context = self._fixable(pinned.get("context", {}))
        # The page is told of all three before of what they make.
        self._held = True
        try:
            with self.hold_sync():
                self.filters, self.selection, self.context = asdict(filters), asdict(selection), context
        finally:
            self._held = False
        self._changed({})

    def bundled(self) -> tuple[str, dict[str, Any], bytes]:
        """Return what needs no kernel, as it is now: the matrix, and what explains its cells."""
        view = self._view
        if is_watched() and len(self.access.principals) > _FEW:
            # Whoever sits before it waits for this, and has the kernel for explanations.
            return "matrix", {}, pack(matrix_data(self.access, self._tally()))
        if view.filters.severity:
            # Which cells findings are about is asked of a kernel: they are stored as they are.
            return "matrix", {"partial": True}, pack(matrix_data(self.access, self._tally()))
        options = {"filters": asdict(view.filters), "selection": asdict(view.selection)}
        return "access", options, pack(access_data(view.given))

    def fallback(self) -> str:
        """Return the numbers of the first screen as HTML."""
        return summary_html(self._view.given.summary())

    # -- what is answered -----------------------------------------------------

    def _changed(self, _: Mapping[str, Any]) -> None:
        before = self._view
        view = View(
            self.access,
            Filters(**self.filters),
            Selection(**self.selection),
            dict(self.context),
            self._name,
        )
        if self._held or view == before:
            return
        self._view = view
        asked = _of_cells(view) != _of_cells(before)
        try:
            with self._busy():
                self._answer(cells=asked, cell=asked or view.selection != before.selection)
        except BaseException:
            # Also an interrupt: what is set must be what is shown.
            self._view = before
            self.show(before.record())
            raise

    def _answer(self, *, cells: bool, cell: bool) -> None:
        """Tell the page what it shows: first what is seen first, each part in one message."""
        view = self._view
        tally = self._tally()
        chosen = view.selection.finding
        self._pages = RowPages(view, tally if not chosen else self._tally(chosen))
        with self.hold_sync():
            if cells:
                self._rows = tally.rows.tobytes()
                self._row_of = tally.row_of.tobytes()
            self._table = {"total": self._pages.total, "number": self._table.get("number", 0) + 1}
            self._code = self._printed()
        if cells:
            numbers = capability_numbers(view.given, view.filters.organization)
            with self.hold_sync():
                self._counts = [[item.allowed, item.conditional] for item in numbers]
                self._by_chains = []
        if cell:
            self._explanation = self._explained()
            self._marked = self._marks()
            self._graph = self._drawn()
        self._list()

    def _list(self) -> None:
        """Tell the page of findings and chains, where they have been looked for."""
        if "findings" in self.access.memo:
            from wmiam.lab.remarks import finding_list

            self._findings = finding_list(self._view)
        if self._shows_chains:
            from wmiam.lab.chained import chain_list

            self._chains = chain_list(self._view)
        else:
            self._chains = {"about": ""} if self._follows else {}

    @property
    def _shows_chains(self) -> bool:
        """Whether the view is about chains, and they are followed."""
        chosen = self._view.selection
        return self._follows and bool(chosen.principal or chosen.target or self._view.filters.capability)

    def _printed(self) -> str:
        if not self._shows_chains:
            return self._view.code()
        from wmiam.lab.chained import chain_code

        return f"{self._view.code()}\n{chain_code(self._view)}"

    def _tally(self, finding: str = "") -> Tally:
        """Return the cells of the matrix, or, with a finding, those of the table."""
        view = self._view
        key = (*_of_cells(view), finding)
        if key not in self._tallies:
            # Toggling a control back and forth is the usual thing; more than a few are not needed.
            while len(self._tallies) > 8:
                del self._tallies[next(iter(self._tallies))]
            about = view.about if finding else view.about[: bool(view.filters.severity)]
            self._tallies[key] = Tally(view.given, view.filters.organization, [About(one) for one in about])
        return self._tallies[key]

    def _explained(self) -> dict[str, Any]:
        """Return what the panel shows: a cell, else a chain, else a finding."""
        view, chosen = self._view, self._view.selection
        if chosen.principal and chosen.action:
            return cell_model(view)
        if chosen.principal and chosen.target:
            from wmiam.lab.chained import chain_model

            return chain_model(view)
        if chosen.finding:
            from wmiam.lab.remarks import finding_model

            finding = findings_of(self.access)[chosen.finding]
            return finding_model(finding, self.access, tried=self._tried == finding.id, name=self._name)
        return {}

    def _marks(self) -> dict[str, Any]:
        """Return the positions of the principals and actions that the selected finding is about."""
        finding = self._view.selection.finding
        if not finding:
            return {}
        from wmiam.findings.about import Subject

        subject = Subject.of(findings_of(self.access)[finding])
        if subject is None:
            return {}
        people, actions = subject.principals, subject.actions
        return {
            "principals": people
            and [at for at, principal in enumerate(self.access.principals) if principal.arn in people],
            "actions": actions and sorted(ACTIONS.index[name] for name in actions),
        }

    @cached_property
    def _becomes(self) -> list[AssumeEdge]:
        """Who can become whom, which no filter and no context key changes."""
        from wmiam.graph.assume import Assumptions

        self._graph = {"working": True}
        return Assumptions.of(self.access).edges

    def _drawn(self) -> dict[str, Any]:
        if not self._view.selection.principal:
            return {}
        from wmiam.graph import escalations
        from wmiam.lab.pictures import selection_graph

        if not self._follows:
            return selection_graph(self._view, self._becomes)
        found = escalations(self.access)
        return selection_graph(self._view, found.assumptions.edges, found)

    # -- what the page asks for -------------------------------------------------

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        on_main_thread(partial(super()._handle_msg, msg))

    def _asked(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        """Answer a message of the page."""
        ask = content.get("ask")
        if ask == "rows" and self._pages is not None:
            rows = self._pages.rows(int(content["first"]), int(content["count"]))
            self.send({"rows": rows, "first": content["first"], "number": content["number"]})
        elif ask == "pin":
            self.pin(*(str(content.get(name, "")) for name in ("title", "note", "kind")))
        elif ask == "findings":
            with self._busy():
                findings_of(self.access)
                self._list()
        elif ask == "chains":
            with self._busy():
                self._follow()
        elif ask == "mend" and self._view.selection.finding:
            self._tried = self._view.selection.finding
            with self._busy():
                self._working = "Trying the change on a copy of the estate"
                self._explanation = self._explained()

    def _follow(self) -> None:
        """Count who comes to each capability by chains, and show chains from now on."""
        from wmiam.lab.chained import chain_numbers

        self._working = "Working out who can become whom"
        view = self._view
        numbers = chain_numbers(view.given, view.filters.organization)
        self._by_chains = [[item.allowed, item.conditional] for item in numbers]
        if not self._follows or not self._chains:
            self._follows = True
            self._code = self._printed()
            self._graph = self._drawn()
            self._list()

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Say in the page how far something is that takes long."""
        said = 0.0

        def tell(what: str, behind: int, every: int) -> None:
            nonlocal said
            if monotonic() - said > _PAUSE:
                said = monotonic()
                self._working = f"{what}: {behind} of {every}"

        try:
            with told_to(tell):
                yield
        finally:
            self._working = ""

    def __repr__(self) -> str:
        return f"<Explorer of {self.access!r}>"


def _of_cells(view: View) -> tuple[str, str, str]:
    """Return what of a view decides the cells that are there; other filters only choose among them."""
    return view.filters.organization, view.filters.severity, repr(sorted(view.context.items()))


def explore(access: Access, *, name: str = "access") -> Explorer:
    """Explore an access in JupyterLab: by clicking, filtering and fixing context keys.

    Parameters
    ----------
    access : Access
        What :meth:`wmiam.Estate.access` or :meth:`wmiam.Access.given` returned.
    name : str
        What your notebook calls it, for the code that the explorer prints.

    Returns
    -------
    Explorer
        Shows itself at the end of a cell.
    """
    return Explorer(access, name=name)
