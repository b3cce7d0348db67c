"""Where the command line begins: arguments, errors and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from wmiam.cli import catalog, chains, compare, effective, files, findings, lab, questions, report
from wmiam.cli.arguments import Commands, HelpFormatter, settle_format
from wmiam.errors import WmiamError

__all__ = ["main"]

_DESCRIPTION: Final = """\
Who can do what to our Amazon WorkMail organizations, under which conditions, and why?

Reads what the AWS CLI prints (account authorization details, AWS Organizations, WorkMail
inventory), asks nobody, changes nothing, and needs no network."""
_EPILOG: Final = """\
examples:
  wmiam report data/acme -o report.html
  wmiam who-can ResetPassword data/acme --org acme-executives
  wmiam explain mateo.jackson ResetPassword data/acme --org acme-europe
  wmiam compare data/review/before data/review/after --gate no-new-access

exit codes:
  0  done
  1  a check failed: wmiam lint found errors, a gate of wmiam compare does not hold, or
     wmiam findings --fail-on found something
  2  wrong usage, or input that cannot be used

wmiam COMMAND --help tells more about each command."""

#: What a shell reports for a program that was interrupted, or whose reader went away.
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.

    Returns
    -------
    int
        Exit code: 0 fine, 1 a check failed, 2 usage or input error.
    """
    _print_anything()
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as end:  # argparse has printed help, or what is wrong
        return int(end.code or 0)
    try:
        settle_format(arguments)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except WmiamError as error:
        return _failed(arguments, error, str(error))
    except BrokenPipeError:
        # Nobody reads any more; the interpreter's own flush at the end must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _failed(arguments, error, f"{place}{error.strerror or error}")
    return code


def _print_anything() -> None:
    """Let every character be printed, whatever the encoding of the terminal."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _failed(arguments: argparse.Namespace, error: Exception, message: str) -> int:
    if arguments.debug:
        raise error
    from wmiam.views.text import visible

    print(f"wmiam: {visible(message)}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "wmiam", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=HelpFormatter
    )
    parser.add_argument("--version", action=_Version)
    subparsers = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    commands = Commands(subparsers)
    report.add_commands(commands)
    questions.add_commands(commands)
    chains.add_commands(commands)
    effective.add_commands(commands)
    compare.add_commands(commands)
    findings.add_commands(commands)
    files.add_commands(commands)
    catalog.add_commands(commands)
    lab.add_commands(commands)
    return parser


class _Version(argparse.Action):
    """Print the version; looked up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from wmiam import __version__

        print(f"wmiam {__version__}")
        parser.exit()
