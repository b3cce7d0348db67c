"""Which statements, limits and attributes are said to have made a change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from compared_estates import ANA, FULL, MFA, OPS, allow, deny, document, estate, policy, trust

from wmiam.compare import Cause, Comparison, compare
from wmiam.estate.change import without_statement
from wmiam.estate.estate import Estate
from wmiam.estate.model import PolicyKind

RESET, DELETE = "workmail:ResetPassword", "workmail:DeleteUser"
READ = policy("Read", allow("workmail:Describe*", sid="Look"))
HELP = policy("Help", allow(RESET, sid="Reset", **MFA), allow(DELETE, sid="Remove"))


def of(before: Estate, after: Estate) -> Comparison:
    return compare(before, after, progress=False)


def only(before: Estate, after: Estate) -> Cause:
    """Return the one cause of a change."""
    (cause,) = of(before, after).causes()
    return cause


def test_a_statement_that_was_added() -> None:
    before = estate(attached=(READ,))
    after = before.with_policy("Read", document(allow("workmail:Describe*", sid="Look"), allow(RESET)))
    cause = only(before, after)
    assert (cause.policy, cause.statement, cause.effect, cause.side) == ("Read", "1", "Allow", "added")
    assert cause.gaining == (ANA,)
    assert cause.losing == ()
    assert cause.actions == (RESET,)
    assert len(cause.organizations) == 2
    assert cause.witness_gained is not None
    assert cause.witness_gained.when == "in any request"
    assert cause.witness_lost is None


def test_a_statement_that_was_removed() -> None:
    before = estate(grouped=(HELP,))
    cause = only(before, without_statement(before, "Help", "Remove"))
    assert (cause.policy, cause.statement, cause.side) == ("Help", "Remove", "removed")
    assert cause.losing == (ANA,)
    assert cause.witness_lost is not None
    assert cause.witness_gained is None


def test_a_condition_that_was_taken_out_widens() -> None:
    before = estate(grouped=(HELP,))
    after = before.with_policy("Help", document(allow(RESET, sid="Reset"), allow(DELETE, sid="Remove")))
    comparison = of(before, after)
    assert {row.change for row in comparison.rows()} == {"widened"}
    assert {comparison.gained(row) for row in comparison.rows()} == {"without MFA"}
    (cause,) = comparison.causes()
    assert (cause.statement, cause.side) == ("Reset", "changed")
    assert cause.witness_gained is not None
    assert cause.witness_gained.absent == ("aws:MultiFactorAuthPresent",)


def test_a_deny_that_goes_and_one_that_comes() -> None:
    guard = policy("Guard", deny(RESET, sid="Guard"))
    without, guarded = estate(attached=(HELP,)), estate(attached=(HELP, guard))
    cause = only(guarded, without)
    assert (cause.policy, cause.effect, cause.side) == ("Guard", "Deny", "removed")
    assert cause.gaining == (ANA,)
    cause = only(without, guarded)
    assert (cause.policy, cause.effect, cause.side) == ("Guard", "Deny", "added")
    assert cause.losing == (ANA,)


def test_who_joins_a_group_newly_holds_its_policies() -> None:
    outside, inside = estate(grouped=(HELP,), member=False), estate(grouped=(HELP,))
    causes = of(outside, inside).causes()
    assert {(c.policy, c.statement, c.side, c.through) for c in causes} == {
        ("Help", "Reset", "newly held", "group HelpDesk › policy Help"),
        ("Help", "Remove", "newly held", "group HelpDesk › policy Help"),
    }
    assert {c.side for c in of(inside, outside).causes()} == {"no longer held"}


def test_what_others_make_up_for_is_no_cause() -> None:
    again = policy("Again", allow(DELETE))
    comparison = of(estate(attached=(HELP,)), estate(attached=(HELP, again)))
    assert comparison.empty
    assert comparison.causes() == ()


def test_a_tag_that_makes_a_statement_apply() -> None:
    tagged = policy("Tagged", allow(RESET, StringEquals={"aws:PrincipalTag/Team": "red"}))
    before = estate(attached=(tagged,), tags=(("Team", "blue"),))
    cause = only(before, estate(attached=(tagged,), tags=(("Team", "red"),)))
    assert (cause.policy, cause.side) == ("Tagged", "attribute changed")
    assert cause.detail == "aws:PrincipalTag/Team: blue → red"
    assert cause.what == "Allow statement applies differently, by aws:PrincipalTag/Team: blue → red"


def test_a_tag_of_an_organization() -> None:
    tagged = policy("Tagged", allow(RESET, StringEquals={"aws:ResourceTag/Team": "green"}))
    before = estate(attached=(tagged,))
    europe, americas = before.organizations
    after = replace(before, organizations=(replace(europe, tags=(("Team", "green"),)), americas))
    comparison = of(before, after)
    assert [row.organization for row in comparison.rows()] == [europe.arn]
    (cause,) = comparison.causes()
    assert cause.detail == "aws:ResourceTag/Team: red → green"


def test_a_boundary_that_is_set_lifted_and_changed() -> None:
    edge = policy("Edge", allow("workmail:Describe*"), owner="")
    free, bounded = estate(attached=(HELP,)), estate(attached=(HELP,), boundary=edge)
    cause = only(free, bounded)
    assert (cause.layer, cause.side, cause.label) == (
        "permissions boundary", "set", "permissions boundary Edge",
    )  # fmt: skip
    assert cause.losing == (ANA,)
    assert only(bounded, free).side == "lifted"
    wider = bounded.with_policy(edge, document(allow("workmail:Describe*"), allow(RESET)))
    cause = only(bounded, wider)
    assert (cause.layer, cause.policy, cause.statement, cause.side) == (
        "permissions boundary", "Edge", "1", "added",
    )  # fmt: skip


def test_a_service_control_policy() -> None:
    stop = policy("Stop", deny(DELETE, sid="Stop"), kind=PolicyKind.SCP)
    free, stopped = estate(attached=(HELP,), scps=(FULL,)), estate(attached=(HELP,), scps=(FULL, stop))
    comparison = of(free, stopped)
    (cause,) = comparison.causes()
    assert (cause.layer, cause.policy, cause.side) == ("SCPs of root Root", "Stop", "newly held")
    assert cause.what == "Deny statement newly held through SCPs of root Root"
    assert only(stopped, free).side == "no longer held"
    harder = stopped.with_policy("Stop", document(deny(DELETE, sid="Stop"), deny(RESET)))
    assert only(stopped, harder).what == "Deny statement added in SCPs of root Root"
    # The root user of a member account is limited as well.
    assert len(cause.losing) == 2
    assert {row.change for row in comparison.rows()} == {"revoked"}


def test_an_account_that_is_no_longer_limited() -> None:
    stopped = estate(attached=(HELP,), scps=(policy("Less", allow(RESET), kind=PolicyKind.SCP),))
    tree = stopped.aws_organization
    assert tree is not None
    free = replace(stopped, aws_organization=replace(tree, scps_in_use=False))
    assert {(c.layer, c.side) for c in of(stopped, free).causes()} == {
        ("SCPs of root Root", "lifted"),
        ("SCPs of account Mail", "lifted"),
    }


@pytest.mark.parametrize("sid", [None, "Named"])
def test_statements_are_known_again_where_they_move(sid: str | None) -> None:
    before = estate(attached=(policy("P", allow(DELETE, sid=sid), allow("workmail:GetUser")),))
    after = before.with_policy("P", document(allow(RESET), allow("workmail:GetUser"), allow(DELETE)))
    cause = only(before, after)
    assert (cause.statement, cause.side, cause.actions) == ("0", "added", (RESET,))


def test_a_new_principal_gains_all_and_one_that_goes_loses_all() -> None:
    full = estate(attached=(HELP,))
    without = replace(full, principals=tuple(p for p in full.principals if p.arn != ANA))
    comparison = of(without, full)
    assert [p.arn for p in comparison.new_principals] == [ANA]
    assert {row.change for row in comparison.rows()} == {"granted"}
    assert {(c.side, c.through) for c in comparison.causes()} == {("newly held", "policy Help")}
    comparison = of(full, without)
    assert [p.arn for p in comparison.gone_principals] == [ANA]
    assert {row.change for row in comparison.rows()} == {"revoked"}


SAML = trust({"Federated": "arn:aws:iam::111122223333:saml-provider/Idp"}, "sts:AssumeRoleWithSAML")


def test_a_role_that_becomes_federated_goes_without_mfa() -> None:
    careful = policy("Careful", allow(RESET), deny("*", Bool={"aws:MultiFactorAuthPresent": "false"}))
    comparison = of(estate(role=(careful,)), estate(role=(careful,), trusted=SAML))
    rows = list(comparison.rows())
    assert {(row.principal.arn, row.change, row.action) for row in rows} == {(OPS, "widened", RESET)}
    assert {comparison.gained(row) for row in rows} == {"in a federated session"}
    (cause,) = comparison.causes()
    assert (cause.layer, cause.side) == ("requests", "requests changed")
    assert "identity providers" in cause.label


@pytest.mark.parametrize("condition", [{}, {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}])
def test_a_role_whose_answer_does_not_depend_on_mfa_may_become_federated(
    condition: dict[str, dict[str, str]],
) -> None:
    plain = policy("Plain", allow(RESET, **condition), allow(DELETE, **MFA))
    comparison = of(estate(role=(plain,)), estate(role=(plain,), trusted=SAML))
    assert comparison.empty


def test_callers_who_may_choose_tags() -> None:
    tagged = policy("Tagged", allow(RESET, StringEquals={"aws:PrincipalTag/Team": "red"}), allow(DELETE))
    chosen = trust({"AWS": "111122223333"}, "sts:AssumeRole", "sts:TagSession")
    # What the role's own tag says before, a caller may say after: nothing new for red, RESET for others.
    red = (("Team", "red"),)
    assert of(estate(role=(tagged,), tags=red), estate(role=(tagged,), tags=red, trusted=chosen)).empty
    comparison = of(estate(role=(tagged,)), estate(role=(tagged,), trusted=chosen))
    assert {(row.action, row.change) for row in comparison.rows()} == {(RESET, "granted")}
    assert {comparison.gained(row) for row in comparison.rows()} == {"aws:PrincipalTag/Team is 'red'"}
    (cause,) = comparison.causes()
    assert cause.detail == "aws:PrincipalTag/Team: none → chosen by the caller"
