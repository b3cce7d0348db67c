"""The report: one HTML file that opens from disk, asks nothing of the network and answers at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wmiam.memory import without_cycles
from wmiam.moment import moment_of
from wmiam.wholefile import open_whole

if TYPE_CHECKING:
    from wmiam.access import Access

__all__ = ["render_report", "write_report"]

_STYLES: Final = ("report.css", "sections.css", "matrix.css")
_SCRIPTS: Final = (
    ("wmiam.views", "elements.js"),
    *(("wmiam.report", name) for name in ("save.js", "lists.js", "zoom.js")),
)
_MATRIX_SCRIPTS: Final = (
    ("wmiam.views", "explanation.js"),
    ("wmiam.report", "stored.js"),
    *(("wmiam.stored", name) for name in ("core.js", "compose.js")),
    *(("wmiam.report", name) for name in ("panel.js", "cells.js", "matrix.js", "page.js")),
)


def write_report(
    access: Access,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    generated: datetime | None = None,
    sections: Iterable[str] | None = None,
    plan: str | os.PathLike[str] | None = None,
) -> Path:
    """Write the report; whole, or not at all.

    Parameters
    ----------
    access : Access
        What is reported.
    path : str or path
        The file to write; one that is there is replaced, a link, device or pipe is written through.
    title : str, optional
        Heading; by default made from the estate's name.
    generated : datetime, optional
        The moment that the report names; see :func:`render_report`.
    sections : iterable of str, optional
        Ids of the sections to show, in order; by default those of the plan, else all.
    plan : path, optional
        A file that says what the report shows; see :mod:`wmiam.report.plan`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    text = render_report(access, title=title, generated=generated, sections=sections, plan=plan)
    with open_whole(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
    return Path(path)


def render_report(
    access: Access,
    *,
    title: str | None = None,
    generated: datetime | None = None,
    sections: Iterable[str] | None = None,
    plan: str | os.PathLike[str] | None = None,
) -> str:
    """Return the report's HTML.

    Parameters
    ----------
    access : Access
        What is reported.
    title : str, optional
        Heading; by default made from the estate's name.
    generated : datetime, optional
        The moment that the report names, without time zone taken as UTC.  By default that of the
        environment variable ``SOURCE_DATE_EPOCH``, else now.  All else depends on the input alone.
    sections : iterable of str, optional
        Ids of the sections to show, in order; by default those of the plan, else all of
        :data:`wmiam.report.sections.SECTIONS`.
    plan : path, optional
        A file that chooses sections, title and logo and adds notes and pinned views; see
        :mod:`wmiam.report.plan`.

    Raises
    ------
    UnknownNameError
        If there is no such section.
    InputError
        If the plan cannot be read, or something in it is no plan; with file, line and mend.
    """
    from wmiam.report.content import Content, heading
    from wmiam.report.page import render_page
    from wmiam.report.plan import Plan, read_plan
    from wmiam.report.sections import SECTIONS, chosen_sections
    from wmiam.stored.matrix import matrix_payload
    from wmiam.views.html import view_lines

    planned = Plan() if plan is None else read_plan(plan, [section.id for section in SECTIONS])
    chosen = chosen_sections(planned.sections if sections is None else sections, has_pins=bool(planned.pins))
    content = Content(
        access,
        planned.title or heading(access) if title is None else title,
        moment_of(generated),
        tuple(section.id for section in chosen),
        planned,
    )
    has_matrix = content.has("matrix")
    with without_cycles():
        return render_page(
            "report.html.j2",
            styles=_STYLES,
            scripts=(*_SCRIPTS, *(_MATRIX_SCRIPTS if has_matrix else ())),
            data=matrix_payload(access) if has_matrix else None,
            it=content,
            lines_of=view_lines,
            parts=[(section, section.gather(content)) for section in chosen],
        )
