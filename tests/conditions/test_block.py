"""Condition blocks: each operator family, those that do not exist, and agreement with the reference."""

from __future__ import annotations

import random
from typing import Any

import pytest
from contexts import allow, condition_of, deny
from random_estates import mail

from wmiam.access import Access
from wmiam.access.condition import never_carried
from wmiam.conditions.condition import Condition
from wmiam.engine.conditions import evaluate_condition
from wmiam.engine.request import Request
from wmiam.errors import NoConditionBlock
from wmiam.estate.model import Organization, Principal
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

#: Blocks that come back as they are: nothing shorter says the same.
SAME: tuple[Any, ...] = (
    {"Bool": {"aws:MultiFactorAuthPresent": ["true"]}},
    {"Bool": {"aws:MultiFactorAuthPresent": ["false"]}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": ["true"]}},
    {"Null": {"aws:MultiFactorAuthPresent": ["true"]}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": ["3600"]}},
    {"NumericLessThanEquals": {"aws:MultiFactorAuthAge": ["3600"]}},
    {"NumericGreaterThan": {"aws:MultiFactorAuthAge": ["3600"]}},
    {"NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": ["60.5"]}},
    {"NumericEquals": {"aws:MultiFactorAuthAge": ["60", "900"]}},
    {"NumericNotEquals": {"aws:MultiFactorAuthAge": ["60"]}},
    {"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": ["3600"]}},
    {"DateLessThan": {"aws:CurrentTime": ["2027-03-31T00:00:00Z"]}},
    {"DateGreaterThan": {"aws:CurrentTime": ["2026-11-01T00:00:00Z"]}, "DateLessThan": {"aws:CurrentTime": ["2026-12-20T00:00:00Z"]}},
    {"DateNotEquals": {"aws:CurrentTime": ["2027-03-31T00:00:00Z"]}},
    {"IpAddress": {"aws:SourceIp": ["2001:db8::/32", "203.0.113.0/24"]}},
    {"IpAddressIfExists": {"aws:SourceIp": ["203.0.113.0/24"]}},
    {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}},
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}, "NotIpAddress": {"aws:SourceIp": ["203.0.113.64/32"]}},
    {"StringEquals": {"aws:UserAgent": ["Boto3", "cli"]}},
    {"StringEqualsIfExists": {"aws:UserAgent": ["Boto3"]}},
    {"StringNotEquals": {"aws:UserAgent": ["Boto3", "cli"]}},
    {"Null": {"aws:UserAgent": ["false"]}, "StringNotEquals": {"aws:UserAgent": ["Boto3"]}},
    {"StringEqualsIgnoreCase": {"aws:UserAgent": ["Boto3"]}},
    {"StringNotEqualsIgnoreCase": {"aws:UserAgent": ["Boto3"]}},
    {"StringLike": {"aws:UserAgent": ["aws-cli/*", "x?z"]}},
    {"StringNotLike": {"aws:UserAgent": ["aws-cli/*"]}},
    {"StringLike": {"aws:UserAgent": ["aws-*"]}, "StringNotEquals": {"aws:UserAgent": ["aws-cli"]}},
    {"StringLike": {"aws:UserAgent": ["*z"]}, "StringLikeIfExists": {"aws:UserAgent": ["a*"]}},
    {"StringEquals": {"aws:UserAgent": ["a*b", "c?", "${$}{x}"]}},
    {"StringLike": {"aws:UserAgent": ["a${*}b*"]}},
    {"StringLike": {"aws:UserAgent": ["${?}*${$}{x}"]}},
    {"ArnLike": {"aws:SourceArn": ["arn:aws:lambda:*:*:function:mail-*"]}},
    {"ArnLikeIfExists": {"aws:SourceArn": ["arn:aws:lambda:*:*:function:mail-*"]}},
    {"ArnNotLike": {"aws:SourceArn": ["arn:aws:lambda:*:*:function:mail-*"]}},
    {"ArnLike": {"aws:SourceArn": ["arn:aws:lambda:*:*:*"]}, "StringLike": {"aws:SourceArn": ["*mail*"]}},
    {"BinaryEquals": {"aws:SourceIdentity": ["YWJj"]}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["Env", "Team"]}},
    {"ForAllValues:StringNotEquals": {"aws:TagKeys": ["Env"]}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["Env"]}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["Env", "Team"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": ["T*"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["Env"]}},
    {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": ["Env"]}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["Env", "Team"]}, "Null": {"aws:TagKeys": ["false"]}},
    {"StringEquals": {"aws:RequestTag/Env": ["prod", "test"]}},
    {"StringEqualsIfExists": {"aws:RequestTag/Env": ["prod"]}},
    {"Bool": {"aws:SecureTransport": ["true"]}, "IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}},
)  # fmt: skip


def folded(block: Any) -> Any:
    return {op: {k: sorted(v) for k, v in keys.items()} for op, keys in block.items()}


@pytest.mark.parametrize("block", SAME, ids=str)
def test_a_block_comes_back(block: Any) -> None:
    assert folded(condition_of(allow(block)).to_policy()) == folded(block)
    assert [folded(b) for b in condition_of(allow(block)).to_statements()] == [folded(block)]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        # A Deny becomes what is left.
        (
            [allow(), deny({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})],
            {"Bool": {"aws:MultiFactorAuthPresent": ["true"]}},
        ),
        (
            [allow(), deny({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})],
            {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}},
        ),
        ([allow(), deny({"StringEquals": {"aws:UserAgent": "x"}})], {"StringNotEquals": {"aws:UserAgent": ["x"]}}),
        ([allow(), deny({"ForAnyValue:StringEquals": {"aws:TagKeys": "Env"}})], {"ForAllValues:StringNotEquals": {"aws:TagKeys": ["Env"]}}),
        ([allow(), deny({"Null": {"aws:RequestTag/Env": "true"}})], {"Null": {"aws:RequestTag/Env": ["false"]}}),
        ([allow(), deny({"NumericEquals": {"aws:MultiFactorAuthAge": "60"}})], {"NumericNotEquals": {"aws:MultiFactorAuthAge": ["60"]}}),
        # Ranges that two ranges leave, which no policy of the estate names.
        (
            [allow({"IpAddress": {"aws:SourceIp": ["203.0.113.0/26", "203.0.113.64/26"]}})],
            {"IpAddress": {"aws:SourceIp": ["203.0.113.0/25"]}},
        ),
        # The same moment by another name, and the same bound from both sides.
        ([allow({"NumericLessThan": {"aws:EpochTime": "1790000000"}})], {"DateLessThan": {"aws:CurrentTime": ["2026-09-21T14:13:20Z"]}}),
        (
            [allow({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "60"}, "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": "60"}})],
            {"NumericEquals": {"aws:MultiFactorAuthAge": ["60"]}},
        ),
        # Keys are spelled as AWS spells them.
        ([allow({"Bool": {"AWS:multifactorauthpresent": "TRUE"}})], {"Bool": {"aws:MultiFactorAuthPresent": ["true"]}}),
        # An age implies that MFA was used; set operators on a key with one value are left out.
        (
            [allow({"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "60"}})],
            {"NumericLessThan": {"aws:MultiFactorAuthAge": ["60"]}},
        ),
        ([allow({"ForAnyValue:StringEquals": {"aws:UserAgent": "x"}})], {"StringEquals": {"aws:UserAgent": ["x"]}}),
        ([allow({"ForAllValues:StringEquals": {"aws:UserAgent": "x"}})], {"StringEqualsIfExists": {"aws:UserAgent": ["", "x"]}}),
        # Two statements that together are one.
        (
            [allow({"StringEquals": {"aws:UserAgent": "x"}}), allow({"StringEquals": {"aws:UserAgent": "y"}})],
            {"StringEquals": {"aws:UserAgent": ["x", "y"]}},
        ),
        ([allow({"StringLike": {"aws:UserAgent": "a*"}}), allow({"StringNotLike": {"aws:UserAgent": "a*"}})], {}),
        ([allow()], {}),
    ],
)  # fmt: skip
def test_the_shortest_block_is_found(statements: list[Any], expected: Any) -> None:
    assert condition_of(*statements).to_policy() == expected


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (
            [
                allow({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
                allow({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            ],
            "it takes 2 statements, because there are several ways: with MFA; or from 203.0.113.0/24",
        ),
        (
            [
                allow({"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}),
                allow({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "900"}}),
            ],
            "it takes 2 statements",
        ),
        (
            [allow(), deny({"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:x-*"}})],
            "no operator can name just these values: aws:SourceArn ",
        ),
        ([allow({"StringEquals": {"aws:UserAgent": "x"}}), deny()], "it never holds"),
        (
            [allow({"StringEquals": {"aws:UserAgent": "${aws:SourceIdentity}"}})],
            "it depends on whether StringEquals holds for aws:UserAgent and ${aws:SourceIdentity}, which no context key says",
        ),
    ],
)  # fmt: skip
def test_the_error_says_why_there_is_no_block(statements: list[Any], reason: str) -> None:
    with pytest.raises(NoConditionBlock) as caught:
        condition_of(*statements).to_policy()
    assert reason in str(caught.value)
    assert str(caught.value).startswith("there is no Condition block for it: ")


def test_messages_are_told_apart_by_their_resource() -> None:
    action = "workmailmessageflow:GetRawMessageContent"
    resource = "arn:aws:workmailmessageflow:eu-west-1:111122223333:message/m-aaaa/incoming/*"
    with pytest.raises(NoConditionBlock, match="a Resource element names"):
        condition_of(allow(action=action, Resource=resource), action=action).to_policy()


def test_several_statements_are_given_where_one_block_is_not_enough() -> None:
    condition = condition_of(
        allow({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        allow({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    )
    blocks = sorted(condition.to_statements(), key=str)
    assert blocks == [
        {"Bool": {"aws:MultiFactorAuthPresent": ["true"]}},
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}},
    ]
    assert condition_of(allow(action="workmail:Get*")).to_statements() == []


def random_cells(seed: int) -> tuple[Access, list[tuple[Principal, str, Organization | None, Condition]]]:
    rng = random.Random(seed)
    estate = mail.estate(rng)
    access = Access.of(estate, progress=False)
    cells = []
    for row in access.rows():
        organization = row.resource.organization if row.resource is not None else None
        space = access.whole.space
        avoid = never_carried(space, row.action)
        condition = Condition(row.contexts, row.within, space, avoid=avoid)
        if row.action in mail.ACTIONS and not condition.always:
            cells.append((row.principal, row.action, organization, condition))
    rng.shuffle(cells)
    return access, cells[:25]


def holds(block: Any, request: Request) -> bool:
    """Whether a block holds for a request, by the reference evaluator."""
    document = parse_document({"Version": "2012-10-17", "Statement": [allow(block)]}, PolicyType.IDENTITY)
    (statement,) = document.statements
    return all(
        evaluate_condition(row, request.full_context, variables=True).holds for row in statement.conditions
    )


def check(seed: int) -> int:
    """Hold the blocks of random cells against their policies; return how many requests were compared."""
    access, cells = random_cells(seed)
    compared = 0
    rng = random.Random(seed + 1)
    for principal, action, org, condition in cells:
        try:
            blocks = condition.to_statements()
        except NoConditionBlock:
            continue
        for _attempt in range(30):
            context = mail.context(rng, principal, action, org.tags if org else ())
            if org is None:
                context["aws:RequestedRegion"] = rng.choice(("eu-west-1", "us-east-1", "eu-south-9"))
            expected = mail.reference(access.estate, principal, action, org, context)
            request = Request(principal.arn, action, "*" if org is None else org.arn, context)
            actual = any(holds(block, request) for block in blocks)
            assert actual == expected, (seed, principal.arn, action, org and org.arn, context, blocks)
            compared += 1
    return compared


@pytest.mark.parametrize("seed", range(25))
def test_blocks_agree_with_the_reference(seed: int) -> None:
    check(seed)


@pytest.mark.long
@pytest.mark.parametrize("block", range(10))
def test_blocks_agree_with_the_reference_long(block: int) -> None:
    assert sum(check(seed) for seed in range(1000 + 100 * block, 1100 + 100 * block)) > 10_000


@pytest.mark.parametrize("seed", range(10))
def test_one_block_is_found_wherever_the_statements_are_one(seed: int) -> None:
    _, cells = random_cells(500 + seed)
    for *_, condition in cells:
        try:
            blocks = condition.to_statements()
        except NoConditionBlock:
            with pytest.raises(NoConditionBlock):
                condition.to_policy()
            continue
        if len(blocks) == 1:
            assert condition.to_policy() == blocks[0]
        else:
            with pytest.raises(NoConditionBlock, match=f"takes {len(blocks)} statements"):
                condition.to_policy()
