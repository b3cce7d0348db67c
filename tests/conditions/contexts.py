"""Small spaces of request contexts for the tests here."""

from __future__ import annotations

from typing import Any

import wmiam
from wmiam.access import Access
from wmiam.conditions.condition import Condition
from wmiam.estate.estate import Estate
from wmiam.estate.model import Account, Organization, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

ACCOUNT = "111122223333"
ORG = Organization(
    f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-aaaa", "m-aaaa", "eu-west-1", ACCOUNT, tags=()
)

Statement = dict[str, Any]


def allow(condition: Any = None, action: str = "workmail:TagResource", **more: Any) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    if condition is not None:
        statement["Condition"] = condition
    return statement


def deny(condition: Any = None, action: str = "workmail:TagResource", **more: Any) -> Statement:
    return {**allow(condition, action, **more), "Effect": "Deny"}


def access_of(*statements: Statement, kind: PrincipalKind = PrincipalKind.USER) -> Access:
    """Return the access of an estate with one user, ana, who has one policy."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    policy = Policy("p", PolicyKind.INLINE, parse_document(document, PolicyType.IDENTITY))
    ana = Principal(f"arn:aws:iam::{ACCOUNT}:user/ana", "ana", ACCOUNT, kind, inline=(policy,))
    return Estate((ana,), (ORG,), {ACCOUNT: Account(ACCOUNT, has_iam=True)}).access()


def condition_of(*statements: Statement, action: str = "workmail:TagResource") -> Condition:
    """Return when ana may perform an action."""
    found = access_of(*statements).condition("ana", action)
    assert isinstance(found, wmiam.conditions.condition.Condition)
    return found
