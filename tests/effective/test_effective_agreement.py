"""Effective policies of random principals, held against their own policies by the reference evaluator."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from random_estates import mail

from wmiam.access import Access
from wmiam.access.effective import EffectivePolicy
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

#: Organizations that no estate here has: what any other one is allowed.
OTHERS = tuple(
    Organization(f"arn:aws:workmail:{region}:{account}:organization/{id_}", id_, region, account, tags=tags)
    for id_, region, account, tags in (
        ("m-eeee", "eu-west-1", mail.ACCOUNTS[0], (("Team", "red"),)),
        ("m-cccc", "us-east-1", mail.ACCOUNTS[0], ()),
        ("m-zccc", "us-west-2", mail.ACCOUNTS[1], (("Team", "blue"), ("Env", "prod"))),
    )
)


def alone(estate: Estate, effective: EffectivePolicy) -> tuple[Estate, Principal]:
    """Return the estate in which a principal has its effective policy and nothing else."""
    policy = Policy("effective", PolicyKind.INLINE, parse_document(effective.document, PolicyType.IDENTITY))
    assert policy.document is not None
    assert policy.document.problems == ()
    principal = replace(effective.principal, inline=(policy,), attached=(), groups=(), boundary=None)
    tree = estate.aws_organization
    free = None if tree is None else replace(tree, scps_in_use=False)
    return replace(estate, principals=(principal,), aws_organization=free), principal


def check(seed: int, requests: int) -> Counter[str]:
    """Compare the effective policies of one random estate; return how many requests of each answer there were."""
    rng = random.Random(seed)
    estate = mail.estate(rng)
    access = Access.of(estate, progress=False)
    counted: Counter[str] = Counter()
    for principal in estate.principals:
        if principal.kind is PrincipalKind.ROOT:
            continue
        effective = access.effective_policy(principal.arn)
        other, bearer = alone(estate, effective)
        counted["exact" if effective.exact else "not exact"] += 1
        counted["deny"] += bool(effective.needs_deny)
        assert bool(effective.needs_deny) == any(
            statement["Effect"] == "Deny" for statement in effective.document["Statement"]
        )
        for _ in range(requests):
            action = rng.choice(mail.ACTIONS)
            known = [o for o in estate.organizations if o.account == principal.account]
            org = None if action == "workmail:ListOrganizations" else rng.choice([*known, *OTHERS])
            context = mail.context(rng, principal, action, org.tags if org else ())
            if org is None:
                context["aws:RequestedRegion"] = rng.choice(("eu-west-1", "us-east-1", "eu-south-9"))
            expected = mail.reference(estate, principal, action, org, context)
            actual = mail.reference(other, bearer, action, org, context)
            told = (seed, principal.arn, action, org and org.arn, context, effective.to_json(indent=None))
            assert expected or not actual, told
            if effective.exact and (org is None or org in known):
                assert actual == expected, told
            counted[f"allowed {actual}"] += 1
    return counted


def test_effective_policies_agree_with_the_reference() -> None:
    counted: Counter[str] = Counter()
    # The last two have principals for whom a Deny is needed.
    for seed in (*range(14), 18, 237):
        counted += check(seed, 40)
    assert counted["exact"] > 50
    assert counted["allowed True"] > 100
    assert counted["deny"] > 0


@pytest.mark.long
@pytest.mark.parametrize("block", range(10))
def test_effective_policies_agree_with_the_reference_long(block: int) -> None:
    counted: Counter[str] = Counter()
    for seed in range(5000 + 40 * block, 5040 + 40 * block):
        counted += check(seed, 200)
    assert counted["allowed True"] > 500
