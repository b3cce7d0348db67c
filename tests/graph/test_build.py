"""The graph of an estate: kinds, ids, attributes, and only the parts that were asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_estates import ASSUME, A, boundary, estate, inline, role, trust, user

from wmiam.access import Access
from wmiam.errors import AmbiguousNameError, UnknownNameError
from wmiam.estate.model import Group, ImpersonationRole, Organization, PolicyKind
from wmiam.graph import assumption_edges, build
from wmiam.graph.nodes import LAYERS
from wmiam.graph.query import edges_of, nodes_of
from wmiam.sources import load

DATA = Path(__file__).resolve().parents[2] / "data" / "acme"
ORG = f"arn:aws:workmail:eu-west-1:{A}:organization/m-aaaa"
EDGES = {
    "member-of": set(),
    "holds": set(),
    "bounded-by": set(),
    "limited-by": set(),
    "in": set(),
    "has": set(),
    "allows": {"organizations", "conditional"},
    "denies": {"organizations", "conditional"},
    "can": {"organizations", "decision"},
    "on": set(),
    "provisions": set(),
    "can-assume": {
        "decision",
        "conditions",
        "chained",
        "same_account",
        "action",
        "statement",
        "guide",
    },
}


@pytest.fixture(scope="module")
def acme() -> Access:
    return load(DATA).access(progress=False)


@pytest.fixture(scope="module")
def whole(acme: Access) -> Any:
    return acme.graph(statements=True, actions="*")


def test_every_node_and_edge_has_its_documented_attributes(acme: Access, whole: Any) -> None:
    assert {data["kind"] for _, data in nodes_of(whole)} == set(LAYERS)
    for _, data in nodes_of(whole):
        assert {"kind", "label", "layer"} <= set(data)
        assert data["layer"] == LAYERS[data["kind"]]
    found = set()
    for source, target, data in edges_of(whole):
        kind = data["kind"]
        found.add(kind)
        assert whole.has_edge(source, target, kind)
        assert set(data) == {"kind", "reason"} | EDGES[kind]
        assert data["reason"].endswith(".")
    assert found == set(EDGES)
    assert {p.arn for p in acme.principals} <= set(whole)


def test_every_way_to_assume_a_role_is_an_edge(acme: Access, whole: Any) -> None:
    expected = {(edge.source, edge.target) for edge in assumption_edges(acme.estate)}
    assert {(u, v) for u, v, kind in whole.edges(keys=True) if kind == "can-assume"} == expected


def test_can_edges_are_the_answers_of_access(acme: Access, whole: Any) -> None:
    rows = {(row.principal.arn, row.action) for row in acme.rows()}
    assert {(u, v) for u, v, kind in whole.edges(keys=True) if kind == "can"} == rows
    liu = acme.find_principal("liu.jie").arn
    for action in whole.successors(liu):
        if whole.has_edge(liu, action, "can"):
            where = {row.organization for row in acme.rows(liu, action)}
            assert set(whole.edges[liu, action, "can"]["organizations"]) == where


def test_permission_sets_come_from_the_names_of_reserved_roles(whole: Any) -> None:
    provisioned = {
        (u, whole.nodes[v]["label"]) for u, v, kind in whole.edges(keys=True) if kind == "provisions"
    }
    assert ("permission-set/HelpDesk", "AWSReservedSSO_HelpDesk_b86f40d1395ec2a7") in provisioned
    assert len(provisioned) == 4
    imitation = role("AWSReservedSSO_Admin_0123456789abcdef", [])
    assert not any(data["kind"] == "permission set" for _, data in nodes_of(build(estate(imitation))))


def test_groups_boundaries_and_unread_policies() -> None:
    group = Group(f"arn:aws:iam::{A}:group/g", "g", A, inline=(inline(ASSUME),))
    ana = user("ana", A, groups=(group,), limit=boundary(ASSUME))
    graph = build(estate(ana, role("lost", None)))
    assert graph.has_edge(ana.arn, group.arn, "member-of")
    assert graph.has_edge(group.arn, group.inline[0].key, "holds")
    assert graph.has_edge(ana.arn, "arn:edge", "bounded-by")
    assert graph.nodes[f"arn:aws:iam::{A}:role/lost"]["trust_unread"]
    assert graph.has_edge(ana.arn, A, "in")


def test_statements_say_on_which_organizations_d11() -> None:
    somewhere = {"Sid": "One", "Effect": "Allow", "Action": "workmail:*", "Resource": ORG}
    elsewhere = {
        "Sid": "Two",
        "Effect": "Deny",
        "Action": "workmail:ResetPassword",
        "Resource": ORG.replace("m-aaaa", "m-bbbb"),
    }
    everything = {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}
    ana = user("ana", A, inline(somewhere, elsewhere, everything))
    organization = Organization(ORG, "m-aaaa", "eu-west-1", A, "mail")
    graph = build(
        estate(ana, organizations=(organization,)),
        actions=["ResetPassword", "ListOrganizations"],
        statements=True,
    )
    key = ana.inline[0].key
    reset, listing = "workmail:ResetPassword", "workmail:ListOrganizations"
    assert graph.edges[f"{key}#0", reset, "allows"]["organizations"] == (ORG,)
    assert not graph.has_edge(f"{key}#0", listing)  # only "*" covers it
    assert not graph.has_edge(f"{key}#1", reset)  # another organization
    assert graph.edges[f"{key}#2", listing, "allows"]["organizations"] == ()
    assert graph.has_edge(reset, ORG, "on")
    by_name = build(estate(ana, organizations=(organization,)), statements=True)
    assert by_name.has_edge(f"{key}#0", reset, "allows")
    assert not by_name.has_edge(f"{key}#2", reset)  # it names no service
    assert ORG not in by_name


def test_impersonation_roles_belong_to_their_organization() -> None:
    roles = (ImpersonationRole("r-1", "Archive", "READ_ONLY"),)
    organization = Organization(ORG, "m-aaaa", "eu-west-1", A, "mail", impersonation_roles=roles)
    graph = build(estate(user("ana"), organizations=(organization,)), organizations="mail")
    assert graph.has_edge(ORG, f"{ORG}/impersonation-role/r-1", "has")
    assert graph.has_edge(ORG, A, "in")


def test_a_part_holds_what_was_asked_for_and_the_roles_it_leads_to() -> None:
    first, second = role("first", [trust(f"arn:aws:iam::{A}:user/ana")]), f"arn:aws:iam::{A}:role/first"
    third = role("third", [trust(second), trust({"Service": "lambda.amazonaws.com"})])
    found = estate(user("ana"), user("bo", A, inline(ASSUME)), first, third, role("far", []))
    graph = build(found, principals="ana")
    assert {n for n, data in nodes_of(graph) if data["kind"] in ("user", "role")} == {
        f"arn:aws:iam::{A}:{name}" for name in ("user/ana", "role/first", "role/third")
    }
    assert graph.has_edge("lambda.amazonaws.com", third.arn, "can-assume")
    assert set(build(found, principals=["bo", "far"])) >= {f"arn:aws:iam::{A}:user/bo"}


def test_names_must_select_something(acme: Access) -> None:
    with pytest.raises(UnknownNameError):
        acme.graph(principals="nobody-here")
    with pytest.raises(AmbiguousNameError):
        acme.graph(principals="OrganizationAccountAccessRole")
    with pytest.raises(UnknownNameError):
        acme.graph(actions="workmail:Nothing")
    with pytest.raises(UnknownNameError):
        acme.graph(organizations="m-none")


def test_service_and_resource_control_policies_hang_on_their_targets(whole: Any) -> None:
    kinds = {whole.nodes[v]["policy_kind"] for _, v, kind in whole.edges(keys=True) if kind == "limited-by"}
    assert kinds == {str(PolicyKind.SCP), str(PolicyKind.RCP)}
