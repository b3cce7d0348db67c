"""Estates, contexts and requests about WorkMail organizations."""

from __future__ import annotations

import random
from typing import Any

from random_estates import drawing
from random_estates.drawing import Vocabulary, parse, principal_keys
from wmiam.engine.request import Request
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization, Policy, PolicyKind, Principal
from wmiam.policy.model import PolicyDocument, PolicyType

ACCOUNTS = (drawing.A, drawing.B)
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


def _trust(_rng: random.Random) -> PolicyDocument:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNTS[0]}}
    return parse(statement, PolicyType.TRUST)


WORDS = Vocabulary(
    actions=(*ACTIONS, *PATTERNS),
    resources=RESOURCES,
    rows=ROWS,
    statements=4,
    deny=0.35,
    conditional=0.7,
    optional=(
        ("aws:UserAgent", 0.7, ("aws-cli/2", "AWS-cli/2", "Boto3", "my Boto3 cli", "", "x")),
        ("aws:SourceIp", 0.7, ("203.0.113.7", "203.0.113.70", "198.51.100.1", "2001:db8::7", "::1")),
        (
            "aws:SourceArn",
            0.5,
            (
                "arn:aws:lambda:eu-west-1:1:function:mail-x",
                "arn:aws:lambda:us-east-1:1:function:mail-y",
                "x",
            ),
        ),
        ("aws:SourceIdentity", 0.5, ("YWJj", "zz", "abc")),
    ),
    times=("2026-01-01T00:00:00Z", "2027-03-31T00:00:00Z", "1790000000", "1900000000"),
    tags=((), (("Team", "red"),), (("Team", "blue"), ("Org", "m-bbbb"))),
    trust=_trust,
    each=1,
)


def document(rng: random.Random) -> dict[str, Any]:
    """Return a random identity-based policy document about WorkMail."""
    return drawing.written(rng, WORDS, PolicyType.IDENTITY)


def policy(rng: random.Random, kind: PolicyKind, policy_type: PolicyType, name: str) -> Policy:
    """Return a random policy about WorkMail."""
    return Policy(name, kind, drawing.document(rng, WORDS, policy_type))


def estate(rng: random.Random) -> Estate:
    """Return a random estate with four WorkMail organizations."""
    organizations = tuple(
        Organization(
            f"arn:aws:workmail:{region}:{account}:organization/{id_}", id_, region, account, tags=tags
        )
        for id_, region, account, tags in ORGS
    )
    return drawing.estate(rng, WORDS, organizations)


def context(rng: random.Random, principal: Principal, action: str, tags: Any) -> dict[str, Any]:
    """Return what a request of a principal may carry, but for what the estate decides.

    The tags are those of the organization that the request is about: None where no file lists them.
    """
    found = drawing.context(rng, WORDS, is_role=principal.is_role)
    if action == "workmail:AssumeImpersonationRole":
        found["workmail:ImpersonationRoleId"] = rng.choice(("role-1", "role-2"))
    if action in ("workmail:TagResource", "workmail:UntagResource"):
        keys = rng.choice(
            ([], ["Env"], ["Team"], ["Env", "Team"], ["Other"], ["Env", "Other"], ["T", "Team"])
        )
        if keys:
            found["aws:TagKeys"] = keys
        if action == "workmail:TagResource" and "Env" in keys:
            found["aws:RequestTag/Env"] = rng.choice(("prod", "test", "dev"))
    if tags is None and rng.random() < 0.5:
        found["aws:ResourceTag/Team"] = rng.choice(("red", "blue"))
    return found


def reference(
    found: Estate, principal: Principal, action: str, org: Organization | None, context: dict[str, Any]
) -> bool:
    """Return what the reference evaluator says of a request about an organization, or about none."""
    keys = {**context, **principal_keys(found, principal)}
    resource = "*" if org is None else org.arn
    if org is not None:
        keys["aws:RequestedRegion"] = org.region
        keys.update({f"aws:ResourceTag/{key}": value for key, value in org.tags or ()})
        if action.startswith("workmailmessageflow"):
            resource = (
                f"arn:aws:workmailmessageflow:{org.region}:{org.account}:message/{org.id}/incoming/1234"
            )
    return drawing.reference(found, principal, Request(principal.arn, action, resource, keys))
