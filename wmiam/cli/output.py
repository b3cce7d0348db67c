"""Answers on their way out: exact formats, and files that are written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final

from wmiam.errors import InputError
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
    "open_output",
    "print_text",
    "style",
]

#: What ``--format`` takes.
FORMATS: Final = ("table", "json", "jsonl", "csv", "parquet")

# Characters that JSON may hold as they are and that a terminal or an editor would act upon:
# controls beyond ASCII, bidirectional and zero-width characters, line separators, lone surrogates.
_UNSAFE_IN_JSON: Final = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
#: First characters by which a spreadsheet takes a cell for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


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


def json_text(value: object, *, indent: int | None = None) -> str:
    """Return a value as JSON that is safe to print: what a terminal would act upon is escaped.

    Parameters
    ----------
    value : object
        Anything that JSON holds.
    indent : int, optional
        Spaces a level; None for one line.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def encode(rows: Rows, form: str) -> bytes:
    """Return rows in one of the exact formats.

    Parameters
    ----------
    rows : Rows
        The answer.
    form : str
        ``"json"``, ``"jsonl"``, ``"csv"`` or ``"parquet"``.

    Raises
    ------
    InputError
        If Parquet is asked for and pyarrow is not installed.
    """
    if form == "json":
        return f"{json_text(list(rows.records()), indent=2)}\n".encode()
    if form == "jsonl":
        return "".join(f"{json_text(record)}\n" for record in rows.records()).encode()
    if form == "csv":
        return _csv(rows)
    return _parquet(rows)


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
    if form == "parquet" and to_terminal:
        raise InputError("Parquet is binary and would garble the terminal", mend="name a file with -o")
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


def _csv(rows: Rows) -> bytes:
    buffer = io.StringIO()
    # Lines end as RFC 4180 has it; with another end csv would leave a lone \r in a cell unquoted.
    writer = csv.writer(buffer)
    writer.writerow(rows.columns)
    writer.writerows([_cell(value) for value in row] for row in rows.values)
    # A lone surrogate, which JSON input may carry, has no UTF-8 form.
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: object) -> object:
    """Return a cell as text that no spreadsheet takes for a formula; members of a list part by ``;``.

    Notes
    -----
    Source: OWASP, "CSV Injection".
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = "; ".join(str(item) for item in value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _parquet(rows: Rows) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError(
            "Parquet needs the package pyarrow, which is not installed",
            mend="pip install 'wmiam[parquet]', or choose --format csv",
        ) from None
    columns = zip(*rows.values, strict=True) if rows.values else ([] for _ in rows.columns)
    arrays = [pa.array(list(column)) if rows.values else pa.array([], pa.string()) for column in columns]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=list(rows.columns)), buffer)
    return buffer.getvalue()


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
