"""Statements that say what they leave out: NotAction, NotResource, NotPrincipal, and what they take in."""

from __future__ import annotations

from collections.abc import Iterator

from wmiam.engine.compile import ACTIONS
from wmiam.estate.model import PolicyKind
from wmiam.findings.documents import statement_identity
from wmiam.findings.mend import Mend, PolicyChange
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence
from wmiam.findings.rule import Rule, Weight, listed, named, short_actions
from wmiam.findings.rules.grants import gathered
from wmiam.findings.survey import Grant, Survey
from wmiam.findings.weights import GRAVE_ACTIONS, HARMFUL_ACTIONS, actions_of
from wmiam.policy.model import Effect
from wmiam.policy.patterns import action_matches
from wmiam.views.text import count

__all__ = ["RULES"]

#: Actions of other services by which whoever is granted "all but some" becomes somebody else.
_ELSEWHERE = (
    "iam:PassRole",
    "iam:PutUserPolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "sts:AssumeRole",
    "lambda:UpdateFunctionCode",
)


def _not_action(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for grant in survey.grants:
        statement = grant.statement
        if statement.not_actions is None:
            continue
        found = gathered(survey, grant, ACTIONS.all)
        harmful = actions_of(found.actions & HARMFUL_ACTIONS)
        others = [a for a in _ELSEWHERE if not any(action_matches(p, a) for p in statement.not_actions)]
        people = grant.of(found.members) or tuple(sorted(p.arn for p in grant.people))
        if not found.actions and not others:
            continue
        yield rule.finding(
            statement_identity(grant.policies, statement),
            weight=_weight(grant, found.actions),
            summary=f"{grant.policy.name}#{statement.label} gives {named(people)} everything but "
            f"{listed(statement.not_actions, 4)}: {count(found.actions.bit_count(), 'action')} of WorkMail"
            + (f", {listed(short_actions(harmful), 4)} among them" if harmful else "")
            + (", and every other service" if others else "")
            + ".",
            mend=_without_workmail(survey, grant) if found.actions else _no_mend(),
            statements=grant.evidence("/NotAction")[:1],
            details=[
                text
                for text in (
                    f"takes in of WorkMail: {', '.join(short_actions(harmful))}" if harmful else "",
                    f"takes in elsewhere: {', '.join(others)}" if others else "",
                )
                if text
            ],
            witness=found.witness(survey, grant),
            principals=people,
            organizations=found.organizations,
            actions=harmful or actions_of(found.actions),
        )


def _weight(grant: Grant, actions: int) -> Weight:
    if grant.is_managed_by_aws:
        return Weight(FindingSeverity.LOW, "AWS wrote the policy so; whoever attaches it means all of it.")
    if actions & GRAVE_ACTIONS:
        return Weight(FindingSeverity.HIGH, "What is not named is granted, reading mail included.")
    return Weight(FindingSeverity.MEDIUM, "What is not named is granted, actions to come included.")


def _no_mend() -> Mend:
    return Mend(
        why_not="what of the other services is needed is not known here",
        instead="list what is allowed in Action; to keep something back, deny it",
    )


def _without_workmail(survey: Survey, grant: Grant) -> Mend:
    if grant.is_managed_by_aws:
        return survey.mend("", [PolicyChange(grant.policy, ())])
    statement = grant.statement
    kept = [p for p in statement.not_actions or () if not p.lower().startswith("workmail")]
    value = [*kept, "workmail:*", "workmailmessageflow:*"]
    change = {"op": "replace", "path": f"{statement.pointer}/NotAction", "value": value}
    return survey.mend(
        "except all of WorkMail, and grant what of it is needed by name in a statement of its own",
        [PolicyChange(policy, (change,)) for policy in grant.policies],
        instead="the other services that the statement takes in deserve the same",
        people=grant.people,
    )


def _not_resource(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for grant in survey.grants:
        statement = grant.statement
        if statement.not_resources is None:
            continue
        found = gathered(survey, grant, ACTIONS.all)
        if not found.actions:
            continue
        people = grant.of(found.members)
        without = actions_of(found.actions & ACTIONS.wildcard_only)
        labels = [survey.label(arn) for arn in found.organizations]
        yield rule.finding(
            statement_identity(grant.policies, statement),
            weight=Weight(
                FindingSeverity.MEDIUM if found.actions & HARMFUL_ACTIONS else FindingSeverity.LOW,
                "Every organization that is not named is granted, those to come included.",
            ),
            summary=f"{grant.policy.name}#{statement.label} gives {named(people)} "
            f"{count(found.actions.bit_count(), 'action')} on everything but "
            f"{listed(statement.not_resources, 3)}: "
            f"{listed(labels)}" + (f", and {listed(short_actions(without))}" if without else "") + ".",
            mend=_arns(survey, grant, list(found.organizations), bool(without)),
            statements=grant.evidence("/NotResource")[:1],
            details=[f"takes in: {listed(labels, 20)}"]
            + ([f"takes in without resource: {', '.join(without)}"] if without else []),
            witness=found.witness(survey, grant),
            principals=people,
            organizations=found.organizations,
            actions=actions_of(found.actions & HARMFUL_ACTIONS) or actions_of(found.actions),
        )


def _arns(survey: Survey, grant: Grant, organizations: list[str], without: bool) -> Mend:
    real = [arn for arn in organizations if not survey.organizations[arn].stand_in]
    others = {p.partition(":")[0].lower() for p in grant.statement.actions or ("*",)} - {"workmail"}
    if not real or others:
        return Mend(
            why_not="no file lists the organizations that there are"
            if not real
            else "the statement is about other services as well, whose resources are not known here",
            instead="list what is allowed in Resource; to keep something back, deny it",
        )
    pointer = grant.statement.pointer
    patch = (
        {"op": "remove", "path": f"{pointer}/NotResource"},
        {"op": "add", "path": f"{pointer}/Resource", "value": real},
    )
    return survey.mend(
        "name the organizations that are granted now in Resource",
        [PolicyChange(policy, patch) for policy in grant.policies],
        instead="grant actions without resource in a statement of their own, if they are needed"
        if without
        else "",
        people=grant.people,
    )


def _not_principal(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for policy in survey.policies:
        document = policy.document
        if policy.kind is not PolicyKind.TRUST or document is None:
            continue
        for statement in document.statements:
            element = statement.not_principal
            if element is None:
                continue
            excepted = [*element.aws, *element.service, *element.federated, *element.canonical]
            allow = statement.effect is Effect.ALLOW
            role = policy.owner
            what = "trusts everybody in the world but" if allow else "denies everybody but"
            yield rule.finding(
                statement_identity([policy], statement),
                weight=Weight(
                    FindingSeverity.CRITICAL if allow else FindingSeverity.LOW,
                    "Any principal of any account may assume the role."
                    if allow
                    else "The exceptions are matched exactly: a session, or the account of a principal that "
                    "is not named, is denied with the rest.",
                ),
                summary=f"The trust policy of {named([role])} {what} {listed(excepted, 4)}.",
                mend=Mend(
                    why_not="whom the role is meant for is not known",
                    instead="name those who may assume the role in Principal, or deny by a Condition on "
                    "aws:PrincipalArn",
                ),
                statements=[
                    StatementEvidence(
                        policy, statement.label, (statement.pointer, f"{statement.pointer}/NotPrincipal")
                    )
                ],
                principals=[role],
            )


RULES = (
    Rule(
        "not-action",
        "NotAction grants what is not named",
        "An Allow with NotAction grants every other action of every service, those to come included.",
        "High where what ends in reading mail is among them; medium else; low for policies of AWS.",
        "IAM User Guide, IAM JSON policy elements: NotAction",
        _not_action,
    ),
    Rule(
        "not-resource",
        "NotResource grants on what is not named",
        "An Allow with NotResource grants its actions on every other organization, and those that take no "
        "resource.",
        "Medium where harmful actions are among them; low else. A NotResource that excepts nothing by "
        "mistake is "
        "found by dead-resource as well.",
        "IAM User Guide, IAM JSON policy elements: NotResource",
        _not_resource,
    ),
    Rule(
        "not-principal",
        "NotPrincipal in a trust policy",
        "A trust policy with NotPrincipal is about everybody who is not named.",
        "Critical with Allow: the world may assume the role. Low with Deny: who is excepted is matched "
        "in ways "
        "that surprise.",
        "IAM User Guide, AWS JSON policy elements: NotPrincipal",
        _not_principal,
    ),
)
