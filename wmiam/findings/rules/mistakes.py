"""What the linter finds wrong in a statement, as findings: who loses by it, or is not held back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wmiam.engine.compile import ACTIONS
from wmiam.engine.layers import PrincipalClass
from wmiam.estate.model import POLICY_TYPE, Policy, PolicyKind, Principal
from wmiam.findings.documents import statement_identity
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence
from wmiam.findings.rule import Rule, Weight, listed, named
from wmiam.findings.rules.mistake_mends import meant, mend_of
from wmiam.findings.survey import Survey
from wmiam.findings.weights import GRAVE_ACTIONS, HARMFUL_ACTIONS, actions_of
from wmiam.policy.lint import lint_document
from wmiam.policy.model import Effect, PolicyDocument, PolicyType, Problem, Statement
from wmiam.policy.values import parse_arn

__all__ = ["RULES", "Mistake", "mistakes"]

#: The linter's codes of each rule.
_CODES: Final[dict[str, tuple[str, ...]]] = {
    "unknown-action": (
        "unknown-action",
        "pattern-matches-no-action",
        "unknown-service",
        "action-without-service",
    ),
    "action-without-resource": ("action-without-resource",),
    "dead-condition": (
        "condition-never-carried",
        "unknown-condition-key",
        "missing-tag-key",
        "no-values",
        "malformed-value",
        "qualified-null",
        "wildcard-without-like",
        "operator-type",
        "missing-set-operator",
        "private-source-ip",
    ),
    "dead-resource": (
        "resource-never-matches",
        "variable-in-old-version",
        "variable-outside-resource-part",
        "not-an-arn",
    ),
    "open-condition": (
        "caller-chosen-key",
        "condition-partly-carried",
        "for-all-values-of-nothing",
        "mfa-deny-passes-access-keys",
        "mfa-allow-passes-access-keys",
        "mfa-tested-by-presence",
    ),
}
_RULE_OF: Final = {code: rule for rule, codes in _CODES.items() for code in codes}


@dataclass(slots=True)
class Mistake:
    """A mistake in a statement, as several problems of one code show it.

    Parameters
    ----------
    code : str
        The linter's code.
    statement : Statement
        The statement.
    policies : list of Policy
        The policy; several inline policies where they are copies of one another.
    problems : list of Problem
        What the linter says.
    """

    code: str
    statement: Statement
    policies: list[Policy]
    problems: list[Problem] = field(default_factory=list)


def mistakes(survey: Survey) -> Iterator[Mistake]:
    """Yield what the linter finds, by statement and code; policies that AWS manages are left out.

    Parameters
    ----------
    survey : Survey
        The estate.
    """
    linted: dict[tuple[int, PolicyType], list[Problem]] = {}
    groups: dict[tuple[int, str], dict[tuple[int, str], Mistake]] = {}
    for policy in survey.policies:
        document = policy.document
        if document is None or policy.kind is PolicyKind.AWS_MANAGED:
            continue
        kind = POLICY_TYPE[policy.kind]
        key = (id(document), kind)
        if key not in linted:
            found = (*document.problems, *lint_document(document, survey.catalog, kind))
            linted[key] = [problem for problem in found if problem.code in _RULE_OF]
        # Copies of an inline policy in one account are one mistake.
        owner = parse_arn(policy.owner) if policy.kind is PolicyKind.INLINE else None
        account = owner.account if owner is not None else policy.key
        group = groups.setdefault((id(document), account), {})
        for problem in linted[key]:
            statement = _statement(document, problem.pointer)
            if statement is None:
                continue
            mistake = group.setdefault((statement.index, problem.code), Mistake(problem.code, statement, []))
            if policy not in mistake.policies:
                mistake.policies.append(policy)
            if problem not in mistake.problems:
                mistake.problems.append(problem)
    for group in groups.values():
        yield from group.values()


def _statement(document: PolicyDocument, pointer: str) -> Statement | None:
    return next(
        (
            statement
            for statement in document.statements
            if pointer == statement.pointer or pointer.startswith(f"{statement.pointer}/")
        ),
        None,
    )


def _find(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for mistake in survey.shared("mistakes", lambda: list(mistakes(survey))):
        if _RULE_OF[mistake.code] == rule.id:
            yield _finding(rule, survey, mistake)


def _finding(rule: Rule, survey: Survey, mistake: Mistake) -> Finding:
    policy, statement = mistake.policies[0], mistake.statement
    concerned = survey.concerned(mistake.policies)
    actions = _actions(survey, mistake, concerned)
    people = sorted({arn for arns in actions.values() for arn in arns})
    weight = _weight(mistake, actions, concerned)
    messages = list(dict.fromkeys(problem.message for problem in mistake.problems))
    below = [problem.pointer for problem in mistake.problems]
    # What the statement would say and does not is lost to those who hold it.
    lose = not actions and statement.effect is Effect.ALLOW
    arns = [p.arn for p in concerned] if lose else people
    who = f" It concerns {named(arns, 4)}." if arns else " Nobody gains or loses by it."
    return rule.finding(
        statement_identity(mistake.policies, statement),
        mistake.code,
        weight=weight,
        summary=f"{policy.name}#{statement.label}: {messages[0]}"
        + (f" (and {len(messages) - 1} more)" if len(messages) > 1 else "")
        + f".{who}",
        mend=mend_of(survey, mistake.code, statement, mistake.policies, mistake.problems),
        statements=[
            StatementEvidence(each, statement.label, (statement.pointer, *below[:1]))
            for each in mistake.policies
        ],
        details=messages[1:],
        principals=arns,
        actions=actions_of(sum(actions)) if actions else (),
    )


def _actions(survey: Survey, mistake: Mistake, concerned: list[Principal]) -> dict[int, list[str]]:
    """Return what a mistake leaves open: single actions, each with the ARNs of those allowed it.

    A Deny that does not reach leaves open what its holders are allowed of its actions; a condition
    that holds nobody back leaves open what the statement itself gives.
    """
    covered = _covered(mistake.statement)
    if _RULE_OF[mistake.code] == "unknown-action":
        covered = ACTIONS.union(tuple(filter(None, map(meant, mistake.problems))))
    if mistake.code == "action-without-resource":
        covered &= ACTIONS.wildcard_only
    excepts = mistake.code == "resource-never-matches" and mistake.statement.not_resources is not None
    if (
        mistake.statement.effect is Effect.ALLOW
        and _RULE_OF[mistake.code] != "open-condition"
        and not excepts
    ):
        return {}
    found: dict[int, list[str]] = {}
    known: dict[PrincipalClass, int] = {}
    for principal in concerned:
        members = survey.whole.class_of[principal.arn]
        if members not in known:
            allowed = 0
            for mask, cells in members.allowed:
                possible = members.scope.actions(survey.living(members, mask))
                for actions, _ in cells:
                    allowed |= actions & covered & possible
            known[members] = allowed
        for name in actions_of(known[members]):
            found.setdefault(1 << ACTIONS.index[name], []).append(principal.arn)
    return found


def _covered(statement: Statement) -> int:
    if statement.actions is not None:
        return ACTIONS.union(statement.actions)
    return ACTIONS.all & ~ACTIONS.union(statement.not_actions or ())


def _weight(mistake: Mistake, actions: dict[int, list[str]], concerned: list[Principal]) -> Weight:
    left_open = sum(actions)
    what = (
        "does not hold them back" if mistake.statement.effect is Effect.DENY else "lets them in all the same"
    )
    if left_open & GRAVE_ACTIONS:
        names = listed(_shorter(left_open & GRAVE_ACTIONS), 3)
        return Weight(FindingSeverity.HIGH, f"The statement {what}: {names}.")
    if left_open & HARMFUL_ACTIONS:
        names = listed(_shorter(left_open & HARMFUL_ACTIONS), 3)
        return Weight(FindingSeverity.MEDIUM, f"The statement {what}: {names}.")
    if left_open:
        return Weight(FindingSeverity.LOW, f"The statement {what}: {listed(_shorter(left_open), 3)}.")
    if mistake.statement.effect is Effect.ALLOW and concerned:
        return Weight(FindingSeverity.LOW, "Somebody has less than was meant; sooner or later it is widened.")
    return Weight(FindingSeverity.INFO, "Nobody gains or loses anything by it now.")


def _shorter(actions: int) -> list[str]:
    return [name.removeprefix("workmail:") for name in actions_of(actions)]


_SHARED: Final = (
    "High where a Deny misses, or a condition lets through, what ends in reading mail; medium for other "
    "harm; "
    "low where somebody has less than was meant; info where nobody gains or loses."
)

RULES = (
    Rule(
        "unknown-action",
        "A statement names an action that there is not",
        "An action is misspelt, or a pattern matches none.",
        f"The statement says less than its author thinks. {_SHARED}",
        "Service Authorization Reference, Amazon WorkMail; IAM User Guide, Access Analyzer policy check "
        "reference",
        _find,
    ),
    Rule(
        "action-without-resource",
        "An action that takes no resource is matched with an ARN",
        "Actions such as ListOrganizations are matched against Resource * alone; a statement that names ARNs "
        "neither allows nor denies them.",
        _SHARED,
        "Service Authorization Reference, Amazon WorkMail; IAM User Guide, IAM JSON policy elements: "
        "Resource",
        _find,
    ),
    Rule(
        "dead-condition",
        "A condition can never hold, or never matters",
        "A condition key is unknown or never carried, or a value can never match as the operator "
        "compares it.",
        _SHARED,
        "IAM User Guide, IAM JSON policy elements: Condition operators; AWS global condition context keys",
        _find,
    ),
    Rule(
        "dead-resource",
        "A resource pattern can never match",
        "The ARN is of no WorkMail organization, or holds a variable where there are none.",
        _SHARED,
        "Service Authorization Reference, Amazon WorkMail, resource types; IAM User Guide, IAM JSON policy "
        "elements: Resource; Variables and tags",
        _find,
    ),
    Rule(
        "open-condition",
        "A condition holds nobody back",
        "A condition is met by requests that it was written against: long-term access keys pass a test for "
        "MFA, a user agent is whatever the caller says, an empty set passes ForAllValues.",
        _SHARED,
        "IAM User Guide, AWS global condition context keys; Creating a condition with multiple keys or "
        "values",
        _find,
    ),
)
