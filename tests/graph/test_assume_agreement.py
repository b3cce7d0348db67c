"""Who can assume which role must be what the reference evaluator says, request by request."""

from __future__ import annotations

import random
from typing import Any

import pytest
from random_estates.drawing import C
from random_estates.roles import (
    OIDC,
    OPERATIONS,
    SAML,
    SERVICES,
    context,
    estate,
    inside,
    outside,
    reference,
)

from wmiam.engine.request import Context, Request
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.graph.assume import Assumptions
from wmiam.graph.callers import ANY_ACCOUNT
from wmiam.graph.clauses import Policies

STRANGER = "777788889999"


def _allowed(
    found: Assumptions, source: str, role: Principal, operation: str, request: tuple[str, dict[str, Any]]
) -> bool:
    """Return what the edges say of one concrete request."""
    edge = next(
        (e for e in found.edges if (e.source, e.target, e.action) == (source, role.arn, operation)), None
    )
    if edge is None:
        return False
    outcome = found.outcome(edge)
    full = Request(request[0], operation, role.arn, request[1]).full_context
    point = outcome.space.point(Context(dict(full)))
    for words, variable in outcome.space.opaque.items():
        point[variable] = int(_unknown(words, role, request[0], dict(full)))
    diagrams = outcome.space.diagrams
    assert diagrams.holds(outcome.within, point), (source, role.arn, request)
    return diagrams.holds(outcome.contexts, point)


def _names(role: Principal) -> str:
    """Return the AWS principals that a trust policy's statements about role assumption name."""
    clauses = Policies().clauses(role.trust) if role.trust is not None else ()
    elements = [clause.principal or clause.not_principal for clause in clauses]
    return " ".join(name for element in elements if element is not None for name in element.aws)


def _unknown(words: str, role: Principal, caller: str, keys: dict[str, Any]) -> bool:
    """Return whether a named unknown holds in a request."""

    def value(key: str) -> str | None:
        return keys[key].values[0] if key in keys else None

    if words.endswith("names the role"):
        return role.arn.endswith(f":role/team/{value('aws:principaltag/role')}")
    if words.endswith("${aws:PrincipalTag/Team}"):
        tag = value("aws:principaltag/team")
        return tag is not None and tag == dict(role.tags).get("Team")
    if words.endswith("${aws:username}"):
        return value("aws:username") is not None and value("sts:rolesessionname") == value("aws:username")
    assert words.startswith("the caller is "), words
    return words == f"the caller is {caller}"


def check(seed: int, requests: int) -> int:
    """Compare one random estate; return the number of requests that the reference allows."""
    rng = random.Random(seed)
    found = estate(rng)
    assumptions = Assumptions(found)
    roles = [p for p in found.principals if p.is_role]
    allowed = 0
    for _ in range(requests):
        role = rng.choice(roles)
        operation = "sts:AssumeRole"
        caller: Principal | str | None = None
        kind = rng.random()
        if kind < 0.6:
            caller = rng.choice([p for p in found.principals if p.kind is not PrincipalKind.ROOT])
            source, request = caller.arn, inside(rng, found, caller)
        elif kind < 0.8:
            caller = rng.choice((C, STRANGER))
            request = outside(rng, found, caller)
            # An account that a statement names has an edge of its own, or none; "*" is all others.
            tree = found.aws_organization
            named = C in _names(role) or (tree is not None and C in tree.targets)
            source = C if caller == C and named else ANY_ACCOUNT
        else:
            source, operation = rng.choice(
                [(name, OPERATIONS[0]) for name in SERVICES] + [(SAML, OPERATIONS[1]), (OIDC, OPERATIONS[2])]
            )
            keys = context(rng, is_role=False, with_credentials=False)
            keys = {k: v for k, v in keys.items() if k != "aws:ViaAWSService"}
            request = (source, keys)
        expected = reference(found, caller, role, request, operation)
        if role.kind is PrincipalKind.SERVICE_LINKED_ROLE and source not in SERVICES:
            expected = False  # S4
        actual = _allowed(assumptions, source, role, operation, request)
        assert actual == expected, (seed, source, role.arn, operation, request)
        allowed += expected
    return allowed


@pytest.mark.parametrize("seed", range(60))
def test_edges_agree_with_the_reference_evaluator(seed: int) -> None:
    check(seed, 80)


@pytest.mark.long
@pytest.mark.parametrize("block", range(20))
def test_edges_agree_with_the_reference_evaluator_long(block: int) -> None:
    assert sum(check(seed, 200) for seed in range(1000 + block * 100, 1100 + block * 100)) > 1000
