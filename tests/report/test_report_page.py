"""What the reader does with the page: sort, find, take along, link to a cell, zoom a path; also on large estates."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect
from report_reading import FORMULA, Opener

import wmiam

pytestmark = pytest.mark.browser


def saved(page: Page, button: Locator) -> list[list[str]]:
    """The rows of the file that a button offers."""
    with page.expect_download() as found:
        button.click()
    text = Path(found.value.path()).read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_list_is_sorted_by_its_heads(acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    table = page.locator("#cap-read-mail table").first
    through = table.locator("tbody tr td:nth-child(5)")
    head = table.locator("thead th").nth(4)
    head.get_by_role("button", name="Through").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    texts = [text.lower() for text in through.all_inner_texts()]
    assert texts == sorted(texts)
    head.get_by_role("button", name="Through").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert [text.lower() for text in through.all_inner_texts()] == sorted(texts, reverse=True)


def test_a_word_narrows_a_list_and_the_file_holds_what_is_shown(acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    table, tools = page.locator("#cap-read-mail table").first, page.locator("#cap-read-mail .tools").first
    whole = table.locator("tbody tr").count()
    tools.get_by_role("searchbox", name="Find in this list").fill("staging kwesi")
    shown = table.locator("tbody tr:visible")
    expect(shown).to_have_count(1)
    expect(tools.get_by_role("status")).to_have_text(f"1 of {whole} rows")
    rows = saved(page, tools.get_by_role("button", name="Download as CSV"))
    assert rows[0] == ["Who", "Can", "On", "When", "Through"]
    assert len(rows) == 2
    assert rows[1][0].startswith("kwesi.manu")


def test_findings_are_found_by_a_word(acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    page.get_by_role("searchbox", name="Find in the findings").fill("efua.owusu ImpersonationRole")
    shown = page.locator("#findings details.finding:visible")
    assert 0 < shown.count() < page.locator("#findings details.finding").count() / 2
    for text in shown.all_text_contents():
        assert "efua.owusu" in text
    for group in page.locator("#findings .severity-group:visible").all():
        assert group.locator("details.finding:visible").count() > 0
        assert group.locator("h4:visible").count() <= group.locator("details.finding:visible").count()
    page.get_by_role("searchbox", name="Find in the findings").fill("")
    assert page.locator("#findings .sifted").count() == 0


def test_the_cells_that_are_shown_are_saved(acme: wmiam.Access, acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    page.get_by_label("Actions", exact=True).fill("resetpassword")
    rows = saved(page, page.get_by_role("button", name="Download these cells as CSV"))
    cells = acme.cells()
    cells = cells[cells["action"] == "workmail:ResetPassword"]
    found = {(row[0], row[4], row[5], row[7], row[8]) for row in rows[1:]}
    assert found == {(c.principal, c.action, c.organization, c.decision, c.when) for c in cells.itertuples()}
    assert len(rows) - 1 == len(cells)


def test_formulas_are_defused_in_what_is_saved(hostile_report: Path, look: Opener) -> None:
    page = look(hostile_report).page
    text = page.evaluate("() => document.scripts[document.scripts.length - 1].textContent")
    csv_functions = text[text.index("/** One cell of CSV") : text.index("/** Offer a file")]
    cells = [FORMULA, "+1", "-1", "@x", "\t=1", " =1", "\uff1d1", "plain", 'say "no", please', "two\nlines"]
    row = page.evaluate(f"(cells) => {{ {csv_functions} return csvRow(cells); }}", cells)
    read = next(csv.reader(io.StringIO(row, newline="")))
    assert read[:7] == [f"'{cell}" for cell in cells[:7]]
    assert read[7:] == cells[7:]


def test_a_link_opens_its_cell(acme: wmiam.Access, acme_report: Path, look: Opener) -> None:
    seen = look(acme_report)
    page = seen.page
    arn = acme.find_principal("mateo.jackson").arn
    europe = next(o for o in acme.organizations if o.alias == "acme-europe")
    link = (
        f"#cell/{quote(arn, safe='')}/{quote('workmail:ResetPassword', safe='')}/{quote(europe.arn, safe='')}"
    )
    page.goto(seen.address + link)
    panel = page.get_by_role("complementary", name="Explanation")
    expect(panel.get_by_role("heading", level=3)).to_have_text("mateo.jackson › workmail:ResetPassword")
    expect(panel.locator(".verdict")).to_contain_text("conditional: with MFA")
    expect(page.locator("#matrix")).to_be_in_viewport()
    panel.get_by_role("button", name="acme-executives").click()
    assert page.url.endswith(
        quote(next(o.arn for o in acme.organizations if o.alias == "acme-executives"), safe="")
    )
    panel.get_by_role("button", name="Close").click()
    assert page.url == f"{seen.address}#matrix"
    page.goto(f"{seen.address}#cell/nobody/workmail:ResetPassword/")
    expect(page.locator("#shown")).to_contain_text("does not have")
    page.goto(f"{seen.address}#cell/%E0%A4%A")
    assert seen.messages == []


def test_a_link_opens_its_finding(acme: wmiam.Access, acme_report: Path, look: Opener) -> None:
    seen = look(acme_report)
    anchor = seen.page.locator("#findings details.finding").nth(3).get_attribute("id")
    seen.page.goto(f"{seen.address}#{anchor}")
    expect(seen.page.locator(f"#{anchor}")).to_have_attribute("open", "")
    expect(seen.page.locator(f"#{anchor}")).to_be_in_viewport()


def test_paths_are_zoomed_by_button(acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    card = page.locator("#path-1")
    before = card.locator("svg").bounding_box()
    card.get_by_role("button", name="Larger").click()
    after = card.locator("svg").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] * 1.25, rel=0.02)
    card.get_by_role("button", name="Natural size").click()
    again = card.locator("svg").bounding_box()
    assert again is not None
    assert again["width"] == pytest.approx(before["width"], rel=0.02)


def test_lists_are_tools_without_the_matrix_too(acme: wmiam.Access, tmp_path: Path, look: Opener) -> None:
    from wmiam.report import render_report

    path = tmp_path / "part.html"
    path.write_text(render_report(acme, sections=["capabilities"]), encoding="utf-8")
    seen = look(path)
    section = seen.page.locator("#cap-read-mail")
    section.get_by_role("searchbox", name="Find in this list").first.fill("kwesi")
    expect(section.locator("table").first.locator("tbody tr:visible")).to_have_count(1)
    assert not re.search(r"\berror\b", " ".join(seen.messages), re.IGNORECASE)
    seen.assert_quiet()
