"""Roles whose access depends on session tags that whoever assumes them may choose."""

from __future__ import annotations

from collections.abc import Iterator

from wmiam.engine.diagrams import FALSE
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.findings.documents import statement_identity
from wmiam.findings.mend import Mend, PolicyChange
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence
from wmiam.findings.rule import Rule, Weight, listed, named, short_actions
from wmiam.findings.survey import Survey
from wmiam.findings.weights import GRAVE_ACTIONS, HARMFUL_ACTIONS, actions_of
from wmiam.policy.model import Effect, Statement
from wmiam.policy.patterns import action_matches, ascii_lower

__all__ = ["RULES"]

_PREFIX = "aws:principaltag/"
_TAG_SESSION = "sts:TagSession"
#: Keys by which a trust policy says which tags a session may have.
_LIMITS = ("aws:tagkeys", "sts:transitivetagkeys")


def _chosen(rule: Rule, survey: Survey) -> Iterator[Finding]:
    keys = [d for key, d in survey.space.dimensions.items() if key.startswith(_PREFIX)]
    for role in survey.estate.principals if keys else ():
        document = role.trust.document if role.trust is not None else None
        if role.kind is not PrincipalKind.ROLE or document is None or document.unread:
            continue
        for statement in document.statements:
            if statement.effect is Effect.ALLOW and _tags(statement):
                for dimension in keys:
                    name = dimension.name.partition("/")[2]
                    if not _limited(statement, name):
                        yield from _finding(rule, survey, role, statement, dimension.key, name)


def _tags(statement: Statement) -> bool:
    return statement.not_actions is not None or any(
        action_matches(pattern, _TAG_SESSION) for pattern in statement.actions or ()
    )


def _limited(statement: Statement, name: str) -> bool:
    """Whether a statement says anything about the value of a session tag, or about which there may be."""
    wanted = (f"aws:requesttag/{ascii_lower(name)}", *_LIMITS)
    return any(ascii_lower(row.key) in wanted for row in statement.conditions)


def _finding(
    rule: Rule, survey: Survey, role: Principal, statement: Statement, key: str, name: str
) -> Iterator[Finding]:
    members = survey.whole.class_of[role.arn]
    actions, example = 0, (0, 0, FALSE)
    organizations: dict[str, None] = {}
    for mask, cells in members.allowed:
        resources = survey.living(members, mask)
        for allowed, contexts in cells:
            if survey.depends_on(contexts, key):
                found = allowed & HARMFUL_ACTIONS & members.scope.actions(resources)
                if found:
                    actions |= found
                    organizations.update(dict.fromkeys(survey.organizations_in(members, resources)))
                    example = example if example[0] else (found, resources, contexts)
    if not actions or role.trust is None:
        return
    yield rule.finding(
        statement_identity([role.trust], statement),
        ascii_lower(name),
        weight=Weight(
            FindingSeverity.HIGH if actions & GRAVE_ACTIONS else FindingSeverity.MEDIUM,
            "Whoever may assume the role chooses the tag, and so decides what the role may do.",
        ),
        summary=f"Those who assume {named([role.arn])} may set the session tag {name} to any value, and "
        f"{listed(short_actions(actions_of(actions)), 4)} depends on it.",
        mend=_mend(survey, role, statement, name),
        statements=[
            StatementEvidence(role.trust, statement.label, (statement.pointer,)),
        ],
        witness=survey.witness(role, *example),
        principals=[role.arn],
        organizations=organizations,
        actions=actions_of(actions),
    )


def _mend(survey: Survey, role: Principal, statement: Statement, name: str) -> Mend:
    instead = f"say in its Condition which values of aws:RequestTag/{name} there may be"
    kept = [a for a in statement.actions or () if ascii_lower(a) != ascii_lower(_TAG_SESSION)]
    if role.trust is None or statement.not_actions is not None or not kept or any("*" in a for a in kept):
        return Mend(
            why_not="the statement allows session tags by a pattern, or nothing else", instead=instead
        )
    change = {"op": "replace", "path": f"{statement.pointer}/Action", "value": kept}
    return Mend(
        f"take {_TAG_SESSION} out of the trust policy, so that the role's own tags count",
        [PolicyChange(role.trust, (change,))],
        instead=instead,
        estate=survey.estate,
        people=[role],
    )


RULES = (
    Rule(
        "chosen-session-tag",
        "Those who assume a role choose the tags that it is controlled by",
        "A trust policy allows sts:TagSession without a word on a tag, and what the role may do depends on "
        "aws:PrincipalTag of that name.",
        "High where what ends in reading mail depends on it, medium for other harm; else not found.",
        "IAM User Guide, Passing session tags in AWS STS",
        _chosen,
    ),
)
