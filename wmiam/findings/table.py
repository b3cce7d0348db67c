"""Every rule, in the order in which findings of one severity are shown."""

from __future__ import annotations

from typing import Final

from wmiam.findings.rule import Rule
from wmiam.findings.rules import (
    assumption,
    boundaries,
    dependents,
    escalation,
    exposure,
    grants,
    idle,
    mistakes,
    negated,
    retag,
    retirement,
    session_tags,
    trust,
    unread,
    wildcards,
)

__all__ = ["RULES", "rules_by_id"]

#: The rules.
RULES: Final[tuple[Rule, ...]] = (
    *trust.RULES,
    *escalation.RULES,
    *retag.RULES,
    *session_tags.RULES,
    *boundaries.RULES,
    *mistakes.RULES,
    *negated.RULES,
    *wildcards.RULES,
    *grants.RULES,
    *assumption.RULES,
    *exposure.RULES,
    *dependents.RULES,
    *retirement.RULES,
    *unread.RULES,
    *idle.RULES,
)


def rules_by_id() -> dict[str, Rule]:
    """Return the rules by their ids."""
    return {rule.id: rule for rule in RULES}
