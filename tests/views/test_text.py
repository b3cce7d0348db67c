"""Text made visible."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmiam.views.text import count, short_arn, visible


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("plain", "plain"),
        ("naïve 日本 שלום", "naïve 日本 שלום"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("\ufeffa", "⟨U+FEFF⟩a"),
        ("a\x00\x1b[31m", "a⟨U+0000⟩⟨U+001B⟩[31m"),
        ("one\ntwo", "one⟨U+000A⟩two"),
        ("a\u2028b", "a⟨U+2028⟩b"),
        ("\ud83d", "⟨U+D83D⟩"),
        ("\ue000", "⟨U+E000⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
)
def test_what_hides_is_spelled_out(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


@given(st.text())
def test_nothing_that_hides_is_left(text: str) -> None:
    shown = visible(text)
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for char in shown)
    assert visible(shown) == shown


def test_numbers_have_their_nouns() -> None:
    assert count(1, "policy", "policies") == "1 policy"
    assert count(0, "policy", "policies") == "0 policies"
    assert count(12345, "principal") == "12,345 principals"


def test_an_arn_is_shortened_to_what_it_names() -> None:
    assert short_arn("arn:aws:iam::111122223333:role/mail/HelpDesk") == "role/mail/HelpDesk"
    assert short_arn("arn:aws:iam:short") == "arn:aws:iam:short"
    assert short_arn("*") == "*"
