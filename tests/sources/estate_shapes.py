"""Records as the AWS CLI prints them, small."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wmiam.diagnostics import Diagnostic, Severity
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization, OrganizationsTarget, Policy, Principal
from wmiam.sources import load

A = "111122223333"
B = "444455556666"
ORGANIZATION = "m-4f7c1e90a2b84d35b6c8d9e0f1a2b3c4"
Json = dict[str, Any]


def document(action: str = "workmail:ListUsers", resource: str = "*", **more: object) -> Json:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}],
    }


TRUST: Json = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def user(name: str = "ana", account: str = A, path: str = "/", **more: object) -> Json:
    return {
        "Path": path,
        "UserName": name,
        "UserId": f"AIDA{name.upper()}",
        "Arn": f"arn:aws:iam::{account}:user{path}{name}",
        "CreateDate": "2024-05-01T08:00:00+00:00",
        "GroupList": [],
        "AttachedManagedPolicies": [],
        **more,
    }


def group(name: str = "HelpDesk", account: str = A, **more: object) -> Json:
    return {
        "Path": "/",
        "GroupName": name,
        "GroupId": f"AGPA{name.upper()}",
        "Arn": f"arn:aws:iam::{account}:group/{name}",
        "CreateDate": "2024-05-01T08:00:00+00:00",
        "GroupPolicyList": [],
        "AttachedManagedPolicies": [],
        **more,
    }


def role(name: str = "Export", account: str = A, path: str = "/", **more: object) -> Json:
    return {
        "Path": path,
        "RoleName": name,
        "RoleId": f"AROA{name.upper()}",
        "Arn": f"arn:aws:iam::{account}:role{path}{name}",
        "CreateDate": "2024-05-01T08:00:00+00:00",
        "AssumeRolePolicyDocument": TRUST,
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
        "RoleLastUsed": {},
        **more,
    }


def managed(name: str = "Read", account: str = A, *documents: Json, default: int = 1, **more: object) -> Json:
    versions = documents or (document(),)
    return {
        "PolicyName": name,
        "PolicyId": f"ANPA{name.upper()}",
        "Arn": f"arn:aws:iam::{account}:policy/{name}",
        "Path": "/",
        "DefaultVersionId": f"v{default}",
        "AttachmentCount": 1,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": "2024-05-01T08:00:00+00:00",
        "UpdateDate": "2024-05-01T08:00:00+00:00",
        "PolicyVersionList": [
            {
                "Document": version,
                "VersionId": f"v{number}",
                "IsDefaultVersion": number == default,
                "CreateDate": "2024-05-01T08:00:00+00:00",
            }
            for number, version in reversed(list(enumerate(versions, 1)))
        ],
        **more,
    }


def inline(value: object = None, name: str = "Inline") -> list[Json]:
    return [{"PolicyName": name, "PolicyDocument": document() if value is None else value}]


def attached(*arns: str) -> list[Json]:
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in arns]


def details(*records: Json, **more: object) -> Json:
    """Return a page of authorization details with each record in its list."""
    page: Json = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    lists = {"UserName": "UserDetailList", "GroupName": "GroupDetailList", "RoleName": "RoleDetailList"}
    for record in records:
        name = next((lists[key] for key in record if key in lists), "Policies")
        page[name].append(record)
    return page | more


def call(name: str, output: object, **parameters: str) -> Json:
    return {"Call": name, "Parameters": parameters, "Output": output}


def read(folder: Path, files: dict[str, object]) -> Estate:
    """Write files (objects as JSON, texts and bytes as they are) into a folder and load it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_text(json.dumps(content, indent=4), encoding="utf-8")
    return load(folder, progress=False)


def principal(estate: Estate, name: str) -> Principal:
    return next(p for p in estate.principals if p.name == name)


def policy(estate: Estate, name: str) -> Policy:
    return next(p for p in estate.policies if p.name == name)


def target(estate: Estate, name: str) -> OrganizationsTarget:
    assert estate.aws_organization is not None
    return estate.aws_organization.targets[name]


def organization(estate: Estate, name: str = ORGANIZATION) -> Organization:
    return next(o for o in estate.organizations if o.id == name)


def codes(estate: Estate, *severities: Severity) -> list[str]:
    """Return the codes of the diagnostics of some severities; without any, of errors and warnings."""
    wanted = severities or (Severity.ERROR, Severity.WARNING)
    return [d.code for d in estate.diagnostics if d.severity in wanted]


def only(estate: Estate, code: str) -> Diagnostic:
    """Return the one diagnostic with a code."""
    found = [d for d in estate.diagnostics if d.code == code]
    assert len(found) == 1, [str(d) for d in estate.diagnostics]
    return found[0]


def place(diagnostic: Diagnostic) -> tuple[str, int | None, str]:
    """Return file, line and pointer of a diagnostic."""
    assert diagnostic.origin is not None
    return diagnostic.origin.source.name, diagnostic.origin.line, diagnostic.origin.pointer
