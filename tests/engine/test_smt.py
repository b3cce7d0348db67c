"""The engine's sets of contexts, held against an SMT solver: can it be, does it follow, is it the same?"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import z3
from context_formulas import Keys, concrete, glob, row_formula, rules
from random_estates.drawing import ORGANIZATION
from random_estates.mail import ACTIONS, ROWS, estate

from wmiam.access import Access
from wmiam.access.cells import CellRow
from wmiam.estate.estate import Estate
from wmiam.estate.levels import control_levels, is_limited
from wmiam.estate.model import Account, Organization, Policy, PolicyKind, Principal, PrincipalKind, Tags
from wmiam.policy.model import PolicyDocument, PolicyType
from wmiam.policy.parse import parse_document

ACCOUNT = "111122223333"
#: Seconds are not what is tested: a question that takes longer is left out, and counted.
PATIENCE_MS = 2000

#: Rows of more operators and constants than the random estates have.
MORE_ROWS: tuple[tuple[str, str, Any], ...] = (
    ("NumericLessThanEquals", "aws:MultiFactorAuthAge", ["900", "86400"]),
    ("NumericEquals", "aws:MultiFactorAuthAge", "3600"),
    ("NumericGreaterThan", "aws:MultiFactorAuthAge", "3600"),
    ("NumericNotEquals", "aws:MultiFactorAuthAge", "nonsense"),
    ("NumericLessThanIfExists", "aws:MultiFactorAuthAge", "900"),
    ("NumericLessThan", "aws:MultiFactorAuthAge", "0"),
    ("DateGreaterThan", "aws:CurrentTime", "2026-11-01T00:00:00Z"),
    ("DateEquals", "aws:CurrentTime", "2027-03-31T00:00:00Z"),
    ("DateNotEquals", "aws:EpochTime", "1806451200"),
    ("DateLessThanEquals", "aws:CurrentTime", "2026-09-21T14:13:20Z"),
    ("NumericLessThanEquals", "aws:EpochTime", "1790000000"),
    ("Null", "aws:CurrentTime", "true"),
    ("Null", "aws:MultiFactorAuthPresent", "false"),
    ("Null", "aws:MultiFactorAuthAge", ["true", "false"]),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", "true"),
    ("StringEquals", "aws:MultiFactorAuthPresent", "true"),
    ("StringNotEquals", "aws:SecureTransport", "true"),
    ("IpAddressIfExists", "aws:SourceIp", "203.0.113.64/26"),
    ("NotIpAddressIfExists", "aws:SourceIp", ["2001:db8:1::/48", "0.0.0.0/1"]),
    ("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
    ("NotIpAddress", "aws:SourceIp", ["0.0.0.0/0", "::/0"]),
    ("Null", "aws:SourceIp", "true"),
    ("StringLike", "aws:UserAgent", "*"),
    ("StringLike", "aws:UserAgent", "aws-cli/?"),
    ("StringLike", "aws:UserAgent", "?*cli*?"),
    ("StringNotLike", "aws:UserAgent", ["*", "x"]),
    ("StringNotEqualsIgnoreCase", "aws:UserAgent", "Boto3"),
    ("StringNotEqualsIfExists", "aws:UserAgent", "Boto3"),
    ("ForAllValues:StringLike", "aws:UserAgent", "*Boto*"),
    ("ForAnyValue:StringNotEquals", "aws:UserAgent", "Boto3"),
    ("ForAllValues:StringLike", "aws:TagKeys", ["T*", "Env"]),
    ("ForAllValues:StringNotLike", "aws:TagKeys", "*"),
    ("ForAnyValue:StringNotEquals", "aws:TagKeys", ["Env", "Team"]),
    ("ForAnyValue:StringEqualsIgnoreCase", "aws:TagKeys", "env"),
    ("ForAllValues:StringEqualsIfExists", "aws:TagKeys", "Team"),
    ("StringLike", "aws:TagKeys", "E*"),
    ("StringNotLike", "aws:TagKeys", "E*"),
    ("Null", "aws:TagKeys", "false"),
    ("StringNotEquals", "aws:RequestTag/Env", "prod"),
    ("StringLikeIfExists", "aws:RequestTag/Env", "p*"),
    ("Null", "aws:RequestTag/Env", "true"),
    ("Null", "aws:RequestTag/Team", "false"),
    ("StringEquals", "aws:RequestTag/Team", "red"),
    ("StringLike", "aws:ResourceTag/Team", "r?d"),
    ("StringNotLike", "aws:ResourceTag/Team", "r*"),
    ("Null", "aws:ResourceTag/Team", "true"),
    ("StringLike", "aws:RequestedRegion", "eu-*"),
    ("StringNotEquals", "aws:RequestedRegion", ["eu-west-1", "eu-north-1"]),
    ("StringNotEqualsIfExists", "workmail:ImpersonationRoleId", "role-1"),
    ("StringLike", "workmail:ImpersonationRoleId", "role-?"),
    ("ArnLike", "aws:SourceArn", "arn:aws:*:*:*:*"),
    ("ArnEquals", "aws:SourceArn", "arn:aws:lambda:eu-west-?:*:function:*"),
    ("ArnLikeIfExists", "aws:SourceArn", "arn:aws:lambda:*:111122223333:*"),
    ("ArnNotEquals", "aws:SourceArn", "arn:*:lambda:*:*:*"),
    ("StringNotLike", "aws:SourceArn", "arn:aws:*"),
    ("Null", "aws:SourceArn", "true"),
)


def _values(values: Any) -> list[str]:
    return [values] if isinstance(values, str) else list(values)


#: Rows without policy variables: a condition by itself has no principal to fill them in.
PLAIN_ROWS = tuple(row for row in (*ROWS, *MORE_ROWS) if "${" not in str(row[2]))
CONDITION_ACTIONS = (
    "workmail:TagResource",
    "workmail:UntagResource",
    "workmail:AssumeImpersonationRole",
    "workmail:DescribeUser",
    "workmail:ListOrganizations",
)


class UndecidedError(Exception):
    """The solver gave up."""


def _satisfiable(*formulas: z3.BoolRef) -> z3.ModelRef | None:
    solver = z3.Solver()
    solver.set("timeout", PATIENCE_MS)
    answer = solver.check(*formulas)
    if answer == z3.unknown:
        raise UndecidedError
    return solver.model() if answer == z3.sat else None


@dataclass(frozen=True)
class Request:
    """One cell as a formula."""

    row: CellRow
    formula: z3.BoolRef
    possible: z3.BoolRef
    keys: Keys


def _keys(found: Estate, principal: Principal, action: str, org: Organization | None) -> Keys:
    """Return what principal, action and organization say of the context keys."""
    known = {
        "aws:principalarn": principal.arn,
        "aws:principaltype": {"user": "User", "root": "Account"}.get(principal.kind, "AssumedRole"),
    }
    known |= {f"aws:principaltag/{key.lower()}": value for key, value in principal.tags}
    absent: set[str] = set()
    if principal.kind is PrincipalKind.USER:
        known["aws:username"] = principal.name
    else:
        absent.add("aws:username")
    # Without a tree it is not known whether the account is in an AWS organization, so the key stays open.
    if found.aws_organization is not None:
        known["aws:principalorgid"] = ORGANIZATION
    families = ["aws:principaltag/"]
    if org is None:
        # An action without a resource has no tags to ask for.
        families.append("aws:resourcetag/")
    else:
        known["aws:requestedregion"] = org.region
        if action.startswith("workmailmessageflow:"):
            families.append("aws:resourcetag/")
        elif org.tags is not None:
            known |= {f"aws:resourcetag/{key.lower()}": value for key, value in org.tags}
            families.append("aws:resourcetag/")
    if action not in ("workmail:TagResource", "workmail:UntagResource"):
        absent.add("aws:tagkeys")
    if action != "workmail:TagResource":
        families.append("aws:requesttag/")
    if action != "workmail:AssumeImpersonationRole":
        absent.add("workmail:impersonationroleid")
    return Keys(known, frozenset(absent), tuple(families))


def _replaced(text: str, keys: Keys, variables: bool) -> str | None:
    """Return a text with its policy variable replaced, None where that has no value."""
    if not variables or "${" not in text:
        return text
    head, _, rest = text.partition("${")
    name, _, tail = rest.partition("}")
    value = keys.known.get(name.lower())
    return None if value is None else head + value + tail


def _document(
    document: PolicyDocument, action: str, resource: str, keys: Keys
) -> tuple[z3.BoolRef, z3.BoolRef]:
    """Return when a document allows a request, and when it denies it."""
    allows, denies = [z3.BoolVal(False)], [z3.BoolVal(False)]
    for statement in document.statements:
        patterns = statement.actions if statement.actions is not None else statement.not_actions or ()
        covered = any(glob(pattern.lower(), action.lower()) for pattern in patterns)
        if covered is (statement.actions is None):
            continue
        named = statement.resources if statement.resources is not None else statement.not_resources or ()
        texts = [_replaced(text, keys, document.has_variables) for text in named]
        covered = any(text is not None and glob(text, resource) for text in texts)
        if covered is (statement.resources is None):
            continue
        rows = []
        for row in statement.conditions:
            replaced = [_replaced(value, keys, document.has_variables) for value in row.values]
            wanted = [value for value in replaced if value is not None]
            rows.append(row_formula(row.written, row.key, wanted, keys))
        (allows if statement.effect == "Allow" else denies).append(z3.And(rows))
    return z3.Or(allows), z3.Or(denies)


def _allowed(
    found: Estate, principal: Principal, action: str, org: Organization | None, keys: Keys
) -> z3.BoolRef:
    """Return when a request is allowed, by "Policy evaluation logic" and "SCP evaluation"."""
    resource = "*" if org is None else org.arn
    if org is not None and action.startswith("workmailmessageflow:"):
        resource = f"arn:aws:workmailmessageflow:{org.region}:{org.account}:message/{org.id}/incoming/1"
    if org is not None and org.account != principal.account:
        return z3.BoolVal(False)
    levels = [[policy for policy, _ in principal.identity_policies]]
    if principal.boundary is not None:
        levels.append([principal.boundary])
    if is_limited(principal):
        levels += [
            list(level.policies) for level in control_levels(found.aws_organization, principal.account)
        ]
    result = z3.BoolVal(True)
    for number, level in enumerate(levels):
        pairs = [_document(p.document, action, resource, keys) for p in level if p.document is not None]
        allows = z3.Or([allow for allow, _ in pairs])
        if number == 0 and principal.kind is PrincipalKind.ROOT:
            allows = z3.BoolVal(True)
        result = z3.And(result, allows, *[z3.Not(deny) for _, deny in pairs])
    return result


def _names(found: Estate) -> list[str]:
    """Return the keys that an estate's policies ask for, each as first written."""
    policies: list[Policy | None] = []
    for principal in found.principals:
        policies += [policy for policy, _ in principal.identity_policies]
        policies.append(principal.boundary)
    if found.aws_organization is not None:
        for target in found.aws_organization.targets.values():
            policies += target.scps
    # Asked for or not, its age and its presence go together.
    names: dict[str, str] = {"aws:multifactorauthpresent": "aws:MultiFactorAuthPresent"}
    for policy in policies:
        if policy is not None and policy.document is not None:
            for statement in policy.document.statements:
                for row in statement.conditions:
                    names.setdefault(row.key.lower(), row.key)
    return list(names.values())


def _cell(
    access: Access, names: list[str], principal: Principal, action: str, org: Organization | None
) -> Request | None:
    rows = list(access.rows(principal, action, org, denied=True))
    if len(rows) != 1:
        return None
    keys = _keys(access.estate, principal, action, org)
    return Request(
        rows[0],
        _allowed(access.estate, principal, action, org, keys),
        # Root users sign in with a password, users may use keys; a role's session is temporary.
        rules(names, keys, long_term=not principal.is_role),
        keys,
    )


def _check_cell(access: Access, names: list[str], cell: Request) -> None:
    """Compare whether a cell can be allowed, can be denied, and one example of each."""
    row = cell.row
    for wanted in (True, False):
        formula = cell.formula if wanted else z3.Not(cell.formula)
        model = _satisfiable(cell.possible, formula)
        possible = row.decision != "denied" if wanted else row.decision != "allowed"
        about = (row.principal.arn, row.action, row.organization)
        assert (model is not None) is possible, (*about, row.decision, wanted, model)
        if model is not None and row.resource is not None and not access.whole.space.opaque:
            _check_example(access, names, cell, model, wanted)


def _check_example(access: Access, names: list[str], cell: Request, model: z3.ModelRef, wanted: bool) -> None:
    row = cell.row
    context = concrete(model, names, cell.keys)
    if "" in context.get("aws:TagKeys", ()):
        return  # Alone it would be an empty set.
    context.setdefault("aws:RequestedRegion", cell.keys.known.get("aws:requestedregion", "eu-west-1"))
    context.setdefault("aws:SecureTransport", "true")
    context.setdefault("aws:CurrentTime", "2026-11-24T00:00:00Z")
    organization = None if row.organization == "*" else row.organization
    actual = access.allows(row.principal.arn, row.action, organization, context)
    assert actual is wanted, (row.principal.arn, row.action, row.organization, context)


def check_estate(seed: int, cells: int) -> tuple[int, int]:
    """Compare cells of one random estate; return how many were compared, and how many the solver gave up."""
    rng = random.Random(seed)
    found = estate(rng)
    access = Access.of(found, progress=False)
    names = _names(found)
    done = undecided = 0
    for _ in range(cells):
        principal, action = rng.choice(found.principals), rng.choice(ACTIONS)
        owned = [org for org in found.organizations if org.account == principal.account]
        org = None if action == "workmail:ListOrganizations" else rng.choice(owned)
        cell = _cell(access, names, principal, action, org)
        assert cell is not None
        try:
            _check_cell(access, names, cell)
            done += 1
        except UndecidedError:
            undecided += 1
    return done, undecided


def _condition(rng: random.Random, rows: tuple[tuple[str, str, Any], ...]) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for operator, key, values in rng.sample(rows, rng.randint(1, 3)):
        block.setdefault(operator, {})[key] = values
    return block


def _drawn_rows(rng: random.Random) -> tuple[tuple[str, str, Any], ...]:
    """Return rows with constants and patterns that overlap as nobody would write them."""

    def text(letters: str, most: int) -> str:
        return "".join(rng.choices(letters, k=rng.randint(0, most)))

    def some(make: Any) -> list[str]:
        return [make() for _ in range(rng.randint(1, 2))]

    negation = rng.choice(("", "Not"))
    ending = rng.choice(("", "", "IfExists"))
    qualifier = rng.choice(("", "ForAllValues:", "ForAnyValue:"))
    order = rng.choice(("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan"))
    agent = some(lambda: text("ab*?*", 4))
    arns = some(lambda: f"arn:{text('a*', 2)}:{text('a?', 2)}:*:{text('a*', 2)}:{text('ab:*?', 4)}")
    prefix = rng.randint(0, 32)
    return (
        (f"String{negation}Like{ending}", "aws:UserAgent", agent),
        (f"{qualifier}String{negation}Like{ending}", "aws:UserAgent", agent[::-1]),
        (f"String{negation}Equals{ending}", "aws:UserAgent", some(lambda: text("ab", 2))),
        (f"{qualifier}String{negation}Like{ending}", "aws:TagKeys", some(lambda: text("Tae*?", 3))),
        (
            f"{qualifier}String{negation}EqualsIgnoreCase{ending}",
            "aws:TagKeys",
            some(lambda: text("TeEa", 3)),
        ),
        (f"Arn{negation}Like{ending}", "aws:SourceArn", arns),
        (f"String{negation}Like{ending}", "aws:SourceArn", some(lambda: text("ar:*?", 5))),
        (f"Numeric{order}{ending}", "aws:MultiFactorAuthAge", some(lambda: str(rng.randint(-1, 3)))),
        (f"Date{order}{ending}", "aws:CurrentTime", some(lambda: f"2027-0{rng.randint(1, 3)}-01T00:00:00Z")),
        (f"Numeric{order}", "aws:EpochTime", some(lambda: str(1798761600 + 86400 * rng.randint(0, 60)))),
        (f"{negation}IpAddress{ending}", "aws:SourceIp", [f"{rng.choice((10, 138))}.0.0.0/{prefix}"]),
    )


def _estate(users: list[list[dict[str, Any]]], tags: Tags | None) -> Estate:
    """Return an estate in which each user has statements with these conditions, and nothing else differs."""
    found = []
    for at, conditions in enumerate(users):
        statements = [
            {"Effect": "Allow", "Action": "workmail:*", "Resource": "*", "Condition": condition}
            for condition in conditions
        ]
        document = parse_document({"Version": "2012-10-17", "Statement": statements}, PolicyType.IDENTITY)
        inline = (Policy("p", PolicyKind.INLINE, document),)
        arn = f"arn:aws:iam::{ACCOUNT}:user/u{at}"
        found.append(Principal(arn, f"u{at}", ACCOUNT, PrincipalKind.USER, inline=inline))
    org = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-aaaa"
    return Estate(
        tuple(found),
        (Organization(org, "m-aaaa", "eu-west-1", ACCOUNT, tags=tags),),
        {ACCOUNT: Account(ACCOUNT, has_iam=True)},
    )


def _conditions(rng: random.Random, number: int) -> Estate:
    """Return an estate of users with random conditions."""
    rows = (*rng.sample(PLAIN_ROWS, 40), *_drawn_rows(rng), *_drawn_rows(rng))
    users = [[_condition(rng, rows) for _ in range(rng.choice((1, 1, 2)))] for _ in range(number)]
    return _estate(users, rng.choice((None, (), (("Team", "red"),))))


def check_conditions(seed: int, pairs: int) -> tuple[int, int]:
    """Compare implication and equality of conditions; return how many pairs, and how many were given up."""
    rng = random.Random(seed)
    found = _conditions(rng, 8)
    access = Access.of(found, progress=False)
    d, names = access.whole.space.diagrams, _names(found)
    done = undecided = 0
    for _ in range(pairs):
        action = rng.choice(CONDITION_ACTIONS)
        org = None if action == "workmail:ListOrganizations" else found.organizations[0]
        left, right = (_cell(access, names, user, action, org) for user in rng.sample(found.principals, 2))
        assert left is not None
        assert right is not None
        try:
            possible = z3.And(left.possible, right.possible)
            forth = _satisfiable(possible, left.formula, z3.Not(right.formula)) is None
            back = _satisfiable(possible, right.formula, z3.Not(left.formula)) is None
            apart = _satisfiable(possible, left.formula, right.formula) is None
        except UndecidedError:
            undecided += 1
            continue
        a, b = left.row.contexts, right.row.contexts
        about = (seed, action, left.row.principal.name, right.row.principal.name)
        assert (d.minus(a, b) == 0) is forth, (*about, "implication")
        assert (d.minus(b, a) == 0) is back, (*about, "implication, backwards")
        assert (a == b) is (forth and back), (*about, "equality")
        assert (d.both(a, b) == 0) is apart, (*about, "contradiction")
        _check_cell(access, names, left)
        done += 1
    return done, undecided


@pytest.mark.parametrize(
    ("conditions", "decision"),
    [
        # The age of the sign-in is there with MFA alone.
        (
            [{"Bool": {"aws:MultiFactorAuthPresent": "false"}, "Null": {"aws:MultiFactorAuthAge": "false"}}],
            "denied",
        ),
        (
            [{"Null": {"aws:MultiFactorAuthAge": "true"}}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}],
            "allowed",
        ),
        # Two names of one moment.
        (
            [
                {
                    "DateLessThan": {"aws:CurrentTime": "2027-01-15T08:00:00Z"},
                    "NumericGreaterThanEquals": {"aws:EpochTime": "1800000000"},
                }
            ],
            "denied",
        ),
        (
            [
                {"DateLessThanEquals": {"aws:CurrentTime": "2027-01-15T08:00:00Z"}},
                {"DateGreaterThan": {"aws:EpochTime": "1800000000"}},
            ],
            "allowed",
        ),
        # A tag that is sent is among the keys of those that are.
        (
            [
                {
                    "StringLike": {"aws:RequestTag/Env": "*"},
                    "ForAllValues:StringNotEquals": {"aws:TagKeys": "Env"},
                }
            ],
            "denied",
        ),
        (
            [
                {"Null": {"aws:RequestTag/Env": "true"}},
                {"ForAnyValue:StringEquals": {"aws:TagKeys": ["Env", "Team"]}},
            ],
            "allowed",
        ),
        # One text in a set is one member.
        (
            [
                {
                    "ForAllValues:StringEquals": {"aws:TagKeys": "Env"},
                    "StringNotLike": {"aws:TagKeys": "E*"},
                    "Null": {"aws:TagKeys": "false"},
                }
            ],
            "denied",
        ),
    ],
)
def test_keys_that_belong_together(conditions: list[dict[str, Any]], decision: str) -> None:
    found = _estate([conditions], tags=())
    access = Access.of(found, progress=False)
    names = _names(found)
    cell = _cell(access, names, found.principals[0], "workmail:TagResource", found.organizations[0])
    assert cell is not None
    assert cell.row.decision == decision
    _check_cell(access, names, cell)


def _all(check: Any, seeds: range, each: int) -> Iterator[tuple[int, int]]:
    for seed in seeds:
        yield check(seed, each)


@pytest.mark.parametrize(("check", "seeds"), [(check_estate, range(30)), (check_conditions, range(12))])
def test_contexts_agree_with_solver(check: Any, seeds: range) -> None:
    done, undecided = map(sum, zip(*_all(check, seeds, 5), strict=True))
    assert undecided <= 0.05 * (done + undecided)


@pytest.mark.long
@pytest.mark.parametrize("check", [check_estate, check_conditions])
@pytest.mark.parametrize("block", range(10))
def test_contexts_agree_with_solver_long(check: Any, block: int) -> None:
    seeds = range(1000 + block * 50, 1050 + block * 50)
    done, undecided = map(sum, zip(*_all(check, seeds, 20), strict=True))
    assert undecided <= 0.05 * (done + undecided)
