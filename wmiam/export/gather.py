"""Tables of what was read: principals, organizations, actions, and what was not understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from wmiam.access import Access
from wmiam.catalog.show import rows as action_records
from wmiam.estate.model import Account, Tags
from wmiam.export.schema import columns_of
from wmiam.export.table import Row, Table
from wmiam.origin import Origin

__all__ = [
    "actions_table",
    "diagnostics_table",
    "organizations_table",
    "parts",
    "principals_table",
    "table_of",
]

#: Most characters of a list of names, joined: what a cell of a spreadsheet holds, with some room.
_LONGEST: Final = 32_000


def table_of(name: str, rows: Sequence[Row]) -> Table:
    """Return a table of the schema.

    Parameters
    ----------
    name : str
        Its name.
    rows : sequence of sequence
        Its rows, in the order of its columns.
    """
    return Table(name, columns_of(name), len(rows), lambda: rows)


def parts(names: Sequence[str]) -> Iterator[list[str]]:
    """Yield names in lists that fit into a cell of a spreadsheet.

    Parameters
    ----------
    names : sequence of str
        The names; at least one.
    """
    part: list[str] = []
    length = 0
    for name in names:
        if part and length + len(name) > _LONGEST:
            yield part
            part, length = [], 0
        part.append(name)
        length += len(name) + len("; ")
    yield part


def principals_table(access: Access) -> Table:
    """Return the principals, by ARN.

    Parameters
    ----------
    access : Access
        The effective access.
    """
    accounts = access.estate.accounts
    return table_of(
        "principals",
        [
            (
                principal.arn,
                principal.name,
                str(principal.kind),
                principal.account,
                _account_name(accounts.get(principal.account), principal.account),
                principal.path,
                [group.arn for group in principal.groups],
                _unique(policy.key for policy, _ in principal.identity_policies),
                principal.boundary.key if principal.boundary is not None else None,
                _tags(principal.tags),
                *_place(principal.origin),
            )
            for principal in access.principals
        ],
    )


def organizations_table(access: Access) -> Table:
    """Return the WorkMail organizations, stand-ins last.

    Parameters
    ----------
    access : Access
        The effective access.
    """
    return table_of(
        "organizations",
        [
            (
                organization.arn,
                organization.label,
                organization.id,
                organization.alias,
                organization.region,
                organization.account,
                organization.state,
                organization.stand_in,
                None if organization.tags is None else _tags(organization.tags),
                None
                if organization.impersonation_roles is None
                else [role.name for role in organization.impersonation_roles],
                *_place(organization.origin),
            )
            for organization in access.organizations
        ],
    )


def actions_table(access: Access) -> Table:
    """Return the actions of WorkMail, as ``wmiam catalog`` lists them.

    Parameters
    ----------
    access : Access
        Whose catalog.
    """
    return table_of("actions", [tuple(record.values()) for record in action_records(access.catalog)])


def diagnostics_table(access: Access) -> Table:
    """Return what was not understood, or looks wrong, in the order of the files.

    Parameters
    ----------
    access : Access
        Whose input.
    """
    rows = []
    for diagnostic in access.estate.diagnostics:
        file, pointer = _place(diagnostic.origin)
        position = None if diagnostic.origin is None else diagnostic.origin.position
        line, column = (None, None) if position is None else position
        told = str(diagnostic.severity), diagnostic.code, diagnostic.message, diagnostic.mend
        rows.append((file, line, column, pointer, *told))
    return table_of("diagnostics", rows)


def _place(origin: Origin | None) -> tuple[str | None, str | None]:
    """Return file and JSON pointer."""
    return (None, None) if origin is None else (origin.source.name, origin.pointer)


def _tags(tags: Tags) -> dict[str, str]:
    return dict(tags)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _account_name(account: Account | None, number: str) -> str:
    return account.name or number if account is not None else number
