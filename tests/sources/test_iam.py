"""``get-account-authorization-details`` in all its shapes."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from estate_shapes import (
    TRUST,
    A,
    B,
    Json,
    attached,
    codes,
    details,
    document,
    group,
    inline,
    managed,
    only,
    place,
    policy,
    principal,
    read,
    role,
    user,
)

from wmiam.diagnostics import Severity
from wmiam.estate.estate import Estate
from wmiam.estate.model import PolicyKind, PrincipalKind

READ = f"arn:aws:iam::{A}:policy/Read"
LIMIT = f"arn:aws:iam::{A}:policy/Limit"


def encoded(value: object) -> str:
    """Return a policy document as the API gives it."""
    return quote(json.dumps(value), safe="")


def records(encode: bool = False) -> list[Json]:
    as_written = encoded if encode else (lambda value: value)
    return [
        user(
            GroupList=["HelpDesk"],
            UserPolicyList=[
                {"PolicyName": "Inline", "PolicyDocument": as_written(document("workmail:Get*"))}
            ],
            AttachedManagedPolicies=attached(READ),
            PermissionsBoundary={
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": LIMIT,
            },
            Tags=[{"Key": "Team", "Value": "Mail"}, {"Key": "Empty", "Value": ""}],
        ),
        group(
            GroupPolicyList=[
                {"PolicyName": "Desk", "PolicyDocument": as_written(document("workmail:Reset*"))}
            ]
        ),
        role(
            AssumeRolePolicyDocument=as_written(TRUST),
            AttachedManagedPolicies=attached(READ),
            MaxSessionDuration=7200,
            InstanceProfileList=[
                {"InstanceProfileName": "Web", "Arn": f"arn:aws:iam::{A}:instance-profile/Web", "Roles": []}
            ],
        ),
        managed(
            "Read", A, as_written(document("workmail:List*")), as_written(document("workmail:*")), default=1
        ),
        managed("Limit", A, as_written(document("*"))),
    ]


def assert_whole(estate: Estate) -> None:
    """Check the estate that :func:`records` describes."""
    assert codes(estate) == []
    ana = principal(estate, "ana")
    assert (ana.arn, ana.account, ana.path, ana.kind) == (
        f"arn:aws:iam::{A}:user/ana",
        A,
        "/",
        PrincipalKind.USER,
    )
    assert ana.tags == (("Team", "Mail"), ("Empty", ""))
    assert ana.unique_id == "AIDAANA"
    actions = [(p.name, p.document and p.document.statements[0].actions) for p, _ in ana.identity_policies]
    assert actions == [
        ("Inline", ("workmail:Get*",)),
        ("Read", ("workmail:List*",)),
        ("Desk", ("workmail:Reset*",)),
    ]
    assert ana.boundary is policy(estate, "Limit")
    assert ana.attached == (policy(estate, "Read"),)
    assert ana.groups == estate.groups
    assert policy(estate, "Read").version == "v1"
    export = principal(estate, "Export")
    assert export.kind is PrincipalKind.ROLE
    assert export.attached[0] is ana.attached[0]
    assert export.max_session_seconds == 7200
    assert export.instance_profiles == (f"arn:aws:iam::{A}:instance-profile/Web",)
    assert export.trust is not None
    assert export.trust.kind is PolicyKind.TRUST
    assert export.trust.document is not None
    assert export.trust.document.statements[0].principal is not None
    assert export.trust.owner == export.arn
    root = principal(estate, "root")
    assert (root.arn, root.kind, root.origin is not None) == (
        f"arn:aws:iam::{A}:root",
        PrincipalKind.ROOT,
        True,
    )
    assert len(estate.principals) == 3
    assert estate.accounts[A].has_iam


def pages(encode: bool = False) -> list[Json]:
    """Return the records on pages of one record each, users before the groups and policies they name."""
    all_records = records(encode)
    last = len(all_records) - 1
    return [
        details(record, IsTruncated=index < last, **({"Marker": "AAA"} if index < last else {}))
        for index, record in enumerate(all_records)
    ]


SHAPES: dict[str, dict[str, object]] = {
    "one file": {"details.json": details(*records())},
    "documents URL-encoded": {"details.json": details(*records(encode=True), IsTruncated=False)},
    "minified": {"details.json": json.dumps(details(*records()))},
    "pages in files": {f"page-{number}.json": page for number, page in enumerate(pages())},
    "list of pages": {"details.json": pages()},
    "pages after each other": {"details.json": "".join(json.dumps(page, indent=4) for page in pages())},
    "pages on lines": {"details.jsonl": "\n".join(json.dumps(page) for page in pages(encode=True)) + "\n"},
    "lists in another order": {"details.json": dict(reversed(details(*records()).items()))},
    "with the call around it": {
        "details.json": {"Call": "get-account-authorization-details", "Output": details(*records())}
    },
    "calls with pages": {
        "details.json": [{"Call": "get-account-authorization-details", "Parameters": {}, "Output": pages()}]
    },
    "without suffix": {"details": details(*records())},
    "byte order mark": {"details.json": b"\xef\xbb\xbf" + json.dumps(details(*records())).encode()},
    "UTF-16": {"details.json": json.dumps(details(*records())).encode("utf-16")},
    "only what is needed": {
        "details.json": {"UserDetailList": records()[:1], "RoleDetailList": records()[2:3]},
        "more.json": {"GroupDetailList": records()[1:2], "Policies": records()[3:]},
    },
    "policies alone": {
        "details.json": {
            "UserDetailList": records()[:1],
            "RoleDetailList": records()[2:3],
            "GroupDetailList": records()[1:2],
        },
        "policies.json": {"Policies": records()[3:]},
    },
}


@pytest.mark.parametrize("files", SHAPES.values(), ids=SHAPES)
def test_every_shape_gives_the_same_estate(tmp_path: Path, files: dict[str, object]) -> None:
    estate = read(tmp_path, files)
    assert_whole(estate)
    assert {source.kind for source in estate.sources} == {"account-authorization-details"}


def test_origins_lead_to_the_records_and_the_documents(tmp_path: Path) -> None:
    for encode in (False, True):
        estate = read(tmp_path, {"a/details.json": json.dumps(pages(encode), indent=1)})
        text = (tmp_path / "a/details.json").read_text()
        ana = principal(estate, "ana")
        assert ana.origin is not None
        assert text[ana.origin.offset() or 0 :].replace(" ", "").startswith('{\n"Path"')
        assert ana.origin.pointer == "/0/UserDetailList/0"
        where = ana.inline[0].origin
        assert where is not None
        assert where.pointer == "/0/UserDetailList/0/UserPolicyList/0/PolicyDocument"
        begins = '"%7B' if encode else "{\n"
        assert text[where.offset() or 0 :].startswith(begins)
        action = where.child("Statement", 0, "Action")
        assert text[action.offset() or 0 :].startswith(begins[:2] if encode else '"workmail:Get*"')
        assert where.source.name == "a/details.json"
        default = policy(estate, "Read").origin
        assert default is not None
        assert default.pointer == "/3/Policies/0/PolicyVersionList/1/Document"


def test_equal_documents_are_one_object_in_whatever_form(tmp_path: Path) -> None:
    shared = document("workmail:Describe*")
    users = [
        user("one", UserPolicyList=inline(shared)),
        user("two", UserPolicyList=inline(encoded(shared))),
        user("three", UserPolicyList=inline(json.dumps(shared, indent=3))),
        user("four", UserPolicyList=inline(document("workmail:Get*"))),
    ]
    estate = read(tmp_path, {"details.json": details(*users)})
    found = [principal(estate, name).inline[0].document for name in ("one", "two", "three", "four")]
    assert found[0] is found[1] is found[2] is not found[3]


def test_problems_of_a_shared_document_are_reported_for_each_holder(tmp_path: Path) -> None:
    bad = document(Effect="Permit")
    users = [
        user(name, UserPolicyList=inline(bad), AttachedManagedPolicies=attached(READ)) for name in ("a", "b")
    ]
    estate = read(tmp_path, {"details.json": details(*users, managed("Read", A, bad))})
    places = sorted(place(d)[2] for d in estate.diagnostics if d.severity is Severity.ERROR)
    assert [pointer.split("/Statement")[0] for pointer in places] == [
        "/Policies/0/PolicyVersionList/0/Document",
        "/UserDetailList/0/UserPolicyList/0/PolicyDocument",
        "/UserDetailList/1/UserPolicyList/0/PolicyDocument",
    ]


def test_accounts_keep_their_groups_and_policies_apart(tmp_path: Path) -> None:
    estate = read(
        tmp_path,
        {
            "a.json": details(user(GroupList=["HelpDesk"]), group()),
            "b.json": details(user("bob", B, GroupList=["HelpDesk"]), group(account=B)),
        },
    )
    assert principal(estate, "ana").groups[0].account == A
    assert principal(estate, "bob").groups[0].account == B
    assert [p.account for p in estate.principals if p.kind is PrincipalKind.ROOT] == [A, B]


def test_service_linked_roles_are_known_by_their_path(tmp_path: Path) -> None:
    path = "/aws-service-role/events.workmail.amazonaws.com/"
    estate = read(tmp_path, {"d.json": details(role("AWSServiceRoleForAmazonWorkMailEvents", path=path))})
    found = principal(estate, "AWSServiceRoleForAmazonWorkMailEvents")
    assert (found.kind, found.path) == (PrincipalKind.SERVICE_LINKED_ROLE, path)


def test_a_policy_that_is_attached_and_not_there(tmp_path: Path) -> None:
    holders = [user(name, AttachedManagedPolicies=attached(READ)) for name in "abcde"]
    estate = read(tmp_path, {"details.json": details(*holders)})
    missing = principal(estate, "a").attached[0]
    assert missing.document is None
    assert missing.problem
    assert missing.arn == READ
    assert missing is principal(estate, "e").attached[0]
    diagnostic = only(estate, "policy-not-in-input")
    assert diagnostic.severity is Severity.ERROR
    assert (
        f"user/a, arn:aws:iam::{A}:user/b, arn:aws:iam::{A}:user/c and 2 more have it" in diagnostic.message
    )
    assert "--filter" in diagnostic.mend
    assert place(diagnostic) == ("details.json", 13, "/UserDetailList/0/AttachedManagedPolicies/0/PolicyArn")
    assert not estate.complete


def test_a_boundary_that_is_not_there(tmp_path: Path) -> None:
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": LIMIT}
    estate = read(tmp_path, {"details.json": details(role(PermissionsBoundary=boundary))})
    found = principal(estate, "Export").boundary
    assert found is not None
    assert found.document is None
    assert place(only(estate, "policy-not-in-input"))[2].endswith(
        "/PermissionsBoundary/PermissionsBoundaryArn"
    )


def test_an_aws_managed_policy_of_workmail_comes_with_the_catalog(tmp_path: Path) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonWorkMailReadOnlyAccess"
    estate = read(tmp_path, {"details.json": details(user(AttachedManagedPolicies=attached(arn)), user("b"))})
    found = principal(estate, "ana").attached[0]
    assert found.kind is PolicyKind.AWS_MANAGED
    assert found.document is not None
    assert any("workmail:List*" in (s.actions or ()) for s in found.document.statements)
    assert found.version.startswith("v")
    assert only(estate, "aws-managed-policy-shipped").severity is Severity.INFO
    assert estate.complete
    assert found in estate.policies


def test_another_aws_managed_policy_must_be_in_the_input(tmp_path: Path) -> None:
    arn = "arn:aws:iam::aws:policy/NoSuchPolicyOfAws"
    estate = read(tmp_path, {"details.json": details(user(AttachedManagedPolicies=attached(arn)))})
    found = principal(estate, "ana").attached[0]
    assert (found.kind, found.document) == (PolicyKind.AWS_MANAGED, None)
    assert codes(estate) == ["policy-not-in-input"]


def test_an_aws_managed_policy_in_two_accounts_counts_with_its_higher_version(tmp_path: Path) -> None:
    old = managed("ReadOnlyAccess", "aws", *[document(f"workmail:{n}") for n in range(9)], default=9)
    new = managed("ReadOnlyAccess", "aws", *[document(f"workmail:{n}") for n in range(10)], default=10)
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    for order in ((old, new), (new, old)):
        files = {
            f"{number}.json": details(user(account=account, AttachedManagedPolicies=attached(arn)), record)
            for number, (account, record) in enumerate(zip((A, B), order, strict=True))
        }
        estate = read(tmp_path, files)
        assert codes(estate) == []
        assert {p.attached[0].version for p in estate.principals if p.attached} == {"v10"}


def test_a_group_that_is_not_there(tmp_path: Path) -> None:
    estate = read(tmp_path, {"d.json": details(user(GroupList=["Ghost"]), user("bob", GroupList=["Ghost"]))})
    ghost = principal(estate, "ana").groups[0]
    assert ghost is principal(estate, "bob").groups[0]
    assert [p.document for p in ghost.inline] == [None]
    diagnostic = only(estate, "group-not-in-input")
    assert diagnostic.message.endswith(f"arn:aws:iam::{A}:user/ana, arn:aws:iam::{A}:user/bob are in it")
    assert place(diagnostic)[2] == "/UserDetailList/0/GroupList/0"
    assert not estate.groups


def test_the_same_principal_twice(tmp_path: Path) -> None:
    old = details(user(UserPolicyList=inline(document("workmail:Get*"))), user("bob"), managed())
    new = details(
        user(UserPolicyList=inline(document("workmail:List*"))),
        user("bob"),
        managed("Read", A, document("a:b")),
    )
    estate = read(tmp_path, {"2026-01.json": old, "2026-02.json": new})
    ana = principal(estate, "ana")
    assert [p.name for p in estate.principals].count("ana") == 1
    assert ana.inline[0].document is not None
    assert ana.inline[0].document.statements[0].actions == ("workmail:List*",)
    diagnostic = only(estate, "duplicate-record")
    assert "and 2 more" in diagnostic.message
    assert "2026-01.json" in diagnostic.message
    assert place(diagnostic)[0] == "2026-02.json"
    found = policy(estate, "Read").document
    assert found is not None
    assert found.statements[0].actions == ("a:b",)


@pytest.mark.parametrize("more", [{"IsTruncated": True, "Marker": "AAA"}, {"NextToken": "AAA"}])
def test_a_last_page_that_is_missing(tmp_path: Path, more: Json) -> None:
    estate = read(tmp_path, {"1.json": details(user(), **more), "2.json": details(user("bob", B))})
    diagnostic = only(estate, "incomplete-listing")
    assert A in diagnostic.message
    assert diagnostic.severity is Severity.ERROR
    assert place(diagnostic)[0] == "1.json"


def test_a_last_page_without_records(tmp_path: Path) -> None:
    first = details(user(), IsTruncated=True, Marker="AAA")
    estate = read(tmp_path, {"1.json": first, "2.json": details(IsTruncated=False)})
    assert codes(estate) == []


def test_details_of_nothing(tmp_path: Path) -> None:
    assert codes(read(tmp_path, {"1.json": details()})) == ["nothing-in-file", "no-principals"]


def test_a_policy_without_default_version(tmp_path: Path) -> None:
    record = managed("Read", A, document(), document(), default=7)
    estate = read(tmp_path, {"d.json": details(user(AttachedManagedPolicies=attached(READ)), record)})
    found = principal(estate, "ana").attached[0]
    assert found.document is None
    assert "default" in found.problem
    assert place(only(estate, "policy-version-missing"))[2] == "/Policies/0"


def test_the_default_version_by_id_where_no_version_is_marked(tmp_path: Path) -> None:
    record = managed("Read", A, document("a:one"), document("a:two"), default=2)
    for version in record["PolicyVersionList"]:
        del version["IsDefaultVersion"]
    found = policy(read(tmp_path, {"d.json": details(record)}), "Read")
    assert found.version == "v2"
    assert found.document is not None
    assert found.document.statements[0].actions == ("a:two",)


def test_two_default_versions(tmp_path: Path) -> None:
    record = managed("Read", A, document("a:one"), document("a:two"), default=1)
    for version in record["PolicyVersionList"]:
        version["IsDefaultVersion"] = True
    estate = read(tmp_path, {"d.json": details(record)})
    assert policy(estate, "Read").version == "v1"
    assert codes(estate) == ["policy-version-ambiguous"]


def test_unknown_fields_are_reported_once_each(tmp_path: Path) -> None:
    users = [user("a", LoginDays=3), user("b", LoginDays=4), user("c", Shoe={"Size": 1})]
    estate = read(tmp_path, {"d.json": details(*users, role(Shoe=1))})
    found = [(d.message.split("'")[1], place(d)[2]) for d in estate.diagnostics if d.code == "unknown-field"]
    assert found == [
        ("LoginDays", "/UserDetailList/0/LoginDays"),
        ("Shoe", "/UserDetailList/2/Shoe"),
        ("Shoe", "/RoleDetailList/0/Shoe"),
    ]
    assert estate.complete


@pytest.mark.parametrize(
    ("record", "code", "pointer"),
    [
        (user(Arn="arn:aws:iam::1:user/ana"), "bad-arn", "/UserDetailList/0/Arn"),
        (user(Arn=f"arn:aws:iam::{A}:role/ana"), "bad-arn", "/UserDetailList/0/Arn"),
        ({k: v for k, v in user().items() if k != "Arn"}, "missing-field", "/UserDetailList/0"),
        (user(Arn=7), "bad-field", "/UserDetailList/0/Arn"),
        (user(GroupList="HelpDesk"), "bad-field", "/UserDetailList/0/GroupList"),
        (user(GroupList=[1]), "bad-field", "/UserDetailList/0/GroupList/0"),
        (user(Tags={"Team": "Mail"}), "bad-field", "/UserDetailList/0/Tags"),
        (user(Tags=[{"Key": "Team"}]), "bad-field", "/UserDetailList/0/Tags/0"),
        (user(UserPolicyList=[5]), "bad-field", "/UserDetailList/0/UserPolicyList/0"),
        (user(PermissionsBoundary="x"), "bad-field", "/UserDetailList/0/PermissionsBoundary"),
        (user(AttachedManagedPolicies=[{}]), "missing-field", "/UserDetailList/0/AttachedManagedPolicies/0"),
        (role(MaxSessionDuration="1h"), "bad-field", "/RoleDetailList/0/MaxSessionDuration"),
    ],
)
def test_a_record_that_does_not_fit(tmp_path: Path, record: Json, code: str, pointer: str) -> None:
    estate = read(tmp_path, {"d.json": details(record, user("bob"))})
    assert codes(estate, Severity.ERROR) == [code]
    diagnostic = only(estate, code)
    assert place(diagnostic)[2] == pointer
    assert place(diagnostic)[1] is not None
    assert principal(estate, "bob")


@pytest.mark.parametrize("element", [7, "x", None, [user()]])
def test_an_element_that_is_no_record(tmp_path: Path, element: object) -> None:
    page = details(user())
    page["UserDetailList"].insert(0, element)
    estate = read(tmp_path, {"d.json": page})
    assert codes(estate) == ["bad-field"]
    assert place(only(estate, "bad-field")) == ("d.json", 3, "/UserDetailList/0")
    assert principal(estate, "ana")


@pytest.mark.parametrize(
    ("records", "pointer"),
    [
        (
            user(UserPolicyList=[{"PolicyName": "Inline"}]),
            "/UserDetailList/0/UserPolicyList/0/PolicyDocument",
        ),
        (
            {k: v for k, v in role().items() if k != "AssumeRolePolicyDocument"},
            "/RoleDetailList/0/AssumeRolePolicyDocument",
        ),
    ],
)
def test_a_document_that_is_missing_leaves_the_policy_unknown(
    tmp_path: Path, records: Json, pointer: str
) -> None:
    estate = read(tmp_path, {"d.json": details(records)})
    found = next(p for p in estate.principals if p.kind is not PrincipalKind.ROOT)
    policies = [*found.inline, *([found.trust] if found.trust else [])]
    assert [p.document for p in policies] == [None]
    assert place(only(estate, "policy-document-missing"))[2] == pointer


@pytest.mark.parametrize("text", ["", "%7B%22Version", "not a policy", "%7B%7D%7B%7D"])
def test_a_document_text_that_cannot_be_decoded(tmp_path: Path, text: str) -> None:
    estate = read(tmp_path, {"d.json": details(user(UserPolicyList=inline(text)), user("bob"))})
    found = principal(estate, "ana").inline[0]
    assert not estate.complete
    assert found.document is None or found.document.unread
    errors = [d for d in estate.diagnostics if d.severity is Severity.ERROR]
    assert {place(d)[2] for d in errors} == {"/UserDetailList/0/UserPolicyList/0/PolicyDocument"}
    assert {place(d)[1] for d in errors} == {14}


def test_a_duplicate_key_in_a_document_text(tmp_path: Path) -> None:
    text = json.dumps(document()).replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')
    estate = read(tmp_path, {"d.json": details(user(UserPolicyList=inline(quote(text))))})
    diagnostic = only(estate, "json-duplicate-key")
    assert diagnostic.severity is Severity.WARNING
    assert place(diagnostic)[2] == "/UserDetailList/0/UserPolicyList/0/PolicyDocument/Statement/0/Effect"
    found = principal(estate, "ana").inline[0].document
    assert found is not None
    assert found.statements[0].effect == "Allow"


def test_accounts_in_other_partitions(tmp_path: Path) -> None:
    arn = f"arn:aws-us-gov:iam::{B}:user/gov"
    estate = read(tmp_path, {"d.json": details(user("gov", B, Arn=arn))})
    assert {p.arn for p in estate.principals} == {arn, f"arn:aws-us-gov:iam::{B}:root"}


def test_accounts_that_trust_policies_name(tmp_path: Path) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    for value in (
        f"arn:aws:iam::{B}:root",
        "999999999999",
        "*",
        "arn:aws:sts::777788889999:assumed-role/R/s",
    ):
        trust["Statement"].append(
            {"Effect": "Allow", "Principal": {"AWS": value}, "Action": "sts:AssumeRole"}
        )
    estate = read(tmp_path, {"d.json": details(role(AssumeRolePolicyDocument=trust))})
    assert {name: account.has_iam for name, account in estate.accounts.items()} == {
        A: True,
        B: False,
        "999999999999": False,
        "777788889999": False,
    }
