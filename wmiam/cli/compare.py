"""The command compare: what a change grants and takes away, and whether it may ship."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wmiam.cli.arguments import Commands, add_format, add_given, given, read_estate
from wmiam.cli.output import Rows, emit, must_be_writable, open_output, print_text, style
from wmiam.cli.table import render_table
from wmiam.errors import InputError, PolicyError
from wmiam.export.csvform import flat_text
from wmiam.views.text import count, visible

if TYPE_CHECKING:
    from wmiam.compare import Comparison, Gate
    from wmiam.estate import Estate

__all__ = ["add_commands"]

_DESCRIPTION: Final = """\
What does a change grant and take away, and which statements make it?

Compares two estates, or one with a policy replaced: every principal, action and WorkMail
organization whose set of allowed requests grew, shrank or moved, with an example of each.
Gates say what must hold: the command fails where one does not, or may not."""
_EPILOG: Final = """\
gates:
  no-new-access                 nothing is allowed that was not
  never-allow=ACTION,...        nobody may do this
  only-with-mfa=ACTION,...      nobody may do this without MFA
  'only-principals=ACTION,...;principals=NAME,...'
                                nobody may do this but these
  More after semicolons: organizations=ORG,..., principals=NAME,..., root=true.  The last
  three are about the estate after the change, and leave account root users out.
  In a TOML file, each is a [[gate]] with gate = "never-allow", actions = ["..."] and so on.

examples:
  wmiam compare data/review/before data/review/after
  wmiam compare data/review/before data/review/after --gate no-new-access
  wmiam compare data/review/before --policy help-desk=data/review/after/help-desk.json
  wmiam compare data/review/before data/review/after --show changes --format csv -o changes.csv
  wmiam compare data/review/before data/review/after --gate no-new-access --report change.html

exit codes:
  0  compared, and every gate holds
  1  a gate fails
  2  wrong usage, an unknown name, or input that cannot be used"""

_SHOW: Final = ("summary", "changes", "causes", "failures")
#: Columns of the changes that a reader sees; the exact formats hold all of them.
_READ: Final = ("change", "principal", "action", "organization", "gained", "lost", "depends")
#: Most gate failures that go to standard error beside an exact format.
_MOST: Final = 10


def add_commands(commands: Commands) -> None:
    """Add the command of this module.

    Parameters
    ----------
    commands : Commands
        Receives it.
    """
    parser = commands.add(
        "compare", _compare, "what a change grants and takes away; gates for it", _DESCRIPTION, _EPILOG
    )
    parser.add_argument("before", metavar="BEFORE", help="folder or file to read: the estate as it is")
    parser.add_argument(
        "after", nargs="?", metavar="AFTER", help="the estate as it would be; left out with --policy"
    )
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="compare BEFORE with itself where the document of this policy (ARN or name; of an inline "
        "policy its owner's ARN, / and its name) is replaced by that in FILE; may be repeated",
    )
    parser.add_argument(
        "--gate", action="append", default=[], metavar="GATE", help="what must hold; may be repeated"
    )
    parser.add_argument(
        "--gates", action="append", default=[], metavar="FILE", help="gates in a TOML file; may be repeated"
    )
    parser.add_argument(
        "--show",
        choices=_SHOW,
        help="what to print: summary is for reading (default), the others are tables; the other "
        "formats hold changes (default), causes or failures",
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write the report on the change besides: one HTML file with both sides next to each other",
    )
    add_given(parser)
    add_format(parser)


def _compare(arguments: argparse.Namespace) -> int:
    from wmiam.compare import compare

    if bool(arguments.policy) == (arguments.after is not None):
        raise InputError(
            "compare takes two estates, or one and --policy NAME=FILE",
            mend="name AFTER, or what is replaced in BEFORE, and not both",
        )
    show = arguments.show or ("summary" if arguments.format == "table" else "changes")
    if show == "summary" and arguments.format != "table":
        raise InputError("the summary is text", mend="choose --show changes, causes or failures")
    if arguments.report is not None:
        must_be_writable(arguments.report)
    gates = _gates(arguments)
    before = read_estate([arguments.before])
    after = _replaced(before, arguments.policy) if arguments.policy else read_estate([arguments.after])
    comparison = compare(before, after, gate=gates, given=given(arguments))
    if arguments.report is not None:
        _write_report(comparison, arguments.report)
    if show == "summary":
        with open_output(arguments.output) as stream:
            print_text(f"{comparison}\n", stream)
    else:
        _emit(arguments, comparison, show)
        _tell(comparison)
    return 1 if comparison.failures else 0


def _write_report(comparison: Comparison, path: str) -> None:
    from wmiam.report.changes import render_changes

    text = render_changes(comparison)
    with open_output(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))


def _gates(arguments: argparse.Namespace) -> list[Gate]:
    from wmiam.compare import Gate, read_gates

    return [
        *(Gate.parse(text) for text in arguments.gate),
        *(gate for path in arguments.gates for gate in read_gates(path)),
    ]


def _replaced(estate: Estate, policies: list[str]) -> Estate:
    """Return the estate with the policies of ``--policy`` replaced."""
    for text in policies:
        # An ARN has no "=", but the name of a policy may have one; so may that of a file.
        names = [text[:at] for at, char in enumerate(text) if char == "="]
        if not names or not names[0]:
            raise InputError(
                f"--policy {text!r} has no name and file", mend="write --policy NAME=FILE, and no spaces"
            )
        name = next((n for n in reversed(names) if Path(text[len(n) + 1 :]).exists()), names[0])
        estate = _with_policy(estate, name, text[len(name) + 1 :])
    return estate


def _with_policy(estate: Estate, name: str, path: str) -> Estate:
    from wmiam import jsonrecords, jsontext
    from wmiam.origin import Origin, SourceFile

    try:
        text, problem = jsontext.decode(Path(path).read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path, mend="name a policy file") from error
    source = SourceFile.from_text(path, text, "policy")
    value, faults = jsonrecords.loads(text)
    if problem is not None or faults or not isinstance(value, dict):
        fault = faults[0] if faults else None
        at = source.position(fault.offset) if fault is not None else None
        raise InputError(
            problem or (fault.message if fault is not None else "a policy document is a JSON object"),
            path=path,
            line=at.line if at is not None else None,
            mend=(fault.mend if fault is not None else "") or "give one policy document as JSON",
        )
    origin = Origin(source)
    try:
        changed = estate.with_policy(name, value, origin=origin)
        return replace(changed, name=f"{estate.name}, with {path} for {name}")
    except PolicyError as error:
        line = origin.below(error.pointer).line
        raise InputError(
            error.message, path=path, pointer=error.pointer, line=line, mend=error.mend
        ) from error


def _emit(arguments: argparse.Namespace, comparison: Comparison, show: str) -> None:
    frames = {
        "changes": comparison.frame,
        "causes": comparison.causes_frame,
        "failures": comparison.failures_frame,
    }
    rows = Rows.of_frame(frames[show]())
    emit(rows, arguments.format, arguments.output, lambda width: _table_text(comparison, rows, show, width))


def _table_text(comparison: Comparison, rows: Rows, show: str, width: int | None) -> str:
    if not rows.values:
        return {"changes": "nobody gains or loses access\n", "causes": "nothing changed\n"}.get(
            show, "every gate holds\n"
        )
    shown = [_readable(comparison, record) for record in rows.records()]
    wanted = _READ if show == "changes" else tuple(shown[0])
    columns = [name for name in wanted if any(row[name] not in ("", None) for row in shown)]
    table = render_table(
        columns, [[row[name] for name in columns] for row in shown], width, bold=style(width)
    )
    return f"{table}\n{count(len(shown), show.removesuffix('s'))}\n"


def _readable(comparison: Comparison, record: dict[str, Any]) -> dict[str, Any]:
    """Return a row with names in place of ARNs, and with the members of lists counted or listed."""
    from wmiam.compare.text import listed

    found: dict[str, Any] = {}
    for name, value in record.items():
        if name in ("principal", "organization"):
            found[name] = comparison.names.short(value)
        elif isinstance(value, list):
            found[name] = listed([comparison.names.short(item) for item in value])
        else:
            found[name] = "" if value is None else flat_text(value)
    return found


def _tell(comparison: Comparison) -> None:
    """Say on standard error what fails and what is incomplete, beside an answer in an exact format."""
    from wmiam.compare.text import failure_line

    if comparison.incomplete:
        parts = count(len(comparison.incomplete), "part")
        _note(f"the comparison is incomplete: {parts} of the input could not be understood")
    for failure in comparison.failures[:_MOST]:
        _note(f"gate {failure.gate.kind} fails: {failure_line(comparison, failure)}")
    if len(comparison.failures) > _MOST:
        _note(f"… and {count(len(comparison.failures) - _MOST, 'more failure')}")


def _note(text: str) -> None:
    print(f"wmiam: {visible(text)}", file=sys.stderr)
