"""What the page is told once: the names behind the codes."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wmiam.access import Access
from wmiam.catalog import Action, Catalog, load
from wmiam.conditions.decision import DECISIONS
from wmiam.estate.model import PrincipalKind
from wmiam.lab.tally import Tally
from wmiam.stored.matrix import matrix_payload
from wmiam.views.text import principal_name, visible

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["access_data", "frame_data", "is_matrix", "matrix_data", "matrix_names", "pack"]

_KINDS: Final = [str(kind) for kind in PrincipalKind]


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
    rows: list[list[Any]] = []
    for principal in access.principals:
        name = principal_name(principal)
        row: list[Any] = [principal.arn, _KINDS.index(str(principal.kind))]
        if name != principal.arn.rpartition("/")[2]:
            row.append(visible(name))
        rows.append(row)
    accounts = {account.id: account for account in access.estate.accounts.values()}
    used = sorted({principal.account for principal in access.principals})
    return {
        "kinds": _KINDS,
        "principals": rows,
        "accounts": [
            [id_, visible(accounts[id_].name) if id_ in accounts and accounts[id_].name != id_ else ""]
            for id_ in used
        ],
        "organizations": [[o.arn, visible(o.label), o.account, o.stand_in] for o in access.organizations],
        **_columns(access.catalog, access.catalog.actions),
    }


def _columns(catalog: Catalog, actions: Iterable[Action]) -> dict[str, Any]:
    """Return the names of actions and capabilities."""
    worth = {capability.name: index for index, capability in enumerate(catalog.capabilities)}
    return {
        "actions": [[a.full_name, a.access_level, [worth[name] for name in a.capabilities]] for a in actions],
        "capabilities": [[c.name, c.title, c.why] for c in catalog.capabilities],
    }


def is_matrix(frame: pd.DataFrame) -> bool:
    """Whether a frame is principals × actions, as :meth:`wmiam.Access.matrix` returns it, or a part of one.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame.
    """
    known = load()
    return (
        frame.index.name == "principal"
        and len(frame.columns) > 0
        and all(isinstance(name, str) and known.get(name) is not None for name in frame.columns)
    )


def frame_data(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a matrix frame as JSON values; what a name does not say by itself is not known of it.

    Parameters
    ----------
    frame : pandas.DataFrame
        What :meth:`wmiam.Access.matrix` returned, or a part of it.

    Returns
    -------
    dict
        As :func:`matrix_data`.
    """
    catalog = load()
    actions = [action for name in frame.columns if (action := catalog.get(name)) is not None]
    codes = np.zeros(frame.shape, dtype=np.uint8)
    for place, decision in enumerate(DECISIONS):
        codes |= (frame.to_numpy(dtype=object) == decision).astype(np.uint8) << place
    rows, row_of = np.unique(codes, axis=0, return_inverse=True)
    # Accounts stand together, as the matrix shows them.
    order = np.argsort([arn.split(":")[4:5] for arn in frame.index], axis=0, kind="stable").ravel()
    arns = [str(frame.index[int(at)]) for at in order]
    names = {
        "kinds": _KINDS,
        "principals": [_told(arn) for arn in arns],
        "accounts": [[account, ""] for account in sorted({arn.split(":")[4] for arn in arns})],
        "organizations": [],
        **_columns(catalog, actions),
    }
    numbers = row_of.ravel()[order].astype(np.uint32)
    return {"names": names, "rows": _base64(rows), "rowOf": _base64(numbers)}


def _told(arn: str) -> list[Any]:
    """Return a principal as far as its ARN tells of it."""
    what = arn.split(":", 5)[5]
    if what == "root":
        return [arn, _KINDS.index(PrincipalKind.ROOT), "root user"]
    kind = PrincipalKind.USER if what.startswith("user/") else PrincipalKind.ROLE
    if what.startswith("role/aws-service-role/"):
        kind = PrincipalKind.SERVICE_LINKED_ROLE
    return [arn, _KINDS.index(kind)]


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
    return {
        "names": matrix_names(access),
        "rows": _base64(tally.rows),
        "rowOf": _base64(tally.row_of),
    }


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")


def access_data(access: Access) -> dict[str, Any]:
    """Return a whole access as JSON values, with what explains each of its cells.

    Parameters
    ----------
    access : Access
        What is shown.

    Returns
    -------
    dict
        ``access``: what :func:`wmiam.stored.matrix.matrix_payload` returns; ``capabilities``: name, title
        and reason of each.
    """
    capabilities = [[c.name, c.title, c.why] for c in access.catalog.capabilities]
    return {"access": matrix_payload(access), "capabilities": capabilities}
