"""Malformed files: a diagnostic with file, line and pointer, no traceback, and the rest still read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from estate_shapes import (
    A,
    codes,
    details,
    document,
    inline,
    managed,
    only,
    place,
    principal,
    read,
    role,
    user,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmiam.diagnostics import Severity
from wmiam.sources import load

GOOD = details(user("bob", account="444455556666"))


def statement(**elements: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": "*"} | elements


def in_a_user(value: object) -> dict[str, object]:
    """Return authorization details of a user with a good and a bad inline policy."""
    policies = [*inline(document("workmail:GetUser"), "Good"), *inline(value, "Bad")]
    return details(user(UserPolicyList=policies))


def without(key: str) -> dict[str, object]:
    return {k: v for k, v in statement().items() if k != key}


WHOLE = json.dumps(details(user("ana"), user("carla"), role()), indent=4)
POINTER = "/UserDetailList/0/UserPolicyList/1/PolicyDocument"
CASES: list[tuple[str, object, str, str, int]] = [
    ("truncated JSON", WHOLE[: WHOLE.index('"carla"') + 3], "json-truncated", "/UserDetailList/1", 14),
    ("wrong encoding", WHOLE.replace("carla", "Größe").encode("latin-1"), "wrong-encoding", "", 14),
    ("a policy that is a list", in_a_user([statement()]), "policy-not-object", POINTER, 27),
    (
        "a statement without Effect",
        in_a_user({"Version": "2012-10-17", "Statement": [without("Effect")]}),
        "effect",
        f"{POINTER}/Statement/0",
        30,
    ),
    (
        "both Action and NotAction",
        in_a_user({"Version": "2012-10-17", "Statement": [statement(NotAction="iam:*")]}),
        "both-elements",
        f"{POINTER}/Statement/0/NotAction",
        34,
    ),
    (
        "an unknown operator",
        in_a_user(
            {"Version": "2012-10-17", "Statement": [statement(Condition={"StringIs": {"aws:userid": "x"}})]}
        ),
        "unknown-operator",
        f"{POINTER}/Statement/0/Condition/StringIs",
        35,
    ),
    (
        "duplicate keys",
        WHOLE.replace('"UserName": "carla"', '"UserName": "carla",\n            "UserName": "carla"'),
        "json-duplicate-key",
        "/UserDetailList/1/UserName",
        15,
    ),
    (
        "10 000 nested arrays",
        WHOLE.replace('"GroupList": []', '"GroupList": ' + "[" * 10_000 + "]" * 10_000, 1),
        "json-too-deep",
        "/UserDetailList/0",
        3,
    ),
    ("10 000 nested arrays and nothing else", "[" * 10_000 + "]" * 10_000, "json-too-deep", "/0", 1),
    ("an empty file", "", "empty-file", "", 1),
    ("a file of white space", " \n\n", "empty-file", "", 1),
    ("a binary file", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "binary-file", "", 1),
    ("a missing comma", WHOLE.replace('"ana",', '"ana"'), "json-syntax", "/UserDetailList/0", 6),
    ("NaN", WHOLE.replace('"AIDAANA"', "NaN"), "json-constant", "/UserDetailList/0/UserId", 6),
    ("single quotes", "{'UserDetailList': []}", "json-syntax", "", 1),
    ("HTML", "<html><body>Service Unavailable</body></html>", "json-syntax", "", 1),
    ("an error message", "\nAn error occurred (AccessDenied) when calling", "json-syntax", "", 2),
]


@pytest.mark.parametrize(
    ("_name", "content", "code", "pointer", "line"), CASES, ids=[case[0] for case in CASES]
)
def test_a_malformed_file(
    tmp_path: Path, _name: str, content: object, code: str, pointer: str, line: int
) -> None:
    estate = read(tmp_path, {"a-bad.json": content, "b-good.json": GOOD})
    found = [d for d in estate.diagnostics if d.code == code]
    assert found, [str(d) for d in estate.diagnostics]
    assert place(found[0]) == ("a-bad.json", line, pointer)
    assert found[0].message
    assert str(found[0]).startswith(f"a-bad.json:{line}:")
    if code != "json-duplicate-key":
        assert found[0].severity is Severity.ERROR
        assert not estate.complete
    assert principal(estate, "bob")


def test_the_records_around_the_damage_are_read(tmp_path: Path) -> None:
    cut = WHOLE[: WHOLE.index('"Export"')]
    estate = read(tmp_path, {"d.json": cut})
    assert {p.name for p in estate.principals} == {"ana", "carla", "root"}
    assert codes(estate) == ["json-truncated"]
    estate = read(tmp_path, {"d.json": WHOLE.replace('"ana",', '"ana"')})
    assert {p.name for p in estate.principals} == {"carla", "Export", "root"}
    assert codes(estate) == ["json-syntax"]


def test_the_good_policies_of_a_record_with_a_bad_one_are_read(tmp_path: Path) -> None:
    estate = read(tmp_path, {"d.json": in_a_user([statement()])})
    good, bad = principal(estate, "ana").inline
    assert good.document is not None
    assert not good.document.unread
    assert bad.document is None or bad.document.unread


def test_a_bad_managed_policy_is_reported_once(tmp_path: Path) -> None:
    arn = f"arn:aws:iam::{A}:policy/Read"
    users = [user(n, AttachedManagedPolicies=[{"PolicyName": "Read", "PolicyArn": arn}]) for n in "abc"]
    bad = {"Version": "2012-10-17", "Statement": [without("Effect")]}
    estate = read(tmp_path, {"d.json": details(*users, managed("Read", A, bad))})
    assert place(only(estate, "effect"))[2] == "/Policies/0/PolicyVersionList/0/Document/Statement/0"


def test_the_column_of_a_syntax_error(tmp_path: Path) -> None:
    estate = read(tmp_path, {"d.json": WHOLE.replace('"ana",', '"ana"')})
    origin = only(estate, "json-syntax").origin
    assert origin is not None
    assert origin.position == (6, 13)


def test_a_loose_policy_that_is_a_list(tmp_path: Path) -> None:
    estate = read(tmp_path, {"policy.json": [statement(), statement(Action="workmail:GetUser")]})
    diagnostic = only(estate, "policy-not-object")
    assert place(diagnostic) == ("policy.json", 1, "")
    assert codes(estate) == ["policy-not-object"]


def test_a_loose_statement_without_a_document_around_it(tmp_path: Path) -> None:
    estate = read(tmp_path, {"policy.json": statement()})
    assert place(only(estate, "statement-missing"))[0] == "policy.json"


def test_a_broken_file_alone_is_no_traceback_and_no_complete_estate(tmp_path: Path) -> None:
    estate = read(tmp_path, {"d.json": "{"})
    assert codes(estate) == ["json-truncated", "nothing-read"]
    assert not estate.complete


@pytest.mark.parametrize("value", [5, '"text"', None, True, [], [1, 2], {}, {"a": {"b": 1}}, [[{}]]])
def test_json_that_is_something_else(tmp_path: Path, value: object) -> None:
    estate = read(tmp_path, {"a.json": value, "b.json": GOOD})
    assert codes(estate) in (["unknown-content"], ["nothing-in-file"])
    assert principal(estate, "bob")
    found = next(d for d in estate.diagnostics if d.code in ("unknown-content", "nothing-in-file"))
    assert place(found)[0] == "a.json"


@pytest.mark.parametrize(
    "value",
    [{"nbformat": 4, "cells": []}, {"name": "x", "dependencies": {}}, {"$schema": "https://example.com"}],
)
def test_json_that_is_plainly_something_else_is_only_noted(tmp_path: Path, value: object) -> None:
    estate = read(tmp_path, {"a.json": value, "b.json": GOOD})
    assert codes(estate) == []
    assert only(estate, "other-file").severity is Severity.INFO


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "UserDetailList",
                    "Policies",
                    "Arn",
                    "PolicyVersionList",
                    "Call",
                    "Output",
                    "Parameters",
                    "Statement",
                    "Organization",
                    "OrganizationId",
                    "Alias",
                    "ARN",
                    "OrganizationSummaries",
                    "Roles",
                    "Tags",
                    "Key",
                    "Value",
                    "Accounts",
                    "Id",
                    "Paths",
                    "Roots",
                    "PolicyTypes",
                    "Targets",
                    "TargetId",
                    "wmiam-manifest",
                    "principals",
                    "targets",
                    "aws-organization",
                    "Policy",
                    "PolicySummary",
                    "ImpersonationRoleId",
                    "Type",
                    "Rules",
                    "ResourceARN",
                    "RoleDetailList",
                    "GroupList",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(json_values)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_is_a_traceback(tmp_path: Path, value: object) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    estate = load(path, progress=False)
    assert estate.diagnostics
    assert all(str(diagnostic) for diagnostic in estate.diagnostics)


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_are_a_traceback(tmp_path: Path, data: bytes) -> None:
    for name in ("any.json", "any.yaml", "any"):
        path = tmp_path / name
        path.write_bytes(data)
        estate = load(path, progress=False)
        assert estate.diagnostics
        assert all(str(diagnostic) for diagnostic in estate.diagnostics)


@given(
    st.integers(0, len(WHOLE) - 1), st.sampled_from(['"', "{", "}", "[", "]", ",", ":", "\\", "\0", "x", ""])
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_wrong_character_is_never_silent(tmp_path: Path, at: int, wrong: str) -> None:
    text = WHOLE[:at] + wrong + WHOLE[at + 1 :]
    path = tmp_path / "d.json"
    path.write_text(text, encoding="utf-8")
    estate = load(path, progress=False)
    try:
        json.loads(text)
    except ValueError:
        assert not estate.complete
