"""The commands that ask about chains: paths, reach, who-reaches."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from wmiam.cli.arguments import (
    EXIT_CODES,
    Commands,
    add_format,
    add_given,
    add_org,
    add_paths,
    read_access,
)
from wmiam.cli.output import Rows, emit, style
from wmiam.cli.table import render_table
from wmiam.views.text import count, visible

if TYPE_CHECKING:
    from wmiam.access import Access

__all__ = ["add_commands"]

_SOURCE = (
    "user or role: ARN, name or account/name; or the id of an account outside, a service principal, "
    "an identity provider"
)


def add_commands(commands: Commands) -> None:
    """Add the commands of this module.

    Parameters
    ----------
    commands : Commands
        Receives them.
    """
    _add_paths(commands)
    _add_reach(commands)
    _add_who_reaches(commands)


def _add_paths(commands: Commands) -> None:
    parser = commands.add(
        "paths",
        _paths,
        "how somebody comes to a role, an organization or a capability",
        "By which chains does somebody come to a principal, an organization or a capability?\n\n"
        "Each step is a role that is assumed, or an escalation, with the condition for it. What must\n"
        "hold of all steps at once is worked out exactly: a chain that contradicts itself is none.",
        f"""\
examples:
  wmiam paths john.stiles take-over-mailbox data/acme
  wmiam paths 999999999999 acme-europe data/acme
  wmiam paths kwaku.mensah read-mail data/acme --org acme-executives --all

{EXIT_CODES}""",
    )
    parser.add_argument("source", metavar="SOURCE", help=_SOURCE)
    parser.add_argument("target", metavar="TARGET", help="principal, organization or capability")
    add_paths(parser)
    add_org(parser)
    parser.add_argument("--all", action="store_true", help="longer chains than the shortest, too")
    parser.add_argument("--cutoff", type=int, metavar="N", help="most steps from principal to principal")
    add_given(parser)
    add_format(parser)


def _add_reach(commands: Commands) -> None:
    parser = commands.add(
        "reach",
        _reach,
        "everything that somebody reaches, directly and by chains",
        "Whom can somebody become, and what is gained by that?",
        f"""\
examples:
  wmiam reach john.stiles data/acme
  wmiam reach ServiceDeskTier2 data/acme --format json

{EXIT_CODES}""",
    )
    parser.add_argument("principal", metavar="PRINCIPAL", help=_SOURCE)
    add_paths(parser)
    add_given(parser)
    add_format(parser)


def _add_who_reaches(commands: Commands) -> None:
    parser = commands.add(
        "who-reaches",
        _who_reaches,
        "who has a capability, directly or by chains",
        "Who has a capability such as read-mail, or comes to it by roles and escalations?\n\n"
        "Users, roles, root users, accounts outside, services and identity providers are told apart.",
        f"""\
examples:
  wmiam who-reaches read-mail data/acme --org acme-executives
  wmiam who-reaches export-mail data/acme --format csv

{EXIT_CODES}""",
    )
    parser.add_argument(
        "capability", metavar="CAPABILITY", help="e.g. read-mail, take-over-mailbox, export-mail"
    )
    add_paths(parser)
    add_org(parser)
    add_given(parser)
    add_format(parser)


def _paths(arguments: argparse.Namespace) -> int:
    access = read_access(arguments)
    target = arguments.target if arguments.org is None else (arguments.target, arguments.org)
    found = access.paths(arguments.source, target, cutoff=arguments.cutoff, all=arguments.all)
    rows = Rows.of_frame(found.frame())
    lines = str(found).splitlines() + ([count(len(found), "path")] if len(found) else [])
    text = "".join(f"{visible(line)}\n" for line in lines)
    emit(rows, arguments.format, arguments.output, lambda _width: text)
    return 0


def _reach(arguments: argparse.Namespace) -> int:
    access = read_access(arguments)
    found = access.reach(arguments.principal)
    rows = Rows.of_frame(found.frame())
    columns = {
        "principal": "name",
        "account": "account",
        "becoming it": "decision",
        "when": "when",
        "steps": "steps",
        "capabilities": "capabilities",
        "permissions": "permissions",
        "gained": "gained",
    }
    total = f"{found.name}: {count(len(found.principals), 'principal')} within reach"
    emit(rows, arguments.format, arguments.output, lambda width: _text(access, rows, columns, total, width))
    return 0


def _who_reaches(arguments: argparse.Namespace) -> int:
    access = read_access(arguments)
    rows = Rows.of_frame(access.who_reaches(arguments.capability, arguments.org))
    columns = {
        "principal": "name",
        "kind": "kind",
        "account": "account",
        "way": "way",
        "decision": "decision",
        "when": "when",
        "steps": "steps",
        "organizations": "organizations",
    }
    sources = len({record["principal"] for record in rows.records()})
    total = f"{count(sources, 'source')} of {arguments.capability}"
    emit(rows, arguments.format, arguments.output, lambda width: _text(access, rows, columns, total, width))
    return 0


def _text(access: Access, rows: Rows, columns: dict[str, str], total: str, width: int | None) -> str:
    """Return rows for reading: short names, and no column without content."""
    labels = {organization.arn: organization.label for organization in access.organizations}
    shown = [
        {title: _cell(record[name], labels) for title, name in columns.items()} for record in rows.records()
    ]
    if not shown:
        return "nobody\n"
    shared = [name for name in ("organizations",) if name in columns and len({r[name] for r in shown}) == 1]
    names = [name for name in columns if name not in shared and any(row[name] for row in shown)]
    heading = "".join(f"{name}: {visible(shown[0][name])}\n\n" for name in shared)
    table = render_table(names, [[row[name] for name in names] for row in shown], width, bold=style(width))
    return f"{heading}{table}\n{total}\n"


def _cell(value: Any, labels: dict[str, str]) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(labels.get(str(part), str(part)) for part in value)
    return str(value)
