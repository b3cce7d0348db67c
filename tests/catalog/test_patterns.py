"""M1: the catalog and the evaluator must agree on which actions a pattern covers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmiam.catalog import load
from wmiam.policy.patterns import action_matches

NAMES = [action.full_name for action in load().actions]


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """Action names with parts replaced by wildcards, and by letters that only look or fold alike."""
    letters = list(draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(letters) - 1))
        piece = draw(st.sampled_from([*"*?[]!^-.\\:aRK \n", "\u212a", "\u017f"]))
        letters[at : at + draw(st.integers(0, 6))] = [piece]
    text = "".join(letters)
    return draw(st.sampled_from([text, text.lower(), text.upper(), text.replace("k", "\u212a")]))


@given(pattern=patterns())
def test_m1_expand_is_what_the_evaluator_matches(pattern: str) -> None:
    covered = [action.full_name for action in load().expand(pattern)]
    assert covered == [name for name in NAMES if action_matches(pattern, name)]


@pytest.mark.parametrize("pattern", ["wor\u212amail:*", "wor\u212amail:ResetPassword"])
def test_m1_the_kelvin_sign_is_no_k(pattern: str) -> None:
    assert load().expand(pattern) == ()
    assert load().get(pattern) is None
