"""Small estates with one principal, for the tests here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import wmiam
from wmiam.estate.model import (
    Account,
    AwsOrganization,
    Organization,
    OrganizationsTarget,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
    Tags,
    TargetKind,
)
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

ACCOUNT = "111122223333"
RED = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-red"
BLUE = f"arn:aws:workmail:us-east-1:{ACCOUNT}:organization/m-blue"

Statement = dict[str, Any]


def allow(action: str | list[str], condition: Any = None, **more: Any) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    if "NotResource" in more:
        del statement["Resource"]
    return statement if condition is None else {**statement, "Condition": condition}


def deny(action: str | list[str], condition: Any = None, **more: Any) -> Statement:
    return {**allow(action, condition, **more), "Effect": "Deny"}


def policy(
    statements: Sequence[Statement], kind: PolicyKind, policy_type: PolicyType, name: str = "p"
) -> Policy:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return Policy(name, kind, parse_document(document, policy_type))


def organization(arn: str, tags: Tags | None = ()) -> Organization:
    region, _, identity = arn.split(":", 3)[3].partition(":")[0], "", arn.rpartition("/")[2]
    return Organization(
        arn, identity, region, ACCOUNT, alias=identity.removeprefix("m-"), tags=tags, stand_in=identity == "*"
    )


def access(
    *statements: Statement,
    boundary: Sequence[Statement] = (),
    scp: Sequence[Statement] | None = None,
    organizations: Sequence[Organization] = (organization(RED), organization(BLUE)),
    role: bool = False,
    trust: Sequence[Statement] = (),
    more: Sequence[Policy] = (),
) -> wmiam.Access:
    """Return the access of ana, a user or a role with some statements."""
    ana = Principal(
        f"arn:aws:iam::{ACCOUNT}:{'role' if role else 'user'}/ana",
        "ana",
        ACCOUNT,
        PrincipalKind.ROLE if role else PrincipalKind.USER,
        inline=(policy(statements, PolicyKind.INLINE, PolicyType.IDENTITY),),
        attached=tuple(more),
        boundary=policy(boundary, PolicyKind.MANAGED, PolicyType.BOUNDARY) if boundary else None,
        trust=policy(trust, PolicyKind.TRUST, PolicyType.TRUST) if trust else None,
    )
    tree = None
    if scp is not None:
        scps = (policy(scp, PolicyKind.SCP, PolicyType.SCP),) if scp else ()
        targets = {
            "r-ab12": OrganizationsTarget("r-ab12", "Root", TargetKind.ROOT, None, scps),
            ACCOUNT: OrganizationsTarget(
                ACCOUNT,
                "a",
                TargetKind.ACCOUNT,
                "r-ab12",
                (policy([allow("*")], PolicyKind.SCP, PolicyType.SCP),),
            ),
        }
        tree = AwsOrganization("o-abc1234567", "999999999999", targets, scps_in_use=True)
    root = Principal(f"arn:aws:iam::{ACCOUNT}:root", "root", ACCOUNT, PrincipalKind.ROOT)
    return wmiam.Estate(
        (ana, root),
        tuple(organizations),
        {ACCOUNT: Account(ACCOUNT, has_iam=True)},
        aws_organization=tree,
    ).access()


def statements(found: wmiam.Access) -> list[Statement]:
    """Return the statements of ana's effective policy without their names, which must be exact."""
    effective = found.effective_policy("ana")
    assert effective.exact
    return [
        {name: value for name, value in statement.items() if name != "Sid"}
        for statement in effective.document["Statement"]
    ]
