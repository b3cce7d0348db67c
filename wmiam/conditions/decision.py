"""The three answers, and which of them a set of request contexts amounts to."""

from __future__ import annotations

from wmiam.engine.diagrams import FALSE

__all__ = ["DECISIONS", "decision_of"]

#: The three answers, from least to most.
DECISIONS = ("denied", "conditional", "allowed")


def decision_of(contexts: int, within: int) -> str:
    """Return ``"allowed"``, ``"conditional"`` or ``"denied"``: what contexts are, of those that can be.

    Parameters
    ----------
    contexts : int
        The contexts in which something is allowed, a part of ``within``.
    within : int
        The contexts that can be.
    """
    return "denied" if contexts == FALSE else "allowed" if contexts == within else "conditional"
