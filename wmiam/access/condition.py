"""The exact condition of one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmiam.access.explain import cell_organization
from wmiam.conditions.condition import Condition
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.space import Space
from wmiam.errors import AmbiguousNameError

if TYPE_CHECKING:
    from wmiam.access.access import Access

__all__ = ["cell_condition", "never_carried"]


def cell_condition(access: Access, principal: str, action: str, org: str | None) -> Condition:
    """Return the contexts of one cell; see :meth:`wmiam.access.Access.condition`."""
    subject = access.find_principal(principal)
    found = access.find_actions(action)
    if len(found) > 1:
        raise AmbiguousNameError("action", action, found)
    organization = cell_organization(access, subject, found[0], org)
    row = next(access.rows(subject, found[0], organization, denied=True))
    # Where the organization is in another account nothing is allowed, whatever the contexts are.
    within = access.whole.class_of[subject.arn].universe if row.resource is None else row.within
    contexts = FALSE if row.decision == "denied" else row.contexts
    space = access.whole.space
    return Condition(contexts, within, space, role=subject.is_role, avoid=never_carried(space, found[0]))


def never_carried(space: Space, action: str) -> frozenset[str]:
    """Return the context keys of an evaluation that requests for an action never carry (C11).

    Parameters
    ----------
    space : Space
        The evaluation's contexts.
    action : str
        Full action name.
    """
    bit = 1 << ACTIONS.index[action]
    return frozenset(key for key in space.dimensions if not ACTIONS.carriers(key) & bit)
