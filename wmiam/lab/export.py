"""Notebooks as one HTML file that opens from disk, asks nothing of the network and keeps its views alive.

An exporter of nbconvert: ``jupyter nbconvert --to wmiam notebook.ipynb``, or *File → Save and Export
Notebook As* in JupyterLab.  The views of :mod:`wmiam.lab` are shown by the script that the file carries,
from the data in their outputs; everything else is shown as it reads without script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any, Final

from bs4 import BeautifulSoup, Tag
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from traitlets import Bool, default
from traitlets.config import Config

from wmiam import __version__
from wmiam.lab.bundle import MIME
from wmiam.lab.module import page_script
from wmiam.views.embedding import embedded, source_hash
from wmiam.views.templating import read_asset

__all__ = ["NotebookExporter", "inert_html"]

#: What is shown of an output, best first.  Widgets need a server, and scripts of others may ask for anything.
_PRIORITY: Final = (
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/latex",
    "text/plain",
)
_TEMPLATES: Final = Path(__file__).with_name("exported")
#: Elements that run, load or lead elsewhere by themselves.
_ACTIVE: Final = (
    "script",
    "link",
    "meta",
    "base",
    "iframe",
    "frame",
    "object",
    "embed",
    "applet",
    "noscript",
)
#: Attributes that load something, and may therefore hold nothing but data.
_LOADING: Final = ("src", "srcset", "poster", "background", "data", "ping", "xlink:href")
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADING: Final = re.compile(r"^(#{1,2}) +(.+?) *#*$", re.MULTILINE)
_FENCED: Final = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


class NotebookExporter(HTMLExporter):
    """Exports a notebook as an HTML file that needs no network.

    Attributes
    ----------
    open_code : bool
        Whether code is unfolded at first; ``--NotebookExporter.open_code=True`` on the command line.
        With ``--no-input`` there is no code at all.
    """

    export_from_notebook = "HTML that works offline"

    open_code = Bool(False, help="Whether code is unfolded at first.").tag(config=True)

    @default("template_name")
    def _template_name_default(self) -> str:
        return "wmiam"

    @default("extra_template_basedirs")
    def _default_extra_template_basedirs(self) -> list[str]:
        return [str(_TEMPLATES)]

    @property
    def default_config(self) -> Config:
        """The settings that differ from nbconvert's own."""
        config = Config({"NbConvertBase": {"display_data_priority": list(_PRIORITY)}})
        config.HTMLExporter.embed_images = True
        config.HTMLExporter.exclude_anchor_links = True
        merged = Config(super().default_config)
        merged.merge(config)
        return merged

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """Yield the filters of the template."""
        yield from super().default_filters()  # type: ignore[no-untyped-call]
        yield "page_parts", self.page_parts
        yield "inert_html", inert_html
        yield "view_data", _view_data

    @pass_context
    def page_parts(self, context: Context, notebook: NotebookNode) -> dict[str, Any]:
        """Return what of the page is no cell: title, contents, style, script, and the policy for them.

        Parameters
        ----------
        context : jinja2.runtime.Context
            Of the template.
        notebook : NotebookNode
            The notebook as it is shown; where it is executed on the way, this is after that.
        """
        script = page_script() if any(_views(notebook)) else ""
        headings = list(_headings(notebook.cells))
        first = next((title for level, _, title in headings if level == 1), None)
        return {
            "title": notebook.metadata.get("title") or first or context["resources"]["metadata"]["name"],
            "generator": f"wmiam {__version__}",
            "contents": [(cell, title) for level, cell, title in headings if level == 2],
            "style": read_asset("wmiam.lab", "exported/wmiam/page.css"),
            "script": script,
            "policy": _policy(script),
            "open_code": self.open_code,
        }


def inert_html(html: str) -> Markup:
    """Return HTML without what runs, loads or leads elsewhere by itself.

    Parameters
    ----------
    html : str
        A fragment, such as an output.

    Notes
    -----
    The page's Content-Security-Policy refuses all of it anyway; what is refused leaves a complaint, though.
    """
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.find_all(_ACTIVE):
        element.decompose()
    for element in soup.find_all(True):
        _disarm(element)
    # Around a view they are there for its own script, which is gone now.
    for element in soup.select(".wmiam-view, .wmiam-still"):
        element.unwrap()
    _mend_structure(soup)
    return Markup(str(soup))  # noqa: S704 - HTML it was, and less of it is left


def _disarm(element: Tag) -> None:
    for name in list(element.attrs):
        value = re.sub(r"\s", "", str(element.attrs[name])).lower()
        leads = name == "href" and element.name in ("a", "area")
        loads = name in _LOADING or (name == "href" and not leads)
        if (
            name.startswith("on")
            or (loads and not value.startswith(("data:", "#")))
            or (leads and value.startswith(("javascript:", "data:", "vbscript:")))
        ):
            del element.attrs[name]


def _mend_structure(soup: BeautifulSoup) -> None:
    """Make tables and headings of an output such that a screen reader can follow them in the page."""
    for head in soup.select("thead th"):
        if not head.get_text(strip=True):
            head.name = "td"
    headings = soup.find_all(_HEADINGS)
    # The prose has the levels up to 2, so what an output adds begins at 3.
    above = min((int(heading.name[1]) for heading in headings), default=3) - 3
    for heading in headings if above > 0 else ():
        heading["aria-level"] = str(int(heading.name[1]) - above)


def _policy(script: str) -> str:
    """Return a Content-Security-Policy that admits this script and nothing of the network.

    Styles stand in outputs of many kinds, in elements and attributes; without network they can tell nobody.
    """
    scripts = source_hash(script) if script else "'none'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; "
        "font-src data:; media-src data:; base-uri 'none'; form-action 'none'"
    )


def _view_data(data: Mapping[str, Any]) -> Markup | None:
    """Return the data of a view as JSON for a script element; None for an output that is none."""
    return embedded(data[MIME]) if MIME in data else None


def _views(notebook: NotebookNode) -> Iterator[Any]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if MIME in output.get("data", {}):
                yield output


def _headings(cells: Iterable[NotebookNode]) -> Iterator[tuple[int, str, str]]:
    """Yield level, id of the cell and text of each first heading of a cell of prose."""
    for cell in cells:
        if cell.cell_type != "markdown":
            continue
        found = _HEADING.search(_FENCED.sub("", cell.source))
        if found is not None:
            yield (
                len(found[1]),
                cell.get("id", ""),
                unescape(re.sub(r"[*`]|\[([^\]]*)\]\([^)]*\)", r"\1", found[2])),
            )
