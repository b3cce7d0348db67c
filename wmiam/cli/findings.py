"""The command findings: what is remarkable, why, and what would mend it; a gate for pipelines."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import TYPE_CHECKING, Final

from wmiam.cli.arguments import Commands, add_format, add_paths, read_estate
from wmiam.cli.output import FORMATS, Rows, emit, json_text, open_output, print_text
from wmiam.errors import InputError
from wmiam.views.text import visible

if TYPE_CHECKING:
    from wmiam.findings import Findings

__all__ = ["add_commands"]

_DESCRIPTION: Final = """\
What is remarkable in an estate, how much, why, and what would mend it?

Each finding names the statements with file and line, those whom it concerns, where it can a
request that shows it, and a mend that is tried on a copy: what it would take away, and that it
adds nothing.  Findings that are accepted stand in a file that somebody reviews."""
_EPILOG: Final = """\
a file of suppressions is TOML:
  [[suppress]]
  rule = "wildcard-capability"            # or finding = "ID"
  policies = ["*policy/AdministratorAccess"]   # also principals, organizations; may be left out
  reason = "administrators are reviewed each quarter"
  expires = 2027-03-31
  by = "audit"

examples:
  wmiam findings data/acme
  wmiam findings data/acme --severity high
  wmiam findings data/acme --fail-on high --suppress accepted.toml
  wmiam findings data/acme --format sarif -o findings.sarif

exit codes:
  0  looked through, and nothing is as grave as --fail-on says
  1  a finding of at least that severity is left
  2  wrong usage, or input that cannot be used"""
_FORMATS: Final = (*FORMATS, "sarif")
_SEVERITIES: Final = ("critical", "high", "medium", "low", "info")
#: Most findings of which the mends are tried unless the user asks for it: each takes a comparison.
_TRIED: Final = 200


def add_commands(commands: Commands) -> None:
    """Add the command of this module.

    Parameters
    ----------
    commands : Commands
        Receives it.
    """
    parser = commands.add(
        "findings", _findings, "what is remarkable, why, and what would mend it", _DESCRIPTION, _EPILOG
    )
    add_paths(parser)
    parser.add_argument(
        "--severity",
        choices=_SEVERITIES,
        default="info",
        help="show findings that are at least as grave (default: all)",
    )
    parser.add_argument(
        "--rule", action="append", default=[], metavar="RULE", help="apply this rule only; may be repeated"
    )
    parser.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        help="exit with 1 where a finding that is at least as grave is left",
    )
    parser.add_argument("--suppress", metavar="FILE", help="findings that are accepted, in a TOML file")
    parser.add_argument(
        "--today",
        metavar="DATE",
        help="the day that counts for dates in policies and suppressions, as 2027-01-31 (default: today)",
    )
    parser.add_argument(
        "--check",
        choices=("auto", "all", "none"),
        default="auto",
        help=f"whether the mends are tried on a copy: auto tries them where at most {_TRIED} findings "
        "are shown",
    )
    add_format(parser, _FORMATS)


def _findings(arguments: argparse.Namespace) -> int:
    found = (
        read_estate(arguments.paths)
        .access()
        .findings(rules=arguments.rule or None, suppress=arguments.suppress, today=_today(arguments.today))
    )
    shown = found.of(severity=arguments.severity)
    check = arguments.check == "all" or (arguments.check == "auto" and len(shown) <= _TRIED)
    _emit(arguments, shown, check)
    if arguments.format != "table":
        for note in found.notes:
            print(f"wmiam: {visible(note)}", file=sys.stderr)
    return 1 if arguments.fail_on and len(found.of(severity=arguments.fail_on)) else 0


def _today(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--today {text!r} is no date", mend="write it as 2027-01-31") from None


def _emit(arguments: argparse.Namespace, found: Findings, check: bool) -> None:
    if arguments.format == "table":
        with open_output(arguments.output) as stream:
            print_text(f"{found.to_text(check=check)}\n", stream)
    elif arguments.format == "sarif":
        from wmiam.findings import sarif

        with open_output(arguments.output) as stream:
            stream.write(f"{json_text(sarif(found, check=check), indent=2)}\n".encode())
    else:
        emit(_rows(found, check), arguments.format, arguments.output, str)


def _rows(found: Findings, check: bool) -> Rows:
    from wmiam.findings.frames import COLUMNS, finding_row

    records = [finding_row(finding, check=check) for finding in found]
    return Rows(COLUMNS, [[row[name] for name in COLUMNS] for row in records])
