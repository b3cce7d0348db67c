"""The exact condition of one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmiam.access.explain import cell_organization
from wmiam.conditions.condition import Condition
from wmiam.engine.diagrams import FALSE
from wmiam.errors import AmbiguousNameError

if TYPE_CHECKING:
    from wmiam.access.access import Access

__all__ = ["cell_condition"]


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
    return Condition(contexts, within, access.whole.space, role=subject.is_role)
