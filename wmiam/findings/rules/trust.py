"""Trust policies: roles that anybody, another company, or a whole other account may assume, and deputies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, Principal, PrincipalKind
from wmiam.findings.documents import statement_identity
from wmiam.findings.mend import Mend, MendCheck, PolicyChange
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence
from wmiam.findings.rule import Rule, Weight, listed, named, short_actions
from wmiam.findings.survey import Survey
from wmiam.findings.weights import GRAVE_ACTIONS, actions_of
from wmiam.graph.assume import AssumeEdge, Assumptions
from wmiam.graph.callers import ANY_ACCOUNT
from wmiam.policy.lint_conditions import holds_when_absent
from wmiam.policy.model import Effect, Statement
from wmiam.policy.patterns import ascii_lower
from wmiam.views.text import short_arn

__all__ = ["RULES"]

#: Services that act for customers of any account around WorkMail, and the key that tells for whom.
#: Source: Amazon WorkMail Administrator Guide, "Exporting mailbox content"; IAM User Guide, "The
#: confused deputy problem".
_DEPUTIES = {
    "export.workmail.amazonaws.com": "sts:ExternalId",
    "workmail.amazonaws.com": "aws:SourceAccount",
    "ses.amazonaws.com": "aws:SourceAccount",
    "delivery.logs.amazonaws.com": "aws:SourceAccount",
    "logs.amazonaws.com": "aws:SourceAccount",
    "firehose.amazonaws.com": "aws:SourceAccount",
}
_TELLING = frozenset(
    {"sts:externalid", "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}
)
_EXTERNAL_ID = "sts:externalid"
#: The role that AWS Organizations makes in a new account for its management account.
_OF_ORGANIZATIONS = "OrganizationAccountAccessRole"


def _roles(survey: Survey) -> Iterator[tuple[Principal, Policy, Statement]]:
    """Yield every Allow statement of every trust policy; service-linked roles are AWS's own matter."""
    for role in survey.estate.principals:
        policy = role.trust
        if policy is None or policy.document is None or role.kind is PrincipalKind.SERVICE_LINKED_ROLE:
            continue
        for statement in policy.document.statements:
            if statement.effect is Effect.ALLOW:
                yield role, policy, statement


# -- deputies ---------------------------------------------------------------


def _deputies(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for role, policy, statement in _roles(survey):
        services = [s for s in (statement.principal.service if statement.principal else ()) if s in _DEPUTIES]
        rows = [row for row in statement.conditions if ascii_lower(row.key) in _TELLING]
        if not services or any(not holds_when_absent(row) for row in rows):
            continue
        key = _DEPUTIES[services[0]]
        yield rule.finding(
            statement_identity([policy], statement),
            weight=Weight(
                FindingSeverity.MEDIUM,
                "A customer of another account who knows the role's ARN can have the service use it.",
            ),
            summary=f"{role.name} lets {listed(services)} assume it for anybody's account: its trust policy "
            f"asks for neither {key} nor another key that tells for whom.",
            mend=_narrowed(survey, role, policy, statement, key, role.account),
            statements=[StatementEvidence(policy, statement.label, (statement.pointer,))],
            principals=[role.arn],
        )


def _narrowed(
    survey: Survey, role: Principal, policy: Policy, statement: Statement, key: str, value: str
) -> Mend:
    block: dict[str, dict[str, object]] = {}
    for row in statement.conditions:
        block.setdefault(row.written or str(row.operator), {})[row.key] = list(row.values)
    equal = block.setdefault("StringEquals", {})
    if ascii_lower(key) in {ascii_lower(known) for known in equal}:
        return Mend(why_not=f"the statement has a condition on {key} already, which lets its absence pass")
    equal[key] = value
    operation = "replace" if statement.conditions else "add"
    change = {"op": operation, "path": f"{statement.pointer}/Condition", "value": block}
    return Mend(
        f'add "StringEquals": {{"{key}": "{value}"}} to its Condition',
        [PolicyChange(policy, (change,))],
        estate=survey.estate,
        people=[role],
        check=assumed,
    )


def assumed(before: Estate, after: Estate) -> MendCheck:
    """Return what a change of trust policies does to who can assume the roles.

    Parameters
    ----------
    before, after : Estate
        The roles and those who may assume them, as they are and as they would be.
    """
    old, new = ({(e.source, e.target, e.action): e for e in Assumptions(s).edges} for s in (before, after))
    changed = [key for key, edge in old.items() if key not in new or new[key].conditions != edge.conditions]
    rows = tuple(_row(key, new.get(key)) for key in changed[:5])
    sources = {key[0] for key in changed}
    known = {principal.arn for principal in before.principals}
    return MendCheck(
        sum(key not in old for key in new), len(changed), 0, tuple(sorted(sources & known)), rows
    )


def _row(key: tuple[str, str, str], left: AssumeEdge | None) -> str:
    now = "no longer" if left is None else f"only {', '.join(left.conditions)}"
    return f"{short_arn(key[0])} assumes {short_arn(key[1])} {now}"


# -- other accounts ---------------------------------------------------------


def _trusted_accounts(rule: Rule, survey: Survey) -> Iterator[Finding]:
    inside = {account.id for account in survey.estate.accounts.values() if account.has_iam}
    tree = survey.estate.aws_organization
    inside |= set(tree.targets) if tree is not None else set()
    for role, policy, statement in _roles(survey):
        names = statement.principal.aws if statement.principal is not None else ()
        accounts = {_account(name) for name in names} - {"", role.account}
        whole = {_account(name) for name in names if _is_account(name)} - {"", role.account}
        if not accounts and "*" not in names:
            continue
        # The rest of the estate makes no difference to who assumes this role.
        callers = [p for account in whole for p in survey.people_of.get(account, ())]
        few = tuple(sorted([role, *callers], key=lambda p: p.arn))
        part = replace(survey.estate, principals=few, diagnostics=())
        assumptions = Assumptions(part)
        edges = [edge for edge in assumptions.edges if edge.target == role.arn and _is_from(edge, statement)]
        for source in ("*", *sorted(accounts)):
            found = [edge for edge in edges if edge.source == source]
            if found and (source == ANY_ACCOUNT or source not in inside):
                outcome = assumptions.outcome(found[0])
                dimension = outcome.space.dimensions.get(_EXTERNAL_ID)
                asks = dimension is not None and not set(dimension.variables).isdisjoint(
                    outcome.space.diagrams.support(outcome.contexts)
                )
                if source == ANY_ACCOUNT or not asks:
                    yield _outside(rule, survey, role, policy, statement, source, found[0])
        people = [e for e in edges if e.grant == "account" and e.source != role.arn and not e.same_account]
        people = [e for e in people if e.source.startswith("arn:")]
        # A role that holds nothing of WorkMail is no matter of this report.
        if people and whole & inside and survey.harmful(role.arn):
            yield _whole_account(rule, survey, role, policy, statement, sorted(whole & inside), people)


def _account(name: str) -> str:
    if name.isdecimal() and len(name) == 12:
        return name
    fields = name.split(":")
    return fields[4] if len(fields) >= 6 else ""


def _is_account(name: str) -> bool:
    return name.isdecimal() or name.endswith(":root")


def _is_from(edge: AssumeEdge, statement: Statement) -> bool:
    return any(cause.statement is statement for cause in edge.trust)


def _outside(
    rule: Rule,
    survey: Survey,
    role: Principal,
    policy: Policy,
    statement: Statement,
    source: str,
    edge: AssumeEdge,
) -> Finding:
    held = survey.harmful(role.arn)
    anybody = source == ANY_ACCOUNT
    severity = (
        (FindingSeverity.CRITICAL if held else FindingSeverity.HIGH)
        if anybody
        else FindingSeverity.HIGH
        if held & GRAVE_ACTIONS
        else FindingSeverity.MEDIUM
        if held
        else FindingSeverity.LOW
    )
    who = "Any AWS account" if anybody else f"Account {source}, which is not of the organization,"
    gives = f"; the role may {listed(short_actions(actions_of(held)), 4)}" if held else ""
    when = f" ({'; '.join(edge.conditions)})" if edge.conditions else ""
    return rule.finding(
        statement_identity([policy], statement),
        source,
        weight=Weight(
            severity,
            "Anybody with an AWS account may assume the role."
            if anybody
            else "Without an external id, whoever else the other account works for can have it use the role.",
        ),
        summary=f"{who} may assume {role.name}{when}{gives}.",
        mend=Mend(
            why_not="whom the role is meant for is not known"
            if anybody
            else "the other side must send the external id that is agreed upon",
            instead="name those who may assume it in Principal"
            if anybody
            else 'agree on an external id, and add "StringEquals": {"sts:ExternalId": "…"} to its Condition',
        ),
        statements=[StatementEvidence(policy, statement.label, (statement.pointer,))],
        details=[edge.reason],
        principals=[role.arn],
        actions=actions_of(held),
    )


def _whole_account(
    rule: Rule,
    survey: Survey,
    role: Principal,
    policy: Policy,
    statement: Statement,
    accounts: list[str],
    edges: list[AssumeEdge],
) -> Finding:
    held = survey.harmful(role.arn)
    callers = sorted({edge.source for edge in edges})
    usual = role.name == _OF_ORGANIZATIONS
    severity = (
        FindingSeverity.LOW
        if usual
        else FindingSeverity.HIGH
        if held & GRAVE_ACTIONS
        else FindingSeverity.MEDIUM
    )
    gives = f"; it may {listed(short_actions(actions_of(held)), 4)}"
    reason = (
        "It is the role that AWS Organizations makes in each account; whoever administers the management "
        "account has it."
        if usual
        else "Whom it admits is decided in the other account, by everybody who grants sts:AssumeRole there."
    )
    return rule.finding(
        statement_identity([policy], statement),
        "account",
        weight=Weight(severity, reason),
        summary=f"{role.name} of account {role.account} trusts all of account {listed(accounts)}: "
        f"{named(callers)} may assume it{gives}.",
        mend=_named(survey, role, policy, statement, callers),
        statements=[
            StatementEvidence(policy, statement.label, (statement.pointer, f"{statement.pointer}/Principal"))
        ],
        details=[edge.reason for edge in edges[:6]],
        principals=[role.arn, *callers],
        actions=actions_of(held),
    )


def _named(survey: Survey, role: Principal, policy: Policy, statement: Statement, callers: list[str]) -> Mend:
    element = statement.principal
    if element is None or element.service or element.federated or "*" in element.aws:
        return Mend(why_not="the statement is about others as well, and would have to be parted")
    kept = [name for name in element.aws if not _is_account(name) or _account(name) == role.account]
    change = {
        "op": "replace",
        "path": f"{statement.pointer}/Principal",
        "value": {"AWS": [*kept, *callers]},
    }
    known = {principal.arn: principal for principal in survey.estate.principals}
    accounts = {_account(name) for name in element.aws}
    people = [p for p in known.values() if p.account in accounts or p is role]
    return Mend(
        "name those who can assume it now; better, only those who are meant",
        [PolicyChange(policy, (change,))],
        instead="an ARN in a trust policy is bound to the principal that has it now: one made anew under the "
        "same name is not admitted",
        estate=survey.estate,
        people=people,
        check=assumed,
    )


RULES = (
    Rule(
        "trusts-other-account",
        "A role trusts a whole other account, or anybody",
        "A trust policy lets any account assume a role, or one outside the organization without an "
        "external id, "
        "or every principal of another account that is allowed to.",
        "Critical where anybody reaches mail; high where the role can read mail and another account "
        "decides who "
        "has it; medium for other harm; low for the role that AWS Organizations makes. Roles that hold "
        "nothing of "
        "WorkMail are left out, unless somebody outside the organization may assume them.",
        "IAM User Guide, AWS JSON policy elements: Principal; How to use an external ID when granting "
        "access to "
        "your AWS resources to a third party",
        _trusted_accounts,
    ),
    Rule(
        "confused-deputy",
        "A service may use a role for anybody",
        "A trust policy lets a service that acts for many customers assume a role without asking for whom.",
        "Medium. The export service of WorkMail and services that carry its events and mail are looked at; "
        "services that only run code of the account itself, such as Lambda and EC2, need no such condition.",
        "IAM User Guide, The confused deputy problem; Amazon WorkMail Administrator Guide, Exporting mailbox "
        "content",
        _deputies,
    ),
)
