"""What a user relies on when asking an estate: answers, names, what-if, explanations, words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from wmiam.access import Access
from wmiam.access.frames import CELL_COLUMNS
from wmiam.conditions.words import cases_of, describe, witness
from wmiam.engine.diagrams import FALSE
from wmiam.errors import AmbiguousNameError, RequestError, UnknownNameError
from wmiam.estate.estate import Estate
from wmiam.estate.model import Account, Group, Organization, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document
from wmiam.sources import load

DATA = Path(__file__).resolve().parents[2] / "data" / "acme"
ACCOUNT = "111122223333"
ORG = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-{'a' * 32}"


TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}},
}


@pytest.fixture(scope="module")
def acme() -> Access:
    return load(DATA).access(progress=False)


def small(*statements: dict[str, Any], tags: Any = (), role: bool = False, stand_in: bool = False) -> Access:
    document = parse_document({"Version": "2012-10-17", "Statement": list(statements)}, PolicyType.IDENTITY)
    word = "role" if role else "user"
    principal = Principal(
        f"arn:aws:iam::{ACCOUNT}:{word}/ana",
        "ana",
        ACCOUNT,
        PrincipalKind.ROLE if role else PrincipalKind.USER,
        inline=(Policy("p", PolicyKind.INLINE, document),),
        trust=Policy("trust", PolicyKind.TRUST, parse_document(TRUST, PolicyType.TRUST)) if role else None,
    )
    organizations = [Organization(ORG, ORG.rpartition("/")[2], "eu-west-1", ACCOUNT, "acme", tags=tags)]
    if stand_in:
        arn = f"arn:aws:workmail:us-east-1:{ACCOUNT}:organization/*"
        organizations.append(Organization(arn, "*", "us-east-1", ACCOUNT, stand_in=True))
    estate = Estate((principal,), tuple(organizations), {ACCOUNT: Account(ACCOUNT, has_iam=True)})
    return estate.access(progress=False)


def allow(action: str = "workmail:ResetPassword", resource: str = "*", **condition: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def when(access: Access, action: str = "ResetPassword", org: str | None = "acme") -> str:
    frame = access.who_can(action, org, denied=True)
    assert len(frame) == 1
    return str(frame["when"].iloc[0] or frame["decision"].iloc[0])


def test_frames_have_the_documented_columns(acme: Access) -> None:
    frame = acme.who_can("ResetPassword", "acme-europe")
    assert tuple(frame.columns) == CELL_COLUMNS
    assert list(frame["decision"].cat.categories) == ["denied", "conditional", "allowed"]
    assert set(frame["organization"]) == {o.arn for o in acme.organizations if o.alias == "acme-europe"}
    assert (frame["decision"] != "denied").all()


def test_denied_rows_are_there_when_asked_for(acme: Access) -> None:
    frame = acme.who_can("ResetPassword", "acme-europe", denied=True)
    assert set(frame["principal"]) == {p.arn for p in acme.principals}
    foreign = frame[frame["account"] != "444455556666"]
    assert (foreign["decision"] == "denied").all()  # D10


def test_cells_of_several_names_are_those_of_each(acme: Access) -> None:
    names, actions = ["mateo.jackson", "john.stiles"], ["ResetPassword", "workmail:List*"]
    frame = acme.cells(names, actions, ["acme-europe"], denied=True)
    parts = [acme.cells(n, a, "acme-europe", denied=True) for n in names for a in actions]
    assert len(frame) == sum(len(part) for part in parts) > 0
    assert set(frame["name"]) == set(names)
    again = acme.cells([acme.find_principal(name).arn for name in names], actions, "acme-europe", denied=True)
    pd.testing.assert_frame_equal(frame, again)
    assert acme.cells([]).empty
    assert list(acme.cells([]).dtypes) == list(acme.cells(None, []).dtypes)


def test_matrix_is_the_most_of_the_cells(acme: Access) -> None:
    matrix = acme.matrix()
    cells = acme.cells()
    assert matrix.shape == (len(acme.principals), len(acme.catalog.actions))
    best = cells.groupby(["principal", "action"], observed=True)["decision"].max()
    for (principal, action), decision in best.items():
        assert matrix.loc[principal, action] == decision
    allowed = (matrix != "denied").to_numpy().sum()
    assert allowed == len(best)


def test_matrix_of_one_organization(acme: Access) -> None:
    matrix = acme.matrix("acme-executives")
    frame = acme.who_can("AssumeImpersonationRole", "acme-executives")
    column = matrix["workmail:AssumeImpersonationRole"]
    assert set(column.index[column != "denied"]) == set(frame["principal"])


def test_matrix_of_nobody_has_the_same_columns() -> None:
    nobody = Estate().access(progress=False).matrix()
    assert nobody.empty
    assert list(nobody.columns) == list(small(allow()).matrix().columns)


def test_labels_name_what_tables_hold_as_arns(acme: Access) -> None:
    frame = acme.what_can("terry.whitlock", denied=True)
    assert set(frame["organization"].map(acme.labels)) == {
        "without organization",
        *(o.label for o in acme.organizations if o.account == "444455556666"),
    }
    assert acme.labels[acme.find_principal("terry.whitlock").arn] == "terry.whitlock"


def test_capability_counts_agree_with_rows(acme: Access) -> None:
    frame = acme.capabilities()
    total = frame[(frame["capability"] == "take-over-mailbox") & (frame["organization"] == "")].iloc[0]
    assert total["allowed"] == len(total["principals"])
    reset = acme.who_can("ResetPassword")
    assert set(reset["principal"][reset["decision"] == "allowed"]) <= set(total["principals"])
    summary = {count.name: count for count in acme.summary().capabilities}
    assert summary["take-over-mailbox"].allowed == total["allowed"]
    assert summary["take-over-mailbox"].conditional == total["conditional"]


def test_a_capability_needs_its_permissions_under_one_context() -> None:
    access = small(
        allow("workmail:CreateUser", Bool={"aws:SecureTransport": "true"}),
        allow("workmail:RegisterToWorkMail"),
        allow("workmail:PutMailboxPermissions", Bool={"aws:SecureTransport": "false"}),
    )
    assert "take-over-mailbox" not in set(access.capability_of("ana")["capability"])


def test_names_short_glob_ambiguous_unknown(acme: Access) -> None:
    assert acme.find_principal("jane.roe").arn.endswith("/jane.roe")
    assert len(acme.find_principals("AWSReservedSSO_*")) > 1
    assert acme.find_actions("resetpassword") == ["workmail:ResetPassword"]
    with pytest.raises(AmbiguousNameError, match="names more than one principal"):
        acme.find_principal("AcmeSecurityAudit")
    with pytest.raises(UnknownNameError, match=r"jane\.roe"):
        acme.find_principal("jane.ro")
    with pytest.raises(UnknownNameError, match="workmail:ResetPassword"):
        acme.find_actions("ResetPasword")
    with pytest.raises(UnknownNameError, match="acme-europe"):
        acme.find_organizations("acme-europ")


def test_given_fixes_a_key_without_reading_again() -> None:
    access = small(allow(Bool={"aws:MultiFactorAuthPresent": "true"}))
    assert when(access) == "with MFA"
    assert when(access.given({"aws:MultiFactorAuthPresent": True})) == "allowed"
    assert when(access.given({"AWS:multifactorauthpresent": "False"})) == "denied"
    assert when(access.given({"aws:MultiFactorAuthPresent": None})) == "denied"
    assert when(access.given({"aws:MultiFactorAuthPresent": [True, False]})) == "with MFA"


def test_given_a_region_that_the_organization_is_not_in() -> None:
    access = small(allow())
    assert when(access.given({"aws:RequestedRegion": "us-east-1"})) == "denied"
    assert when(access.given({"aws:RequestedRegion": ["us-east-1", "eu-west-1"]})) == "allowed"


def test_given_needs_values() -> None:
    with pytest.raises(RequestError, match="no value"):
        small(allow()).given({"aws:SourceIp": []})


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"Bool": {"aws:SecureTransport": "true"}}, "over TLS"),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, "with MFA or with long-term access keys"),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "with temporary credentials without MFA"),
        ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, "with long-term access keys"),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, "allowed"),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, "denied"),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, "from 203.0.113.0/24"),
        ({"DateLessThan": {"aws:CurrentTime": "2027-03-31T00:00:00Z"}}, "before 2027-03-31T00:00:00Z"),
        ({"NumericLessThan": {"aws:EpochTime": "1806451200"}}, "before 2027-03-31T00:00:00Z"),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "900"}}, "MFA less than 900 seconds old"),
        ({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "900"}}, "MFA age in seconds is above 900"),
        ({"StringEquals": {"aws:UserAgent": ["a", "b"]}}, "aws:UserAgent is one of 'a', 'b'"),
        ({"StringNotLike": {"aws:UserAgent": "curl*"}}, "aws:UserAgent does not match 'curl*' or is absent"),
        ({"StringEquals": {"workmail:ImpersonationRoleId": "x"}}, "denied"),
        ({"StringNotEquals": {"workmail:ImpersonationRoleId": "x"}}, "allowed"),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "soon"}}, "denied"),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}}, "allowed"),
        ({"StringEquals": {"aws:username": "bo"}}, "denied"),
    ],
)
def test_conditions_in_plain_words(condition: dict[str, Any], words: str) -> None:
    assert when(small(allow(**condition))) == words


def test_shared_parts_of_a_sentence_are_said_once() -> None:
    access = small(
        allow(Bool={"aws:SecureTransport": "true"}, IpAddress={"aws:SourceIp": "203.0.113.0/24"}),
        allow(Bool={"aws:SecureTransport": "true", "aws:ViaAWSService": "true"}),
    )
    assert when(access) == "over TLS, and either aws:ViaAWSService is true or from 203.0.113.0/24"


def test_contradicting_conditions_are_denied() -> None:
    assert (
        when(small(allow(StringEquals={"aws:UserAgent": "a"}, StringLike={"aws:UserAgent": "b*"})))
        == "denied"
    )
    deny = {**allow(Bool={"aws:SecureTransport": "true"}), "Effect": "Deny"}
    assert when(small(allow(Bool={"aws:SecureTransport": "true"}), deny)) == "denied"


def test_an_mfa_age_exists_only_with_mfa() -> None:
    condition = {
        "Bool": {"aws:MultiFactorAuthPresent": "false"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "900"},
    }
    assert when(small(allow(**condition))) == "denied"


def test_roles_always_use_temporary_credentials() -> None:
    condition = {"Null": {"aws:MultiFactorAuthPresent": "true"}}
    assert when(small(allow(**condition), role=True)) == "denied"


def test_sessions_of_federated_identities_carry_no_mfa_keys() -> None:
    document = parse_document(
        {"Version": "2012-10-17", "Statement": allow(Null={"aws:MultiFactorAuthPresent": "true"})},
        PolicyType.IDENTITY,
    )
    trust = parse_document(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "sts:AssumeRoleWithSAML",
                "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/Idp"},
            },
        },
        PolicyType.TRUST,
    )
    role = Principal(
        f"arn:aws:iam::{ACCOUNT}:role/sso",
        "sso",
        ACCOUNT,
        PrincipalKind.ROLE,
        inline=(Policy("p", PolicyKind.INLINE, document),),
        trust=Policy("trust", PolicyKind.TRUST, trust),
    )
    organization = Organization(ORG, ORG.rpartition("/")[2], "eu-west-1", ACCOUNT, "acme", tags=())
    access = Estate((role,), (organization,)).access(progress=False)
    assert when(access) == "in a federated session"


def test_unknown_tags_stay_open() -> None:
    condition = {"StringEquals": {"aws:ResourceTag/Team": "red"}}
    assert when(small(allow(**condition), tags=None)) == "aws:ResourceTag/Team is 'red'"
    assert when(small(allow(**condition), tags=(("team", "red"),))) == "allowed"
    assert when(small(allow(**condition), tags=())) == "denied"


def test_a_wildcard_only_action_is_not_allowed_by_an_arn() -> None:
    access = small(allow("workmail:ListOrganizations", ORG))
    assert when(access, "ListOrganizations", None) == "denied"  # D11
    text = str(access.explain("ana", "ListOrganizations"))
    assert "takes no resource" in text


def test_any_other_organization_stays_in_sight() -> None:
    access = small(allow(resource=f"arn:aws:workmail:*:{ACCOUNT}:organization/*"), stand_in=True)
    frame = access.who_can("ResetPassword")
    assert f"arn:aws:workmail:us-east-1:{ACCOUNT}:organization/*" in set(frame["organization"])
    narrow = small(allow(resource=f"arn:aws:workmail:*:{ACCOUNT}:organization/m-b*"), stand_in=True)
    row = narrow.who_can("ResetPassword").iloc[0]
    assert row["decision"] == "conditional"
    assert "organization/m-b*" in row["when"]


def test_messages_of_one_direction() -> None:
    identity = ORG.rpartition("/")[2]
    arn = f"arn:aws:workmailmessageflow:eu-west-1:{ACCOUNT}:message/{identity}/incoming/*"
    assert when(small(allow("workmailmessageflow:*", arn)), "GetRawMessageContent") == "for incoming messages"


def test_an_unread_statement_leaves_the_answer_open() -> None:
    broken = {
        "Effect": "Allow",
        "Action": "workmail:*",
        "Resource": "*",
        "Condition": {"StringIs": {"a": "b"}},
    }
    row = small(broken).who_can("ResetPassword").iloc[0]
    assert row["decision"] == "conditional"
    assert "cannot be read" in row["when"]
    assert "(unread)" in small(broken).who_can("ResetPassword").iloc[0]["statements"] or row["through"]


def test_a_missing_document_leaves_the_answer_open() -> None:
    principal = Principal(
        f"arn:aws:iam::{ACCOUNT}:user/bo",
        "bo",
        ACCOUNT,
        PrincipalKind.USER,
        attached=(Policy("gone", PolicyKind.MANAGED, None, arn="arn:gone", problem="no file holds it"),),
    )
    organization = Organization(ORG, ORG.rpartition("/")[2], "eu-west-1", ACCOUNT, "acme", tags=())
    access = Estate((principal,), (organization,)).access(progress=False)
    row = access.who_can("ResetPassword", "acme").iloc[0]
    assert row["decision"] == "conditional"
    assert "policy gone" in row["when"]


def test_explain_names_statement_place_and_change(acme: Access) -> None:
    explanation = acme.explain("mary.major", "ResetPassword", "acme-europe")
    assert explanation.decision == "conditional"
    text = str(explanation)
    assert "authorization-details" in text
    assert "with MFA" in text
    deny = [
        v
        for layer in explanation.layers
        for v in layer.statements
        if v.effect == "Deny" and v.applies != "no"
    ]
    assert deny
    assert deny[0].origin is not None
    assert deny[0].origin.line is not None
    assert any(deny[0].label in change for change in explanation.changes)


def test_explain_across_accounts_says_why(acme: Access) -> None:
    explanation = acme.explain("john.stiles", "ResetPassword", "acme-europe")
    assert explanation.decision == "denied"
    assert "no resource-based policies" in explanation.reasons[0]


def test_explain_asks_for_one_organization(acme: Access) -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        acme.explain("jane.roe", "ResetPassword")
    assert str(caught.value).startswith(
        "no organization is named, and there is more than one; choose one of: "
    )
    assert "acme-executives (m-4f7c1e90a2b84d35b6c8d9e0f1a2b3c4)" in caught.value.candidates


def test_explain_tells_the_organizations_of_a_pattern(acme: Access) -> None:
    with pytest.raises(
        AmbiguousNameError, match=r"^'acme-e\*' names more than one organization; choose"
    ) as caught:
        acme.explain("jane.roe", "ResetPassword", "acme-e*")
    assert [text.partition(" ")[0] for text in caught.value.candidates] == ["acme-executives", "acme-europe"]


@pytest.mark.parametrize("principal", ["jane.roe", "john.stiles"])
def test_explain_says_that_the_organization_is_deleted(acme: Access, principal: str) -> None:
    europe = acme.find_organizations("acme-europe")[0]
    rest = [o for o in acme.organizations if o is not europe]
    found = Access.of(replace(acme.estate, organizations=(replace(europe, state="Deleted"), *rest)))
    before = acme.explain(principal, "ResetPassword", "acme-europe")
    after = found.explain(principal, "ResetPassword", "acme-europe")
    note = "WorkMail has deleted the organization acme-europe: permissions on it have no effect."
    assert note in after.notes
    assert note in str(after)
    assert note not in before.notes
    assert (after.decision, after.when) == (before.decision, before.when)


def test_every_sentence_of_the_sample_is_exact(acme: Access) -> None:
    space = acme.whole.space
    seen = set()
    for row in acme.rows():
        if row.decision != "conditional" or (row.contexts, row.within) in seen:
            continue
        seen.add((row.contexts, row.within))
        cases = cases_of(row.contexts, row.within, space)
        assert cases is not None
        union = space.diagrams.any_of(space.diagrams.cube(case) for case in cases)
        assert space.diagrams.both(union, row.within) == row.contexts
        assert describe(row.contexts, row.within, space)
        assert witness(row.contexts, row.within, space) is not None
    assert len(seen) > 10


def test_every_witness_of_the_sample_is_allowed_when_given(acme: Access) -> None:
    done = set()
    for row in acme.rows(action="ResetPassword"):
        if row.decision != "conditional" or row.contexts in done:
            continue
        done.add(row.contexts)
        example = witness(row.contexts, row.within, acme.whole.space) or {}
        fixed = acme.given(dict(example))
        again = [r for r in fixed.rows(row.principal, row.action) if r.organization == row.organization]
        assert again
        assert again[0].contexts != FALSE
    assert done


def test_allows_refuses_a_context_that_cannot_be() -> None:
    access = small(allow(Bool={"aws:SecureTransport": "true"}))
    assert access.allows("ana", "ResetPassword", "acme", {"aws:SecureTransport": True})
    assert not access.allows("ana", "ResetPassword", "acme", {"aws:SecureTransport": "false"})
    with pytest.raises(RequestError):
        access.allows("ana", "ResetPassword", "acme", {})


def test_frames_are_empty_but_typed_where_nobody_can() -> None:
    frame = small(allow("s3:*")).who_can("ResetPassword")
    assert frame.empty
    assert tuple(frame.columns) == CELL_COLUMNS
    assert isinstance(frame["decision"].dtype, pd.CategoricalDtype)


def test_members_of_a_class_keep_their_own_ways() -> None:
    document = parse_document({"Version": "2012-10-17", "Statement": [allow()]}, PolicyType.IDENTITY)
    policy = Policy("shared", PolicyKind.MANAGED, document, arn="arn:shared")
    group = Group(f"arn:aws:iam::{ACCOUNT}:group/g", "g", ACCOUNT, attached=(policy,))
    users = [
        Principal(f"arn:aws:iam::{ACCOUNT}:user/a", "a", ACCOUNT, PrincipalKind.USER, attached=(policy,)),
        Principal(f"arn:aws:iam::{ACCOUNT}:user/b", "b", ACCOUNT, PrincipalKind.USER, groups=(group,)),
        Principal(
            f"arn:aws:iam::{ACCOUNT}:user/c",
            "c",
            ACCOUNT,
            PrincipalKind.USER,
            attached=(policy,),
            groups=(group,),
        ),
    ]
    organization = Organization(ORG, ORG.rpartition("/")[2], "eu-west-1", ACCOUNT, "acme", tags=())
    access = Estate(tuple(users), (organization,)).access(progress=False)
    frame = access.who_can("ResetPassword", "acme").set_index("name")
    assert len({id(access.whole.class_of[user.arn]) for user in users}) == 1
    assert frame.loc["a", "through"] == "policy shared"
    assert frame.loc["b", "through"] == "group g › policy shared"
    assert frame.loc["c", "through"] == "policy shared; group g › policy shared"
    views = [view for layer in access.explain("b", "ResetPassword").layers for view in layer.statements]
    assert [view.through for view in views] == ["group g › policy shared"]
