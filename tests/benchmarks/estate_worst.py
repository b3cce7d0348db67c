"""The policies of a worst case: every principal has its own, and no two are alike."""

from __future__ import annotations

import random

from estate_policies import MFA, Document, allow, deny, document

__all__ = ["worst_policy"]

_WORST_ACTIONS = (
    *(
        "workmail:*",
        "workmail:Get*",
        "workmail:Describe*",
        "workmail:List*",
        "workmail:Create*",
        "workmail:Put*",
    ),
    *("workmail:ResetPassword", "workmail:PutMailboxPermissions", "workmail:TagResource", "workmail:Update*"),
    *("workmail:AssumeImpersonationRole", "workmail:StartMailboxExportJob", "workmailmessageflow:*"),
    *("workmail:DeleteUser", "workmail:*Group*", "workmail:*Policy", "s3:GetObject", "logs:*", "kms:Decrypt"),
)


def _address_range(number: int) -> str:
    """Return one of 16 million ranges of 16 addresses, a different one for each number."""
    spread = number * 40503 % (1 << 24)
    return f"{10 + (spread >> 20)}.{spread >> 12 & 255}.{spread >> 4 & 255}.{(spread & 15) << 4}/28"


def _worst_condition(rng: random.Random, number: int, statement: int) -> Document | None:
    """Return a condition whose constants no other statement has, as far as its key can have so many."""
    own = number * 4 + statement
    kinds = ("none", "mfa", "region", "address", "tag", "time", "age", "role", "agent", "team")
    match rng.choices(kinds, (30, 15, 10, 12, 10, 8, 4, 4, 3, 4))[0]:
        case "mfa":
            return MFA
        case "region":
            return {
                "StringEquals": {"aws:RequestedRegion": rng.choice(["eu-west-1", "us-east-1", "us-west-2"])}
            }
        case "address":
            return {"IpAddress": {"aws:SourceIp": _address_range(own)}}
        case "tag":
            return {"StringEquals": {"aws:ResourceTag/Owner": f"owner-{own}"}}
        case "time":
            day, rest = divmod(own, 86400)
            moment = f"2027-{1 + day // 28 % 12:02}-{1 + day % 28:02}T{rest // 3600:02}:{rest // 60 % 60:02}"
            return {"DateLessThan": {"aws:CurrentTime": f"{moment}:{rest % 60:02}Z"}}
        case "age":
            return {"NumericLessThan": {"aws:MultiFactorAuthAge": str(600 + own)}}
        case "role":
            identifier = f"{own:08x}-0000-4000-8000-{own:012x}"
            return {"StringEquals": {"workmail:ImpersonationRoleId": identifier}}
        case "agent":
            return {"StringLike": {"aws:UserAgent": f"tool-{own}/*"}}
        case "team":
            return {"StringNotEquals": {"aws:PrincipalTag/Team": f"team-{own}"}}
    return None


def worst_policy(rng: random.Random, number: int, organizations: list[str]) -> Document:
    """Return the inline policy of one principal in a worst case: all about WorkMail, with constants of its own.

    Parameters
    ----------
    rng : random.Random
        Chooses.
    number : int
        The principal's number, which the constants are made of.
    organizations : list of str
        ARNs of the account's WorkMail organizations.
    """
    statements = []
    for statement in range(rng.randint(1, 4)):
        actions = rng.sample(_WORST_ACTIONS, rng.randint(1, 4))
        resource = (
            "*"
            if rng.random() < 0.5
            else rng.sample(organizations, min(len(organizations), rng.randint(1, 3)))
        )
        make = allow if rng.random() < 0.85 else deny
        statements.append(make(actions, resource, _worst_condition(rng, number, statement)))
    # A Sid of its own, so that no two documents are alike even where chance draws the same statements.
    statements[0] = {"Sid": f"Own{number}", **statements[0]}
    return document(*statements)
