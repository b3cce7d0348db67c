"""Comparisons as pandas frames; the only place of this package that needs pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from wmiam.access.frames import DECISION_TYPE
from wmiam.compare.changes import CHANGES, Change
from wmiam.compare.requests import Witness
from wmiam.compare.summary import Cause

if TYPE_CHECKING:
    from wmiam.compare.comparison import Comparison
    from wmiam.compare.failures import Failure

__all__ = ["causes_frame", "changes_frame", "failures_frame"]

_CHANGE = pd.CategoricalDtype(list(CHANGES), ordered=True)


def changes_frame(comparison: Comparison, rows: Sequence[Change]) -> pd.DataFrame:
    """Return rows as a frame; see :meth:`wmiam.compare.Comparison.frame`."""
    frame = pd.DataFrame(
        {
            "principal": [row.principal.arn for row in rows],
            "name": [row.principal.name for row in rows],
            "kind": [str(row.principal.kind) for row in rows],
            "account": [row.principal.account for row in rows],
            "action": [row.action for row in rows],
            "organization": [row.organization for row in rows],
            "change": pd.Categorical([row.change for row in rows], dtype=_CHANGE),
            "before": pd.Categorical([row.before for row in rows], dtype=DECISION_TYPE),
            "after": pd.Categorical([row.after for row in rows], dtype=DECISION_TYPE),
            "gained": [comparison.gained(row) for row in rows],
            "lost": [comparison.lost(row) for row in rows],
            "witness_gained": _objects([_context(comparison.witness(row)) for row in rows]),
            "witness_lost": _objects([_context(comparison.witness(row, lost=True)) for row in rows]),
            "depends": ["; ".join(row.depends) for row in rows],
            "statements": ["; ".join(str(c) for c in comparison.causes_of(row)) for row in rows],
        }
    )
    for column in ("kind", "account", "action", "organization"):
        frame[column] = frame[column].astype("category")
    return frame


def causes_frame(causes: Sequence[Cause]) -> pd.DataFrame:
    """Return causes as a frame; see :meth:`wmiam.compare.Comparison.causes_frame`."""
    return pd.DataFrame(
        {
            "policy": [cause.policy for cause in causes],
            "statement": [cause.statement for cause in causes],
            "place": [cause.place for cause in causes],
            "layer": [cause.layer for cause in causes],
            "effect": [cause.effect for cause in causes],
            "side": [cause.side for cause in causes],
            "through": [cause.through for cause in causes],
            "detail": [cause.detail for cause in causes],
            "gaining": [len(cause.gaining) for cause in causes],
            "losing": [len(cause.losing) for cause in causes],
            "principals": _objects([list(cause.principals) for cause in causes]),
            "actions": _objects([list(cause.actions) for cause in causes]),
            "organizations": _objects([list(cause.organizations) for cause in causes]),
            "witness_gained": _objects([_request(cause.witness_gained) for cause in causes]),
            "witness_lost": _objects([_request(cause.witness_lost) for cause in causes]),
        }
    )


def failures_frame(failures: Sequence[Failure]) -> pd.DataFrame:
    """Return gate failures as a frame; see :meth:`wmiam.compare.Comparison.failures_frame`."""
    return pd.DataFrame(
        {
            "gate": [str(failure.gate.kind) for failure in failures],
            "principal": [failure.principal.arn for failure in failures],
            "action": [failure.action for failure in failures],
            "organization": [failure.organization for failure in failures],
            "when": [failure.when for failure in failures],
            "depends": ["; ".join(failure.depends) for failure in failures],
            "statements": ["; ".join(failure.statements) for failure in failures],
            "witness": _objects([failure.witness.request() for failure in failures]),
            "reason": [failure.gate.reason for failure in failures],
        }
    )


def _context(witness: Witness | None) -> dict[str, Any] | None:
    return None if witness is None else dict(witness.context)


def _request(witness: Witness | None) -> dict[str, Any] | None:
    return None if witness is None else witness.request()


def _objects(values: list[Any]) -> pd.Series[Any]:
    return pd.Series(values, dtype="object")
