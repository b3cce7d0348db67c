"""Findings: what is remarkable in an estate, how much, why, and what would mend it.

:func:`find` runs the rules of :mod:`wmiam.findings.table` over an access;
:meth:`wmiam.access.Access.findings` is the way there.
"""

from wmiam.findings.collection import Findings
from wmiam.findings.entry import find
from wmiam.findings.mend import Mend, MendCheck, PolicyChange
from wmiam.findings.model import Evidence, Finding, FindingSeverity, StatementEvidence, WitnessRequest
from wmiam.findings.sarif import sarif
from wmiam.findings.suppress import Suppression, read_suppressions
from wmiam.findings.table import RULES

__all__ = [
    "RULES",
    "Evidence",
    "Finding",
    "FindingSeverity",
    "Findings",
    "Mend",
    "MendCheck",
    "PolicyChange",
    "StatementEvidence",
    "Suppression",
    "WitnessRequest",
    "find",
    "read_suppressions",
    "sarif",
]
