"""Measure the role assumption edges, the escalations and the graph of a large estate.

Run ``python tests/benchmarks/role_assumption.py``; the estate has 20 accounts, 2,000
roles and 8,000 users, with the trust policies and permissions that organizations of that
size have: most roles are for services, some trust their account, a hub account's roles
reach into all accounts, contractors come with an external ID.
"""

from __future__ import annotations

import random
import sys
import time
from typing import Any

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
from wmiam.graph import build
from wmiam.graph.assume import Assumptions
from wmiam.graph.escalate import Escalations
from wmiam.policy.model import PolicyDocument, PolicyType
from wmiam.policy.parse import parse_document

ACCOUNTS, ROLES, USERS = 20, 2000, 8000
ORGANIZATION = "o-abc1234567"
SERVICES = ("lambda", "ec2", "ecs-tasks", "states", "codebuild", "glue", "export.workmail")


def _document(policy_type: PolicyType, *statements: dict[str, Any]) -> PolicyDocument:
    return parse_document({"Version": "2012-10-17", "Statement": list(statements)}, policy_type)


def _identity(name: str, kind: PolicyKind, action: Any, resource: Any = "*", **rest: Any) -> Policy:
    statement = {"Sid": "Main", "Effect": "Allow", "Action": action, "Resource": resource, **rest}
    return Policy(name, kind, _document(PolicyType.IDENTITY, statement))


def _account(number: int) -> str:
    return f"{100000000001 + number * 1001:012d}"


def _trust(rng: random.Random, account: str, hub: str) -> Policy:
    kind = rng.random()
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    mfa = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    if kind < 0.6:
        statement["Principal"] = {"Service": f"{rng.choice(SERVICES)}.amazonaws.com"}
    elif kind < 0.7:
        statement["Action"] = "sts:AssumeRoleWithSAML"
        statement["Principal"] = {"Federated": f"arn:aws:iam::{account}:saml-provider/Directory"}
        statement["Condition"] = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
    elif kind < 0.8:
        statement["Principal"] = {"AWS": f"arn:aws:iam::{account}:root"}
        statement |= mfa if rng.random() < 0.5 else {}
    elif kind < 0.88:
        statement["Principal"] = {"AWS": f"arn:aws:iam::{hub}:role/hub{rng.randrange(20)}"}
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    elif kind < 0.92:
        statement["Principal"] = {"AWS": f"arn:aws:iam::{hub}:root"}
        statement["Condition"] = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{hub}:role/hub1*"}}
    elif kind < 0.95:
        statement["Principal"] = {"AWS": "arn:aws:iam::999999999999:root"}
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": f"contract-{rng.randrange(10**6)}"}}
    else:
        names = [f"arn:aws:iam::{account}:user/u{rng.randrange(USERS // ACCOUNTS)}" for _ in range(3)]
        statement["Principal"] = {"AWS": names}
        statement |= mfa
    return Policy("trust policy", PolicyKind.TRUST, _document(PolicyType.TRUST, statement))


def estate(seed: int = 7) -> Estate:
    """Return the estate."""
    rng = random.Random(seed)
    hub = _account(0)
    admin = _identity("AdministratorAccess", PolicyKind.AWS_MANAGED, "*")
    shared = [
        _identity(f"shared{n}", PolicyKind.MANAGED, [f"s3:Get{n}*", "workmail:List*"]) for n in range(60)
    ]
    reach = _identity("reach", PolicyKind.MANAGED, "sts:AssumeRole", "arn:aws:iam::*:role/r1*")
    principals: list[Principal] = []
    for number in range(ACCOUNTS):
        account = _account(number)
        groups = [
            Group(f"arn:aws:iam::{account}:group/g{n}", f"g{n}", account, attached=(shared[n],))
            for n in range(10)
        ]
        groups.append(Group(f"arn:aws:iam::{account}:group/admins", "admins", account, attached=(admin,)))
        for n in range(USERS // ACCOUNTS):
            mine = list(rng.sample(groups[:-1], 2))
            mine += [groups[-1]] if n < 8 else []
            own = f"arn:aws:iam::{account}:role/r{rng.randrange(ROLES)}"
            inline = (_identity("own", PolicyKind.INLINE, "sts:AssumeRole", own),) if n % 10 == 0 else ()
            principals.append(
                Principal(
                    f"arn:aws:iam::{account}:user/u{n}",
                    f"u{n}",
                    account,
                    PrincipalKind.USER,
                    groups=tuple(mine),
                    inline=inline,
                    attached=tuple(rng.sample(shared, 2)),
                    unique_id=f"AIDA{number:03}{n:05}",
                    tags=(("Team", f"t{n % 40}"),),
                )
            )
        for n in range(ROLES // ACCOUNTS):
            name = f"hub{n}" if number == 0 and n < 20 else f"r{number * 100 + n}"
            attached = (
                (admin,) if n % 25 == 0 else (*rng.sample(shared, 2), *((reach,) if number == 0 else ()))
            )
            principals.append(
                Principal(
                    f"arn:aws:iam::{account}:role/{name}",
                    name,
                    account,
                    PrincipalKind.ROLE,
                    attached=attached,
                    trust=_trust(rng, account, hub),
                    unique_id=f"AROA{number:03}{n:05}",
                )
            )
    full = _document(PolicyType.SCP, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    guard = _document(
        PolicyType.SCP,
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]},
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/hub*"},
            },
        },
    )
    root = (Policy("FullAWSAccess", PolicyKind.SCP, full), Policy("Regions", PolicyKind.SCP, guard))
    targets = {"r-ab12": OrganizationsTarget("r-ab12", "Root", TargetKind.ROOT, None, root)}
    for number in range(ACCOUNTS):
        account = _account(number)
        targets[account] = OrganizationsTarget(account, account, TargetKind.ACCOUNT, "r-ab12", root[:1])
    tree = AwsOrganization(ORGANIZATION, hub, targets, scps_in_use=True)
    accounts = {_account(n): Account(_account(n), has_iam=True) for n in range(ACCOUNTS)}
    return Estate(tuple(sorted(principals, key=lambda p: p.arn)), accounts=accounts, aws_organization=tree)


def main() -> int:
    """Print the times."""
    started = time.perf_counter()
    found = estate()
    roles = sum(p.is_role for p in found.principals)
    print(
        f"{len(found.principals):,} principals, {roles:,} of them roles (made in {time.perf_counter() - started:.2f} s)"
    )
    for _ in range(2):
        started = time.perf_counter()
        assumptions = Assumptions(found)
        edges = assumptions.edges
        conditional = sum(edge.decision == "conditional" for edge in edges)
        print(
            f"assumption edges: {time.perf_counter() - started:.2f} s, {len(edges):,} edges, {conditional:,} conditional"
        )
        started = time.perf_counter()
        escalations = Escalations(assumptions)
        print(f"escalations: {time.perf_counter() - started:.2f} s, {len(escalations.edges):,} edges")
        started = time.perf_counter()
        graph = build(found)
        print(
            f"build: {time.perf_counter() - started:.2f} s, {graph.number_of_nodes():,} nodes, "
            f"{graph.number_of_edges():,} edges"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
