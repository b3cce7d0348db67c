"""Excel workbooks: a sheet for each table, in which everything is text, a number or a truth."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from wmiam.errors import InputError
from wmiam.export.csvform import flat_text, is_formula
from wmiam.export.table import Kind, Row, Table
from wmiam.views.text import visible

__all__ = ["CELL", "SHEET", "write_workbook"]

#: Most characters of a cell, and most rows of a sheet beside that of the names.
CELL: Final = 32_767
SHEET: Final = 1_048_575
#: Width of a column, in characters.
_WIDTHS: Final = {Kind.INTEGER: 10, Kind.BOOLEAN: 10}
_WIDTH: Final = 32
#: The first moment that the container of a workbook can hold: for one that bears none of its own.
_NO_DATE: Final = datetime(1980, 1, 1, tzinfo=UTC)


def write_workbook(tables: Iterable[Table], stream: BinaryIO, created: datetime | None = None) -> None:
    """Write tables as one workbook.

    A table that is longer than a sheet goes on in a second one, "name (2)".  No text becomes a formula
    or a link.  What does not show, or reorders its neighbours, is spelled out, as in ``⟨U+202E⟩``.
    A text that is longer than a cell is cut, and says so.

    Parameters
    ----------
    tables : iterable of Table
        The tables.
    stream : binary stream
        Where to write.
    created : datetime, optional
        The moment that the workbook names; nothing else in it depends on the time.

    Raises
    ------
    InputError
        If XlsxWriter is not installed.
    OSError
        If the stream does not take it.

    Notes
    -----
    Source: ECMA-376, Part 1; Microsoft, "Excel specifications and limits".
    """
    try:
        from xlsxwriter import Workbook
        from xlsxwriter.exceptions import FileCreateError
    except ImportError:
        raise InputError(
            "workbooks need the package XlsxWriter, which is not installed",
            mend="pip install 'wmiam[xlsx]', or choose --format csv",
        ) from None
    with tempfile.TemporaryDirectory(prefix="wmiam-") as folder:
        options = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        workbook = Workbook(stream, options)
        # Without time zone: the library writes what it is given, and marks it as UTC.
        moment = (created or _NO_DATE).astimezone(UTC).replace(tzinfo=None, microsecond=0)
        workbook.set_properties({"created": moment})
        sheets = _Sheets(workbook)
        for table in tables:
            sheets.write(table)
        try:
            workbook.close()
        except FileCreateError as error:
            # The library puts what the system said into an error of its own.
            raise error.args[0] from None


class _Sheets:
    """Writes tables into sheets of a workbook."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._heading = workbook.add_format({"bold": True})
        # What looks like a formula stays text when somebody edits the cell.
        self._text = workbook.add_format({"quote_prefix": True})

    def write(self, table: Table) -> None:
        """Write a table, in as many sheets as it takes."""
        rows = iter(table.make())
        number, more = 1, True
        while more:
            more = self._sheet(table, number, rows)
            number += 1

    def _sheet(self, table: Table, number: int, rows: Iterator[Row]) -> bool:
        """Write the next rows into a sheet, and return whether there may be more."""
        sheet = self._workbook.add_worksheet(table.name if number == 1 else f"{table.name} ({number})")
        sheet.freeze_panes(1, 0)
        left = max(0, min(table.count - (number - 1) * SHEET, SHEET))
        sheet.autofilter(0, 0, left, len(table.columns) - 1)
        for at, column in enumerate(table.columns):
            sheet.set_column(at, at, _WIDTHS.get(column.kind, _WIDTH))
            sheet.write_string(0, at, column.name, self._heading)
        for line in range(1, SHEET + 1):
            row = next(rows, None)
            if row is None:
                return False
            for at, value in enumerate(row):
                self._cell(sheet, line, at, flat_text(value))
        return number * SHEET < table.count

    def _cell(self, sheet: Any, line: int, at: int, value: object) -> None:
        if value is None or value == "":
            return
        if isinstance(value, bool):
            sheet.write_boolean(line, at, value)
        elif isinstance(value, (int, float)):
            sheet.write_number(line, at, value)
        else:
            text = _fitted(visible(str(value)))
            form = self._text if is_formula(text) else None
            if text.startswith("<r>") and text.endswith("</r>"):
                # The library would take it for the markup of a text in several styles, and not escape it.
                sheet.write_rich_string(line, at, "<", "r", text[2:], *([form] if form else []))
            else:
                sheet.write_string(line, at, text, form)


def _fitted(text: str) -> str:
    """Return a text that a cell can hold."""
    if len(text) <= CELL:
        return text
    note = f"… [cut: {len(text):,} characters; CSV, JSON and Parquet hold all]"
    return text[: CELL - len(note)] + note
