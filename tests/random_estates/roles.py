"""Estates with roles that trust each other, services and providers, and requests to assume them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from random_estates import drawing
from random_estates.drawing import ORGANIZATION, A, B, C, Vocabulary, organization_keys, parse, principal_keys
from wmiam.engine.request import Request
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.policy.model import PolicyDocument, PolicyType

SESSIONS = ("mail", "batch", "Batch")
SERVICES = ("lambda.amazonaws.com", "ec2.amazonaws.com")
SAML, OIDC = f"arn:aws:iam::{A}:saml-provider/Idp", f"arn:aws:iam::{A}:oidc-provider/token.example.org"
OPERATIONS = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
_USERS = [f"arn:aws:iam::{account}:user/u{n}" for account in (A, B) for n in range(3)]
_ROLES = [f"arn:aws:iam::{account}:role/team/r{n}" for account in (A, B) for n in range(3)]
ROWS: tuple[tuple[str, str, Any], ...] = (
    ("Bool", "aws:MultiFactorAuthPresent", "true"),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", "true"),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
    ("NumericLessThan", "aws:MultiFactorAuthAge", "900"),
    ("StringEquals", "sts:ExternalId", ["e-1", "e-2"]),
    ("StringNotEquals", "sts:ExternalId", "e-1"),
    ("StringLike", "sts:RoleSessionName", "${aws:username}"),
    ("StringEquals", "sts:RoleSessionName", "u1"),
    ("Null", "sts:ExternalId", "true"),
    ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("StringEquals", "aws:PrincipalOrgID", ORGANIZATION),
    ("StringNotEqualsIfExists", "aws:PrincipalOrgID", ORGANIZATION),
    ("StringEquals", "aws:PrincipalAccount", [A, C]),
    ("StringNotEquals", "aws:PrincipalAccount", A),
    ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{A}:role/*"),
    ("ArnNotLike", "aws:PrincipalArn", ["arn:aws:iam::*:role/team/r1", f"arn:aws:iam::{C}:user/x*"]),
    ("StringLike", "aws:PrincipalArn", f"arn:aws:iam::{C}:*"),
    ("StringEquals", "aws:PrincipalType", "User"),
    ("StringEquals", "aws:PrincipalTag/Team", "red"),
    ("StringEquals", "aws:ResourceTag/Team", "${aws:PrincipalTag/Team}"),
    ("StringNotEquals", "iam:ResourceTag/Team", "blue"),
    ("StringLike", "aws:userid", ["AROA1*:mail", "AROA2B:*"]),
    ("StringNotLike", "aws:userid", "AROA*:batch"),
    ("Bool", "aws:PrincipalIsAWSService", "true"),
    ("BoolIfExists", "aws:PrincipalIsAWSService", "false"),
    ("StringEquals", "aws:PrincipalServiceName", SERVICES[0]),
    ("StringEquals", "aws:SourceAccount", A),
    ("StringEquals", "aws:ResourceAccount", A),
    ("StringEquals", "saml:aud", "https://signin.aws.amazon.com/saml"),
    ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORGANIZATION}/r-ab12/*"),
    ("ForAllValues:StringEquals", "aws:TagKeys", ["Team"]),
)


def _principal(rng: random.Random) -> Any:
    if rng.random() < 0.12:
        return "*"
    names = [A, f"arn:aws:iam::{B}:root", f"arn:aws:iam::{C}:root", f"arn:aws:iam::{C}:user/xenia", "AROA1A"]
    names += [
        f"arn:aws:sts::{A}:assumed-role/r1/mail",
        f"arn:aws:sts::{C}:assumed-role/far/mail",
        "AIDA1A",
        "*",
    ]
    names += rng.sample(_USERS + _ROLES, 3)
    element: dict[str, Any] = {"AWS": rng.sample(names, rng.randint(1, 3))}
    if rng.random() < 0.4:
        element["Service"] = list(rng.sample(SERVICES, rng.randint(1, 2)))
    if rng.random() < 0.4:
        element["Federated"] = rng.choice((SAML, OIDC, "*"))
    return element


def _trust(rng: random.Random) -> PolicyDocument:
    statements = []
    for _ in range(rng.randint(1, 3)):
        word = "NotPrincipal" if rng.random() < 0.12 else "Principal"
        effect = "Deny" if rng.random() < 0.3 else "Allow"
        allowed = drawing.action(rng, WORDS) | drawing.condition(rng, WORDS)
        statements.append({"Effect": effect, word: _principal(rng), **allowed})
    return parse(statements, PolicyType.TRUST)


WORDS = Vocabulary(
    # The plain action stands several times: half of the statements are about nothing else.
    actions=("sts:AssumeRole",) * 6
    + ("sts:Assume*", "*", "sts:AssumeRoleWithSAML", "STS:assumerolewithwebidentity", "s3:*"),
    resources=(
        "*",
        f"arn:aws:iam::{A}:role/*",
        f"arn:aws:iam::{B}",
        "arn:aws:iam::*:role/team/r?",
        *_ROLES[:4],
        "arn:aws:iam::*:role/team/${aws:PrincipalTag/Role}",
    ),
    rows=ROWS,
    statements=3,
    deny=0.25,
    conditional=0.4,
    optional=(
        ("sts:ExternalId", 0.7, ("e-1", "e-2", "other")),
        ("sts:RoleSessionName", 0.7, ("u0", "u1", "mail")),
        ("aws:SourceIp", 0.7, ("203.0.113.9", "198.51.100.9")),
        ("aws:SourceAccount", 0.7, (A, B)),
        ("saml:aud", 0.7, ("https://signin.aws.amazon.com/saml", "other")),
        ("aws:TagKeys", 0.4, (["Team"], ["Team", "Other"])),
    ),
    times=("2026-10-27T12:00:00Z",),
    tags=((), (("Team", "red"),), (("Team", "blue"), ("Role", "r1"))),
    trust=_trust,
    path="/team/",
)


def estate(
    rng: random.Random, words: Vocabulary = WORDS, organizations: tuple[Organization, ...] = ()
) -> Estate:
    """Return a random estate whose trust policies name its principals, services and providers."""
    found = drawing.estate(rng, words, organizations)
    # "*" stands for the services and providers that some trust policy of the estate names.
    named = {"Service": list(SERVICES), "Federated": [SAML, OIDC]}
    trust = parse({"Effect": "Allow", "Principal": named, "Action": "sts:Assume*"}, PolicyType.TRUST)
    base = Principal(
        f"arn:aws:iam::{A}:role/base",
        "base",
        A,
        PrincipalKind.ROLE,
        trust=Policy("trust policy", PolicyKind.TRUST, trust),
        unique_id="AROA9A",
    )
    return replace(found, principals=tuple(sorted((*found.principals, base), key=lambda p: p.arn)))


def context(rng: random.Random, *, is_role: bool, with_credentials: bool) -> dict[str, Any]:
    """Return what a caller may choose or happen to have in a request to assume a role."""
    keys = drawing.context(rng, WORDS, is_role=is_role, with_credentials=with_credentials)
    return {**keys, "aws:RequestedRegion": "eu-west-1"}


def inside(rng: random.Random, found: Estate, principal: Principal) -> tuple[str, dict[str, Any]]:
    """Return the ARN and the context of a request by a principal of the estate."""
    keys = context(rng, is_role=principal.is_role, with_credentials=True)
    keys.update(principal_keys(found, principal))
    if not principal.is_role:
        return principal.arn, {**keys, "aws:userid": principal.unique_id}
    session = rng.choice(SESSIONS)
    arn = f"arn:aws:sts::{principal.account}:assumed-role/{principal.name}/{session}"
    return arn, {**keys, "aws:userid": f"{principal.unique_id}:{session}"}


def outside(rng: random.Random, found: Estate, account: str) -> tuple[str, dict[str, Any]]:
    """Return the ARN and the context of a request by a principal of an account that was not read."""
    keys = {**context(rng, is_role=False, with_credentials=True), **organization_keys(found, account)}
    name = rng.choice(("user/xenia", "user/yves", "role/far"))
    keys["aws:PrincipalArn"] = f"arn:aws:iam::{account}:{name}"
    if name != "role/far":
        return keys["aws:PrincipalArn"], {**keys, "aws:userid": "AIDAX", "aws:username": name[5:]}
    keys.setdefault("aws:MultiFactorAuthPresent", "false")
    session = rng.choice(SESSIONS)
    return f"arn:aws:sts::{account}:assumed-role/far/{session}", {**keys, "aws:userid": f"AROAX:{session}"}


def reference(
    found: Estate,
    caller: Principal | str | None,
    role: Principal,
    request: tuple[str, dict[str, Any]],
    operation: str,
) -> bool:
    """Return what the reference evaluator says of one request to assume a role.

    A caller that is text is an account whose own policies allow everything.
    """
    principal, keys = request
    tags = {f"{prefix}:ResourceTag/{k}": v for k, v in role.tags for prefix in ("aws", "iam")}
    return drawing.reference(found, caller, Request(principal, operation, role.arn, {**keys, **tags}), role)
