"""Estates of which some policies could not be read, and the same with policies that allow everything there."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from random_estates import drawing
from wmiam.estate.estate import Estate
from wmiam.estate.model import OrganizationsTarget, Policy, PolicyKind, Principal
from wmiam.policy.model import PolicyDocument, PolicyType

#: What becomes of a policy.
Change = Callable[[Policy], Policy]
_TYPES = {
    PolicyKind.TRUST: PolicyType.TRUST,
    PolicyKind.SCP: PolicyType.SCP,
    PolicyKind.RCP: PolicyType.RCP,
}


def spoiled(rng: random.Random, estate: Estate, chance: float = 0.25) -> Estate:
    """Return an estate of which some policies, picked at random, could not be read."""

    def spoil(policy: Policy) -> Policy:
        if rng.random() >= chance:
            return policy
        return replace(policy, document=None, problem="no file holds its document")

    return _changed(estate, spoil)


def allowing(estate: Estate) -> Estate:
    """Return an estate in which every policy that could not be read allows everything."""

    def allow(policy: Policy) -> Policy:
        if policy.document is not None and not policy.document.unread:
            return policy
        document = drawing.full_access(_TYPES.get(policy.kind, PolicyType.IDENTITY))
        return replace(policy, document=document, problem="")

    return _changed(estate, allow)


def granting_nothing(principal: Principal) -> Principal:
    """Return a principal of whom the identity-based policies that could not be read say nothing."""

    def silence(policy: Policy) -> Policy:
        return policy if policy.document is not None else replace(policy, document=PolicyDocument())

    return replace(
        principal,
        inline=tuple(map(silence, principal.inline)),
        attached=tuple(map(silence, principal.attached)),
        groups=tuple(
            replace(g, inline=tuple(map(silence, g.inline)), attached=tuple(map(silence, g.attached)))
            for g in principal.groups
        ),
    )


def _changed(estate: Estate, change: Change) -> Estate:
    """Return an estate with changed policies, each policy changed once."""
    done: dict[int, Policy] = {}

    def of(policy: Policy) -> Policy:
        if id(policy) not in done:
            done[id(policy)] = change(policy)
        return done[id(policy)]

    def each(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
        return tuple(map(of, policies))

    groups = {g.arn: replace(g, inline=each(g.inline), attached=each(g.attached)) for g in estate.groups}

    def person(principal: Principal) -> Principal:
        return replace(
            principal,
            inline=each(principal.inline),
            attached=each(principal.attached),
            groups=tuple(groups[group.arn] for group in principal.groups),
            boundary=principal.boundary and of(principal.boundary),
            trust=principal.trust and of(principal.trust),
        )

    def target(found: OrganizationsTarget) -> OrganizationsTarget:
        return replace(found, scps=each(found.scps), rcps=each(found.rcps))

    tree = estate.aws_organization
    if tree is not None:
        tree = replace(tree, targets={name: target(found) for name, found in tree.targets.items()})
    return replace(
        estate,
        principals=tuple(map(person, estate.principals)),
        groups=tuple(groups.values()),
        policies=each(estate.policies),
        aws_organization=tree,
    )
