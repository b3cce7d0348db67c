"""The formats of single tables by name: each table is written by one function, wherever it comes from."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import PurePath
from types import MappingProxyType
from typing import BinaryIO, Final

from wmiam.export.csvform import write_csv
from wmiam.export.jsonform import write_json, write_json_lines
from wmiam.export.parquetform import write_parquet
from wmiam.export.table import Table
from wmiam.export.workbook import write_workbook

__all__ = ["BINARY", "WRITERS", "form_of", "write_table"]


def _write_sheet(table: Table, stream: BinaryIO) -> None:
    write_workbook([table], stream)


#: What writes a table in each format.
WRITERS: Final = MappingProxyType[str, Callable[[Table, BinaryIO], None]](
    {
        "json": write_json,
        "jsonl": write_json_lines,
        "csv": write_csv,
        "parquet": write_parquet,
        "xlsx": _write_sheet,
    }
)
#: Formats that would garble a terminal.
BINARY: Final = frozenset({"parquet", "xlsx", "zip"})


def form_of(path: str | os.PathLike[str] | None, forms: Collection[str]) -> str | None:
    """Return the format that a file's name asks for by its suffix, or None.

    Parameters
    ----------
    path : str or path or None
        The file; None for none.
    forms : collection of str
        The formats to choose from, named as their suffixes are.
    """
    suffix = "" if path is None else PurePath(path).suffix[1:].lower()
    return suffix if suffix in forms else None


def write_table(table: Table, form: str, stream: BinaryIO) -> None:
    """Write one table.

    Parameters
    ----------
    table : Table
        The table.
    form : str
        One of :data:`WRITERS`.
    stream : binary stream
        Where to write.

    Raises
    ------
    InputError
        If the format takes a package that is not installed.
    """
    WRITERS[form](table, stream)
