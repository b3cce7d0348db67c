"""Draws policies, trees, estates and contexts from a vocabulary, and asks the reference evaluator."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wmiam.engine.decide import PolicySet, decide
from wmiam.engine.request import Request
from wmiam.estate.estate import Estate
from wmiam.estate.levels import control_levels
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
from wmiam.policy.model import PolicyDocument, PolicyType
from wmiam.policy.parse import parse_document

A, B = "111122223333", "444455556666"
#: An account without files of its own.
C = "999999999999"
ORGANIZATION = "o-abc1234567"
LINKED_PATH = "/aws-service-role/events.workmail.amazonaws.com/"


@dataclass(frozen=True)
class Vocabulary:
    """What the statements of an estate are made of, and how often.

    Parameters
    ----------
    actions, resources : sequence of str
        Patterns; some of each are drawn.
    rows : sequence of (operator, key, values)
        Rows of Condition blocks.
    statements : int
        Most statements in a document.
    deny, conditional : float
        How often a statement denies, and has a Condition block.
    optional : sequence of (key, chance, values)
        Context keys that a request may carry.
    times : sequence of str
        Values of ``aws:CurrentTime``.
    tags : sequence of Tags
        Tags of principals.
    trust : callable
        Draws the trust policy of a role.
    path : str
        Path of roles.
    each : int
        Users, and roles, an account.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    rows: tuple[tuple[str, str, Any], ...]
    statements: int
    deny: float
    conditional: float
    optional: tuple[tuple[str, float, tuple[Any, ...]], ...]
    times: tuple[str, ...]
    tags: tuple[tuple[tuple[str, str], ...], ...]
    trust: Callable[[random.Random], PolicyDocument]
    path: str = "/"
    each: int = 3


def parse(statements: Any, kind: PolicyType) -> PolicyDocument:
    """Return the document of one statement or of several."""
    return parse_document({"Version": "2012-10-17", "Statement": statements}, kind)


def full_access(kind: PolicyType) -> PolicyDocument:
    """Return a document that allows everything."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return parse({**everything, "Principal": "*"} if kind.names_principals else everything, kind)


def condition(rng: random.Random, words: Vocabulary) -> dict[str, Any]:
    """Return a Condition element of some rows, or none."""
    block: dict[str, dict[str, Any]] = {}
    if rng.random() < words.conditional:
        for operator, key, values in rng.sample(words.rows, rng.randint(1, 3)):
            block.setdefault(operator, {})[key] = values
    return {"Condition": block} if block else {}


def action(rng: random.Random, words: Vocabulary) -> dict[str, Any]:
    """Return an Action or NotAction element."""
    return {"NotAction" if rng.random() < 0.15 else "Action": rng.sample(words.actions, rng.randint(1, 3))}


def _resource(rng: random.Random, words: Vocabulary) -> dict[str, Any]:
    if rng.random() < 0.4:
        return {"Resource": "*"}
    patterns = rng.sample(words.resources, rng.randint(1, 2))
    return {"NotResource" if rng.random() < 0.15 else "Resource": patterns}


def written(rng: random.Random, words: Vocabulary, kind: PolicyType) -> dict[str, Any]:
    """Return a random document of a kind that names no principals, or an RCP, as its author writes it."""
    statements = []
    for _ in range(rng.randint(1, words.statements)):
        statement: dict[str, Any] = {"Effect": "Deny" if rng.random() < words.deny else "Allow"}
        if kind.names_principals:
            statement["Principal"] = "*"
        statement |= action(rng, words) | _resource(rng, words) | condition(rng, words)
        statements.append(statement)
    return {"Version": rng.choice(("2012-10-17", "2012-10-17", "2008-10-17")), "Statement": statements}


def document(rng: random.Random, words: Vocabulary, kind: PolicyType) -> PolicyDocument:
    """Return the same as :func:`written`, parsed."""
    return parse_document(written(rng, words, kind), kind)


def _tree(rng: random.Random, words: Vocabulary) -> AwsOrganization:
    def attached(kind: PolicyKind, policy_type: PolicyType) -> tuple[Policy, ...]:
        own = (Policy("own", kind, document(rng, words, policy_type)),) if rng.random() < 0.4 else ()
        return (Policy("Full", kind, full_access(policy_type)), *own)

    def target(identity: str, kind: TargetKind, parent: str | None) -> OrganizationsTarget:
        scps = attached(PolicyKind.SCP, PolicyType.SCP)
        rcps = attached(PolicyKind.RCP, PolicyType.RCP)
        return OrganizationsTarget(identity, identity, kind, parent, scps, rcps)

    members = [A, B] + ([C] if rng.random() < 0.3 else [])
    targets = {"r-ab12": target("r-ab12", TargetKind.ROOT, None)}
    targets.update({account: target(account, TargetKind.ACCOUNT, "r-ab12") for account in members})
    return AwsOrganization(ORGANIZATION, rng.choice((B, "")), targets, scps_in_use=True, rcps_in_use=True)


def _principals(rng: random.Random, words: Vocabulary, account: str) -> list[Principal]:
    def identity(name: str) -> Policy:
        return Policy(name, PolicyKind.INLINE, document(rng, words, PolicyType.IDENTITY))

    found = [Principal(f"arn:aws:iam::{account}:root", "root", account, PrincipalKind.ROOT)]
    groups = [
        Group(f"arn:aws:iam::{account}:group/g{n}", f"g{n}", account, inline=(identity(f"g{n}"),))
        for n in range(2)
    ]
    for n in range(words.each):
        for kind in (PrincipalKind.USER, PrincipalKind.ROLE):
            is_role, path = kind is PrincipalKind.ROLE, "/"
            if is_role:
                path = words.path
                if rng.random() < 0.15:
                    kind, path = PrincipalKind.SERVICE_LINKED_ROLE, LINKED_PATH
            name = f"{'r' if is_role else 'u'}{n}"
            edge = None
            if rng.random() < 0.3:
                edge = Policy("edge", PolicyKind.MANAGED, document(rng, words, PolicyType.BOUNDARY))
            found.append(
                Principal(
                    f"arn:aws:iam::{account}:{'role' if is_role else 'user'}{path}{name}",
                    name,
                    account,
                    kind,
                    path,
                    inline=tuple(identity(f"p{i}") for i in range(rng.randint(0, 2))),
                    groups=() if is_role else tuple(rng.sample(groups, rng.choice((0, 0, 1, 2)))),
                    boundary=edge,
                    trust=Policy("trust policy", PolicyKind.TRUST, words.trust(rng)) if is_role else None,
                    tags=rng.choice(words.tags),
                    unique_id=f"{'AROA' if is_role else 'AIDA'}{n}{'A' if account == A else 'B'}",
                )
            )
    return found


def estate(rng: random.Random, words: Vocabulary, organizations: tuple[Organization, ...] = ()) -> Estate:
    """Return a random estate of two accounts with users, roles and root users."""
    principals = [p for account in (A, B) for p in _principals(rng, words, account)]
    groups = {group.arn: group for p in principals for group in p.groups}
    accounts = {account: Account(account, has_iam=account != C) for account in (A, B, C)}
    tree = _tree(rng, words) if rng.random() < 0.7 else None
    return Estate(
        tuple(sorted(principals, key=lambda p: p.arn)),
        organizations,
        accounts,
        tuple(groups.values()),
        aws_organization=tree,
    )


def context(
    rng: random.Random, words: Vocabulary, *, is_role: bool, with_credentials: bool = True
) -> dict[str, Any]:
    """Return what a caller may choose or happen to have in a request."""
    found: dict[str, Any] = {
        "aws:CurrentTime": rng.choice(words.times),
        "aws:SecureTransport": rng.choice(("true", "false")),
        "aws:ViaAWSService": "false",
    }
    mfa = rng.choice(("true", "false") if is_role else ("true", "false", None)) if with_credentials else None
    if mfa is not None:
        found["aws:MultiFactorAuthPresent"] = mfa
        if mfa == "true":
            found["aws:MultiFactorAuthAge"] = rng.choice(("0", "899", "900", "901", "3600", "3601"))
    for key, chance, values in words.optional:
        if rng.random() < chance:
            found[key] = rng.choice(values)
    return found


def organization_keys(found: Estate, account: str) -> dict[str, Any]:
    """Return the keys that membership in the AWS organization gives to an account's principals."""
    tree = found.aws_organization
    if tree is None or account not in tree.targets:
        return {}
    return {"aws:PrincipalOrgID": ORGANIZATION, "aws:PrincipalOrgPaths": [f"{ORGANIZATION}/r-ab12/"]}


def principal_keys(found: Estate, principal: Principal) -> dict[str, Any]:
    """Return the keys that a principal of the estate itself decides."""
    keys: dict[str, Any] = {f"aws:PrincipalTag/{key}": value for key, value in principal.tags}
    return {**keys, "aws:PrincipalArn": principal.arn, **organization_keys(found, principal.account)}


def reference(
    found: Estate, caller: Principal | str | None, request: Request, resource: Principal | None = None
) -> bool:
    """Return what the reference evaluator says of one request.

    Parameters
    ----------
    found : Estate
        What limits the request.
    caller : Principal, str or None
        Who asks; text is an account whose own policies allow everything.
    request : Request
        What it asks for.
    resource : Principal, optional
        The role that it is about, with a trust policy and RCPs of its own.
    """
    account = caller.account if isinstance(caller, Principal) else caller

    def levels(of: str | None, kind: Any) -> list[list[PolicyDocument]]:
        over = control_levels(found.aws_organization, of, kind) if of else ()
        return [[policy.document for policy in level.policies if policy.document] for level in over]

    identity, boundary = [full_access(PolicyType.IDENTITY)], None
    if isinstance(caller, Principal):
        identity = [policy.document for policy, _ in caller.identity_policies if policy.document is not None]
        boundary = caller.boundary.document if caller.boundary is not None else None
    policies = PolicySet(
        identity=identity,
        boundary=boundary,
        scps=levels(account, PolicyKind.SCP),
        rcps=levels(resource.account, PolicyKind.RCP) if resource is not None else [],
        resource=resource.trust.document if resource is not None and resource.trust is not None else None,
    )
    return decide(request, policies).allowed
