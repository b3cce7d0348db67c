"""Estates whose roles trust each other and whose policies are about mail, roles and keys."""

from __future__ import annotations

import random
from dataclasses import replace

from random_estates import roles
from random_estates.drawing import A, B
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization

ORGANIZATIONS = tuple(
    Organization(
        f"arn:aws:workmail:eu-west-1:{account}:organization/m-{name}",
        f"m-{name}",
        "eu-west-1",
        account,
        tags=(),
    )
    for account, name in ((A, "aaaa"), (A, "bbbb"), (B, "cccc"))
)
#: What an attacker, or somebody at work, chooses once for all requests of one sitting.
TIMES = ("2026-10-27T12:00:00Z", "2026-12-27T12:00:00Z")
ADDRESSES = ("203.0.113.9", "198.51.100.9")
WORDS = replace(
    roles.WORDS,
    actions=("sts:AssumeRole",) * 5
    + ("sts:*", "workmail:ResetPassword", "workmail:*", "workmail:AssumeImpersonationRole")
    + ("workmailmessageflow:*", "iam:CreateAccessKey", "iam:UpdateAssumeRolePolicy", "*"),
    resources=(
        *("*", "*", f"arn:aws:iam::{A}:role/*", "arn:aws:iam::*:role/team/r?", "arn:aws:iam::*:user/u1"),
        *("arn:aws:workmail:*:*:organization/m-aaaa", f"arn:aws:workmail:*:{A}:*"),
        *("arn:aws:workmailmessageflow:*:*:message/m-aaaa/*", "arn:aws:workmail:*:*:organization/m-?ccc"),
    ),
    rows=(
        *roles.ROWS[:18],
        ("IpAddress", "aws:SourceIp", "198.51.100.0/24"),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
        ("DateLessThan", "aws:CurrentTime", "2026-11-30T00:00:00Z"),
        ("DateGreaterThan", "aws:CurrentTime", "2026-11-30T00:00:00Z"),
    ),
    deny=0.12,
    times=TIMES,
)


def estate(rng: random.Random) -> Estate:
    """Return a random estate of roles, users and WorkMail organizations."""
    return roles.estate(rng, WORDS, ORGANIZATIONS)
