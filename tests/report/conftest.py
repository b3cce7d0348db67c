"""Estates to report on, and a Chromium that has no network."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from report_reading import FORMULA, IMAGE, MOMENT, NUL, REORDERED, SCRIPT, STAR, TEMPLATE

import wmiam
from wmiam.report import write_report

ACME = Path(__file__).resolve().parents[2] / "data" / "acme"


@pytest.fixture(scope="session")
def acme() -> wmiam.Access:
    """The access of the sample estate."""
    return wmiam.load(ACME).access()


@pytest.fixture(scope="session")
def acme_report(acme: wmiam.Access, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the sample estate."""
    return write_report(acme, tmp_path_factory.mktemp("acme") / "report.html", generated=MOMENT)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> wmiam.Access:
    """The access of an estate whose every name is an attack, and of which one statement is unreadable."""
    folder = tmp_path_factory.mktemp("hostile")
    allow = {"Effect": "Allow", "Action": "workmail:*", "Resource": "*"}
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    user = {
        "Path": "/",
        "UserName": SCRIPT,
        "UserId": "AIDAEXAMPLE1",
        "Arn": "arn:aws:iam::111122223333:user/one",
        "GroupList": [],
        "AttachedManagedPolicies": [],
        "UserPolicyList": [
            {
                "PolicyName": IMAGE,
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            **allow,
                            "Sid": TEMPLATE,
                            "Condition": {"StringEquals": {"aws:UserAgent": NUL}, **mfa},
                        }
                    ],
                },
            }
        ],
        "Tags": [{"Key": FORMULA, "Value": SCRIPT}],
    }
    other = {
        **user,
        "UserName": REORDERED,
        "UserId": "AIDAEXAMPLE2",
        "Arn": f"arn:aws:iam::111122223333:user/{REORDERED}",
        "UserPolicyList": [
            {
                "PolicyName": "broken",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [allow, {"Effect": SCRIPT, "Action": "workmail:*", "Resource": "*"}],
                },
            }
        ],
    }
    star = {
        **user,
        "UserName": STAR,
        "UserId": "AIDAEXAMPLE3",
        "Arn": "arn:aws:iam::111122223333:user/three",
    }
    details = {
        "UserDetailList": [user, other, star],
        "GroupDetailList": [],
        "RoleDetailList": [],
        "Policies": [],
    }
    (folder / "details.json").write_text(json.dumps(details), encoding="utf-8")
    arn = "arn:aws:workmail:eu-west-1:111122223333:organization/m-0123456789abcdef0123456789abcdef"
    described = {
        "OrganizationId": "m-0123456789abcdef0123456789abcdef",
        "Alias": IMAGE,
        "State": SCRIPT,
        "ARN": arn,
    }
    (folder / "describe.json").write_text(json.dumps(described), encoding="utf-8")
    tags = {
        "Call": "list-tags-for-resource",
        "Parameters": {"ResourceARN": arn, "Region": "eu-west-1", "Account": "111122223333"},
        "Output": {"Tags": [{"Key": SCRIPT, "Value": FORMULA}]},
    }
    (folder / "tags.json").write_text(json.dumps(tags), encoding="utf-8")
    estate = wmiam.load(folder, name=SCRIPT)
    # The reader takes names from ARNs and refuses most of this; the report must not rely on it.
    names = {"one": SCRIPT, "three": STAR}
    principals = tuple(dataclasses.replace(p, name=names.get(p.name, p.name)) for p in estate.principals)
    return dataclasses.replace(estate, principals=principals).access()


@pytest.fixture(scope="session")
def hostile_report(hostile: wmiam.Access, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the hostile estate."""
    target = tmp_path_factory.mktemp("hostile-report") / "report.html"
    return write_report(hostile, target, title=f"Report {SCRIPT}", generated=MOMENT)
