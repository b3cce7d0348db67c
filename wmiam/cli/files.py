"""The commands that work on files and need no access: simulate and lint."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from wmiam.cli.arguments import Commands, add_format, add_output, add_paths
from wmiam.cli.output import Rows, emit, json_text, open_output
from wmiam.diagnostics import Diagnostic, Severity
from wmiam.errors import InputError
from wmiam.views.text import visible

__all__ = ["add_commands"]

_LINT_COLUMNS: Final = ("file", "line", "column", "pointer", "severity", "code", "message", "mend")


def add_commands(commands: Commands) -> None:
    """Add the commands of this module.

    Parameters
    ----------
    commands : Commands
        Receives them.
    """
    _add_simulate(commands)
    _add_lint(commands)


def _add_simulate(commands: Commands) -> None:
    parser = commands.add(
        "simulate",
        _simulate,
        "decide single requests given with their policies, as JSON Lines",
        "What becomes of a request under the policies that are given with it?\n\n"
        "Reads JSON Lines, one request with its policies a line, and writes one decision a line, in\n"
        "order.  A line that cannot be evaluated yields an error, and the run goes on.",
        """\
a line holds (all policies are optional):
  {"id": "7",
   "request": {"principal": "arn:aws:iam::111122223333:user/ana", "action": "workmail:ResetPassword",
     "resource": "arn:aws:workmail:us-east-1:111122223333:organization/m-0123456789abcdef0123456789abcdef",
     "context": {"aws:MultiFactorAuthPresent": "true"}},
   "identity_policies": [{...}], "permissions_boundary": {...}, "session_policies": [{...}],
   "service_control_policies": [[{...}], [{...}]], "resource_control_policies": [[{...}]],
   "resource_policy": {...}}
and gives:
  {"id": "7", "decision": "Allowed", "blocked_by": [],
   "decided_by": [{"policy": "identity_policies[0]", "statement": "0", "effect": "Allow"}]}

examples:
  wmiam simulate requests.jsonl -o decisions.jsonl
  wmiam simulate < requests.jsonl

exit codes:
  0  every line was decided, whatever the decisions are
  2  wrong usage, or at least one line could not be evaluated""",
    )
    parser.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="JSON Lines; - is standard input"
    )
    add_output(parser)


def _add_lint(commands: Commands) -> None:
    parser = commands.add(
        "lint",
        _lint,
        "find mistakes in policies and in collected files",
        "Which statements do not do what their author meant, and what in the input was not understood?\n\n"
        "Reads policy documents, folders of them, or whole estates.  Prints a line for each finding:\n"
        "  file:line:column: severity: message [code] — what to do\n"
        '"error": something was not understood, so answers are incomplete.  "warning": understood,\n'
        'but probably not what was meant.  "info": changes nothing; shown with --info.\n'
        "Policies that AWS manages are not linted: nobody but AWS can mend them.",
        """\
examples:
  wmiam lint data/acme
  wmiam lint data/review/after/help-desk.json
  wmiam lint data/acme --format jsonl -o findings.jsonl

exit codes:
  0  no errors (with --strict: no warnings either)
  1  errors (with --strict: or warnings)
  2  wrong usage, or input that cannot be read at all""",
    )
    add_paths(parser)
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings, too")
    parser.add_argument("--info", action="store_true", help="show what changes nothing, too")
    add_format(parser)


def _simulate(arguments: argparse.Namespace) -> int:
    from wmiam.engine.simulate import simulate_lines

    failed = False
    with _open_input(arguments.file) as lines, open_output(arguments.output) as stream:
        for result in simulate_lines(lines):
            failed = failed or "error" in result
            stream.write(f"{json_text(result)}\n".encode())
            # Whoever asks line by line waits for each answer.
            stream.flush()
    return 2 if failed else 0


@contextmanager
def _open_input(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    path = Path(name)
    if not path.exists() or path.is_dir():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise InputError(what, path=name, mend="name a file of JSON Lines, or - for standard input")
    with path.open("rb") as stream:
        yield stream


def _lint(arguments: argparse.Namespace) -> int:
    from wmiam.estate.lint import lint_estate
    from wmiam.sources import load

    found = lint_estate(load(*arguments.paths))
    shown = [d for d in found if arguments.info or d.severity is not Severity.INFO]
    records = [_record(diagnostic) for diagnostic in shown]
    counted = Counter(diagnostic.severity for diagnostic in found)
    rows = Rows(_LINT_COLUMNS, records)
    emit(rows, arguments.format, arguments.output, lambda _width: _lint_text(rows, counted))
    bad = counted[Severity.ERROR] + (counted[Severity.WARNING] if arguments.strict else 0)
    return 1 if bad else 0


def _record(diagnostic: Diagnostic) -> tuple[str | int | None, ...]:
    origin = diagnostic.origin
    position = origin.position if origin is not None else None
    return (
        _path_of(diagnostic),
        position.line if position else None,
        position.column if position else None,
        origin.pointer if origin is not None else None,
        str(diagnostic.severity),
        diagnostic.code,
        diagnostic.message,
        diagnostic.mend,
    )


def _path_of(diagnostic: Diagnostic) -> str | None:
    """Return the file as an editor opens it from here: relative to this folder where it lies below it."""
    if diagnostic.origin is None:
        return None
    source = diagnostic.origin.source
    if source.path is None:
        return source.name
    path = source.path.absolute()
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else path.as_posix()


def _lint_text(rows: Rows, counted: Counter[Severity]) -> str:
    lines = []
    for file, line, column, _, severity, code, message, mend in rows.values:
        place = "".join(f"{part}:" for part in (file, line, column) if part is not None)
        lines.append(f"{place} {severity}: {message} [{code}]".lstrip() + (f" — {mend}" if mend else ""))
    total = ", ".join(
        f"{counted[severity]} {severity}{'' if counted[severity] == 1 or severity is Severity.INFO else 's'}"
        for severity in Severity
    )
    return "".join(f"{visible(line)}\n" for line in [*lines, total])
