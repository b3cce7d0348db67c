"""Estates about changing policies, keys and trust, and about passing roles to services."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from random_estates import drawing
from random_estates.drawing import A, B, Vocabulary, parse
from random_estates.mail import ORGS
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization, Policy, PolicyKind, Principal
from wmiam.policy.model import PolicyDocument, PolicyType

SERVICES = ("lambda.amazonaws.com", "ec2.amazonaws.com", "cloudformation.amazonaws.com")
BOUNDARY = f"arn:aws:iam::{A}:policy/edge"
ROWS: tuple[tuple[str, str, Any], ...] = (
    ("Bool", "aws:MultiFactorAuthPresent", "true"),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
    ("NumericLessThan", "aws:MultiFactorAuthAge", "900"),
    ("StringEquals", "iam:PassedToService", [SERVICES[0], "export.workmail.amazonaws.com"]),
    ("StringNotEquals", "iam:PassedToService", SERVICES[1]),
    ("StringLikeIfExists", "iam:PassedToService", "*.amazonaws.com"),
    ("ArnEquals", "iam:PolicyARN", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ("ArnLike", "iam:PolicyARN", "arn:aws:iam::aws:policy/*"),
    ("ArnNotEquals", "iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess"),
    ("StringEquals", "iam:PermissionsBoundary", BOUNDARY),
    ("Null", "iam:PermissionsBoundary", "true"),
    ("StringNotEqualsIfExists", "iam:PermissionsBoundary", BOUNDARY),
    ("StringEquals", "aws:ResourceTag/Team", "red"),
    ("StringEquals", "iam:ResourceTag/Team", "${aws:PrincipalTag/Team}"),
    ("StringEquals", "aws:RequestedRegion", ["eu-west-1", "us-east-1"]),
    ("StringNotEquals", "aws:RequestedRegion", "us-east-1"),
    ("StringEquals", "aws:RequestTag/Env", "prod"),
    ("ForAllValues:StringEquals", "aws:TagKeys", ["Env"]),
    ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("StringEquals", "aws:ResourceAccount", A),
    ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{A}:role/*"),
    ("StringEquals", "aws:PrincipalOrgID", drawing.ORGANIZATION),
    ("StringEquals", "lambda:FunctionUrlAuthType", "NONE"),
    ("StringEquals", "ec2:InstanceType", "t3.micro"),
    ("StringEquals", "sts:ExternalId", "e-1"),
)


def _trust(rng: random.Random) -> PolicyDocument:
    name = rng.choice((A, f"arn:aws:iam::{A}:user/u0", f"arn:aws:iam::{B}:role/r1"))
    principal: dict[str, Any] = {"AWS": name}
    if rng.random() < 0.7:
        principal["Service"] = rng.choice((*SERVICES, "export.workmail.amazonaws.com"))
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return parse(statement | drawing.condition(rng, WORDS), PolicyType.TRUST)


WORDS = Vocabulary(
    actions=(
        *(
            "*",
            "iam:*",
            "iam:Put*Policy",
            "iam:Attach*",
            "iam:CreateAccessKey",
            "iam:Update*",
            "iam:PassRole",
        ),
        *("iam:AddUserToGroup", "iam:*PermissionsBoundary", "iam:CreatePolicyVersion", "sts:AssumeRole"),
        *("lambda:*", "lambda:CreateFunction", "lambda:InvokeFunction", "ec2:*", "cloudformation:*"),
        *("workmail:*", "workmail:StartMailboxExportJob", "s3:*", "kms:*", "iam:PassRole", "iam:*"),
    ),
    resources=(
        "*",
        f"arn:aws:iam::{A}:*",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:iam::*:user/*",
        "arn:aws:iam::*:role/r?",
        f"arn:aws:iam::{A}:role/r1",
        "arn:aws:iam::*:group/*",
        f"arn:aws:iam::{A}:policy/edge",
        "arn:aws:lambda:*:*:function:mail-*",
        f"arn:aws:lambda:eu-west-1:{A}:function:*",
        "arn:aws:ec2:*",
        "arn:aws:cloudformation:us-*",
        "arn:aws:workmail:*:*:organization/m-aaaa",
    ),
    rows=ROWS,
    statements=4,
    deny=0.2,
    conditional=0.35,
    optional=(
        ("aws:SourceIp", 0.7, ("203.0.113.9", "198.51.100.9")),
        ("aws:RequestTag/Env", 0.0, ("prod",)),
    ),
    times=("2026-10-27T12:00:00Z",),
    tags=((), (("Team", "red"),), (("Team", "blue"),)),
    trust=_trust,
    each=2,
)


def estate(rng: random.Random) -> Estate:
    """Return a random estate in which some managed policies are attached, and boundaries have ARNs."""
    organizations = tuple(
        Organization(f"arn:aws:workmail:{region}:{a}:organization/{id_}", id_, region, a, tags=tags)
        for id_, region, a, tags in ORGS
    )
    found = drawing.estate(rng, WORDS, organizations)
    edge = Policy("edge", PolicyKind.MANAGED, drawing.document(rng, WORDS, PolicyType.IDENTITY), BOUNDARY)
    principals = [_with(rng, principal, edge) for principal in found.principals]
    return replace(found, principals=tuple(principals), policies=(edge,))


def _with(rng: random.Random, principal: Principal, edge: Policy) -> Principal:
    if principal.account != A or principal.name == "root":
        return replace(principal, boundary=None) if principal.account == B else principal
    attached = (edge,) if rng.random() < 0.3 else ()
    boundary = edge if principal.boundary is not None else None
    profiles = (f"arn:aws:iam::{A}:instance-profile/{principal.name}",) if principal.is_role else ()
    return replace(principal, attached=attached, boundary=boundary, instance_profiles=profiles)
