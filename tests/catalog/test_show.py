"""The catalog as rows."""

from __future__ import annotations

import pytest

from wmiam.catalog import load
from wmiam.catalog.show import rows


def names(**filters: str) -> list[object]:
    return [row["action"] for row in rows(load(), **filters)]


def test_a_row_says_what_an_action_is() -> None:
    assert rows(load(), action="workmail:AssumeImpersonationRole") == [
        {
            "action": "workmail:AssumeImpersonationRole",
            "access_level": "Write",
            "resource": ["organization"],
            "condition_keys": ["workmail:ImpersonationRoleId", "aws:ResourceTag/${TagKey}"],
            "api_operation": True,
            "capabilities": ["read-mail"],
        }
    ]


def test_d11_an_action_without_resource_types_shows_a_star() -> None:
    (row,) = rows(load(), action="ListOrganizations")
    assert (row["resource"], row["condition_keys"]) == (["*"], [])


def test_without_filters_every_action_has_a_row() -> None:
    assert names() == [action.full_name for action in load().actions]


def test_filters_narrow_together() -> None:
    assert names(service="WorkMailMessageFlow", access_level="read") == [
        "workmailmessageflow:GetRawMessageContent"
    ]
    assert names(capability="retag") == ["workmail:TagResource", "workmail:UntagResource"]
    assert names(capability="retag", action="Un*") == ["workmail:UntagResource"]
    assert names(capability="retag", service="workmailmessageflow") == []


def test_an_action_of_two_levels_is_found_by_either() -> None:
    (row,) = rows(load(), action="TagResource")
    assert row["access_level"] == "Tagging, Write"
    assert "workmail:TagResource" in names(access_level="Tagging")
    assert "workmail:TagResource" in names(access_level="write")
    assert names(access_level="tag") == []


@pytest.mark.parametrize("filters", [{"service": "s3"}, {"capability": "none"}, {"action": "Reset"}])
def test_an_unknown_name_keeps_nothing(filters: dict[str, str]) -> None:
    assert names(**filters) == []
