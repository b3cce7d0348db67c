"""On random estates: mends add nothing, witnesses are allowed by the reference evaluator, ids are unique."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from mail_estate import TODAY
from random_estates import escalations, mail

from wmiam.access import Access
from wmiam.estate.estate import Estate
from wmiam.findings import Findings, find

SEEDS = range(20)


def owned(built: Estate) -> Estate:
    """Return an estate in which every policy has an identity of its own, as readers give it."""
    groups = {
        id(group): replace(group, inline=tuple(replace(p, owner=group.arn) for p in group.inline))
        for principal in built.principals
        for group in principal.groups
    }
    principals = tuple(
        replace(
            principal,
            inline=tuple(replace(p, owner=principal.arn) for p in principal.inline),
            groups=tuple(groups[id(group)] for group in principal.groups),
            trust=replace(principal.trust, owner=principal.arn) if principal.trust is not None else None,
            boundary=replace(principal.boundary, arn=f"{principal.arn}:edge") if principal.boundary else None,
        )
        for principal in built.principals
    )
    tree = built.aws_organization
    if tree is not None:
        targets = {
            name: replace(target, scps=tuple(replace(p, arn=f"p-{name}-{p.name}") for p in target.scps))
            for name, target in tree.targets.items()
        }
        tree = replace(tree, targets=targets)
    return replace(built, principals=principals, aws_organization=tree)


def looked_through(built: Estate) -> tuple[Access, Findings]:
    access = Access.of(owned(built), progress=False)
    return access, find(access, today=TODAY)


@pytest.mark.parametrize("seed", SEEDS)
def test_mends_add_nothing_and_witnesses_are_allowed(seed: int) -> None:
    access, found = looked_through(mail.estate(random.Random(seed)))
    assert len({finding.id for finding in found}) == len(found)
    for finding in found:
        check = finding.mend.check
        assert check is None or not check.adds, finding
        assert (check is None) == bool(finding.mend.why_not), finding
        witness = finding.evidence.witness
        if witness is not None and not witness.depends and witness.action.startswith("workmail:"):
            principal = access.find_principal(witness.principal)
            org = next((o for o in access.organizations if o.arn == witness.resource), None)
            assert mail.reference(access.estate, principal, witness.action, org, witness.context), finding


@pytest.mark.parametrize("seed", SEEDS)
def test_estates_full_of_escalations(seed: int) -> None:
    _, found = looked_through(escalations.estate(random.Random(seed)))
    assert len({finding.id for finding in found}) == len(found)
    for finding in found.of("escalation"):
        check = finding.mend.check
        assert check is None or not check.adds, finding
        assert check is None or check.takes_away, finding


@pytest.mark.parametrize("seed", SEEDS)
def test_an_estate_has_the_same_findings_each_time(seed: int) -> None:
    first, second = (looked_through(mail.estate(random.Random(seed)))[1] for _ in range(2))
    assert [str(finding) for finding in first] == [str(finding) for finding in second]
