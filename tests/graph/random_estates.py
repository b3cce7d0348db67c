"""Random estates with roles, and requests to assume them, for tests that hold edges against the reference."""

from __future__ import annotations

import random
from typing import Any

from wmiam.engine.decide import PolicySet, decide
from wmiam.engine.request import Request
from wmiam.estate.estate import Estate
from wmiam.estate.model import (
    Account,
    AwsOrganization,
    Group,
    OrganizationsTarget,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
    TargetKind,
)
from wmiam.policy.model import PolicyDocument, PolicyType
from wmiam.policy.parse import parse_document

A, B, C = "111122223333", "444455556666", "999999999999"
ORGANIZATION = "o-abc1234567"
SESSIONS = ("mail", "batch", "Batch")
SERVICES = ("lambda.amazonaws.com", "ec2.amazonaws.com")
SAML, OIDC = f"arn:aws:iam::{A}:saml-provider/Idp", f"arn:aws:iam::{A}:oidc-provider/token.example.org"
OPERATIONS = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
_USERS = [f"arn:aws:iam::{account}:user/u{n}" for account in (A, B) for n in range(3)]
_ROLES = [f"arn:aws:iam::{account}:role/team/r{n}" for account in (A, B) for n in range(3)]
_ROWS: tuple[tuple[str, str, Any], ...] = (
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
_ACTIONS = (
    "sts:AssumeRole",
    "sts:Assume*",
    "*",
    "sts:AssumeRoleWithSAML",
    "STS:assumerolewithwebidentity",
    "s3:*",
)


def _conditions(rng: random.Random, chance: float) -> dict[str, Any]:
    block: dict[str, dict[str, Any]] = {}
    if rng.random() < chance:
        for operator, key, values in rng.sample(_ROWS, rng.randint(1, 2)):
            block.setdefault(operator, {})[key] = values
    return {"Condition": block} if block else {}


def _action(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.1:
        return {"NotAction": rng.choice(("s3:*", "sts:AssumeRoleWithSAML"))}
    return {"Action": rng.sample(_ACTIONS, rng.randint(1, 2)) if rng.random() < 0.5 else "sts:AssumeRole"}


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
        statements.append({"Effect": effect, word: _principal(rng), **_action(rng), **_conditions(rng, 0.5)})
    return parse_document({"Version": "2012-10-17", "Statement": statements}, PolicyType.TRUST)


def _resource(rng: random.Random) -> dict[str, Any]:
    patterns = [
        "*",
        f"arn:aws:iam::{A}:role/*",
        f"arn:aws:iam::{B}",
        "arn:aws:iam::*:role/team/r?",
        *_ROLES[:4],
    ]
    patterns.append("arn:aws:iam::*:role/team/${aws:PrincipalTag/Role}")
    word = "NotResource" if rng.random() < 0.12 else "Resource"
    return {word: rng.sample(patterns, rng.randint(1, 2)) if rng.random() < 0.6 else "*"}


def document(rng: random.Random, kind: PolicyType, *, deny: float = 0.25) -> PolicyDocument:
    """Return a random document of a kind that names no principals, or an RCP."""
    statements: list[dict[str, Any]] = []
    for _ in range(rng.randint(1, 3)):
        statement = {"Effect": "Deny" if rng.random() < deny else "Allow", **_action(rng), **_resource(rng)}
        if kind is PolicyType.RCP:
            statement["Principal"] = "*"
        statements.append({**statement, **_conditions(rng, 0.4)})
    return parse_document({"Version": "2012-10-17", "Statement": statements}, kind)


def _tree(rng: random.Random) -> AwsOrganization:
    def attached(kind: PolicyKind, policy_type: PolicyType, name: str) -> tuple[Policy, ...]:
        everything: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        if kind is PolicyKind.RCP:
            everything["Principal"] = "*"
        full = parse_document({"Version": "2012-10-17", "Statement": everything}, policy_type)
        own = (Policy(name, kind, document(rng, policy_type)),) if rng.random() < 0.4 else ()
        return (Policy("Full", kind, full), *own)

    def target(identity: str, kind: TargetKind, parent: str | None) -> OrganizationsTarget:
        scps = attached(PolicyKind.SCP, PolicyType.SCP, f"scp of {identity}")
        rcps = attached(PolicyKind.RCP, PolicyType.RCP, f"rcp of {identity}")
        return OrganizationsTarget(identity, identity, kind, parent, scps, rcps)

    members = [A, B] + ([C] if rng.random() < 0.3 else [])
    targets = {"r-ab12": target("r-ab12", TargetKind.ROOT, None)}
    targets.update({account: target(account, TargetKind.ACCOUNT, "r-ab12") for account in members})
    return AwsOrganization(ORGANIZATION, rng.choice((B, "")), targets, scps_in_use=True, rcps_in_use=True)


def estate(rng: random.Random) -> Estate:
    """Return a random estate of two accounts with users, roles and root users."""
    principals = [Principal(f"arn:aws:iam::{a}:root", "root", a, PrincipalKind.ROOT) for a in (A, B)]

    def identity(name: str) -> Policy:
        return Policy(name, PolicyKind.INLINE, document(rng, PolicyType.IDENTITY))

    for account, letter in ((A, "A"), (B, "B")):
        group = Group(f"arn:aws:iam::{account}:group/g", "g", account, inline=(identity("g"),))
        for n in range(3):
            common = {
                "inline": (identity("own"),) if rng.random() < 0.6 else (),
                "boundary": Policy("edge", PolicyKind.MANAGED, document(rng, PolicyType.BOUNDARY))
                if rng.random() < 0.3
                else None,
                "tags": rng.choice(((), (("Team", "red"),), (("Team", "blue"), ("Role", "r1")))),
            }
            principals.append(
                Principal(
                    f"arn:aws:iam::{account}:user/u{n}",
                    f"u{n}",
                    account,
                    PrincipalKind.USER,
                    groups=(group,) if rng.random() < 0.4 else (),
                    unique_id=f"AIDA{n}{letter}",
                    **common,  # type: ignore[arg-type]
                )
            )
            linked = rng.random() < 0.1
            path = "/aws-service-role/events.workmail.amazonaws.com/" if linked else "/team/"
            principals.append(
                Principal(
                    f"arn:aws:iam::{account}:role{path}r{n}",
                    f"r{n}",
                    account,
                    PrincipalKind.SERVICE_LINKED_ROLE if linked else PrincipalKind.ROLE,
                    path,
                    trust=Policy("trust policy", PolicyKind.TRUST, _trust(rng)),
                    unique_id=f"AROA{n}{letter}",
                    **common,  # type: ignore[arg-type]
                )
            )
    # "*" stands for the services and providers that some trust policy of the estate names.
    named = {"Service": list(SERVICES), "Federated": [SAML, OIDC]}
    statement = {"Effect": "Allow", "Principal": named, "Action": "sts:Assume*"}
    trust = parse_document({"Version": "2012-10-17", "Statement": statement}, PolicyType.TRUST)
    principals.append(
        Principal(
            f"arn:aws:iam::{A}:role/base",
            "base",
            A,
            PrincipalKind.ROLE,
            trust=Policy("trust policy", PolicyKind.TRUST, trust),
            unique_id="AROA9A",
        )
    )
    accounts = {account: Account(account, has_iam=account != C) for account in (A, B, C)}
    tree = _tree(rng) if rng.random() < 0.7 else None
    return Estate(tuple(sorted(principals, key=lambda p: p.arn)), accounts=accounts, aws_organization=tree)


def context(rng: random.Random, *, is_role: bool, with_credentials: bool) -> dict[str, Any]:
    """Return what a caller may choose or happen to have in a request."""
    found: dict[str, Any] = {
        "aws:CurrentTime": "2026-10-27T12:00:00Z",
        "aws:SecureTransport": "true",
        "aws:RequestedRegion": "eu-west-1",
        "aws:ViaAWSService": "false",
    }
    mfa = rng.choice(("true", "false") if is_role else ("true", "false", None)) if with_credentials else None
    if mfa is not None:
        found["aws:MultiFactorAuthPresent"] = mfa
        if mfa == "true":
            found["aws:MultiFactorAuthAge"] = rng.choice(("0", "899", "900", "5000"))
    for key, values in (
        ("sts:ExternalId", ("e-1", "e-2", "other")),
        ("sts:RoleSessionName", ("u0", "u1", "mail")),
        ("aws:SourceIp", ("203.0.113.9", "198.51.100.9")),
        ("aws:SourceAccount", (A, B)),
        ("saml:aud", ("https://signin.aws.amazon.com/saml", "other")),
    ):
        if rng.random() < 0.7:
            found[key] = rng.choice(values)
    if rng.random() < 0.4:
        found["aws:TagKeys"] = rng.choice((["Team"], ["Team", "Other"]))
    return found


def inside(rng: random.Random, found: Estate, principal: Principal) -> tuple[str, dict[str, Any]]:
    """Return the ARN and the context of a request by a principal of the estate."""
    keys = context(rng, is_role=principal.is_role, with_credentials=True)
    keys["aws:PrincipalArn"] = principal.arn
    keys.update({f"aws:PrincipalTag/{key}": value for key, value in principal.tags})
    keys.update(_organization_keys(found, principal.account))
    if not principal.is_role:
        return principal.arn, {**keys, "aws:userid": principal.unique_id}
    session = rng.choice(SESSIONS)
    arn = f"arn:aws:sts::{principal.account}:assumed-role/{principal.name}/{session}"
    return arn, {**keys, "aws:userid": f"{principal.unique_id}:{session}"}


def _organization_keys(found: Estate, account: str) -> dict[str, Any]:
    tree = found.aws_organization
    if tree is None or account not in tree.targets:
        return {}
    return {"aws:PrincipalOrgID": ORGANIZATION, "aws:PrincipalOrgPaths": [f"{ORGANIZATION}/r-ab12/"]}


def outside(rng: random.Random, found: Estate, account: str) -> tuple[str, dict[str, Any]]:
    """Return the ARN and the context of a request by a principal of an account that was not read."""
    keys = {**context(rng, is_role=False, with_credentials=True), **_organization_keys(found, account)}
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
    """Return what the reference evaluator says of one request.

    A caller that is text is an account whose own policies allow everything.
    """
    principal, keys = request
    keys = dict(keys)
    keys.update({f"{prefix}:ResourceTag/{k}": v for k, v in role.tags for prefix in ("aws", "iam")})
    tree = found.aws_organization
    account = caller.account if isinstance(caller, Principal) else caller

    def levels(of: str | None, kind: str) -> list[list[PolicyDocument]]:
        if tree is None or of is None or of == tree.management_account:
            return []
        return [[p.document for p in getattr(target, kind) if p.document] for target in tree.path(of)]

    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    identity = [parse_document(everything, PolicyType.IDENTITY)]
    boundary = None
    if isinstance(caller, Principal):
        identity = [policy.document for policy, _ in caller.identity_policies if policy.document is not None]
        boundary = caller.boundary.document if caller.boundary is not None else None
    policies = PolicySet(
        identity=identity,
        boundary=boundary,
        scps=levels(account, "scps"),
        rcps=levels(role.account, "rcps"),
        resource=role.trust.document if role.trust is not None else None,
    )
    return decide(Request(principal, operation, role.arn, keys), policies).allowed
