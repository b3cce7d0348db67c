"""Statements that ask for too little: no MFA, no id of an impersonation role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from wmiam.engine.diagrams import FALSE
from wmiam.engine.layers import PrincipalClass
from wmiam.estate.model import Organization, PrincipalKind
from wmiam.findings.documents import statement_identity, with_statement
from wmiam.findings.mend import Mend, PolicyChange
from wmiam.findings.model import Finding, FindingSeverity, WitnessRequest
from wmiam.findings.rule import Rule, Weight, listed, named, short_actions
from wmiam.findings.survey import Grant, Survey
from wmiam.findings.weights import GRAVE_ACTIONS, HARMFUL_ACTIONS, actions_of
from wmiam.policy.model import Statement
from wmiam.policy.patterns import ascii_lower
from wmiam.policy.values import parse_bool

__all__ = ["MFA", "NETWORK", "RULES", "Remarkable", "gathered", "with_mfa"]

ASSUME = "workmail:AssumeImpersonationRole"
ROLE_ID = "workmail:ImpersonationRoleId"
MFA = "aws:MultiFactorAuthPresent"
#: Keys that tell from which network a request comes.
NETWORK = ("aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce")


@dataclass(slots=True)
class Remarkable:
    """What of a grant is remarkable, and for whom.

    Parameters
    ----------
    members : dict
        Classes of principals.
    actions : int
        Set of actions.
    organizations : dict
        ARNs of organizations.
    example : tuple or None
        A class with resources, actions and contexts that show it.
    """

    members: dict[PrincipalClass, None] = field(default_factory=dict)
    actions: int = 0
    organizations: dict[str, None] = field(default_factory=dict)
    example: tuple[PrincipalClass, int, int, int] | None = None

    def add(
        self, survey: Survey, members: PrincipalClass, resources: int, actions: int, contexts: int
    ) -> None:
        """Take note of something; arguments as of :class:`~wmiam.findings.survey.Given`."""
        self.members[members] = None
        self.actions |= actions
        self.organizations.update(dict.fromkeys(survey.organizations_in(members, resources)))
        if self.example is None or _weigh(actions) > _weigh(self.example[2]):
            self.example = (members, resources, actions, contexts)

    def witness(self, survey: Survey, grant: Grant) -> WitnessRequest | None:
        """Return a request that shows it."""
        if self.example is None:
            return None
        members, resources, actions, contexts = self.example
        return survey.witness(grant.holders[members][0], actions, resources, contexts)


def _weigh(actions: int) -> int:
    return bool(actions & HARMFUL_ACTIONS) + bool(actions & GRAVE_ACTIONS)


def gathered(survey: Survey, grant: Grant, wanted: int, *, users: bool = False) -> Remarkable:
    """Return what a grant gives of some actions on organizations that are there.

    Parameters
    ----------
    survey : Survey
        The estate.
    grant : Grant
        The statement.
    wanted : int
        Set of actions.
    users : bool
        Whether only what users may do without MFA counts.
    """
    found = Remarkable()
    for given in grant.given:
        if users and given.members.principal.kind is not PrincipalKind.USER:
            continue
        resources, actions = given.narrowed(wanted)
        resources = survey.living(given.members, resources)
        contexts = survey.without_mfa(given.contexts) if users else given.contexts
        if resources and actions and contexts != FALSE:
            found.add(survey, given.members, resources, actions, contexts)
    return found


# -- MFA --------------------------------------------------------------------


def _without_mfa(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for grant in survey.grants:
        found = gathered(survey, grant, GRAVE_ACTIONS, users=True)
        if not found.actions:
            continue
        people = grant.of(found.members)
        actions = actions_of(found.actions)
        verb = "has" if len(people) == 1 else "have"
        yield rule.finding(
            statement_identity(grant.policies, grant.statement),
            weight=_mfa_weight(survey, found),
            summary=f"{named(people)} {verb} {listed(short_actions(actions), 4)} without MFA by "
            f"{grant.policy.name}#{grant.statement.label}.",
            mend=_mfa_mend(survey, grant),
            statements=grant.evidence(),
            witness=found.witness(survey, grant),
            principals=people,
            organizations=found.organizations,
            actions=actions,
        )


def _mfa_weight(survey: Survey, found: Remarkable) -> Weight:
    if found.example is not None and any(survey.depends_on(found.example[3], key) for key in NETWORK):
        return Weight(
            FindingSeverity.MEDIUM,
            "No second factor is asked for, but the request must come from a certain network.",
        )
    return Weight(
        FindingSeverity.HIGH,
        "A leaked access key or password is enough to read mail: no second factor is asked for.",
    )


def _mfa_mend(survey: Survey, grant: Grant) -> Mend:
    holders = grant.people
    if any(principal.kind is not PrincipalKind.USER for principal in holders):
        return Mend(
            why_not="roles hold the policy as well, whose sessions carry no MFA of their own: with the "
            "condition they would lose everything that the statement gives",
            instead="give users and roles policies of their own, and ask for MFA in those of the users",
        )
    if any(
        ascii_lower(row.key) == ascii_lower(MFA)
        and row.written == "Bool"
        and True not in map(parse_bool, row.values)
        for row in grant.statement.conditions
    ):
        return Mend(why_not="the statement is for sessions without MFA, and with MFA nothing of it is left")
    return survey.mend(
        f'add "Bool": {{"{MFA}": "true"}} to its Condition',
        [PolicyChange(policy, with_mfa(grant.statement)) for policy in grant.policies],
        instead="jobs that sign with access keys of a user never carry MFA: give them a role instead",
        people=holders,
    )


def with_mfa(statement: Statement) -> tuple[dict[str, object], ...]:
    """Return the patch that makes a statement ask for MFA; the other rows of its Condition stay.

    Parameters
    ----------
    statement : Statement
        The statement.
    """
    rows: dict[str, dict[str, object]] = {}
    for row in statement.conditions:
        rows.setdefault(row.written or str(row.operator), {})[row.key] = list(row.values)
    kept = {key: value for key, value in rows.get("Bool", {}).items() if ascii_lower(key) != ascii_lower(MFA)}
    rows["Bool"] = {**kept, MFA: "true"}
    operation = "replace" if statement.conditions else "add"
    return ({"op": operation, "path": f"{statement.pointer}/Condition", "value": rows},)


# -- impersonation ----------------------------------------------------------


def _any_impersonation_role(rule: Rule, survey: Survey) -> Iterator[Finding]:
    bit = survey.bits(ASSUME)
    makers = survey.bits("workmail:CreateImpersonationRole", "workmail:UpdateImpersonationRole")
    for grant in survey.grants:
        found = Remarkable()
        for given in grant.given:
            resources, actions = given.narrowed(bit)
            resources = survey.living(given.members, resources)
            if not resources or survey.depends_on(given.contexts, ascii_lower(ROLE_ID)):
                continue
            # Whoever makes or changes impersonation roles is not held by a list of them.
            for mask, cells in given.members.allowed:
                if any(allowed & makers for allowed, _ in cells):
                    resources &= ~mask
            if resources:
                found.add(survey, given.members, resources, actions, given.contexts)
        if not found.actions:
            continue
        people = grant.of(found.members)
        organizations = [survey.organizations[arn] for arn in found.organizations]
        yield rule.finding(
            statement_identity(grant.policies, grant.statement),
            weight=_role_weight(organizations),
            summary=f"{named(people)} may assume any impersonation role of "
            f"{listed(o.label for o in organizations)}: {grant.policy.name}#{grant.statement.label} "
            f"does not ask for {ROLE_ID}.",
            mend=_role_mend(survey, grant, organizations),
            statements=grant.evidence(),
            details=[
                f"{o.label}: {listed(f'{role.name} ({role.type})' for role in o.impersonation_roles)}"
                for o in organizations
                if o.impersonation_roles
            ],
            witness=found.witness(survey, grant),
            principals=people,
            organizations=found.organizations,
            actions=[ASSUME],
        )


def _role_weight(organizations: list[Organization]) -> Weight:
    if all(organization.impersonation_roles == () for organization in organizations):
        return Weight(
            FindingSeverity.LOW, "There is no impersonation role yet; one made later is open at once."
        )
    return Weight(
        FindingSeverity.MEDIUM,
        "Each impersonation role opens the mailboxes that its rules name, and more come.",
    )


def _role_mend(survey: Survey, grant: Grant, organizations: list[Organization]) -> Mend:
    roles = [o.impersonation_roles for o in organizations]
    if any(found is None for found in roles):
        return Mend(
            why_not="no file lists the impersonation roles of every organization concerned",
            instead=f"add a Condition on {ROLE_ID} with the ids that are needed",
        )
    ids = sorted({role.id for found in roles for role in found or ()})
    if not ids:
        deny: dict[str, object] = {"Effect": "Deny", "Action": ASSUME, "Resource": "*"}
    else:
        deny = {
            "Effect": "Deny",
            "Action": ASSUME,
            "Resource": "*",
            "Condition": {"StringNotEquals": {ROLE_ID: ids}},
        }
    return survey.mend(
        f"deny {ASSUME} for every id but those that there are now; better, list only the needed ones"
        if ids
        else f"deny {ASSUME}, since there is no impersonation role",
        [PolicyChange(policy, with_statement(policy, deny)) for policy in grant.policies],
        people=grant.people,
    )


RULES = (
    Rule(
        "access-without-mfa",
        "Mail can be reached without MFA",
        "A user may read mail, take over a mailbox or export without multi-factor authentication, long-term "
        "access keys included.",
        "High: an access key or a password that leaks is then enough; medium where the request must "
        "come from "
        "a certain network. Roles are left out, since sessions of "
        "AssumeRole carry no MFA of their own (who may assume a role without MFA is part of its trust "
        "policy), "
        "and so are account root users, whom only service control policies limit.",
        "IAM User Guide, Configuring MFA-protected API access",
        _without_mfa,
    ),
    Rule(
        "any-impersonation-role",
        "Any impersonation role may be assumed",
        f"A statement allows {ASSUME} whatever the role's id is.",
        "Medium: whoever needs one impersonation role gets all, those made later included; low where "
        "there is "
        "none yet. Those who may make or change impersonation roles on the same organization are left "
        "out: no "
        "list of ids would hold them.",
        "Amazon WorkMail Administrator Guide, Managing impersonation roles; Service Authorization Reference, "
        "Amazon WorkMail, condition keys",
        _any_impersonation_role,
    ),
)
