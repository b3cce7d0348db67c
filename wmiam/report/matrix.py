"""The data of the matrix, and of the explanation of each of its cells, as the page's script reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from wmiam.estate.model import Organization, Principal, PrincipalKind
from wmiam.report.explanations import ExplanationTable, Interner
from wmiam.report.people import PrincipalGroup, organization_order
from wmiam.views.text import principal_name, visible

if TYPE_CHECKING:
    from wmiam.access import Access

__all__ = ["matrix_payload"]

#: One character a cell; a blank where the action is not asked of that organization.
_CODES: Final = {"denied": "0", "conditional": "1", "allowed": "2"}


def matrix_payload(access: Access, groups: Sequence[PrincipalGroup]) -> dict[str, Any]:
    """Return every principal's decision on every action and organization, with explanations.

    Parameters
    ----------
    access : Access
        The effective access.
    groups : sequence of PrincipalGroup
        :func:`wmiam.report.people.principal_groups` of the same access.

    Returns
    -------
    dict
        JSON values, all text in them visible.  ``principals``: ARN, kind, group, and the name where
        the ARN does not end in it.  ``groups``: principals that are alike share pairs of organization
        (-1 for the actions without resource) and row.  ``rows``: decisions and explanations of one
        group and organization, each distinct row once.  ``accounts``, ``organizations``, ``actions``
        and ``capabilities`` name what the matrix is made of; ``python`` is how the access is had;
        the rest is :meth:`wmiam.report.explanations.ExplanationTable.payload`.
    """
    table = ExplanationTable(access)
    rows = Interner()
    held: list[list[list[int]]] = []
    group_of: dict[str, int] = {}
    for number, group in enumerate(groups):
        first = group.principals[0]
        own: list[tuple[int, Organization | None]] = [(-1, None)]
        own += [(i, o) for i, o in enumerate(access.organizations) if o.account == first.account]
        held.append([[place, rows(_row(table, first, organization))] for place, organization in own])
        group_of.update((principal.arn, number) for principal in group.principals)
    kinds = [str(kind) for kind in PrincipalKind]
    capabilities = access.catalog.capabilities
    worth = {capability.name: index for index, capability in enumerate(capabilities)}
    payload: dict[str, Any] = {
        "kinds": kinds,
        "principals": [_principal(p, kinds.index(str(p.kind)), group_of[p.arn]) for p in access.principals],
        "groups": held,
        "accounts": {
            visible(account.id): visible(account.name)
            for account in access.estate.accounts.values()
            if account.name != account.id
        },
        "organizations": [
            [visible(t) for t in (o.arn, o.label, o.account, o.region)] for o in access.organizations
        ],
        "order": organization_order(access),
        "actions": [
            [action.full_name, action.access_level, [worth[name] for name in action.capabilities]]
            for action in access.catalog.actions
        ],
        "capabilities": [capability.title for capability in capabilities],
        "rows": rows.values,
        "python": visible(f"access.given({access.context!r})" if access.context else "access"),
    }
    return payload | table.payload()


def _principal(principal: Principal, kind: int, group: int) -> list[str | int]:
    """Return ARN, kind and group, and the name where it is not the ARN's last part."""
    arn, name = visible(principal.arn), visible(principal_name(principal))
    return [arn, kind, group, *([name] if name != arn.rpartition("/")[2] else [])]


def _row(
    table: ExplanationTable, principal: Principal, organization: Organization | None
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return one principal's decisions on one organization, and its explanations as runs."""
    found = table.explain(principal, organization)
    codes = "".join(" " if index < 0 else _CODES[table.decision(index)] for index in found)
    runs: list[tuple[int, int]] = []
    for index in found:
        if runs and runs[-1][0] == index:
            runs[-1] = (index, runs[-1][1] + 1)
        else:
            runs.append((index, 1))
    return codes, tuple(runs)
