"""Roles that hold capabilities and that users may assume without MFA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from wmiam.conditions.words import witness
from wmiam.engine.diagrams import FALSE
from wmiam.engine.space import MFA_AGE, MFA_PRESENT, Space
from wmiam.estate.model import Policy, Principal, PrincipalKind
from wmiam.findings.documents import statement_identity, statement_key
from wmiam.findings.mend import Mend, PolicyChange
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence, WitnessRequest
from wmiam.findings.rule import Rule, Weight, listed, named, short_actions
from wmiam.findings.rules.grants import MFA, NETWORK, with_mfa
from wmiam.findings.rules.trust import assumed
from wmiam.findings.survey import Survey
from wmiam.findings.weights import GRAVE_ACTIONS, HARMFUL_ACTIONS, actions_of
from wmiam.graph.assume import AssumeEdge, Assumptions
from wmiam.graph.escalate import escalations
from wmiam.policy.lint_conditions import holds_when_absent
from wmiam.policy.model import Statement
from wmiam.policy.patterns import ascii_lower

__all__ = ["RULES"]


@dataclass(slots=True)
class _Admission:
    """Who may assume roles by copies of one statement, without MFA.

    ``users`` are edges by their source; ``others`` are the sources that are no users.
    """

    statement: Statement
    roles: dict[str, tuple[Principal, Policy, Statement]] = field(default_factory=dict)
    users: dict[str, AssumeEdge] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)


def _without_mfa(rule: Rule, survey: Survey) -> Iterator[Finding]:
    assumptions = escalations(survey.access).assumptions
    people = {principal.arn: principal for principal in survey.estate.principals}
    harm = _Harm(survey, assumptions)
    found: dict[tuple[str, str], _Admission] = {}
    for edge in assumptions.edges:
        role = people[edge.target]
        if role.kind is not PrincipalKind.ROLE or not harm.of(role.arn):
            continue
        source = people.get(edge.source)
        is_user = source is not None and source.kind is PrincipalKind.USER
        if is_user and _contexts(assumptions, edge) == FALSE:
            continue
        for cause in edge.trust:
            if not _asks_for_mfa(cause.statement):
                key = (role.account, statement_key(cause.statement))
                admission = found.setdefault(key, _Admission(cause.statement))
                admission.roles[role.arn] = (role, cause.policy, cause.statement)
                if is_user:
                    admission.users.setdefault(edge.source, edge)
                else:
                    admission.others[edge.source] = None
    for admission in found.values():
        if admission.users:
            yield _finding(rule, survey, assumptions, admission, harm)


def _contexts(assumptions: Assumptions, edge: AssumeEdge) -> int:
    """Return the contexts in which a role can be assumed without MFA."""
    outcome = assumptions.outcome(edge)
    return _not_with_mfa(outcome.space, outcome.contexts)


def _not_with_mfa(space: Space, contexts: int) -> int:
    dimension = space.dimensions.get(MFA_PRESENT)
    if dimension is None:
        return contexts
    true = 1 << dimension.groups[0].witnesses.index("true")
    return space.diagrams.minus(contexts, space.diagrams.literal(dimension.variables[0], true))


def _asks_for_mfa(statement: Statement) -> bool:
    """Whether a statement has a condition that only requests with MFA meet, which the estate decides."""
    return any(
        ascii_lower(row.key) in (MFA_PRESENT, MFA_AGE) and not holds_when_absent(row)
        for row in statement.conditions
    )


class _Harm:
    """What roles are allowed to do in a session that carries no MFA, themselves and by roles after them."""

    def __init__(self, survey: Survey, assumptions: Assumptions) -> None:
        self._survey = survey
        self._next: dict[str, list[str]] = {}
        for edge in assumptions.edges:
            # A session that was started without MFA has to be enough.
            if edge.chained is not None and edge.trust:
                self._next.setdefault(edge.source, []).append(edge.target)
        self._found: dict[str, int] = {}
        self._own: dict[str, int] = {}

    def own(self, role: str) -> int:
        """Return the harmful actions that a role is allowed itself."""
        if role not in self._own:
            survey, found = self._survey, 0
            members = survey.whole.class_of[role]
            for mask, cells in survey.whole.for_certain(members, members.allowed):
                possible = members.scope.actions(survey.living(members, mask)) & HARMFUL_ACTIONS
                for actions, contexts in cells:
                    if actions & possible and survey.without_mfa(contexts) != FALSE:
                        found |= actions & possible
            self._own[role] = found
        return self._own[role]

    def of(self, role: str) -> int:
        """Return the harmful actions that a role comes to."""
        if role not in self._found:
            found, seen, todo = 0, {role}, [role]
            while todo:
                at = todo.pop()
                found |= self.own(at)
                fresh = [arn for arn in self._next.get(at, ()) if arn not in seen]
                seen.update(fresh)
                todo += fresh
            self._found[role] = found
        return self._found[role]


def _finding(
    rule: Rule, survey: Survey, assumptions: Assumptions, admission: _Admission, harm: _Harm
) -> Finding:
    roles = [role for role, _, _ in admission.roles.values()]
    direct = by_chain = 0
    for role in roles:
        direct |= harm.own(role.arn)
        by_chain |= harm.of(role.arn)
    policies = [policy for _, policy, _ in admission.roles.values()]
    gives = f"may {listed(short_actions(actions_of(by_chain)), 4)}"
    if by_chain & ~direct:
        gives += " (by roles that it may assume)" if len(roles) == 1 else " (by roles that they may assume)"
    edge = min(admission.users.values(), key=lambda one: (bool(one.conditions), one.source))
    return rule.finding(
        statement_identity(policies, admission.statement),
        "" if len(policies) == 1 else roles[0].account,
        weight=_weight(assumptions, admission.users.values(), by_chain),
        summary=f"{named(admission.users)} may assume {named(r.arn for r in roles)} without MFA; "
        f"the role{'' if len(roles) == 1 else 's'} {gives}.",
        mend=_mend(survey, admission),
        statements=[
            StatementEvidence(policy, statement.label, (statement.pointer,))
            for _, policy, statement in admission.roles.values()
        ],
        details=[edge.reason],
        witness=_witness(assumptions, edge),
        principals=[*admission.roles, *admission.users],
        actions=actions_of(by_chain),
    )


def _weight(assumptions: Assumptions, edges: Iterable[AssumeEdge], actions: int) -> Weight:
    elsewhere = not all(_from_network(assumptions, edge) for edge in edges)
    if not actions & GRAVE_ACTIONS:
        return Weight(
            FindingSeverity.MEDIUM if elsewhere else FindingSeverity.LOW,
            "A leaked access key or password of a user is enough to do harm with the role.",
        )
    if elsewhere:
        return Weight(
            FindingSeverity.HIGH,
            "A leaked access key or password of a user is enough to read mail with the role: no second "
            "factor is asked for on the way.",
        )
    return Weight(
        FindingSeverity.MEDIUM,
        "No second factor is asked for, but the request must come from a certain network.",
    )


def _from_network(assumptions: Assumptions, edge: AssumeEdge) -> bool:
    """Whether a role can be assumed without MFA only where something of the network is as it should be."""
    space = assumptions.outcome(edge).space
    support = set(space.diagrams.support(_contexts(assumptions, edge)))
    return any(
        not support.isdisjoint(space.dimensions[key].variables) for key in NETWORK if key in space.dimensions
    )


def _witness(assumptions: Assumptions, edge: AssumeEdge) -> WitnessRequest:
    outcome = assumptions.outcome(edge)
    context: Mapping[str, str] = witness(_contexts(assumptions, edge), outcome.within, outcome.space) or {}
    return WitnessRequest(edge.source, edge.action, edge.target, dict(context), "without MFA")


def _mend(survey: Survey, admission: _Admission) -> Mend:
    element = admission.statement.principal
    if element is None or element.service or element.federated or admission.others:
        return Mend(
            why_not="it admits others than users as well, whose sessions carry no MFA: with the condition "
            "they could not assume the role any more",
            instead="admit users by a statement of their own that asks for MFA",
        )
    people = {principal.arn: principal for principal in survey.estate.principals}
    return Mend(
        f'add "Bool": {{"{MFA}": "true"}} to its Condition',
        [PolicyChange(policy, with_mfa(statement)) for _, policy, statement in admission.roles.values()],
        instead="a job that signs with access keys of a user has no second factor: give it a role of its own",
        estate=survey.estate,
        people=[people[arn] for arn in (*admission.roles, *admission.users)],
        check=assumed,
    )


RULES = (
    Rule(
        "role-without-mfa",
        "Users may assume a role without MFA",
        "A trust policy lets users assume a role that holds harmful permissions, or comes to them by other "
        "roles, and neither it nor what the users hold themselves asks for MFA.",
        "High where the role reads mail, medium for other harm; less where the request must come from a "
        "certain network. Roles that only services, identity providers or other roles assume are left out: "
        "their sessions carry no MFA of AWS.",
        "IAM User Guide, Configuring MFA-protected API access",
        _without_mfa,
    ),
)
