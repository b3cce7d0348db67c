"""Statements as lines of JSON, with those marked that decide."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmiam.estate.model import Policy, PolicyKind
from wmiam.origin import Origin, SourceFile
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document
from wmiam.views.statements import lay_out, statement_lines, statement_value

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Reset",
            "Effect": "Allow",
            "Action": ["workmail:Get*", "workmail:ResetPassword"],
            "Resource": "*",
            "Condition": {
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "StringEquals": {"aws:ResourceTag/Team": ["a", "b"]},
            },
        },
        {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": ["*"]},
    ],
}


def policy_from(held: object, pointer: str = "/Document") -> Policy:
    """A policy whose document stands under a key of a file."""
    source = SourceFile.from_text("file.json", json.dumps({"Document": held}, indent=1))
    document = parse_document(DOCUMENT, PolicyType.IDENTITY)
    return Policy("reset", PolicyKind.MANAGED, document, origin=Origin(source, pointer))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=6),
    max_leaves=20,
)


@given(json_values)
def test_the_lines_are_the_value_again(value: object) -> None:
    assert json.loads("\n".join(line.text for line in lay_out(value))) == value


@pytest.mark.parametrize("encode", [lambda d: d, json.dumps, lambda d: quote(json.dumps(d))])
def test_a_document_is_found_as_object_text_or_url_encoded(encode: object) -> None:
    assert callable(encode)
    policy = policy_from(encode(DOCUMENT))
    assert statement_value(policy, "/Statement/1") == DOCUMENT["Statement"][1]
    assert statement_value(policy, "") == DOCUMENT
    assert statement_value(policy, "/Statement/7") is None


def marked(parts: tuple[str, ...], pointer: str = "/Statement/0") -> list[str]:
    """The lines that are marked where these elements decide."""
    policy = policy_from(DOCUMENT)
    return [line.text.strip() for line in statement_lines(policy, pointer) if line.decides(parts)]


def test_the_lines_that_decide_are_marked() -> None:
    assert marked(("/Action/1", "/Resource")) == ['"workmail:ResetPassword"', '"Resource": "*",']
    assert marked(("/Condition/Bool/aws:MultiFactorAuthPresent",)) == ['"aws:MultiFactorAuthPresent": "true"']
    assert marked(("/Condition/StringEquals/aws:ResourceTag~1Team",)) == [
        '"aws:ResourceTag/Team": [',
        '"a",',
        '"b"',
        "]",
    ]


def test_a_list_of_one_and_its_value_alone_are_the_same() -> None:
    assert marked(("/Resource/0",)) == ['"Resource": "*",']
    assert marked(("/NotAction",), "/Statement/1") == ['"NotAction": ["iam:*"],']
    assert marked(("/NotAction/0",), "/Statement/1") == ['"NotAction": ["iam:*"],']


def test_an_index_does_not_mark_one_that_begins_alike() -> None:
    lines = lay_out({"Action": [f"s3:A{i}" for i in range(12)]})
    assert [line.text.strip() for line in lines if line.decides(("/Action/1",))] == ['"s3:A1",']


def test_long_lists_keep_what_decides() -> None:
    actions = [f"ec2:Do{i}" for i in range(40)]
    actions[25] = "workmail:*"
    lines = [line.text.strip() for line in lay_out({"Action": actions}, keep={"/Action/25"})]
    assert lines == [
        "{",
        '"Action": [',
        "… 25 more, left out here",
        '"workmail:*",',
        "… 14 more, left out here",
        "]",
        "}",
    ]


def test_a_file_that_has_changed_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    document = parse_document(DOCUMENT, PolicyType.IDENTITY)
    source = SourceFile("policy.json", path, sha256="0" * 64)
    policy = Policy("reset", PolicyKind.MANAGED, document, origin=Origin(source))
    assert statement_value(policy, "/Statement/0") is None
    # What was understood stands in for it, and reads as the same JSON.
    shown = "\n".join(line.text for line in statement_lines(policy, "/Statement/0", document.statements[0]))
    assert json.loads(shown) == {
        **DOCUMENT["Statement"][0],  # type: ignore[dict-item]
        "Resource": ["*"],
        "Condition": {
            "Bool": {"aws:MultiFactorAuthPresent": ["true"]},
            "StringEquals": {"aws:ResourceTag/Team": ["a", "b"]},
        },
    }
    assert statement_lines(policy, "/Statement/0") == ()


def test_principals_of_a_trust_policy_are_shown_from_what_was_understood() -> None:
    trust = {
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ec2.amazonaws.com"},
        }
    }
    document = parse_document(trust, PolicyType.TRUST)
    policy = Policy("trust", PolicyKind.TRUST, document)
    shown = "\n".join(line.text for line in statement_lines(policy, "/Statement", document.statements[0]))
    assert json.loads(shown)["Principal"] == {"Service": ["ec2.amazonaws.com"]}
