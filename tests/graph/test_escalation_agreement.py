"""Escalations must be what the reference evaluator says, request by request and edge by edge."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from random_estates import drawing
from random_estates.escalations import WORDS, estate

from wmiam.catalog.escalations import Effect
from wmiam.engine.knowledge import ABSENT_KEY
from wmiam.engine.request import Context, Request
from wmiam.engine.resources import example_arn
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, PolicyKind, Principal, PrincipalKind
from wmiam.graph.assume import Assumptions
from wmiam.graph.escalate import Escalations, Step
from wmiam.graph.escalate.entities import region_of
from wmiam.graph.escalate.held import Requirement, kind_of, requirements
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document


def _trusting(role: Principal, caller: str) -> Principal:
    statement = {"Effect": "Allow", "Principal": {"AWS": caller}, "Action": "sts:AssumeRole"}
    return replace(role, trust=Policy("trust", PolicyKind.TRUST, drawing.parse(statement, PolicyType.TRUST)))


def keys_of(rng: random.Random, principal: Principal) -> dict[str, Any]:
    """Return the keys that all requests of a caller share at one time."""
    keys = drawing.context(rng, WORDS, is_role=principal.is_role)
    keys["aws:RequestedRegion"] = rng.choice(("eu-west-1", "us-east-1", "eu-south-9"))
    return {**keys, "aws:userid": principal.unique_id}


def asked(
    ground: Any, found: Estate, principal: Principal, wanted: Requirement, resource: Any, keys: dict[str, Any]
) -> tuple[Request, bool]:
    """Return a request for a permission on a resource, and whether the reference evaluator allows it."""
    bit, _, limits_only = wanted
    action = ground.asks.actions[bit]
    keys = dict(keys)
    known = [*ground.evaluation.known_of(resource).entries.values(), *ground.asks.fixed[bit].values()]
    for entry in known:
        if entry is not ABSENT_KEY and action.carries(entry.key):
            keys[entry.key] = entry.values[0] if not entry.multivalued else list(entry.values)
    keys |= drawing.principal_keys(found, principal)
    caller, role = principal.arn, None
    if limits_only:
        if principal.is_role:
            caller = f"arn:aws:sts::{principal.account}:assumed-role/{principal.name}/session"
            keys["aws:userid"] += ":session"
        role = _trusting(resource.thing, caller)
    request = Request(caller, action.full_name, example_arn(resource), keys)
    return request, drawing.reference(found, principal, request, role)


def somebody(rng: random.Random, found: Estate) -> Principal:
    return rng.choice([p for p in found.principals if p.kind is not PrincipalKind.ROOT])


def check_requests(seed: int, requests: int) -> int:
    """Compare single requests on one random estate; return how many the reference allows."""
    rng = random.Random(seed)
    found = estate(rng)
    ground = Escalations(Assumptions(found)).finder
    permissions = [p for method in ground.methods for p in (*method.permissions, *method.role_permissions)]
    allowed = 0
    for _ in range(requests):
        principal = somebody(rng, found)
        wanted = rng.choice(requirements([rng.choice(permissions)], ground.asks))
        scope = ground.evaluation.entities[principal.account]
        of_kind = [r for at, r in enumerate(scope.resources) if scope.kind(wanted[1]) >> at & 1]
        if not of_kind:
            continue
        resource, action = rng.choice(of_kind), ground.asks.actions[wanted[0]]
        keys = keys_of(rng, principal)
        for key, value in (("lambda:FunctionUrlAuthType", "NONE"), ("ec2:InstanceType", "t3.micro")):
            if action.carries(key) and rng.random() < 0.5:
                keys[key] = value
        if action.carries("aws:RequestTag/Env") and rng.random() < 0.5:
            keys |= {"aws:RequestTag/Env": "prod", "aws:TagKeys": ["Env"]}
        request, expected = asked(ground, found, principal, wanted, resource, keys)
        held = ground.held(ground.evaluation.class_of[principal.arn])
        pieces = held.allowed(wanted[0], limits_only=wanted[2])
        actual = _holds(ground, pieces, scope, resource, request)
        assert actual == expected, (seed, principal.arn, action.full_name, resource.arn, keys)
        allowed += expected
    return allowed


def check_nothing_is_missing(seed: int, tries: int) -> int:
    """Try methods with random targets and contexts; return how many times one could be used.

    Where the reference evaluator allows every permission, there must be an edge.
    """
    rng = random.Random(seed)
    found = estate(rng)
    escalations = Escalations(Assumptions(found))
    ground, usable = escalations.finder, 0
    methods = [m for m in ground.methods if m.effect in (Effect.BECOME, Effect.MAIL, Effect.WEAKEN)]
    for _ in range(tries):
        principal, method = somebody(rng, found), rng.choice(methods)
        scope, keys = ground.evaluation.entities[principal.account], keys_of(rng, principal)
        here = [r for r in scope.resources if region_of(r) in ("", keys["aws:RequestedRegion"])]
        fit = ground.usable(scope, method)
        chosen: dict[str, Any] = {}
        for wanted in requirements(method.permissions, ground.asks):
            fitting = [r for r in here if (scope.kind(wanted[1]) & fit) >> scope.resources.index(r) & 1]
            if fitting and wanted[1] != "messages":
                chosen.setdefault(wanted[1], rng.choice(fitting))
        target = chosen.get(kind_of(method.target))
        if (
            target is None
            or target.arn == principal.arn
            or principal.kind is PrincipalKind.SERVICE_LINKED_ROLE
            or not all(
                wanted[1] in chosen and asked(ground, found, principal, wanted, chosen[wanted[1]], keys)[1]
                for wanted in requirements(method.permissions, ground.asks)
            )
        ):
            continue
        usable += 1
        request, _ = asked(
            ground, found, principal, requirements(method.permissions, ground.asks)[0], target, keys
        )
        # Tags that a resource of the estate has are none of the caller's context.
        shared = {k: v for k, v in request.context.items() if ":ResourceTag/" not in k}
        request = replace(request, context=shared)
        at = scope.resources.index(target)
        assert any(
            principal in finding.sources
            and (
                finding.is_sure
                or (
                    finding.method is method
                    and _holds(ground, [(finding.targets, finding.contexts)], scope, target, request)
                )
            )
            for finding in escalations.findings
        ), (seed, principal.arn, method.id, target.arn, at, keys)
    return usable


def _holds(ground: Any, pieces: Any, scope: Any, resource: Any, request: Request) -> bool:
    at = scope.resources.index(resource)
    point = ground.space.point(Context(dict(request.full_context)))
    point.update(dict.fromkeys(ground.space.opaque.values(), 1))
    return any(mask >> at & 1 and ground.d.holds(contexts, point) for mask, contexts in pieces)


def decided(found: Estate, step: Step) -> bool:
    """Return what the reference evaluator says of a step of an escalation."""
    principals = {p.arn: p for p in found.principals}
    source = principals.get(step.principal)
    if source is None:
        name, account = step.principal.split("/")[1], step.principal.split(":")[4]
        source = next(p for p in found.principals if p.is_role and (p.account, p.name) == (account, name))
    role = principals.get(step.resource) if step.action == "sts:AssumeRole" else None
    if role is not None and step.resource_policy is not None:
        document = parse_document(step.resource_policy, PolicyType.TRUST)
        role = replace(role, trust=Policy("trust", PolicyKind.TRUST, document))
    request = Request(step.principal, step.action, step.resource, step.context)
    return drawing.reference(found, source, request, role)


def check_edges(seed: int) -> int:
    """Ask the reference evaluator for every witness of one random estate; return their number."""
    found = estate(random.Random(seed))
    asked = 0
    for edge in Escalations(Assumptions(found)).edges:
        assert edge.witnesses, edge
        assert set(edge.permissions) == {step.action for step in edge.witnesses}
        shared = [dict(Context.of(step.context)) for step in edge.witnesses]
        for key in ("aws:multifactorauthpresent", "aws:sourceip", "aws:principalarn"):
            values = {context[key].values for context in shared if key in context}
            assert len(values) <= 1, (seed, edge, key)
        for step in edge.witnesses:
            assert decided(found, step), (seed, edge, step)
            asked += 1
    return asked


@pytest.mark.parametrize("seed", range(25))
def test_requests_agree_with_the_reference_evaluator(seed: int) -> None:
    check_requests(seed, 60)


@pytest.mark.parametrize("seed", range(12))
def test_the_reference_evaluator_allows_every_witness(seed: int) -> None:
    check_edges(seed)


@pytest.mark.parametrize("seed", range(12))
def test_no_escalation_is_missing(seed: int) -> None:
    check_nothing_is_missing(seed, 150)


@pytest.mark.long
@pytest.mark.parametrize("block", range(10))
def test_escalations_agree_with_the_reference_evaluator_long(block: int) -> None:
    seeds = range(1000 + block * 40, 1040 + block * 40)
    assert sum(check_requests(seed, 150) for seed in seeds) > 500
    assert sum(check_edges(seed) for seed in seeds) > 500
    assert sum(check_nothing_is_missing(seed, 400) for seed in seeds) > 100
