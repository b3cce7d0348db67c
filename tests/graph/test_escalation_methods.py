"""Every method is found on an estate made for it, and not when one permission is taken away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from small_estates import A, boundary, estate, inline, role, trust, user
from test_escalation_agreement import decided

from wmiam.catalog import load
from wmiam.catalog.escalations import Effect, Method, Permission, escalation_action, escalation_methods
from wmiam.estate.estate import Estate
from wmiam.estate.model import Group, Organization, Policy, PolicyKind, Principal
from wmiam.graph.assume import Assumptions
from wmiam.graph.escalate import EscalationEdge, Escalations
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

METHODS = {method.id: method for method in escalation_methods()}
ORGANIZATION = f"arn:aws:workmail:eu-west-1:{A}:organization/m-aaaa"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
CALLER = {Effect.EDIT: ("user", "role", "group", "policy"), Effect.UNBOUND: ("user", "role")}


def _statements(permissions: Iterable[Permission], dropped: Permission | None) -> list[dict[str, Any]]:
    """Return a statement for each permission but one, which is not allowed, or denied where it must be."""
    found: list[dict[str, Any]] = []
    for permission in permissions:
        statement: dict[str, Any] = {"Effect": "Allow", "Action": permission.action, "Resource": "*"}
        if permission.fixed:
            statement["Condition"] = {"StringEquals": dict(permission.fixed)}
        if permission.limits_only:
            statement["Effect"] = "Deny"
        if (permission is dropped) == permission.limits_only:
            found.append(statement)
    return found or [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]


def small(method: Method, dropped: Permission | None = None, service: str | None = None) -> Estate:
    """Return an estate in which ``caller`` has what a method takes, and nothing else.

    Parameters
    ----------
    method : Method
        The method.
    dropped : Permission, optional
        One of its permissions, or of the passed role's, that is missing.
    service : str, optional
        Whom the role trusts; by default the one that the method needs.
    """
    allowed = _statements(method.permissions, dropped)
    own = inline(*allowed)
    limit, groups, policies = None, list[Group](), list[Policy]()
    if method.effect is Effect.UNBOUND:
        # Without its boundary the caller could write its own policies.
        more = f"iam:Put{method.target.title()}Policy"
        own = inline(*allowed, {"Effect": "Allow", "Action": more, "Resource": "*"})
        limit = boundary(*allowed)
    group = Group(f"arn:aws:iam::{A}:group/staff", "staff", A, inline=(own,))
    admins = Group(f"arn:aws:iam::{A}:group/admins", "admins", A, inline=(inline(EVERYTHING),))
    document = own.document
    managed = Policy("own", PolicyKind.MANAGED, document, f"arn:aws:iam::{A}:policy/own")
    caller: Principal = user("caller", A, own, limit=limit)
    if method.effect is Effect.EDIT and method.target == "group":
        caller, groups = user("caller", A, groups=(group,)), [group]
    elif method.effect is Effect.EDIT and method.target == "policy":
        caller, policies = replace(user("caller"), attached=(managed,)), [managed]
    elif method.effect is Effect.JOIN:
        groups = [admins]
    elif method.effect in CALLER and method.target == "role":
        caller = role("caller", [trust({"Service": "ec2.amazonaws.com"})], A, own, limit=limit)
    trusted = service or method.service or "s3.amazonaws.com"
    able = inline(*_statements(method.role_permissions, dropped))
    worker = replace(
        role("worker", [trust({"Service": trusted})], A, able),
        instance_profiles=(f"arn:aws:iam::{A}:instance-profile/worker",) if method.instance_profile else (),
    )
    organization = Organization(ORGANIZATION, "m-aaaa", "eu-west-1", A)
    people = (caller, user("victim"), worker)
    return estate(*people, groups=tuple(groups), policies=tuple(policies), organizations=(organization,))


def found(inside: Estate, method: Method) -> list[EscalationEdge]:
    """Return the caller's edges of a method."""
    edges = Escalations(Assumptions(inside)).edges
    return [e for e in edges if e.method == method.id and e.source.endswith("/caller")]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_found_where_its_permissions_are(name: str) -> None:
    method = METHODS[name]
    inside = small(method)
    edges = found(inside, method)
    target = {
        Effect.BECOME: "/victim" if method.target == "user" else "/worker",
        Effect.WEAKEN: "/victim",
        Effect.MAIL: "/m-aaaa",
    }.get(method.effect, A)
    assert [edge for edge in edges if edge.target.endswith(target)], edges
    for edge in edges:
        assert all((edge.guide, edge.title, edge.reason))
        assert set(edge.permissions) == {step.action for step in edge.witnesses}
        assert all(decided(inside, step) for step in edge.witnesses)
        assert edge.statements or method.permissions[0].limits_only
        assert edge.decision == ("conditional" if method.unknown else "allowed")
        assert bool(edge.conditions) == bool(method.unknown)
    gained = {edge.capability for edge in edges if edge.gains == "capability"}
    assert set(method.capabilities) <= gained


@pytest.mark.parametrize(
    ("name", "at"),
    [(m.id, n) for m in METHODS.values() for n in range(len(m.permissions) + len(m.role_permissions))],
)
def test_a_method_is_not_found_where_a_permission_is_missing(name: str, at: int) -> None:
    method = METHODS[name]
    dropped = (*method.permissions, *method.role_permissions)[at]
    assert not found(small(method, dropped), method)


@pytest.mark.parametrize("name", [m.id for m in METHODS.values() if m.service])
def test_a_role_that_does_not_trust_the_service_is_passed_in_vain(name: str) -> None:
    assert not found(small(METHODS[name], service="backup.amazonaws.com"), METHODS[name])


@pytest.mark.parametrize("name", [m.id for m in METHODS.values() if any(p.fixed for p in m.permissions)])
def test_a_condition_that_the_method_cannot_meet_rules_it_out(name: str) -> None:
    method = METHODS[name]
    inside = small(method)
    other = {key: "arn:aws:iam::aws:policy/Other" for p in method.permissions for key, _ in p.fixed}
    denied = {"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"StringNotEquals": other}}
    people = [
        replace(p, inline=(*p.inline, inline(denied))) if p.name == "caller" else p for p in inside.principals
    ]
    assert not found(replace(inside, principals=tuple(people)), method)


def test_every_method_names_known_actions_and_its_source() -> None:
    for method in METHODS.values():
        assert all((method.source, method.why, method.title))
        for permission in (*method.permissions, *method.role_permissions):
            assert escalation_action(permission.action).full_name == permission.action
        assert (
            method.target in {on for p in method.permissions for on in p.on}
            or method.service
            or (method.effect is Effect.MAIL)
        )


def test_every_alternative_of_every_capability_is_a_method() -> None:
    ordinary = "administer"
    for capability in load().capabilities:
        for alternative in capability.alternatives if capability.name != ordinary else ():
            assert any(
                capability.name in method.capabilities and set(alternative.actions) <= set(method.actions)
                for method in METHODS.values()
            ), (capability.name, alternative.actions)


def test_documents_of_the_data_are_policies() -> None:
    for method in METHODS.values():
        statements = _statements(method.permissions, None)
        document = {"Version": "2012-10-17", "Statement": statements}
        assert not parse_document(document, PolicyType.IDENTITY).unread
