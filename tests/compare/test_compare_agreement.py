"""Comparisons of random estates must be what the reference evaluator says, request by request."""

from __future__ import annotations

import random

import pytest
from changed_estates import answer, change, entrust, estate, find, organization
from random_estates import mail

from wmiam.compare import Change, Comparison, compare
from wmiam.engine.diagrams import FALSE
from wmiam.engine.request import Context
from wmiam.engine.resources import INCOMING

Rows = dict[tuple[str, str, str], Change]


def rows(comparison: Comparison) -> Rows:
    found = {}
    for row in comparison.rows():
        key = (row.principal.arn, row.action, row.organization)
        assert key not in found
        found[key] = row
    return found


def check_samples(rng: random.Random, comparison: Comparison, found: Rows, requests: int) -> None:
    """What is gained and lost, against the reference on both sides, for sampled requests."""
    before, after = comparison.before, comparison.after
    arns = sorted({p.arn for p in (*before.principals, *after.principals)})
    changed = sorted(found)
    d, space = comparison.space.diagrams, comparison.space
    for _ in range(requests):
        if changed and rng.random() < 0.6:
            arn, action, org = rng.choice(changed)
            if action not in mail.ACTIONS:
                continue
        else:
            arn, action = rng.choice(arns), rng.choice(mail.ACTIONS)
            org = "*" if action == "workmail:ListOrganizations" else rng.choice(after.organizations).arn
        old, new = find(before, arn), find(after, arn)
        subject = new or old
        assert subject is not None
        target = organization(after, org)
        context = mail.context(rng, subject, action, target.tags if target else ())
        context["aws:RequestedRegion"] = target.region if target else rng.choice(("eu-west-1", "us-east-1"))
        was = old is not None and mail.reference(before, old, action, organization(before, org), context)
        now = new is not None and mail.reference(after, new, action, target, context)
        row = found.get((arn, action, org))
        point = space.point(Context.of(context))
        if INCOMING in space.opaque:
            point[space.opaque[INCOMING]] = 1
        gained, lost = (row.delta.gained, row.delta.lost) if row is not None else (FALSE, FALSE)
        assert (d.holds(gained, point), d.holds(lost, point)) == (now and not was, was and not now), (
            arn,
            action,
            org,
            context,
        )


def check_witnesses(rng: random.Random, comparison: Comparison, found: Rows, most: int) -> int:
    """Every witness is a request that the reference answers differently on the two sides."""
    chosen = rng.sample(sorted(found), min(most, len(found)))
    checked = 0
    for key in chosen:
        row = found[key]
        for lost in (False, True):
            witness = comparison.witness(row, lost=lost)
            contexts = row.delta.lost if lost else row.delta.gained
            assert (witness is None) == (contexts == FALSE)
            if witness is None:
                continue
            assert witness.unknowns == {}
            was, now = (answer(e, witness, row.organization) for e in (comparison.before, comparison.after))
            assert (was, now) == (lost, not lost), (row.change, witness, witness.context)
            first, second = comparison.decide(witness)
            assert (first is not None and first.allowed, second is not None and second.allowed) == (was, now)
            checked += 1
    return checked


def check_causes(rng: random.Random, comparison: Comparison, found: Rows, most: int) -> None:
    """Together the causes of a row cover what was gained and lost, and nothing else."""
    d = comparison.space.diagrams
    for key in rng.sample(sorted(found), min(most, len(found))):
        row = found[key]
        parts = comparison.parts(row)
        assert parts
        assert d.any_of(part.gained for part in parts) == row.delta.gained
        assert d.any_of(part.lost for part in parts) == row.delta.lost
        assert {c.key for c in comparison.causes_of(row)} == {part.key for part in parts}


def check(seed: int, requests: int) -> None:
    rng = random.Random(seed)
    before = estate(rng)
    after = change(rng, before)
    comparison = compare(before, after, progress=False)
    found = rows(comparison)
    assert comparison.empty == (not found)
    check_samples(rng, comparison, found, requests)
    check_witnesses(rng, comparison, found, 20)
    check_causes(rng, comparison, found, 20)


@pytest.mark.parametrize("seed", range(40))
def test_what_changed_is_what_the_reference_says(seed: int) -> None:
    check(seed, 60)


@pytest.mark.long
@pytest.mark.parametrize("block", range(20))
def test_what_changed_is_what_the_reference_says_long(block: int) -> None:
    for seed in range(1000 + block * 50, 1050 + block * 50):
        check(seed, 200)


@pytest.mark.parametrize("seed", range(30))
def test_other_ways_into_roles_change_what_only_one_side_can_ask(seed: int) -> None:
    rng = random.Random(seed)
    before = entrust(rng, estate(rng))
    after = entrust(rng, before if rng.random() < 0.5 else change(rng, before))
    comparison = compare(before, after, progress=False)
    found = rows(comparison)
    check_causes(rng, comparison, found, 30)
    d = comparison.space.diagrams
    for row in found.values():
        possible = row.delta.possible
        for lost in (False, True):
            witness = comparison.witness(row, lost=lost)
            if witness is None or witness.unknowns:
                continue
            was, now = (answer(e, witness, row.organization) for e in (before, after))
            # Where both sides can have the request, the reference answers it differently.
            contexts = row.delta.lost if lost else row.delta.gained
            if not possible.keys and d.both(contexts, d.both(possible.before, possible.after)) != FALSE:
                assert (was, now) == (lost, not lost)
            assert lost <= was
            assert (not lost) <= now
    back = rows(compare(after, before, progress=False))
    assert {key: (row.before, row.after) for key, row in found.items()} == {
        key: (row.after, row.before) for key, row in back.items()
    }


@pytest.mark.parametrize("seed", range(10))
def test_equal_estates_do_not_differ(seed: int) -> None:
    first, second = estate(random.Random(seed)), estate(random.Random(seed))
    assert first is not second
    comparison = compare(first, second, gate="no-new-access", progress=False)
    assert comparison.empty
    assert list(comparison.rows()) == []
    assert comparison.causes() == ()
    assert list(comparison.failures) == []


@pytest.mark.parametrize("seed", range(20))
def test_what_one_way_gains_the_other_way_loses(seed: int) -> None:
    rng = random.Random(seed)
    before = estate(rng)
    after = change(rng, before)
    there, back = rows(compare(before, after, progress=False)), rows(compare(after, before, progress=False))
    opposite = {"granted": "revoked", "widened": "narrowed", "moved": "moved"}
    opposite |= {value: key for key, value in opposite.items()}
    assert there.keys() == back.keys()
    forth, reverse = compare(before, after, progress=False), compare(after, before, progress=False)
    for one, other in zip(forth.rows(), reverse.rows(), strict=True):
        assert opposite[one.change] == other.change
        assert (one.before, one.after) == (other.after, other.before)
        assert (forth.gained(one), forth.lost(one)) == (reverse.lost(other), reverse.gained(other))
