"""One answer of an estate, and what it takes to list answers."""

from __future__ import annotations

from dataclasses import dataclass

from wmiam.engine.request import Context
from wmiam.engine.resources import Resource
from wmiam.errors import RequestError
from wmiam.estate.model import Principal

__all__ = ["CellRow", "fixed_values"]


@dataclass(frozen=True, slots=True)
class CellRow:
    """The answer for one principal, action and organization.

    Parameters
    ----------
    principal : Principal
        Who.
    action : str
        Full action name.
    resource : Resource or None
        About what; None where the organization is in another account (D10).
    organization : str
        The organization's ARN; ``"*"`` for actions without resource.
    decision : str
        ``"allowed"``, ``"conditional"`` or ``"denied"``.
    contexts, within : int
        The contexts in which it is allowed, and those that can be.
    """

    principal: Principal
    action: str
    resource: Resource | None
    organization: str
    decision: str
    contexts: int
    within: int


def fixed_values(key: str, value: object) -> tuple[str | None, ...]:
    """Return the texts that a fixed key may have; None for "absent"."""
    members = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    if not members:
        raise RequestError(f"{key} is given no value: name one, or None for an absent key")
    texts: list[str | None] = []
    for member in members:
        if member is None:
            texts.append(None)
        else:
            text = Context.of({key: member})[key].values[0]
            texts.append(
                text.lower() if isinstance(member, str) and text.lower() in ("true", "false") else text
            )
    return tuple(texts)
