"""The end of WorkMail: who can take the mail out before, and what is left over after.

Source: Amazon WorkMail Administrator Guide, "Amazon WorkMail end of support".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from wmiam.engine.diagrams import FALSE
from wmiam.estate.model import Organization, Principal, PrincipalKind
from wmiam.findings.documents import statement_identity, without_statement
from wmiam.findings.mend import Mend, PolicyChange
from wmiam.findings.model import Finding, FindingSeverity
from wmiam.findings.rule import Rule, Weight, listed, named
from wmiam.findings.rules.dependents import may_pass_export_role
from wmiam.findings.survey import Grant, Survey
from wmiam.findings.weights import END_OF_SUPPORT
from wmiam.policy.model import Statement
from wmiam.policy.patterns import ascii_lower
from wmiam.policy.values import parse_date
from wmiam.views.text import count

__all__ = ["RULES"]

_EXPORT = "workmail:StartMailboxExportJob"
_TIMES = ("aws:currenttime", "aws:epochtime")
_END = date.fromisoformat(END_OF_SUPPORT)


def _no_way_out(rule: Rule, survey: Survey) -> Iterator[Finding]:
    """Yield the organizations of which nobody can export the mail."""
    if survey.today > _END:
        return
    read = {account.id for account in survey.estate.accounts.values() if account.has_iam}
    exporters = _exporters(survey)
    stuck = [
        o
        for o in survey.estate.organizations
        if not o.stand_in and not o.is_deleted and o.account in read and o.arn not in exporters
    ]
    for account in sorted({o.account for o in stuck}):
        mine: list[Organization] = [o for o in stuck if o.account == account]
        yield rule.finding(
            account,
            [o.arn for o in mine],
            weight=Weight(
                FindingSeverity.MEDIUM,
                f"After {END_OF_SUPPORT} the mail can no longer be reached, and exports take time.",
            ),
            summary=f"Nobody can export the mail of {listed(o.label for o in mine)} (account {account}): "
            "no user "
            f"or role may both start an export and pass a role to it.",
            mend=Mend(
                why_not="a way out must be granted, and a mend here only takes away",
                instead=f"decide who exports; allow {_EXPORT} and iam:PassRole on a role that trusts "
                "export.workmail.amazonaws.com, for as long as it takes",
            ),
            organizations=[o.arn for o in mine],
            actions=[_EXPORT],
        )


def _exporters(survey: Survey) -> dict[str, list[Principal]]:
    """Return who can export the mail of each organization: start the job, and pass a role to it."""
    bit = survey.bits(_EXPORT)
    found: dict[str, list[Principal]] = {}
    for members, people in survey.people.items():
        if members.principal.kind is PrincipalKind.ROOT:
            continue
        resources = 0
        for mask, cells in members.allowed:
            if any(actions & bit for actions, _ in cells):
                resources |= mask & members.scope.relevant(bit)
        if not resources:
            continue
        able = [person for person in people if may_pass_export_role(survey, person)]
        if able:
            for arn in survey.organizations_in(members, resources):
                found.setdefault(arn, []).extend(able)
    return found


def _left_over(rule: Rule, survey: Survey) -> Iterator[Finding]:
    after = survey.access.given({"aws:CurrentTime": f"{END_OF_SUPPORT}T23:59:59Z"})
    over = survey.today > _END
    accounts: dict[str, list[str]] = {}
    for members, people in survey.people.items():
        if members.principal.kind in (PrincipalKind.ROOT, PrincipalKind.SERVICE_LINKED_ROLE):
            continue
        d = survey.space.diagrams
        if any(
            mask & other and d.both(contexts, within) != FALSE
            for mask, within in after.fixed.within(members)
            for other, cells in members.allowed
            for _, contexts in cells
        ):
            accounts.setdefault(members.principal.account, []).extend(p.arn for p in people)
    with_mail = {o.account for o in survey.estate.organizations if not o.is_deleted}
    for account, arns in sorted(accounts.items()):
        if account not in with_mail:
            continue
        grants = [
            grant
            for grant in survey.grants
            if grant.given and any(principal.account == account for principal in grant.people)
        ]
        policies = {grant.policy.key: grant for grant in grants}
        yield rule.finding(
            account,
            weight=Weight(
                FindingSeverity.MEDIUM if over else FindingSeverity.INFO,
                "The service is gone, and the permissions are of no use to anybody but whoever finds them."
                if over
                else f"They are needed until {END_OF_SUPPORT}, and can go after.",
            ),
            summary=f"{count(len(arns), 'principal')} of account {account} "
            f"{'still hold' if over else 'will still hold'} permissions of WorkMail after {END_OF_SUPPORT}, "
            f"by {count(len(policies), 'policy', 'policies')}.",
            mend=Mend(
                why_not="they are needed as long as the mail is there"
                if not over
                else "the policies also say what other services allow, and must be gone through",
                instead="write a date condition on aws:CurrentTime into what is granted from now on, "
                "and take "
                f"the policies away after {END_OF_SUPPORT}",
            ),
            statements=[
                grant.evidence()[0]
                for grant in sorted(policies.values(), key=lambda grant: grant.is_managed_by_aws)
            ],
            principals=arns,
        )


def _dated(rule: Rule, survey: Survey) -> Iterator[Finding]:
    now = datetime(survey.today.year, survey.today.month, survey.today.day, tzinfo=UTC).timestamp()
    end = datetime(_END.year, _END.month, _END.day, tzinfo=UTC).timestamp() + 86400
    for grant in survey.grants:
        until = _until(grant.statement)
        if until is None or (now <= until <= end):
            continue
        expired = until < now
        people = [principal.arn for principal in grant.people]
        when = datetime.fromtimestamp(until, UTC).date().isoformat()
        yield rule.finding(
            statement_identity(grant.policies, grant.statement),
            "expired" if expired else "outlives",
            weight=Weight(
                FindingSeverity.LOW if not expired else FindingSeverity.INFO,
                "It is granted for longer than there is a service."
                if not expired
                else "Nobody gains by it any more; it only hides what counts.",
            ),
            summary=f"{grant.policy.name}#{grant.statement.label} grants {named(people, 4)} until {when}, "
            + (
                f"which is past on {survey.today}."
                if expired
                else f"after the end of WorkMail on {END_OF_SUPPORT}."
            ),
            mend=_shorter(survey, grant, expired),
            statements=grant.evidence("/Condition")[: len(grant.policies)],
            principals=people,
        )


def _until(statement: Statement) -> float | None:
    """Return the moment until which a statement's conditions let it apply; None for no such moment."""
    found: list[float] = []
    for row in statement.conditions:
        if ascii_lower(row.key) in _TIMES and row.operator.base in (
            "DateLessThan",
            "DateLessThanEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
        ):
            moments = [float(value) for text in row.values if (value := parse_date(text)) is not None]
            if moments:
                # The values of a row are alternatives, its rows are not.
                found.append(max(moments))
    return min(found) if found else None


def _shorter(survey: Survey, grant: Grant, expired: bool) -> Mend:
    if expired:
        return survey.mend(
            f"take statement {grant.statement.label} out, which is past",
            [PolicyChange(p, without_statement(p, grant.statement)) for p in grant.policies],
            people=grant.people,
        )
    rows: dict[str, dict[str, object]] = {}
    for row in grant.statement.conditions:
        dated = ascii_lower(row.key) in _TIMES and "LessThan" in row.operator.base
        value: object = list(row.values)
        if dated and ascii_lower(row.key) == "aws:currenttime" and row.operator.base.startswith("Date"):
            value = f"{END_OF_SUPPORT}T23:59:59Z"
        rows.setdefault(row.written or str(row.operator), {})[row.key] = value
    change = {"op": "replace", "path": f"{grant.statement.pointer}/Condition", "value": rows}
    return survey.mend(
        f"let it end on {END_OF_SUPPORT}",
        [PolicyChange(policy, (change,)) for policy in grant.policies],
        people=grant.people,
    )


RULES = (
    Rule(
        "no-way-out",
        "Nobody can export the mail before WorkMail ends",
        "No user or role may start an export of an organization's mailboxes and pass it a role.",
        f"Medium: WorkMail ends on {END_OF_SUPPORT}. Not looked for after that day.",
        "Amazon WorkMail Administrator Guide, Amazon WorkMail end of support; Exporting mailbox content",
        _no_way_out,
    ),
    Rule(
        "dated-grant",
        "A grant ends before today, or after WorkMail does",
        "A statement's date condition is past, or lies after the end of the service.",
        "Low where it outlives the service; info where it is past.",
        "Amazon WorkMail Administrator Guide, Amazon WorkMail end of support; IAM User Guide, Date condition "
        "operators",
        _dated,
    ),
    Rule(
        "left-after-end",
        "Permissions of WorkMail outlive the service",
        "Who still holds permissions after the last day, and by which policies.",
        f"Info until {END_OF_SUPPORT}, a list of what can go then; medium after it.",
        "Amazon WorkMail Administrator Guide, Amazon WorkMail end of support",
        _left_over,
    ),
)
