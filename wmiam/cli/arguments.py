"""What several commands share: their help, their arguments, and reading the estate."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from wmiam.cli.output import FORMATS
from wmiam.diagnostics import Severity
from wmiam.errors import InputError
from wmiam.export.forms import form_of
from wmiam.policy.patterns import ascii_lower
from wmiam.views.text import visible

if TYPE_CHECKING:
    from wmiam.access import Access
    from wmiam.estate import Estate

__all__ = [
    "EXIT_CODES",
    "Commands",
    "HelpFormatter",
    "add_action",
    "add_action_filter",
    "add_denied",
    "add_format",
    "add_given",
    "add_org",
    "add_output",
    "add_paths",
    "add_principal",
    "given",
    "read_access",
    "read_estate",
    "settle_format",
]

#: Last part of a command's help where nothing is special about its exit code.
EXIT_CODES: Final = """\
exit codes:
  0  answered, whatever the answer is
  2  wrong usage, an unknown name, or input that cannot be used"""


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help with the line breaks of its author, and room for the names of options."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=min(_columns(), 100))


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns - 2


class Commands:
    """Receives the commands of each module.

    Parameters
    ----------
    subparsers : argparse action
        What ``add_subparsers`` gave.
    """

    def __init__(self, subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        self._subparsers = subparsers

    def add(
        self,
        name: str,
        run: Callable[[argparse.Namespace], int],
        summary: str,
        description: str,
        epilog: str,
    ) -> argparse.ArgumentParser:
        """Add a command and return its parser.

        Parameters
        ----------
        name : str
            What the user types.
        run : callable
            Takes the arguments, returns the exit code.
        summary : str
            One line for the list of commands.
        description : str
            What question it answers.
        epilog : str
            Examples on the bundled data, and exit codes.
        """
        parser = self._subparsers.add_parser(
            name, help=summary, description=description, epilog=epilog, formatter_class=HelpFormatter
        )
        parser.set_defaults(run=run)
        parser.add_argument("--debug", action="store_true", help="show where in the program an error arose")
        return parser


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Add the folders and files to read."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="folder or file to read; what a file holds is told by its content",
    )


def add_principal(parser: argparse.ArgumentParser, *, patterns: bool = True) -> None:
    """Add the principal that the question is about.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The command's parser.
    patterns : bool
        Whether one with wildcards may stand for several.
    """
    forms = "ARN, name or pattern with *" if patterns else "ARN or name"
    parser.add_argument("principal", metavar="PRINCIPAL", help=f"user, role or root: {forms}")


def add_action(parser: argparse.ArgumentParser, *, patterns: bool = True) -> None:
    """Add the action that the question is about.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The command's parser.
    patterns : bool
        Whether one with wildcards may stand for several.
    """
    more = ", or pattern with *" if patterns else ""
    parser.add_argument("action", metavar="ACTION", help=f"action, such as workmail:ResetPassword{more}")


def add_action_filter(parser: argparse.ArgumentParser, *, repeated: bool = False) -> None:
    """Add the choice of actions to show.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The command's parser.
    repeated : bool
        Whether the user may name several; ``arguments.action`` is then a list.
    """
    what = "action, or pattern with *"
    if repeated:
        what += "; may be repeated"
        parser.add_argument(
            "--action", action="append", default=[], metavar="ACTION", help=f"{what} (default: all)"
        )
    else:
        parser.add_argument("--action", metavar="ACTION", help=f"{what} (default: all)")


def add_denied(parser: argparse.ArgumentParser, what: str = "show what is denied, too") -> None:
    """Add the wish to see what is denied.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The command's parser.
    what : str
        What the command does with it.
    """
    parser.add_argument("--denied", action="store_true", help=what)


def add_org(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a WorkMail organization."""
    parser.add_argument(
        "--org", metavar="ORG", help="WorkMail organization: ARN, id, alias or pattern with * (default: all)"
    )


def add_given(parser: argparse.ArgumentParser) -> None:
    """Add the context keys that the user fixes."""
    parser.add_argument(
        "--given",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="ask only about requests that carry this value of a condition key, such as "
        "aws:MultiFactorAuthPresent=false; of several values with commas any may be the request's; "
        "KEY= stands for requests without the key; may be repeated for other keys",
    )


def add_format(parser: argparse.ArgumentParser, forms: Sequence[str] = FORMATS) -> None:
    """Add the choice of format and of the file to write.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The command's parser.
    forms : sequence of str
        The formats that the command has.
    """
    parser.add_argument(
        "--format",
        choices=forms,
        help="table is for reading; the others hold everything in full (default: by the suffix of the "
        "file, else table)",
    )
    parser.set_defaults(forms=forms)
    add_output(parser)


def settle_format(arguments: argparse.Namespace) -> None:
    """Choose the format that the user left open: by the suffix of the file to write, else a table.

    Parameters
    ----------
    arguments : argparse.Namespace
        Parsed arguments; those of a command without :func:`add_format` stay as they are.
    """
    if "forms" in arguments and arguments.format is None:
        arguments.format = form_of(arguments.output, arguments.forms) or "table"


def add_output(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the file to write.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The command's parser.
    default : str, optional
        What is written where the user names none; without it, the terminal.
    """
    what = "write to FILE, whole or not at all"
    what += f" (default: {default})" if default else ", instead of the terminal"
    parser.add_argument("-o", "--output", metavar="FILE", default=default, help=what)


def given(arguments: argparse.Namespace) -> dict[str, str | list[str] | None]:
    """Return the context keys that the user fixed with ``--given``; None for one that is absent.

    Parameters
    ----------
    arguments : argparse.Namespace
        Parsed arguments.

    Raises
    ------
    InputError
        If one has no ``=``, or a key is given twice.
    """
    fixed: dict[str, str | list[str] | None] = {}
    for text in arguments.given:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise InputError(
                f"--given {text!r} has no key and value",
                mend="write KEY=VALUE, such as --given aws:MultiFactorAuthPresent=false",
            )
        if ascii_lower(key) in {ascii_lower(known) for known in fixed}:
            raise InputError(
                f"--given names {key} twice", mend=f"write the values with commas: --given {key}=a,b"
            )
        values = [member for member in value.split(",") if member]
        fixed[key] = values if len(values) > 1 else values[0] if values else None
    return fixed


def read_estate(paths: list[str]) -> Estate:
    """Return the estate that files describe, and say on standard error how well they were understood.

    Parameters
    ----------
    paths : list of str
        Folders and files.
    """
    from wmiam.sources import load

    estate = load(*paths)
    counted = {
        severity: sum(d.severity is severity for d in estate.diagnostics)
        for severity in (Severity.ERROR, Severity.WARNING)
    }
    if any(counted.values()):
        told = ", ".join(f"{n} {s}{'' if n == 1 else 's'}" for s, n in counted.items() if n)
        answers = "; answers are incomplete" if counted[Severity.ERROR] else ""
        _note(f"{told} in the input{answers}: run wmiam lint {_quoted(paths)}")
    return estate


def read_access(arguments: argparse.Namespace) -> Access:
    """Return the access that the user asks about: the estate's, with the given keys fixed.

    Parameters
    ----------
    arguments : argparse.Namespace
        Parsed arguments with ``paths`` and ``given``.
    """
    fixed = given(arguments)
    access = read_estate(arguments.paths).access()
    return access.given(fixed) if fixed else access


def _quoted(paths: list[str]) -> str:
    import shlex

    return " ".join(shlex.quote(os.fspath(path)) for path in paths)


def _note(text: str) -> None:
    print(f"wmiam: {visible(text)}", file=sys.stderr)
