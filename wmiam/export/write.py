"""Results into one file, which is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from wmiam.errors import InputError
from wmiam.export.archive import open_archive
from wmiam.export.forms import WRITERS, form_of
from wmiam.export.jsonform import json_text, write_document
from wmiam.export.schema import schema_text
from wmiam.export.table import Row, Table
from wmiam.export.workbook import write_workbook
from wmiam.jsontext import escape
from wmiam.moment import moment_of
from wmiam.wholefile import open_whole

if TYPE_CHECKING:
    from wmiam.access import Access
    from wmiam.export.results import Results
    from wmiam.findings import Findings

__all__ = ["FORMATS", "SUFFIXES", "check_single", "export", "format_of", "is_single", "write_results"]

#: The formats of results, each with the suffix of the file that it makes.
SUFFIXES: Final = {"json": ".json", "csv": ".zip", "parquet": ".zip", "xlsx": ".xlsx", "sarif": ".sarif"}
FORMATS: Final = tuple(SUFFIXES)
#: Formats of a plain file by its suffix; an archive holds CSV unless Parquet is asked for.
_BY_SUFFIX: Final = (*FORMATS, "zip")


def export(
    access: Access,
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002 - as pandas and the command line call it
    *,
    tables: Iterable[str] | None = None,
    cells: bool | None = None,
    findings: Findings | None = None,
    check: bool = False,
    generated: datetime | None = None,
    progress: bool | None = None,
) -> Path:
    """Write the results of an estate for other programs; whole, or not at all.

    Parameters
    ----------
    access : Access
        What is written.
    path : str or path
        The file to write.
    format : str, optional
        ``"json"`` (one document), ``"csv"`` or ``"parquet"`` (a zip archive of tables, or one table
        where the file is no ``.zip``), ``"xlsx"`` (a workbook) or ``"sarif"`` (the findings); by
        default that of the suffix, and CSV for ``.zip``.
    tables : iterable of str, optional
        Names of the tables to write; by default all, ``cells`` only where it is not too long.
    cells : bool, optional
        Whether to write the table ``cells``, with a row for each principal, action and organization,
        where no tables are named; by default where it has at most 100,000 rows.
    findings : Findings, optional
        What is remarkable; by default it is looked for.
    check : bool
        Whether mends of findings are tried, which takes a comparison for each.
    generated : datetime, optional
        The moment that the manifest names, without time zone taken as UTC.  By default that of the
        environment variable ``SOURCE_DATE_EPOCH``, else now.  All else depends on the input alone.
    progress : bool, optional
        Whether to show progress bars; by default where it takes long and a person watches.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If the format is none of these, does not follow from the suffix, or takes a package that is
        not installed.
    UnknownNameError
        If there is no such table.
    OSError
        If the file cannot be written.

    Notes
    -----
    The columns are described by a JSON Schema, :func:`wmiam.export.schema.schema`.
    """
    from wmiam.export.results import Results, chosen_tables

    form = format_of(path, format)
    names = None if tables is None else chosen_tables(tables)
    single = is_single(path, form)
    check_single(form, names, single=single)
    results = Results(access, moment_of(generated), check=check, progress=progress)
    if findings is not None:
        results.findings = findings
    with open_whole(path) as stream:
        write_results(results, form, stream, names, cells=cells, single=single)
    return Path(path)


def format_of(path: str | os.PathLike[str], form: str | None = None) -> str:
    """Return the format of results in a file.

    Parameters
    ----------
    path : str or path
        The file.
    form : str, optional
        The format that was asked for; by default it follows from the suffix.

    Raises
    ------
    InputError
        If it is none of :data:`FORMATS`, or does not follow.
    """
    known = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    if form is None:
        form = form_of(path, _BY_SUFFIX)
        if form is None:
            raise InputError(
                "no format follows from the name", path=os.fspath(path), mend=f"choose the format: {known}"
            )
        return "csv" if form == "zip" else form
    if form not in FORMATS:
        raise InputError(f"there is no format {form!r}", mend=f"choose {known}")
    return form


def is_single(path: str | os.PathLike[str] | None, form: str) -> bool:
    """Whether a file holds one table alone: CSV and Parquet, unless its name ends in ``.zip``.

    Parameters
    ----------
    path : str or path or None
        The file.
    form : str
        The format.
    """
    return form in ("csv", "parquet") and form_of(path, ("zip",)) is None


def check_single(form: str, names: Sequence[str] | None, *, single: bool) -> None:
    """Check that one table is named where a file holds just one.

    Parameters
    ----------
    form : str
        The format.
    names : sequence of str or None
        Names of the tables; None for all.
    single : bool
        Whether the file holds one table; see :func:`is_single`.

    Raises
    ------
    InputError
        If it does, and not one is named.
    """
    if single and (names is None or len(names) != 1):
        raise InputError(
            f"a file of {form} holds one table", mend="name one, or a file that ends in .zip for all"
        )


def write_results(
    results: Results,
    form: str,
    stream: BinaryIO,
    names: Sequence[str] | None = None,
    *,
    cells: bool | None = None,
    single: bool = False,
) -> None:
    """Write results.

    Parameters
    ----------
    results : Results
        What is written.
    form : str
        One of :data:`FORMATS`.
    stream : binary stream
        Where to write.
    names : sequence of str, optional
        Names of the tables; by default all.  One, where a single table is written.
    cells : bool, optional
        Whether ``cells`` is among all; see :meth:`wmiam.export.results.Results.tables`.
    single : bool
        Whether CSV or Parquet is one table, in place of an archive.
    """
    if form == "sarif":
        stream.write(f"{json_text(results.sarif(), indent=2)}\n".encode())
        return
    if single and names is not None:
        WRITERS[form](results.table(names[0]), stream)
        return
    tables = results.tables(names, cells=cells)
    manifest = results.manifest(tables)
    if form == "json":
        write_document(manifest, tables, stream)
    elif form == "xlsx":
        write_workbook([_manifest_table(manifest), *tables], stream, results.moment)
    else:
        _write_archive(manifest, tables, form, stream)


def _write_archive(manifest: dict[str, Any], tables: Iterable[Table], form: str, stream: BinaryIO) -> None:
    """Write an archive: the manifest, the schema, and a file for each table."""
    with open_archive(stream) as archive:
        with archive.member("manifest.json") as member:
            member.write(f"{json_text(manifest, indent=2)}\n".encode())
        with archive.member("schema.json") as member:
            member.write(schema_text().encode())
        for table in tables:
            # Parquet is compressed in itself.
            with archive.member(f"{table.name}.{form}", compress=form == "csv") as member:
                WRITERS[form](table, member)


def _manifest_table(manifest: dict[str, Any]) -> Table:
    """Return the manifest as a table: a JSON pointer and a value a row."""
    return Table.of("manifest", ("member", "value"), list(_flattened("", manifest)))


def _flattened(pointer: str, value: Any) -> Iterator[Row]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flattened(f"{pointer}/{escape(key)}", item)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _flattened(f"{pointer}/{at}", item)
    else:
        yield pointer, value
