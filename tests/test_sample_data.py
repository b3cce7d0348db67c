"""The sample estate under ``data/`` holds together by itself, and is read without error."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from wmiam.diagnostics import Severity
from wmiam.estate.model import PrincipalKind
from wmiam.sources import load

DATA = Path(__file__).resolve().parent.parent / "data"
ACME = DATA / "acme"
FILES = sorted(path for path in DATA.rglob("*") if path.is_file())
JSON_FILES = [path for path in FILES if path.suffix == ".json"]
ACCOUNTS = {"111122223333", "444455556666", "123456789012", "777788889999", "555566667777"}
CONTRACTOR = "999999999999"
ID_PREFIX = {
    "UserId": "AIDA",
    "GroupId": "AGPA",
    "RoleId": "AROA",
    "PolicyId": "ANPA",
    "InstanceProfileId": "AIPA",
}
Json = dict[str, Any]


def name(path: Path) -> str:
    return path.relative_to(DATA).as_posix()


@cache
def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def document(value: Any) -> Json:
    """Return a policy document that the file holds as an object or URL-encoded."""
    loaded: Json = json.loads(unquote(value)) if isinstance(value, str) else value
    return loaded


def calls(folder: str, call: str) -> Iterator[tuple[Json, Json]]:
    """Yield parameters and output of each wrapped call in files named after it."""
    for path in sorted((ACME / folder).rglob(f"{call}.json")):
        content = read(path)
        for wrapped in content if isinstance(content, list) else [content]:
            assert set(wrapped) == {"Call", "Parameters", "Output"}
            assert wrapped["Call"] == call
            yield wrapped["Parameters"], wrapped["Output"]


@cache
def account_details(account: str) -> dict[str, list[Json]]:
    """Return the lists of an account's authorization details, pages joined."""
    pages = [read(path) for path in sorted((ACME / "iam" / account).glob("*.json"))]
    keys = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    return {key: [item for page in pages for item in page[key]] for key in keys}


def entities(account: str) -> list[Json]:
    details = account_details(account)
    return [*details["UserDetailList"], *details["GroupDetailList"], *details["RoleDetailList"]]


def documents(account: str) -> Iterator[Json]:
    """Yield every policy document of an account: inline, trust and managed in all versions."""
    for entity in entities(account):
        for key in ("UserPolicyList", "GroupPolicyList", "RolePolicyList"):
            yield from (document(policy["PolicyDocument"]) for policy in entity.get(key, []))
        if "AssumeRolePolicyDocument" in entity:
            yield document(entity["AssumeRolePolicyDocument"])
    for policy in account_details(account)["Policies"]:
        yield from (document(version["Document"]) for version in policy["PolicyVersionList"])


def objects(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def test_small_enough_for_a_repository() -> None:
    assert sum(path.stat().st_size for path in FILES) < 600_000


@pytest.mark.parametrize("path", JSON_FILES, ids=name)
def test_json_as_the_command_line_prints_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=4, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix in (".yaml", ".yml")], ids=name)
def test_yaml_is_a_mapping(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_real_is_named(path: Path) -> None:
    text = unquote(path.read_text(encoding="utf-8"))
    assert set(re.findall(r"(?<![\w-])\d{12}(?![\w-])", text)) <= ACCOUNTS | {CONTRACTOR}
    for domain in re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text):
        assert re.fullmatch(r"(?:[\w-]+\.)*example\.(?:com|org|net)", domain), domain


def test_an_estate_file_for_each_account_and_no_other() -> None:
    assert {path.name for path in (ACME / "iam").iterdir()} == ACCOUNTS
    listed = {account["Id"] for account in read(ACME / "organizations/list-accounts.json")["Accounts"]}
    assert listed == ACCOUNTS


@pytest.mark.parametrize("account", sorted(ACCOUNTS))
class TestAccount:
    def test_pages_follow_each_other(self, account: str) -> None:
        pages = [read(path) for path in sorted((ACME / "iam" / account).glob("*.json"))]
        assert [page.get("IsTruncated", False) for page in pages] == [True] * (len(pages) - 1) + [False]
        assert all(page["Marker"] for page in pages[:-1])

    def test_arns_and_ids(self, account: str) -> None:
        seen: list[str] = []
        for item in objects(account_details(account)):
            for key in ID_PREFIX.keys() & item.keys():
                assert re.fullmatch(ID_PREFIX[key] + "[A-Z2-7]{17}", item[key]), item[key]
                if "CreateDate" in item and "Roles" not in item:
                    seen.append(item[key])
        # A role stands twice where an instance profile holds it.
        profiles = [
            p for role in account_details(account)["RoleDetailList"] for p in role["InstanceProfileList"]
        ]
        assert len(set(seen)) == len(seen) - len(profiles)
        for entity in entities(account):
            kind = next(k for k in ("User", "Group", "Role") if f"{k}Name" in entity)
            expected = f"arn:aws:iam::{account}:{kind.lower()}{entity['Path']}{entity[f'{kind}Name']}"
            assert entity["Arn"] == expected

    def test_what_is_attached_is_there(self, account: str) -> None:
        details = account_details(account)
        policies = {policy["Arn"]: policy for policy in details["Policies"]}
        attached = [p for entity in entities(account) for p in entity["AttachedManagedPolicies"]]
        boundaries = [e["PermissionsBoundary"] for e in entities(account) if "PermissionsBoundary" in e]
        for reference in attached:
            assert policies[reference["PolicyArn"]]["PolicyName"] == reference["PolicyName"]
        for arn, policy in policies.items():
            assert policy["AttachmentCount"] == sum(p["PolicyArn"] == arn for p in attached)
            bounded = sum(b["PermissionsBoundaryArn"] == arn for b in boundaries)
            assert policy["PermissionsBoundaryUsageCount"] == bounded
        assert {b["PermissionsBoundaryArn"] for b in boundaries} <= policies.keys()

    def test_groups_of_users_exist(self, account: str) -> None:
        details = account_details(account)
        groups = {group["GroupName"] for group in details["GroupDetailList"]}
        named = {group for user in details["UserDetailList"] for group in user["GroupList"]}
        assert named == groups

    def test_one_default_version(self, account: str) -> None:
        for policy in account_details(account)["Policies"]:
            defaults = [v["VersionId"] for v in policy["PolicyVersionList"] if v["IsDefaultVersion"]]
            assert defaults == [policy["DefaultVersionId"]]

    def test_documents_follow_the_grammar(self, account: str) -> None:
        for doc in documents(account):
            assert doc["Version"] in ("2012-10-17", "2008-10-17")
            statements = doc["Statement"] if isinstance(doc["Statement"], list) else [doc["Statement"]]
            for statement in statements:
                assert statement["Effect"] in ("Allow", "Deny")
                assert ("Action" in statement) != ("NotAction" in statement)
                trust = "Principal" in statement
                assert trust != ("Resource" in statement or "NotResource" in statement)

    def test_trusted_principals_of_the_estate_exist(self, account: str) -> None:
        known = {entity["Arn"] for a in ACCOUNTS for entity in entities(a)}
        known |= {f"arn:aws:iam::{a}:root" for a in ACCOUNTS | {CONTRACTOR}}
        for role in account_details(account)["RoleDetailList"]:
            for statement in document(role["AssumeRolePolicyDocument"])["Statement"]:
                named = statement["Principal"].get("AWS", [])
                assert set([named] if isinstance(named, str) else named) <= known


def test_document_shapes_vary() -> None:
    shapes = {
        account: {
            type(role["AssumeRolePolicyDocument"]) for role in account_details(account)["RoleDetailList"]
        }
        for account in ACCOUNTS
    }
    assert shapes.pop("123456789012") == {str}
    assert all(kinds == {dict} for kinds in shapes.values())


def test_the_tree_hangs_together() -> None:
    organizations = ACME / "organizations"
    root = read(organizations / "list-roots.json")["Roots"][0]["Id"]
    parents: dict[str, str] = {}
    names: dict[str, str] = {root: "Root"}
    asked = set()
    for call, key in (
        ("list-organizational-units-for-parent", "OrganizationalUnits"),
        ("list-accounts-for-parent", "Accounts"),
    ):
        for parameters, output in calls("organizations", call):
            asked.add(parameters["ParentId"])
            for child in output[key]:
                parents[child["Id"]] = parameters["ParentId"]
                names[child["Id"]] = child["Name"]
    assert set(parents.values()) <= asked
    assert asked == names.keys() - ACCOUNTS
    assert parents.keys() >= ACCOUNTS
    described = {}
    for path in (organizations / "policies").glob("*.json"):
        policy = read(path)["Policy"]
        assert json.loads(policy["Content"])["Statement"]
        assert policy["PolicySummary"]["Name"] == path.stem
        described[policy["PolicySummary"]["Id"]] = policy["PolicySummary"]["Type"]
    targeted = {}
    for parameters, output in calls("organizations", "list-targets-for-policy"):
        targeted[parameters["PolicyId"]] = {target["TargetId"] for target in output["Targets"]}
        assert all(names[target["TargetId"]] == target["Name"] for target in output["Targets"])
    assert targeted.keys() == described.keys()
    # While service control policies are in use, every node needs one, or nothing is allowed below it.
    scp = set().union(
        *(nodes for policy, nodes in targeted.items() if described[policy].startswith("SERVICE"))
    )
    assert scp == names.keys()


def test_workmail_inventory_is_complete() -> None:
    listed = {}
    for parameters, output in calls("workmail", "list-organizations"):
        for summary in output["OrganizationSummaries"]:
            arn = "arn:aws:workmail:{Region}:{Account}:organization/".format_map(parameters)
            listed[arn + summary["OrganizationId"]] = summary["Alias"]
    described = {}
    for path in (ACME / "workmail").rglob("describe-organization.json"):
        organization = read(path)
        described[organization["ARN"]] = organization["Alias"]
        assert path.parent.name == organization["Alias"]
        assert path.parent.parent.name == organization["ARN"].split(":")[4]
    assert listed == described
    tagged = {parameters["ResourceARN"] for parameters, _ in calls("workmail", "list-tags-for-resource")}
    assert tagged == listed.keys()
    roles = {
        (parameters["OrganizationId"], role["ImpersonationRoleId"], role["Name"])
        for parameters, output in calls("workmail", "list-impersonation-roles")
        for role in output["Roles"]
    }
    assert len(roles) == 6
    assert roles == {
        (parameters["OrganizationId"], output["ImpersonationRoleId"], output["Name"])
        for parameters, output in calls("workmail", "get-impersonation-role")
    }


def test_ids_in_policies_are_those_of_the_inventory() -> None:
    inventory = {
        read(path)["OrganizationId"] for path in (ACME / "workmail").rglob("describe-organization.json")
    }
    text = json.dumps([doc for account in sorted(ACCOUNTS) for doc in documents(account)])
    assert set(re.findall(r"organization/(m-\w+)", text)) <= inventory
    impersonation = {
        output["ImpersonationRoleId"] for _, output in calls("workmail", "get-impersonation-role")
    }
    used = set(re.findall(r'"workmail:ImpersonationRole(?:Id)?": \[?"([^"\]]+)', text))
    assert used
    assert used <= impersonation


@pytest.mark.parametrize("side", ["before", "after"])
def test_review_manifest_names_the_files_that_are_there(side: str) -> None:
    folder = DATA / "review" / side
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text(encoding="utf-8"))
    holders = [*manifest["groups"], *manifest["principals"]]
    named = {policy for holder in holders for policy in holder.get("policies", [])}
    named |= {scp for node in manifest["aws-organization"]["targets"] for scp in node.get("scps", [])}
    assert {path.name for path in folder.glob("*.json")} == named - {"p-FullAWSAccess"}


def test_review_changes_one_policy() -> None:
    before, after = (
        {p.name: p.read_bytes() for p in (DATA / "review" / side).iterdir()} for side in ("before", "after")
    )
    assert before.keys() == after.keys()
    assert [file for file in before if before[file] != after[file]] == ["help-desk.json"]


def test_acme_is_read_whole() -> None:
    estate = load(ACME)
    kinds = Counter(principal.kind for principal in estate.principals)
    assert kinds == {
        PrincipalKind.USER: 31,
        PrincipalKind.ROLE: 25,
        PrincipalKind.SERVICE_LINKED_ROLE: 2,
        PrincipalKind.ROOT: 5,
    }
    assert estate.accounts.keys() == ACCOUNTS | {CONTRACTOR}
    assert len(estate.groups) == 10
    assert estate.aws_organization is not None
    assert len(estate.aws_organization.targets) == 11
    # The inventory of every account and region is complete, so nothing stands in for what was not listed.
    assert [(o.alias, o.region, o.stand_in) for o in estate.organizations] == [
        ("acme-factory", "eu-west-1", False),
        ("acme-executives", "eu-west-1", False),
        ("acme-europe", "eu-west-1", False),
        ("acme-americas", "us-east-1", False),
        ("acme-staging", "us-west-2", False),
    ]
    assert {o.alias: len(o.impersonation_roles or ()) for o in estate.organizations} == {
        "acme-factory": 0,
        "acme-executives": 2,
        "acme-europe": 2,
        "acme-americas": 1,
        "acme-staging": 1,
    }


def test_default_versions_count() -> None:
    policies = {policy.name: policy for policy in load(ACME).policies}
    assert policies["AcmeHelpDeskResetPassword"].version == "v2"
    assert "PutMailboxPermissions" not in str(policies["AcmeHelpDeskResetPassword"].document)


@pytest.mark.parametrize("folder", ["acme", "review/before", "review/after"])
def test_reading_reports_no_error(folder: str) -> None:
    estate = load(DATA / folder)
    assert [str(d) for d in estate.diagnostics if d.severity is Severity.ERROR] == []
    assert estate.complete


def test_reading_warns_of_the_old_version() -> None:
    warnings = [d for d in load(ACME).diagnostics if d.code == "variable-in-old-version"]
    assert len(warnings) == 1
    assert warnings[0].origin is not None
    assert warnings[0].origin.source.name == "iam/444455556666/authorization-details-1.json"


@pytest.mark.parametrize("side", ["before", "after"])
def test_review_is_read_whole(side: str) -> None:
    estate = load(DATA / "review" / side)
    users = [principal for principal in estate.principals if principal.kind is PrincipalKind.USER]
    assert {user.name: len(user.identity_policies) for user in users} == {
        "mateo.jackson": 2,
        "nikki.wolf": 2,
        "saanvi.sarkar": 1,
    }
    assert [o.alias for o in estate.organizations] == ["acme-executives", "acme-europe"]
