"""The command that prints the catalog."""

from __future__ import annotations

import argparse
from typing import Final

from wmiam.catalog import Catalog, load, show
from wmiam.cli.arguments import Commands, add_format
from wmiam.cli.output import Rows, emit, style
from wmiam.cli.table import render_table
from wmiam.errors import UnknownNameError
from wmiam.views.text import count

__all__ = ["add_commands"]

_COLUMNS: Final = ("action", "access_level", "resource", "condition_keys", "api_operation", "capabilities")


def add_commands(commands: Commands) -> None:
    """Add the commands of this module.

    Parameters
    ----------
    commands : Commands
        Receives them.
    """
    parser = commands.add(
        "catalog",
        _catalog,
        "the IAM actions and condition keys of WorkMail",
        "Which IAM actions has WorkMail, on which resources and with which condition keys, and what is\n"
        "each worth?  Prints the dated snapshot that all answers rest on.",
        """\
examples:
  wmiam catalog
  wmiam catalog '*Impersonation*'
  wmiam catalog --capability read-mail
  wmiam catalog --keys
  wmiam catalog --format csv -o actions.csv

An action whose resource is * is matched against "Resource": "*" alone.  One without an API
operation is used by the console, or stands for a permission only.  python -m wmiam.catalog.rebuild
makes the snapshot anew from public data; with --check it says what has changed.

exit codes:
  0  printed
  2  wrong usage, or no action or key of that name""",
    )
    catalog = load()
    levels = {level for action in catalog.actions for level in action.access_level.split(", ")}
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="action or pattern with *; with --keys a key (default: all)",
    )
    parser.add_argument("--keys", action="store_true", help="print the condition keys instead")
    parser.add_argument("--service", choices=catalog.services, help="actions of one service")
    parser.add_argument(
        "--capability",
        choices=[capability.name for capability in catalog.capabilities],
        metavar="CAPABILITY",
        help="actions that are part of a capability: %(choices)s",
    )
    parser.add_argument(
        "--access-level", choices=sorted(levels), metavar="LEVEL", help="actions of a level: %(choices)s"
    )
    add_format(parser)


def _catalog(arguments: argparse.Namespace) -> int:
    catalog = load()
    rows = _keys(catalog, arguments.name) if arguments.keys else _actions(catalog, arguments)
    what = "condition key" if arguments.keys else "action"

    def text(width: int | None) -> str:
        cells = [[_cell(value) for value in row] for row in rows.values]
        table = render_table(rows.columns, cells, width, bold=style(width))
        return f"{table}\n{count(len(cells), what)}, as of {catalog.as_of}\n"

    emit(rows, arguments.format, arguments.output, text)
    return 0


def _actions(catalog: Catalog, arguments: argparse.Namespace) -> Rows:
    if arguments.name is not None and not show.rows(catalog, action=arguments.name):
        raise UnknownNameError("action", arguments.name, catalog.near(arguments.name))
    chosen = show.rows(
        catalog,
        action=arguments.name,
        service=arguments.service,
        capability=arguments.capability,
        access_level=arguments.access_level,
    )
    return Rows(_COLUMNS, [tuple(row[name] for name in _COLUMNS) for row in chosen])


def _keys(catalog: Catalog, pattern: str | None) -> Rows:
    chosen = list(catalog.keys)
    if pattern is not None:
        found = catalog.key(pattern)
        if found is None:
            near = catalog.near_key(pattern)
            raise UnknownNameError("condition key", pattern, [near] if near else [])
        chosen = [found]
    return Rows(
        ("key", "type", "multivalued", "when", "workmail"),
        [(key.name, key.type, key.multivalued, key.when, key.workmail_supported) for key in chosen],
    )


def _cell(value: object) -> object:
    """Return a value for reading."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else value
