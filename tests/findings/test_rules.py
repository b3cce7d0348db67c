"""Each rule on an estate where its cause is there, and on the same with the one cause mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from mail_estate import (
    ACCOUNT,
    AMERICAS,
    EUROPE,
    FAR,
    MFA,
    allow,
    deny,
    estate,
    findings,
    labels,
    names,
    only,
    organization,
    policy,
    role,
    trusts,
    user,
)

from wmiam.engine.decide import PolicySet, decide
from wmiam.engine.request import Request
from wmiam.estate.estate import Estate
from wmiam.estate.model import (
    AwsOrganization,
    OrganizationsTarget,
    PolicyKind,
    Principal,
    PrincipalKind,
    TargetKind,
)
from wmiam.findings import RULES, FindingSeverity

RESET, READ = "workmail:ResetPassword", "workmail:DescribeUser"
LIST, TAG, UNTAG = "workmail:ListOrganizations", "workmail:TagResource", "workmail:UntagResource"
ASSUME, EXPORT = "workmail:AssumeImpersonationRole", "workmail:StartMailboxExportJob"
EXPORT_SERVICE = "export.workmail.amazonaws.com"
Build = Callable[[], Estate]


@dataclass(frozen=True)
class Case:
    """A rule, an estate where it finds one thing, and what that is."""

    rule: str
    build: Build
    people: tuple[str, ...] = ("ana",)
    statements: tuple[str, ...] = ("Mail#Cause",)
    severity: str = "high"
    takes_away: bool = False
    #: Where no safe mend can be named: the same estate with its one cause mended by hand.
    mended: Build | None = field(default=None)
    id: str = ""


def one(*statements: dict[str, Any], **more: Any) -> Build:
    """Return a maker of an estate whose user ana has one policy of some statements."""
    return lambda: estate(user("ana", policy("Mail", *statements)), **more)


def cause(*actions: str, **more: Any) -> dict[str, Any]:
    return allow(*actions, sid="Cause", **more)


def cause_deny(*actions: str, **more: Any) -> dict[str, Any]:
    return deny(*actions, sid="Cause", **more)


READS = allow(READ, sid="Reads", **MFA)


def retagging(*extra: dict[str, Any]) -> Build:
    guarded = allow(RESET, sid="Reset", StringNotEquals={"aws:ResourceTag/DataClass": "executive"}, **MFA)
    tagged = organization(tags=(("DataClass", "executive"),))
    return lambda: estate(
        user("ana", policy("Mail", guarded), policy("Tags", cause(TAG, UNTAG), *extra)),
        organizations=(tagged,),
    )


def self_tagging(*guard: dict[str, Any]) -> Build:
    own = allow(RESET, sid="Reset", StringEquals={"aws:PrincipalTag/Team": "mail"}, **MFA)
    return lambda: estate(
        user("ana", policy("Mail", {**own, "Sid": "Cause"}), policy("Own", allow("iam:TagUser"), *guard),
             tags=(("Team", "sales"),))
    )  # fmt: skip


def bounded(*statements: dict[str, Any], identity: tuple[dict[str, Any], ...] = ()) -> Build:
    limit = policy("Limit", *statements)
    return lambda: estate(user("ana", policy("Mail", *identity, allow("workmail:*", **MFA)), boundary=limit))


def trusted(statement: dict[str, Any], *others: Any) -> Build:
    holds = policy("Mail", allow(RESET, resource=EUROPE))
    return lambda: estate(role("Tool", holds, trust={**statement, "Sid": "Cause"}), *others)


def far_user() -> Any:
    calls = policy("Calls", allow("sts:AssumeRole"), account="444455556666")
    return user("far", calls, account="444455556666")


def near_user() -> Any:
    return user("ana", policy("Calls", allow("sts:AssumeRole")))


def hopping() -> Build:
    """Return a maker of an estate in which ana may assume a role that may assume one that does harm."""
    tool = role(
        "Tool", policy("Mail", allow(RESET)), trust=trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:role/Hop"})
    )
    hop = role("Hop", trust={**trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"}), "Sid": "Cause"})
    return lambda: estate(user("ana"), hop, tool)


def passing(power: str = RESET) -> Build:
    """Return a maker of an estate in which ana may pass a role that is allowed something to Lambda."""
    may = cause("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction")
    tool = role("Tool", policy("Power", allow(power)), trust=trusts({"Service": "lambda.amazonaws.com"}))
    return lambda: estate(user("ana", policy("Mail", may)), tool)


def session_tags(*actions: str, **condition: Any) -> Build:
    """Return a maker of an estate with a role whose access depends on a tag of the session."""
    holds = policy("Mail", allow(RESET, StringEquals={"aws:PrincipalTag/Team": "mail"}))
    trust = {**trusts({"AWS": ACCOUNT}, **condition), "Sid": "Cause"}
    trust["Action"] = list(actions or ("sts:AssumeRole", "sts:TagSession"))
    return lambda: estate(role("Tool", holds, trust=trust))


CASES = [
    # -- trust
    Case("trusts-other-account", trusted(trusts("*")), ("Tool",), ("trust policy#Cause",), "critical",
         mended=trusted(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"})), id="anybody"),
    Case("trusts-other-account", trusted(trusts({"AWS": FAR})), ("Tool",), ("trust policy#Cause",),
         mended=trusted(trusts({"AWS": FAR}, StringEquals={"sts:ExternalId": "agreed"})), id="another company"),
    Case("trusts-other-account", trusted(trusts({"AWS": "444455556666"}), far_user()), ("Tool", "far"),
         ("trust policy#Cause",), id="a whole account"),
    Case("confused-deputy", trusted(trusts({"Service": EXPORT_SERVICE})), ("Tool",), ("trust policy#Cause",),
         "medium", True),
    Case("confused-deputy", trusted(trusts({"Service": "ses.amazonaws.com"}, Bool={"aws:SecureTransport": "true"})),
         ("Tool",), ("trust policy#Cause",), "medium", True, id="with a condition"),
    # -- assumption
    Case("role-without-mfa", trusted(trusts({"AWS": ACCOUNT}), near_user()), ("Tool", "ana"),
         ("trust policy#Cause",), takes_away=True),
    Case("role-without-mfa", trusted(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"}), user("ana")),
         ("Tool", "ana"), ("trust policy#Cause",), takes_away=True, id="named"),
    Case("role-without-mfa", trusted(trusts({"AWS": ACCOUNT}, IpAddress={"aws:SourceIp": "203.0.113.0/24"}), near_user()),
         ("Tool", "ana"), ("trust policy#Cause",), "medium", True, id="from a network"),
    Case("role-without-mfa", trusted(trusts({"AWS": ACCOUNT}, BoolIfExists={"aws:MultiFactorAuthPresent": "true"}), near_user()),
         ("Tool", "ana"), ("trust policy#Cause",), takes_away=True, id="long-term keys"),
    Case("role-without-mfa", hopping(), ("Hop", "ana"), ("trust policy#Cause",), takes_away=True, id="by a chain"),
    # -- escalation
    Case("escalation", one(cause("iam:PutUserPolicy")), takes_away=True),
    Case("escalation", one(cause("iam:*Policy*")), takes_away=True, id="many ways"),
    Case("escalation", passing(), takes_away=True, id="a passed role"),
    Case("escalation", passing("workmail:CreateAlias"), severity="medium", takes_away=True, id="other harm"),
    # -- tags
    Case("retag-around", retagging(), statements=("Tags#Cause",), takes_away=True),
    Case("self-tagging", self_tagging(), mended=self_tagging(deny("iam:TagUser"))),
    Case("chosen-session-tag", session_tags(), ("Tool",), ("trust policy#Cause",), takes_away=True),
    Case("chosen-session-tag", session_tags("sts:*"), ("Tool",), ("trust policy#Cause",),
         mended=session_tags("sts:*", StringEquals={"aws:RequestTag/Team": "sales"}), id="by a pattern"),
    # -- boundaries
    Case("boundary-removable", bounded(allow("*"), identity=(allow("iam:*"),)), statements=("Limit#0",),
         takes_away=True),
    Case("boundary-without-effect", bounded(allow("*")), statements=("Limit#0",), severity="medium",
         mended=bounded(allow("workmail:Get*"))),
    # -- mistakes
    Case("unknown-action", one(cause("workmail:ResetPasword", READ)), severity="low"),
    Case("unknown-action", one(cause("workmail:ResetPasword"), READS), severity="low", id="whole statement"),
    Case("unknown-action", one(cause("workmail:ResetPasword")), severity="low", id="whole policy"),
    Case("unknown-action", one(cause_deny("workmail:ResetPasword"), allow("workmail:*", **MFA)),
         takes_away=True, id="Deny"),
    Case("action-without-resource", one(cause(LIST, READ, resource=EUROPE)), severity="low"),
    Case("action-without-resource",
         one(cause_deny("workmail:CreateOrganization", resource=EUROPE), allow("workmail:*", **MFA)),
         severity="low", takes_away=True, id="Deny"),
    Case("dead-condition", one(cause(RESET, StringEquals={"workmail:ImpersonationRoleId": "a"}), READS),
         severity="low"),
    Case("dead-condition",
         one(allow(ASSUME, **MFA), cause_deny(ASSUME, StringEquals={"workmail:ImpersonationRole": "a"})),
         takes_away=True, id="misspelt key in Deny"),
    Case("dead-condition", one(cause(READ, StringEquals={"aws:PrincipalTag/Team": "a*"}), READS),
         severity="low", id="wildcard without Like"),
    Case("dead-condition",
         one(allow(RESET, **MFA), cause_deny(RESET, StringEquals={"aws:PrincipalAccount": "1111*"})),
         takes_away=True, id="wildcard without Like in Deny"),
    Case("dead-resource", one(cause(READ, resource=f"{EUROPE.rpartition('/')[0]}/europe"), READS),
         severity="low"),
    Case("dead-resource",
         one({"Sid": "Cause", "Effect": "Allow", "Action": RESET, "Condition": MFA,
              "NotResource": f"{EUROPE.rpartition('/')[0]}/europe"}),
         takes_away=True, id="NotResource by alias"),
    Case("open-condition",
         one(allow("workmail:*"), cause_deny("*", Bool={"aws:MultiFactorAuthPresent": "false"})),
         takes_away=True),
    Case("open-condition", one(cause(RESET, BoolIfExists={"aws:MultiFactorAuthPresent": "true"})),
         takes_away=True, id="IfExists in Allow"),
    Case("open-condition", one(cause(RESET, StringLike={"aws:UserAgent": "sync/*"}, **MFA)),
         mended=one(cause(RESET, **MFA)), id="user agent"),
    Case("open-condition",
         one(cause(TAG, "workmail:PutMailboxPermissions", StringEqualsIfExists={"aws:RequestTag/Team": "mail"})),
         takes_away=True, id="partly carried"),
    # -- negated
    Case("not-action", one({"Sid": "Cause", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
         takes_away=True, mended=one({"Sid": "Cause", "Effect": "Allow", "Action": READ, "Resource": "*"})),
    Case("not-resource",
         one({"Sid": "Cause", "Effect": "Allow", "Action": "workmail:*", "NotResource": EUROPE}),
         severity="medium", takes_away=True),
    Case("not-principal", trusted(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"}, key="NotPrincipal")),
         ("Tool",), ("trust policy#Cause",), "critical",
         mended=trusted(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"}))),
    # -- grants
    Case("wildcard-capability", one(cause("workmail:Put*")), takes_away=True),
    Case("wildcard-capability", one(cause("workmail:*")), severity="medium", takes_away=True, id="whole service"),
    Case("any-region-or-account", one(cause(RESET)), severity="low"),
    Case("any-region-or-account",
         one(cause(RESET, resource=f"arn:aws:workmail:*:{ACCOUNT}:organization/*")), severity="low", id="any region"),
    Case("access-without-mfa", one(cause(RESET)), takes_away=True),
    Case("access-without-mfa", one(cause(RESET, IpAddress={"aws:SourceIp": "203.0.113.0/24"})),
         severity="medium", takes_away=True, id="from a network"),
    Case("any-impersonation-role", one(cause(ASSUME), organizations=(organization(roles=("r1", "r2")),)),
         severity="medium", takes_away=True),
    Case("any-impersonation-role", one(cause(ASSUME)), severity="low", takes_away=True, id="no role yet"),
    Case("missing-dependent-action", one(cause(EXPORT)), severity="low",
         mended=one(cause(EXPORT), allow("iam:PassRole"))),
    Case("missing-dependent-action", one(cause(EXPORT), allow("iam:PassRole", StringEquals={
        "iam:PassedToService": "events.workmail.amazonaws.com"})), severity="low",
         mended=one(cause(EXPORT), allow("iam:PassRole", StringEquals={"iam:PassedToService": EXPORT_SERVICE})),
         id="passed to another service"),
    # -- the end of WorkMail
    Case("no-way-out", one(cause(READ)), (), (), "medium", mended=one(cause(EXPORT, "iam:PassRole"))),
    Case("dated-grant", one(cause(READ, DateLessThan={"aws:CurrentTime": "2030-01-01T00:00:00Z"})),
         severity="low", takes_away=True),
    Case("dated-grant", one(cause(READ, DateLessThan={"aws:CurrentTime": "2026-01-01T00:00:00Z"}), READS),
         severity="info", takes_away=True, id="past"),
    Case("left-after-end", one(cause(READ)), severity="info",
         mended=one(cause(READ, DateLessThan={"aws:CurrentTime": "2027-03-31T00:00:00Z"}))),
    # -- idle
    Case("idle-statement", one(cause(READ, resource=AMERICAS.replace("m-bbbb", "m-cccc")), READS), severity="low"),
    Case("idle-statement", one(cause(RESET), deny(RESET)), severity="low", id="denied"),
    Case("shadowed-statement", one(cause(READ, resource=EUROPE), allow("workmail:Describe*")), severity="info"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} {case.id}".strip())
class TestPair:
    def test_found_with_its_people_statements_and_severity(self, case: Case) -> None:
        finding = only(case.build(), case.rule)
        assert names(finding) == sorted(case.people)
        assert labels(finding) == list(case.statements)
        assert finding.severity == case.severity

    def test_not_found_when_the_one_cause_is_mended(self, case: Case) -> None:
        bad = case.build()
        finding = only(bad, case.rule)
        if case.mended is not None and not finding.mend.what:
            assert finding.mend.why_not
            assert finding.mend.check is None
            mended = case.mended()
        else:
            mended = finding.mend.apply(bad)
        assert not findings(mended, case.rule)

    def test_its_mend_adds_nothing(self, case: Case) -> None:
        finding = only(case.build(), case.rule)
        check = finding.mend.check
        if check is not None:
            assert check.adds_nothing
            assert bool(check.takes_away) == case.takes_away
            assert bool(check.losing or finding.rule == "confused-deputy") == case.takes_away

    def test_its_witness_is_a_request_that_is_allowed(self, case: Case) -> None:
        built = case.build()
        witness = only(built, case.rule).evidence.witness
        if witness is not None and witness.action == "sts:AssumeRole":
            role = next(p for p in built.principals if p.arn == witness.resource)
            assert role.trust is not None
            keys = {"aws:PrincipalArn": witness.principal, **witness.context}
            request = Request(witness.principal, witness.action, witness.resource, keys)
            assert decide(
                request, PolicySet(identity=_documents(built, witness), resource=role.trust.document)
            ).allowed
            assert keys.get("aws:MultiFactorAuthPresent") != "true"
        elif witness is not None and not witness.action.startswith("workmail"):
            request = Request(witness.principal, witness.action, witness.resource, witness.context)
            assert decide(request, PolicySet(identity=_documents(built, witness))).allowed
        elif witness is not None:
            assert not witness.depends
            org = None if witness.resource == "*" else witness.resource
            assert built.access(progress=False).allows(
                witness.principal, witness.action, org, witness.context
            )


def _documents(built: Estate, witness: Any) -> list[Any]:
    person = next(p for p in built.principals if p.arn == witness.principal)
    return [p.document for p, _ in person.identity_policies if p.document is not None]


def test_every_rule_has_a_pair() -> None:
    untested = {rule.id for rule in RULES} - {case.rule for case in CASES}
    # Capability exposure and unread policies have tests of their own below.
    assert untested == {"capability-exposure", "unread-policy"}


def crowd(number: int, *statements: dict[str, Any]) -> Estate:
    return estate(*(user(f"u{i}", policy("Mail", *statements)) for i in range(number)))


class TestCapabilityExposure:
    def test_more_than_a_few_without_condition_are_medium(self) -> None:
        finding = only(crowd(4, allow(RESET)), "capability-exposure")
        assert finding.severity == "medium"
        assert names(finding) == ["u0", "u1", "u2", "u3"]
        assert set(finding.organizations) == {EUROPE, AMERICAS}
        assert "take over a mailbox" in finding.summary

    def test_a_few_are_low(self) -> None:
        assert only(crowd(3, allow(RESET)), "capability-exposure").severity == "low"

    def test_those_under_a_condition_are_told_apart(self) -> None:
        finding = only(crowd(4, allow(RESET, **MFA)), "capability-exposure")
        assert finding.severity == "low"
        assert "4 of them only under a condition" in finding.summary

    def test_harmful_ones_only_from_many_on(self) -> None:
        redirecting = allow("workmail:CreateAlias")
        assert not findings(crowd(10, redirecting), "capability-exposure")
        assert only(crowd(11, redirecting), "capability-exposure").severity == "low"

    def test_an_export_needs_a_role_that_may_be_passed(self) -> None:
        assert not findings(crowd(4, allow(EXPORT)), "capability-exposure")
        assert only(crowd(4, allow(EXPORT, "iam:PassRole")), "capability-exposure").severity == "medium"

    def test_those_who_come_to_it_by_becoming_others(self) -> None:
        caller = user("ana", policy("Calls", allow("sts:AssumeRole")))
        tool = role("Tool", policy("Mail", allow(RESET)), trust=trusts({"AWS": ACCOUNT}))
        finding = only(estate(caller, tool), "capability-exposure")
        assert names(finding) == ["Tool", "ana"]
        assert finding.severity == "medium"
        assert any(detail.startswith("ana: assumes Tool") for detail in finding.evidence.details)

    def test_root_users_are_left_out(self) -> None:
        root = f"arn:aws:iam::{ACCOUNT}:root"
        of = estate(Principal(root, "root", ACCOUNT, PrincipalKind.ROOT))
        assert not findings(of, "capability-exposure")

    def test_deleted_organizations_are_left_out(self) -> None:
        gone = replace(organization(), state="Deleted")
        of = estate(user("ana", policy("Mail", allow(RESET))), organizations=(gone,))
        assert [f.rule for f in findings(of) if f.severity.at_least(FindingSeverity.MEDIUM)] == []


class TestUnread:
    def test_found_where_somebody_holds_it(self) -> None:
        unread = replace(policy("Mail", allow(READ)), document=None, problem="the file ends in its middle")
        finding = only(estate(user("ana", unread)), "unread-policy")
        assert names(finding) == ["ana"]
        assert "the file ends in its middle" in finding.summary

    def test_a_statement_that_cannot_be_read(self) -> None:
        finding = only(
            estate(user("ana", policy("Mail", allow(READ), {"Effect": "Alow", "Action": "*"}))),
            "unread-policy",
        )
        assert labels(finding) == ["Mail#1"]

    def test_not_found_where_all_is_read(self) -> None:
        assert not findings(estate(user("ana", policy("Mail", allow(READ)))), "unread-policy")

    def test_no_rule_offers_to_write_anew_what_was_not_read(self) -> None:
        broken = policy("Mail", allow(RESET), {"Effect": "Alow", "Action": "*"})
        finding = only(estate(user("ana", broken)), "access-without-mfa")
        assert "could not be read in full" in finding.mend.why_not
        assert finding.mend.check is None


class TestQuiet:
    """What does not matter is not found."""

    def test_a_tidy_estate_has_no_finding_but_what_the_end_asks_for(self) -> None:
        until = {"DateLessThan": {"aws:CurrentTime": "2027-03-31T00:00:00Z"}}
        ana = user("ana", policy("Reset", allow(RESET, resource=EUROPE, **MFA, **until)))
        out = user("bob", policy("Export", allow(EXPORT, resource=[EUROPE, AMERICAS], **MFA, **until),
                                 allow("iam:PassRole", resource=f"arn:aws:iam::{ACCOUNT}:role/Export")))  # fmt: skip
        found = findings(estate(ana, out))
        assert {f.rule for f in found} <= {"capability-exposure"}
        assert not [f for f in found if f.severity.at_least(FindingSeverity.MEDIUM)]

    def test_retagging_that_the_tag_policy_forbids(self) -> None:
        guard = deny(TAG, UNTAG, **{"ForAnyValue:StringEquals": {"aws:TagKeys": ["DataClass"]}})
        assert not findings(retagging(guard)(), "retag-around")

    def test_retagging_without_a_common_context(self) -> None:
        guard = deny(TAG, UNTAG, **MFA)
        assert not findings(retagging(guard)(), "retag-around")

    def test_a_deny_that_guards_is_not_idle(self) -> None:
        assert not findings(
            one(allow(READ), deny("workmail:Delete*"))(), "idle-statement", "shadowed-statement"
        )

    def test_one_finding_for_copies_of_an_inline_policy(self) -> None:
        shared = policy("Mail", cause(RESET), kind=PolicyKind.INLINE)
        finding = only(estate(user("ana", shared), user("bob", shared)), "access-without-mfa")
        assert names(finding) == ["ana", "bob"]
        assert len(finding.mend.changes) == 2
        assert not findings(
            finding.mend.apply(estate(user("ana", shared), user("bob", shared))), "access-without-mfa"
        )

    def test_service_control_policies_count(self) -> None:
        full = policy("Full", allow("*"), kind=PolicyKind.SCP)
        no_reset = policy("NoReset", deny(RESET), kind=PolicyKind.SCP)
        targets = {
            "r-ab12": OrganizationsTarget("r-ab12", "Root", TargetKind.ROOT, None, (full, no_reset)),
            ACCOUNT: OrganizationsTarget(ACCOUNT, "Mail", TargetKind.ACCOUNT, "r-ab12", (full,)),
        }
        tree = AwsOrganization("o-abc1234567", FAR, targets, scps_in_use=True)
        assert not findings(one(cause(RESET), aws_organization=tree)(), "access-without-mfa")


class TestEscalation:
    def test_administrators_are_left_out(self) -> None:
        assert not findings(one(allow("*"))(), "escalation")

    def test_a_role_with_nothing_more_is_no_escalation(self) -> None:
        assert not findings(passing(READ)(), "escalation")

    def test_without_the_permission_to_pass(self) -> None:
        tool = role("Tool", policy("Power", allow(RESET)), trust=trusts({"Service": "lambda.amazonaws.com"}))
        calls = policy("Mail", allow("lambda:CreateFunction", "lambda:InvokeFunction"))
        assert not findings(estate(user("ana", calls), tool), "escalation")

    def test_those_alike_are_one_finding(self) -> None:
        shared = policy("Mail", cause("iam:PutUserPolicy"))
        finding = only(estate(user("ana", shared), user("bob", shared)), "escalation")
        assert names(finding) == ["ana", "bob"]
