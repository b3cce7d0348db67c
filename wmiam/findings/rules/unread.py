"""Policies that could not be read, so that what they allow or deny is not known."""

from __future__ import annotations

from collections.abc import Iterator

from wmiam.findings.mend import Mend
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence
from wmiam.findings.rule import Rule, Weight, named
from wmiam.findings.survey import Survey

__all__ = ["RULES"]


def _unread(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for policy in survey.policies:
        document = policy.document
        if document is not None and not document.unread:
            continue
        people = [principal.arn for principal in survey.concerned([policy])]
        if policy.owner and not people:
            people = [policy.owner]
        if not people:
            continue
        reasons = [policy.problem or "no file holds its document"]
        statements = [StatementEvidence(policy)]
        if document is not None:
            reasons = [unread.reason for unread in document.unread]
            statements = [StatementEvidence(policy, str(u.index), (u.pointer,)) for u in document.unread]
        yield rule.finding(
            policy.key,
            weight=Weight(
                FindingSeverity.MEDIUM, "What it allows or denies is not known, and may be anything."
            ),
            summary=f"{policy.name} could not be read: {reasons[0]}. It concerns {named(people, 4)}.",
            mend=Mend(
                why_not="what is not understood cannot be written anew",
                instead="see what wmiam lint says of it, and collect or mend its document",
            ),
            statements=statements,
            details=reasons[1:],
            principals=people,
        )


RULES = (
    Rule(
        "unread-policy",
        "A policy could not be read",
        "A policy that somebody holds is missing from the input, or holds a statement that cannot be read.",
        "Medium: every answer about those who hold it is open.",
        "IAM User Guide, Grammar of the IAM JSON policy language",
        _unread,
    ),
)
