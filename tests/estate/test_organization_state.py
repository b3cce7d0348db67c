"""What an organization's state means for permissions on it."""

from __future__ import annotations

import pytest

from wmiam.estate.model import Organization

ARN = "arn:aws:workmail:eu-west-1:111122223333:organization/m-aaaa"


def organization(state: str, alias: str = "mail") -> Organization:
    return Organization(ARN, "m-aaaa", "eu-west-1", "111122223333", alias, state)


# States of the Administrator Guide, "Organization states and descriptions", and none.
@pytest.mark.parametrize(
    "state", ["", "Active", "Creating", "Failed", "Impaired", "Inactive", "Requested", "Validating"]
)
def test_other_states_are_not_marked(state: str) -> None:
    found = organization(state)
    assert (found.is_deleted, found.state_note, found.label) == (False, "", "mail")


@pytest.mark.parametrize(
    ("found", "label", "note"),
    [
        (
            organization("Deleted"),
            "mail (deleted)",
            "WorkMail has deleted the organization mail: permissions on it have no effect.",
        ),
        (
            organization("DELETED", alias=""),
            "m-aaaa (deleted)",
            "WorkMail has deleted the organization m-aaaa: permissions on it have no effect.",
        ),
        (
            organization("Deleting"),
            "mail (deleting)",
            "WorkMail is deleting the organization mail: permissions on it end with it.",
        ),
    ],
)
def test_one_that_is_gone_or_going_says_so(found: Organization, label: str, note: str) -> None:
    assert found.is_deleted
    assert found.label == label
    assert found.state_note == note


@pytest.mark.parametrize(
    ("region", "label"),
    [
        ("eu-west-1", "any other organization in eu-west-1 of 111122223333"),
        ("*", "any other organization in any region of 111122223333"),
        ("", "any other organization in any region of 111122223333"),
    ],
)
def test_a_stand_in_is_called_by_what_it_stands_for(region: str, label: str) -> None:
    arn = f"arn:aws:workmail:{region}:111122223333:organization/*"
    assert Organization(arn, "*", region, "111122223333", stand_in=True).label == label
