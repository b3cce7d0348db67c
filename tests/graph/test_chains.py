"""Queries on chains: what must agree between steps, who reaches what, and what would cut it."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

import pytest
from small_estates import MFA, A, B, estate, inline, role, trust, user

from wmiam.access import Access
from wmiam.errors import RequestError, UnknownNameError
from wmiam.estate.model import Group, Organization, Policy, Principal
from wmiam.graph.routes import Path
from wmiam.sources import load

DATA = FilePath(__file__).resolve().parents[2] / "data" / "acme"
ANA = f"arn:aws:iam::{A}:user/ana"
OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
HOME = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
SAML = f"arn:aws:iam::{A}:saml-provider/Idp"


def mailbox(account: str = A) -> Organization:
    arn = f"arn:aws:workmail:eu-west-1:{account}:organization/m-{account}"
    return Organization(arn, f"m-{account}", "eu-west-1", account, tags=())


def resets(**condition: Any) -> Policy:
    """Return a policy that lets its holder take over mailboxes."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "workmail:ResetPassword", "Resource": "*"}
    return inline({**statement, "Condition": condition} if condition else statement, name="resets")


def arn(name: str, account: str = A) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def access(*principals: Principal, **rest: Any) -> Access:
    return estate(*principals, organizations=(mailbox(),), **rest).access(progress=False)


def found(given: Access, source: str = "ana", **options: Any) -> list[Path]:
    return list(given.paths(source, "take-over-mailbox", **options))


@pytest.fixture(scope="module")
def acme() -> Access:
    return load(DATA).access(progress=False)


# -- what must agree between steps ------------------------------------------


def test_a_chain_ends_in_what_its_last_role_can_do() -> None:
    given = access(
        user("ana"), role("first", [trust(ANA)]), role("second", [trust(arn("first"))], A, resets())
    )
    (path,) = found(given)
    assert path.nodes == (ANA, arn("first"), arn("second"))
    assert (path.decision, path.when, path.way, path.length) == ("allowed", "", "chain", 2)
    assert [step.kind for step in path.steps] == ["assume", "assume", "use"]
    assert "an hour at most" in path.notes[0]


def test_s1_a_chained_session_has_no_mfa() -> None:
    def asked(**condition: Any) -> list[Path]:
        return found(
            access(
                user("ana"),
                role("first", [trust(ANA, **MFA)]),
                role("second", [trust(arn("first"), **condition)], A, resets()),
            )
        )

    assert asked(**MFA) == []
    (path,) = asked()
    assert path.when == f"with MFA (to become first ({A}))"


def test_s1_what_a_session_may_do_is_asked_without_mfa() -> None:
    assert found(access(user("ana"), role("first", [trust(ANA)], A, resets(**MFA)))) == []
    # By itself the role may have a session with MFA; nobody knows how that was started.
    assert access(user("ana"), role("first", [trust(ANA)], A, resets(**MFA))).who_reaches(
        "take-over-mailbox"
    )["principal"].tolist() == [arn("first")]


@pytest.mark.parametrize(("first", "second", "reached"), [(OFFICE, OFFICE, 1), (OFFICE, HOME, 0)])
def test_the_steps_of_one_sitting_come_from_one_place(
    first: dict[str, Any], second: dict[str, Any], reached: int
) -> None:
    given = access(user("ana"), role("first", [trust(ANA, **first)], A, resets(**second)))
    paths = found(given)
    assert len(paths) == reached
    for path in paths:
        assert path.throughout == ("from 203.0.113.0/24",)
        assert [step.conditions for step in path.steps] == [(), ()]
    frame = given.who_reaches("take-over-mailbox")
    assert (ANA in frame["principal"].tolist()) is bool(reached)


def test_what_the_steps_ask_of_the_place_is_conjoined() -> None:
    half = {"IpAddress": {"aws:SourceIp": ["203.0.113.128/25", "192.0.2.0/24"]}}
    (path,) = found(access(user("ana"), role("first", [trust(ANA, **OFFICE)], A, resets(**half))))
    assert path.when == "from 203.0.113.128/25"
    addresses = {shown.requests[0]["context"]["aws:SourceIp"] for shown in path.evidence}
    assert len(addresses) == 1
    assert addresses.pop().startswith("203.0.113.")


def test_what_is_changed_can_be_used_from_elsewhere() -> None:
    keys = {"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*", "Condition": OFFICE}
    given = access(user("ana", A, inline(keys, name="keys")), user("bob", A, resets(**HOME)))
    (path,) = found(given)
    assert path.conditions == (
        f"from 203.0.113.0/24 (to become bob ({A}))",
        "from 198.51.100.0/24 (for take-over-mailbox)",
    )


def test_the_steps_of_one_sitting_are_of_one_time() -> None:
    before = {"DateLessThan": {"aws:CurrentTime": "2026-11-01T00:00:00Z"}}
    after = {"DateGreaterThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"}}
    assert found(access(user("ana"), role("first", [trust(ANA, **before)], A, resets(**after)))) == []
    assert found(access(user("ana"), role("first", [trust(ANA, **before)], A, resets(**before))))


def test_keys_of_single_requests_need_not_agree() -> None:
    one = {"StringEquals": {"sts:ExternalId": "one"}}
    two = {"StringEquals": {"sts:ExternalId": "two"}}
    given = access(
        user("ana"),
        role("first", [trust(ANA, **one)]),
        role("second", [trust(arn("first"), **two)], A, resets()),
    )
    (path,) = found(given)
    assert [step.conditions for step in path.steps] == [
        ("sts:ExternalId is 'one'",),
        ("sts:ExternalId is 'two'",),
        (),
    ]


def test_what_a_service_started_comes_from_elsewhere_at_the_same_time() -> None:
    lambda_ = {"Service": "lambda.amazonaws.com"}
    office_only = access(role("first", [trust(lambda_)], A, resets(**OFFICE)))
    (path,) = found(office_only, "lambda.amazonaws.com")
    assert path.when == "from 203.0.113.0/24 (for take-over-mailbox)"


def test_a_login_by_an_identity_provider_has_no_mfa_keys() -> None:
    def asked(operator: str) -> list[Path]:
        condition = {operator: {"aws:MultiFactorAuthPresent": "true"}}
        trusted = [trust({"Federated": SAML}, action="sts:AssumeRoleWithSAML"), trust(ANA)]
        return found(
            access(
                user("ana"),
                role("first", trusted),
                role("second", [trust(arn("first"), **condition)], A, resets()),
            ),
            SAML,
        )

    assert asked("Bool") == []
    # The key is not there: asked for where it exists, it does not matter.
    assert len(asked("BoolIfExists")) == 1


# -- paths ------------------------------------------------------------------


def diamond() -> Access:
    return access(
        user("ana"),
        role("left", [trust(ANA), trust(arn("right"))]),
        role("right", [trust(ANA, **MFA)]),
        role("end", [trust([arn("left"), arn("right")])], A, resets()),
    )


def test_shortest_paths_and_all_of_them() -> None:
    given = diamond()
    assert [path.length for path in found(given)] == [2, 2]
    assert [path.length for path in found(given, all=True)] == [2, 2, 3]
    assert [path.length for path in found(given, all=True, cutoff=2)] == [2, 2]
    assert found(given, cutoff=1) == []


def test_paths_lead_to_principals_and_organizations() -> None:
    given = diamond()
    (path,) = given.paths("ana", "right")
    assert path.end == arn("right")
    assert [step.kind for step in path.steps] == ["assume"]
    assert {path.end for path in given.paths("ana", f"m-{A}")} == {arn("end")}
    (one, two) = given.paths("ana", ("take-over-mailbox", f"m-{A}"))
    assert one.organizations == two.organizations == (mailbox().arn,)
    frame = given.paths("ana", "right").frame()
    assert frame.to_dict("records")[0]["when"] == "with MFA"


def test_a_path_names_the_statements_of_its_steps() -> None:
    (path,) = diamond().paths("ana", "right")
    (step,) = path.steps
    assert [cause.statement.label for cause in step.statements] == ["0"]


def test_unknown_names_are_told_with_the_near_ones() -> None:
    given = diamond()
    with pytest.raises(UnknownNameError, match="read-mail"):
        given.who_reaches("read-mial")
    with pytest.raises(UnknownNameError, match="lefft"):
        given.paths("lefft", "right")
    with pytest.raises(UnknownNameError):
        given.paths("ana", "nothing-like-it")


# -- who reaches, reach -----------------------------------------------------


def test_who_reaches_gives_a_longer_way_that_is_free_besides_a_short_one_that_is_not() -> None:
    given = access(
        user("ana"),
        role("short", [trust(ANA, **MFA)], A, resets()),
        role("middle", [trust(ANA)]),
        role("long", [trust(arn("middle"))], A, resets()),
    )
    frame = given.who_reaches("take-over-mailbox")
    rows = frame[frame["principal"] == ANA]
    assert rows[["length", "decision"]].values.tolist() == [[1, "conditional"], [2, "allowed"]]


def test_who_reaches_tells_sources_apart() -> None:
    given = access(
        Principal(f"arn:aws:iam::{A}:root", "root", A, kind=user("x").kind.ROOT),
        role(
            "open",
            [
                trust({"Service": "lambda.amazonaws.com"}),
                trust("999999999999"),
                trust({"Federated": SAML}, action="sts:AssumeRoleWithSAML"),
            ],
            A,
            resets(),
        ),
    )
    frame = given.who_reaches("take-over-mailbox").set_index("principal")
    assert frame["kind"].to_dict() == {
        arn("open"): "role",
        f"arn:aws:iam::{A}:root": "root",
        "999999999999": "external account",
        SAML: "identity provider",
        "lambda.amazonaws.com": "service principal",
    }


def test_reach_counts_what_is_gained_by_chains() -> None:
    given = access(user("ana", A, resets()), role("first", [trust(ANA)], A, resets()))
    found_one = given.reach("ana")
    assert found_one.principals == (arn("first"),)
    assert [len(r.gained) for r in found_one] == [0, 0]
    assert found_one.capabilities == {"take-over-mailbox": (mailbox().arn,)}
    other = access(user("ana"), role("first", [trust(ANA)], A, resets())).reach("ana")
    assert [len(r.gained) for r in other] == [0, 1]
    assert other.frame()["steps"].tolist() == ["", f"assumes first ({A})"]


def test_reach_tells_each_principal_once_and_the_source_itself_first() -> None:
    trusted = [trust({"Federated": SAML}, action="sts:AssumeRoleWithSAML"), trust(ANA)]
    keys = inline({"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*"}, name="keys")
    given = access(user("ana", A, keys), role("first", trusted, A, keys), user("bob"))
    frame = given.reach("ana").frame()
    assert frame["name"].tolist() == ["ana", "first", "bob"]
    assert given.reach(SAML).frame()["name"].tolist() == ["Idp", "first", "ana", "bob"]


def test_an_administrator_acts_as_everybody_whom_iam_can_change() -> None:
    writes = inline({"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}, name="writes")
    service = [trust({"Service": "lambda.amazonaws.com"})]
    given = access(
        user("ana", A, writes),
        user("bob"),
        role("linked", service, path="/aws-service-role/lambda.amazonaws.com/"),
        role("reserved", service, path="/aws-reserved/sso.amazonaws.com/"),
        role("plain", service),
        user("far", B),
    )
    frame = given.reach("ana").frame()
    assert frame["name"].tolist() == ["ana", f"administrator of {A}", "plain", "bob"]
    assert frame.set_index("name").loc[f"administrator of {A}", "kind"] == "account administrator"
    assert len(given.reach("ana").capabilities) == 10


def test_given_keys_hold_in_every_request_and_mfa_in_those_with_own_credentials() -> None:
    given = access(
        user("ana"),
        role("first", [trust(ANA, **MFA)]),
        role("second", [trust(arn("first"), **OFFICE)], A, resets()),
    )
    assert found(given.given({"aws:MultiFactorAuthPresent": False})) == []
    (path,) = found(given.given({"aws:MultiFactorAuthPresent": True, "aws:SourceIp": "203.0.113.9"}))
    assert path.decision == "allowed"
    assert found(given.given({"aws:SourceIp": "192.0.2.1"})) == []


# -- blast radius -----------------------------------------------------------


def test_a_leaked_session_carries_no_mfa() -> None:
    given = access(
        role("first", [trust(arn("other"))], A, resets()),
        role("second", [trust(arn("first"), **MFA)], A, resets()),
        role("other", [trust({"Service": "lambda.amazonaws.com"})]),
    )
    assert given.blast_radius("first").principals == 1
    leaked = given.blast_radius("first", leaked=True)
    assert (leaked.principals, leaked.permissions, leaked.ends, leaked.stays) == (0, 1, 1, ())
    with pytest.raises(RequestError, match="no role"):
        access(user("ana")).blast_radius("ana", leaked=True)


def test_what_a_chain_has_changed_outlives_the_session() -> None:
    keys = inline({"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*"}, name="keys")
    given = access(user("ana", A, keys), user("bob", A, resets()), role("first", [trust(ANA)], A, resets()))
    radius = given.blast_radius("ana")
    assert radius.stays == (f"arn:aws:iam::{A}:user/bob",)
    assert radius.ends == 0
    path = next(p for p in given.paths("ana", "take-over-mailbox") if p.way == "escalation")
    assert path.steps[0].title == f"becomes bob ({A}) by iam-create-access-key"
    assert [cause.policy.name for cause in path.steps[0].statements] == ["keys"]


# -- choke points -----------------------------------------------------------


def test_the_step_that_all_chains_go_through_cuts_most() -> None:
    given = access(
        user("ana"),
        user("bob"),
        role("gate", [trust([ANA, f"arn:aws:iam::{A}:user/bob"])]),
        role("end", [trust(arn("gate"))], A, resets()),
    )
    frame = given.choke_points("take-over-mailbox")
    steps = frame[frame["kind"] == "step"]
    # ana, bob, gate and end reach it; without the step only end does.
    assert steps.iloc[0][["name", "cuts", "left"]].tolist() == [f"gate ({A}) → end ({A})", 3, 1]
    assert frame[frame["kind"] == "role"].iloc[0][["cuts", "left"]].tolist() == [4, 0]
    statement = frame[frame["kind"] == "statement"].iloc[0]
    assert (statement["name"], statement["cuts"]) == ("resets#0", 4)


def test_a_step_beside_another_cuts_nothing() -> None:
    frame = diamond().choke_points("take-over-mailbox", statements=False)
    assert f"ana ({A}) → right ({A})" not in frame["name"].tolist()


# -- what could go ----------------------------------------------------------


def test_what_another_policy_gives_as_well_could_go() -> None:
    own = inline({"Effect": "Allow", "Action": "workmail:*", "Resource": "*"}, name="all")
    group = Group(f"arn:aws:iam::{A}:group/desk", "desk", A, attached=(resets(),))
    given = access(user("ana", A, own, resets(), groups=(group,)))
    frame = given.redundant("ana")
    assert frame[["kind", "name", "through"]].values.tolist() == [
        ["membership", "desk", ""],
        ["policy", "resets", ""],
        ["policy", "resets", "desk"],
    ]
    assert frame["together"].all()


def test_of_two_that_give_the_same_one_could_go_with_the_other_left() -> None:
    given = access(
        user(
            "ana",
            A,
            resets(),
            inline({"Effect": "Allow", "Action": "workmail:ResetPassword", "Resource": "*"}, name="again"),
        )
    )
    assert given.redundant("ana")["together"].tolist() == [True, False]


def test_what_other_services_need_is_never_called_redundant() -> None:
    both = {"Effect": "Allow", "Action": ["workmail:ResetPassword", "s3:GetObject"], "Resource": "*"}
    given = access(user("ana", A, resets(), inline(both, name="both")))
    assert given.redundant("ana")["name"].tolist() == ["resets"]


# -- the sample estate ------------------------------------------------------


def test_who_reads_executives_mail_in_the_sample_estate(acme: Access) -> None:
    """The lists of data/README.md, worked out by hand."""
    frame = acme.who_reaches("read-mail", "acme-executives")
    people = frame[frame["kind"].isin(["user", "role"])]

    def names(way: str) -> set[str]:
        rows = people[people["way"] == way]
        return {
            f"{name.partition('_')[0]} {account}"
            for name, account in zip(rows["name"], rows["account"], strict=True)
        }

    mail, sandbox = "444455556666", "555566667777"
    assert names("chain") == {
        "breakglass-1 111122223333",
        "breakglass-2 111122223333",
        "AWSReservedSSO 111122223333",
        f"liu.jie {sandbox}",
        f"SandboxPipeline {sandbox}",
        f"OrganizationAccountAccessRole {sandbox}",
    }
    assert names("escalation") == {f"AcmeDeployMail {mail}", f"kwaku.mensah {mail}"}
    assert {f"mary.major {mail}", f"AcmeBreakGlass {mail}", f"AcmeExecAssistantTool {mail}"} <= names(
        "direct"
    )
    assert not {f"mateo.jackson {mail}", f"saanvi.sarkar {mail}", f"root {mail}"} & names("direct")


def test_who_exports_mailboxes_in_the_sample_estate(acme: Access) -> None:
    frame = acme.who_reaches("export-mail", "acme-europe").set_index("name")
    assert frame.loc["paulo.santos", ["length", "decision"]].tolist() == [1, "conditional"]
    assert not {"mary.major", "jane.roe", "arnav.desai", "xiulan.wang"} & set(frame.index)
    assert "if a CloudFormation stack has the role" in frame.loc["svc-mail-backup", "when"]
    assert {"AcmeMailExportOperator", "AcmeBreakGlass", "AcmeCloudFormationExecution"} <= set(frame.index)
    assert acme.who_reaches("export-mail", "acme-factory").empty
