"""The compiled evaluator must agree with the reference, cell by cell, on random estates and contexts."""

from __future__ import annotations

import random
from typing import Any

import pytest

from wmiam.access import Access
from wmiam.engine.decide import PolicySet, decide
from wmiam.engine.request import Request
from wmiam.estate.estate import Estate
from wmiam.estate.model import (
    Account,
    AwsOrganization,
    Group,
    Organization,
    OrganizationsTarget,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
    TargetKind,
)
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

ACCOUNTS = ("111122223333", "444455556666")
ACTIONS = (
    "workmail:ResetPassword",
    "workmail:ListOrganizations",
    "workmail:TagResource",
    "workmail:UntagResource",
    "workmail:AssumeImpersonationRole",
    "workmail:DescribeUser",
    "workmail:DeleteOrganization",
    "workmailmessageflow:GetRawMessageContent",
)
PATTERNS = (
    "*",
    "workmail:*",
    "workmail:*Resource",
    "WorkMail:Re?etPassword",
    "workmailmessageflow:Get*",
    "s3:*",
)
ORGS = [
    ("m-aaaa", "eu-west-1", ACCOUNTS[0], (("Team", "red"), ("Env", "prod"))),
    ("m-bbbb", "us-east-1", ACCOUNTS[0], (("Team", "blue"),)),
    ("m-cccc", "eu-west-1", ACCOUNTS[0], None),
    ("m-dddd", "us-west-2", ACCOUNTS[1], ()),
]
RESOURCES = (
    "*",
    "arn:aws:workmail:eu-west-1:111122223333:organization/*",
    "arn:aws:workmail:*:111122223333:organization/m-bbbb",
    "arn:aws:workmail:*",
    "arn:aws:workmail:us-east-1:111122223333:organization/${aws:PrincipalTag/Org}",
    "arn:aws:workmailmessageflow:*:*:message/m-aaaa/*",
    "arn:aws:workmail:*:*:organization/m-?ccc",
)
ROWS: tuple[tuple[str, str, Any], ...] = (
    ("Bool", "aws:MultiFactorAuthPresent", "true"),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
    ("Bool", "aws:MultiFactorAuthPresent", "false"),
    ("Null", "aws:MultiFactorAuthAge", "true"),
    ("NumericLessThan", "aws:MultiFactorAuthAge", "3600"),
    ("NumericGreaterThanEquals", "aws:MultiFactorAuthAge", ["900", "nonsense"]),
    ("NumericNotEquals", "aws:MultiFactorAuthAge", "3600"),
    ("DateLessThan", "aws:CurrentTime", "2027-03-31T00:00:00Z"),
    ("DateGreaterThanEquals", "aws:EpochTime", "1790000000"),
    ("NumericGreaterThan", "aws:EpochTime", "1800000000"),
    ("StringEquals", "aws:RequestedRegion", ["eu-west-1", "us-west-2"]),
    ("StringNotLike", "aws:RequestedRegion", "eu-*"),
    ("StringLike", "aws:UserAgent", ["aws-cli/*", "*Boto3*"]),
    ("StringNotLikeIfExists", "aws:UserAgent", "*cli*"),
    ("StringEqualsIgnoreCase", "aws:UserAgent", "AWS-CLI/2"),
    ("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32"]),
    ("NotIpAddress", "aws:SourceIp", "203.0.113.64/26"),
    ("StringEquals", "aws:ResourceTag/Team", "red"),
    ("StringNotEquals", "aws:ResourceTag/Team", "${aws:PrincipalTag/Team}"),
    ("StringEquals", "aws:PrincipalTag/Team", ["red", "green"]),
    ("StringEquals", "aws:RequestTag/Env", ["prod", "test"]),
    ("Null", "aws:RequestTag/Env", "false"),
    ("ForAllValues:StringEquals", "aws:TagKeys", ["Env", "Team"]),
    ("ForAnyValue:StringLike", "aws:TagKeys", "T*"),
    ("ForAllValues:StringNotEquals", "aws:TagKeys", "Env"),
    ("ForAnyValue:StringNotLikeIfExists", "aws:TagKeys", "E*"),
    ("StringEquals", "aws:TagKeys", "Env"),
    ("StringNotEquals", "aws:TagKeys", "Env"),
    ("Null", "aws:TagKeys", "true"),
    ("ForAnyValue:StringEquals", "aws:UserAgent", "Boto3"),
    ("ForAllValues:StringEquals", "aws:UserAgent", "Boto3"),
    ("StringEquals", "workmail:ImpersonationRoleId", "role-1"),
    ("StringNotEquals", "workmail:ImpersonationRoleId", "role-1"),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*"),
    ("ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::*:user/u0"),
    ("StringEquals", "aws:username", "u0"),
    ("StringEquals", "aws:PrincipalOrgID", "o-abc1234567"),
    ("Bool", "aws:SecureTransport", "false"),
    ("StringEquals", "aws:SecureTransport", "true"),
    ("ArnLike", "aws:SourceArn", "arn:aws:lambda:*:*:function:mail-*"),
    ("ArnNotLike", "aws:SourceArn", "arn:aws:lambda:*:*:function:mail-x"),
    ("StringLike", "aws:SourceArn", "arn:aws:lambda:eu-*"),
    ("BinaryEquals", "aws:SourceIdentity", "YWJj"),
    ("StringEquals", "aws:SourceIdentity", "YWJj"),
)


def _document(rng: random.Random, *, deny: float = 0.35) -> dict[str, Any]:
    statements = []
    for _ in range(rng.randint(1, 4)):
        statement: dict[str, Any] = {"Effect": "Deny" if rng.random() < deny else "Allow"}
        actions = rng.sample((*ACTIONS, *PATTERNS), rng.randint(1, 3))
        statement["NotAction" if rng.random() < 0.2 else "Action"] = actions
        resources = rng.sample(RESOURCES, rng.randint(1, 2)) if rng.random() < 0.6 else "*"
        statement["NotResource" if rng.random() < 0.15 and resources != "*" else "Resource"] = resources
        if rng.random() < 0.7:
            block: dict[str, dict[str, Any]] = {}
            for operator, key, values in rng.sample(ROWS, rng.randint(1, 3)):
                block.setdefault(operator, {})[key] = values
            statement["Condition"] = block
        statements.append(statement)
    return {"Version": rng.choice(("2012-10-17", "2012-10-17", "2008-10-17")), "Statement": statements}


def _policy(rng: random.Random, kind: PolicyKind, policy_type: PolicyType, name: str) -> Policy:
    return Policy(name, kind, parse_document(_document(rng), policy_type))


def _estate(rng: random.Random) -> Estate:
    groups = [
        Group(
            f"arn:aws:iam::{ACCOUNTS[0]}:group/g{i}",
            f"g{i}",
            ACCOUNTS[0],
            inline=(_policy(rng, PolicyKind.INLINE, PolicyType.IDENTITY, f"g{i}"),),
        )
        for i in range(2)
    ]
    principals = [
        Principal(f"arn:aws:iam::{account}:root", "root", account, PrincipalKind.ROOT) for account in ACCOUNTS
    ]
    for index in range(4):
        account = ACCOUNTS[0] if index < 3 else ACCOUNTS[1]
        role = index % 2 == 1
        kind, word = (PrincipalKind.ROLE, "role") if role else (PrincipalKind.USER, "user")
        path = "/"
        if role and rng.random() < 0.2:
            kind, path = PrincipalKind.SERVICE_LINKED_ROLE, "/aws-service-role/events.workmail.amazonaws.com/"
        trust = None
        if role:
            document = {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": ACCOUNTS[0]},
                },
            }
            trust = Policy("trust", PolicyKind.TRUST, parse_document(document, PolicyType.TRUST))
        principals.append(
            Principal(
                f"arn:aws:iam::{account}:{word}{path}{word[0]}{index}",
                f"{word[0]}{index}",
                account,
                kind,
                path,
                inline=tuple(
                    _policy(rng, PolicyKind.INLINE, PolicyType.IDENTITY, f"p{n}")
                    for n in range(rng.randint(0, 2))
                ),
                groups=tuple(rng.sample(groups, rng.randint(0, 2)))
                if not role and account == ACCOUNTS[0]
                else (),
                boundary=_policy(rng, PolicyKind.MANAGED, PolicyType.BOUNDARY, "b")
                if rng.random() < 0.3
                else None,
                trust=trust,
                tags=rng.choice(((), (("Team", "red"),), (("Team", "blue"), ("Org", "m-bbbb")))),
            )
        )
    tree = None
    if rng.random() < 0.7:
        full = parse_document(
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
            PolicyType.SCP,
        )

        def scps(name: str) -> tuple[Policy, ...]:
            own = (_policy(rng, PolicyKind.SCP, PolicyType.SCP, name),) if rng.random() < 0.5 else ()
            return (Policy("Full", PolicyKind.SCP, full), *own)

        targets = {
            "r-ab12": OrganizationsTarget("r-ab12", "Root", TargetKind.ROOT, None, scps("root")),
            ACCOUNTS[0]: OrganizationsTarget(ACCOUNTS[0], "a", TargetKind.ACCOUNT, "r-ab12", scps("account")),
            ACCOUNTS[1]: OrganizationsTarget(ACCOUNTS[1], "m", TargetKind.ACCOUNT, "r-ab12", scps("account")),
        }
        tree = AwsOrganization("o-abc1234567", ACCOUNTS[1], targets, scps_in_use=True)
    organizations = tuple(
        Organization(
            f"arn:aws:workmail:{region}:{account}:organization/{id_}", id_, region, account, tags=tags
        )
        for id_, region, account, tags in ORGS
    )
    accounts = {account: Account(account, has_iam=True) for account in ACCOUNTS}
    return Estate(tuple(principals), organizations, accounts, tuple(groups), aws_organization=tree)


def _context(rng: random.Random, principal: Principal, action: str, tags: Any) -> dict[str, Any]:
    context: dict[str, Any] = {
        "aws:CurrentTime": rng.choice(
            ("2026-01-01T00:00:00Z", "2027-03-31T00:00:00Z", "1790000000", "1900000000")
        ),
        "aws:SecureTransport": rng.choice(("true", "false")),
        "aws:ViaAWSService": "false",
    }
    mfa = rng.choice(("true", "false", None)) if not principal.is_role else rng.choice(("true", "false"))
    if mfa is not None:
        context["aws:MultiFactorAuthPresent"] = mfa
        if mfa == "true":
            context["aws:MultiFactorAuthAge"] = rng.choice(("0", "900", "901", "3600", "3601"))
    if rng.random() < 0.7:
        context["aws:UserAgent"] = rng.choice(("aws-cli/2", "AWS-cli/2", "Boto3", "my Boto3 cli", "", "x"))
    if rng.random() < 0.7:
        context["aws:SourceIp"] = rng.choice(
            ("203.0.113.7", "203.0.113.70", "198.51.100.1", "2001:db8::7", "::1")
        )
    if rng.random() < 0.5:
        context["aws:SourceArn"] = rng.choice(
            ("arn:aws:lambda:eu-west-1:1:function:mail-x", "arn:aws:lambda:us-east-1:1:function:mail-y", "x")
        )
    if rng.random() < 0.5:
        context["aws:SourceIdentity"] = rng.choice(("YWJj", "zz", "abc"))
    if action == "workmail:AssumeImpersonationRole":
        context["workmail:ImpersonationRoleId"] = rng.choice(("role-1", "role-2"))
    if action in ("workmail:TagResource", "workmail:UntagResource"):
        keys = rng.choice(
            ([], ["Env"], ["Team"], ["Env", "Team"], ["Other"], ["Env", "Other"], ["T", "Team"])
        )
        if keys:
            context["aws:TagKeys"] = keys
        if action == "workmail:TagResource" and "Env" in keys:
            context["aws:RequestTag/Env"] = rng.choice(("prod", "test", "dev"))
    if tags is None and rng.random() < 0.5:
        context["aws:ResourceTag/Team"] = rng.choice(("red", "blue"))
    return context


def _reference(
    estate: Estate, principal: Principal, action: str, org: Organization | None, context: dict[str, Any]
) -> bool:
    tree = estate.aws_organization
    full = dict(context)
    for key, value in principal.tags:
        full[f"aws:PrincipalTag/{key}"] = value
    full["aws:PrincipalArn"] = principal.arn
    if tree is not None:
        full["aws:PrincipalOrgID"] = tree.id
    resource = "*" if org is None else org.arn
    if org is not None:
        full["aws:RequestedRegion"] = org.region
        for key, value in org.tags or ():
            full[f"aws:ResourceTag/{key}"] = value
        if action.startswith("workmailmessageflow"):
            resource = (
                f"arn:aws:workmailmessageflow:{org.region}:{org.account}:message/{org.id}/incoming/1234"
            )
    limited = tree is not None and principal.account != tree.management_account
    scps = (
        [[p.document for p in target.scps if p.document] for target in tree.path(principal.account)]
        if tree is not None and limited
        else []
    )
    policies = PolicySet(
        identity=[p.document for p, _ in principal.identity_policies if p.document is not None],
        boundary=principal.boundary.document if principal.boundary else None,
        scps=scps,
    )
    return decide(Request(principal.arn, action, resource, full), policies).allowed


def check(seed: int, requests: int) -> int:
    """Compare one random estate; return the number of requests that were compared."""
    rng = random.Random(seed)
    estate = _estate(rng)
    access = Access.of(estate, progress=False)
    for _ in range(requests):
        principal = rng.choice(estate.principals)
        action = rng.choice(ACTIONS)
        org: Organization | None = rng.choice(estate.organizations)
        if action == "workmail:ListOrganizations":
            org = None
        context = _context(rng, principal, action, org.tags if org else ())
        if org is None:
            context["aws:RequestedRegion"] = rng.choice(("eu-west-1", "us-east-1", "eu-south-9"))
        expected = _reference(estate, principal, action, org, context)
        concrete = {**context, "aws:RequestedRegion": org.region if org else context["aws:RequestedRegion"]}
        if org is not None and org.account != principal.account:
            actual = False
        else:
            point = access.whole.space.point(_normal(concrete))
            for unknown, variable in access.whole.space.opaque.items():
                assert unknown == "the message is incoming", unknown
                point[variable] = 1
            actual = _holds(access, principal, action, org, point)
        assert actual == expected, (seed, principal.arn, action, org and org.arn, concrete)
    return requests


def _normal(context: dict[str, Any]) -> Any:
    from wmiam.engine.request import Context

    return Context.of(context)


def _holds(
    access: Access, principal: Principal, action: str, org: Organization | None, point: dict[int, int]
) -> bool:
    from wmiam.engine.compile import ACTIONS as SETS

    bit = 1 << SETS.index[action]
    for cell in access.whole.class_of[principal.arn].cells:
        if cell.actions & bit and cell.resource.organization is org:
            return access.whole.space.diagrams.holds(cell.contexts, point)
    return False


@pytest.mark.parametrize("seed", range(60))
def test_compiled_agrees_with_reference(seed: int) -> None:
    check(seed, 60)


@pytest.mark.long
@pytest.mark.parametrize("block", range(20))
def test_compiled_agrees_with_reference_long(block: int) -> None:
    for seed in range(1000 + block * 100, 1100 + block * 100):
        check(seed, 100)
