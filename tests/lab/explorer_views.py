"""Estates to explore, and views of them that between them set everything that can be set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wmiam.access import Access
from wmiam.estate.estate import Estate
from wmiam.estate.model import Account, Organization, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

ACME = Path(__file__).resolve().parents[2] / "data" / "acme"
SCRIPT = "<script>window.broken = 1</script>"
IMAGE = "<img src=x onerror='window.broken = 1'>"
REORDERED = "admin\u202egnp.exe"
#: The same estate as :func:`hostile`, made in a notebook: three of its principals are in the list ``hostile``.
HOSTILE = f"""
import dataclasses, wmiam
from wmiam.lab import views
estate = wmiam.load({str(ACME)!r})
names = iter({(SCRIPT, IMAGE, REORDERED)!r})
hostile = [p.arn for p in estate.principals if p.account == "444455556666"][:3]
principals = tuple(dataclasses.replace(p, name=next(names)) if p.arn in hostile else p for p in estate.principals)
organizations = tuple(dataclasses.replace(o, alias={IMAGE!r} + (o.alias or "")) for o in estate.organizations)
access = dataclasses.replace(estate, principals=principals, organizations=organizations).access()
explorer = wmiam.explore(access)
explorer
"""

MFA = {"aws:MultiFactorAuthPresent": True}
NO_MFA = {"aws:MultiFactorAuthPresent": [False, None], "aws:RequestedRegion": "eu-west-1"}
CONTEXTS: tuple[dict[str, Any], ...] = ({}, MFA, NO_MFA)

#: A finding about one principal, action and organization; and one about an action on an organization.
RETAG = "retag-around-6d9316a43e"
NOBODY = "no-way-out-45136f7053"

#: Views that between them set everything that can be set.
VIEWS: list[tuple[dict[str, str], dict[str, str], dict[str, Any]]] = [
    ({}, {}, {}),
    ({"decision": "all"}, {}, MFA),
    ({"decision": "denied", "account": "444455556666"}, {}, {}),
    ({"decision": "conditional", "level": "Write"}, {}, NO_MFA),
    ({"decision": "allowed", "capability": "export-mail"}, {}, MFA),
    ({"organization": "acme-europe", "decision": "all", "actions": "password"}, {}, {}),
    ({"principals": "USER/ m", "actions": "workmail: reset"}, {}, {}),
    ({"principals": "nobody has this name"}, {}, {}),
    ({}, {"principal": "mateo.jackson"}, MFA),
    ({"account": "444455556666"}, {"principal": "mateo.jackson", "action": "ResetPassword"}, {}),
    ({"capability": "take-over-mailbox"}, {"action": "ResetPassword"}, NO_MFA),
    ({"severity": "high"}, {}, {}),
    ({"severity": "medium", "decision": "all", "capability": "export-mail"}, {}, NO_MFA),
    ({"severity": "high", "organization": "acme-europe", "decision": "all"}, {}, MFA),
    ({}, {"finding": RETAG}, {}),
    ({"decision": "all"}, {"finding": NOBODY}, MFA),
    ({"severity": "low", "decision": "denied"}, {"finding": RETAG, "principal": "nikki.wolf"}, {}),
]


def one_user(condition: dict[str, Any]) -> Access:
    """The access of an estate of one user, who may reset passwords under a condition."""
    account = "111122223333"
    arn = f"arn:aws:workmail:eu-west-1:{account}:organization/m-{'a' * 32}"
    statement = {
        "Effect": "Allow",
        "Action": "workmail:ResetPassword",
        "Resource": "*",
        "Condition": condition,
    }
    document = parse_document({"Version": "2012-10-17", "Statement": statement}, PolicyType.IDENTITY)
    policies = (Policy("p", PolicyKind.INLINE, document),)
    user = Principal(f"arn:aws:iam::{account}:user/ana", "ana", account, PrincipalKind.USER, inline=policies)
    organization = Organization(arn, arn.rpartition("/")[2], "eu-west-1", account, "acme", tags=())
    estate = Estate((user,), (organization,), {account: Account(account, has_iam=True)})
    return estate.access(progress=False)
