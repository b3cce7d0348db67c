"""What the ``aws organizations`` calls print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from estate_shapes import A, B, Json, call, codes, details, document, only, place, read, target, user

from wmiam.diagnostics import Severity
from wmiam.estate.estate import Estate
from wmiam.estate.model import PolicyKind, TargetKind

ROOT, MAIL, INNER = "r-ab12", "ou-ab12-aaaaaaaa", "ou-ab12-bbbbbbbb"
MANAGEMENT = "999999999999"
SCP_TYPE, RCP_TYPE = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
FULL, DENY, RCP_FULL = "p-FullAWSAccess", "p-aaaaaaaa", "p-RCPFullAWSAccess"
CENTRAL = "arn:aws:organizations::999999999999"
IAM = details(user("ana", A), user("bob", B))

DESCRIBED: Json = {
    "Organization": {
        "Id": "o-a1b2c3d4e5",
        "Arn": f"{CENTRAL}:organization/o-a1b2c3d4e5",
        "FeatureSet": "ALL",
        "MasterAccountArn": f"{CENTRAL}:account/o-a1b2c3d4e5/{MANAGEMENT}",
        "MasterAccountId": MANAGEMENT,
        "MasterAccountEmail": "aws@example.com",
        "AvailablePolicyTypes": [{"Type": SCP_TYPE, "Status": "ENABLED"}],
    }
}


def roots(*enabled: str) -> Json:
    types = [{"Type": name, "Status": "ENABLED"} for name in enabled]
    return {"Roots": [{"Id": ROOT, "Arn": f"{CENTRAL}:root/{ROOT}", "Name": "Root", "PolicyTypes": types}]}


def unit(name: str, label: str, **more: str) -> Json:
    return {"Id": name, "Arn": f"{CENTRAL}:ou/o-a1b2c3d4e5/{name}", "Name": label, **more}


def account(name: str, label: str, **more: object) -> Json:
    return {
        "Id": name,
        "Arn": f"{CENTRAL}:account/o-a1b2c3d4e5/{name}",
        "Email": f"{label.lower()}@example.com",
        "Name": label,
        "Status": "ACTIVE",
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": "2024-05-01T08:00:00+00:00",
        **more,
    }


def summary(policy: str, name: str, kind: str = SCP_TYPE) -> Json:
    return {
        "Id": policy,
        "Arn": f"{CENTRAL}:policy/{policy}",
        "Name": name,
        "Type": kind,
        "AwsManaged": "Full" in name,
    }


DENY_POLICY: Json = {
    "Policy": {
        "PolicySummary": summary(DENY, "NoExport"),
        "Content": json.dumps(document("workmail:StartMailboxExportJob", Effect="Deny")),
    }
}
RCP_POLICY: Json = {
    "Policy": {
        "PolicySummary": summary(RCP_FULL, "RCPFullAWSAccess", RCP_TYPE),
        "Content": json.dumps(document("*", Principal="*")),
    }
}


def targets(*names: str) -> Json:
    kinds = {"r": "ROOT", "o": "ORGANIZATIONAL_UNIT"}
    return {
        "Targets": [
            {
                "TargetId": name,
                "Arn": f"{CENTRAL}:x/{name}",
                "Name": "",
                "Type": kinds.get(name[0], "ACCOUNT"),
            }
            for name in names
        ]
    }


EVERYWHERE = (ROOT, MAIL, INNER, A, B)
TREE_BY_PARENT: dict[str, object] = {
    "ous.json": [
        call(
            "list-organizational-units-for-parent",
            {"OrganizationalUnits": [unit(MAIL, "Mail")]},
            ParentId=ROOT,
        ),
        call(
            "list-organizational-units-for-parent",
            {"OrganizationalUnits": [unit(INNER, "Inner")]},
            ParentId=MAIL,
        ),
        call("list-organizational-units-for-parent", {"OrganizationalUnits": []}, ParentId=INNER),
    ],
    "accounts.json": [
        call("list-accounts-for-parent", {"Accounts": [account(B, "Bank")]}, ParentId=ROOT),
        call("list-accounts-for-parent", {"Accounts": [account(A, "Acme")]}, ParentId=INNER),
    ],
}
TREES: dict[str, dict[str, object]] = {
    "calls by parent": TREE_BY_PARENT,
    "one call a line": {
        "all.jsonl": "\n".join(json.dumps(one) for file in TREE_BY_PARENT.values() for one in file)  # type: ignore[attr-defined]
    },
    "parent put into the output": {
        "1.json": {"ParentId": ROOT, "OrganizationalUnits": [unit(MAIL, "Mail")]},
        "2.json": {"ParentId": MAIL, "OrganizationalUnits": [unit(INNER, "Inner")]},
        "3.json": {"ParentId": ROOT, "Accounts": [account(B, "Bank")]},
        "4.json": {"ParentId": INNER, "Accounts": [account(A, "Acme")]},
    },
    "API names and service": {
        "1.json": [
            call(
                "organizations ListOrganizationalUnitsForParent",
                {"OrganizationalUnits": [unit(MAIL, "Mail")]},
                ParentId=ROOT,
            ),
            call(
                "ListOrganizationalUnitsForParent",
                {"OrganizationalUnits": [unit(INNER, "Inner")]},
                ParentId=MAIL,
            ),
            call(
                "aws organizations list-accounts-for-parent",
                {"Accounts": [account(B, "Bank")]},
                ParentId=ROOT,
            ),
            call("ListAccountsForParent", {"Accounts": [account(A, "Acme")]}, ParentId=INNER),
        ]
    },
    "paths": {
        "1.json": {"OrganizationalUnits": [unit(MAIL, "Mail", Path=f"o-a1b2c3d4e5/{ROOT}/{MAIL}/")]},
        "2.json": {
            "OrganizationalUnits": [unit(INNER, "Inner", Path=f"o-a1b2c3d4e5/{ROOT}/{MAIL}/{INNER}/")]
        },
        "3.json": {
            "Accounts": [
                account(A, "Acme", Paths=[f"o-a1b2c3d4e5/{ROOT}/{MAIL}/{INNER}/{A}/"]),
                account(B, "Bank", Paths=[f"o-a1b2c3d4e5/{ROOT}/{B}/"]),
            ]
        },
    },
    "parents": {
        "1.json": {"OrganizationalUnit": unit(MAIL, "Mail")},
        "2.json": {"OrganizationalUnit": unit(INNER, "Inner")},
        "3.json": {"Accounts": [account(A, "Acme"), account(B, "Bank")]},
        "4.json": [
            call("list-parents", {"Parents": [{"Id": ROOT, "Type": "ROOT"}]}, ChildId=MAIL),
            call("list-parents", {"Parents": [{"Id": MAIL, "Type": "ORGANIZATIONAL_UNIT"}]}, ChildId=INNER),
            call("list-parents", {"Parents": [{"Id": INNER, "Type": "ORGANIZATIONAL_UNIT"}]}, ChildId=A),
            call("list-parents", {"Parents": [{"Id": ROOT, "Type": "ROOT"}]}, ChildId=B),
        ],
    },
    "children": {
        "1.json": [{"OrganizationalUnit": unit(MAIL, "Mail")}, {"OrganizationalUnit": unit(INNER, "Inner")}],
        "2.json": [{"Account": account(A, "Acme")}, {"Account": account(B, "Bank")}],
        "3.json": [
            call(
                "list-children",
                {"Children": [{"Id": MAIL, "Type": "ORGANIZATIONAL_UNIT"}]},
                ParentId=ROOT,
                ChildType="ORGANIZATIONAL_UNIT",
            ),
            call(
                "list-children",
                {"Children": [{"Id": B, "Type": "ACCOUNT"}]},
                ParentId=ROOT,
                ChildType="ACCOUNT",
            ),
            call(
                "list-children", {"Children": [{"Id": INNER, "Type": "ORGANIZATIONAL_UNIT"}]}, ParentId=MAIL
            ),
            call("list-children", {"Children": [{"Id": A, "Type": "ACCOUNT"}]}, ParentId=INNER),
        ],
    },
}
BY_POLICY: dict[str, object] = {
    "policies.json": [DENY_POLICY, RCP_POLICY],
    "scps.json": {"Policies": [summary(FULL, "FullAWSAccess"), summary(DENY, "NoExport")]},
    "targets.json": [
        call("list-targets-for-policy", targets(*EVERYWHERE), PolicyId=FULL),
        call("list-targets-for-policy", targets(MAIL), PolicyId=DENY),
        call("list-targets-for-policy", targets(*EVERYWHERE), PolicyId=RCP_FULL),
    ],
}
BY_TARGET: dict[str, object] = {
    "policies.json": DENY_POLICY,
    "attached.json": [
        call(
            "list-policies-for-target",
            {
                "Policies": [
                    summary(FULL, "FullAWSAccess"),
                    *([summary(DENY, "NoExport")] if name == MAIL else []),
                ]
            },
            TargetId=name,
            Filter=SCP_TYPE,
        )
        for name in EVERYWHERE
    ]
    + [
        call(
            "list-policies-for-target",
            {"Policies": [summary(RCP_FULL, "RCPFullAWSAccess", RCP_TYPE)]},
            TargetId=name,
            Filter=RCP_TYPE,
        )
        for name in EVERYWHERE
    ],
}
HEAD: dict[str, object] = {"iam.json": IAM, "org.json": DESCRIBED, "roots.json": roots(SCP_TYPE, RCP_TYPE)}


def at(folder: str, files: dict[str, object]) -> dict[str, object]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def assert_whole(estate: Estate) -> None:
    assert codes(estate) == []
    found = estate.aws_organization
    assert found is not None
    assert (found.id, found.management_account) == ("o-a1b2c3d4e5", MANAGEMENT)
    assert (found.scps_in_use, found.rcps_in_use) == (True, True)
    assert [(node.id, node.name, node.kind) for node in found.path(A)] == [
        (ROOT, "Root", TargetKind.ROOT),
        (MAIL, "Mail", TargetKind.OU),
        (INNER, "Inner", TargetKind.OU),
        (A, "Acme", TargetKind.ACCOUNT),
    ]
    assert [node.id for node in found.path(B)] == [ROOT, B]
    assert [[policy.name for policy in node.scps] for node in found.path(A)] == [
        ["FullAWSAccess"],
        ["FullAWSAccess", "NoExport"],
        ["FullAWSAccess"],
        ["FullAWSAccess"],
    ]
    assert {policy.name for node in found.path(B) for policy in node.rcps} == {"RCPFullAWSAccess"}
    deny = next(policy for policy in found.targets[MAIL].scps if policy.arn == DENY)
    assert deny.kind is PolicyKind.SCP
    assert deny.document is not None
    assert deny.document.statements[0].effect == "Deny"
    assert deny.origin is not None
    assert deny.origin.pointer.endswith("/Policy/Content")
    assert all(p.document is not None for node in found.targets.values() for p in (*node.scps, *node.rcps))
    assert estate.accounts[A].name == "Acme"
    assert sorted(estate.accounts) == [A, B, MANAGEMENT]


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
@pytest.mark.parametrize("attachments", [BY_POLICY, BY_TARGET], ids=["by policy", "by target"])
def test_every_shape_gives_the_same_tree(
    tmp_path: Path, tree: dict[str, object], attachments: dict[str, object]
) -> None:
    assert_whole(read(tmp_path, HEAD | at("tree", tree) | at("attached", attachments)))


def test_order_of_files_does_not_matter(tmp_path: Path) -> None:
    files = HEAD | at("tree", TREE_BY_PARENT) | at("attached", BY_POLICY)
    renamed = {f"{99 - number}/{name}": content for number, (name, content) in enumerate(files.items())}
    assert_whole(read(tmp_path, renamed))


def test_full_access_is_known_without_its_document(tmp_path: Path) -> None:
    estate = read(tmp_path, HEAD | at("tree", TREE_BY_PARENT) | at("attached", BY_TARGET))
    scp, rcp = target(estate, A).scps[0], target(estate, A).rcps[0]
    assert scp.document is not None
    assert scp.document.statements[0].actions == ("*",)
    assert rcp.document is not None
    assert rcp.document.statements[0].principal is not None
    assert rcp.document.statements[0].principal.aws == ("*",)


def test_a_policy_whose_document_is_missing(tmp_path: Path) -> None:
    attachments = {key: value for key, value in BY_TARGET.items() if key != "policies.json"}
    estate = read(tmp_path, HEAD | at("tree", TREE_BY_PARENT) | at("attached", attachments))
    unknown = next(policy for policy in target(estate, MAIL).scps if policy.arn == DENY)
    assert unknown.document is None
    assert unknown.name == "NoExport"
    diagnostic = only(estate, "policy-not-in-input")
    assert diagnostic.severity is Severity.ERROR
    assert DENY in diagnostic.mend
    assert place(diagnostic)[0] == "attached/attached.json"


def test_an_attached_policy_of_which_nothing_is_known(tmp_path: Path) -> None:
    unknown = call("list-targets-for-policy", targets(A), PolicyId="p-uuuuuuuu")
    files = HEAD | at("tree", TREE_BY_PARENT) | at("attached", BY_POLICY) | {"u.json": unknown}
    estate = read(tmp_path, files)
    for attached in (target(estate, A).scps, target(estate, A).rcps):
        assert [policy.arn for policy in attached if policy.document is None] == ["p-uuuuuuuu"]
    assert set(codes(estate)) == {"policy-not-in-input"}


def test_unknown_attachments_are_no_attachments_that_allow_nothing(tmp_path: Path) -> None:
    partly = {
        "policies.json": DENY_POLICY,
        "scps.json": {"Policies": [summary(FULL, "FullAWSAccess"), summary(DENY, "NoExport")]},
    }
    estate = read(tmp_path, HEAD | at("tree", TREE_BY_PARENT) | at("attached", partly))
    assert "attachments-unknown" in codes(estate, Severity.ERROR)
    for node in (ROOT, MAIL, A):
        assert [policy.document for policy in target(estate, node).scps] == [None]
        assert [policy.document for policy in target(estate, node).rcps] == [None]


def test_a_target_that_no_call_was_made_for(tmp_path: Path) -> None:
    attachments = dict(BY_TARGET)
    attachments["attached.json"] = [
        one for one in BY_TARGET["attached.json"] if one["Parameters"]["TargetId"] != A
    ]  # type: ignore[attr-defined]
    estate = read(tmp_path, HEAD | at("tree", TREE_BY_PARENT) | at("attached", attachments))
    assert [policy.document for policy in target(estate, A).scps] == [None]
    assert all(policy.document for policy in target(estate, MAIL).scps)
    messages = [d.message for d in estate.diagnostics if d.code == "attachments-unknown"]
    assert len(messages) == 2
    assert all(message.endswith(A) for message in messages)


def test_a_target_with_no_policy_at_all_is_pointed_out(tmp_path: Path) -> None:
    attachments = dict(BY_POLICY)
    attachments["targets.json"] = [
        call("list-targets-for-policy", targets(ROOT, MAIL, A, B), PolicyId=FULL),
        call("list-targets-for-policy", targets(MAIL), PolicyId=DENY),
        call("list-targets-for-policy", targets(*EVERYWHERE), PolicyId=RCP_FULL),
    ]
    estate = read(tmp_path, HEAD | at("tree", TREE_BY_PARENT) | at("attached", attachments))
    assert target(estate, INNER).scps == ()
    assert codes(estate) == ["target-without-policy"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ({"roots.json": roots()}, (False, False)),
        ({"roots.json": roots(SCP_TYPE)}, (True, False)),
        ({"roots.json": roots(RCP_TYPE), "org.json": DESCRIBED}, (False, True)),
        ({"org.json": DESCRIBED}, (True, None)),
        (
            {
                "org.json": {
                    "Organization": {
                        **DESCRIBED["Organization"],
                        "FeatureSet": "CONSOLIDATED_BILLING",
                        "AvailablePolicyTypes": [],
                    }
                }
            },
            (False, False),
        ),
    ],
)
def test_whether_policies_are_in_use(
    tmp_path: Path, head: dict[str, object], expected: tuple[bool | None, bool | None]
) -> None:
    estate = read(tmp_path, {"iam.json": IAM} | head | at("tree", TREE_BY_PARENT))
    found = estate.aws_organization
    assert found is not None
    assert (found.scps_in_use, found.rcps_in_use) == expected
    if expected == (False, False):
        assert codes(estate) == []
        assert target(estate, A).scps == ()


def test_a_description_without_a_tree(tmp_path: Path) -> None:
    estate = read(
        tmp_path,
        {"iam.json": IAM, "org.json": DESCRIBED, "accounts.json": {"Accounts": [account(A, "Acme")]}},
    )
    found = estate.aws_organization
    assert found is not None
    assert (found.id, found.targets) == ("o-a1b2c3d4e5", {})
    assert codes(estate) == ["organizations-tree-missing"]
    assert estate.accounts[A].name == "Acme"


def test_names_of_accounts_alone_are_no_tree(tmp_path: Path) -> None:
    estate = read(tmp_path, {"iam.json": IAM, "accounts.json": {"Accounts": [account(A, "Acme")]}})
    assert estate.aws_organization is None
    assert codes(estate) == []


def test_an_account_without_a_place_in_the_tree(tmp_path: Path) -> None:
    tree = dict(TREE_BY_PARENT)
    tree["accounts.json"] = [
        {"Accounts": [account(A, "Acme"), account(B, "Bank")]},
        {"ParentId": ROOT, "Accounts": [account(B, "Bank")]},
    ]
    estate = read(tmp_path, HEAD | at("tree", tree) | at("attached", BY_POLICY))
    diagnostic = only(estate, "organizations-parent-unknown")
    assert diagnostic.severity is Severity.ERROR
    assert "Acme" in diagnostic.message
    # What limits the account is not known: that must not look like no limit.
    assert None in [policy.document for policy in target(estate, A).scps]


@pytest.mark.parametrize("listed", [False, True])
def test_an_account_outside_of_the_tree(tmp_path: Path, listed: bool) -> None:
    tree = dict(TREE_BY_PARENT)
    tree["accounts.json"] = [{"ParentId": INNER, "Accounts": [account(A, "Acme")]}]
    if listed:
        tree["listed.json"] = {"Accounts": [account(A, "Acme")]}
    estate = read(
        tmp_path,
        HEAD
        | at("tree", tree)
        | at(
            "attached",
            BY_TARGET
            | {
                "attached.json": [
                    one for one in BY_TARGET["attached.json"] if one["Parameters"]["TargetId"] != B
                ]
            },
        ),
    )  # type: ignore[attr-defined]
    diagnostic = only(estate, "account-not-in-tree")
    assert B in diagnostic.message
    assert diagnostic.severity is (Severity.WARNING if listed else Severity.ERROR)
    found = estate.aws_organization
    assert found is not None
    assert found.path(B) == ()


@pytest.mark.parametrize(
    ("output", "parameter"),
    [
        (call("list-policies-for-target", {"Policies": []}), "TargetId"),
        ({"Targets": []}, "PolicyId"),
        ({"Parents": [{"Id": ROOT, "Type": "ROOT"}]}, "ChildId"),
        ({"Children": []}, "ParentId"),
    ],
)
def test_an_output_that_does_not_say_what_it_is_about(tmp_path: Path, output: object, parameter: str) -> None:
    estate = read(tmp_path, {"iam.json": IAM, "x.json": output})
    diagnostic = only(estate, "call-parameter-missing")
    assert parameter in diagnostic.message
    assert f'"{parameter}"' in diagnostic.mend
    assert place(diagnostic)[0] == "x.json"


def test_a_page_that_is_missing(tmp_path: Path) -> None:
    first = {"Accounts": [account(A, "Acme")], "NextToken": "AAA"}
    estate = read(tmp_path, {"iam.json": IAM, "a.json": first})
    assert "list-accounts" in only(estate, "incomplete-listing").message
    estate = read(tmp_path, {"b.json": {"Accounts": [account(B, "Bank")]}})
    assert codes(estate) == []


def test_two_aws_organizations(tmp_path: Path) -> None:
    other = {"Organization": {**DESCRIBED["Organization"], "Id": "o-zzzzzzzzzz"}}
    estate = read(tmp_path, {"a.json": DESCRIBED, "b.json": other})
    assert only(estate, "two-aws-organizations").severity is Severity.ERROR
    assert estate.aws_organization is not None
    assert estate.aws_organization.id == "o-a1b2c3d4e5"


def test_an_id_that_is_none(tmp_path: Path) -> None:
    estate = read(
        tmp_path, {"a.json": {"Roots": [{"Id": "root", "Arn": "x", "Name": "Root", "PolicyTypes": []}]}}
    )
    assert place(only(estate, "bad-target-id")) == ("a.json", 4, "/Roots/0/Id")


def test_a_problem_in_an_scp_has_its_place(tmp_path: Path) -> None:
    bad = {
        "Policy": {"PolicySummary": summary(DENY, "Bad"), "Content": json.dumps(document(Effect="Perhaps"))}
    }
    estate = read(
        tmp_path, HEAD | at("tree", TREE_BY_PARENT) | at("attached", BY_TARGET | {"policies.json": bad})
    )
    errors = [d for d in estate.diagnostics if d.severity is Severity.ERROR]
    assert [place(d)[2] for d in errors] == ["/Policy/Content/Statement/0/Effect"]


def test_a_tag_policy_is_left_aside(tmp_path: Path) -> None:
    described = {"Policy": {"PolicySummary": summary("p-tttttttt", "Tags", "TAG_POLICY"), "Content": "{}"}}
    tag = [described, call("list-targets-for-policy", targets(A), PolicyId="p-tttttttt")]
    estate = read(tmp_path, HEAD | at("tree", TREE_BY_PARENT) | at("attached", BY_POLICY) | {"tag.json": tag})
    assert_whole(estate)
    assert only(estate, "policy-type-not-used").severity is Severity.INFO
