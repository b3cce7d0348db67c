"""Manifests: who has which of the policy documents in a folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from estate_shapes import (
    ORGANIZATION,
    TRUST,
    A,
    B,
    codes,
    document,
    only,
    organization,
    place,
    principal,
    read,
    target,
)

from wmiam.diagnostics import Severity
from wmiam.errors import InputError
from wmiam.estate.model import PolicyKind, PrincipalKind
from wmiam.sources import load

USER = f"arn:aws:iam::{A}:user/ana"
MANIFEST: dict[str, Any] = {
    "wmiam-manifest": 1,
    "accounts": [{"id": A, "name": "Mail"}],
    "groups": [{"arn": f"arn:aws:iam::{A}:group/HelpDesk", "policies": ["policies/desk.json"]}],
    "principals": [
        {"arn": USER, "groups": ["HelpDesk"], "tags": {"Team": "Mail", "Level": "2"}},
        {
            "arn": f"arn:aws:iam::{A}:role/app/Export",
            "policies": ["policies/export.json", "arn:aws:iam::aws:policy/AmazonWorkMailReadOnlyAccess"],
            "boundary": "policies/boundary.json",
            "trust": "trust.json",
            "max-session-seconds": 3600,
        },
        {"arn": f"arn:aws:iam::{B}:user/bob", "policies": ["policies/export.json"]},
    ],
    "aws-organization": {
        "id": "o-a1b2c3d4e5",
        "management-account": "999999999999",
        "targets": [
            {"id": "r-ab12", "name": "Root", "scps": ["p-FullAWSAccess", "scp.json"], "rcps": ["rcp.json"]},
            {"id": A, "parent": "r-ab12"},
            {"id": B, "parent": "r-ab12"},
        ],
    },
    "organizations": [
        {
            "arn": f"arn:aws:workmail:eu-west-1:{A}:organization/{ORGANIZATION}",
            "alias": "acme",
            "tags": {"Environment": "production"},
            "impersonation-roles": [
                {
                    "id": "role-1",
                    "name": "Migration",
                    "type": "FULL_ACCESS",
                    "rules": [{"effect": "ALLOW", "target-users": ["S-1-1-12-1"]}],
                }
            ],
        }
    ],
    "complete-for": [{"account": A, "region": "eu-west-1"}, {"account": B, "region": "eu-west-1"}],
}
FILES: dict[str, object] = {
    "policies/desk.json": document("workmail:ResetPassword"),
    "policies/export.json": document("workmail:StartMailboxExportJob"),
    "policies/boundary.json": document("workmail:*"),
    "trust.json": TRUST,
    "scp.json": document("workmail:DeleteOrganization", Effect="Deny"),
    "rcp.json": document("*", Principal="*"),
}


def as_yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wmiam.yaml", as_yaml(MANIFEST)),
        ("manifest.yml", as_yaml(MANIFEST)),
        ("wmiam.json", json.dumps(MANIFEST, indent=2)),
        ("manifest", as_yaml(MANIFEST)),
        ("flow.yaml", json.dumps(MANIFEST)),
    ],
)
def test_a_whole_manifest(tmp_path: Path, name: str, text: str) -> None:
    estate = read(tmp_path, FILES | {name: text})
    assert codes(estate) == []
    ana, export, bob = (principal(estate, n) for n in ("ana", "Export", "bob"))
    assert (ana.kind, ana.tags) == (PrincipalKind.USER, (("Team", "Mail"), ("Level", "2")))
    assert [(p.name, g and g.name) for p, g in ana.identity_policies] == [("policies/desk.json", "HelpDesk")]
    assert (export.kind, export.path, export.max_session_seconds) == (PrincipalKind.ROLE, "/app/", 3600)
    assert [p.name for p in export.attached] == ["policies/export.json", "AmazonWorkMailReadOnlyAccess"]
    assert all(p.document is not None for p in export.attached)
    assert export.attached[0].kind is PolicyKind.MANAGED
    assert bob.attached[0] is export.attached[0]
    assert export.boundary is not None
    assert export.boundary.document is not None
    assert export.trust is not None
    assert export.trust.owner == export.arn
    assert export.trust.document is not None
    assert export.trust.document.statements[0].principal is not None
    assert [p.name for p in target(estate, "r-ab12").scps] == ["scp.json", "FullAWSAccess"]
    assert [p.name for p in target(estate, "r-ab12").rcps] == ["rcp.json"]
    assert [p.name for p in target(estate, A).scps] == ["FullAWSAccess"]
    assert [p.name for p in target(estate, A).rcps] == ["RCPFullAWSAccess"]
    found = organization(estate)
    assert (found.alias, found.tags) == ("acme", (("Environment", "production"),))
    assert found.impersonation_roles is not None
    assert found.impersonation_roles[0].rules[0].target_users == ("S-1-1-12-1",)
    assert [o.stand_in for o in estate.organizations] == [False]
    assert estate.accounts[A].name == "Mail"
    assert estate.aws_organization is not None
    assert estate.aws_organization.management_account == "999999999999"
    assert not any(d.code == "unattached-policy" for d in estate.diagnostics)


def test_a_target_with_an_empty_list_of_policies_has_none(tmp_path: Path) -> None:
    tree = {"targets": [{"id": "r-ab12", "scps": []}, {"id": A, "parent": "r-ab12"}]}
    manifest = {"wmiam-manifest": 1, "principals": [{"arn": USER}], "aws-organization": tree}
    estate = read(tmp_path, {"wmiam.yaml": as_yaml(manifest)})
    assert target(estate, "r-ab12").scps == ()
    assert codes(estate) == ["target-without-policy"]


def test_lines_in_a_yaml_manifest(tmp_path: Path) -> None:
    text = f"""# Größe: not ASCII, so that characters and bytes differ
wmiam-manifest: 1
principals:
  - arn: {USER}
    policies:
      - missing.json
      - arn:aws:iam::{A}:policy/Unknown
    colour: red
"""
    estate = read(tmp_path, {"wmiam.yaml": text})
    assert place(only(estate, "policy-file-missing")) == ("wmiam.yaml", 6, "/principals/0/policies/0")
    assert place(only(estate, "unknown-field")) == ("wmiam.yaml", 8, "/principals/0/colour")
    assert place(only(estate, "policy-not-in-input"))[2] == "/principals/0/policies/1"
    assert principal(estate, "ana").origin is not None
    assert principal(estate, "ana").origin.line == 4  # type: ignore[union-attr]
    assert [p.document for p in principal(estate, "ana").attached] == [None, None]


@pytest.mark.parametrize(
    "written",
    [
        "../secret.json",
        "policies/../../secret.json",
        "/etc/passwd",
        "..\\secret.json",
        "C:/secret.json",
        "C:secret.json",
        "link.json",
        "folder-link/secret.json",
    ],
)
def test_paths_do_not_leave_the_input_folder(tmp_path: Path, written: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text(json.dumps(document("iam:*")))
    (tmp_path / "secret.json").write_text(json.dumps(document("iam:*")))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link.json").symlink_to(outside / "secret.json")
    (folder / "folder-link").symlink_to(outside)
    manifest = {"wmiam-manifest": 1, "principals": [{"arn": USER, "policies": [written]}]}
    estate = read(folder, {"wmiam.yaml": as_yaml(manifest)})
    diagnostic = only(estate, "path-leaves-input")
    assert diagnostic.severity is Severity.ERROR
    assert place(diagnostic)[2] == "/principals/0/policies/0"
    assert [p.document for p in principal(estate, "ana").attached] == [None]
    assert "iam:*" not in str(estate)


def test_a_path_inside_may_go_through_a_folder_below(tmp_path: Path) -> None:
    manifest = {"wmiam-manifest": 1, "principals": [{"arn": USER, "policies": ["./sub/x.json"]}]}
    estate = read(tmp_path, {"a/wmiam.yaml": as_yaml(manifest), "a/sub/x.json": document()})
    assert codes(estate) == []
    assert principal(estate, "ana").attached[0].name == "a/sub/x.json"


def test_a_manifest_named_by_itself_reads_the_files_it_names(tmp_path: Path) -> None:
    read(tmp_path, FILES | {"wmiam.yaml": as_yaml(MANIFEST), "other.json": document("iam:*")})
    estate = load(tmp_path / "wmiam.yaml")
    assert codes(estate) == []
    assert principal(estate, "Export").attached[0].document is not None
    assert "other.json" not in [source.name for source in estate.sources]
    assert estate.name == "wmiam"


def test_a_hidden_file_that_a_manifest_names_is_read(tmp_path: Path) -> None:
    manifest = {"wmiam-manifest": 1, "principals": [{"arn": USER, "policies": [".policies/x.json"]}]}
    estate = read(tmp_path, {"wmiam.yaml": as_yaml(manifest), ".policies/x.json": document()})
    assert codes(estate) == []
    assert principal(estate, "ana").attached[0].document is not None


def test_documents_in_the_output_of_calls(tmp_path: Path) -> None:
    files = {
        "version.json": {
            "PolicyVersion": {"Document": document("a:b"), "VersionId": "v3", "IsDefaultVersion": True}
        },
        "role-policy.json": {"RoleName": "R", "PolicyName": "P", "PolicyDocument": document("a:c")},
    }
    manifest = {"wmiam-manifest": 1, "principals": [{"arn": USER, "policies": list(files)}]}
    estate = read(tmp_path, files | {"wmiam.yaml": as_yaml(manifest)})
    assert codes(estate) == []
    found = principal(estate, "ana").attached
    assert [p.document and p.document.statements[0].actions for p in found] == [("a:b",), ("a:c",)]
    assert [p.origin and p.origin.pointer for p in found] == ["/PolicyVersion/Document", "/PolicyDocument"]


def test_the_same_content_under_two_names_may_be_named_by_both(tmp_path: Path) -> None:
    manifest = {"wmiam-manifest": 1, "principals": [{"arn": USER, "policies": ["one.json", "two.json"]}]}
    estate = read(tmp_path, {"one.json": document(), "two.json": document(), "wmiam.yaml": as_yaml(manifest)})
    assert codes(estate) == []
    assert "two.json" in only(estate, "same-content").message
    assert all(p.document is not None for p in principal(estate, "ana").attached)
    assert "unattached-policy" not in codes(estate, Severity.INFO)


@pytest.mark.parametrize("content", ["{", {"a": 1}, "plain text", b"\x00\x01\x02"])
def test_a_named_file_that_holds_no_policy(tmp_path: Path, content: object) -> None:
    manifest = {"wmiam-manifest": 1, "principals": [{"arn": USER, "policies": ["x.json"]}]}
    estate = read(tmp_path, {"wmiam.yaml": as_yaml(manifest), "x.json": content})
    assert place(only(estate, "not-a-policy-document"))[0] == "wmiam.yaml"
    assert [p.document for p in principal(estate, "ana").attached] == [None]


def test_policies_that_nobody_has(tmp_path: Path) -> None:
    bucket = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
    }
    estate = read(tmp_path, {"a.json": document(), "b.json": bucket, "c.json": document(Effect="Maybe")})
    assert codes(estate, Severity.INFO) == ["unattached-policy"] * 3
    assert [p.name for p in estate.policies] == ["a.json", "c.json", "b.json"]
    assert not estate.principals
    assert {place(d)[0] for d in estate.diagnostics if d.severity is Severity.ERROR} == {"c.json"}


def test_several_documents_in_one_file(tmp_path: Path) -> None:
    text = json.dumps(document("a:b")) + "\n" + json.dumps(document("a:c"))
    estate = read(tmp_path, {"x.jsonl": text})
    assert place(only(estate, "several-documents")) == ("x.jsonl", 2, "")
    assert len(estate.policies) == 1


BROKEN: list[tuple[str, str, int, str]] = [
    ("wmiam-manifest: 2\n", "manifest-version", 1, "/wmiam-manifest"),
    ("wmiam-manifest: 1\nprincipals: [\n  - x\n", "yaml-syntax", 3, ""),
    ("wmiam-manifest: 1\nprincipals: none\n", "bad-field", 2, "/principals"),
    ("wmiam-manifest: 1\nprincipals:\n  - ana\n", "bad-field", 3, "/principals/0"),
    ("wmiam-manifest: 1\nprincipals:\n  - {arn: ana}\n", "bad-arn", 3, "/principals/0/arn"),
    ("wmiam-manifest: 1\nprincipals:\n  - {tags: {a: b}}\n", "missing-field", 3, "/principals/0"),
    ("wmiam-manifest: 1\ngroups:\n  - {arn: x}\n", "bad-arn", 3, "/groups/0/arn"),
    ("wmiam-manifest: 1\norganizations:\n  - {arn: x}\n", "bad-arn", 3, "/organizations/0/arn"),
    (
        "wmiam-manifest: 1\naws-organization:\n  targets:\n    - {id: root}\n",
        "bad-target-id",
        4,
        "/aws-organization/targets/0/id",
    ),
    ("a: &a [1]\nwmiam-manifest: 1\ngroups: *a\n", "yaml-alias", 1, "/groups"),
    ("wmiam-manifest: 1\nprincipals: []\nprincipals: []\n", "yaml-duplicate-key", 3, "/principals"),
    ("nested:\n  wmiam-manifest: 1\n", "not-a-manifest", 1, ""),
    ("wmiam-manifest: 1\n---\nwmiam-manifest: 1\n", "yaml-syntax", 2, ""),
    ("wmiam-manifest: 1\nx: " + "[" * 5000 + "]" * 5000, "yaml-too-deep", 1, ""),
    ("wmiam-manifest: 1\nx: \x07\n", "yaml-syntax", 2, ""),
]


@pytest.mark.parametrize(("text", "code", "line", "pointer"), BROKEN)
def test_a_broken_manifest(tmp_path: Path, text: str, code: str, line: int, pointer: str) -> None:
    estate = read(tmp_path, {"wmiam.yaml": text})
    assert place(only(estate, code)) == ("wmiam.yaml", line, pointer)
    if code != "yaml-duplicate-key":
        assert not estate.complete


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    lines = ["wmiam-manifest: 1", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    estate = read(tmp_path, {"wmiam.yaml": "\n".join(lines)})
    assert "yaml-alias" in codes(estate)


def test_account_numbers_are_text_whatever_yaml_makes_of_them(tmp_path: Path) -> None:
    text = "wmiam-manifest: 1\naccounts:\n  - {id: 012345670123, name: no}\n"
    estate = read(tmp_path, {"wmiam.yaml": text})
    assert estate.accounts["012345670123"].name == "no"


def test_another_yaml_file_is_only_noted(tmp_path: Path) -> None:
    estate = read(tmp_path, {"compose.yaml": "services: {}\n", "a.json": document()})
    assert codes(estate) == []
    assert only(estate, "not-a-manifest").severity is Severity.INFO


def test_an_unreadable_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no input"):
        load()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match="no such file"):
        load(loop)
    assert os.path.lexists(loop)
