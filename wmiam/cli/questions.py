"""The commands that ask about access: who-can, what-can, explain, matrix."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from wmiam.cli.arguments import (
    EXIT_CODES,
    Commands,
    add_action,
    add_action_filter,
    add_denied,
    add_format,
    add_given,
    add_org,
    add_paths,
    add_principal,
    read_access,
)
from wmiam.cli.output import Rows, emit, json_text, open_output, print_text, style
from wmiam.cli.table import render_table
from wmiam.errors import AmbiguousNameError, InputError
from wmiam.views.text import count, visible

if TYPE_CHECKING:
    import pandas as pd

    from wmiam.access import Access, Explanation

__all__ = ["add_commands"]

_MEANING: Final = """\
Each answer is one of three. "allowed": in every request. "conditional": in some requests,
and the column "when" says in which. "denied": in none."""

#: How a cell of the matrix is shown to a reader.
_MARKS: Final = {"allowed": "yes", "conditional": "if", "denied": "-"}


def add_commands(commands: Commands) -> None:
    """Add the commands of this module.

    Parameters
    ----------
    commands : Commands
        Receives them.
    """
    _add_who_can(commands)
    _add_what_can(commands)
    _add_explain(commands)
    _add_matrix(commands)


def _add_who_can(commands: Commands) -> None:
    parser = commands.add(
        "who-can",
        _who_can,
        "which users and roles may perform an action",
        f"Which users and roles may perform an action, on which WorkMail organizations?\n\n{_MEANING}",
        f"""\
examples:
  wmiam who-can workmail:ResetPassword data/acme
  wmiam who-can AssumeImpersonationRole data/acme --org acme-executives
  wmiam who-can ResetPassword data/acme --given aws:MultiFactorAuthPresent=false --format csv

{EXIT_CODES}""",
    )
    add_action(parser)
    add_paths(parser)
    add_org(parser)
    parser.add_argument(
        "--decision", choices=("allowed", "conditional", "denied"), help="show one kind of answer only"
    )
    add_denied(parser)
    add_given(parser)
    add_format(parser)


def _add_what_can(commands: Commands) -> None:
    parser = commands.add(
        "what-can",
        _what_can,
        "what a user or role may do",
        f"What may a user or role do, on which WorkMail organizations?\n\n{_MEANING}",
        f"""\
examples:
  wmiam what-can mateo.jackson data/acme
  wmiam what-can arn:aws:iam::444455556666:role/AcmeMailTier2 data/acme --org acme-europe
  wmiam what-can 'svc-mail-backup' data/acme --action '*Impersonation*'

{EXIT_CODES}""",
    )
    add_principal(parser)
    add_paths(parser)
    add_org(parser)
    add_action_filter(parser)
    add_denied(parser)
    add_given(parser)
    add_format(parser)


def _add_explain(commands: Commands) -> None:
    parser = commands.add(
        "explain",
        _explain,
        "why an action is allowed, conditional or denied",
        "Why may a user or role perform an action on an organization, or why not?\n\n"
        "Shows every layer that counts (identity-based policies, permissions boundary, service control\n"
        "policies), the statements in it with their file and line, and what would have to change.",
        f"""\
examples:
  wmiam explain mateo.jackson ResetPassword data/acme --org acme-europe
  wmiam explain zhang.wei ResetPassword data/acme --org acme-factory
  wmiam explain jane.roe DeleteUser data/acme --org acme-europe --given aws:MultiFactorAuthPresent=false

{EXIT_CODES}""",
    )
    add_principal(parser, patterns=False)
    add_action(parser, patterns=False)
    add_paths(parser)
    add_org(parser)
    add_given(parser)
    add_format(parser, forms=("table", "json"))


def _add_matrix(commands: Commands) -> None:
    parser = commands.add(
        "matrix",
        _matrix,
        "principals and actions in one table",
        "Which principal may perform which action, in one table?\n\n"
        "Without --org, a cell holds the most permissive answer over all organizations of the\n"
        'principal\'s account.  In a terminal "yes" is allowed, "if" is conditional, "-" is denied.',
        f"""\
examples:
  wmiam matrix data/acme --org acme-executives --action '*Impersonation*' --action ResetPassword
  wmiam matrix data/acme --format csv -o matrix.csv

{EXIT_CODES}""",
    )
    add_paths(parser)
    add_org(parser)
    add_action_filter(parser, repeated=True)
    add_denied(parser, "keep principals and actions without any permission")
    add_given(parser)
    add_format(parser)


def _who_can(arguments: argparse.Namespace) -> int:
    access = read_access(arguments)
    denied = arguments.denied or arguments.decision == "denied"
    frame = access.who_can(arguments.action, arguments.org, decision=arguments.decision, denied=denied)
    _emit_cells(arguments, access, frame, "principal")
    return 0


def _what_can(arguments: argparse.Namespace) -> int:
    access = read_access(arguments)
    frame = access.what_can(
        arguments.principal, arguments.org, action=arguments.action, denied=arguments.denied
    )
    _emit_cells(arguments, access, frame, "action")
    return 0


def _emit_cells(
    arguments: argparse.Namespace,
    access: Access,
    frame: pd.DataFrame,
    counted: Literal["principal", "action"],
) -> None:
    rows = Rows.of_frame(frame)
    emit(rows, arguments.format, arguments.output, lambda width: _cells_text(access, rows, counted, width))


def _cells_text(access: Access, rows: Rows, counted: str, width: int | None) -> str:
    """Return cells for reading: what all rows share stands above the table, totals below it."""
    shown = _joined([_shown(access, record) for record in rows.records()])
    if not shown:
        return "nothing is allowed\n"
    names = list(shown[0])
    shared = [
        name
        for name in ("principal", "account", "action", "organization")
        if len({row[name] for row in shown}) == 1
    ]
    rest = [name for name in names if name not in shared and any(row[name] for row in shown)]
    heading = "".join(f"{name}: {visible(shown[0][name])}\n" for name in shared)
    table = render_table(rest, [[row[name] for name in rest] for row in shown], width, bold=style(width))
    return f"{heading}\n{table}\n{_total(rows, counted)}\n"


def _shown(access: Access, record: dict[str, Any]) -> dict[str, str]:
    """Return the columns for reading: names in place of ARNs where they are unambiguous."""
    return {
        "principal": principal_label(record["name"], record["kind"]),
        "account": record["account"],
        "action": record["action"],
        "organization": _organization_name(access, record["organization"]),
        "decision": record["decision"],
        "when": record["when"],
        "through": record["through"],
    }


def principal_label(name: str, kind: str) -> str:
    """Return a principal's name for reading, with its kind where that is not "user".

    Parameters
    ----------
    name, kind : str
        As the frames of :class:`wmiam.access.Access` have them.
    """
    return name if kind in ("user", name) else f"{name} ({kind})"


def _joined(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows with those that differ in the organization alone made one."""
    joined: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        key = tuple(value for name, value in row.items() if name != "organization")
        if key in joined:
            joined[key]["organization"] += f", {row['organization']}"
        else:
            joined[key] = row
    return list(joined.values())


def _total(rows: Rows, counted: str) -> str:
    """Return how many principals, or actions, have each answer: each counts once, by its best."""
    best: dict[str, str] = {}
    for record in rows.records():
        known = best.setdefault(record[counted], record["decision"])
        best[record[counted]] = min(known, record["decision"], key=list(_MARKS).index)
    parts = [
        f"{number} {decision}"
        for decision in _MARKS
        if (number := sum(answer == decision for answer in best.values()))
    ]
    return f"{count(len(best), counted)}: {', '.join(parts)}"


def _organization_name(access: Access, arn: str) -> str:
    labels = [organization.label for organization in access.organizations]
    for organization in access.organizations:
        if organization.arn == arn and labels.count(organization.label) == 1:
            return organization.label
    return arn


def _explain(arguments: argparse.Namespace) -> int:
    access = read_access(arguments)
    try:
        explanation = access.explain(arguments.principal, arguments.action, arguments.org)
    except AmbiguousNameError as error:
        if error.kind != "organization" or arguments.org is not None:
            raise
        raise InputError(
            f"{arguments.action} is asked about one organization, and there are several",
            mend=f"choose with --org: {', '.join(error.candidates)}",
        ) from error
    with open_output(arguments.output) as stream:
        if arguments.format == "json":
            stream.write(f"{json_text(_explanation_record(explanation), indent=2)}\n".encode())
        else:
            print_text(f"{explanation}\n", stream)
    return 0


def _explanation_record(explanation: Explanation) -> dict[str, Any]:
    return {
        "principal": explanation.principal.arn,
        "action": explanation.action,
        "organization": explanation.organization,
        "decision": explanation.decision,
        "when": explanation.when,
        "reasons": list(explanation.reasons),
        "changes": list(explanation.changes),
        "notes": list(explanation.notes),
        "witness": explanation.witness,
        "layers": [
            {
                "kind": layer.kind,
                "title": layer.title,
                "decision": layer.decision,
                "statements": [
                    {
                        "policy": view.policy.name,
                        "through": view.through,
                        "statement": view.label,
                        "effect": view.effect,
                        "applies": view.applies,
                        "why": view.why,
                        "when": view.when,
                        "file": view.origin.source.name if view.origin else None,
                        "line": view.origin.line if view.origin else None,
                        "pointer": view.origin.pointer if view.origin else None,
                        "parts": list(view.parts),
                    }
                    for view in layer.statements
                ],
            }
            for layer in explanation.layers
        ],
    }


def _matrix(arguments: argparse.Namespace) -> int:
    access = read_access(arguments)
    frame = access.matrix(arguments.org).astype("object")
    if arguments.action:
        chosen = {name for pattern in arguments.action for name in access.find_actions(pattern)}
        frame = frame[[name for name in frame.columns if name in chosen]]
    if not arguments.denied:
        granted = frame != "denied"
        frame = frame.loc[granted.any(axis=1), granted.any(axis=0)]
    cells = zip(frame.index, frame.to_numpy().tolist(), strict=True)
    rows = Rows(("principal", *frame.columns), [(arn, *row) for arn, row in cells])
    emit(rows, arguments.format, arguments.output, lambda width: _matrix_text(access, rows, width))
    return 0


def _matrix_text(access: Access, rows: Rows, width: int | None) -> str:
    """Return the matrix for reading: numbered columns, as many blocks as the width asks for."""
    actions = rows.columns[1:]
    if not actions:
        return "nothing is allowed\n"
    principals = {principal.arn: principal for principal in access.principals}
    labels = {arn: principal_label(p.name, p.kind) for arn, p in principals.items()}
    legend = "".join(f"{number:>4}  {action}\n" for number, action in enumerate(actions, 1))
    blocks = [
        render_table(
            ["principal", "account", *(str(number) for number, _ in block)],
            [
                [labels[row[0]], principals[row[0]].account, *(_MARKS[row[number]] for number, _ in block)]
                for row in rows.values
            ],
            width,
            bold=style(width),
        )
        for block in _blocks(list(enumerate(actions, 1)), width)
    ]
    return "\n".join([legend, *blocks])


def _blocks(columns: Sequence[tuple[int, str]], width: int | None) -> Iterator[Sequence[tuple[int, str]]]:
    """Yield the columns in groups that leave half of the width for the principal."""
    size = len(columns) if width is None else max(1, width // 2 // len("  yes"))
    for start in range(0, len(columns), size):
        yield columns[start : start + size]
