"""The command that writes the report."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmiam.cli.arguments import Commands, add_given, add_output, read_access
from wmiam.cli.notebook import add_notebook_options, notebook_report, wants_notebook
from wmiam.cli.output import must_be_writable, open_output
from wmiam.cli.results import (
    add_result_options,
    print_schema,
    settle_report_format,
    write_embedded,
    write_result_file,
)
from wmiam.errors import InputError
from wmiam.wholefile import is_standard_stream

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Add the commands of this module.

    Parameters
    ----------
    commands : Commands
        Receives them.
    """
    parser = commands.add(
        "report",
        _report,
        "write the report: one HTML file that works offline",
        "Who can read mail, take over mailboxes, export them or destroy evidence, in which WorkMail\n"
        "organizations, and under which conditions?  Writes one HTML file that needs no network, or\n"
        "the same results for other programs.",
        """\
examples:
  wmiam report data/acme -o report.html
  wmiam report data/acme --given aws:MultiFactorAuthPresent=false -o without-mfa.html
  wmiam report data/acme --plan data/audit.toml -o audit.html
  wmiam report --notebook quickstart data/acme -o quickstart.html
  wmiam report data/acme -o results.xlsx
  wmiam report data/acme --format parquet -o results.zip
  wmiam report data/acme --table findings -o findings.csv
  wmiam report --extract report.html -o data.json

With --notebook the notebook is run from the top, as papermill does, and written as one HTML file
whose views stay interactive.  A notebook is a program: run only what you would run by hand.

The file appears only when all of it is written.  If parts of the input were not understood,
the report is written all the same and says that it is incomplete.

exit codes:
  0  written
  2  wrong usage, input that cannot be used, or a cell of the notebook failed""",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="folder or file to read; what a file holds is told by its content",
    )
    add_output(parser, "report.html")
    parser.add_argument("--title", help="title of the report (default: made from the input's name)")
    parser.add_argument(
        "--plan",
        metavar="FILE",
        help="a TOML file that chooses sections, title and logo, and adds notes, pinned views and "
        "accepted findings",
    )
    parser.add_argument(
        "--pdf",
        metavar="FILE",
        help="print the page besides, by Chromium or Chrome where one is installed",
    )
    add_given(parser)
    add_notebook_options(parser)
    add_result_options(parser)


def _report(arguments: argparse.Namespace) -> int:
    from wmiam.report import render_report

    if arguments.schema:
        return print_schema()
    if arguments.extract is not None:
        return write_embedded(arguments)
    form = settle_report_format(arguments)
    target = Path(arguments.output)
    must_be_writable(arguments.output)
    if arguments.pdf is not None:
        _must_be_printable(arguments.pdf, form)
    if form != "html":
        return write_result_file(arguments, form)
    if wants_notebook(arguments):
        text = notebook_report(arguments)
    else:
        text = render_report(read_access(arguments), title=arguments.title, plan=arguments.plan)
    with open_output(arguments.output) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
    if arguments.pdf is not None:
        from wmiam.report.pdf import print_pdf

        print_pdf(text, arguments.pdf)
    if target.is_file() and not is_standard_stream(target):
        print(f"{target}\n{target.resolve().as_uri()}")
    return 0


def _must_be_printable(path: str, form: str) -> None:
    """Refuse what cannot be printed before the estate is read."""
    from wmiam.report.pdf import find_browser, no_browser

    if form != "html":
        raise InputError("only the page can be printed", mend="leave --pdf out, or write HTML")
    must_be_writable(path)
    if find_browser() is None:
        raise no_browser(path)
