"""Permissions boundaries that bound nothing, or that those whom they bound may take off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wmiam.engine.whole import Whole
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, PolicyKind, Principal, PrincipalKind
from wmiam.findings.documents import with_statement
from wmiam.findings.mend import Mend, MendCheck, PolicyChange, compared
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence
from wmiam.findings.other_services import may
from wmiam.findings.rule import Rule, Weight, listed, named, short_actions
from wmiam.findings.survey import Survey
from wmiam.findings.weights import GRAVE_ACTIONS, actions_of
from wmiam.views.text import short_arn

__all__ = ["RULES"]

_OWN = {
    PrincipalKind.USER: ("iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"),
    PrincipalKind.ROLE: ("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"),
}
_POLICY = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion")


def _boundaries(survey: Survey) -> Iterator[tuple[Policy, list[Principal]]]:
    found: dict[str, tuple[Policy, list[Principal]]] = {}
    for principal in survey.estate.principals:
        if principal.boundary is not None:
            found.setdefault(principal.boundary.key, (principal.boundary, []))[1].append(principal)
    yield from found.values()


def _unbounding(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for boundary, holders in _boundaries(survey):
        if boundary.document is None:
            continue
        held = 0
        for principal in holders:
            held |= survey.harmful(principal.arn)
        if not held or _cuts(survey, holders):
            continue
        people = [principal.arn for principal in holders]
        yield rule.finding(
            boundary.key,
            weight=Weight(
                FindingSeverity.MEDIUM if held & GRAVE_ACTIONS else FindingSeverity.LOW,
                "The boundary is thought to hold them back, and nothing of WorkMail is kept from them.",
            ),
            summary=f"The boundary {boundary.name} takes nothing of WorkMail from {named(people)}, who may "
            f"{listed(short_actions(actions_of(held)), 4)} all the same.",
            mend=Mend(
                why_not="what its holders are meant to have at most is not known",
                instead="list in the boundary what of WorkMail its holders may have at most, and no *",
            ),
            statements=_allowing(boundary),
            principals=people,
            actions=actions_of(held),
        )


def _cuts(survey: Survey, holders: list[Principal]) -> bool:
    """Whether some holder would be allowed more of WorkMail without the boundary."""
    part = replace(survey.estate, principals=tuple(holders), diagnostics=())
    free = replace(part, principals=tuple(replace(p, boundary=None) for p in holders))
    limited, unlimited = Whole.together([part, free], progress=False)
    return any(_table(limited, principal.arn) != _table(unlimited, principal.arn) for principal in holders)


def _table(whole: Whole, arn: str) -> dict[tuple[str, str, int], int]:
    """Return the contexts of each single action, which are numbers of the one space."""
    found: dict[tuple[str, str, int], int] = {}
    for resource, cells in whole.class_of[arn].table().items():
        for actions, contexts in cells:
            while actions:
                low = actions & -actions
                found[resource.arn, str(resource.kind), low] = contexts
                actions ^= low
    return found


def _allowing(boundary: Policy) -> list[StatementEvidence]:
    document = boundary.document
    statements = document.statements if document is not None else ()
    return [StatementEvidence(boundary, s.label, (s.pointer,)) for s in statements if s.effect == "Allow"]


def _removable(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for boundary, holders in _boundaries(survey):
        found: dict[str, list[str]] = {}
        for principal in holders:
            ways = _ways(survey.estate, principal, boundary)
            if ways:
                found[principal.arn] = ways
        if not found:
            continue
        yield rule.finding(
            boundary.key,
            weight=Weight(
                FindingSeverity.HIGH, "A limit that its holder may take off limits nothing in the end."
            ),
            summary=f"{named(found)} may take off or rewrite the boundary {boundary.name} that limits them: "
            f"{listed(dict.fromkeys(way for ways in found.values() for way in ways))}.",
            mend=_kept(survey, boundary, holders),
            statements=_allowing(boundary),
            details=[f"{short_arn(arn)}: {', '.join(ways)}" for arn, ways in list(found.items())[:10]],
            principals=found,
            actions=(),
        )


def _ways(estate: Estate, principal: Principal, boundary: Policy) -> list[str]:
    ways = [a for a in _OWN.get(principal.kind, ()) if may(principal, a, principal.arn, estate)]
    if boundary.kind is PolicyKind.MANAGED and boundary.arn is not None:
        ways += [a for a in _POLICY if may(principal, a, boundary.arn, estate)]
    return ways


def _kept(survey: Survey, boundary: Policy, holders: list[Principal]) -> Mend:
    own = [action for actions in _OWN.values() for action in actions]
    deny: dict[str, object] = {"Effect": "Deny", "Action": [*own, *_POLICY], "Resource": "*"}

    def check(before: Estate, after: Estate) -> MendCheck:
        """Compare access to WorkMail, and the ways to take the boundary off."""
        access = compared(before, after)
        rows, losing, adds = [], set(access.losing), access.adds
        for old, new in zip(before.principals, after.principals, strict=True):
            past = _ways(before, old, boundary)
            now = _ways(after, new, boundary)
            rows += [f"{short_arn(old.arn)} {way}" for way in past if way not in now]
            losing |= {old.arn} if set(past) - set(now) else set()
            adds += len(set(now) - set(past))
        return MendCheck(
            adds,
            access.takes_away + len(rows),
            access.cannot_tell,
            tuple(sorted(losing)),
            (*rows[:5], *access.rows)[:5],
        )

    if boundary.kind is PolicyKind.AWS_MANAGED:
        return Mend(
            why_not=f"AWS manages {boundary.name}, and nobody else can change it",
            instead="use a boundary of your own that denies to change it",
        )
    return Mend(
        "deny to take off and to rewrite boundaries in the boundary itself",
        [PolicyChange(boundary, with_statement(boundary, deny))],
        estate=survey.estate,
        people=holders,
        check=check,
    )


RULES = (
    Rule(
        "boundary-removable",
        "Those whom a boundary limits may take it off",
        "A holder may delete or replace the boundary of the own user or role, or write a new version of the "
        "policy that is the boundary.",
        "High: a limit that its holder may take off limits nothing in the end.",
        "IAM User Guide, Permissions boundaries for IAM entities, Delegating responsibility to others",
        _removable,
    ),
    Rule(
        "boundary-without-effect",
        "A boundary takes nothing of WorkMail away",
        "Under a boundary everything of WorkMail that its holders' policies allow is allowed all the same, "
        "harmful actions among it.",
        "Medium where they can read mail, low else. Boundaries of those who have nothing of that kind "
        "are left "
        "out.",
        "IAM User Guide, Permissions boundaries for IAM entities",
        _unbounding,
    ),
)
