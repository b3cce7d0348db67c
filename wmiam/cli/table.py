"""Tables for a terminal: as wide as it is, and nothing in them that could move its cursor."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from wmiam.views.text import visible

__all__ = ["clip", "render_table", "width_of"]

_GAP = "  "
#: No column is made narrower than this, in terminal cells: less says nothing.
_NARROWEST = 6
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def width_of(text: str) -> int:
    """Return how many terminal cells a text takes: wide characters two, combining ones none.

    Parameters
    ----------
    text : str
        Text without control characters.

    Notes
    -----
    Source: Unicode Standard Annex 11, "East Asian Width".
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def clip(text: str, width: int) -> str:
    """Return text cut to a width, with … where something is left out.

    An ARN loses its beginning, because its end tells it from others; other text loses its end.

    Parameters
    ----------
    text : str
        Text without control characters.
    width : int
        The most terminal cells that it may take.
    """
    if width_of(text) <= width:
        return text
    backwards = text.startswith("arn:")
    kept, room = "", width - 1
    for char in reversed(text) if backwards else text:
        room -= width_of(char)
        if room < 0:
            break
        kept = char + kept if backwards else kept + char
    return f"…{kept}" if backwards else f"{kept}…"


def render_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    width: int | None = None,
    *,
    bold: bool = False,
) -> str:
    """Return a table as text, a line for the header and one for each row.

    Parameters
    ----------
    columns : sequence of str
        Headings.
    rows : sequence of sequence
        Cells; whole numbers stand to the right.
    width : int, optional
        Terminal cells available; None cuts nothing.
    bold : bool
        Whether the header is printed bold, for terminals that can.
    """
    cells = [[visible(str(cell)) for cell in row] for row in rows]
    widths = [
        max(width_of(text) for text in (heading, *(row[at] for row in cells)))
        for at, heading in enumerate(columns)
    ]
    if width is not None:
        widths = _fit(widths, width - len(_GAP) * (len(widths) - 1))
    numeric = [bool(rows) and all(isinstance(row[at], int) for row in rows) for at in range(len(columns))]
    header = _line(columns, widths, numeric)
    lines = [f"{_BOLD}{header}{_PLAIN}" if bold else header]
    lines += [_line(row, widths, numeric) for row in cells]
    return "\n".join(lines) + "\n"


def _fit(widths: list[int], room: int) -> list[int]:
    """Return widths that fit into the room: the widest columns give way first."""
    cap = max(widths, default=0)
    while cap > _NARROWEST and sum(min(width, cap) for width in widths) > room:
        cap -= 1
    return [min(width, cap) for width in widths]


def _line(cells: Sequence[str], widths: list[int], numeric: list[bool]) -> str:
    parts = []
    for text, width, right in zip(cells, widths, numeric, strict=True):
        shown = clip(text, width)
        pad = " " * (width - width_of(shown))
        parts.append(pad + shown if right else shown + pad)
    return _GAP.join(parts).rstrip()
