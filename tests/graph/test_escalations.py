"""What escalations are, case by case: contexts, boundaries, groups, chains of two steps, limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from small_estates import ASSUME, MFA, A, boundary, control, estate, inline, role, trust, user
from test_escalation_agreement import decided

import wmiam
from wmiam.access import Access
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
from wmiam.graph import escalations
from wmiam.graph.assume import Assumptions
from wmiam.graph.escalate import EscalationEdge, Escalations

LAMBDA = trust({"Service": "lambda.amazonaws.com"})
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ORGANIZATION = Organization(
    f"arn:aws:workmail:eu-west-1:{A}:organization/m-aaaa", "m-aaaa", "eu-west-1", A, tags=()
)


def allow(*actions: str, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    """Return a statement."""
    found = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {**found, "Condition": condition} if condition else found


def deny(*actions: str, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    """Return a statement that denies."""
    return {**allow(*actions, resource=resource, **condition), "Effect": "Deny"}


def of(inside: Estate, name: str = "caller") -> list[EscalationEdge]:
    """Return the edges of one principal, each held against the reference evaluator."""
    edges = [e for e in Escalations(Assumptions(inside)).edges if e.source.endswith(f"/{name}")]
    for edge in edges:
        assert all(decided(inside, step) for step in edge.witnesses), edge
    return edges


def methods(edges: list[EscalationEdge], gains: str = "") -> set[str]:
    """Return the methods of some edges."""
    return {edge.method for edge in edges if gains in ("", edge.gains)}


def inside(*principals: Principal, **rest: Any) -> Estate:
    """Return an estate with an organization."""
    return estate(*principals, organizations=(ORGANIZATION,), **rest)


# -- one context ------------------------------------------------------------


def test_permissions_that_need_different_contexts_are_no_escalation() -> None:
    with_mfa = allow("iam:PassRole", Bool={"aws:MultiFactorAuthPresent": "true"})
    without = allow("lambda:*", BoolIfExists={"aws:MultiFactorAuthPresent": "false"})
    caller = user("caller", A, inline(with_mfa, without))
    found = of(inside(caller, role("worker", [LAMBDA])))
    assert methods(found, "principal") == {
        "lambda-update-function-code",
        "lambda-update-function-configuration",
    }


def test_what_both_permissions_need_is_the_condition() -> None:
    with_mfa = allow("iam:PassRole", **MFA)
    at_home = allow("lambda:*", IpAddress={"aws:SourceIp": "203.0.113.0/24"})
    caller = user("caller", A, inline(with_mfa, at_home))
    found = of(inside(caller, role("worker", [LAMBDA])))
    (edge,) = [e for e in found if e.method == "lambda-create-function-invoke"]
    assert edge.decision == "conditional"
    assert edge.conditions == ("with MFA", "from 203.0.113.0/24")
    assert [cause.label for cause in edge.statements] == ["own#0", "own#1"]
    contexts = [step.context["aws:MultiFactorAuthPresent"] for step in edge.witnesses]
    assert contexts == ["true"] * 3


def test_functions_of_different_names_or_regions_do_not_help_each_other() -> None:
    make = allow("lambda:CreateFunction", resource=f"arn:aws:lambda:eu-west-1:{A}:function:mail-*")
    call = allow("lambda:InvokeFunction", resource=f"arn:aws:lambda:us-east-1:{A}:function:*")
    caller = user("caller", A, inline(make, call, allow("iam:PassRole")))
    worker = role("worker", [LAMBDA])
    assert "lambda-create-function-invoke" not in methods(of(inside(caller, worker)))
    call["Resource"] = f"arn:aws:lambda:*:{A}:function:mail-x*"
    caller = user("caller", A, inline(make, call, allow("iam:PassRole")))
    (edge,) = [e for e in of(inside(caller, worker)) if e.method == "lambda-create-function-invoke"]
    function = edge.witnesses[1].resource
    assert function.startswith(f"arn:aws:lambda:eu-west-1:{A}:function:mail-x")
    assert edge.witnesses[2].resource == function


def test_a_region_that_is_shut_is_not_chosen() -> None:
    everywhere_else = deny("*", StringEquals={"aws:RequestedRegion": "us-east-1"})
    caller = user("caller", A, inline(allow("iam:PassRole", "lambda:*"), everywhere_else))
    found = of(inside(caller, role("worker", [LAMBDA])))
    (edge,) = [e for e in found if e.method == "lambda-create-function-invoke"]
    assert edge.decision == "allowed"  # any other region will do
    assert ":us-east-1:" not in edge.witnesses[1].resource
    caller = user("caller", A, inline(allow("iam:CreateAccessKey"), everywhere_else))
    assert not of(inside(caller, user("victim")))  # IAM has no other region


# -- who can be passed or become ---------------------------------------------


def test_service_linked_roles_are_no_targets() -> None:
    service = "events.workmail.amazonaws.com"
    linked = role("linked", [trust({"Service": service})], A, path=f"/aws-service-role/{service}/")
    caller = user("caller", A, inline(allow("iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy")))
    assert not of(inside(caller, linked))


def test_reserved_roles_are_not_changed() -> None:
    kept = role("kept", [trust({"Federated": "arn"})], A, path="/aws-reserved/sso.amazonaws.com/")
    caller = user("caller", A, inline(allow("iam:UpdateAssumeRolePolicy")))
    assert not of(inside(caller, kept))


def test_rewriting_trust_is_enough_within_an_account() -> None:
    caller = user("caller", A, inline(allow("iam:UpdateAssumeRolePolicy")))
    (edge,) = of(inside(caller, role("worker", [LAMBDA])))
    assert (edge.gains, edge.target) == ("principal", f"arn:aws:iam::{A}:role/worker")
    assert edge.witnesses[1].resource_policy is not None
    rcp = control(
        PolicyKind.RCP,
        {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Resource": "*"},
    )
    everything = control(PolicyKind.RCP, {**EVERYTHING, "Principal": "*"}, name="full")
    root = OrganizationsTarget("r-ab12", "Root", TargetKind.ROOT, None, (), (everything, rcp))
    member = OrganizationsTarget(A, A, TargetKind.ACCOUNT, "r-ab12", (), (everything,))
    tree = AwsOrganization("o-abc1234567", "", {"r-ab12": root, A: member}, rcps_in_use=True)
    assert not of(inside(caller, role("worker", [LAMBDA]), tree=tree))


def test_conditions_on_the_target_hold_for_some_targets_only() -> None:
    tagged = allow("iam:UpdateAssumeRolePolicy", StringEquals={"aws:ResourceTag/Team": "red"})
    red = role("red", [LAMBDA], tags=(("Team", "red"),))
    found = of(inside(user("caller", A, inline(tagged)), red, role("blue", [LAMBDA])))
    assert [edge.target for edge in found] == [red.arn]


# -- changing policies --------------------------------------------------------


def test_own_policies_make_an_administrator_and_give_every_capability() -> None:
    caller = user(
        "caller", A, inline(allow("iam:PutUserPolicy", resource="arn:aws:iam::*:user/${aws:username}"))
    )
    found = of(inside(caller))
    assert {(e.target, e.gains) for e in found if e.gains == "administrator"} == {(A, "administrator")}
    capabilities = {e.capability for e in found if e.gains == "capability"}
    assert {"read-mail", "take-over-mailbox", "send-as", "destroy"} <= capabilities
    assert "export-mail" not in capabilities  # there is no role to pass
    assert {e.organizations for e in found if e.gains == "capability"} == {(ORGANIZATION.arn,)}


def test_a_boundary_bounds_what_is_gained() -> None:
    limit = boundary(allow("iam:PutUserPolicy", "workmail:ResetPassword"))
    caller = user("caller", A, inline(allow("iam:PutUserPolicy")), limit=limit)
    found = of(inside(caller))
    assert {(e.gains, e.capability) for e in found} == {("capability", "take-over-mailbox")}


def test_a_boundary_that_can_be_taken_off_does_not() -> None:
    limit = boundary(allow("iam:PutUserPolicy", "iam:DeleteUserPermissionsBoundary"))
    caller = user("caller", A, inline(allow("iam:PutUserPolicy")), limit=limit)
    assert "administrator" in {e.gains for e in of(inside(caller))}


def test_a_condition_on_the_boundary_leaves_a_bounded_gain() -> None:
    edge = replace(boundary(allow("iam:*", "workmail:List*")), arn=f"arn:aws:iam::{A}:policy/edge")
    bounded = allow("iam:PutUserPolicy", StringEquals={"iam:PermissionsBoundary": edge.arn})
    assert not of(inside(user("caller", A, inline(bounded))))
    # iam:* lets a principal that writes its own policies take the boundary off.
    found = of(inside(user("caller", A, inline(bounded), limit=edge)))
    assert "administrator" in {e.gains for e in found}


def test_attaching_a_harmless_policy_only_is_no_escalation() -> None:
    only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    caller = user("caller", A, inline(allow("iam:AttachUserPolicy", ArnEquals={"iam:PolicyARN": only})))
    assert not of(inside(caller))


def test_what_is_denied_elsewhere_stays_denied_unless_it_can_be_taken_off() -> None:
    def attached(*statements: dict[str, Any]) -> Policy:
        arn = f"arn:aws:iam::{A}:policy/denies"
        return Policy("denies", PolicyKind.MANAGED, inline(*statements).document, arn)

    put = inline(allow("iam:PutUserPolicy", "iam:AttachUserPolicy"))
    # Without other rights in IAM nothing takes the managed policy off again.
    no_iam = attached(
        deny("workmail:*"), {"Effect": "Deny", "NotAction": ["iam:PutUserPolicy", "s3:*"], "Resource": "*"}
    )
    found = of(inside(replace(user("caller", A, put), attached=(no_iam,)), policies=(no_iam,)))
    assert not found
    # With them it can be detached: the account and the mail are the caller's.
    found = of(inside(replace(user("caller", A, put), attached=(attached(deny("workmail:*")),))))
    assert {"", "read-mail"} <= {e.capability for e in found}
    # An inline policy that denies is written over; where one may only attach, it stays.
    both = ["iam:PutUserPolicy", "iam:AttachUserPolicy"]
    nothing = {"Effect": "Deny", "NotAction": both, "Resource": "*"}
    only = inline(allow(*both), nothing)
    assert methods(of(inside(user("caller", A, only)))) == {"iam-put-user-policy"}


def test_scps_limit_what_an_administrator_gains() -> None:
    full = control(PolicyKind.SCP, EVERYTHING, name="full")
    guard = control(PolicyKind.SCP, deny("workmail:*Impersonation*", "workmail:PutMailboxPermissions"))
    root = OrganizationsTarget("r-ab12", "Root", TargetKind.ROOT, None, (full, guard))
    member = OrganizationsTarget(A, A, TargetKind.ACCOUNT, "r-ab12", (full,))
    tree = AwsOrganization("o-abc1234567", "", {"r-ab12": root, A: member}, scps_in_use=True)
    found = of(inside(user("caller", A, inline(allow("iam:PutUserPolicy"))), tree=tree))
    assert any(e.gains == "administrator" for e in found)
    by_capability = {e.capability for e in found if e.gains == "capability"}
    assert "take-over-mailbox" in by_capability
    denied = role("other", [LAMBDA], A, inline(allow("workmail:CreateAlias")))
    assert "workmail-assume-impersonation-role" not in methods(of(inside(denied, tree=tree), "other"))


def test_a_group_gives_its_members_what_it_has() -> None:
    readers = Group(
        f"arn:aws:iam::{A}:group/readers",
        "readers",
        A,
        inline=(inline(allow("workmail:PutMailboxPermissions")),),
    )
    caller = user("caller", A, inline(allow("iam:AddUserToGroup", resource=readers.arn)))
    found = of(inside(caller, groups=(readers,)))
    assert {(e.method, e.capability) for e in found} == {
        ("iam-add-user-to-group", "read-mail"),
        ("iam-add-user-to-group", "send-as"),
    }
    assert not of(inside(replace(caller, groups=(readers,)), groups=(readers,)))[2:]
    apart = user("caller", A, inline(allow("iam:AddUserToGroup"), deny("workmail:*")))
    assert not of(inside(apart, groups=(readers,)))


def test_the_role_that_one_assumes_is_changed_before() -> None:
    worker = role("worker", [trust(f"arn:aws:iam::{A}:user/caller", **MFA)])
    caller = user("caller", A, inline(allow("iam:PutRolePolicy", resource=worker.arn)))
    found = of(inside(caller, worker))
    (edge,) = [e for e in found if e.gains == "administrator"]
    assert edge.permissions == ("iam:PutRolePolicy", "sts:AssumeRole")
    assert edge.conditions == ("with MFA",)
    elsewhere = user(
        "caller", A, inline(allow("iam:PutRolePolicy", BoolIfExists={"aws:MultiFactorAuthPresent": "false"}))
    )
    assert not of(inside(elsewhere, worker))  # without MFA, and with it
    assert not of(inside(caller, role("worker", [LAMBDA])))


def test_the_policy_of_a_principal_that_one_can_become_is_changed_before() -> None:
    managed = Policy("shared", PolicyKind.MANAGED, inline(ASSUME).document, f"arn:aws:iam::{A}:policy/shared")
    victim = replace(user("victim"), attached=(managed,))
    caller = user("caller", A, inline(allow("iam:CreatePolicyVersion", "iam:CreateAccessKey")))
    found = of(inside(caller, victim, policies=(managed,)))
    assert {e.permissions for e in found if e.gains == "administrator"} == {
        ("iam:CreatePolicyVersion", "iam:CreateAccessKey")
    }
    assert not methods(found, "principal")  # the edge to the account says it


def test_administrators_have_one_edge_to_the_account() -> None:
    caller = user("caller", A, inline(EVERYTHING))
    found = of(inside(caller, user("victim"), role("worker", [LAMBDA])))
    assert {(e.target, e.gains) for e in found if not e.method.startswith("workmail")} == {
        (A, "administrator")
    }


# -- what is not known --------------------------------------------------------


def test_what_users_may_do_to_themselves_is_no_escalation() -> None:
    keys = inline(
        allow(
            "iam:CreateAccessKey", "iam:DeactivateMFADevice", resource="arn:aws:iam::*:user/${aws:username}"
        ),
        allow("iam:CreateAccessKey", resource=f"arn:aws:iam::{A}:user/shared-*", **MFA),
    )
    people = [user(name, A, keys) for name in ("ana", "diego", "efua", "shared-mail")]
    found = inside(*people)
    for name in ("ana", "diego", "efua"):
        # One of them stands for all three in the search, but each asks for itself.
        (edge,) = of(found, name)
        assert (edge.method, edge.target) == ("iam-create-access-key", people[3].arn)
        assert edge.decision == "conditional"
        assert edge.witnesses[0].context["aws:MultiFactorAuthPresent"] == "true"
        assert edge.witnesses[0].context["aws:username"] == name
    assert not of(found, "shared-mail")


def test_changing_one_after_another_is_told_once() -> None:
    limit = boundary(allow("workmail:ListUsers"))
    bounded = [user(name, A, inline(EVERYTHING), limit=limit) for name in ("ana", "diego")]
    steps = inline(allow("iam:CreateAccessKey", "iam:DeleteUserPermissionsBoundary"))
    edges = of(inside(user("caller", A, steps), *bounded))
    unbound = [(e.gains, e.capability) for e in edges if e.method == "iam-delete-user-permissions-boundary"]
    assert ("administrator", "") in unbound
    assert len(unbound) == len(set(unbound))


def test_no_estate_has_no_escalations() -> None:
    assert Escalations(Assumptions(Estate())).edges == ()


# -- the public face ----------------------------------------------------------


@pytest.fixture(scope="module")
def acme() -> Access:
    return wmiam.load("data/acme").access()


def test_of_and_into_are_parts_of_edges(acme: Access) -> None:
    found = escalations(acme)
    assert escalations(acme.given({"aws:MultiFactorAuthPresent": False})) is found
    key = [(e.source, e.target, e.method, e.capability, e.permissions, e.decision) for e in found.edges]
    by_source = [e for p in acme.principals for e in found.of(p.arn)]
    assert sorted(key) == sorted(
        (e.source, e.target, e.method, e.capability, e.permissions, e.decision) for e in by_source
    )
    for target in {e.target for e in found.edges} | {o for e in found.edges for o in e.organizations}:
        expected = [e for e in found.edges if target in (e.target, *e.organizations)]
        assert len(found.into(target)) == len(expected)


def test_every_witness_in_the_sample_estate_is_allowed(acme: Access) -> None:
    edges = [e for e in escalations(acme).edges if not e.method.startswith("workmail")]
    assert len(edges) > 20
    for edge in edges:
        assert all(decided(acme.estate, step) for step in edge.witnesses), edge


def test_who_edits_policies_only_can_do_everything_in_the_sample_estate(acme: Access) -> None:
    edges = escalations(acme).of("arn:aws:iam::444455556666:user/kwaku.mensah")
    administrators = {e.method for e in edges if e.gains == "administrator"}
    assert administrators == {"iam-put-user-policy", "iam-attach-user-policy"}


def test_an_export_takes_a_role_that_may_be_passed_for_it(acme: Access) -> None:
    exporting = {
        edge.source.rpartition("/")[2]: {arn[-6:] for arn in edge.organizations}
        for edge in escalations(acme).edges
        if edge.method == "workmail-export-mailbox"
    }
    assert exporting["AcmeMailExportOperator"] == {"789yza", "f60718"}
    # May start exports, but pass roles to another service only.
    assert not [name for name in exporting if "MailAdministrator" in name]


def test_the_graph_shows_escalations_where_they_are_asked_for(acme: Access) -> None:
    plain = acme.graph(principals="kwaku.mensah")
    assert not [key for *_, key in plain.edges(keys=True) if key == "escalates"]
    graph = acme.graph(principals="kwaku.mensah", organizations="*", escalations=True)
    drawn = {v: data for _, v, key, data in graph.edges(keys=True, data=True) if key == "escalates"}
    assert drawn["444455556666"]["gains"] == ("administrator",)
    assert drawn["444455556666"]["methods"] == ("iam-put-user-policy", "iam-attach-user-policy")
    assert any("read-mail" in data["capabilities"] for data in drawn.values())


def test_the_frame_has_a_row_for_each_edge() -> None:
    caller = user("caller", A, inline(allow("iam:PutUserPolicy", **MFA), allow("workmail:ResetPassword")))
    found = Escalations(Assumptions(inside(caller, user("other", A))))
    frame = found.frame()
    assert list(zip(frame["method"], frame["gains"], frame["target"], strict=True)) == [
        (edge.method, edge.gains, edge.target) for edge in found.edges
    ]
    policy = frame[frame["gains"] == "administrator"].iloc[0]
    assert (policy["name"], policy["account"], policy["target"]) == ("caller", A, A)
    assert policy["permissions"] == ("iam:PutUserPolicy",)
    assert (policy["decision"], policy["when"]) == ("conditional", "with MFA")
    reset = frame[frame["method"] == "workmail-reset-password"].iloc[0]
    assert (reset["capability"], reset["organizations"]) == ("take-over-mailbox", (ORGANIZATION.arn,))
    assert (reset["decision"], reset["when"]) == ("allowed", "")
    assert Escalations(Assumptions(inside(user("other", A)))).frame().empty
