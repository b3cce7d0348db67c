"""What can happen to one principal, action and organization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wmiam.compare.pairs import Delta, Pair
from wmiam.engine.resources import Resource
from wmiam.estate.model import Principal

__all__ = ["CHANGES", "Change"]

#: What can happen, from the most that may be gained to the most that is lost.
CHANGES: Final = ("granted", "widened", "moved", "cannot tell", "narrowed", "revoked")


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One principal, action and organization whose allowing contexts changed.

    Parameters
    ----------
    principal : Principal
        Who, as after the change; as before it for one that is gone.
    action : str
        Full action name.
    organization : str
        The organization's ARN; ``"*"`` for actions without resource.
    change : str
        One of :data:`CHANGES`.
    before, after : str
        The decision on each side: ``"allowed"``, ``"conditional"`` or ``"denied"``.
    depends : tuple of str
        What no request decides and the change depends on: clauses that complete "it depends
        on whether …".
    resource : Resource
        What the action is about.
    delta : Delta
        The contexts on each side.
    pair : Pair
        The principal's classes.
    """

    principal: Principal
    action: str
    organization: str
    change: str
    before: str
    after: str
    depends: tuple[str, ...]
    resource: Resource
    delta: Delta
    pair: Pair
