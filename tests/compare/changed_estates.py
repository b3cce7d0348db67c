"""Random changes to the random estates that hold one evaluator against another."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from random_estates import drawing, mail

from wmiam.compare import Witness
from wmiam.engine.request import Request
from wmiam.estate.change import policies_by_key, with_policy, without_statement
from wmiam.estate.estate import Estate
from wmiam.estate.model import (
    POLICY_TYPE,
    Organization,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
)
from wmiam.policy.model import PolicyType

TAGS = ((), (("Team", "red"),), (("Team", "blue"), ("Org", "m-bbbb")), (("Team", "green"),))


def owned(estate: Estate) -> Estate:
    """Return the estate with a key of its own for each policy, as readers give it."""

    def named(policy: Policy, owner: str) -> Policy:
        return replace(policy, owner=owner)

    groups = {
        id(g): replace(g, inline=tuple(named(p, g.arn) for p in g.inline))
        for principal in estate.principals
        for g in principal.groups
    }
    by_arn = {}
    for group in groups.values():
        by_arn.setdefault(group.arn, group)
    principals = [
        replace(
            p,
            inline=tuple(named(i, p.arn) for i in p.inline),
            groups=tuple(by_arn[g.arn] for g in p.groups),
            boundary=named(p.boundary, f"{p.arn}/boundary") if p.boundary else None,
            trust=named(p.trust, p.arn) if p.trust else None,
        )
        for p in estate.principals
    ]
    tree = estate.aws_organization
    if tree is not None:
        targets = {
            name: replace(t, scps=tuple(named(s, name) for s in t.scps)) for name, t in tree.targets.items()
        }
        tree = replace(tree, targets=targets)
    return replace(estate, principals=tuple(principals), groups=tuple(by_arn.values()), aws_organization=tree)


def estate(rng: random.Random) -> Estate:
    """Return a random estate."""
    return owned(mail.estate(rng))


def change(rng: random.Random, before: Estate) -> Estate:
    """Return the estate with one to three random changes."""
    after = before
    for _ in range(rng.randint(1, 3)):
        after = rng.choice((_document, _document, _statement, _principal, _principal, _target, _tags))(
            rng, after
        )
    return after


def _document(rng: random.Random, estate: Estate) -> Estate:
    found = [p for p in policies_by_key(estate).values() if p.kind is not PolicyKind.TRUST]
    if not found:
        return estate
    policy = rng.choice(found)
    return with_policy(estate, policy, drawing.written(rng, mail.WORDS, POLICY_TYPE[policy.kind]))


def _statement(rng: random.Random, estate: Estate) -> Estate:
    found = [p for p in policies_by_key(estate).values() if p.document and p.document.statements]
    if not found:
        return estate
    policy = rng.choice(found)
    assert policy.document is not None
    return without_statement(estate, policy, rng.choice(policy.document.statements).index)


def _principal(rng: random.Random, estate: Estate) -> Estate:
    old = rng.choice([p for p in estate.principals if p.kind is not PrincipalKind.ROOT])
    others = [p for p in estate.principals if p is not old]
    kind = rng.randrange(6)
    if kind == 0:
        return replace(estate, principals=tuple(others))
    if kind == 1 and old.kind is PrincipalKind.USER:
        groups = [g for g in estate.groups if g.account == old.account]
        new = replace(old, groups=tuple(rng.sample(groups, rng.randint(0, len(groups)))))
    elif kind == 2:
        edge = mail.policy(rng, PolicyKind.MANAGED, PolicyType.BOUNDARY, "edge")
        new = replace(old, boundary=rng.choice((None, replace(edge, owner=f"{old.arn}/boundary"))))
    elif kind == 3:
        policy = mail.policy(rng, PolicyKind.INLINE, PolicyType.IDENTITY, f"n{rng.randrange(100)}")
        new = replace(old, inline=(*old.inline, replace(policy, owner=old.arn)))
    elif kind == 4:
        new = replace(old, arn=f"{old.arn}x", name=f"{old.name}x")
        return replace(estate, principals=tuple(sorted((*others, old, new), key=lambda p: p.arn)))
    else:
        new = replace(old, tags=rng.choice(TAGS))
    return replace(estate, principals=tuple(sorted((*others, new), key=lambda p: p.arn)))


def entrust(rng: random.Random, estate: Estate) -> Estate:
    """Return the estate with other ways into its roles: identity providers, session tags."""

    def trust(role: Principal) -> Policy:
        statement = {
            "Effect": "Allow",
            "Principal": rng.choice(
                ({"AWS": role.account}, {"Federated": f"arn:aws:iam::{role.account}:saml-provider/idp"})
            ),
            "Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML", *rng.choice(([], ["sts:TagSession"]))],
        }
        return Policy(
            "trust policy", PolicyKind.TRUST, drawing.parse(statement, PolicyType.TRUST), owner=role.arn
        )

    principals = (replace(p, trust=trust(p)) if p.is_role else p for p in estate.principals)
    return replace(estate, principals=tuple(principals))


def _target(rng: random.Random, estate: Estate) -> Estate:
    tree = estate.aws_organization
    if tree is None:
        return estate
    name = rng.choice(list(tree.targets))
    target = tree.targets[name]
    policy = replace(mail.policy(rng, PolicyKind.SCP, PolicyType.SCP, f"s{rng.randrange(100)}"), owner=name)
    scps = rng.choice((target.scps[:1], (*target.scps, policy)))
    return replace(
        estate, aws_organization=replace(tree, targets={**tree.targets, name: replace(target, scps=scps)})
    )


def _tags(rng: random.Random, estate: Estate) -> Estate:
    at = rng.randrange(len(estate.organizations))
    old = estate.organizations[at]
    new = replace(old, tags=rng.choice(TAGS) if old.tags is not None else None)
    return replace(estate, organizations=(*estate.organizations[:at], new, *estate.organizations[at + 1 :]))


def find(estate: Estate, arn: str) -> Principal | None:
    return next((p for p in estate.principals if p.arn == arn), None)


def organization(estate: Estate, arn: str) -> Organization | None:
    return next((o for o in estate.organizations if o.arn == arn), None)


def _takes_tags(principal: Principal) -> bool:
    document = principal.trust.document if principal.trust is not None else None
    return document is not None and any("sts:TagSession" in (s.actions or ()) for s in document.statements)


def answer(estate: Estate, witness: Witness, org: str) -> bool:
    """Return what the reference says of a witness, in the test's own words; nobody is allowed nothing."""
    principal = find(estate, witness.principal)
    if principal is None:
        return False
    target = organization(estate, org)
    keys: dict[str, Any] = dict(witness.context)
    own = drawing.principal_keys(estate, principal)
    # Session tags override those of the role; where nobody may set any, its own are the request's.
    chosen = _takes_tags(principal)
    keys = {key: value for key, value in keys.items() if chosen or not key.startswith("aws:PrincipalTag/")}
    keys.update({k: v for k, v in own.items() if not (chosen and k.startswith("aws:PrincipalTag/"))})
    if target is not None:
        keys["aws:RequestedRegion"] = target.region
        keys.update({f"aws:ResourceTag/{key}": value for key, value in target.tags or ()})
    request = Request(principal.arn, witness.action, witness.resource, keys)
    return drawing.reference(estate, principal, request)
