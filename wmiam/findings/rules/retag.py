"""Control by tags that those whom it controls can undo: by retagging an organization, or themselves.

A change of tags is tried on a copy of the estate, evaluated over the same request
contexts.  What it opens counts where that and the permission to make the change hold
in one context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from wmiam.access import Access
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE, Diagrams
from wmiam.engine.layers import PrincipalClass
from wmiam.engine.resources import ResourceKind
from wmiam.engine.space import Dimension
from wmiam.engine.whole import Whole
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, Principal, PrincipalKind, Tags
from wmiam.findings.documents import with_statement
from wmiam.findings.mend import Mend, PolicyChange
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence, WitnessRequest
from wmiam.findings.other_services import may
from wmiam.findings.rule import Rule, Weight, listed, named, short_actions
from wmiam.findings.survey import Grant, Survey
from wmiam.findings.weights import GRAVE_ACTIONS, HARMFUL_ACTIONS, actions_of
from wmiam.policy.patterns import ascii_lower

__all__ = ["RULES"]

_RESOURCE, _PRINCIPAL = "aws:resourcetag/", "aws:principaltag/"
_TAG, _UNTAG = "workmail:TagResource", "workmail:UntagResource"
#: A value that no policy names.
_OTHER = "any-other-value"
#: Changes of tags that are evaluated together; more are tried in turn.
_AT_ONCE = 24


@dataclass(frozen=True, slots=True)
class _Change:
    """One tag set or, with None, taken away."""

    key: str
    value: str | None

    def on(self, tags: Tags) -> Tags:
        """Return tags with the change made."""
        kept = tuple((key, value) for key, value in tags if ascii_lower(key) != ascii_lower(self.key))
        return kept if self.value is None else (*kept, (self.key, self.value))

    def __str__(self) -> str:
        return f"taking the tag {self.key} away" if self.value is None else f"{self.key} = {self.value}"


@dataclass(slots=True)
class _Opened:
    """What somebody opens by changing one tag; the example is the first way that was found."""

    principal: Principal
    key: str
    change: _Change
    actions: int
    organizations: dict[str, None]
    request: WitnessRequest | None
    then: WitnessRequest | None


#: Contexts of a class, with a set of its resources, in which it may make a change.
_Allowed = Callable[[Whole, PrincipalClass, tuple[tuple[int, int], ...], _Change], int]


# -- organizations ----------------------------------------------------------


def _retagging(rule: Rule, survey: Survey) -> Iterator[Finding]:
    bits = survey.bits(_TAG, _UNTAG)
    people = [
        found[0]
        for members, found in survey.people.items()
        if members.principal.kind is not PrincipalKind.ROOT
        and any(actions & bits for _, cells in members.allowed for actions, _ in cells)
        and _reads(survey, members, _RESOURCE)
    ]
    opened = _try(survey, people, _changes(survey, people, _RESOURCE), _organizations_changed, _may_retag)
    groups: dict[tuple[str, str], list[_Opened]] = {}
    givers: dict[tuple[str, str], list[Grant]] = {}
    for one in opened:
        members = survey.whole.class_of[one.principal.arn]
        giving = [
            grant
            for grant in survey.grants
            if members in grant.holders
            and any(g.members is members and g.actions & bits for g in grant.given)
        ]
        for grant in giving[:1]:
            group = (grant.policy.key, one.key)
            groups.setdefault(group, []).append(one)
            givers[group] = giving
    for group, found in groups.items():
        yield _retag_finding(rule, survey, found, givers[group])


def _retag_finding(rule: Rule, survey: Survey, found: list[_Opened], giving: list[Grant]) -> Finding:
    key = found[0].key
    actions = 0
    organizations: dict[str, None] = {}
    people: list[str] = []
    for one in found:
        actions |= one.actions
        organizations.update(one.organizations)
        members = survey.whole.class_of[one.principal.arn]
        people.extend(giving[0].of([members]))
    labels = listed(survey.label(arn) for arn in organizations)
    deny = {
        "Effect": "Deny",
        "Action": [_TAG, _UNTAG],
        "Resource": "*",
        "Condition": {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": [key]}},
    }
    changes = [
        PolicyChange(policy, with_statement(policy, deny))
        for grant in giving[:1]
        for policy in grant.policies
    ]
    return rule.finding(
        giving[0].policy.key,
        ascii_lower(key),
        weight=_weight(actions, "retagging an organization"),
        summary=f"{named(people)} may undo the control by aws:ResourceTag/{key} themselves: "
        f"{found[0].change} "
        f"opens {listed(short_actions(actions_of(actions)), 4)} on {labels}.",
        mend=survey.mend(f"deny changes of the tag {key} in the same policy", changes),
        statements=[evidence for grant in giving for evidence in grant.evidence()],
        details=[f"then allowed: {one.then}" for one in found[:3] if one.then is not None],
        witness=found[0].request,
        principals=people,
        organizations=organizations,
        actions=actions_of(actions),
    )


def _organizations_changed(estate: Estate, change: _Change) -> Estate:
    return replace(
        estate,
        organizations=tuple(
            replace(o, tags=change.on(o.tags)) if o.tags is not None else o for o in estate.organizations
        ),
    )


def _may_retag(
    whole: Whole, _members: PrincipalClass, cells: tuple[tuple[int, int], ...], change: _Change
) -> int:
    """Return the contexts, the request's own tags apart, in which a class may make just this change."""
    name = _UNTAG if change.value is None else _TAG
    bit = 1 << ACTIONS.index[name]
    contexts = next((found for actions, found in cells if actions & bit), FALSE)
    space, d = whole.space, whole.space.diagrams
    for dimension in space.dimensions.values():
        if contexts == FALSE:
            break
        if dimension.key == "aws:tagkeys":
            contexts = _just(d, dimension, contexts, change.key)
    for dimension in space.dimensions.values():
        if contexts == FALSE:
            break
        if dimension.key.startswith("aws:requesttag/"):
            own = dimension.key == f"aws:requesttag/{ascii_lower(change.key)}"
            if change.value is not None:
                contexts = d.both(contexts, space.valued(dimension, change.value if own else None))
            for variable in dimension.variables:
                contexts = d.without(contexts, variable)
    return contexts


def _just(d: Diagrams, dimension: Dimension, contexts: int, key: str) -> int:
    """Return contexts whose only tag key is one, that dimension projected away."""
    group = dimension.groups[0]
    chosen = dimension.variables[group.class_of(key) - 1]
    wanted = [d.literal(variable, 2 if variable == chosen else 1) for variable in dimension.variables]
    if dimension.single is not None:
        wanted.append(d.literal(dimension.single, 2))
    contexts = d.all_of([contexts, *wanted])
    for variable in (*dimension.variables, *([dimension.single] if dimension.single is not None else [])):
        contexts = d.without(contexts, variable)
    return contexts


# -- principals -------------------------------------------------------------


def _self_tagging(rule: Rule, survey: Survey) -> Iterator[Finding]:
    people = [
        found[0]
        for members, found in survey.people.items()
        if members.principal.kind in (PrincipalKind.USER, PrincipalKind.ROLE)
        and _reads(survey, members, _PRINCIPAL)
    ]
    changes = _changes(survey, people, _PRINCIPAL)

    def allowed(
        _whole: Whole, members: PrincipalClass, _cells: tuple[tuple[int, int], ...], change: _Change
    ) -> int:
        principal = members.principal
        operation = "User" if principal.kind is PrincipalKind.USER else "Role"
        context: dict[str, object] = {"aws:TagKeys": [change.key]}
        if change.value is not None:
            context[f"aws:RequestTag/{change.key}"] = change.value
        action = f"iam:{'Untag' if change.value is None else 'Tag'}{operation}"
        return members.universe if may(principal, action, principal.arn, survey.estate, context) else FALSE

    for one in _try(survey, people, changes, _principals_changed, allowed):
        principal = one.principal
        what = "iam:TagUser" if principal.kind is PrincipalKind.USER else "iam:TagRole"
        yield rule.finding(
            principal.arn,
            ascii_lower(one.key),
            weight=_weight(one.actions, "retagging themselves"),
            summary=f"{named([principal.arn])} may change the tag {one.key} of {_self(principal)} "
            f"({what}), on which its access depends: {one.change} opens "
            f"{listed(short_actions(actions_of(one.actions)), 4)}.",
            mend=Mend(
                why_not="a change of permissions in IAM is not compared here",
                instead=f"deny {what} and its Untag counterpart for aws:TagKeys {one.key} to those whom "
                "it controls",
            ),
            statements=_readers(survey, principal, f"{_PRINCIPAL}{ascii_lower(one.key)}"),
            details=[f"then allowed: {one.then}"] if one.then is not None else [],
            principals=[principal.arn],
            organizations=one.organizations,
            actions=actions_of(one.actions),
        )


def _self(principal: Principal) -> str:
    return "its own user" if principal.kind is PrincipalKind.USER else "its own role"


def _principals_changed(estate: Estate, change: _Change) -> Estate:
    return replace(estate, principals=tuple(replace(p, tags=change.on(p.tags)) for p in estate.principals))


def _readers(survey: Survey, principal: Principal, key: str) -> list[StatementEvidence]:
    found: dict[tuple[Policy, str], StatementEvidence] = {}
    for layer in survey.whole.layers_of(principal):
        for source in layer.sources:
            if key in source.compiled.reads:
                statement = source.compiled.statement
                label = getattr(statement, "label", str(statement.index))
                found[source.policy, label] = StatementEvidence(source.policy, label, (statement.pointer,))
    return list(found.values())


# -- trying -----------------------------------------------------------------


def _weight(actions: int, by: str) -> Weight:
    if actions & GRAVE_ACTIONS:
        return Weight(FindingSeverity.HIGH, f"By {by} they reach mail from which the tag keeps them.")
    if actions & HARMFUL_ACTIONS:
        return Weight(FindingSeverity.MEDIUM, f"By {by} they reach what the tag keeps from them.")
    return Weight(FindingSeverity.LOW, f"By {by} they gain a little.")


def _reads(survey: Survey, members: PrincipalClass, prefix: str) -> bool:
    return any(
        key.startswith(prefix)
        for layer in survey.whole.layers_of(members.principal)
        for part in layer.parts
        for key in part.reads
    )


def _changes(survey: Survey, people: Sequence[Principal], prefix: str) -> list[_Change]:
    """Return the changes worth trying: each key that a policy asks for, without and with each value."""
    values: dict[str, dict[str, None]] = {}
    names: dict[str, str] = {}
    tags = {value for principal in people for _, value in principal.tags}
    tags |= {value for o in survey.estate.organizations for _, value in o.tags or ()}
    for principal in people:
        for layer in survey.whole.layers_of(principal):
            for source in layer.sources:
                for row in source.compiled.rows:
                    for key in row.reads:
                        if key.startswith(prefix):
                            names.setdefault(
                                key,
                                row.condition.key.partition("/")[2]
                                if key == row.key
                                else key.partition("/")[2],
                            )
                            found = values.setdefault(key, {})
                            if key != row.key or any("${" in value for value in row.condition.values):
                                found.update(dict.fromkeys(sorted(tags)))
                            else:
                                found.update(
                                    (value.replace("*", "").replace("?", "x"), None)
                                    for value in row.condition.values
                                )
    return [
        _Change(names[key], value)
        for key, found in sorted(values.items())
        for value in (None, *[v for v in found if v], _OTHER)
    ]


def _try(
    survey: Survey,
    people: Sequence[Principal],
    changes: Sequence[_Change],
    changed: Callable[[Estate, _Change], Estate],
    allowed: _Allowed,
) -> list[_Opened]:
    """Return what each principal opens by changing each tag."""
    found: dict[tuple[str, str], _Opened] = {}
    if not people:
        return []
    base = replace(survey.estate, principals=tuple(people), diagnostics=())
    for start in range(0, len(changes), _AT_ONCE):
        chosen = changes[start : start + _AT_ONCE]
        estates = [base, *(changed(base, change) for change in chosen)]
        wholes = Whole.together(estates, progress=False)
        before = Survey(Access(base, wholes[0]), survey.today)
        for change, estate, whole in zip(chosen, estates[1:], wholes[1:], strict=True):
            after = Survey(Access(estate, whole), survey.today)
            for principal in people:
                _note(found, before, after, principal, change, allowed)
    return list(found.values())


def _note(
    found: dict[tuple[str, str], _Opened],
    before: Survey,
    after: Survey,
    principal: Principal,
    change: _Change,
    allowed: _Allowed,
) -> None:
    d = before.space.diagrams
    old, new = before.whole.class_of[principal.arn], after.whole.class_of[principal.arn]
    organizations = before.living(old, old.scope.kind(ResourceKind.ORGANIZATION))
    for mask, cells in new.allowed:
        for past_mask, past in (*old.allowed, (old.rest, ())):
            shared = mask & past_mask & organizations
            if not shared or cells == past:
                continue
            retag = allowed(before.whole, old, past, change)
            if retag == FALSE:
                continue
            actions, contexts = _gained(d, cells, past, retag)
            if not actions:
                continue
            known = found.get((principal.arn, ascii_lower(change.key)))
            if known is None:
                known = found[principal.arn, ascii_lower(change.key)] = _Opened(
                    principal,
                    change.key,
                    change,
                    0,
                    {},
                    _retag_request(before, principal, shared, past, change),
                    after.witness(after.people[new][0], actions, shared, contexts),
                )
            known.actions |= actions
            known.organizations.update(dict.fromkeys(before.organizations_in(old, shared)))


def _gained(
    d: Diagrams, cells: tuple[tuple[int, int], ...], past: tuple[tuple[int, int], ...], retag: int
) -> tuple[int, int]:
    """Return the actions that a change opens, and contexts in which it opens some."""
    gained, example = 0, FALSE
    for actions, contexts in cells:
        left = actions
        for before, known in (*past, (-1, FALSE)):
            common = left & before
            if not common:
                continue
            left &= ~common
            opened = d.both(d.minus(contexts, known), retag)
            if opened != FALSE:
                gained |= common
                example = opened if example == FALSE else example
    return gained, example


def _retag_request(
    survey: Survey,
    principal: Principal,
    resources: int,
    cells: tuple[tuple[int, int], ...],
    change: _Change,
) -> WitnessRequest | None:
    """Return the request that makes the change of an organization's tag."""
    bit = 1 << ACTIONS.index[_UNTAG if change.value is None else _TAG]
    contexts = next((found for actions, found in cells if actions & bit), FALSE)
    d = survey.space.diagrams
    for dimension in survey.space.dimensions.values():
        if dimension.key == "aws:tagkeys":
            chosen = dimension.variables[dimension.groups[0].class_of(change.key) - 1]
            wanted = [d.literal(v, 2 if v == chosen else 1) for v in dimension.variables]
            contexts = d.all_of([contexts, *wanted])
        elif dimension.key == f"aws:requesttag/{ascii_lower(change.key)}" and change.value is not None:
            contexts = d.both(contexts, survey.space.valued(dimension, change.value))
    return survey.witness(principal, bit, resources, contexts) if contexts != FALSE else None


RULES = (
    Rule(
        "retag-around",
        "Control by tags of an organization can be undone by those whom it controls",
        "Somebody may change a tag of an organization on which their own access depends: the change and the "
        "access that it opens are allowed in one request context.",
        "High where what ends in reading mail is opened, medium for other harm, low else.",
        "Amazon WorkMail Administrator Guide, Tagging an organization; IAM User Guide, Controlling access to "
        "AWS resources using tags",
        _retagging,
    ),
    Rule(
        "self-tagging",
        "Control by tags of a principal can be undone by the principal",
        "A user or role whose access depends on aws:PrincipalTag may change that tag of itself by "
        "iam:TagUser or "
        "iam:TagRole.",
        "High where what ends in reading mail is opened, medium for other harm, low else.",
        "IAM User Guide, Controlling access to and for IAM users and roles using tags",
        _self_tagging,
    ),
)
