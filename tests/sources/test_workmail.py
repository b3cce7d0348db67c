"""What the ``aws workmail`` calls print, and organizations that no inventory lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from estate_shapes import (
    ORGANIZATION,
    A,
    B,
    Json,
    call,
    codes,
    details,
    document,
    inline,
    only,
    organization,
    place,
    read,
    user,
)

from wmiam.diagnostics import Severity
from wmiam.estate.estate import Estate
from wmiam.sources.standins import WORKMAIL_REGIONS

OTHER = "m-8d21b6f0c3e94a57a1b2c3d4e5f60718"
ROLE = "5a2c8f14-3b7d-4e69-9f01-2d4c6b8a0e13"


def arn(name: str = ORGANIZATION, region: str = "eu-west-1", account: str = A) -> str:
    return f"arn:aws:workmail:{region}:{account}:organization/{name}"


def described(name: str = ORGANIZATION, region: str = "eu-west-1", **more: object) -> Json:
    return {
        "OrganizationId": name,
        "Alias": f"acme-{name[2:4]}",
        "State": "Active",
        "DirectoryId": "d-93670a1b2c",
        "DirectoryType": "SimpleAD",
        "DefaultMailDomain": "example.com",
        "CompletedDate": "2024-05-01T08:00:00+00:00",
        "ARN": arn(name, region),
        "InteroperabilityEnabled": False,
        **more,
    }


def listed(*names: str, **more: object) -> Json:
    return {
        "OrganizationSummaries": [
            {
                "OrganizationId": n,
                "Alias": f"acme-{n[2:4]}",
                "DefaultMailDomain": "example.com",
                "State": "Active",
            }
            for n in names
        ],
        **more,
    }


def listing(*names: str, region: str = "eu-west-1", account: str = A, **more: object) -> Json:
    return call("list-organizations", listed(*names, **more), Region=region, Account=account)


ROLE_RECORD: Json = {
    "ImpersonationRoleId": ROLE,
    "Name": "Migration",
    "Type": "FULL_ACCESS",
    "Description": "For the move",
    "Rules": [
        {
            "ImpersonationRuleId": "r1",
            "Name": "All",
            "Effect": "ALLOW",
            "TargetUsers": ["S-1-1-12-1"],
            "NotTargetUsers": ["S-1-1-12-2"],
        }
    ],
    "DateCreated": "2024-05-01T08:00:00+00:00",
    "DateModified": "2024-05-01T08:00:00+00:00",
}
ROLE_LIST: Json = {"Roles": [{"ImpersonationRoleId": ROLE, "Name": "Migration", "Type": "FULL_ACCESS"}]}
ALL_LISTED = {f"list-{region}.json": listing(region=region) for region in WORKMAIL_REGIONS}


def of(*statements_resource: str, **more: object) -> Json:
    """Return authorization details of a user with one inline policy for some resources."""
    return details(user(UserPolicyList=inline(document("workmail:*", list(statements_resource), **more))))  # type: ignore[arg-type]


def shown(estate: Estate) -> list[tuple[str, str, str, bool]]:
    return [(o.id, o.region, o.account, o.stand_in) for o in estate.organizations]


@pytest.mark.parametrize("state", ["Deleted", "Deleting", "DELETED"])
def test_a_deleted_organization_is_kept_with_its_state(tmp_path: Path, state: str) -> None:
    summaries = {"OrganizationSummaries": [{"OrganizationId": ORGANIZATION, "Alias": "acme", "State": state}]}
    files: dict[str, object] = {
        "list.json": call("list-organizations", summaries, Account=A, Region="eu-west-1"),
        "iam.json": details(user()),
    }
    found = organization(read(tmp_path, files))
    assert (found.state, found.is_deleted) == (state, True)


@pytest.mark.parametrize("whole", [True, False])
def test_a_whole_inventory(tmp_path: Path, whole: bool) -> None:
    parameters = {"OrganizationId": ORGANIZATION, "Region": "eu-west-1", "Account": A}
    files: dict[str, object] = ALL_LISTED | {
        "list-eu-west-1.json": listing(ORGANIZATION),
        "describe.json": described(),
        "roles.json": call("list-impersonation-roles", ROLE_LIST, **parameters)
        if whole
        else {"OrganizationId": ORGANIZATION, **ROLE_LIST},
        "role.json": call("get-impersonation-role", ROLE_RECORD, **parameters)
        if whole
        else {"OrganizationId": ORGANIZATION, **ROLE_RECORD},
        "tags.json": call(
            "list-tags-for-resource",
            {"Tags": [{"Key": "DataClass", "Value": "executive"}]},
            ResourceARN=arn(),
        ),
        "iam.json": details(user()),
    }
    estate = read(tmp_path, files)
    assert codes(estate) == []
    assert shown(estate) == [(ORGANIZATION, "eu-west-1", A, False)]
    found = organization(estate)
    assert (found.arn, found.alias, found.state) == (arn(), "acme-4f", "Active")
    assert found.tags == (("DataClass", "executive"),)
    assert found.origin is not None
    assert found.origin.source.name == "describe.json"
    assert found.impersonation_roles is not None
    (role,) = found.impersonation_roles
    assert (role.id, role.name, role.type, role.description) == (
        ROLE,
        "Migration",
        "FULL_ACCESS",
        "For the move",
    )
    (rule,) = role.rules
    assert (rule.effect, rule.target_users, rule.not_target_users) == (
        "ALLOW",
        ("S-1-1-12-1",),
        ("S-1-1-12-2",),
    )


def test_an_input_without_principals_says_so(tmp_path: Path) -> None:
    diagnostic = only(read(tmp_path, ALL_LISTED), "no-principals")
    assert diagnostic.severity is Severity.WARNING


def test_what_no_file_says_stays_open(tmp_path: Path) -> None:
    found = organization(read(tmp_path, {"d.json": described()}))
    assert found.tags is None
    assert found.impersonation_roles is None


def test_no_tags_and_no_roles_are_known_as_such(tmp_path: Path) -> None:
    files: dict[str, object] = {
        "d.json": described(),
        "t.json": call("list-tags-for-resource", {"Tags": []}, ResourceARN=arn()),
        "r.json": call("list-impersonation-roles", {"Roles": []}, OrganizationId=ORGANIZATION),
    }
    found = organization(read(tmp_path, files))
    assert found.tags == ()
    assert found.impersonation_roles == ()


def test_a_role_without_the_list_of_roles(tmp_path: Path) -> None:
    role = call("get-impersonation-role", ROLE_RECORD, OrganizationId=ORGANIZATION)
    estate = read(tmp_path, {"d.json": described(), "r.json": role, "iam.json": details(user())})
    assert codes(estate) == ["impersonation-roles-not-listed"]
    assert len(organization(estate).impersonation_roles or ()) == 1


def test_an_organization_whose_principals_are_not_there(tmp_path: Path) -> None:
    estate = read(tmp_path, {"d.json": described(), "iam.json": details(user("bob", B))})
    diagnostic = only(estate, "account-without-iam")
    assert diagnostic.severity is Severity.ERROR
    assert A in diagnostic.message
    assert "acme-4f" in diagnostic.message
    assert place(diagnostic)[0] == "d.json"


def test_an_organization_of_an_unknown_account_that_only_a_policy_names(tmp_path: Path) -> None:
    estate = read(tmp_path, {"iam.json": of(arn(account=B))})
    assert only(estate, "account-without-iam").severity is Severity.WARNING
    assert estate.complete


def test_a_parameter_that_is_misspelt(tmp_path: Path) -> None:
    tags = call("list-tags-for-resource", {"Tags": []}, ResourceArn=arn())
    estate = read(tmp_path, {"t.json": tags, "iam.json": details(user())})
    assert place(only(estate, "unknown-field"))[2] == "/Parameters/ResourceArn"
    assert "ResourceARN" in only(estate, "call-parameter-missing").message


def test_a_plain_list_is_placed_by_one_organization_that_is_known(tmp_path: Path) -> None:
    estate = read(
        tmp_path,
        {"list.json": listed(ORGANIZATION, OTHER), "describe.json": described(), "iam.json": details(user())},
    )
    assert codes(estate) == []
    assert organization(estate, OTHER).arn == arn(OTHER)
    assert all(not o.stand_in for o in estate.organizations)


def test_a_plain_list_is_placed_by_an_arn_in_tags(tmp_path: Path) -> None:
    tags = call("list-tags-for-resource", {"Tags": []}, ResourceARN=arn(OTHER, "us-east-1", B))
    estate = read(tmp_path, {"list.json": listed(ORGANIZATION, OTHER), "tags.json": tags})
    assert organization(estate).arn == arn(ORGANIZATION, "us-east-1", B)


@pytest.mark.parametrize(
    "output", [listed(ORGANIZATION), listed(), call("list-organizations", listed(OTHER), Region="eu-west-1")]
)
def test_a_list_without_a_place(tmp_path: Path, output: Json) -> None:
    estate = read(tmp_path, {"list.json": output, "iam.json": details(user())})
    diagnostic = only(estate, "organizations-without-place")
    assert diagnostic.severity is Severity.ERROR
    assert place(diagnostic)[0] == "list.json"
    assert [o.stand_in for o in estate.organizations] == [True]


@pytest.mark.parametrize(
    ("output", "parameter"),
    [
        (ROLE_LIST, "OrganizationId"),
        (ROLE_RECORD, "OrganizationId"),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "ResourceARN"),
    ],
)
def test_an_output_that_does_not_say_what_it_is_about(tmp_path: Path, output: Json, parameter: str) -> None:
    estate = read(tmp_path, {"iam.json": details(user()), "x.json": output})
    diagnostic = only(estate, "call-parameter-missing")
    assert parameter in diagnostic.message
    assert diagnostic.severity is Severity.ERROR


def test_tags_of_something_else(tmp_path: Path) -> None:
    tags = call("list-tags-for-resource", {"Tags": []}, ResourceARN="arn:aws:s3:::example-bucket")
    assert codes(read(tmp_path, {"t.json": tags, "d.json": described(), "iam.json": details(user())})) == []


def test_an_arn_that_is_not_the_organizations(tmp_path: Path) -> None:
    estate = read(tmp_path, {"d.json": described(ARN=arn(OTHER))})
    assert place(only(estate, "bad-arn")) == ("d.json", 9, "/ARN")


def test_a_call_that_failed(tmp_path: Path) -> None:
    failed = {
        "Call": "list-organizations",
        "Parameters": {"Region": "eu-west-1"},
        "Error": "AccessDeniedException",
    }
    estate = read(tmp_path, {"x.json": failed, "iam.json": details(user())})
    assert "AccessDeniedException" in only(estate, "call-failed").message
    assert not estate.complete


def test_an_effect_that_is_none(tmp_path: Path) -> None:
    record = {**ROLE_RECORD, "Rules": [{"Effect": "MAYBE"}]}
    estate = read(
        tmp_path,
        {
            "d.json": described(),
            "r.json": call("get-impersonation-role", record, OrganizationId=ORGANIZATION),
        },
    )
    assert place(only(estate, "bad-effect"))[2] == "/Output/Rules/0/Effect"


class TestOrganizationsThatPoliciesName:
    def test_by_arn(self, tmp_path: Path) -> None:
        message = f"arn:aws:workmailmessageflow:us-east-1:{A}:message/{OTHER}/incoming/*"
        estate = read(tmp_path, {"iam.json": of(arn(), message, arn("*", "us-west-2"), arn("m-1*"))})
        named = [o for o in estate.organizations if not o.stand_in]
        assert [(o.arn, o.tags, o.impersonation_roles) for o in named] == [
            (arn(), None, None),
            (arn(OTHER, "us-east-1"), None, None),
        ]

    def test_in_another_account(self, tmp_path: Path) -> None:
        estate = read(tmp_path, {"iam.json": of(arn(account=B))})
        assert organization(estate).account == B
        assert not estate.accounts[B].has_iam
        assert [(o.account, o.region) for o in estate.organizations if o.stand_in] == [(A, "eu-west-1")]

    def test_in_a_condition(self, tmp_path: Path) -> None:
        condition = {"ArnLike": {"aws:SourceArn": arn()}}
        assert organization(read(tmp_path, {"iam.json": of("*", Condition=condition)})).arn == arn()

    def test_but_not_where_a_complete_inventory_says_otherwise(self, tmp_path: Path) -> None:
        estate = read(tmp_path, ALL_LISTED | {"iam.json": of(arn())})
        assert estate.organizations == ()
        assert ORGANIZATION in only(estate, "organization-not-listed").message

    def test_without_saying_in_which_region_or_account(self, tmp_path: Path) -> None:
        estate = read(tmp_path, {"iam.json": of(arn(region="*", account="*"), arn("*", "us-east-1"))})
        assert shown(estate) == [(ORGANIZATION, "us-east-1", A, False), ("*", "us-east-1", A, True)]

    def test_that_the_inventory_knows_are_not_named_again(self, tmp_path: Path) -> None:
        estate = read(tmp_path, {"d.json": described(), "iam.json": of(arn(region="*"), arn())})
        assert [o.arn for o in estate.organizations if not o.stand_in] == [arn()]


class TestStandIns:
    def test_where_nothing_names_a_region(self, tmp_path: Path) -> None:
        estate = read(tmp_path, {"iam.json": of("*")})
        assert shown(estate) == [("*", "*", A, True)]
        (found,) = estate.organizations
        assert found.arn == f"arn:aws:workmail:*:{A}:organization/*"

    def test_one_for_each_account_and_region_named(self, tmp_path: Path) -> None:
        files: dict[str, object] = {
            "iam.json": of(
                "*", Condition={"StringEquals": {"AWS:RequestedRegion": ["us-east-1", "ap-south-1"]}}
            ),
            "b.json": details(user("bob", B)),
            "d.json": described(),
        }
        stand_ins = [one for one in shown(read(tmp_path, files)) if one[3]]
        assert stand_ins == [
            ("*", "eu-west-1", A, True),
            ("*", "eu-west-1", B, True),
            ("*", "us-east-1", A, True),
            ("*", "us-east-1", B, True),
        ]

    @pytest.mark.parametrize(
        ("condition", "regions"),
        [
            ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, ["eu-west-1"]),
            ({"StringLike": {"aws:RequestedRegion": "us-*"}}, ["us-east-1", "us-west-2"]),
            ({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}, list(WORKMAIL_REGIONS)),
            ({"StringNotLike": {"aws:RequestedRegion": "us-*"}}, list(WORKMAIL_REGIONS)),
            ({"StringEquals": {"aws:PrincipalTag/Region": "eu-west-1"}}, ["*"]),
            ({"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}, ["*"]),
        ],
    )
    def test_regions_that_conditions_tell_apart(
        self, tmp_path: Path, condition: Json, regions: list[str]
    ) -> None:
        estate = read(tmp_path, {"iam.json": of("*", Condition=condition)})
        assert [o.region for o in estate.organizations] == regions

    @pytest.mark.parametrize(
        ("resource", "regions"),
        [
            (arn("*", "us-*"), ["us-east-1", "us-west-2"]),
            (arn("*", "eu-central-1"), ["eu-central-1"]),
            (arn("*", "*"), ["*"]),
            (f"arn:aws:workmail:us-east-1:{A}:*", ["us-east-1"]),
            (f"arn:aws:workmailmessageflow:us-east-1:{A}:*", ["us-east-1"]),
            (f"arn:aws:ses:us-east-1:{A}:*", ["*"]),
            (f"arn:aws:workmail:${{aws:PrincipalTag/region}}:{A}:organization/*", list(WORKMAIL_REGIONS)),
        ],
    )
    def test_regions_that_resources_name(self, tmp_path: Path, resource: str, regions: list[str]) -> None:
        estate = read(tmp_path, {"iam.json": of(resource)})
        assert [o.region for o in estate.organizations] == regions

    def test_none_where_the_inventory_is_complete(self, tmp_path: Path) -> None:
        files = ALL_LISTED | {
            "iam.json": of("*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}})
        }
        assert read(tmp_path, files).organizations == ()

    def test_one_where_a_page_of_the_inventory_is_missing(self, tmp_path: Path) -> None:
        files = ALL_LISTED | {
            "iam.json": of("*"),
            "list-eu-west-1.json": listing(ORGANIZATION, NextToken="AAA"),
        }
        estate = read(tmp_path, files)
        assert [(o.id, o.region) for o in estate.organizations] == [
            (ORGANIZATION, "eu-west-1"),
            ("*", "eu-west-1"),
        ]
        assert codes(estate) == ["incomplete-listing"]

    def test_only_the_region_that_was_not_listed(self, tmp_path: Path) -> None:
        files: dict[str, object] = {
            "list.json": listing(region="eu-west-1"),
            "iam.json": of(arn("*", "us-east-1")),
        }
        assert shown(read(tmp_path, files)) == [("*", "us-east-1", A, True)]

    def test_they_come_last(self, tmp_path: Path) -> None:
        estate = read(tmp_path, {"iam.json": of(arn(region="us-west-2"), arn(OTHER, "eu-west-1"))})
        assert [o.stand_in for o in estate.organizations] == [False, False, True, True]
