"""The report on a change: before and after side by side, one HTML file like the report on an estate."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wmiam.wholefile import open_whole

if TYPE_CHECKING:
    from wmiam.compare import Comparison
    from wmiam.findings import Suppression

__all__ = ["render_changes", "write_changes"]

_STYLES: Final = ("report.css", "sections.css", "matrix.css", "changes.css")
_SCRIPTS: Final = (
    ("wmiam.views", "elements.js"),
    *(("wmiam.report", name) for name in ("save.js", "lists.js")),
)


def write_changes(
    comparison: Comparison,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    generated: datetime | None = None,
    suppress: str | os.PathLike[str] | Iterable[Suppression] | None = None,
) -> Path:
    """Write the report on a change; whole, or not at all.

    Parameters
    ----------
    comparison, title, generated, suppress
        As for :func:`render_changes`.
    path : str or path
        The file to write; one that is there is replaced, a link, device or pipe is written through.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    text = render_changes(comparison, title=title, generated=generated, suppress=suppress)
    with open_whole(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
    return Path(path)


def render_changes(
    comparison: Comparison,
    *,
    title: str | None = None,
    generated: datetime | None = None,
    suppress: str | os.PathLike[str] | Iterable[Suppression] | None = None,
) -> str:
    """Return the HTML of the report on a change.

    Parameters
    ----------
    comparison : Comparison
        What :func:`wmiam.compare` returned, with its gates.
    title : str, optional
        Heading; by default made from the names of both sides.
    generated : datetime, optional
        The moment that the report names, by default now; see :func:`wmiam.report.render_report`.
    suppress : path or iterable of Suppression, optional
        Findings that are accepted on both sides.

    Raises
    ------
    InputError
        If suppressions cannot be read.
    """
    from wmiam.moment import moment_of
    from wmiam.report.changes.content import Changes
    from wmiam.report.page import render_page

    return render_page(
        "changes.html.j2",
        styles=_STYLES,
        scripts=_SCRIPTS,
        it=Changes(comparison, title, moment_of(generated), suppress),
    )
