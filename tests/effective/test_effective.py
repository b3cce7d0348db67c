"""Effective policies of small estates: what comes out, worked out by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from effective_estates import ACCOUNT, BLUE, RED, access, allow, deny, organization, policy, statements

import wmiam
from wmiam.access import effective
from wmiam.catalog import load
from wmiam.errors import NoEffectivePolicy, WmiamError
from wmiam.estate.model import Policy, PolicyKind
from wmiam.policy.model import PolicyType

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
EVERYWHERE = f"arn:aws:workmail:*:{ACCOUNT}:organization/*"


def test_boundary_scp_and_deny_become_one_allow() -> None:
    found = access(
        allow("workmail:*"),
        deny("workmail:DescribeUser"),
        boundary=[allow(["workmail:Describe*", "workmail:ResetPassword", "s3:*"])],
        scp=[allow("*"), deny("workmail:DescribeGroup")],
    )
    (statement,) = statements(found)
    names = {action.name for pattern in statement["Action"] for action in load().expand(pattern)}
    described = {a.name for a in load().expand("workmail:Describe*")}
    assert names == described - {"DescribeUser", "DescribeGroup"} | {"ResetPassword"}
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")


def test_everything_is_two_wildcards() -> None:
    assert statements(access(allow("*"))) == [
        {"Effect": "Allow", "Action": ["workmail:*", "workmailmessageflow:*"], "Resource": "*"}
    ]


def test_nothing_is_no_statement() -> None:
    policy_ = access(allow("s3:*")).effective_policy("ana")
    assert policy_.document == {"Version": "2012-10-17", "Statement": []}
    assert "Nothing is allowed on WorkMail, so there is no policy to attach." in str(policy_)


def test_all_organizations_that_there_are_do_not_become_a_wildcard() -> None:
    assert statements(access(allow("workmail:ListUsers", Resource=[RED, BLUE]))) == [
        {"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": [RED, BLUE]}
    ]


def test_a_wildcard_stays_where_any_other_organization_is_granted() -> None:
    assert statements(access(allow("workmail:ListUsers", Resource=EVERYWHERE))) == [
        {"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": "*"}
    ]
    regional = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/*"
    assert statements(access(allow("workmail:ListUsers", Resource=regional))) == [
        {"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": regional}
    ]


def test_wildcards_cover_no_action_that_differs_in_case_alone() -> None:
    # *Mail* would cover DeleteEmailMonitoringConfiguration: names compare without case (M1).
    found = access(allow("workmail:*"), scp=[allow("*"), deny("workmail:*EmailMonitoringConfiguration")])
    (statement,) = statements(found)
    names = {action.name for pattern in statement["Action"] for action in load().expand(pattern)}
    every = {action.name for action in load().expand("workmail:*")}
    assert every - names == {a.name for a in load().expand("workmail:*EmailMonitoringConfiguration")} != set()
    assert all(_covers_alike(pattern, every) for pattern in statement["Action"])


def _covers_alike(pattern: str, every: set[str]) -> bool:
    """Whether a pattern covers the same in any case, as the catalog expands it."""
    body = re.escape(pattern.removeprefix("workmail:")).replace(r"\*", ".*")
    without_case = {name for name in every if re.fullmatch(body, name, re.IGNORECASE)}
    return without_case == {action.name for action in load().expand(pattern)}


def test_actions_without_resource_stand_on_a_star() -> None:
    found = access(allow(["workmail:ListUsers", "workmail:ListOrganizations"], Resource=[RED]))
    assert statements(found) == [{"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": RED}]
    found = access(
        allow("workmail:ListUsers", Resource=RED), allow("workmail:ListOrganizations", Resource="*")
    )
    assert sorted(statements(found), key=str) == [
        {"Effect": "Allow", "Action": "workmail:ListOrganizations", "Resource": "*"},
        {"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": RED},
    ]


def test_an_organization_can_be_left_out() -> None:
    green = f"arn:aws:workmail:us-west-2:{ACCOUNT}:organization/m-green"
    many = [organization(arn) for arn in (RED, BLUE, green)]
    stand_in = organization(f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/*", None)
    found = access(
        allow("workmail:ListUsers"),
        deny("workmail:ListUsers", Resource=RED),
        organizations=[*many, stand_in],
    )
    assert statements(found) == [{"Effect": "Allow", "Action": "workmail:ListUsers", "NotResource": RED}]


def test_messages_have_their_own_resource() -> None:
    message = "arn:aws:workmailmessageflow:eu-west-1:111122223333:message/m-red/incoming/*"
    found = access(
        allow("workmailmessageflow:*", Resource=message), allow("workmail:ListUsers", Resource=RED)
    )
    both = ["workmail:ListUsers", "workmailmessageflow:*"]
    assert statements(found) == [{"Effect": "Allow", "Action": both, "Resource": [RED, message]}]


def test_conditions_of_several_layers_meet_in_one_block() -> None:
    found = access(
        allow(
            "workmail:ResetPassword", {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}}
        ),
        deny("*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        boundary=[allow("workmail:*", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})],
    )
    assert statements(found) == [
        {
            "Effect": "Allow",
            "Action": "workmail:ResetPassword",
            "Resource": "*",
            "Condition": {**MFA, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        }
    ]


def test_two_ways_take_two_statements() -> None:
    office = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    found = statements(access(allow("workmail:ListUsers", MFA), allow("workmail:ListUsers", office)))
    assert sorted(s["Condition"].popitem()[0] for s in found) == ["Bool", "IpAddress"]
    assert len(found) == 2


def test_what_is_known_is_not_asked_again() -> None:
    here = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:username": "ana"}}
    assert statements(access(allow("workmail:ListUsers", here))) == [
        {"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": "*"}
    ]


def test_tags_stay_a_condition_where_that_is_shorter() -> None:
    tagged = [organization(RED, (("Team", "mail"),)), organization(BLUE, (("Team", "other"),))]
    condition = {"StringEquals": {"aws:ResourceTag/Team": "mail"}}
    found = access(allow("workmail:ListUsers", condition), organizations=tagged)
    (statement,) = statements(found)
    assert statement.get("Condition") == condition or statement["Resource"] == RED
    # With a team for each of two organizations, the list would be long.
    both = [organization(RED, (("Team", "mail"),)), organization(BLUE, (("Team", "mail"),))]
    (statement,) = statements(access(allow("workmail:ListUsers", condition), organizations=both))
    assert (statement["Resource"], statement["Condition"]) == ("*", condition)
    # On tags that no organization has, nothing is granted now.
    assert statements(access(allow("workmail:ListUsers", condition))) == []


def test_a_deny_comes_in_where_no_block_ends_where_it_must() -> None:
    arn = {"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:x-*"}}
    found = access(allow("workmail:ListUsers"), deny("workmail:List*", arn)).effective_policy("ana")
    assert found.exact
    assert found.document["Statement"] == [
        {"Sid": "ListUsers", "Effect": "Allow", "Action": "workmail:ListUsers", "Resource": "*"},
        {
            "Sid": "DenyListUsersBySourceArn",
            "Effect": "Deny",
            "Action": "workmail:ListUsers",
            "Resource": "*",
            "Condition": arn,
        },
    ]
    assert found.needs_deny
    assert all("can be allowed only together with a Deny" in text for text in found.needs_deny)


def test_what_cannot_be_read_is_left_out_and_told() -> None:
    lost = Policy("lost", PolicyKind.MANAGED, None, arn=f"arn:aws:iam::{ACCOUNT}:policy/lost")
    found = access(allow("workmail:ListUsers"), more=[lost]).effective_policy("ana")
    assert not found.exact
    # The unread policy may deny what the other allows.
    assert found.document["Statement"] == []
    assert any("policy lost, which cannot be read, denies it" in note for note in found.notes)


def test_a_level_without_listed_scps_is_told() -> None:
    found = access(allow("workmail:ListUsers"), scp=()).effective_policy("ana")
    assert not found.exact
    assert found.document["Statement"] == []
    assert any("SCPs of root Root" in note for note in found.notes)


def test_a_row_that_only_it_can_say_is_taken_over() -> None:
    row = {"StringEquals": {"aws:UserAgent": "${aws:SourceIdentity}"}}
    assert statements(access(allow("workmail:ListUsers", row))) == [
        {"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": "*", "Condition": row}
    ]


def test_fixed_keys_are_not_asked_again() -> None:
    found = access(allow("workmail:ListUsers", MFA))
    given = found.given({"aws:MultiFactorAuthPresent": True}).effective_policy("ana")
    assert given.document["Statement"] == [
        {"Sid": "ListUsers", "Effect": "Allow", "Action": "workmail:ListUsers", "Resource": "*"}
    ]
    assert "Given aws:MultiFactorAuthPresent = True." in str(given)
    without = found.given({"aws:MultiFactorAuthPresent": False}).effective_policy("ana")
    assert without.document["Statement"] == []


def test_a_long_policy_says_where_it_does_not_fit() -> None:
    arns = [f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-{n:032d}" for n in range(40)]
    found = access(
        allow("workmail:ListUsers", Resource=arns), organizations=[organization(a) for a in arns]
    ).effective_policy("ana")
    text = re.sub(r"\s", "", found.to_json())
    assert found.size == len(text) > 2048
    assert found.exceeds == ("the inline policies of a user",)
    assert "That is more than AWS takes as the inline policies of a user: 2,048." in str(found)


def test_a_root_user_has_no_policies() -> None:
    with pytest.raises(NoEffectivePolicy, match="root user"):
        access(allow("*")).effective_policy("root")


def test_a_wrong_document_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    real = effective.statements_of

    def too_wide(*arguments: Any) -> list[dict[str, Any]]:
        return [{**statement, "Action": "workmail:*"} for statement in real(*arguments)]

    def nothing(*_: Any) -> list[dict[str, Any]]:
        return []

    found = access(allow("workmail:ListUsers"))
    for wrong in (too_wide, nothing):
        monkeypatch.setattr(effective, "statements_of", wrong)
        with pytest.raises(WmiamError, match="internal error"):
            found.effective_policy("ana")


def test_html_escapes_what_policies_say() -> None:
    script = "<script>alert(1)</script>"
    found = access(allow("workmail:ListUsers", {"StringEquals": {"aws:UserAgent": script}}))
    html = found.effective_policy("ana")._repr_html_()
    assert script not in html
    assert "&lt;script&gt;" in html


def test_policies_of_a_permission_may_be_many() -> None:
    extra = policy([allow("workmail:ListGroups")], PolicyKind.MANAGED, PolicyType.IDENTITY)
    found = access(allow("workmail:ListUsers"), more=[extra])
    assert statements(found) == [
        {"Effect": "Allow", "Action": ["workmail:ListGroups", "workmail:ListUsers"], "Resource": "*"}
    ]


# -- the sample estate --------------------------------------------------------


@pytest.fixture(scope="module")
def acme() -> wmiam.Access:
    return wmiam.load(Path(__file__).resolve().parents[2] / "data" / "acme").access()


EUROPE = "arn:aws:workmail:eu-west-1:444455556666:organization/m-n1pq2345678r901st2u3vx45x6789yza"
REGIONS = {"StringEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1", "us-east-1", "us-west-2"]}}


def named(effective_policy: effective.EffectivePolicy) -> dict[str, dict[str, Any]]:
    assert effective_policy.exact
    return {s.pop("Sid"): s for s in json.loads(effective_policy.to_json())["Statement"]}


def test_the_help_desk(acme: wmiam.Access) -> None:
    # By hand from help-desk, its deny on executives and AcmeAllowedRegions: reading in eu-west-1,
    # resetting passwords there with MFA, in acme-europe alone.
    assert named(acme.effective_policy("mateo.jackson")) == {
        "ReadAndListInEuWest1": {
            "Effect": "Allow",
            "Action": [
                "workmail:DescribeOrganization",
                "workmail:DescribeUser",
                "workmail:GetMailboxDetails",
                "workmail:ListUsers",
                "workmail:SearchMembers",
            ],
            "Resource": "arn:aws:workmail:eu-west-1:444455556666:organization/*",
        },
        "ListOrganizationsByRequestedRegion": {
            "Effect": "Allow",
            "Action": "workmail:ListOrganizations",
            "Resource": "*",
            "Condition": REGIONS,
        },
        "ResetPasswordOnAcmeEuropeWithMfa": {
            "Effect": "Allow",
            "Action": "workmail:ResetPassword",
            "Resource": EUROPE,
            "Condition": MFA,
        },
    }


def test_the_migration(acme: wmiam.Access) -> None:
    time = {
        "DateGreaterThan": {"aws:CurrentTime": "2026-11-01T00:00:00Z"},
        "DateLessThan": {"aws:CurrentTime": "2026-12-20T00:00:00Z"},
    }
    role = {"StringEquals": {"workmail:ImpersonationRoleId": "5a2c8f14-3b7d-4e69-9f01-2d4c6b8a0e13"}}
    assert named(acme.effective_policy("martha.rivera")) == {
        "ReadAndListOnAcmeEuropeByCurrentTime": {
            "Effect": "Allow",
            "Action": [
                "workmail:GetImpersonationRole",
                "workmail:ListImpersonationRoles",
                "workmail:ListUsers",
            ],
            "Resource": EUROPE,
            "Condition": time,
        },
        "AssumeImpersonationRoleOnAcmeEuropeByCurrentTimeAndImpersonationRoleId": {
            "Effect": "Allow",
            "Action": "workmail:AssumeImpersonationRole",
            "Resource": EUROPE,
            "Condition": {**time, **role},
        },
    }


def test_break_glass_may_do_everything(acme: wmiam.Access) -> None:
    assert named(acme.effective_policy("AcmeBreakGlass")) == {
        "All": {"Effect": "Allow", "Action": ["workmail:*", "workmailmessageflow:*"], "Resource": "*"}
    }


@pytest.mark.parametrize("name", ["maria.garcia", "zhang.wei", "richard.roe", "ana.silva"])
def test_mistakes_that_leave_nothing(acme: wmiam.Access, name: str) -> None:
    assert named(acme.effective_policy(name)) == {}


def test_every_principal_of_the_sample_estate(acme: wmiam.Access) -> None:
    counted = 0
    for principal in acme.principals:
        if principal.name == "root":
            continue
        found = acme.effective_policy(principal.arn)
        again = acme.effective_policy(principal.arn)
        assert (found.exact, found.needs_deny, found.document) == (True, (), again.document)
        sids = [statement["Sid"] for statement in found.document["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
        granted = {row.action for row in acme.rows(principal.arn)}
        for statement in found.document["Statement"]:
            actions = statement["Action"]
            for pattern in [actions] if isinstance(actions, str) else actions:
                covered = {action.full_name for action in load().expand(pattern)}
                # An account without organizations may have wildcards for those that it may get.
                if any(o.account == principal.account for o in acme.organizations):
                    assert covered <= granted, (principal.arn, pattern)
        counted += bool(sids)
    assert counted > 35


def test_organizations_that_nothing_tells_apart_are_all_written_down() -> None:
    arns = [f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-{n:02d}" for n in range(30)]
    some = arns[3:9] + arns[20:22]
    found = access(
        allow("workmail:ListUsers", Resource=some),
        allow("workmail:ListGroups", Resource=arns[20:22]),
        organizations=[organization(arn) for arn in arns],
    )
    assert sorted(statements(found), key=str) == [
        {"Effect": "Allow", "Action": "workmail:ListGroups", "Resource": arns[20:22]},
        {"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": some},
    ]
