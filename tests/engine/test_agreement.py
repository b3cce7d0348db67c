"""The compiled evaluator must agree with the reference, cell by cell, on random estates and contexts."""

from __future__ import annotations

import random

import pytest
from random_estates.mail import ACCOUNTS, ACTIONS, ORGS, PATTERNS, RESOURCES, ROWS
from random_estates.mail import context as _context
from random_estates.mail import document as _document
from random_estates.mail import estate as _estate
from random_estates.mail import policy as _policy
from random_estates.mail import reference as _reference

from wmiam.access import Access
from wmiam.engine.compile import ACTIONS as SETS
from wmiam.engine.request import Context
from wmiam.estate.model import Organization, Principal

# Other tests take the random estates from here as well.
__all__ = [
    "ACCOUNTS",
    "ACTIONS",
    "ORGS",
    "PATTERNS",
    "RESOURCES",
    "ROWS",
    "_context",
    "_document",
    "_estate",
    "_policy",
    "_reference",
    "check",
]


def check(seed: int, requests: int) -> int:
    """Compare one random estate; return the number of requests that were compared."""
    rng = random.Random(seed)
    estate = _estate(rng)
    access = Access.of(estate, progress=False)
    for _ in range(requests):
        principal = rng.choice(estate.principals)
        action = rng.choice(ACTIONS)
        org: Organization | None = rng.choice(estate.organizations)
        if action == "workmail:ListOrganizations":
            org = None
        context = _context(rng, principal, action, org.tags if org else ())
        if org is None:
            context["aws:RequestedRegion"] = rng.choice(("eu-west-1", "us-east-1", "eu-south-9"))
        expected = _reference(estate, principal, action, org, context)
        concrete = {**context, "aws:RequestedRegion": org.region if org else context["aws:RequestedRegion"]}
        if org is not None and org.account != principal.account:
            actual = False
        else:
            point = access.whole.space.point(Context.of(concrete))
            for unknown, variable in access.whole.space.opaque.items():
                assert unknown == "the message is incoming", unknown
                point[variable] = 1
            actual = _holds(access, principal, action, org, point)
        assert actual == expected, (seed, principal.arn, action, org and org.arn, concrete)
    return requests


def _holds(
    access: Access, principal: Principal, action: str, org: Organization | None, point: dict[int, int]
) -> bool:
    bit = 1 << SETS.index[action]
    for cell in access.whole.class_of[principal.arn].cells:
        if cell.actions & bit and cell.resource.organization is org:
            return access.whole.space.diagrams.holds(cell.contexts, point)
    return False


@pytest.mark.parametrize("seed", range(60))
def test_compiled_agrees_with_reference(seed: int) -> None:
    check(seed, 60)


@pytest.mark.long
@pytest.mark.parametrize("block", range(20))
def test_compiled_agrees_with_reference_long(block: int) -> None:
    for seed in range(1000 + block * 100, 1100 + block * 100):
        check(seed, 100)
