"""What the page is told once: the names behind the codes."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from wmiam.access import Access
from wmiam.estate.model import PrincipalKind
from wmiam.lab.tally import Tally
from wmiam.report.matrix import matrix_payload
from wmiam.views.text import principal_name, visible

__all__ = ["access_data", "matrix_data", "matrix_names", "pack"]


def pack(value: Any) -> bytes:
    """Return a JSON value as compressed bytes; the same value gives the same bytes.

    Parameters
    ----------
    value : object
        What :func:`json.dumps` takes.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode("utf-8", "backslashreplace"), compresslevel=1, mtime=0)


def matrix_names(access: Access) -> dict[str, Any]:
    """Return the names of all rows, columns and choices, as JSON values.

    Parameters
    ----------
    access : Access
        What is shown.

    Returns
    -------
    dict
        ``principals``: ARN, kind (a position in ``kinds``) and, where the ARN does not end in it, the
        name as it is to be shown; ``accounts``, ``organizations``, ``actions`` and ``capabilities``.
        ARNs are as they are, because they are sent back; whoever shows one uses ``text`` of the page's
        script, which spells out what is hidden.
    """
    kinds = [str(kind) for kind in PrincipalKind]
    position = {kind: index for index, kind in enumerate(kinds)}
    capabilities = access.catalog.capabilities
    worth = {capability.name: index for index, capability in enumerate(capabilities)}
    rows: list[list[Any]] = []
    for principal in access.principals:
        name = principal_name(principal)
        row: list[Any] = [principal.arn, position[str(principal.kind)]]
        if name != principal.arn.rpartition("/")[2]:
            row.append(visible(name))
        rows.append(row)
    accounts = {account.id: account for account in access.estate.accounts.values()}
    used = sorted({principal.account for principal in access.principals})
    return {
        "kinds": kinds,
        "principals": rows,
        "accounts": [
            [id_, visible(accounts[id_].name) if id_ in accounts and accounts[id_].name != id_ else ""]
            for id_ in used
        ],
        "organizations": [[o.arn, visible(o.label), o.account, o.stand_in] for o in access.organizations],
        "actions": [
            [a.full_name, a.access_level, [worth[name] for name in a.capabilities]]
            for a in access.catalog.actions
        ],
        "capabilities": [[c.name, c.title, c.why] for c in capabilities],
    }


def matrix_data(access: Access, tally: Tally) -> dict[str, Any]:
    """Return a whole matrix as JSON values, for a page that asks no kernel.

    Parameters
    ----------
    access : Access
        What is shown.
    tally : Tally
        Its decisions.

    Returns
    -------
    dict
        ``names``; ``rows`` and ``rowOf``: bytes in base64, as :class:`~wmiam.lab.tally.Tally` has them.
    """
    rows, row_of = (base64.b64encode(a.tobytes()).decode("ascii") for a in (tally.rows, tally.row_of))
    return {"names": matrix_names(access), "rows": rows, "rowOf": row_of}


def access_data(access: Access) -> dict[str, Any]:
    """Return a whole access as JSON values, with what explains each of its cells.

    Parameters
    ----------
    access : Access
        What is shown.

    Returns
    -------
    dict
        ``access``: what :func:`wmiam.report.matrix.matrix_payload` returns; ``capabilities``: name, title
        and reason of each.
    """
    capabilities = [[c.name, c.title, c.why] for c in access.catalog.capabilities]
    return {"access": matrix_payload(access), "capabilities": capabilities}
