"""Linting of policy documents: each code with a case that has it and a near twin that has not."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import wmiam.policy.lint as linter
from wmiam.catalog import load, managed_policy
from wmiam.jsontext import find
from wmiam.policy.lint import lint_document
from wmiam.policy.lint_conditions import holds_when_absent
from wmiam.policy.model import Condition, PolicyType, Problem
from wmiam.policy.operators import parse_operator
from wmiam.policy.parse import parse_document

ORG = "arn:aws:workmail:eu-west-1:111122223333:organization/m-n1pq2345678r901st2u3vx45x6789yza"
MESSAGE = "arn:aws:workmailmessageflow:eu-west-1:111122223333:message/*"
ROLE_ID = "5a2c8f14-3b7d-4e69-9f01-2d4c6b8a0e13"
MFA = "aws:MultiFactorAuthPresent"
RESET, TAG = "workmail:ResetPassword", "workmail:TagResource"
ASSUME = "workmail:AssumeImpersonationRole"
Json = dict[str, Any]


def statement(action: str | list[str] = RESET, **elements: Any) -> Json:
    """Return a statement that has no problem but what the elements bring."""
    base: Json = {"Effect": "Allow", "Action": action, "Resource": ORG}
    for name, value in elements.items():
        if name.startswith("Not"):
            del base[name.removeprefix("Not")]
        base[name] = value
    return base


def when(operator: str, key: str, value: Any, action: Any = RESET, effect: str = "Allow") -> Json:
    """Return a statement with one row of conditions."""
    return statement(action, Effect=effect, Condition={operator: {key: value}})


def document(*statements: Json, version: str | None = "2012-10-17") -> Json:
    return {**({"Version": version} if version else {}), "Statement": list(statements)}


def lint(value: Json, policy_type: PolicyType = PolicyType.IDENTITY) -> list[Problem]:
    parsed = parse_document(value, policy_type)
    assert not parsed.unread
    return lint_document(parsed, load(), policy_type)


ARN = "arn:aws:workmail:*:*:organization/"
#: A resource of a statement about WorkMail that never matches, and its near twin that may.
RESOURCES = [
    (ORG.replace("aws", "amazon"), ORG),
    (ORG.replace("111122223333", ""), ORG.replace("111122223333", "*")),
    (ORG.replace("111122223333", "1111-2222-3333"), ORG.replace("111122223333", "11112222????")),
    (
        ORG.replace("eu-west-1", ""),
        ORG.replace("eu-west-1", "us-gov-west-1").replace("arn:aws:", "arn:aws-us-gov:"),
    ),
    (ORG.replace("organization", "organisation"), ORG.replace("organization", "organi?ation")),
    (f"{ARN}acme-europe", f"{ARN}${{aws:PrincipalTag/Organization}}"),
    ("arn:aws:workmail:*:organization/m-n1pq2345678r901st2u3vx45x6789yza", "arn:aws:workmail:*"),
]
#: Code, arguments of :func:`when` for a statement that has it, and for its near twin that has not.
CONDITIONS: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = [
    ("unknown-condition-key", ("Bool", "aws:MfaPresent", "true"), ("Bool", MFA, "true")),
    (
        "unknown-condition-key",
        ("StringEquals", "workmail:ImpersonationRole", ROLE_ID, ASSUME),
        ("StringEquals", "workmail:impersonationroleid", ROLE_ID, ASSUME),
    ),
    (
        "unknown-condition-key",
        ("Bool", "MultiFactorAuthPresent", "true"),
        ("StringEquals", "accounts.google.com:aud", "x", ["workmail:ResetPassword", "sts:AssumeRole"]),
    ),
    (
        "missing-tag-key",
        ("StringEquals", "aws:ResourceTag", "mail"),
        ("StringEquals", "aws:ResourceTag/Team", "mail"),
    ),
    (
        "condition-never-carried",
        ("StringEquals", "workmail:ImpersonationRoleId", ROLE_ID),
        ("StringEquals", "workmail:ImpersonationRoleId", ROLE_ID, "workmail:*"),
    ),
    (
        "condition-never-carried",
        ("ArnLike", "iam:PolicyARN", "arn:aws:iam::111122223333:policy/*"),
        # This one comes with the credentials of an instance, whatever is asked for.
        ("ArnLike", "ec2:SourceInstanceARN", "arn:aws:ec2:*:111122223333:instance/*"),
    ),
    (
        "condition-never-carried",
        ("StringEquals", "saml:aud", "https://signin.aws.amazon.com/saml"),
        ("StringEquals", "cognito-identity.amazonaws.com:sub", "eu-west-1:x"),
    ),
    (
        "condition-never-carried",
        ("StringNotEquals", "aws:RequestTag/Team", "mail"),
        ("StringNotEquals", "aws:RequestTag/Team", "mail", TAG),
    ),
    (
        "condition-partly-carried",
        ("StringEquals", "workmail:ImpersonationRoleId", ROLE_ID, [ASSUME, "workmail:ResetPassword"]),
        ("StringEquals", "workmail:ImpersonationRoleId", ROLE_ID, [ASSUME, "workmail:Reset*"]),
    ),
    (
        "missing-set-operator",
        ("StringEquals", "aws:TagKeys", "Team", TAG),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "Team", TAG),
    ),
    (
        "needless-set-operator",
        ("ForAnyValue:StringEquals", "aws:RequestedRegion", "eu-west-1"),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1"),
    ),
    (
        "for-all-values-of-nothing",
        ("ForAllValues:StringLike", "aws:TagKeys", ["T*"], TAG),
        ("ForAllValues:StringLike", "aws:TagKeys", ["T*"], TAG, "Deny"),
    ),
    ("operator-type", ("Bool", "aws:PrincipalTag/Admin", "true"), ("Bool", MFA, "true")),
    ("operator-type", ("StringEquals", MFA, "true"), ("Null", MFA, "true", RESET, "Deny")),
    (
        "operator-type",
        ("StringLike", "aws:SourceIp", "203.0.113.*"),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ),
    (
        "operator-type",
        ("ArnLike", "aws:PrincipalAccount", "arn:aws:iam::111122223333:*"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:*"),
    ),
    (
        "wildcard-without-like",
        ("StringEquals", "aws:ResourceTag/Team", "work*"),
        ("StringLike", "aws:ResourceTag/Team", "work*"),
    ),
    (
        "wildcard-without-like",
        ("StringNotEquals", "aws:ResourceTag/Team", "work?"),
        ("StringNotEquals", "aws:ResourceTag/Team", "work${?}"),
    ),
    (
        "caller-chosen-key",
        ("StringLike", "aws:UserAgent", "sync/*"),
        ("StringLike", "aws:SourceVpce", "vpce-1*"),
    ),
    (
        "caller-chosen-key",
        ("StringEquals", "aws:Referer", "https://example.com/"),
        ("StringEquals", "aws:username", "https://example.com/"),
    ),
    (
        "private-source-ip",
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        ("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),
    ),
    (
        "private-source-ip",
        ("NotIpAddress", "aws:SourceIp", ["172.31.0.1", "fd00::/8"], RESET, "Deny"),
        ("NotIpAddress", "aws:SourceIp", ["172.15.0.1", "2001:db8::/32"], RESET, "Deny"),
    ),
    (
        "mfa-deny-passes-access-keys",
        ("Bool", MFA, "false", RESET, "Deny"),
        ("BoolIfExists", MFA, "false", RESET, "Deny"),
    ),
    (
        "mfa-allow-passes-access-keys",
        ("BoolIfExists", MFA, "true"),
        ("BoolIfExists", MFA, "true", RESET, "Deny"),
    ),
]
#: Code, a statement that has it, and its near twin that has not.
PAIRS: list[tuple[str, Json, Json]] = [
    ("unknown-action", statement("workmail:ResetPasword"), statement("WORKMAIL:resetpassword")),
    ("pattern-matches-no-action", statement("workmail:Rest*"), statement("workmail:Rese?Pass*")),
    ("unknown-service", statement("workmails:*"), statement("workdocs:*", Resource="*")),
    (
        "action-without-resource",
        statement("workmail:ListOrganizations"),
        statement("workmail:ListOrganizations", Resource="*"),
    ),
    (
        "action-without-resource",
        statement("workmail:CreateOrg*", Effect="Deny"),
        # The pattern takes in more than actions without resource.
        statement("workmail:Create*", Effect="Deny"),
    ),
    (
        "resource-never-matches",
        statement(Resource=ORG.replace(":workmail:", ":workdocs:")),
        statement([RESET, "workdocs:*"], Resource=[ORG, "arn:aws:workdocs:*:*:*"]),
    ),
    (
        "resource-never-matches",
        statement(NotResource=f"{ARN}acme-*", Effect="Deny"),
        statement(NotResource="arn:aws:workmail:*:*:*/m-n1pq*", Effect="Deny"),
    ),
    (
        "resource-never-matches",
        statement("workmailmessageflow:GetRawMessageContent"),
        statement("workmailmessageflow:GetRawMessageContent", Resource=MESSAGE),
    ),
    (
        "for-all-values-of-nothing",
        when("ForAllValues:StringEquals", "aws:TagKeys", ["Team"], TAG),
        statement(
            TAG,
            Condition={
                "ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]},
                "Null": {"aws:tagkeys": "false"},
            },
        ),
    ),
    (
        "allow-not-action",
        statement(NotAction="workmail:Delete*"),
        statement(NotAction="iam:*", Effect="Deny"),
    ),
    ("allow-not-resource", statement(NotResource=ORG), statement(NotResource=ORG, Effect="Deny")),
    (
        "mfa-tested-by-presence",
        when("Null", MFA, "false"),
        statement(Condition={"Null": {MFA: "false"}, "Bool": {MFA: "true"}}),
    ),
    *(
        ("resource-never-matches", statement(Resource=bad), statement(Resource=good))
        for bad, good in RESOURCES
    ),
    *((code, when(*bad), when(*good)) for code, bad, good in CONDITIONS),
]


@pytest.mark.parametrize(
    ("code", "bad", "good"), PAIRS, ids=[f"{index}-{code}" for index, (code, *_) in enumerate(PAIRS)]
)
def test_each_code_has_a_case_and_a_near_twin_without(code: str, bad: Json, good: Json) -> None:
    (problem,) = lint(document(bad))
    assert problem.code == code
    assert not [p for p in lint(document(good)) if p.code == code]
    assert problem.severity == "warning"
    assert problem.mend


@pytest.mark.parametrize(("code", "bad"), [pair[:2] for pair in PAIRS])
def test_a_problem_points_into_the_document(code: str, bad: Json) -> None:
    # Lists in every place, so that pointers with an index lead somewhere.
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if isinstance(bad.get(name), str):
            bad = {**bad, name: [bad[name]]}
    (problem,) = lint(document(bad))
    assert find(json.dumps(document(bad)), problem.pointer) is not None


@pytest.mark.parametrize(
    ("effect", "operator", "words"),
    [
        ("Allow", "StringEquals", "the statement allows nothing"),
        ("Deny", "StringEquals", "the statement denies nothing"),
        ("Allow", "StringNotEquals", "the statement allows as if the condition were not there"),
        ("Deny", "StringEqualsIfExists", "the statement denies as if the condition were not there"),
    ],
)
def test_what_a_dead_condition_leads_to_is_told(effect: str, operator: str, words: str) -> None:
    (problem,) = lint(document(when(operator, "aws:RequestTag/Team", "mail", effect=effect)))
    assert words in problem.message


def test_a_misspelt_action_names_the_near_one() -> None:
    (problem,) = lint(document(statement("workmail:ResetPasword")))
    assert problem.mend == "did you mean workmail:ResetPassword?"


@pytest.mark.parametrize(
    ("operator", "addresses", "words"),
    [
        ("IpAddress", ["203.0.113.7", "192.168.1.0/24"], "so 192.168.1.0/24 never matches"),
        ("IpAddress", ["192.168.1.0/24", "10.0.0.0/8"], "so it never holds"),
        ("NotIpAddress", ["192.168.1.0/24"], "so it always holds"),
    ],
)
def test_what_private_addresses_lead_to_is_told(operator: str, addresses: list[str], words: str) -> None:
    (problem,) = lint(document(when(operator, "aws:SourceIp", addresses)))
    assert words in problem.message
    assert "203.0.113.7" not in problem.message


def test_an_mfa_deny_completed_by_a_null_test_is_no_gap() -> None:
    guard = when("Bool", MFA, "false", effect="Deny")
    rest = when("Null", MFA, "true", effect="Deny")
    assert [p.code for p in lint(document(guard))] == ["mfa-deny-passes-access-keys"]
    assert lint(document(guard, rest)) == []


def test_a_policy_that_only_limits_may_allow_by_exception() -> None:
    value = document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    assert [p.code for p in lint(value)] == ["allow-not-action"]
    assert lint(value, PolicyType.BOUNDARY) == []
    assert lint(value, PolicyType.SCP) == []


@pytest.mark.parametrize("version", [None, "2008-10-17"])
def test_an_old_version_with_a_variable_in_a_condition(version: str | None) -> None:
    row = when("StringEquals", "aws:ResourceTag/Owner", "${aws:username}")
    (problem,) = lint(document(row, version=version))
    assert problem.code == "variable-in-old-version"
    assert problem.pointer == "/Statement/0/Condition/StringEquals/aws:ResourceTag~1Owner"
    assert lint(document(row)) == []


def test_an_old_version_without_variables_is_worth_knowing() -> None:
    (problem,) = lint(document(statement(), version=None))
    assert (problem.severity, problem.code) == ("info", "old-version")
    assert lint(document(statement())) == []


def test_a_variable_in_an_old_version_is_reported_once() -> None:
    own = statement(Resource="arn:aws:workmail:*:*:organization/${aws:PrincipalTag/Organization}")
    parsed = parse_document(document(own, version=None), PolicyType.IDENTITY)
    assert [p.code for p in parsed.problems] == ["variable-in-old-version"]
    assert lint_document(parsed, load(), PolicyType.IDENTITY) == []


def test_the_managed_policies_of_workmail_name_no_unknown_action() -> None:
    for name in ("AmazonWorkMailFullAccess", "AmazonWorkMailReadOnlyAccess"):
        policy = managed_policy(name)
        assert policy is not None
        codes = {p.code for p in lint(policy["PolicyVersion"]["Document"])}
        assert not codes & {"unknown-action", "pattern-matches-no-action", "resource-never-matches"}


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("StringEquals", "x", False),
        ("StringNotEquals", "x", True),
        ("StringEqualsIfExists", "x", True),
        ("Null", "true", True),
        ("Null", "false", False),
        ("ForAllValues:StringEquals", "x", True),
        ("ForAnyValue:StringNotEquals", "x", False),
        ("Bool", "false", False),
    ],
)
def test_c6_what_holds_where_the_key_is_absent(operator: str, value: str, holds: bool) -> None:
    parsed = parse_operator(operator)
    assert parsed is not None
    assert holds_when_absent(Condition(parsed, "aws:TagKeys", (value,), operator)) is holds


def test_every_code_of_the_linter_is_tested() -> None:
    calls = [
        node
        for path in Path(linter.__file__).parent.glob("lint*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]
    codes = set()
    for call in calls:
        # Problem(severity, code, …) and row.problem(code, …)
        name = ast.unparse(call.func)
        place = {"Problem": 1, "row.problem": 0}.get(name)
        if place is not None and isinstance(call.args[place], ast.Constant):
            codes.add(ast.literal_eval(call.args[place]))
    assert codes == {code for code, *_ in PAIRS} | {"variable-in-old-version", "old-version"}
