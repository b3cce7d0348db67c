"""Wildcards: in actions, where they take in what opens mail, and in resources that reach everywhere."""

from __future__ import annotations

from collections.abc import Iterator

from wmiam.engine.compile import ACTIONS
from wmiam.findings.documents import statement_identity, without_statement
from wmiam.findings.mend import Mend, PolicyChange
from wmiam.findings.model import Finding, FindingSeverity
from wmiam.findings.rule import Rule, Weight, listed, named, short_actions
from wmiam.findings.rules.grants import gathered
from wmiam.findings.survey import Grant, Survey
from wmiam.findings.weights import GRAVE_ACTIONS, HARMFUL_ACTIONS, actions_of

__all__ = ["RULES"]

#: Resource patterns that stand for everything.
_EVERYTHING = ("*", "arn:*", "arn:aws:*", "arn:*:*:*:*:*", "arn:aws:*:*:*:*")


def _wildcard_actions(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for grant in survey.grants:
        written = grant.statement.actions or ()
        patterns = [p for p in written if ("*" in p or "?" in p) and ACTIONS.of(p) & HARMFUL_ACTIONS]
        # What the statement also names in full is meant.
        by_name = ACTIONS.union(tuple(p for p in written if p not in patterns))
        found = gathered(survey, grant, ACTIONS.union(tuple(patterns)) & HARMFUL_ACTIONS & ~by_name)
        if not found.actions:
            continue
        people = grant.of(found.members)
        actions = actions_of(found.actions)
        verb = "takes" if len(patterns) == 1 else "take"
        yield rule.finding(
            statement_identity(grant.policies, grant.statement),
            weight=_weight(grant, patterns, bool(found.actions & GRAVE_ACTIONS)),
            summary=f"{listed(patterns, 4)} in {grant.policy.name}#{grant.statement.label} {verb} in "
            f"{listed(short_actions(actions), 4)} for {named(people)}.",
            mend=_mend(survey, grant, patterns),
            statements=grant.evidence(),
            details=[f"takes in: {', '.join(short_actions(actions))}"],
            witness=found.witness(survey, grant),
            principals=people,
            organizations=found.organizations,
            actions=actions,
        )


def _weight(grant: Grant, patterns: list[str], grave: bool) -> Weight:
    if any(_is_administrator(pattern) for pattern in patterns):
        return Weight(FindingSeverity.LOW, "This is what administrators of the whole account have.")
    if any(_is_whole(pattern) for pattern in patterns):
        return Weight(FindingSeverity.MEDIUM, "All of a service is more than any one task takes.")
    if grant.is_managed_by_aws:
        return Weight(FindingSeverity.LOW, "AWS wrote the policy for this, and its name says so.")
    if grave:
        return Weight(FindingSeverity.HIGH, "The pattern takes in actions that end in reading mail.")
    return Weight(FindingSeverity.MEDIUM, "The pattern takes in actions that do harm.")


def _is_administrator(pattern: str) -> bool:
    return set(pattern) <= set("*:?")


def _is_whole(pattern: str) -> bool:
    return set(pattern.partition(":")[2]) <= {"*"}


def _mend(survey: Survey, grant: Grant, patterns: list[str]) -> Mend:
    if grant.is_managed_by_aws:
        return survey.mend("", [PolicyChange(grant.policy, ())])
    if any(_is_administrator(pattern) for pattern in patterns):
        return Mend(
            why_not="it is meant for administrators, and every service's actions would have to be listed",
            instead="keep the list of those who have it short, and let nobody use it day by day",
        )
    names: dict[str, None] = {}
    for pattern in grant.statement.actions or ():
        if pattern in patterns:
            names.update(dict.fromkeys(actions_of(ACTIONS.of(pattern) & ~HARMFUL_ACTIONS)))
        else:
            names[pattern] = None
    if not names:
        return survey.mend(
            f"take statement {grant.statement.label} out: {listed(patterns, 4)} takes in nothing but "
            "such actions",
            [PolicyChange(policy, without_statement(policy, grant.statement)) for policy in grant.policies],
            instead="add by name what of them is needed",
            people=grant.people,
        )
    change = {"op": "replace", "path": f"{grant.statement.pointer}/Action", "value": list(names)}
    return survey.mend(
        f"write the actions of {listed(patterns, 4)} by name, without those that open or harm mail",
        [PolicyChange(policy, (change,)) for policy in grant.policies],
        instead="add by name what of them is needed",
        people=grant.people,
    )


# -- resources --------------------------------------------------------------


def _anywhere(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for grant in survey.grants:
        statement = grant.statement
        patterns = [p for p in statement.resources or () if _reach(p)]
        if not patterns or statement.not_actions is not None or grant.is_managed_by_aws:
            continue
        if set(patterns) & set(_EVERYTHING) and any(_is_administrator(p) for p in statement.actions or ()):
            # An administrator's statement is a finding of its own.
            continue
        found = gathered(survey, grant, GRAVE_ACTIONS)
        if len(found.organizations) < 2 and not any(
            survey.organizations[arn].stand_in for arn in found.organizations
        ):
            # There is just one organization to reach, and no sign of others.
            continue
        people = grant.of(found.members)
        reach = listed(dict.fromkeys(_reach(pattern) for pattern in patterns))
        yield rule.finding(
            statement_identity(grant.policies, statement),
            weight=Weight(
                FindingSeverity.LOW,
                "Every organization that there is, or will be, is reached; tasks are seldom about all "
                "of them.",
            ),
            summary=f"{grant.policy.name}#{statement.label} lets {named(people)} reach mail of organizations "
            f"in {reach}: {listed(survey.label(arn) for arn in found.organizations)}.",
            mend=_arns_mend(survey, grant, patterns, found.organizations),
            statements=grant.evidence(),
            witness=found.witness(survey, grant),
            principals=people,
            organizations=found.organizations,
            actions=actions_of(found.actions),
        )


def _reach(pattern: str) -> str:
    """Return what a Resource pattern of organizations reaches beyond one region or account; else ""."""
    if pattern in _EVERYTHING:
        return "any region and account"
    fields = pattern.split(":", 5)
    if len(fields) < 6 or fields[0] != "arn" or fields[2] not in ("workmail", "*"):
        return ""
    wide = [what for what, text in (("region", fields[3]), ("account", fields[4])) if set(text) <= {"*"}]
    if not wide or "*" not in fields[5]:
        return ""
    return "any " + " and ".join(wide)


def _arns_mend(survey: Survey, grant: Grant, patterns: list[str], organizations: dict[str, None]) -> Mend:
    if ACTIONS.union(grant.statement.actions or ()) & (ACTIONS.wildcard_only | ACTIONS.message):
        return Mend(
            why_not="the statement also has actions that take no organization, and would lose them",
            instead="give the actions on organizations a statement of their own that names their ARNs",
        )
    services = {pattern.partition(":")[0].lower() for pattern in grant.statement.actions or ()}
    if services - {"workmail"}:
        return Mend(
            why_not="the statement is about other services as well, whose resources are not known here",
            instead="give the actions of workmail a statement of their own that names the organizations",
        )
    named_already = [p for p in grant.statement.resources or () if p not in patterns]
    real = [arn for arn in organizations if not survey.organizations[arn].stand_in]
    if not real:
        return Mend(why_not="no file lists the organizations that there are", instead="name their ARNs")
    change = {
        "op": "replace",
        "path": f"{grant.statement.pointer}/Resource",
        "value": [*named_already, *real],
    }
    return survey.mend(
        "name the organizations that there are; better, only those that the task is about",
        [PolicyChange(policy, (change,)) for policy in grant.policies],
        people=grant.people,
    )


RULES = (
    Rule(
        "wildcard-capability",
        "A wildcard takes in actions that open or harm mail",
        "An Action with * or ? grants capabilities that the statement does not name.",
        "What is not named was hardly thought of. High where a narrow pattern, such as workmail:Put*, "
        "takes in "
        "what ends in reading mail; medium for all of WorkMail and for other harm; low for administrators of "
        "the whole account.",
        "IAM User Guide, IAM JSON policy elements: Action; Grant least privilege",
        _wildcard_actions,
    ),
    Rule(
        "any-region-or-account",
        "Mail is reached in any region or account",
        "A Resource of * , or an ARN without region or account, lets a statement reach the mail of several "
        "organizations, or of some that no file lists.",
        "Low: it is wider than most tasks, and organizations made later are reached at once. Statements of "
        "whole-account administrators, of NotAction, and of policies that AWS manages are left to other "
        "rules.",
        "Service Authorization Reference, Amazon WorkMail, resource types; IAM User Guide, IAM JSON policy "
        "elements: Resource",
        _anywhere,
    ),
)
