"""Names that select nothing or too much say what a person can choose from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wmiam.errors import AmbiguousNameError, UnknownNameError
from wmiam.estate.model import Organization
from wmiam.estate.names import find_organizations, organization_choice

ACCOUNT = "111122223333"
FIRST, SECOND = "m-n1pq2345678r901st2u3vx45x6789yza", "m-0123456789abcdef0123456789abcdef"


def organization(region: str, id_: str, alias: str = "", *, stand_in: bool = False) -> Organization:
    arn = f"arn:aws:workmail:{region}:{ACCOUNT}:organization/{id_}"
    return Organization(arn, id_, region, ACCOUNT, alias, stand_in=stand_in)


WEST = organization("eu-west-1", FIRST, "mail")
EAST = organization("us-east-1", SECOND, "mail")
BARE = organization("us-west-2", "m-aaaa")
ANY = organization("us-east-1", "*", stand_in=True)
ALL = [WEST, EAST, BARE, ANY]
GONE = replace(WEST, state="Deleted")


def test_organizations_that_share_an_alias_are_told_apart_by_their_ids() -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        find_organizations("mail", ALL)
    assert caught.value.candidates == (f"mail ({FIRST})", f"mail ({SECOND})")
    assert str(caught.value) == (
        f"'mail' names more than one organization; choose one of: mail ({FIRST}), mail ({SECOND})"
    )


@pytest.mark.parametrize(
    ("one", "words"),
    [(WEST, f"mail ({FIRST})"), (BARE, "m-aaaa"), (ANY, ANY.arn), (GONE, f"mail ({FIRST}, deleted)")],
)
def test_what_an_organization_is_called_in_a_choice(one: Organization, words: str) -> None:
    assert organization_choice(one) == words


@pytest.mark.parametrize("name", [WEST.arn, FIRST, FIRST.upper()])
def test_an_arn_or_id_is_one_organization(name: str) -> None:
    assert find_organizations(name, ALL) == [WEST]


def test_an_unknown_name_lists_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"^no organization is called 'male'; near: mail"):
        find_organizations("male", ALL)


def test_a_name_that_was_left_out_is_not_shown_as_one() -> None:
    assert str(AmbiguousNameError("organization", "", ["a", "b"])) == (
        "no organization is named, and there is more than one; choose one of: a, b"
    )
