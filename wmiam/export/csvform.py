"""CSV (RFC 4180) in which no spreadsheet finds a formula."""

from __future__ import annotations

import csv
import io
import re
from typing import BinaryIO, Final

from wmiam.export.jsonform import json_text
from wmiam.export.table import Table

__all__ = ["defused", "flat_text", "is_formula", "write_csv"]

#: Where a spreadsheet may take a text for a formula, full-width signs included.  Where semicolons part
#: cells, as in many countries, one may begin another cell, whatever the quotes say.
_FORMULA: Final = re.compile(r"\A(?=\s*[=+\-@＝＋－＠]|[\t\r])|(?<=;)(?=\s*[=+\-@＝＋－＠])")

#: Texts that are remembered while a table is written.
_KNOWN: Final = 10_000


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula.

    Parameters
    ----------
    text : str
        Text of a cell.
    """
    return _FORMULA.match(text) is not None


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe stands before what would be one.

    Parameters
    ----------
    text : str
        Text of a cell.

    Notes
    -----
    Source: OWASP, "CSV Injection".
    """
    return _FORMULA.sub("'", text)


def flat_text(value: object) -> object:
    """Return a value for a format whose cells hold no lists and objects: text, a number, a truth or None.

    Parameters
    ----------
    value : object
        The value; members of a list are joined by ``"; "``, an object becomes JSON.
    """
    if isinstance(value, (list, tuple)):
        return "; ".join(json_text(item) if isinstance(item, dict) else str(item) for item in value)
    return json_text(value) if isinstance(value, dict) else value


def write_csv(table: Table, stream: BinaryIO) -> None:
    """Write a table as CSV in UTF-8, with a line for the names of the columns.

    Parameters
    ----------
    table : Table
        The table.
    stream : binary stream
        Where to write.
    """
    # A lone surrogate, which JSON input may carry, has no UTF-8 form.
    text = io.TextIOWrapper(stream, "utf-8", "backslashreplace", newline="")
    try:
        # Lines end as RFC 4180 has it; with another end csv would leave a lone \r in a cell unquoted.
        writer = csv.writer(text)
        writer.writerow(table.names)
        known: dict[str, str] = {}
        writer.writerows([_cell(value, known) for value in row] for row in table.make())
    finally:
        # The stream belongs to the caller: the wrapper must not close it.
        text.detach()


def _cell(value: object, known: dict[str, str]) -> object:
    """Return a value as a cell; texts of millions of rows repeat, and are looked at once."""
    if isinstance(value, str):
        found = known.get(value)
        if found is None:
            if len(known) >= _KNOWN:
                known.clear()
            found = known[value] = defused(value)
        return found
    if isinstance(value, bool):
        return "true" if value else "false"
    flat = flat_text(value)
    return defused(flat) if isinstance(flat, str) else flat
