"""Permissions that turn into more: who may become somebody else, or administrator, and so reach mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from wmiam.access import Access
from wmiam.bits import bits_of
from wmiam.catalog.escalations import escalation_methods
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, PolicyKind, Principal, PrincipalKind
from wmiam.findings.documents import statement_key, with_statement
from wmiam.findings.mend import Mend, MendCheck, PolicyChange, compared
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence, WitnessRequest
from wmiam.findings.other_services import may
from wmiam.findings.rule import Rule, Weight, listed, named, short_actions
from wmiam.findings.survey import Survey
from wmiam.findings.weights import GRAVE_ACTIONS, HARMFUL_ACTIONS, actions_of
from wmiam.graph.escalate import EscalationEdge, Escalations, escalations
from wmiam.graph.escalate.find import Finding as Escalation
from wmiam.graph.escalate.ground import UNREAD_POLICY
from wmiam.policy.model import Effect
from wmiam.views.text import short_arn

__all__ = ["RULES"]

PASS_ROLE: Final = "iam:PassRole"  # noqa: S105 - an action
#: Edges of a finding that are told one by one.
_TOLD = 12
#: People of a finding for whom a mend is tried.
_TRIED = 20


def _escalating(rule: Rule, survey: Survey) -> Iterator[Finding]:
    found = escalations(survey.access)
    ways: dict[str, list[int]] = {}
    people: dict[str, Principal] = {}
    for index, escalation in enumerate(found.findings):
        # What a policy may allow that could not be read is told of the policy.
        if escalation.gains in ("principal", "administrator") and escalation.id != UNREAD_POLICY:
            for principal in escalation.sources:
                ways.setdefault(principal.arn, []).append(index)
                people[principal.arn] = principal
    groups: dict[tuple[int, tuple[int, ...]], list[Principal]] = {}
    class_of = found.finder.evaluation.class_of
    for arn, found_ways in ways.items():
        principal = people[arn]
        if principal.kind is not PrincipalKind.ROOT and not _is_administrator(principal):
            # Others may have the same ways by other statements.
            groups.setdefault((id(class_of[arn]), tuple(found_ways)), []).append(principal)
    alike: dict[object, tuple[list[Principal], _Ways]] = {}
    worth = _Worth(survey)
    for (_, indexes), group in groups.items():
        leading = worth.leading([found.findings[index] for index in indexes], group[0])
        if leading:
            ways_up = _Ways.of(survey, found, group[0], leading)
            # Whoever else holds such statements has the same cause, whatever it holds besides.
            methods = tuple(edge.method for edge in ways_up.told)
            key = (group[0].account, methods, tuple(ways_up.statements))
            alike.setdefault(key, ([], ways_up))[0].extend(group)
    for group, ways_up in alike.values():
        yield _finding(rule, survey, group, ways_up)


#: An escalation, and those at its end who reach mail that its caller does not: ARNs, or the account.
_Leading = tuple[Escalation, list[str]]


@dataclass(frozen=True, slots=True)
class _Ways:
    """How somebody becomes more.

    ``gained`` are the harmful actions that it comes to; ``targets`` those whom it becomes, none where
    it becomes ``administrator``; ``certain`` whether some way needs no condition; ``passed`` the roles
    that are passed for it; ``told`` an edge for each method.
    """

    gained: int
    targets: list[str]
    administrator: bool
    certain: bool
    passed: list[str]
    told: list[EscalationEdge]
    statements: dict[tuple[str, str], StatementEvidence]

    @classmethod
    def of(cls, survey: Survey, found: Escalations, source: Principal, leading: list[_Leading]) -> _Ways:
        administrator = any(escalation.gains == "administrator" for escalation, _ in leading)
        targets = dict.fromkeys(target for _, targets in leading for target in targets)
        told: dict[str, EscalationEdge] = {}
        passed: dict[str, None] = {}
        for escalation, ends in sorted(leading, key=lambda item: (not _is_certain(item[0]), item[0].id)):
            if PASS_ROLE in escalation.method.actions:
                passed.update(dict.fromkeys(ends))
            if escalation.id not in told and len(told) < _TOLD:
                told[escalation.id] = next(found.from_finding(escalation, source, ends[0]))
        gained = HARMFUL_ACTIONS if administrator else _held_by(survey, targets)
        return cls(
            gained & ~survey.harmful(source.arn),
            list(targets),
            administrator,
            any(_is_certain(escalation) for escalation, _ in leading),
            list(passed),
            list(told.values()),
            _statements(list(told.values())),
        )


def _is_certain(escalation: Escalation) -> bool:
    return escalation.contexts == escalation.within


def _statements(edges: Sequence[EscalationEdge]) -> dict[tuple[str, str], StatementEvidence]:
    found: dict[tuple[str, str], StatementEvidence] = {}
    for edge in edges:
        for cause in edge.statements:
            evidence = StatementEvidence(cause.policy, cause.statement.label, (cause.statement.pointer,))
            # Copies of an inline policy are one cause.
            key = "" if cause.policy.kind is PolicyKind.INLINE else cause.policy.key
            found.setdefault((key, statement_key(cause.statement)), evidence)
    return found


def _is_administrator(principal: Principal) -> bool:
    """Whether a policy of a principal allows everything: nothing is left to turn it into."""
    return principal.boundary is None and any(
        statement.effect is Effect.ALLOW
        and "*" in (statement.actions or ())
        and "*" in (statement.resources or ())
        and not statement.conditions
        for policy, _ in principal.identity_policies
        if policy.document is not None
        for statement in policy.document.statements
    )


class _Worth:
    """What is at the end of escalations, found once for each set of targets."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._with_mail = {o.account for o in survey.estate.organizations if not o.is_deleted}
        self._found: dict[tuple[int, int], list[tuple[str, int]]] = {}

    def leading(self, escalations: list[Escalation], source: Principal) -> list[_Leading]:
        """Return the escalations that lead to mail which their caller does not reach itself."""
        own = self._survey.harmful(source.arn)
        found: list[_Leading] = []
        for escalation in escalations:
            if escalation.gains == "administrator":
                ends = [source.account] if source.account in self._with_mail else []
            else:
                held = self._held(escalation)
                ends = [arn for arn, actions in held if actions & ~own and arn != source.arn]
            if ends:
                found.append((escalation, ends))
        return found

    def _held(self, escalation: Escalation) -> list[tuple[str, int]]:
        """Return those at the end of an escalation, with the harmful actions that each is allowed."""
        key = (id(escalation.scope), escalation.targets)
        if key not in self._found:
            resources = escalation.scope.resources
            arns = [resources[bit].arn for bit in bits_of(escalation.targets)]
            known = self._survey.whole.class_of
            self._found[key] = [(arn, self._survey.harmful(arn)) for arn in arns if arn in known]
        return self._found[key]


def _held_by(survey: Survey, arns: Iterable[str]) -> int:
    """Return the harmful actions that some principals are allowed, all of them together."""
    found = 0
    for arn in arns:
        if arn in survey.whole.class_of:
            found |= survey.harmful(arn)
    return found


def _finding(rule: Rule, survey: Survey, group: list[Principal], ways: _Ways) -> Finding:
    arns = sorted(principal.arn for principal in group)
    account = group[0].account
    becomes = f"administrator of account {account}" if ways.administrator else named(ways.targets, 3)
    methods = [edge.method for edge in ways.told]
    return rule.finding(
        account,
        [f"{policy} {statement}" for policy, statement in ways.statements],
        methods,
        weight=_weight(ways),
        summary=f"{named(arns)} may become {becomes} ({listed(methods, 3)}), and so "
        f"{listed(short_actions(actions_of(ways.gained)), 4)}.",
        mend=_mend(survey, group, ways),
        statements=ways.statements.values(),
        details=[_detail(edge) for edge in ways.told],
        witness=_witness(ways.told),
        principals=arns,
        actions=actions_of(ways.gained),
    )


def _detail(edge: EscalationEdge) -> str:
    target = "administrator" if edge.gains == "administrator" else short_arn(edge.target)
    when = f", {'; '.join(edge.conditions)}" if edge.conditions else ""
    return f"{edge.title}: {listed(edge.permissions)} → {target}{when} ({edge.guide})"


def _witness(edges: Sequence[EscalationEdge]) -> WitnessRequest | None:
    for edge in edges:
        for step in edge.witnesses:
            return WitnessRequest(
                step.principal, step.action, step.resource, dict(step.context), "", edge.conditions
            )
    return None


def _weight(ways: _Ways) -> Weight:
    if ways.gained & GRAVE_ACTIONS:
        if ways.certain:
            return Weight(
                FindingSeverity.HIGH, "In a few calls they reach mail that nobody meant them to reach."
            )
        return Weight(FindingSeverity.MEDIUM, "They reach mail where the conditions that are named hold.")
    if ways.certain:
        return Weight(FindingSeverity.MEDIUM, "In a few calls they may do harm that nobody meant them to do.")
    return Weight(FindingSeverity.LOW, "They may do harm where the conditions that are named hold.")


# -- mends ------------------------------------------------------------------


def _mend(survey: Survey, group: list[Principal], ways: _Ways) -> Mend:
    policy = _shared(group, [evidence.policy for evidence in ways.statements.values()])
    if policy is None:
        return Mend(
            why_not="they hold it by policies that AWS manages, or by one each",
            instead="grant what is needed by name, and iam:PassRole on the roles that are needed only",
        )
    # A session can be had, and code run, by other ways; what ties a way to its target is denied.
    denied = dict.fromkeys(
        action for edge in ways.told if PASS_ROLE not in edge.permissions for action in edge.permissions
    )
    roles = dict.fromkeys(ways.passed)
    if ways.administrator:
        # An administrator has every way; with one of them gone the others would be left.
        denied |= dict.fromkeys(
            action for action in _iam_actions() if may(group[0], action, "*", survey.estate)
        )
        roles = {"*": None} if may(group[0], PASS_ROLE, "*", survey.estate) else roles
    changes: list[dict[str, Any]] = []
    if denied:
        changes.append({"Effect": "Deny", "Action": list(denied), "Resource": "*"})
    if roles:
        changes.append({"Effect": "Deny", "Action": PASS_ROLE, "Resource": list(roles)})
    patch = tuple(operation for statement in changes for operation in with_statement(policy, statement))
    account = group[0].account
    arns = [principal.arn for principal in group[:_TRIED]]

    def check(before: Estate, after: Estate) -> MendCheck:
        """Compare the ways to become others, and access to WorkMail of those whose policies change."""
        old, new = (_edges(estate, arns) for estate in (before, after))
        # Whoever is no administrator any more has ways left that came with being one.
        were = {source for source, _, target in old if target == account}
        fresh = {way for way in new - old if way[0] not in were}
        rows = tuple(f"{short_arn(way[0])} {way[1]} → {short_arn(way[2])}" for way in sorted(old - new))
        touched = [
            (one, other)
            for one, other in zip(before.principals, after.principals, strict=True)
            if one is not other
        ]
        access = compared(
            replace(before, principals=tuple(one for one, _ in touched)),
            replace(after, principals=tuple(other for _, other in touched)),
        )
        return MendCheck(
            len(fresh) + access.adds,
            len(old - new) + access.takes_away,
            access.cannot_tell,
            tuple(sorted({way[0] for way in old - new} | set(access.losing))),
            (*rows[:5], *access.rows)[:5],
        )

    return Mend(
        f"deny in {policy.name} what turns into more: "
        f"{listed([*denied, *([PASS_ROLE] if roles else [])], 4)}",
        [PolicyChange(policy, patch)],
        instead="name the roles that may be passed, and the users and policies that may be changed",
        estate=survey.estate,
        people=[p for p in survey.estate.principals if p.account == account],
        check=check,
    )


def _iam_actions() -> list[str]:
    """Return the actions of IAM, passing roles apart, that some way to become more takes."""
    return list(
        dict.fromkeys(
            permission.action
            for method in escalation_methods()
            for permission in method.permissions
            if permission.action.startswith("iam:") and permission.action != PASS_ROLE
        )
    )


def _shared(group: Sequence[Principal], policies: Sequence[Policy]) -> Policy | None:
    """Return a policy that everybody of a group holds and that can be changed; None where there is none."""
    for policy in policies:
        if policy.kind is PolicyKind.AWS_MANAGED:
            continue
        if all(any(held.key == policy.key for held, _ in p.identity_policies) for p in group):
            return policy
    return None


def _edges(estate: Estate, arns: Sequence[str]) -> set[tuple[str, str, str]]:
    found = escalations(Access.of(estate, progress=False))
    return {
        (edge.source, edge.method, edge.target)
        for arn in arns
        for edge in found.of(arn)
        if edge.gains != "capability" and edge.method != UNREAD_POLICY
    }


RULES = (
    Rule(
        "escalation",
        "Permissions turn into more",
        "Somebody may become another principal, or administrator, by changing policies, keys, trust or "
        "code, or "
        "by passing a role, and so reaches mail that it does not reach itself.",
        "High where what ends in reading mail is reached without condition, medium where a condition "
        "must hold "
        "that nobody can see here (a function that runs as a role) or for other harm, low for both. "
        "Those whose "
        "policies allow everything are left out: nothing is left to turn it into.",
        "The public page that each method names; IAM User Guide, Policy evaluation logic",
        _escalating,
    ),
)
