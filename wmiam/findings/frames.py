"""Findings as rows and as a pandas frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wmiam.findings.collection import Findings
from wmiam.findings.model import Finding, FindingSeverity

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "finding_row", "findings_frame"]

#: Columns of the frame, and of the exact formats of the command line.
COLUMNS = (
    "id", "rule", "title", "severity", "reason", "summary", "principals", "organizations", "actions",
    "statements", "details", "witness", "mend", "why_not", "instead", "adds", "takes_away",
)  # fmt: skip


def finding_row(finding: Finding, *, check: bool) -> dict[str, Any]:
    """Return a finding as a row of plain values.

    Parameters
    ----------
    finding : Finding
        The finding.
    check : bool
        Whether its mend is tried.
    """
    tried = finding.mend.check if check else None
    witness = finding.evidence.witness
    return {
        "id": finding.id,
        "rule": finding.rule,
        "title": finding.title,
        "severity": str(finding.severity),
        "reason": finding.reason,
        "summary": finding.summary,
        "principals": list(finding.principals),
        "organizations": list(finding.organizations),
        "actions": list(finding.actions),
        "statements": [str(statement) for statement in finding.evidence.statements],
        "details": list(finding.evidence.details),
        "witness": witness.request() if witness is not None else None,
        "mend": finding.mend.what,
        "why_not": finding.mend.why_not,
        "instead": finding.mend.instead,
        "adds": tried.adds if tried is not None else None,
        "takes_away": tried.takes_away if tried is not None else None,
    }


def findings_frame(findings: Findings, *, check: bool) -> pd.DataFrame:
    """Return findings as a frame; see :meth:`wmiam.findings.Findings.frame`."""
    import pandas as pd

    rows = [finding_row(finding, check=check) for finding in findings]
    frame = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype="object") for name in COLUMNS})
    frame["severity"] = pd.Categorical(
        frame["severity"], categories=[str(s) for s in reversed(FindingSeverity)], ordered=True
    )
    for name in ("adds", "takes_away"):
        frame[name] = frame[name].astype("Int64")
    return frame
