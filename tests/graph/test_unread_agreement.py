"""What unread policies may give must be what the reference evaluator says if they allow everything."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from random_estates.escalations import estate
from random_estates.unread import allowing, granting_nothing, spoiled
from test_escalation_agreement import asked, decided, keys_of, somebody

from wmiam.catalog.escalations import Effect
from wmiam.engine.request import Context, Request
from wmiam.estate.model import PrincipalKind
from wmiam.graph.assume import Assumptions
from wmiam.graph.escalate import Escalations
from wmiam.graph.escalate.entities import region_of
from wmiam.graph.escalate.held import kind_of, requirements


def _holds(ground: Any, pieces: Any, scope: Any, resource: Any, request: Request) -> bool:
    """Whether one of some sets of resources and contexts holds, if unread policies deny nothing."""
    at = scope.resources.index(resource)
    point = ground.space.point(Context(dict(request.full_context)))
    opaque = ground.space.opaque.items()
    point.update({variable: int(not name.endswith("denies it")) for name, variable in opaque})
    return any(mask >> at & 1 and ground.d.holds(contexts, point) for mask, contexts in pieces)


def check_requests(seed: int, requests: int) -> int:
    """Compare single requests on one estate: what is allowed if unread policies allow it, and for certain."""
    rng = random.Random(f"unread {seed}")
    found = spoiled(rng, estate(rng))
    open_handed = allowing(found)
    ground = Escalations(Assumptions(found)).finder
    permissions = [p for method in ground.methods for p in (*method.permissions, *method.role_permissions)]
    differ = 0
    for _ in range(requests):
        principal = somebody(rng, open_handed)
        wanted = rng.choice(requirements([rng.choice(permissions)], ground.asks))
        scope = ground.evaluation.entities[principal.account]
        of_kind = [r for at, r in enumerate(scope.resources) if scope.kind(wanted[1]) >> at & 1]
        if not of_kind:
            continue
        resource, keys = rng.choice(of_kind), keys_of(rng, principal)
        members = ground.evaluation.class_of[principal.arn]
        ours = next(p for p in found.principals if p.arn == principal.arn)
        # What limits it may allow everything, what grants it says nothing.
        silent = replace(granting_nothing(ours), boundary=principal.boundary)
        for person, grants in (
            (principal, ground.evaluation.possibly.get(id(members))),
            (silent, None),
        ):
            if person is silent and any(policy is ours.boundary for policy, _ in ours.identity_policies):
                continue  # the same unknown grants and limits: what rests on it is told of what it grants
            request, expected = asked(ground, open_handed, person, wanted, resource, keys)
            pieces = ground.held(members, grants).allowed(wanted[0], limits_only=wanted[2])
            actual = _holds(ground, pieces, scope, resource, request)
            assert actual == expected, (seed, person.arn, request.action, resource.arn, keys)
            differ += expected if person is principal else -expected
    return differ


def check_edges(seed: int) -> int:
    """Ask the reference evaluator for every witness, if unread policies allow everything."""
    rng = random.Random(f"unread {seed}")
    found = spoiled(rng, estate(rng))
    open_handed = allowing(found)
    shown = 0
    for edge in Escalations(Assumptions(found)).edges:
        assert edge.witnesses, edge
        assert set(edge.permissions) == {step.action for step in edge.witnesses}
        for step in edge.witnesses:
            assert decided(open_handed, step), (seed, edge, step)
        if edge.method == "unread-policy":
            shown += 1
            assert edge.decision == "conditional"
            assert "which cannot be read, allows it" in "; ".join(edge.conditions), edge.conditions
    return shown


def check_nothing_is_missing(seed: int, tries: int) -> int:
    """Try methods with random targets and contexts; return how many times one could be used."""
    rng = random.Random(f"unread {seed}")
    found = spoiled(rng, estate(rng))
    open_handed = allowing(found)
    escalations = Escalations(Assumptions(found))
    ground, usable = escalations.finder, 0
    methods = [m for m in ground.methods if m.effect in (Effect.BECOME, Effect.MAIL, Effect.WEAKEN)]
    for _ in range(tries):
        principal, method = somebody(rng, open_handed), rng.choice(methods)
        scope, keys = ground.evaluation.entities[principal.account], keys_of(rng, principal)
        here = [r for r in scope.resources if region_of(r) in ("", keys["aws:RequestedRegion"])]
        fit = ground.usable(scope, method)
        chosen: dict[str, Any] = {}
        wanted = requirements(method.permissions, ground.asks)
        for _, kind, _ in wanted:
            fitting = [r for r in here if (scope.kind(kind) & fit) >> scope.resources.index(r) & 1]
            if fitting and kind != "messages":
                chosen.setdefault(kind, rng.choice(fitting))
        target = chosen.get(kind_of(method.target))
        if (
            target is None
            or target.arn == principal.arn
            or principal.kind is PrincipalKind.SERVICE_LINKED_ROLE
            or not all(
                one[1] in chosen and asked(ground, open_handed, principal, one, chosen[one[1]], keys)[1]
                for one in wanted
            )
        ):
            continue
        usable += 1
        request, _ = asked(ground, open_handed, principal, wanted[0], target, keys)
        shared = {k: v for k, v in request.context.items() if ":ResourceTag/" not in k}
        request = replace(request, context=shared)
        gains = "principal" if method.effect is Effect.BECOME else "capability"
        mine = [f for f in escalations.findings if principal.arn in {p.arn for p in f.sources}]
        for capability in method.capabilities or ("",):
            assert any(
                _holds(ground, [(scope.all, f.contexts)], scope, target, request)
                for f in mine
                if f.gains == "administrator"
                or (
                    (f.gains, f.capability) == (gains, capability)
                    and f.targets >> scope.resources.index(target) & 1
                )
            ), (seed, principal.arn, method.id, target.arn, capability, keys)
    return usable


@pytest.mark.parametrize("seed", range(12))
def test_requests_agree_with_the_reference_if_unread_policies_allow_everything(seed: int) -> None:
    check_requests(seed, 60)


@pytest.mark.parametrize("seed", range(10))
def test_the_reference_allows_every_witness_if_unread_policies_allow_everything(seed: int) -> None:
    check_edges(seed)


def test_unread_policies_are_told_often_enough() -> None:
    assert sum(check_edges(seed) for seed in range(20, 26)) > 5
    assert sum(check_requests(seed, 60) for seed in range(20, 26)) > 5


@pytest.mark.parametrize("seed", range(10))
def test_no_escalation_by_unread_policies_is_missing(seed: int) -> None:
    check_nothing_is_missing(seed, 120)


@pytest.mark.long
@pytest.mark.parametrize("block", range(5))
def test_what_unread_policies_may_give_agrees_with_the_reference_long(block: int) -> None:
    seeds = range(1000 + block * 30, 1030 + block * 30)
    assert sum(check_requests(seed, 150) for seed in seeds) > 500
    assert sum(check_edges(seed) for seed in seeds) > 20
    assert sum(check_nothing_is_missing(seed, 300) for seed in seeds) > 100
