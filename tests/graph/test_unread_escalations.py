"""Policies that could not be read: what may come of them is told once, and never asserted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from random_estates.unread import allowing
from small_estates import ASSUME, MFA, A, B, estate, inline, role, trust, user
from test_escalation_agreement import decided
from test_escalations import LAMBDA, ORGANIZATION, allow, deny, methods

from wmiam.estate.estate import Estate
from wmiam.estate.model import (
    AwsOrganization,
    Group,
    Organization,
    OrganizationsTarget,
    Policy,
    PolicyKind,
    Principal,
    TargetKind,
)
from wmiam.graph.assume import Assumptions
from wmiam.graph.escalate import EscalationEdge, Escalations
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

ELSEWHERE = Organization(
    f"arn:aws:workmail:eu-west-1:{B}:organization/m-bbbb", "m-bbbb", "eu-west-1", B, tags=()
)
ALLOWS = "if policy lost, which cannot be read, allows it"
DENIES = "unless policy lost, which cannot be read, denies it"


def unread(name: str = "lost", kind: PolicyKind = PolicyKind.MANAGED) -> Policy:
    """Return a policy whose document is in no file."""
    return Policy(name, kind, None, f"arn:aws:iam::{A}:policy/{name}", problem="no file holds its document")


def with_unread(principal: Principal, *names: str) -> Principal:
    """Return a principal with unread managed policies besides."""
    return replace(principal, attached=tuple(map(unread, names or ("lost",))))


def inside(*principals: Principal, **rest: Any) -> Estate:
    """Return an estate with a WorkMail organization in each account."""
    return estate(*principals, organizations=(ORGANIZATION, ELSEWHERE), **rest)


def of(found: Estate, name: str = "caller") -> list[EscalationEdge]:
    """Return the edges of one principal; their requests are allowed if unread policies allow everything."""
    edges = [e for e in Escalations(Assumptions(found)).edges if e.source.endswith(f"/{name}")]
    for edge in edges:
        assert edge.witnesses
        assert all(decided(allowing(found), step) for step in edge.witnesses), edge
    return edges


# -- identity-based policies --------------------------------------------------


def test_one_edge_says_what_an_unread_policy_may_give() -> None:
    found = inside(with_unread(user("caller")), user("victim"), role("worker", [LAMBDA]))
    (edge,) = of(found)
    assert (edge.method, edge.gains, edge.target) == ("unread-policy", "administrator", A)
    assert edge.decision == "conditional"
    assert edge.conditions == (ALLOWS, DENIES)
    assert edge.permissions == ("iam:PutUserPolicy",)
    assert edge.reason.startswith("Policies of caller that cannot be read may allow iam:PutUserPolicy: ")
    assert edge.statements == ()
    assert not any(decided(found, step) for step in edge.witnesses)


def test_the_unread_policy_of_a_group_counts_for_its_members() -> None:
    group = Group(f"arn:aws:iam::{A}:group/g", "g", A, attached=(unread(),))
    found = inside(user("caller", groups=(group,)), user("other"), groups=(group,))
    (edge,) = of(found)
    assert (edge.method, edge.conditions) == ("unread-policy", (ALLOWS, DENIES))
    assert not of(found, "other")


def test_who_may_join_a_group_may_come_to_what_its_unread_policy_allows() -> None:
    group = Group(f"arn:aws:iam::{A}:group/g", "g", A, attached=(unread(),))
    found = inside(user("caller", A, inline(allow("iam:AddUserToGroup"))), groups=(group,))
    (edge,) = [edge for edge in of(found) if edge.gains == "administrator"]
    assert (edge.method, edge.conditions) == ("iam-add-user-to-group", (ALLOWS, DENIES))
    # Who has the policy already gains nothing by joining.
    member = with_unread(user("caller", A, inline(allow("iam:AddUserToGroup"))))
    assert methods(of(inside(member, groups=(group,)))) == {"unread-policy"}


def test_several_unread_policies_are_one_edge() -> None:
    (edge,) = of(inside(with_unread(user("caller"), "lost", "gone")))
    told = "; ".join(edge.conditions)
    assert all(f"policy {name}, which cannot be read, allows it" in told for name in ("lost", "gone"))


def test_who_administers_the_account_anyway_gains_nothing() -> None:
    group = Group(f"arn:aws:iam::{A}:group/g", "g", A, inline=(inline(allow("*")),))
    caller = with_unread(user("caller", A, groups=(group,)))
    found = of(inside(caller, groups=(group,)))
    assert "unread-policy" not in methods(found)
    # An unread policy may also deny, so that not even that is certain.
    assert {edge.conditions for edge in found} == {(DENIES,)}


def test_an_explicit_deny_stays() -> None:
    nothing = deny("iam:*", "sts:*", "lambda:*")
    worker = role("worker", [LAMBDA])
    caller = with_unread(user("caller", A, inline(nothing)))
    found = of(inside(caller, user("victim"), worker))
    assert methods(found) == {"unread-policy"}
    assert not [edge for edge in found if edge.gains != "capability"]
    assert {"read-mail", "destroy"} <= {edge.capability for edge in found}
    assert all(edge.conditions == (ALLOWS, DENIES) for edge in found)


def test_a_boundary_limits_what_an_unread_policy_may_give() -> None:
    edge = Policy(
        "edge", PolicyKind.MANAGED, inline(allow("iam:CreateAccessKey", resource="*/victim")).document
    )
    caller = with_unread(user("caller", A, limit=edge))
    found = of(inside(caller, user("victim"), user("other")))
    assert [(e.method, e.gains, e.target.rpartition("/")[2]) for e in found] == [
        ("unread-policy", "principal", "victim")
    ]


def test_what_is_known_is_not_told_again() -> None:
    keys = inline(allow("iam:CreateAccessKey", resource="*/victim"))
    edge = Policy("edge", PolicyKind.MANAGED, inline(allow("iam:CreateAccessKey")).document)
    caller = with_unread(user("caller", A, keys, limit=edge))
    found = of(inside(caller, user("victim"), user("other")))
    told = {(e.target.rpartition("/")[2], e.method): e.conditions for e in found}
    assert told[("victim", "iam-create-access-key")] == (DENIES,)
    assert told[("other", "unread-policy")] == (ALLOWS, DENIES)
    assert ("victim", "unread-policy") not in told


def test_a_certain_gain_by_a_group_is_not_lost_to_its_unread_policy() -> None:
    readable = inline(allow("iam:CreateAccessKey", resource="*/victim"))
    group = Group(f"arn:aws:iam::{A}:group/g", "g", A, inline=(readable,), attached=(unread(),))
    join = inline(allow("iam:AddUserToGroup"), deny("iam:AddUserToGroup", resource="*/other"))
    found = of(inside(user("caller", A, join), user("victim"), groups=(group,)))
    told = {edge.gains: edge for edge in found}
    assert told["principal"].target.endswith("/victim")
    assert told["administrator"].conditions == (ALLOWS, DENIES)


def test_one_unread_statement_says_which() -> None:
    document = parse_document(
        {"Version": "2012-10-17", "Statement": [allow("s3:*"), {"Effect": "Allow", "Action": 7}]},
        PolicyType.IDENTITY,
    )
    caller = user("caller", A, Policy("own", PolicyKind.INLINE, document))
    (edge,) = of(inside(caller))
    assert edge.conditions == ("if statement 1 of policy own, which cannot be read, allows it",)


# -- limits -------------------------------------------------------------------


def test_an_unread_boundary_is_a_condition() -> None:
    caller = user("caller", A, inline(allow("iam:CreateAccessKey")), limit=unread())
    (edge,) = of(inside(caller, user("victim")))
    assert edge.method == "iam-create-access-key"
    assert edge.conditions == (ALLOWS, DENIES)


def test_the_unread_boundary_of_a_role_is_a_condition() -> None:
    rewrite = inline(allow("iam:UpdateAssumeRolePolicy"))
    found = of(inside(role("caller", [trust(A)], A, rewrite, limit=unread()), role("target", [LAMBDA])))
    assert {(edge.method, edge.conditions) for edge in found} == {
        ("iam-update-assume-role-policy", (ALLOWS, DENIES))
    }


def test_an_unread_scp_is_a_condition() -> None:
    scp = unread(kind=PolicyKind.SCP)
    targets = {
        "r-ab12": OrganizationsTarget("r-ab12", "Root", TargetKind.ROOT, None, (scp,)),
        A: OrganizationsTarget(A, "mail", TargetKind.ACCOUNT, "r-ab12", (replace(scp, name="full"),)),
    }
    tree = AwsOrganization("o-abc1234567", "999999999999", targets, scps_in_use=True)
    (edge,) = of(inside(user("caller", A, inline(allow("iam:CreateAccessKey"))), user("victim"), tree=tree))
    assert ALLOWS in edge.conditions
    assert "if policy full, which cannot be read, allows it" in edge.conditions


# -- roles --------------------------------------------------------------------


def test_a_role_of_unread_trust_may_be_assumed_by_who_may_ask() -> None:
    asking = user("asking", A, inline({**ASSUME, "Condition": MFA}))
    abroad = user("abroad", B, inline({**ASSUME, "Condition": MFA}))
    edges = Assumptions(inside(asking, abroad, user("other"), role("target", None))).edges
    told = {edge.source.rpartition("/")[2]: edge for edge in edges}
    names = "if the trust policy of target, which cannot be read, names it"
    # In the role's own account it is enough to be named.
    assert names in told["asking"].conditions
    assert "with MFA" not in told["asking"].conditions
    assert {names, "with MFA"} <= set(told["abroad"].conditions)
    assert "cannot be read" in told["asking"].reason
    # One edge stands for whoever else it may name.
    assert set(told) == {"asking", "abroad", "*"}


def test_an_unread_statement_is_named_alike_in_every_answer() -> None:
    document = parse_document({"Statement": [{"Effect": "Allow", "Action": 7}]}, PolicyType.IDENTITY)
    caller = user("caller", A, Policy("own", PolicyKind.INLINE, document))
    allows = "if statement 0 of policy own, which cannot be read, allows it"
    found = inside(caller, role("target", [trust(A)]))
    (edge,) = Assumptions(found).edges
    assert edge.conditions == (allows,)
    (row,) = found.access(progress=False).who_can("workmail:ResetPassword").to_dict("records")
    assert row["when"] == allows


def test_a_role_of_unread_trust_may_be_passed() -> None:
    names = "if the trust policy of the role, which cannot be read, names lambda.amazonaws.com"
    functions = inline(allow("lambda:*"), allow("iam:PassRole", resource="*/worker"))
    found = of(inside(user("caller", A, functions), role("worker", None)))
    assert {edge.conditions for edge in found if edge.method == "lambda-create-function-invoke"} == {(names,)}
    assert not of(inside(user("caller", A, functions), role("worker", [trust(A)])))


@pytest.mark.parametrize("readable", [True, False])
def test_a_role_that_is_passed_may_be_able_by_an_unread_policy(readable: bool) -> None:
    service = trust({"Service": "export.workmail.amazonaws.com"})
    able = inline(allow("s3:*", "kms:*"))
    exporting = role("export", [service], A, *((able,) if readable else ()))
    caller = user("caller", A, inline(allow("workmail:*", "iam:PassRole", "s3:*", "kms:*")))
    found = of(inside(caller, exporting if readable else with_unread(exporting)))
    (edge,) = [e for e in found if e.capability == "export-mail"]
    assert edge.conditions == (() if readable else (ALLOWS, DENIES))


# -- chains -------------------------------------------------------------------


def _chain() -> Estate:
    """Return a user with an unread policy in one account, and a role in another that reads mail."""
    reader = role("reader", [trust(f"arn:aws:iam::{A}:role/hop")], B, inline(allow("workmail:*")))
    hop = role("hop", [LAMBDA], A, inline(ASSUME))
    return inside(with_unread(user("caller")), hop, reader)


def test_who_reaches_lists_who_may_by_an_unread_policy() -> None:
    access = _chain().access(progress=False)
    frame = access.who_reaches("read-mail", "m-bbbb")
    (row,) = frame[frame["name"] == "caller"].to_dict("records")
    assert (row["decision"], row["way"]) == ("conditional", "escalation")
    assert ALLOWS in row["when"]
    assert "unread-policy" in row["steps"]
    (direct,) = access.who_reaches("read-mail", "m-aaaa").to_dict("records")[:1]
    assert (direct["name"], direct["way"], direct["decision"]) == ("caller", "direct", "conditional")
    assert ALLOWS in direct["when"]


def test_paths_and_reach_name_what_is_unread() -> None:
    access = _chain().access(progress=False)
    path = access.paths("caller", ("read-mail", "m-bbbb"))[0]
    assert path.decision == "conditional"
    assert ALLOWS in path.when
    first = path.evidence[0]
    assert first.requests
    assert first.unknowns == {
        "policy lost, which cannot be read, allows it": True,
        "policy lost, which cannot be read, denies it": False,
    }
    found = access.reach("caller")
    reader = next(reached for reached in found if reached.principal.endswith("/reader"))
    assert reader.decision == "conditional"
    assert ALLOWS in reader.path.when
    radius = access.blast_radius("caller")
    assert (radius.principals, radius.unread) == (2, 2)


def test_what_is_known_comes_before_what_may_be() -> None:
    reader = role("reader", [trust(A, **MFA)], A, inline(allow("workmail:*")))
    caller = with_unread(user("caller", A, inline(allow("sts:AssumeRole"))))
    access = inside(caller, reader, user("victim")).access(progress=False)
    (row,) = access.who_reaches("read-mail", "m-aaaa").query("name == 'caller'").to_dict("records")
    assert (row["way"], row["length"]) == ("chain", 1)
    assert "with MFA" in row["when"]
    assert ALLOWS not in row["when"]
    (path,) = access.paths("caller", ("read-mail", "m-aaaa"))
    assert path.end == reader.arn
    every = access.paths("caller", ("read-mail", "m-aaaa"), all=True)
    assert every[0].length == 0
    assert ALLOWS in every[0].when
    found = {reached.principal: reached for reached in access.reach("caller")}
    assert not found[reader.arn].rests_on_unread
    assert found[reader.arn].path.length == 1
    victim = next(reached for arn, reached in found.items() if arn.endswith("/victim"))
    assert victim.rests_on_unread
    told = str(access.blast_radius("caller"))
    assert "reaches 2 other principals (1 of them only if unread policies allow it)" in told


def test_choke_points_and_redundant_grants_know_what_is_unread() -> None:
    access = _chain().access(progress=False)
    steps = access.choke_points("read-mail", "m-bbbb")
    assert f"caller ({A}) by unread-policy" in steps["name"].tolist()
    assert access.redundant("caller").empty
