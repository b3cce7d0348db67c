"""The explorer as an analyst has it: in a real JupyterLab, in a real Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from explorer_views import ACME, HOSTILE, RETAG, VIEWS
from lab_driver import Lab, LabPage
from playwright.sync_api import Browser, Locator, expect

from wmiam.access import Access
from wmiam.lab import views
from wmiam.lab.bundle import MIME
from wmiam.lab.module import module_script, module_style

pytestmark = pytest.mark.browser

OPEN = (
    f"import wmiam\naccess = wmiam.load({str(ACME)!r}).access()\nexplorer = wmiam.explore(access)\nexplorer"
)
#: Looking for findings takes long from now on.
SLOW = """
import time
from wmiam.findings import entry
def slowly(items, *given, _watched=entry.watched, **named):
    for item in _watched(items, *given, **named):
        time.sleep(0.5)
        yield item
entry.watched = slowly
print("slow")
"""
#: Left of the matrix's cells, height of its head, and size of a cell on a wide screen.
LEFT, TOP, CELL = 232, 190, 26


def explorer_of(opened: LabPage) -> Locator:
    opened.run_all()
    explorer = opened.explorer
    expect(explorer.locator(".matrix[data-painted]")).to_be_visible()
    return explorer


def asked(opened: LabPage, line: str) -> object:
    """What Python says, as JSON."""
    return json.loads(opened.run(f"import json; print(json.dumps({line}))"))


def test_from_matrix_to_explanation_to_graph_to_context(lab: Lab, pictures: Path) -> None:
    opened = lab.open([OPEN], size=(1500, 1800))
    explorer = explorer_of(opened)
    expect(explorer.locator(".status")).to_have_text("44 of 63 principals, 128 of 128 actions")
    explorer.screenshot(path=pictures / "explorer-first.png")

    # Only one principal and one action are left, under one heading: the cell is in the second line.
    explorer.get_by_label("Principals", exact=True).fill("mateo.jackson")
    explorer.get_by_label("Actions", exact=True).fill("resetpassword")
    expect(explorer.locator(".status")).to_have_text("1 of 63 principals, 1 of 128 actions")
    expect(explorer.locator(".table-part .sub")).to_have_text("1 row")
    grid = explorer.get_by_role("grid", name="Principals by actions")
    grid.click(position={"x": LEFT + CELL / 2, "y": TOP + 1.5 * CELL})
    panel = explorer.locator(".panel")
    expect(panel.locator("h4.cell")).to_have_text("mateo.jackson › workmail:ResetPassword")
    expect(panel.locator(".verdict")).to_contain_text("conditional: with MFA")
    assert "MultiFactorAuthPresent" in " ".join(panel.locator("mark").all_inner_texts())
    chosen = asked(opened, "explorer.selection")
    assert chosen == {
        "principal": "arn:aws:iam::444455556666:user/mateo.jackson",
        "action": "workmail:ResetPassword",
        "organization": "",
        "finding": "",
        "target": "",
    }

    explorer.get_by_role("button", name="Reset", exact=True).click()
    expect(explorer.locator(".status")).to_have_text("44 of 63 principals, 128 of 128 actions")
    expect(explorer.locator(".table-part .sub")).to_have_text("1 row")  # the selection narrows it, still

    explorer.get_by_role("button", name="Clear selection").click()
    explorer.get_by_label("Principals", exact=True).fill("john.stiles")
    expect(explorer.locator(".status")).to_contain_text("1 of 63 principals")
    grid.press("ArrowDown")
    grid.press("Enter")
    expect(panel.locator("h4.cell")).to_contain_text("john.stiles › ")
    role = explorer.locator(".graph").get_by_role("button", name="role AcmeMailTier2 ")
    role.focus()
    role.press("Enter")
    expect(panel.locator("h4.cell")).to_contain_text("AcmeMailTier2 › ")
    explorer.screenshot(path=pictures / "explorer-graph.png")

    before = asked(opened, "[len(explorer.frame), list(explorer.context)]")
    assert isinstance(before, list)
    assert before[1] == []
    explorer.get_by_role("button", name="Clear selection").click()
    explorer.get_by_label("MFA", exact=True).select_option(label="no")
    expect(explorer.locator(".matrix[data-painted]")).to_be_visible()
    expect(explorer.locator(".counts button").first.locator("b")).to_have_text(
        str(
            asked(
                opened,
                "access.given({'aws:MultiFactorAuthPresent': [False, None]}).summary().capabilities[0].allowed",
            )
        )
    )
    assert asked(opened, "explorer.context") == {"aws:MultiFactorAuthPresent": [False, None]}
    assert asked(opened, "len(explorer.frame) == explorer._table['total']") is True
    assert opened.errors == []


def test_python_and_page_follow_each_other(lab: Lab) -> None:
    opened = lab.open([OPEN])
    explorer = explorer_of(opened)
    opened.run("explorer.filters = {'capability': 'export-mail', 'organization': 'acme-europe'}")
    expect(explorer.get_by_label("Capability", exact=True)).to_have_value("export-mail")
    expect(explorer.locator('.counts button[aria-pressed="true"]')).to_contain_text("Export mail")
    shown = asked(opened, "int(explorer.frame['principal'].nunique())")
    expect(explorer.locator(".status")).to_have_text(f"{shown} of 63 principals, 1 of 128 actions")

    explorer.get_by_role("button", name="Show code").click()
    code = explorer.get_by_role("group", name="Python of this view").inner_text()
    assert opened.run(f"{code}\nprint(frame.equals(explorer.frame))") == "True"

    explorer.get_by_role("button", name="Pin this view").click()
    form = explorer.get_by_role("form", name="Pin this view")
    form.get_by_label("Note").fill("**Agreed**, see MAIL-118")
    form.get_by_label("In the report as").select_option("matrix")
    form.get_by_label("Title").press("Enter")
    expect(form).to_be_hidden()
    pinned = explorer.get_by_role("group", name="Pinned views").get_by_role("button", name="View 1")
    expect(pinned).to_be_visible()
    explorer.get_by_role("button", name="Reset", exact=True).click()
    expect(explorer.locator(".status")).to_contain_text("128 of 128 actions")
    pinned.click()
    expect(explorer.locator(".status")).to_have_text(f"{shown} of 63 principals, 1 of 128 actions")
    assert asked(opened, "[len(explorer.pins), explorer.filters['capability']]") == [1, "export-mail"]
    told = asked(opened, "[explorer.pins[0][name] for name in ('title', 'note', 'kind')]")
    assert told == ["View 1", "**Agreed**, see MAIL-118", "matrix"]
    assert opened.errors == []


def test_the_page_shows_the_principals_of_the_frame(lab: Lab) -> None:
    opened = lab.open([OPEN])
    explorer = explorer_of(opened)
    for filters, _, context in VIEWS:
        opened.run(f"explorer.show({{'filters': {filters!r}, 'context': {context!r}}})")
        principals = asked(opened, "int(explorer.frame['principal'].nunique())")
        actions = asked(opened, "len(explorer.view.actions)")
        expect(explorer.locator(".status")).to_have_text(
            f"{principals} of 63 principals, {actions} of 128 actions"
        )
    assert opened.errors == []


def test_the_table_scrolls_through_every_row(lab: Lab) -> None:
    opened = lab.open([OPEN])
    explorer = explorer_of(opened)
    rows = explorer.locator(".rows")
    last = asked(opened, "explorer.frame.iloc[-1][['name', 'decision']].tolist()")
    assert last == ["root", "conditional"]
    rows.evaluate("element => { element.scrollTop = element.scrollHeight }")
    final = explorer.locator(".rows tbody tr:visible").last
    expect(final).to_have_attribute("aria-rowindex", str(int(asked(opened, "len(explorer.frame)")) + 1))  # type: ignore[call-overload]
    expect(final.locator("th")).to_have_text("root user")
    expect(final).to_contain_text("conditional")
    final.get_by_role("button").click()
    expect(explorer.locator(".panel h4.cell")).to_contain_text("root user › ")
    assert opened.errors == []


def test_the_keyboard_reaches_every_cell(lab: Lab) -> None:
    opened = lab.open([OPEN, "1 + 1"])
    explorer = explorer_of(opened)
    active = "window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    grid = explorer.get_by_role("grid", name="Principals by actions")
    told = grid.get_by_role("gridcell")
    grid.focus()
    before = opened.page.evaluate(active)
    first = told.inner_text()
    grid.press("ArrowRight")
    assert told.inner_text() != first
    grid.press("Control+End")
    assert re.fullmatch(r"12\d|1[3-9]\d", told.get_attribute("aria-colindex") or "")
    assert int(grid.locator("[role=row]").get_attribute("aria-rowindex") or 0) == int(
        grid.get_attribute("aria-rowcount") or 0
    )
    grid.press("Enter")
    expect(explorer.locator(".panel h4.cell")).to_have_count(1)
    assert told.get_attribute("aria-selected") == "true"
    grid.press("Escape")
    expect(explorer.locator(".panel .hint")).to_have_count(1)
    grid.press("Control+Home")
    assert told.inner_text() == first
    for key in ("ArrowUp", "ArrowDown", "Enter", "b", "x", "m"):
        grid.press(key)
    # The notebook has not taken the keys for its own: b adds a cell, x removes one.
    assert opened.page.evaluate(active) == before
    assert opened.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == 2
    expect(explorer).to_be_visible()
    assert opened.errors == []


def stands(opened: LabPage) -> None:
    """The explorer has no violation of accessibility rules, and is no wider than its place."""
    found = Axe().run(opened.page, context=[[".wmiam-lab"]])
    assert found.violations_count == 0, found.generate_report()
    assert opened.explorer.evaluate("element => element.scrollWidth <= element.clientWidth")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("wide", [1500, 430])
def test_axe_finds_nothing(lab: Lab, pictures: Path, dark: bool, wide: int) -> None:
    opened = lab.open([OPEN], dark=dark, size=(wide, 3000 if wide < 1000 else 1800))
    explorer = explorer_of(opened)
    opened.run(
        "explorer.selection = {'principal': 'mateo.jackson', 'action': 'ResetPassword'}; explorer.pin()"
    )
    expect(explorer.locator(".panel h4.cell")).to_be_visible()
    expect(explorer.locator(".graph")).to_be_visible()
    explorer.get_by_text("9 more keys").click()
    explorer.get_by_role("button", name="Show code").click()
    explorer.screenshot(path=pictures / f"explorer-{'dark' if dark else 'light'}-{wide}.png")
    stands(opened)

    opened.run("explorer.selection = {}")
    explorer.get_by_role("button", name="Pin this view").click()
    explorer.get_by_role("tab", name="Findings").click()
    explorer.get_by_role("button", name="Look for findings").click()
    explorer.get_by_role("listbox", name="Findings").get_by_role("option").first.click()
    expect(explorer.locator(".panel .severity")).to_be_visible()
    explorer.screenshot(path=pictures / f"findings-{'dark' if dark else 'light'}-{wide}.png")
    stands(opened)

    opened.run("explorer.selection = {'principal': 'john.stiles'}")
    explorer.get_by_role("tab", name="Chains").click()
    explorer.get_by_role("listbox", name="Chains").get_by_role("option").first.click()
    expect(explorer.locator(".panel h4.cell")).to_contain_text("⇢")
    expect(explorer.locator(".graph")).to_be_visible()
    explorer.screenshot(path=pictures / f"chains-{'dark' if dark else 'light'}-{wide}.png")
    stands(opened)
    assert opened.errors == []


def test_findings_are_looked_for_and_lead_to_their_cells(lab: Lab, pictures: Path) -> None:
    opened = lab.open([OPEN], size=(1500, 1800))
    explorer = explorer_of(opened)
    panel, listed = explorer.locator(".panel"), explorer.get_by_role("listbox", name="Findings")
    assert asked(opened, "'findings' in access.memo") is False
    explorer.get_by_role("tab", name="Findings").click()
    explorer.get_by_role("button", name="Look for findings").click()
    expect(listed.get_by_role("option")).to_have_count(int(asked(opened, "len(access.findings())")))  # type: ignore[call-overload]
    # What the finding is about is denied, as long as nobody takes the tag away.
    explorer.get_by_label("Decision", exact=True).select_option(label="all, denied too")
    listed.get_by_role("option").filter(has_text="Control by tags").click()
    expect(panel.locator("h4.cell")).to_contain_text("Control by tags of an organization")
    assert asked(opened, "explorer.selection['finding']") == RETAG
    rows = asked(opened, "len(explorer.frame)")
    assert rows == 1
    expect(explorer.locator(".table-part .sub")).to_have_text("1 row")
    assert "UntagResource" in " ".join(panel.locator("pre").all_inner_texts())
    panel.get_by_role("button", name="Try it on a copy").click()
    expect(panel).to_contain_text("Tried on a copy: adds nothing; takes 4 permissions from 1 principal.")
    explorer.screenshot(path=pictures / "explorer-finding.png")
    line = panel.get_by_role("group", name="Python").inner_text()
    assert opened.run(f"print(({line}).id)") == RETAG

    # Its cells can be gone through, and the finding comes back.
    explorer.get_by_role("tab", name="Table").click()
    explorer.locator(".rows tbody tr:visible").first.get_by_role("button").click()
    expect(panel.locator("h4.cell")).to_have_text("nikki.wolf › workmail:ResetPassword")
    panel.get_by_role("button", name="Back to the finding").click()
    expect(panel.locator("h4.cell")).to_contain_text("Control by tags of an organization")
    panel.get_by_role("button", name="nikki.wolf").click()
    expect(panel.get_by_role("button", name="Whom can nikki.wolf become?")).to_be_visible()
    assert asked(opened, "[explorer.selection['finding'], len(explorer.frame)]") == [RETAG, rows]

    explorer.get_by_role("button", name="Reset", exact=True).click()
    explorer.get_by_role("button", name="Clear selection").click()
    explorer.get_by_label("Finding severity", exact=True).select_option(label="high or graver")
    high, every = asked(opened, "[access.findings().counts()['high'], len(access.findings())]")
    expect(explorer.get_by_role("tab", name="Findings")).to_contain_text(f"{high} of {every}")
    shown = asked(opened, "int(explorer.frame['principal'].nunique())")
    expect(explorer.locator(".status")).to_have_text(f"{shown} of 63 principals, 128 of 128 actions")
    code = asked(opened, "explorer.code")
    assert opened.run(f"{code}\nprint(frame.equals(explorer.frame))") == "True"
    assert opened.errors == []


def test_chains_are_counted_listed_and_told_step_by_step(lab: Lab, pictures: Path) -> None:
    opened = lab.open([OPEN], size=(1500, 1800))
    explorer = explorer_of(opened)
    panel, listed = explorer.locator(".panel"), explorer.get_by_role("listbox", name="Chains")
    reading = explorer.get_by_role("button", name="Read mail")
    expect(reading).to_contain_text("by chains +")
    reading.click()
    explorer.get_by_role("tab", name="Chains").click()
    comers = int(asked(opened, "sum(explorer._by_chains[0])"))  # type: ignore[call-overload]
    expect(listed.get_by_role("option")).to_have_count(comers)
    listed.focus()
    for key in ("ArrowDown", "End", "Home", "ArrowDown", "ArrowDown", "Enter"):
        listed.press(key)
    expect(panel.locator("h4.cell")).to_have_text("breakglass-1 (111122223333) ⇢ Read mail")
    expect(panel.locator("ol").first).to_contain_text("assumes AcmeBreakGlass (444455556666), with MFA")
    expect(listed.get_by_role("option", selected=True)).to_contain_text("breakglass-1")
    # The list is still the one of the capability, so that the next can be chosen.
    expect(listed.get_by_role("option")).to_have_count(comers)
    lines = panel.get_by_role("group", name="Python").inner_text()
    assert opened.run(f"print(len({lines}) > 0)") == "True"

    opened.run("explorer.show({'selection': {'principal': 'john.stiles'}})")
    panel.get_by_role("button", name="Whom can it become?").click()
    expect(explorer.get_by_role("tab", name="Chains")).to_be_focused()
    expect(listed.get_by_role("option")).to_have_count(2)
    step = explorer.locator(".graph").get_by_role(
        "button", name="can-assume: The trust policy of AcmeMailTier2"
    )
    step.focus()
    step.press("Enter")
    expect(panel.locator("h4.cell")).to_contain_text(
        "john.stiles (123456789012) ⇢ AcmeMailTier2 (444455556666)"
    )
    expect(panel.locator("ol li")).to_have_count(2)
    panel.locator("ol details summary").first.click()
    expect(panel.locator("ol pre").first).to_contain_text("sts:AssumeRole")
    explorer.screenshot(path=pictures / "explorer-chain.png")
    expect(explorer.locator(".graph .said").first).to_have_text("with MFA")
    code = asked(opened, "explorer._code")
    assert opened.run(f"{code}\nprint(chains.equals(explorer.chains))") == "True"
    assert opened.errors == []


def test_an_interrupt_stops_looking_and_leaves_what_was_shown(lab: Lab) -> None:
    opened = lab.open([OPEN, SLOW])
    explorer = explorer_of(opened)
    expect(opened.output(1)).to_have_text("slow")
    explorer.get_by_label("Finding severity", exact=True).select_option(label="high or graver")
    expect(explorer.locator(".status")).to_have_text(re.compile(r"^Looking for findings: \d+ of \d+$"))
    opened.command("notebook:interrupt-kernel")
    expect(explorer.locator(".status")).to_have_text("44 of 63 principals, 128 of 128 actions")
    expect(explorer.get_by_label("Finding severity", exact=True)).to_have_value("")
    assert asked(opened, "[explorer.filters['severity'], explorer.view.filters.severity]") == ["", ""]
    assert opened.errors == []


def test_attacks_show_as_text_and_do_nothing(lab: Lab) -> None:
    opened = lab.open([HOSTILE, "views.matrix(access)"], size=(1500, 1800))
    explorer = explorer_of(opened)
    for index in range(3):
        opened.run(f"explorer.selection = {{'principal': hostile[{index}], 'action': 'ResetPassword'}}")
        arn = str(asked(opened, f"hostile[{index}]"))
        expect(explorer.locator(".panel code").first).to_have_text(arn)
        expect(explorer.locator(".graph")).to_contain_text("role" if ":role/" in arn else "user")
    expect(explorer.locator(".filters").get_by_label("Organization", exact=True)).to_contain_text(
        "<img src=x"
    )
    assert opened.page.locator(".wmiam-lab img, .wmiam-lab script").count() == 0
    assert opened.page.evaluate("window.broken") is None
    assert opened.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_without_kernel_shows_the_same_views(
    acme: Access, browser: Browser, tmp_path: Path, pictures: Path, scheme: Literal["light", "dark"]
) -> None:
    shown = [
        views.matrix(acme, "acme-europe"),
        views.graph(acme.graph(principals="john.stiles")),
        views.explanation(acme.explain("mateo.jackson", "ResetPassword", "acme-europe")),
        views.condition(acme.condition("mateo.jackson", "ResetPassword", "acme-europe")),
        views.matrix(acme),
        views.findings(acme.findings(), acme),
        views.chains(acme.paths("john.stiles", "AcmeMailTier2")),
    ]
    bundles = [view._repr_mimebundle_()[0][MIME] for view in shown]
    start = f"for (const {{ kind, options, data }} of {json.dumps(bundles)}) {{"
    start += " const place = document.body.appendChild(document.createElement('main'));"
    start += " await hydrate(place, kind, options, data); }"
    page_file = tmp_path / "page.html"
    page_file.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Views</title>'
        f"<style>{module_style()}</style><script type=module>{module_script()}\n{start}</script>",
        encoding="utf-8",
    )
    context = browser.new_context(offline=True, color_scheme=scheme, viewport={"width": 1200, "height": 3000})
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "request", lambda request: heard.append(request.url) if not request.url.startswith("file:") else None
    )
    page.goto(page_file.as_uri())
    expect(page.locator(".matrix[data-painted]")).to_have_count(2)
    matrix = page.locator("main").first
    matrix.get_by_label("Capability", exact=True).select_option(label="Export mail")
    exporters = acme.cells(None, "StartMailboxExportJob", "acme-europe")["principal"].nunique()
    expect(matrix.locator(".status")).to_have_text(f"{exporters} of 63 principals, 1 of 128 actions")
    expect(page.locator(".graph").get_by_role("img", name="role ServiceDeskTier2 ")).to_be_visible()
    expect(page.locator(".panel .verdict").first).to_contain_text("conditional: with MFA")
    expect(page.get_by_role("group", name="Condition block")).to_contain_text("aws:MultiFactorAuthPresent")
    listed = page.get_by_role("listbox", name="Findings")
    listed.focus()
    listed.press("End")
    listed.press("Enter")
    last = acme.findings()[-1]
    expect(page.get_by_role("group", name="Finding, scrolls").locator("code").first).to_have_text(last.id)
    expect(page.locator("ol").get_by_text("assumes AcmeMailTier2 (444455556666)")).to_be_visible()
    page.screenshot(path=pictures / f"page-{scheme}.png", full_page=True)
    assert heard == []
    context.close()


def test_single_views_show_themselves(lab: Lab, pictures: Path) -> None:
    cells = [
        f"import wmiam\nfrom wmiam.lab import views\naccess = wmiam.load({str(ACME)!r}).access()",
        "views.matrix(access, 'acme-europe')",
        "views.graph(access.graph(principals='john.stiles'))",
        "views.explanation(access.explain('mateo.jackson', 'ResetPassword', 'acme-europe'))",
        "views.condition(access.condition('mateo.jackson', 'ResetPassword', 'acme-europe'))",
        "wmiam.view(access.findings())",
        "wmiam.view(access.paths('john.stiles', 'take-over-mailbox'))",
    ]
    opened = lab.open(cells, size=(1300, 3600))
    opened.run_all()
    page = opened.page
    expect(page.locator(".wmiam-lab .matrix[data-painted]")).to_be_visible()
    page.locator(".wmiam-lab").get_by_label("Capability", exact=True).select_option(label="Export mail")
    expect(page.locator(".wmiam-lab .status")).to_contain_text("1 of 128 actions")
    expect(
        page.locator(".wmiam-lab .graph").get_by_role("img", name="role ServiceDeskTier2 ")
    ).to_be_visible()
    expect(page.locator(".wmiam-lab .panel .verdict").first).to_contain_text("conditional: with MFA")
    expect(page.get_by_role("group", name="Condition block")).to_contain_text("aws:MultiFactorAuthPresent")
    page.screenshot(path=pictures / "single-views.png")
    found = Axe().run(page, context=[[".wmiam-lab"]])
    assert found.violations_count == 0, found.generate_report()
    assert opened.errors == []
