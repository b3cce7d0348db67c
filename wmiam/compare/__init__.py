"""What a change grants and takes away: two estates compared, exactly, and gates on the result."""

from wmiam.compare.changes import CHANGES, Change
from wmiam.compare.comparison import Comparison
from wmiam.compare.entry import compare
from wmiam.compare.failures import Failure, Failures
from wmiam.compare.gatefile import read_gates
from wmiam.compare.gates import Gate, GateKind
from wmiam.compare.requests import Witness
from wmiam.compare.summary import Cause

__all__ = [
    "CHANGES",
    "Cause",
    "Change",
    "Comparison",
    "Failure",
    "Failures",
    "Gate",
    "GateKind",
    "Witness",
    "compare",
    "read_gates",
]
