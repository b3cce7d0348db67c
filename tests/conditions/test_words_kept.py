"""Sentences and examples are found once for each set, and are the caller's own."""

from __future__ import annotations

import pytest

from wmiam.conditions import words
from wmiam.conditions.words import describe, witness
from wmiam.engine.domains import Test as Question
from wmiam.engine.space import Space, Usage
from wmiam.policy.model import Operator

TRUE = Question("Bool", ("true",))
MFA = "aws:MultiFactorAuthPresent"


@pytest.fixture
def space() -> Space:
    return Space([Usage(MFA, {TRUE})])


def holds(space: Space, key: str) -> int:
    return space.condition(key, Operator("Bool"), [TRUE], ["true"])


def with_mfa(space: Space) -> tuple[int, int]:
    """Return the contexts with MFA, and those of temporary and long-term credentials."""
    within = space.universe(temporary=True, long_term=True)
    return space.diagrams.both(holds(space, MFA), within), within


def test_the_words_for_a_set_are_found_once(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    contexts, within = with_mfa(space)
    asked = []
    found = words.cases_of

    def cases_of(contexts: int, within: int, space: Space) -> list[dict[int, int]] | None:
        asked.append(contexts)
        return found(contexts, within, space)

    monkeypatch.setattr(words, "cases_of", cases_of)
    assert [describe(contexts, within, space) for _ in range(3)] == ["with MFA"] * 3
    assert asked == [contexts]


def test_users_and_roles_share_a_sentence_but_for_their_credentials(space: Space) -> None:
    contexts, within = with_mfa(space)
    rest = space.diagrams.minus(within, contexts)
    without = space.diagrams.minus(rest, space.universe(temporary=True, long_term=False))
    assert describe(without, within, space) == "with long-term access keys"
    assert describe(without, within, space, role=True) == "in a federated session"
    assert describe(without, within, space) == "with long-term access keys"


def test_an_example_is_the_callers_own(space: Space) -> None:
    contexts, within = with_mfa(space)
    first = witness(contexts, within, space)
    assert first == {MFA: "true"}
    first.clear()
    assert witness(contexts, within, space) == {MFA: "true"}


def test_spaces_do_not_share_what_was_said(space: Space) -> None:
    contexts, within = with_mfa(space)
    assert describe(contexts, within, space) == "with MFA"
    other = Space([Usage("aws:SecureTransport", {TRUE})])
    over = holds(other, "aws:SecureTransport")
    assert describe(over, other.universe(temporary=True, long_term=True), other) != "with MFA"
