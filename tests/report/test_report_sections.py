"""The sections of the report can be chosen, and none needs another."""

from __future__ import annotations

import pytest
from report_outline import Outline, assert_only_our_script
from report_reading import MOMENT

import wmiam
from wmiam.errors import UnknownNameError
from wmiam.report import render_report
from wmiam.report.sections import SECTIONS


def outline(access: wmiam.Access, *sections: str) -> Outline:
    return Outline(render_report(access, generated=MOMENT, sections=sections or None))


def test_every_section_stands_once_and_in_order(acme: wmiam.Access) -> None:
    page = outline(acme)
    ids = [section.id for section in SECTIONS if not section.asked]
    assert [identity for identity in page.ids if identity in ids] == ids
    assert page.navigation == [f"#{identity}" for identity in ids]


def test_sections_stand_in_the_order_that_is_asked_for(acme: wmiam.Access) -> None:
    page = outline(acme, "glossary", "answer", "glossary")
    assert page.navigation == ["#glossary", "#answer"]
    assert page.ids.index("glossary") < page.ids.index("answer")
    assert "matrix" not in page.ids
    # What the matrix alone needs is not there.
    assert_only_our_script(page)


@pytest.mark.parametrize("section", [section.id for section in SECTIONS])
def test_a_section_stands_alone(acme: wmiam.Access, section: str) -> None:
    page = outline(acme, section)
    assert page.navigation == [f"#{section}"]
    assert page.targets <= {*page.ids, "main"}


@pytest.mark.parametrize("section", [section.id for section in SECTIONS])
def test_any_section_can_be_left_out(hostile: wmiam.Access, section: str) -> None:
    page = outline(hostile, *(other.id for other in SECTIONS if other.id != section))
    assert section not in page.ids
    assert page.targets <= set(page.ids)


def test_a_section_that_is_not_there_is_named_with_the_near_one(acme: wmiam.Access) -> None:
    with pytest.raises(UnknownNameError, match="matrix"):
        render_report(acme, sections=["answer", "matrx"])
