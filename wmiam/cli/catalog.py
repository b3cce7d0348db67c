"""The command that prints the catalog."""

from __future__ import annotations

import argparse

from wmiam.catalog import Catalog, load
from wmiam.cli.arguments import Commands, add_format
from wmiam.cli.output import Rows, emit, style
from wmiam.cli.table import render_table
from wmiam.errors import UnknownNameError
from wmiam.views.text import count

__all__ = ["add_commands"]


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
  wmiam catalog --keys
  wmiam catalog --format csv -o actions.csv

An action without resource types is matched against "Resource": "*" alone.  One without an API
operation is used by the console, or stands for a permission only.

exit codes:
  0  printed
  2  wrong usage, or no action or key of that name""",
    )
    parser.add_argument(
        "pattern",
        nargs="?",
        metavar="NAME",
        help="action or pattern with *; with --keys a key (default: all)",
    )
    parser.add_argument("--keys", action="store_true", help="print the condition keys instead")
    add_format(parser)


def _catalog(arguments: argparse.Namespace) -> int:
    catalog = load()
    rows = _keys(catalog, arguments.pattern) if arguments.keys else _actions(catalog, arguments.pattern)
    what = "condition key" if arguments.keys else "action"

    def text(width: int | None) -> str:
        cells = [[_cell(value) for value in row] for row in rows.values]
        table = render_table(rows.columns, cells, width, bold=style(width))
        return f"{table}\n{count(len(cells), what)}, as of {catalog.as_of}\n"

    emit(rows, arguments.format, arguments.output, text)
    return 0


def _actions(catalog: Catalog, pattern: str | None) -> Rows:
    chosen = catalog.actions
    if pattern is not None:
        with_service = pattern if ":" in pattern else f"*:{pattern}"
        chosen = catalog.expand(with_service)
        if not chosen:
            raise UnknownNameError("action", pattern, catalog.near(pattern))
    columns = (
        *("action", "access_level", "resource_types", "condition_keys", "api_operation"),
        *("permission_only", "dependent_actions", "capabilities"),
    )
    return Rows(
        columns,
        [
            (
                action.full_name,
                action.access_level,
                list(action.resource_types),
                [*action.condition_keys, *action.resource_condition_keys],
                action.api_operation,
                action.permission_only,
                list(action.dependent_actions),
                list(action.capabilities),
            )
            for action in chosen
        ],
    )


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
