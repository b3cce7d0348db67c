"""A small estate to change: one account, a user in a group, a role, two WorkMail organizations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wmiam.estate.estate import Estate
from wmiam.estate.model import (
    POLICY_TYPE,
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
from wmiam.policy.parse import parse_document

ACCOUNT = "111122223333"
ANA = f"arn:aws:iam::{ACCOUNT}:user/ana"
OPS = f"arn:aws:iam::{ACCOUNT}:role/Ops"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
EUROPE = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-aaaa"
AMERICAS = f"arn:aws:workmail:us-east-1:{ACCOUNT}:organization/m-bbbb"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def allow(*actions: str, resource: Any = "*", sid: str | None = None, **condition: Any) -> dict[str, Any]:
    """Return an Allow statement."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    if sid:
        statement["Sid"] = sid
    return statement | ({"Condition": condition} if condition else {})


def deny(*actions: str, **rest: Any) -> dict[str, Any]:
    """Return a Deny statement."""
    return {**allow(*actions, **rest), "Effect": "Deny"}


def document(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def policy(
    name: str, *statements: Any, kind: PolicyKind = PolicyKind.MANAGED, owner: str = "", **more: Any
) -> Policy:
    """Return a policy of some statements."""
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{name}" if kind is PolicyKind.MANAGED else None
    parsed = parse_document(document(*statements), POLICY_TYPE[kind])
    return Policy(name, kind, parsed, arn, owner=owner, **more)


def trust(principal: dict[str, Any], *actions: str) -> Policy:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions or ("sts:AssumeRole",))}
    parsed = parse_document(document(statement), POLICY_TYPE[PolicyKind.TRUST])
    return Policy("trust policy", PolicyKind.TRUST, parsed, owner=OPS)


def estate(
    *,
    attached: tuple[Policy, ...] = (),
    grouped: tuple[Policy, ...] = (),
    role: tuple[Policy, ...] = (),
    tags: tuple[tuple[str, str], ...] = (),
    boundary: Policy | None = None,
    trusted: Policy | None = None,
    scps: tuple[Policy, ...] | None = None,
    member: bool = True,
    **more: Any,
) -> Estate:
    """Return the estate with some policies.

    ``attached`` are the user's, ``grouped`` those of a group that it is in unless ``member`` is
    false, ``role`` the role's.
    """
    group = Group(f"arn:aws:iam::{ACCOUNT}:group/HelpDesk", "HelpDesk", ACCOUNT, attached=grouped)
    principals = (
        Principal(OPS, "Ops", ACCOUNT, PrincipalKind.ROLE, attached=role, tags=tags,
                  trust=trusted or trust({"AWS": ACCOUNT})),
        Principal(ROOT, "root", ACCOUNT, PrincipalKind.ROOT),
        Principal(ANA, "ana", ACCOUNT, PrincipalKind.USER, attached=attached, tags=tags, boundary=boundary,
                  groups=(group,) if member else ()),
    )  # fmt: skip
    tree = None
    if scps is not None:
        targets = {
            "r-ab12": OrganizationsTarget("r-ab12", "Root", TargetKind.ROOT, None, scps),
            ACCOUNT: OrganizationsTarget(ACCOUNT, "Mail", TargetKind.ACCOUNT, "r-ab12", scps[:1]),
        }
        tree = AwsOrganization("o-abc1234567", "999999999999", targets, scps_in_use=True)
    organizations = (
        Organization(EUROPE, "m-aaaa", "eu-west-1", ACCOUNT, "europe", tags=(("Team", "red"),)),
        Organization(AMERICAS, "m-bbbb", "us-east-1", ACCOUNT, "americas", tags=()),
    )
    policies = {p.key: p for p in (*attached, *grouped, *role)}
    built = Estate(
        principals,
        organizations,
        {ACCOUNT: Account(ACCOUNT, has_iam=True)},
        (group,),
        tuple(policies.values()),
        tree,
        name="small",
    )
    return replace(built, **more)


FULL = policy("Full", allow("*"), kind=PolicyKind.SCP)
