"""Role assumption, rule by rule: D5, D6, D9, S1, S2, S4; each edge says why and under which conditions."""

from __future__ import annotations

from typing import Any

import pytest
from small_estates import ASSUME, FAR, MFA, A, B, boundary, control, edges, estate, inline, role, trust, user

from wmiam.engine.decide import PolicySet, decide
from wmiam.engine.request import Request
from wmiam.estate.model import (
    AwsOrganization,
    OrganizationsTarget,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
    TargetKind,
)
from wmiam.graph import Assumptions, assumption_edges

ANA = f"arn:aws:iam::{A}:user/ana"
OTHER = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
FULL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ORGANIZATION = "o-abc1234567"


def tree(
    *, scps: tuple[Policy, ...] = (), rcps: tuple[Policy, ...] = (), members: tuple[str, ...] = (A, B)
) -> Any:
    """Return an AWS organization with policies at the root."""
    allow = control(PolicyKind.SCP, FULL)
    everybody = control(PolicyKind.RCP, {**FULL, "Principal": "*"})
    targets = {
        "r-ab12": OrganizationsTarget(
            "r-ab12", "Root", TargetKind.ROOT, None, (allow, *scps), (everybody, *rcps)
        )
    }
    for account in members:
        targets[account] = OrganizationsTarget(
            account, account, TargetKind.ACCOUNT, "r-ab12", (allow,), (everybody,)
        )
    return AwsOrganization(ORGANIZATION, "", targets, scps_in_use=True, rcps_in_use=True)


# -- D9: which sides must allow ---------------------------------------------


@pytest.mark.parametrize("allow", [True, False])
@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("account", [A, B])
@pytest.mark.parametrize("kind", ["user", "role"])
@pytest.mark.parametrize("named", ["itself", "account", "everybody", "somebody else"])
@pytest.mark.parametrize("deny", [None, "itself", "account"])
def test_d9_sides(named: str, kind: str, account: str, bounded: bool, allow: bool, deny: str | None) -> None:
    limit = boundary(OTHER) if bounded else None
    own = (inline(ASSUME),) if allow else ()
    caller = user("ana", account, *own, limit=limit)
    if kind == "role":
        caller = role("ana", [], account, *own, limit=limit)
    names = {
        "itself": caller.arn,
        "account": account,
        "everybody": "*",
        "somebody else": f"arn:aws:iam::{A}:user/x",
    }
    statements = [trust(names[named])] + ([trust(names[deny], "Deny")] if deny else [])
    target = role("target", statements)
    principal = caller.arn
    if kind == "role":
        principal = f"arn:aws:sts::{account}:assumed-role/ana/session"
    policies = PolicySet(
        identity=[policy.document for policy in own if policy.document is not None],
        boundary=limit.document if limit is not None else None,
        resource=target.trust.document if target.trust is not None else None,
    )
    expected = decide(Request(principal, "sts:AssumeRole", target.arn), policies).allowed
    found = edges(caller, target)
    assert ("ana" in found) == expected
    if expected:
        assert found["ana"].decision == "allowed"
        assert found["ana"].conditions == ()
        assert found["ana"].same_account == (account == A)


def test_d9_the_reason_names_both_sides_across_accounts() -> None:
    edge = edges(user("ana", B, inline(ASSUME, name="help-desk")), role("target", [trust(B)]))["ana"]
    assert "trusts account 444455556666" in edge.reason
    assert "help-desk#0" in edge.reason
    assert edge.grant == "account"
    assert [cause.label for cause in edge.trust] == ["trust policy#0"]
    assert [cause.label for cause in edge.identity] == ["help-desk#0"]
    assert "Cross-account" in edge.guide


def test_d9_identity_statements_count_only_where_they_are_needed() -> None:
    edge = edges(user("ana", A, inline(ASSUME)), role("target", [trust(ANA)]))["ana"]
    assert edge.identity == ()
    assert "that is enough" in edge.reason


def test_d9_resources_and_their_variables_decide() -> None:
    elsewhere = {**ASSUME, "Resource": f"arn:aws:iam::{A}:role/other"}
    by_name = {**ASSUME, "Resource": f"arn:aws:iam::{A}:role/${{aws:username}}"}
    assert edges(user("ana", A, inline(elsewhere)), role("target", [trust(A)])) == {}
    assert (
        edges(user("target", A, inline(by_name)), role("target", [trust(A)]))["target"].decision == "allowed"
    )
    assert edges(user("ana", A, inline(by_name)), role("target", [trust(A)])) == {}


def test_d9_not_principal_admits_everybody_else_and_names_the_session() -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": ANA}}
    found = edges(user("ana"), user("bo"), role("target", [statement]))
    assert "ana" not in found
    assert {"bo", "target", "*"} <= set(found)
    session = f"arn:aws:sts::{A}:assumed-role/caller/mail"
    guarded = {"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": [session]}}
    caller = role("caller", [])
    edge = edges(caller, role("target", [trust(caller.arn), guarded]))["caller"]
    assert edge.conditions == ("aws:userid is 'AROACALLER:mail'",)


def test_d9_a_trust_may_name_one_session() -> None:
    caller = role("caller", [])
    edge = edges(caller, role("target", [trust(f"arn:aws:sts::{A}:assumed-role/caller/mail")]))["caller"]
    assert edge.decision == "conditional"
    assert edge.conditions == ("aws:userid is 'AROACALLER:mail'",)


def test_d9_unique_ids_name_principals() -> None:
    assert set(edges(user("ana"), role("target", [trust("AIDAANA")]))) == {"ana"}
    assert edges(user("ana"), role("target", [trust("AIDAGONE")])) == {}


def test_d8_root_users_assume_nothing() -> None:
    root = Principal(f"arn:aws:iam::{A}:root", "root", A, PrincipalKind.ROOT)
    assert root.arn not in {
        edge.source for edge in assumption_edges(estate(root, role("target", [trust("*")])))
    }


# -- conditions -------------------------------------------------------------


def test_s2_external_ids_and_mfa_are_on_the_edge() -> None:
    condition = {**MFA, "StringEquals": {"sts:ExternalId": "acme-7781"}}
    edge = edges(user("ana", B, inline(ASSUME)), role("target", [trust(B, **condition)]))["ana"]
    assert edge.decision == "conditional"
    assert edge.conditions == ("with MFA", "sts:ExternalId is 'acme-7781'")


def test_known_keys_are_folded_in() -> None:
    fits = trust(A, ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{A}:user/an*"})
    fails = trust(A, StringEquals={"aws:PrincipalAccount": B})
    tagged = trust(A, StringEquals={"aws:ResourceTag/Team": "red"})
    ana = user("ana", A, inline(ASSUME))
    assert edges(ana, role("target", [fits]))["ana"].conditions == ()
    assert edges(ana, role("target", [fails])) == {}
    assert edges(ana, role("target", [tagged])) == {}
    assert edges(ana, role("target", [tagged], tags=(("Team", "red"),)))["ana"].decision == "allowed"


def test_contradictions_leave_no_edge_and_tautologies_no_condition() -> None:
    once = {"StringEquals": {"sts:ExternalId": "x"}}
    never = [trust(ANA, **once), trust(ANA, "Deny", **once)]
    assert edges(user("ana"), role("target", never)) == {}
    always = [trust(ANA, **MFA), trust(ANA, BoolIfExists={"aws:MultiFactorAuthPresent": "false"})]
    assert edges(user("ana"), role("target", always))["ana"].decision == "allowed"


def test_keys_that_depend_on_each_other_are_said_in_one_sentence() -> None:
    either = [
        trust(ANA, StringEquals={"sts:ExternalId": "x", "aws:SourceVpc": "vpc-1"}),
        trust(ANA, StringEquals={"sts:ExternalId": "y", "aws:SourceVpc": "vpc-1"}, **MFA),
    ]
    conditions = edges(user("ana"), role("target", either))["ana"].conditions
    assert conditions[:2] == ("aws:SourceVpc is 'vpc-1'", "sts:ExternalId is one of 'x', 'y'")
    assert conditions[2] == "sts:ExternalId is 'x'; or with MFA"


@pytest.mark.parametrize("condition", [MFA, {"StringEquals": {"sts:ExternalId": "x"}}])
def test_the_witness_of_an_edge_is_allowed_by_the_reference_evaluator(condition: dict[str, Any]) -> None:
    target = role("target", [trust(ANA, **condition)])
    found = Assumptions(estate(user("ana"), target))
    witness = found.witness(found.edges[0])
    assert target.trust is not None
    policies = PolicySet(resource=target.trust.document)
    assert witness
    assert decide(Request(ANA, "sts:AssumeRole", target.arn, witness), policies).allowed
    assert not decide(Request(ANA, "sts:AssumeRole", target.arn, {}), policies).allowed


# -- S1, S4: sessions and service-linked roles ------------------------------


def test_s1_a_chained_session_has_no_mfa() -> None:
    first, second = role("first", [trust(ANA)]), f"arn:aws:iam::{A}:role/first"
    edge = edges(first, role("target", [trust(second, **MFA)]))["first"]
    assert edge.conditions == ("with MFA",)
    assert edge.chained is None
    either = trust(second, StringEquals={"sts:ExternalId": "x"})
    edge = edges(first, role("target", [trust(second, **MFA), either]))["first"]
    assert edge.conditions == ("sts:ExternalId is 'x'; or with MFA",)
    assert edge.chained == ("sts:ExternalId is 'x'",)


def test_s4_a_service_linked_role_is_reached_by_its_service_alone() -> None:
    service = "events.workmail.amazonaws.com"
    target = role(
        "target", [trust({"Service": service, "AWS": ["*", ANA]})], path=f"/aws-service-role/{service}/"
    )
    assert set(edges(user("ana", A, inline(FULL)), target)) == {service}


# -- who is outside the estate ----------------------------------------------


def test_services_and_providers_need_the_trust_alone() -> None:
    saml = f"arn:aws:iam::{A}:saml-provider/Idp"
    oidc = f"arn:aws:iam::{A}:oidc-provider/token.example.org"
    audience = {"StringEquals": {"token.example.org:aud": "sts.amazonaws.com"}}
    target = role(
        "target",
        [
            trust({"Service": "lambda.amazonaws.com"}),
            trust({"Federated": saml}, action="sts:AssumeRoleWithSAML"),
            trust({"Federated": oidc}, action="sts:AssumeRoleWithWebIdentity", **audience),
            trust({"Federated": "accounts.google.com"}),
        ],
    )
    found = edges(target)
    assert set(found) == {"lambda.amazonaws.com", "Idp", "token.example.org"}
    assert found["Idp"].action == "sts:AssumeRoleWithSAML"
    assert found["Idp"].decision == found["lambda.amazonaws.com"].decision == "allowed"
    assert found["token.example.org"].conditions == ("token.example.org:aud is 'sts.amazonaws.com'",)


def test_accounts_that_are_not_in_the_input_stand_for_whom_they_let() -> None:
    xenia = f"arn:aws:iam::{FAR}:user/xenia"
    found = edges(user("ana"), role("target", [trust(FAR, StringEquals={"sts:ExternalId": "x"})]))
    assert found[FAR].conditions == ("sts:ExternalId is 'x'",)
    assert "not in the input" in found[FAR].reason
    assert edges(role("target", [trust(xenia)]))[FAR].conditions == (f"aws:PrincipalArn is '{xenia}'",)
    impossible = trust(FAR, ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{A}:role/*"})
    assert edges(role("target", [impossible])) == {}


def test_everybody_is_any_account_but_those_of_the_organization() -> None:
    inside = trust("*", StringEquals={"aws:PrincipalOrgID": ORGANIZATION})
    bo = user("bo", B, inline(ASSUME))
    found = edges(user("ana"), bo, role("target", [inside]), tree=tree())
    assert set(found) == {"ana", "bo", "target"}
    found = edges(user("ana"), role("target", [inside]), tree=tree())
    assert set(found) == {"ana", "target", B}
    found = edges(user("ana"), role("target", [inside]))
    assert found["*"].conditions == (f"aws:PrincipalOrgID is '{ORGANIZATION}'",)


# -- D5, D6: SCPs and RCPs --------------------------------------------------


def test_d5_scps_of_the_callers_account_limit_it() -> None:
    guard = control(PolicyKind.SCP, {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"})
    ana = user("ana", B, inline(ASSUME))
    target = role("target", [trust(B), trust({"Service": "lambda.amazonaws.com"})])
    assert set(edges(ana, target, tree=tree(scps=(guard,)))) == {"lambda.amazonaws.com"}
    unlisted = tree()
    unlisted.targets[B] = OrganizationsTarget(B, "b", TargetKind.ACCOUNT, "r-ab12")
    (condition,) = edges(ana, target, tree=unlisted)["ana"].conditions
    assert condition.startswith("if the SCPs of account b allow it")


def test_d6_rcps_of_the_roles_account_limit_everybody() -> None:
    strangers = {
        "Effect": "Deny",
        "Action": "sts:AssumeRole",
        "Principal": "*",
        "Resource": "*",
        "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
    target = role("target", [trust(FAR), trust(ANA), trust({"Service": "lambda.amazonaws.com"})])
    found = edges(user("ana"), target, tree=tree(rcps=(control(PolicyKind.RCP, strangers),)))
    assert set(found) == {"ana", "lambda.amazonaws.com"}


# -- what cannot be read ----------------------------------------------------


def test_an_unread_trust_policy_is_not_silent() -> None:
    edge = edges(user("ana", A, inline(FULL)), role("target", None))["*"]
    assert edge.decision == "conditional"
    assert edge.conditions == ("if the trust policy of target, which cannot be read, names it",)
    assert edge.statement == ""


def test_an_unread_identity_policy_may_allow() -> None:
    unread = Policy("lost", PolicyKind.MANAGED, None, "arn:lost", problem="no file holds its document")
    edge = edges(user("ana", A, unread), role("target", [trust(A)]))["ana"]
    assert "if policy lost, which cannot be read, allows it" in edge.conditions
