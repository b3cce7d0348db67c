"""The command that writes a principal's effective policy."""

from __future__ import annotations

import argparse
import sys

from wmiam.cli.arguments import EXIT_CODES, Commands, add_given, add_output, add_paths, read_access
from wmiam.cli.output import json_text, open_output, print_text
from wmiam.views.text import visible

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Add the commands of this module.

    Parameters
    ----------
    commands : Commands
        Receives them.
    """
    parser = commands.add(
        "effective-policy",
        _effective_policy,
        "one policy that says what a user or role may do in effect",
        "What may a user or role do on WorkMail, written as one policy?\n\n"
        "Identity-based policies, permissions boundary, service control policies and every deny\n"
        "become one document that allows the same.  It is as short as found, names no action that\n"
        "is not allowed, and is checked: it never allows more.  Where a Deny is needed, or\n"
        "something is left out, the command says so.",
        f"""\
examples:
  wmiam effective-policy mateo.jackson data/acme
  wmiam effective-policy diego.ramirez data/acme --format json -o policy.json
  wmiam effective-policy jane.roe data/acme --given aws:MultiFactorAuthPresent=true

With --format json the output is the document alone, fit for aws iam put-user-policy; what
there is to know about it goes to standard error.

{EXIT_CODES}""",
    )
    parser.add_argument("principal", metavar="PRINCIPAL", help="user or role: ARN or name")
    add_paths(parser)
    add_given(parser)
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="text tells about the document as well (default: text)",
    )
    add_output(parser)


def _effective_policy(arguments: argparse.Namespace) -> int:
    effective = read_access(arguments).effective_policy(arguments.principal)
    with open_output(arguments.output) as stream:
        if arguments.format == "json":
            stream.write(f"{json_text(effective.document, indent=2)}\n".encode())
        else:
            print_text(f"{effective}\n", stream)
    if arguments.format == "json":
        for remark in effective.remarks():
            print(f"wmiam: {visible(remark)}", file=sys.stderr)
    return 0
