"""Answers on their way out: exact formats, and files that are written whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final

from wmiam.errors import InputError
from wmiam.export.forms import BINARY, write_table
from wmiam.export.jsonform import json_text
from wmiam.export.table import Table
from wmiam.views.text import visible
from wmiam.wholefile import open_whole

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FORMATS",
    "Rows",
    "emit",
    "encode",
    "is_terminal",
    "json_text",
    "must_be_writable",
    "open_output",
    "print_text",
    "refuse_binary",
    "style",
]

#: What ``--format`` takes.
FORMATS: Final = ("table", "json", "jsonl", "csv", "parquet", "xlsx")
#: How the formats are called in a sentence.
_CALLED: Final = {"parquet": "Parquet", "xlsx": "A workbook", "zip": "An archive"}


def must_be_writable(path: str) -> None:
    """Refuse a report's file that cannot be made, before the input is read, which may take long.

    Parameters
    ----------
    path : str
        What the user named.

    Raises
    ------
    InputError
        If it is a folder, or in none.
    """
    target = Path(path)
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise InputError(
            "no report can be written there", path=path, mend="name a file in a folder that exists"
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of plain values.

    Parameters
    ----------
    columns : tuple of str
        Column names.
    values : sequence of sequence
        A row each: text, numbers, true or false, None, or lists of these.
    """

    columns: tuple[str, ...]
    values: Sequence[Sequence[Any]]

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> Rows:
        """Return the rows of a data frame, without its index.

        Parameters
        ----------
        frame : pandas.DataFrame
            Any frame; missing values become None.
        """
        columns = [
            [None if isinstance(value, float) and value != value else value for value in frame[name].tolist()]
            for name in frame.columns
        ]
        return cls(tuple(str(name) for name in frame.columns), list(zip(*columns, strict=True)))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield each row as a dict."""
        for row in self.values:
            yield dict(zip(self.columns, row, strict=True))


def encode(rows: Rows, form: str) -> bytes:
    """Return rows in one of the exact formats.

    Parameters
    ----------
    rows : Rows
        The answer.
    form : str
        One of :data:`FORMATS` but ``"table"``.

    Raises
    ------
    InputError
        If the format takes a package that is not installed.
    """
    buffer = io.BytesIO()
    write_table(Table.of("rows", rows.columns, rows.values), form, buffer)
    return buffer.getvalue()


def emit(rows: Rows, form: str, path: str | None, table: Callable[[int | None], str]) -> None:
    """Write an answer in the format and to the place that the user chose.

    Parameters
    ----------
    rows : Rows
        The answer.
    form : str
        One of :data:`FORMATS`.
    path : str or None
        The file; None for standard output.
    table : callable
        Makes the text for reading from the width of the terminal; None where it is none.

    Raises
    ------
    InputError
        If the file cannot be written, or binary data would go to a terminal.
    """
    to_terminal = path in (None, "-") and is_terminal(sys.stdout)
    width = shutil.get_terminal_size().columns if to_terminal else None
    refuse_binary(form, path)
    data = b"" if form == "table" else encode(rows, form)
    with open_output(path) as stream:
        if form == "table":
            stream.write(table(width).encode())
        elif form == "csv" and to_terminal:
            print_text(data.decode(), stream)
        else:
            stream.write(data)


def style(width: int | None) -> bool:
    """Whether text may be made bold: on a terminal that is not asked to be plain.

    Parameters
    ----------
    width : int or None
        Width of the terminal; None where the output is none.

    Notes
    -----
    Source: https://no-color.org.
    """
    return width is not None and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def refuse_binary(form: str, path: str | None) -> None:
    """Refuse to write a binary format to a terminal.

    Parameters
    ----------
    form : str
        The format.
    path : str or None
        The file; None or ``"-"`` for standard output.

    Raises
    ------
    InputError
        If it would go to a terminal.
    """
    if form in BINARY and path in (None, "-") and is_terminal(sys.stdout):
        raise InputError(
            f"{_CALLED[form]} is binary and would garble the terminal", mend="name a file with -o"
        )


def is_terminal(stream: IO[Any]) -> bool:
    """Whether a stream is a terminal: somebody reads along."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def print_text(text: str, stream: BinaryIO) -> None:
    """Write text of several lines with everything in it that does not show spelled out.

    Parameters
    ----------
    text : str
        Text that holds names from an estate.
    stream : binary stream
        Where it goes.
    """
    stream.write("\n".join(visible(line) for line in text.split("\n")).encode())


@contextmanager
def open_output(path: str | None) -> Iterator[BinaryIO]:
    """Open standard output, or a file that appears only when all of it is written.

    Parameters
    ----------
    path : str or None
        The file; None or ``"-"`` for standard output.

    Yields
    ------
    binary stream
        Where to write.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    if path is None or path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if Path(path).is_dir():
        raise InputError("this is a folder, not a file", path=path, mend="name a file in it")
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(open_whole(path))
        except OSError as error:
            raise InputError(
                f"cannot be written: {error.strerror}", path=path, mend="name another file"
            ) from error
        yield stream
