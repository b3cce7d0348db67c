"""The report as a reader has it: in a browser, from disk, without network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from report_reading import IMAGE, REORDERED, SCRIPT, STAR, Opener

import wmiam

pytestmark = pytest.mark.browser

SHOWN = re.compile(r"^(\d[\d,]*) of (\d[\d,]*) principals?, (\d[\d,]*) of (\d[\d,]*) actions?$")


def shown(page_text: str) -> tuple[int, int]:
    """How many principals and actions the matrix says that it shows."""
    match = SHOWN.match(page_text)
    assert match is not None, page_text
    return int(match[1].replace(",", "")), int(match[3].replace(",", ""))


def test_it_opens_offline_and_quietly(acme_report: Path, look: Opener) -> None:
    seen = look(acme_report)
    expect(seen.page).to_have_title("Who can do what to Amazon WorkMail in acme")
    seen.page.locator("#grid td[role=gridcell]").first.click()
    seen.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    seen.assert_quiet()


def test_the_first_screen_answers(acme: wmiam.Access, acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    frame = acme.capabilities().set_index(["capability", "organization"])
    columns = page.locator(".answer thead a").all_inner_texts()
    by_label = {organization.label: organization.arn for organization in acme.organizations}
    assert sorted(columns) == sorted(by_label)
    for capability in acme.catalog.capabilities:
        row = page.locator(".answer tbody tr", has=page.locator(f'a[href="#cap-{capability.name}"]'))
        cells = row.locator("td")
        for index, organization in enumerate(["", *(by_label[label] for label in columns)]):
            expected = frame.loc[(capability.name, organization)]
            text = re.sub(r"\s|\u200a", "", cells.nth(index).locator(".number, .none").inner_text())
            wanted = str(expected.allowed) + (f"+{expected.conditional}◐" if expected.conditional else "")
            assert text == (wanted if expected.allowed or expected.conditional else "none")
    last = page.locator(".answer tbody tr").last.bounding_box()
    assert last is not None
    assert last["y"] + last["height"] <= 900


def test_a_number_leads_to_the_names(acme: wmiam.Access, acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    frame = acme.capabilities().set_index(["capability", "organization"])
    europe = next(o for o in acme.organizations if o.alias == "acme-europe")
    place = acme.organizations.index(europe)
    page.locator(f'.answer a[href="#cap-export-mail"][data-place="{place}"]').click()
    section = page.locator("#cap-export-mail")
    expect(section).to_be_in_viewport()
    row = frame.loc[("export-mail", europe.arn)]
    numbers = section.locator("table:not(.ways) tbody tr:visible th a").evaluate_all(
        "links => links.map((link) => Number(link.dataset.principal))"
    )
    names = sorted(acme.principals[number].arn for number in numbers)
    assert names == sorted([*row.principals, *row.conditional_principals])
    section.get_by_role("button", name="Show all organizations").click()
    expect(section.locator("tbody tr:not(:visible)")).to_have_count(0)


def test_a_name_leads_to_its_row_in_the_matrix(acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    page.locator("#cap-take-over-mailbox").get_by_role("link", name="mateo.jackson").click()
    expect(page.locator("#shown")).to_have_text("1 of 63 principals, 128 of 128 actions")
    expect(page.locator("#grid tbody th[scope=row]")).to_have_text(re.compile("mateo.jackson"))


def test_filters_narrow_the_matrix(acme: wmiam.Access, acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    status = page.locator("#shown")
    cells = acme.cells()
    assert shown(status.inner_text()) == (cells["principal"].nunique(), 128)

    page.get_by_label("Access", exact=True).select_option(label="also without access")
    assert shown(status.inner_text())[0] == len(acme.principals)

    page.get_by_label("Access", exact=True).select_option(label="any access")
    page.get_by_label("Actions", exact=True).fill("resetpassword")
    reset = cells[cells["action"] == "workmail:ResetPassword"]
    assert shown(status.inner_text()) == (reset["principal"].nunique(), 1)

    page.get_by_label("Access", exact=True).select_option(label="only under a condition")
    conditional = reset[reset["decision"] == "conditional"]
    assert 0 < shown(status.inner_text())[0] <= conditional["principal"].nunique()

    page.get_by_label("Organization", exact=True).select_option(label="acme-europe")
    europe = next(o.arn for o in acme.organizations if o.alias == "acme-europe")
    here = conditional[conditional["organization"] == europe]
    rows = page.locator("#grid tbody th[scope=row] bdi").all_inner_texts()
    assert sorted(rows) == sorted(here["name"])

    page.get_by_label("Account", exact=True).select_option("123456789012")
    assert shown(status.inner_text())[0] == 0

    page.get_by_role("button", name="Reset").click()
    expect(status).to_have_text(re.compile("128 of 128 actions$"))
    assert shown(status.inner_text())[0] == cells["principal"].nunique()


def test_columns_group_by_level_or_capability(acme: wmiam.Access, acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    heads = page.locator("#grid thead th[scope=colgroup]")
    assert heads.all_inner_texts()[:2] == ["Read mail", "Take over a mailbox"]
    page.get_by_label("Columns", exact=True).select_option(label="by access level")
    assert heads.all_inner_texts() == sorted({action.access_level for action in acme.catalog.actions})
    page.get_by_label("Columns", exact=True).select_option(label="Export mail")
    expect(page.locator("#grid thead .act")).to_have_text(["StartMailboxExportJob"])


def test_a_cell_is_explained_by_mouse(acme: wmiam.Access, acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    page.get_by_label("Principals", exact=True).fill("mateo.jackson")
    page.get_by_label("Actions", exact=True).fill("ResetPassword")
    page.locator("#grid td.c").first.click()
    panel = page.get_by_role("complementary", name="Explanation")
    expect(panel.get_by_role("heading", level=3)).to_have_text("mateo.jackson › workmail:ResetPassword")
    expect(panel.locator(".verdict")).to_contain_text("conditional: with MFA")
    expect(panel).to_contain_text("AcmeHelpDeskResetPassword › ResetPasswordsWithMfa")
    assert "MultiFactorAuthPresent" in " ".join(panel.locator("mark").all_inner_texts())
    view = acme.explain("mateo.jackson", "ResetPassword", "acme-europe").layers[0].statements[0]
    assert view.origin is not None
    expect(panel).to_contain_text(f"{view.origin.source.name}:{view.origin.line}")
    python = panel.get_by_role("group", name="Python").inner_text()
    explained = eval(python, {"access": acme})  # noqa: S307 - the line that the page prints
    assert explained.decision == "conditional"

    panel.get_by_role("button", name="acme-executives").click()
    expect(panel.locator(".verdict")).to_contain_text("denied")
    expect(panel).to_contain_text("What would have to change")


def test_a_cell_is_explained_by_keyboard(acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    page.get_by_label("Principals", exact=True).fill("444455556666")
    page.get_by_role("button", name="Download these cells as CSV").focus()
    page.keyboard.press("Tab")
    focused = page.locator("td:focus")
    expect(focused).to_have_count(1)
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    expect(focused).to_have_attribute("aria-colindex", "3")
    page.keyboard.press("Enter")
    heading = page.locator("#panel h3")
    expect(heading).to_be_focused()
    name = page.locator("tr:has(td[aria-selected=true]) th bdi").inner_text()
    expect(heading).to_contain_text(name)
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    page.wait_for_timeout(200)  # the grid takes its room back, and must not lose the focus by it
    expect(focused).to_have_attribute("aria-colindex", "3")
    page.keyboard.press("Control+End")
    expect(focused).to_be_in_viewport()
    expect(focused).to_have_attribute("aria-colindex", re.compile(r"^1[2-9]\d$"))


def test_the_matrix_draws_only_what_is_in_sight(acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    page.get_by_label("Access", exact=True).select_option(label="also without access")
    page.evaluate("document.getElementById('grid').scrollTop = 1e6")
    expect(page.locator("#grid tbody")).to_contain_text("SecurityAuditor")
    assert page.locator("#grid tbody th[scope=row]").count() < 63


def test_attacks_show_as_text_and_do_nothing(hostile_report: Path, look: Opener) -> None:
    seen = look(hostile_report)
    page = seen.page
    expect(page.locator("h1")).to_have_text(f"Report {SCRIPT}")
    names = page.locator("#grid tbody th[scope=row] bdi").all_inner_texts()
    assert sorted(names) == sorted([SCRIPT, REORDERED.replace("\u202e", "⟨U+202E⟩"), STAR, "root user"])
    for index in range(len(names)):
        page.locator("#grid tbody tr:has(th[scope=row])").nth(index).locator("td").first.click()
        expect(page.locator("#panel h3")).to_contain_text(names[index])
    assert page.evaluate("window.broken") is None
    assert page.locator("img").count() == 0
    expect(page.locator("#organizations")).to_contain_text(IMAGE)
    expect(page.locator(".banner")).to_contain_text("This answer is incomplete")
    expect(page.locator("#diagnostics tbody tr").first).to_contain_text("error")
    seen.assert_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing(acme_report: Path, look: Opener, scheme: str, phone: bool) -> None:
    page = look(acme_report, scheme=scheme, phone=phone).page
    # Some rows of every kind are enough, and thousands of cells take axe long.
    page.get_by_label("Principals", exact=True).fill("user/m")
    page.locator("#grid td.c").first.click()
    expect(page.locator("#panel h3")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_in_an_incomplete_report(hostile_report: Path, look: Opener) -> None:
    found = Axe().run(look(hostile_report).page)
    assert found.violations_count == 0, found.generate_report()


def test_it_reads_without_script(acme_report: Path, look: Opener) -> None:
    page = look(acme_report, script=False).page
    expect(page.locator(".answer tbody tr")).to_have_count(10)
    expect(page.locator("#cap-export-mail tbody tr").first).to_be_visible()
    expect(page.locator("#diagnostics tbody tr").first).to_be_visible()
    expect(page.locator("#organizations table").first).to_be_visible()
    expect(page.locator(".script-off")).to_be_visible()
    expect(page.locator("#explorer")).to_be_hidden()


def test_it_prints(acme_report: Path, look: Opener) -> None:
    page = look(acme_report).page
    page.locator('.answer a[href="#cap-export-mail"]').last.click()
    printed = page.pdf(format="A4")
    pages = len(re.findall(rb"/Type\s*/Page[^s]", printed))
    assert 5 <= pages <= 120
    page.emulate_media(media="print")
    expect(page.locator("#explorer")).to_be_hidden()
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator("#cap-export-mail tbody tr").first).to_be_visible()


def test_it_reads_at_twice_the_size(acme_report: Path, look: Opener) -> None:
    """At 200 % zoom a desktop is half as wide; nothing but tables that scroll may stick out."""
    page = look(acme_report).page
    page.set_viewport_size({"width": 720, "height": 450})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
