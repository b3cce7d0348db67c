"""The graph: role assumption held against the reference evaluator, attributes, paths, picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from wmiam.access import Access
from wmiam.engine.decide import PolicySet, decide
from wmiam.engine.request import Request
from wmiam.estate.estate import Estate
from wmiam.estate.model import Account, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.graph import assumption_edges, build, chain, neighbourhood, paths, reach, to_svg
from wmiam.graph.query import edges_of, nodes_of
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document
from wmiam.sources import load

DATA = Path(__file__).resolve().parents[2] / "data" / "acme"
A, B = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{A}:role/Target"


def document(kind: PolicyType, *statements: dict[str, Any]) -> Any:
    return parse_document({"Version": "2012-10-17", "Statement": list(statements)}, kind)


def user(account: str = A, name: str = "ana", *, allow: bool = False, boundary: bool = False) -> Principal:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    other = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    own = document(PolicyType.IDENTITY, statement)
    return Principal(
        f"arn:aws:iam::{account}:user/{name}",
        name,
        account,
        PrincipalKind.USER,
        inline=(Policy("own", PolicyKind.INLINE, own),) if allow else (),
        boundary=Policy("edge", PolicyKind.MANAGED, document(PolicyType.BOUNDARY, other))
        if boundary
        else None,
    )


def role(*trust: dict[str, Any]) -> Principal:
    policy = Policy("trust", PolicyKind.TRUST, document(PolicyType.TRUST, *trust))
    return Principal(ROLE, "Target", A, PrincipalKind.ROLE, trust=policy)


def trust(principal: Any, effect: str = "Allow", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "sts:AssumeRole", "Principal": principal}
    return {**statement, "Condition": condition} if condition else statement


def edges(*principals: Principal) -> dict[str, Any]:
    accounts = {p.account: Account(p.account, has_iam=True) for p in principals}
    return {edge.source: edge for edge in assumption_edges(Estate(principals, accounts=accounts))}


def reference(caller: Principal, target: Principal, context: dict[str, Any]) -> bool:
    policies = PolicySet(
        identity=[p.document for p, _ in caller.identity_policies if p.document],
        boundary=caller.boundary.document if caller.boundary else None,
        resource=target.trust.document if target.trust else None,
    )
    return decide(Request(caller.arn, "sts:AssumeRole", target.arn, context), policies).allowed


ANA = f"arn:aws:iam::{A}:user/ana"
BO = f"arn:aws:iam::{B}:user/ana"


@pytest.mark.parametrize("allow", [True, False])
@pytest.mark.parametrize("boundary", [True, False])
@pytest.mark.parametrize("account", [A, B])
@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": ANA},
        {"AWS": BO},
        {"AWS": A},
        {"AWS": f"arn:aws:iam::{B}:root"},
        "*",
        {"AWS": f"arn:aws:iam::{A}:user/x"},
    ],
)
@pytest.mark.parametrize("deny", [None, ANA, A])
def test_edges_agree_with_the_reference_evaluator(
    principal: Any, account: str, boundary: bool, allow: bool, deny: str | None
) -> None:
    statements = [trust(principal)] + ([trust({"AWS": deny}, "Deny")] if deny else [])
    caller, target = user(account, allow=allow, boundary=boundary), role(*statements)
    found = edges(caller, target)
    expected = reference(caller, target, {})
    assert (caller.arn in found) == expected
    if expected:
        assert found[caller.arn].decision == "allowed"
        assert found[caller.arn].same_account == (account == A)


def test_open_conditions_are_named_and_satisfiable() -> None:
    caller = user(B, allow=True)
    target = role(
        trust({"AWS": B}, StringEquals={"sts:ExternalId": "e-1"}, Bool={"aws:MultiFactorAuthPresent": "true"})
    )
    edge = edges(caller, target)[caller.arn]
    assert edge.decision == "conditional"
    assert edge.conditions == ("with MFA", "sts:ExternalId is 'e-1'")
    assert reference(caller, target, {"sts:ExternalId": "e-1", "aws:MultiFactorAuthPresent": "true"})
    assert not reference(caller, target, {"sts:ExternalId": "e-2", "aws:MultiFactorAuthPresent": "true"})


def test_known_conditions_are_decided() -> None:
    caller = user(A, allow=True)
    fits = trust({"AWS": A}, ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{A}:user/an*"})
    fails = trust({"AWS": A}, StringEquals={"aws:PrincipalAccount": B})
    assert edges(caller, role(fits))[caller.arn].decision == "allowed"
    assert caller.arn not in edges(caller, role(fails))


def test_a_conditional_deny_leaves_what_it_does_not_deny() -> None:
    caller = user(A)
    target = role(trust({"AWS": ANA}), trust({"AWS": ANA}, "Deny", Bool={"aws:SecureTransport": "false"}))
    assert edges(caller, target)[caller.arn].conditions == ("over TLS",)


def test_services_providers_and_foreign_accounts() -> None:
    target = role(
        trust({"Service": "lambda.amazonaws.com"}),
        {**trust({"Federated": f"arn:aws:iam::{A}:saml-provider/Idp"}), "Action": "sts:AssumeRoleWithSAML"},
        trust({"AWS": "999999999999"}, StringEquals={"sts:ExternalId": "x"}),
    )
    found = edges(user(), target)
    assert found["lambda.amazonaws.com"].decision == "allowed"
    assert found[f"arn:aws:iam::{A}:saml-provider/Idp"].decision == "allowed"
    assert found["999999999999"].conditions == ("sts:ExternalId is 'x'",)
    assert "not in the input" in found["999999999999"].reason


def test_root_users_and_service_linked_roles_assume_nothing() -> None:
    root = Principal(f"arn:aws:iam::{A}:root", "root", A, PrincipalKind.ROOT)
    assert root.arn not in edges(root, role(trust("*")))


def test_an_unread_trust_policy_is_not_silent() -> None:
    broken = Principal(ROLE, "Target", A, PrincipalKind.ROLE, trust=Policy("trust", PolicyKind.TRUST, None))
    edge = edges(broken)["*"]
    assert edge.decision == "conditional"
    assert "cannot be read" in edge.conditions[0]


@pytest.fixture(scope="module")
def acme() -> Access:
    return load(DATA).access(progress=False)


def test_every_node_and_edge_has_its_attributes(acme: Access) -> None:
    graph = acme.graph(statements=True, actions="ResetPassword")
    kinds = {data["kind"] for _, data in nodes_of(graph)}
    assert {"user", "role", "root", "group", "policy", "statement", "action", "organization"} <= kinds
    assert {"account", "target", "external"} <= kinds
    for _, data in nodes_of(graph):
        assert {"kind", "label", "layer"} <= set(data)
    for _, _, data in edges_of(graph):
        assert data["reason"].endswith(".")
    names = {p.arn for p in acme.principals}
    assert names <= set(graph)


def test_chain_of_roles_and_paths(acme: Access) -> None:
    graph = acme.graph(actions="ResetPassword")
    start = acme.find_principal("john.stiles").arn
    tier2 = acme.find_principal("AcmeMailTier2").arn
    assert tier2 in reach(graph, start)
    steps = {step["role"]: step for step in chain(graph, start)}
    assert steps[tier2]["conditions"] == ["with MFA"]
    assert "role chaining" in str(steps[tier2]["note"])
    found = paths(graph, start, "workmail:ResetPassword")
    assert found
    assert found[0][0] == start
    assert paths(graph, start, "nobody") == []


def test_a_part_of_the_graph(acme: Access) -> None:
    part = acme.graph(principals="john.stiles")
    assert acme.find_principal("AcmeMailTier2").arn in part
    assert acme.find_principal("xiulan.wang").arn not in part
    near = neighbourhood(acme.graph(), acme.find_principal("AcmeMailTier2").arn)
    assert 2 <= near.number_of_nodes() < 20


def test_the_picture_is_well_formed_and_escapes_names() -> None:
    hostile = "<script>alert(1)</script>&\"'"
    caller = Principal(f"arn:aws:iam::{A}:user/x", hostile, A, PrincipalKind.USER)
    graph = build(Estate((caller, role(trust("*"))), accounts={A: Account(A, has_iam=True)}))
    svg = to_svg(graph, title=hostile)
    assert "<script" not in svg
    root = ElementTree.fromstring(svg)  # noqa: S314
    texts = [element.text or "" for element in root.iter()]
    assert any(hostile in text for text in texts)
    assert svg == to_svg(graph, title=hostile)


def test_a_graph_too_large_to_read_says_so(acme: Access) -> None:
    assert "too many to read" in to_svg(acme.graph(), most=10)
