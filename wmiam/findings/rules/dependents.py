"""Permissions that are no use alone: the call that they are for needs others, which are missing."""

from __future__ import annotations

from collections.abc import Iterator

from wmiam.estate.model import Policy, Principal, PrincipalKind
from wmiam.findings.mend import Mend
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence
from wmiam.findings.other_services import may
from wmiam.findings.rule import Rule, Weight, listed, named
from wmiam.findings.survey import Survey

__all__ = ["EXPORT_SERVICE", "RULES", "export_roles", "may_pass_export_role"]

#: The service that writes exports, for which a role is passed.
#: Source: Amazon WorkMail Administrator Guide, "Exporting mailbox content".
EXPORT_SERVICE = "export.workmail.amazonaws.com"
_EVENTS_SERVICE = "events.workmail.amazonaws.com"
_PASSED_TO = {
    "workmail:StartMailboxExportJob": EXPORT_SERVICE,
    "workmail:PutEmailMonitoringConfiguration": _EVENTS_SERVICE,
}
#: Needed in some cases only, by the catalog's own words: a customer managed key, a domain in Route 53.
_ONLY_SOMETIMES = ("kms:", "route53:")


def export_roles(survey: Survey, account: str) -> list[Principal]:
    """Return the roles of an account that trust the export service.

    Parameters
    ----------
    survey : Survey
        The estate.
    account : str
        12-digit id.
    """
    return [role for role in survey.estate.principals if role.account == account and _trusts(role)]


def _trusts(role: Principal) -> bool:
    document = role.trust.document if role.trust is not None else None
    return document is not None and any(
        statement.principal is not None and EXPORT_SERVICE in statement.principal.service
        for statement in document.statements
    )


def may_pass_export_role(survey: Survey, principal: Principal) -> bool:
    """Whether a principal may pass some role to the export service.

    Parameters
    ----------
    survey : Survey
        The estate.
    principal : Principal
        Who.
    """
    context = {"iam:PassedToService": EXPORT_SERVICE}
    roles = survey.shared(
        f"export roles of {principal.account}", lambda: export_roles(survey, principal.account)
    )
    # Where no role is known that could be passed, one may yet be made.
    targets = [role.arn for role in roles] or ["*"]
    return any(may(principal, "iam:PassRole", target, survey.estate, context) for target in targets)


def _missing(rule: Rule, survey: Survey) -> Iterator[Finding]:
    needing = [action for action in survey.catalog.actions if action.dependent_actions]
    for action in needing:
        bit = survey.bits(action.full_name)
        needs = [n for n in action.dependent_actions if not n.startswith(_ONLY_SOMETIMES)]
        found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        policies: dict[tuple[str, tuple[str, ...]], dict[Policy, str]] = {}
        memo: dict[object, tuple[str, ...]] = {}
        givers: dict[str, list[tuple[Policy, str]]] = {}
        for grant in survey.grants:
            if grant.statement.actions is None or not any(given.actions & bit for given in grant.given):
                continue
            if any(set(p.partition(":")[2]) <= set("*?") for p in grant.statement.actions):
                # A wildcard over a whole service promises no single call.
                continue
            for arn in grant.of(given.members for given in grant.given if given.actions & bit):
                givers.setdefault(arn, []).append((grant.policy, grant.statement.label))
        for principal in survey.estate.principals:
            if principal.arn not in givers or principal.kind is PrincipalKind.ROOT:
                continue
            key = (
                principal.account,
                principal.inline,
                principal.attached,
                principal.groups,
                principal.boundary,
            )
            if key not in memo:
                memo[key] = tuple(n for n in needs if not _may(survey, principal, action.full_name, n))
            if memo[key]:
                group = (principal.account, memo[key])
                found.setdefault(group, []).append(principal.arn)
                policies.setdefault(group, {}).update(dict(givers[principal.arn]))
        for (account, missing), people in found.items():
            yield rule.finding(
                action.full_name,
                account,
                missing,
                weight=Weight(
                    FindingSeverity.LOW, "The permission is no use alone; when it fails, more may be granted."
                ),
                summary=f"{named(people)} may call {action.full_name}, but not {listed(missing)}, "
                "which the call needs.",
                mend=Mend(
                    why_not="granting what is missing adds access, and taking the action away is a decision",
                    instead=f"allow {listed(missing)} on what the call needs, or take {action.full_name} "
                    "away",
                ),
                statements=[
                    StatementEvidence(policy, label, _pointers(policy, label))
                    for policy, label in policies[account, missing].items()
                ],
                principals=people,
                actions=[action.full_name],
            )


def _may(survey: Survey, principal: Principal, action: str, needed: str) -> bool:
    if needed != "iam:PassRole":
        return may(principal, needed, "*", survey.estate)
    if action == "workmail:StartMailboxExportJob":
        return may_pass_export_role(survey, principal)
    service = _PASSED_TO.get(action)
    context = {"iam:PassedToService": service} if service else None
    return may(principal, needed, "*", survey.estate, context)


def _pointers(policy: Policy, label: str) -> tuple[str, ...]:
    document = policy.document
    for statement in document.statements if document is not None else ():
        if statement.label == label:
            return (statement.pointer,)
    return ("",)


RULES = (
    Rule(
        "missing-dependent-action",
        "A permission lacks others that its call needs",
        "Somebody may call an action, but surely not another that the call takes, such as iam:PassRole for "
        "StartMailboxExportJob.",
        "Low: the call fails. Only statements that name the action, or a narrow pattern, count; actions that "
        "are needed in some cases only (KMS, Route 53) do not.",
        "Amazon WorkMail Administrator Guide, Exporting mailbox content; AWS managed policy "
        "AmazonWorkMailFullAccess",
        _missing,
    ),
)
