"""Frames as tables for reading."""

from __future__ import annotations

import pandas as pd
from test_html import ATTACK, Reader, squeezed

import wmiam
from wmiam.lab import views
from wmiam.views.table import Table


def test_organizations_have_their_names_and_nothing_is_cut_off(acme: wmiam.Access) -> None:
    frame = acme.who_can("ResetPassword").set_index("name")[["decision", "organization", "statements"]]
    shown = views.table(frame, acme)
    assert shown.frame is frame
    cells = Reader(shown._repr_html_()).cells
    assert len(cells) == 4 * len(frame)
    names = list(frame.index)
    at = names.index("mateo.jackson")
    _, decision, organization, statements = cells[4 * at : 4 * at + 4]
    assert (decision, organization) == ("◐ conditional", "acme-europe")
    assert statements == frame["statements"].iloc[at]
    assert 'scope="col" class="w-long">statements' in shown._repr_html_()
    assert max(map(len, cells)) == max(frame["statements"].map(len)) > 60


def test_text_is_to_the_left_and_numbers_to_the_right() -> None:
    frame = pd.DataFrame(
        {"who": ["ana", None], "number": [3, 1204], "some": [("a", "b"), ()], "is": [True, False]}
    )
    html = Table(frame)._repr_html_()
    assert Reader(html).cells == ["ana", "3", "a, b", "yes", "", "1204", "", "no"]
    assert html.count('class="w-n"') == 3
    assert html.count('class="w-short"') == 9
    assert repr(Table(frame)) == "who  number  some  is\nana  3       a, b  yes\n     1204          no"


def test_an_empty_table_says_so() -> None:
    nothing = Table(pd.DataFrame({"who": []}), empty="Nobody may.")
    assert repr(nothing) == "Nobody may."
    read = Reader(nothing._repr_html_())
    assert "Nobody may." in read.text
    assert "table" not in read.tags


def test_a_long_table_ends_and_says_so() -> None:
    long = Table(pd.DataFrame({"number": range(205)}))
    assert "… 5 more rows." in squeezed(Reader(long._repr_html_()).text)
    assert repr(long).endswith("\n… 5 more")


def test_text_from_an_estate_stays_text() -> None:
    read = Reader(Table(pd.DataFrame({ATTACK: [ATTACK], "names": [(ATTACK,)]}), {"x": ATTACK})._repr_html_())
    assert "script" not in read.tags
    assert read.text.count("⟨U+202E⟩") == 3
