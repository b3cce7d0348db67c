"""Users, roles and trust policies in a line each, for tests of the graph."""

from __future__ import annotations

from typing import Any

from wmiam.estate.estate import Estate
from wmiam.estate.model import Account, AwsOrganization, Group, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.graph import AssumeEdge, assumption_edges
from wmiam.policy.model import PolicyDocument, PolicyType
from wmiam.policy.parse import parse_document

A, B, FAR = "111122223333", "444455556666", "999999999999"
ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def document(kind: PolicyType, *statements: dict[str, Any]) -> PolicyDocument:
    """Return a parsed document."""
    return parse_document({"Version": "2012-10-17", "Statement": list(statements)}, kind)


def inline(*statements: dict[str, Any], name: str = "own") -> Policy:
    """Return an inline policy."""
    return Policy(name, PolicyKind.INLINE, document(PolicyType.IDENTITY, *statements))


def control(kind: PolicyKind, *statements: dict[str, Any], name: str = "control") -> Policy:
    """Return an SCP or RCP."""
    policy_type = PolicyType.SCP if kind is PolicyKind.SCP else PolicyType.RCP
    return Policy(name, kind, document(policy_type, *statements), f"p-{name}")


def boundary(*statements: dict[str, Any]) -> Policy:
    """Return a permissions boundary."""
    return Policy("edge", PolicyKind.MANAGED, document(PolicyType.BOUNDARY, *statements), "arn:edge")


def user(
    name: str,
    account: str = A,
    *policies: Policy,
    groups: tuple[Group, ...] = (),
    limit: Policy | None = None,
) -> Principal:
    """Return a user."""
    arn = f"arn:aws:iam::{account}:user/{name}"
    return Principal(
        arn,
        name,
        account,
        PrincipalKind.USER,
        inline=policies,
        groups=groups,
        boundary=limit,
        unique_id=f"AIDA{name.upper()}",
    )


def role(
    name: str,
    trust: list[dict[str, Any]] | None,
    account: str = A,
    *policies: Policy,
    limit: Policy | None = None,
    path: str = "/",
    tags: tuple[tuple[str, str], ...] = (),
) -> Principal:
    """Return a role; None is a trust policy that cannot be read."""
    kind = PrincipalKind.ROLE
    if path.startswith("/aws-service-role/"):
        kind = PrincipalKind.SERVICE_LINKED_ROLE
    arn = f"arn:aws:iam::{account}:role{path}{name}"
    parsed = None if trust is None else document(PolicyType.TRUST, *trust)
    policy = Policy("trust policy", PolicyKind.TRUST, parsed, owner=arn)
    return Principal(
        arn,
        name,
        account,
        kind,
        path,
        inline=policies,
        boundary=limit,
        trust=policy,
        tags=tags,
        unique_id=f"AROA{name.upper()}",
    )


def trust(
    principal: Any, effect: str = "Allow", action: str = "sts:AssumeRole", **condition: Any
) -> dict[str, Any]:
    """Return a statement of a trust policy."""
    if isinstance(principal, (str, list)) and principal != "*":
        principal = {"AWS": principal}
    statement = {"Effect": effect, "Action": action, "Principal": principal}
    return {**statement, "Condition": condition} if condition else statement


def estate(*principals: Principal, tree: AwsOrganization | None = None, **rest: Any) -> Estate:
    """Return an estate of some principals."""
    accounts = {p.account: Account(p.account, has_iam=True) for p in principals}
    accounts |= {FAR: Account(FAR)}
    return Estate(
        tuple(sorted(principals, key=lambda p: p.arn)), accounts=accounts, aws_organization=tree, **rest
    )


def edges(*principals: Principal, tree: AwsOrganization | None = None) -> dict[str, AssumeEdge]:
    """Return the edges into role ``target`` by the name of their source."""
    found = assumption_edges(estate(*principals, tree=tree))
    return {edge.source.rpartition("/")[2]: edge for edge in found if edge.target.endswith("/target")}
