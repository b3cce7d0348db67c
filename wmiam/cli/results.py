"""The report in formats for other programs: its results as JSON, CSV, Parquet, workbook or SARIF."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wmiam.cli.arguments import read_access
from wmiam.cli.output import is_terminal, open_output, print_text, refuse_binary
from wmiam.errors import InputError
from wmiam.export.jsonform import json_text
from wmiam.export.schema import TABLES, schema_text
from wmiam.export.write import FORMATS, SUFFIXES, check_single, format_of, is_single, write_results
from wmiam.moment import moment_of
from wmiam.wholefile import is_standard_stream

if TYPE_CHECKING:
    from wmiam.findings import Suppression

__all__ = [
    "add_result_options",
    "print_schema",
    "settle_report_format",
    "write_embedded",
    "write_result_file",
]

_HTML: Final = "html"


def add_result_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a format for other programs.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of the command ``report``, with an option for the file to write.
    """
    group = parser.add_argument_group("a report for other programs")
    group.add_argument(
        "--format",
        choices=(_HTML, *FORMATS),
        help="json is one document, csv and parquet a zip archive of tables, xlsx a workbook, sarif the "
        "findings (default: by the suffix of the file; csv for .zip, html for all others)",
    )
    group.add_argument(
        "--table",
        action="append",
        default=[],
        metavar="TABLE",
        help=f"write this table only; may be repeated: {', '.join(TABLES)}",
    )
    group.add_argument(
        "--cells",
        action=argparse.BooleanOptionalAction,
        help="write a row for each principal, action and organization, too (default: where that is at "
        "most 100,000 rows; the table access always holds them, in groups)",
    )
    group.add_argument("--check", action="store_true", help="try the mends of the findings on a copy")
    group.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of the results, and do nothing else"
    )
    group.add_argument(
        "--extract",
        metavar="PAGE",
        help="print the JSON that a page of wmiam report embeds, or write it with -o, and do nothing else",
    )
    parser.set_defaults(output=None)


def settle_report_format(arguments: argparse.Namespace) -> str:
    """Return the format of the report, and settle the file to write where the user named none.

    Parameters
    ----------
    arguments : argparse.Namespace
        Parsed arguments of the command ``report``.

    Raises
    ------
    InputError
        If options do not go together.
    """
    form = arguments.format or _HTML
    if arguments.output is None:
        arguments.output = f"report{SUFFIXES.get(form, '.html')}"
        if len(arguments.table) == 1 and form in ("csv", "parquet"):
            arguments.output = f"{arguments.table[0]}.{form}"
    elif arguments.format is None:
        try:
            form = format_of(arguments.output)
        except InputError:
            # Any other name is that of a page.
            form = _HTML
    for option, given, without in (
        ("--table", bool(arguments.table), (_HTML, "sarif")),
        ("--cells", arguments.cells is not None, (_HTML, "sarif")),
        ("--check", arguments.check, (_HTML,)),
        ("--title", arguments.title is not None, FORMATS),
        ("--notebook", arguments.notebook is not None, FORMATS),
    ):
        if given and form in without:
            other = "json, csv, parquet or xlsx" if form == _HTML else _HTML
            raise InputError(f"{option} does not go with {form}", mend=f"add --format {other}")
    return form


def print_schema() -> int:
    """Print the JSON Schema of the results, and return the exit code."""
    print(schema_text(), end="")
    return 0


def write_embedded(arguments: argparse.Namespace) -> int:
    """Write the data that a page of the report embeds, and return the exit code.

    Parameters
    ----------
    arguments : argparse.Namespace
        Parsed arguments of the command ``report``, with ``extract``.

    Raises
    ------
    InputError
        If the page cannot be read, or is none.
    """
    from wmiam.export.extract import extract

    if arguments.paths:
        raise InputError("--extract reads a page, and nothing else", mend="leave PATH out")
    data = extract(arguments.extract)
    with open_output(arguments.output) as stream:
        stream.write(f"{json_text(data)}\n".encode())
    return 0


def write_result_file(arguments: argparse.Namespace, form: str) -> int:
    """Write the results that the user asked for, and return the exit code.

    Parameters
    ----------
    arguments : argparse.Namespace
        Parsed arguments of the command ``report``.
    form : str
        One of :data:`wmiam.export.write.FORMATS`.

    Raises
    ------
    InputError
        If the file cannot be written, or options do not go together.
    UnknownNameError
        If there is no such table.
    """
    from wmiam.export.results import Results, chosen_tables

    names = chosen_tables(arguments.table) if arguments.table else None
    single = is_single(arguments.output, form)
    # Found out before the estate is read, which may take long.
    check_single(form, names, single=single)
    refuse_binary("zip" if form in ("csv", "parquet") and not single else form, arguments.output)
    moment = moment_of()
    results = Results(
        read_access(arguments), moment, suppress=_suppressions(arguments), check=arguments.check
    )
    with open_output(arguments.output) as stream:
        if form == "csv" and single and is_terminal(stream):
            shown = io.BytesIO()
            write_results(results, form, shown, names, single=True)
            print_text(shown.getvalue().decode(), stream)
        else:
            write_results(results, form, stream, names, cells=arguments.cells, single=single)
    target = Path(arguments.output)
    if target.is_file() and not is_standard_stream(target):
        print(target)
    return 0


def _suppressions(arguments: argparse.Namespace) -> tuple[Suppression, ...]:
    """Return the findings that the plan accepts: nothing else in a plan is about other formats."""
    from wmiam.report.plan import read_plan
    from wmiam.report.sections import SECTIONS

    if arguments.plan is None:
        return ()
    return read_plan(arguments.plan, [section.id for section in SECTIONS]).suppressions
