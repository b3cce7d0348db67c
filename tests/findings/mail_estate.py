"""A small estate for findings: one account, two WorkMail organizations, users and roles by keyword."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from wmiam.access import Access
from wmiam.estate.estate import Estate
from wmiam.estate.model import (
    POLICY_TYPE,
    Account,
    ImpersonationRole,
    Organization,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
    Tags,
)
from wmiam.findings import Finding, Findings, find
from wmiam.policy.parse import parse_document

ACCOUNT, FAR = "111122223333", "999999999999"
EUROPE = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-aaaa"
AMERICAS = f"arn:aws:workmail:us-east-1:{ACCOUNT}:organization/m-bbbb"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
TODAY = date(2026, 11, 25)
Statement = dict[str, Any]


def allow(*actions: str, resource: Any = "*", sid: str = "", **condition: Any) -> Statement:
    """Return an Allow statement; other keywords are its Condition."""
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    if sid:
        statement["Sid"] = sid
    return statement | ({"Condition": condition} if condition else {})


def deny(*actions: str, **rest: Any) -> Statement:
    """Return a Deny statement."""
    return {**allow(*actions, **rest), "Effect": "Deny"}


def policy(
    name: str,
    *statements: Statement,
    kind: PolicyKind = PolicyKind.MANAGED,
    owner: str = "",
    version: str = "2012-10-17",
    account: str = ACCOUNT,
) -> Policy:
    """Return a policy."""
    document = {"Version": version, "Statement": list(statements)}
    arn = f"arn:aws:iam::{account}:policy/{name}" if kind is PolicyKind.MANAGED else None
    if kind is PolicyKind.AWS_MANAGED:
        arn = f"arn:aws:iam::aws:policy/{name}"
    if kind is PolicyKind.SCP:
        arn = f"p-{name.lower()}"
    return Policy(name, kind, parse_document(document, POLICY_TYPE[kind]), arn, owner=owner)


def user(
    name: str, *policies: Policy, boundary: Policy | None = None, tags: Tags = (), account: str = ACCOUNT
) -> Principal:
    """Return a user with managed policies."""
    arn = f"arn:aws:iam::{account}:user/{name}"
    inline = tuple(replace(p, owner=arn) for p in policies if p.kind is PolicyKind.INLINE)
    attached = tuple(p for p in policies if p.kind is not PolicyKind.INLINE)
    return Principal(
        arn, name, account, PrincipalKind.USER, inline=inline, attached=attached, boundary=boundary, tags=tags
    )


def role(
    name: str, *policies: Policy, trust: Any = None, account: str = ACCOUNT, tags: Tags = ()
) -> Principal:
    """Return a role; ``trust`` is a statement of its trust policy, by default for EC2."""
    arn = f"arn:aws:iam::{account}:role/{name}"
    statement = trust or trusts({"Service": "ec2.amazonaws.com"})
    trusted = policy("trust policy", statement, kind=PolicyKind.TRUST, owner=arn)
    return Principal(arn, name, account, PrincipalKind.ROLE, attached=policies, trust=trusted, tags=tags)


def trusts(principal: Any, *, key: str = "Principal", **condition: Any) -> Statement:
    """Return a statement of a trust policy."""
    statement: Statement = {"Effect": "Allow", key: principal, "Action": "sts:AssumeRole"}
    return statement | ({"Condition": condition} if condition else {})


def organization(
    arn: str = EUROPE, alias: str = "europe", *, tags: Tags | None = (), roles: tuple[str, ...] | None = ()
) -> Organization:
    """Return a WorkMail organization with impersonation roles of some ids."""
    fields = arn.split(":")
    found = None if roles is None else tuple(ImpersonationRole(r, f"role {r}", "FULL_ACCESS") for r in roles)
    return Organization(
        arn, fields[5].rpartition("/")[2], fields[3], fields[4], alias, tags=tags, impersonation_roles=found
    )


def estate(
    *principals: Principal, organizations: tuple[Organization, ...] | None = None, **more: Any
) -> Estate:
    """Return an estate of some principals and of two organizations."""
    if organizations is None:
        organizations = (organization(), organization(AMERICAS, "americas"))
    accounts = {p.account for p in principals} | {ACCOUNT}
    policies = {p.key: p for principal in principals for p in principal.attached}
    return Estate(
        tuple(sorted(principals, key=lambda p: p.arn)),
        tuple(sorted(organizations, key=lambda o: o.arn)),
        {a: Account(a, has_iam=True) for a in accounts},
        policies=tuple(policies.values()),
        name="small",
        **more,
    )


def findings(of: Estate, *rules: str, **more: Any) -> Findings:
    """Return what some rules find, or all of them, on a fixed day."""
    return find(Access.of(of, progress=False), rules=rules or None, today=TODAY, **more)


def only(of: Estate, rule: str) -> Finding:
    """Return the one finding of a rule."""
    found = findings(of, rule)
    assert len(found) == 1, [f.summary for f in found]
    return found[0]


def names(finding: Finding) -> list[str]:
    """Return the names of those whom a finding concerns."""
    return [arn.rpartition("/")[2] for arn in finding.principals]


def labels(finding: Finding) -> list[str]:
    """Return its statements as ``policy#Sid``."""
    return [statement.name for statement in finding.evidence.statements]
