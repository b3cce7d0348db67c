"""Notebooks as pages: what the exporter writes, and what a browser without network makes of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from explorer_views import ACME, IMAGE, REORDERED, SCRIPT
from nbconvert.exporters import HTMLExporter
from offline_pages import Look, Opener
from playwright.sync_api import Locator, expect

import wmiam
from wmiam.access import Access
from wmiam.lab import views
from wmiam.lab.bundle import MIME, is_watched
from wmiam.lab.execution import run_notebook
from wmiam.lab.export import NotebookExporter, inert_html
from wmiam.lab.module import page_script
from wmiam.views.embedding import source_hash

ROOT = Path(__file__).resolve().parents[2]
WIDGET = "application/vnd.jupyter.widget-view+json"
CELLS = [
    f"import wmiam\nfrom wmiam.lab import views\naccess = wmiam.load({str(ACME)!r}).access()\naccess",
    "wmiam.explore(access)",
    "views.explanation(access.explain('mateo.jackson', 'ResetPassword', 'acme-europe'))",
    "views.condition(access.condition('mateo.jackson', 'ResetPassword', 'acme-europe'))",
    "views.graph(access.graph(principals='john.stiles'))",
    "views.matrix(access, 'acme-europe')",
    "access.who_can('ResetPassword', 'acme-europe')[['name', 'when']]",
    "print('plain & simple <b>')",
]
PROSE = "# What <b>we</b> found\n\nAll of *it*.\n\n## First\n\n```python\n# no heading\n```"


def notebook(cells: list[str], prose: str = PROSE) -> Any:
    return nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(prose, id="prose"),
            *(nbformat.v4.new_code_cell(source, id=f"code-{n}") for n, source in enumerate(cells)),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


def page(made: Any, **options: Any) -> str:
    """The page of a notebook, as its exporter writes it."""
    resources = {"metadata": {"name": "some-notebook", "path": ""}}
    return str(NotebookExporter(**options).from_notebook_node(made, resources)[0])


def shown(output: Any) -> Any:
    """A notebook with one output."""
    made = notebook(["output"])
    made.cells[1].outputs = [nbformat.v4.new_output("display_data", output)]
    return made


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook with every view, run without anybody watching."""
    made = notebook(CELLS)
    run_notebook(made, folder=tmp_path_factory.mktemp("run"), path="views", progress=False)
    return made


@pytest.fixture(scope="session")
def exported(executed: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its page."""
    path = tmp_path_factory.mktemp("exported") / "page.html"
    path.write_text(page(executed), encoding="utf-8")
    return path


def cell(look: Look, number: int) -> Locator:
    return look.page.locator(f"[id='cell-id=code-{number}']")


def choose(look: Look, view: Locator, principal: str, action: str) -> None:
    """Filter a matrix down to one cell, and choose it by keyboard."""
    view.get_by_label("Principals", exact=True).fill(principal)
    view.get_by_label("Actions", exact=True).fill(action)
    expect(view.locator(".status")).to_have_text("1 of 63 principals, 1 of 128 actions")
    grid = view.get_by_role("grid")
    grid.press("ArrowDown")
    grid.press("Enter")


# -- what is written ---------------------------------------------------------


def test_an_executed_notebook_holds_no_widgets(executed: Any) -> None:
    """Widgets would make the stock exporter ask the network for the script that shows them."""
    assert "widgets" not in executed.metadata
    bundles = [o.data for c in executed.cells[1:] for o in c.outputs if MIME in o.get("data", {})]
    assert [bundle[MIME]["kind"] for bundle in bundles] == [
        "access",
        "explanation",
        "condition",
        "graph",
        "matrix",
    ]
    assert [bundle for bundle in bundles if WIDGET in bundle] == []


@pytest.mark.parametrize(
    ("asked", "environment", "watched"),
    [
        (True, {}, True),
        (False, {}, False),
        (False, {"JPY_SESSION_NAME": "notebook.ipynb"}, True),
        (False, {"SERVER_SOFTWARE": "voila/0.5"}, True),
    ],
)
def test_whether_somebody_watches(
    monkeypatch: pytest.MonkeyPatch, acme: Access, asked: bool, environment: dict[str, str], watched: bool
) -> None:
    class Kernel:
        kernel: Any = None

        def get_parent(self, _channel: str) -> dict[str, Any]:
            return {"content": {"allow_stdin": asked}}

    shell = Kernel()
    shell.kernel = shell
    monkeypatch.setattr("wmiam.lab.bundle.get_ipython", lambda: shell)
    for name in ("JPY_SESSION_NAME", "SERVER_SOFTWARE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_watched() is watched
    view = views.condition(acme.condition("mateo.jackson", "ResetPassword", "acme-europe"))
    assert (WIDGET in view._repr_mimebundle_()[0]) is watched
    assert (view.comm is not None) is watched
    # What holds it, such as a box, needs its name all the same.
    assert view.model_id
    view.close()


def test_title_contents_and_policy(executed: Any) -> None:
    text = page(executed)
    assert "<title>What &lt;b&gt;we&lt;/b&gt; found</title>" in text
    assert "<nav" not in text  # one heading is no table of contents
    (policy,) = re.findall(r'<meta content="(default-src [^"]*)" http-equiv="Content-Security-Policy"', text)
    parts = dict(part.split(" ", 1) for part in unescape(policy).split("; "))
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert parts == {
        "default-src": "'none'",
        "script-src": source_hash(script),
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "font-src": "data:",
        "media-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_contents_are_those_of_the_prose() -> None:
    made = notebook([], "# Title")
    made.cells += [nbformat.v4.new_markdown_cell(f"## Part *{n}*", id=f"part-{n}") for n in range(3)]
    made.cells.append(nbformat.v4.new_markdown_cell("```\n## no heading\n```"))
    text = page(made)
    found = re.findall(r'<a href="#cell-id=([^"]*)">([^<]*)</a>', text)
    assert found == [(f"part-{n}", f"Part {n}") for n in range(3)]
    assert set(re.findall(r'id="cell-id=(part-\d)"', text)) == {id_ for id_, _ in found}
    assert "<script" not in text
    assert "script-src 'none'" in unescape(text)


def test_code_can_be_open_folded_or_left_out(executed: Any) -> None:
    folded, opened = page(executed), page(executed, open_code=True)
    assert folded.count('<details class="code">') == len(CELLS)
    assert opened.count('<details class="code" open') == len(CELLS)
    without = page(executed, exclude_input=True)
    assert '<details class="code"' not in without
    assert without.count("wmiam-view") >= 5


def test_it_asks_for_nothing(executed: Any) -> None:
    """No address but those that name a vocabulary, and links that a reader may follow."""
    text = page(executed)
    assert set(re.findall(r"https?://[\w./-]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert re.findall(r"\s(?:src|srcset|poster)=", text) == []


def test_the_script_can_stand_in_an_element() -> None:
    assert "</script" not in page_script().lower()
    assert "<!--" not in page_script()


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("<p onclick='x()'>a</p>", "<p>a</p>"),
        ("a<script src='https://example.com/x.js'></script>b", "ab"),
        ("<SCRIPT>x</SCRIPT><iframe src='https://example.com'></iframe>", ""),
        ("<link rel=stylesheet href='https://example.com/x.css'><base href='/x'>a", "a"),
        ("<meta http-equiv=refresh content='0;url=https://example.com'>a", "a"),
        ("<img alt=a src='https://example.com/x.png'>", '<img alt="a"/>'),
        ("<img src='data:image/png;base64,AA=='>", '<img src="data:image/png;base64,AA=="/>'),
        ("<a href='java\nscript:x()'>a</a>", "<a>a</a>"),
        ("<a href='https://example.com/'>a</a>", '<a href="https://example.com/">a</a>'),
        ("<svg><use href='https://example.com/#a'></use></svg>", "<svg><use></use></svg>"),
        ("<svg><use xlink:href='#a'></use></svg>", '<svg><use xlink:href="#a"></use></svg>'),
        ("<table><thead><tr><th></th><th>a</th></tr></thead></table>",
         "<table><thead><tr><td></td><th>a</th></tr></thead></table>"),
        ("<h4>a</h4><h5>b</h5>", '<h4 aria-level="3">a</h4><h5 aria-level="4">b</h5>'),
        ("<h2>a</h2>", "<h2>a</h2>"),
    ],
)  # fmt: skip
def test_outputs_are_made_inert(given: str, left: str) -> None:
    assert inert_html(given) == left


def test_other_outputs_are_shown_as_they_read_without_script() -> None:
    widget = {WIDGET: {"model_id": "1"}, "text/plain": "IntSlider(value=3)"}
    assert "IntSlider(value=3)" in page(shown(widget))
    script = {"application/javascript": "alert(1)", "text/plain": "a script"}
    assert "alert(1)" not in page(shown(script))
    assert "a script" in page(shown(script))
    assert "<b>&amp;" not in page(shown({"text/plain": "<b>&"}))
    assert "<pre" in page(shown({"text/latex": "$x < y$"}))


def test_a_view_of_a_later_version_falls_back(look: Callable[..., Look], tmp_path: Path) -> None:
    data = {MIME: {"version": 2, "kind": "matrix", "options": {}, "data": ""}, "text/html": "<p>readable</p>"}
    path = tmp_path / "page.html"
    path.write_text(page(shown(data)), encoding="utf-8")
    seen = look(path)
    expect(seen.page.get_by_text("readable")).to_be_visible()
    seen.assert_quiet()


# -- what a browser makes of it ----------------------------------------------


@pytest.mark.browser
def test_views_are_alive_offline(acme: Access, exported: Path, look: Opener, pictures: Path) -> None:
    seen = look(exported)
    expect(seen.page.locator(".matrix[data-painted]")).to_have_count(2)
    explorer = cell(seen, 1)
    expect(explorer.locator(".wmiam-still")).to_be_hidden()
    seen.page.screenshot(path=pictures / "notebook-page.png", full_page=True)
    choose(seen, explorer, "mateo.jackson", "resetpassword")
    panel = explorer.get_by_role("group", name="Explanation, scrolls")
    expect(panel.locator("h4.cell")).to_have_text("mateo.jackson › workmail:ResetPassword")
    explorer.get_by_role("button", name="acme-europe").click()
    told = acme.explain("mateo.jackson", "ResetPassword", "acme-europe")
    expect(panel.locator(".verdict")).to_contain_text(f"{told.decision}: {told.when}")
    assert "MultiFactorAuthPresent" in " ".join(panel.locator("mark").all_inner_texts())
    for reason in told.reasons:
        expect(panel).to_contain_text(reason)
    expect(explorer.get_by_role("button", name="acme-europe")).to_be_focused()

    explorer.get_by_role("button", name="Reset", exact=True).click()
    organization = next(o for o in acme.organizations if o.alias == "acme-executives")
    explorer.get_by_role("combobox", name="Organization").select_option(label=organization.label)
    explorer.get_by_label("Capability", exact=True).select_option(label="Export mail")
    exporters = acme.cells(None, "StartMailboxExportJob", organization.arn)["principal"].nunique()
    expect(explorer.locator(".status")).to_have_text(f"{exporters} of 63 principals, 1 of 128 actions")

    expect(cell(seen, 2).locator(".panel .verdict")).to_contain_text("conditional: with MFA")
    expect(cell(seen, 3).get_by_role("group", name="Condition block")).to_contain_text("MultiFactorAuth")
    expect(cell(seen, 4).locator(".graph").get_by_role("img", name="role ServiceDeskTier2 ")).to_be_visible()
    expect(cell(seen, 7).locator("pre").last).to_have_text("plain & simple <b>")
    cell(seen, 6).get_by_text("Code").click()
    expect(cell(seen, 6).locator(".highlight")).to_be_visible()
    seen.assert_quiet()


@pytest.mark.browser
def test_every_cell_counts_as_python_counts(acme: Access, exported: Path, look: Opener) -> None:
    """The matrix of a page is made of other data than the explorer's, and must say the same."""
    explorer = cell(look(exported), 1)
    for label, arn in [("any of the account", None), *((o.label, o.arn) for o in acme.organizations)]:
        explorer.get_by_role("combobox", name="Organization").select_option(label=label)
        for decision in ("allowed", "conditional", "denied"):
            explorer.get_by_label("Decision", exact=True).select_option(value=decision)
            rows = acme.cells(org=arn, denied=True)
            wanted = rows[rows["decision"] == decision]["principal"].nunique()
            expect(explorer.locator(".status")).to_contain_text(f"{wanted} of 63 principals, 128 of 128")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing_in_a_page(
    exported: Path, look: Opener, pictures: Path, scheme: str, phone: bool
) -> None:
    seen = look(exported, scheme=scheme, phone=phone)
    choose(seen, cell(seen, 1), "mateo.jackson", "resetpassword")
    expect(cell(seen, 1).locator("h4.cell")).to_be_visible()
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen.page.screenshot(
        path=pictures / f"notebook-{scheme}-{'phone' if phone else 'desktop'}.png", full_page=True
    )
    found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.browser
def test_a_page_reads_without_script(exported: Path, look: Opener) -> None:
    page = look(exported, script=False).page
    expect(page.locator("[id='cell-id=code-1']")).to_contain_text("Take over a mailbox")
    expect(page.locator("[id='cell-id=code-2']")).to_contain_text("ResetPasswordsWithMfa")
    expect(page.locator("[id='cell-id=code-3'] pre").last).to_contain_text("aws:MultiFactorAuthPresent")
    expect(page.locator("[id='cell-id=code-4'] svg text", has_text="ServiceDeskTier2").first).to_be_visible()
    expect(page.locator("[id='cell-id=code-5'] tbody tr")).to_have_count(30)


@pytest.mark.browser
def test_a_page_prints_what_reads_without_script(exported: Path, look: Opener) -> None:
    page = look(exported).page
    expect(page.locator(".matrix[data-painted]")).to_have_count(2)
    page.emulate_media(media="print")
    expect(page.locator(".wmiam-lab").first).to_be_hidden()
    expect(page.locator("[id='cell-id=code-5'] tbody tr").first).to_be_visible()
    assert len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))) >= 3


@pytest.mark.browser
def test_the_stock_exporter_shows_views_alive(executed: Any, look: Opener, tmp_path: Path) -> None:
    """Its own page asks for scripts of others; what our outputs add asks for nothing."""
    path = tmp_path / "stock.html"
    path.write_text(HTMLExporter().from_notebook_node(executed)[0], encoding="utf-8")
    empty = tmp_path / "empty.html"
    bare = notebook([])
    empty.write_text(HTMLExporter().from_notebook_node(bare)[0], encoding="utf-8")
    seen, plain = look(path), look(empty)
    expect(seen.page.locator(".matrix[data-painted]")).to_have_count(2)
    explorer = seen.page.locator(".wmiam-view", has=seen.page.locator(".offline"))
    choose(seen, explorer, "mateo.jackson", "resetpassword")
    expect(explorer.locator("h4.cell")).to_have_text("mateo.jackson › workmail:ResetPassword")
    assert seen.requests[1:] == plain.requests[1:]
    assert seen.messages == plain.messages


@pytest.mark.browser
def test_hostile_names_stay_text(hostile: Access, look: Opener, tmp_path: Path) -> None:
    made = notebook(["explorer", "matrix", "access", "frame"])
    explorer, matrix = wmiam.explore(hostile), views.matrix(hostile)
    frame = hostile.cells(None, "ResetPassword")
    for at, data in enumerate(
        (
            explorer._repr_mimebundle_()[0],
            matrix._repr_mimebundle_()[0],
            {"text/html": hostile._repr_html_()},
            {"text/html": frame.to_html()},
        )
    ):
        made.cells[at + 1].outputs = [nbformat.v4.new_output("display_data", json.loads(json.dumps(data)))]
    path = tmp_path / "page.html"
    path.write_text(page(made), encoding="utf-8", errors="backslashreplace")
    seen = look(path)
    expect(seen.page.locator(".matrix[data-painted]")).to_have_count(2)
    view = cell(seen, 0)
    for principal in hostile.principals:
        if principal.name in (SCRIPT, IMAGE, REORDERED):
            view.get_by_label("Principals", exact=True).fill(principal.arn)
            view.get_by_label("Decision", exact=True).select_option(value="all")
            expect(view.locator(".status")).to_contain_text("1 of 63 principals")
            view.get_by_role("grid").press("ArrowDown")
            view.get_by_role("grid").press("Enter")
            name = principal.name.replace("\u202e", "⟨U+202E⟩")
            expect(view.locator("h4.cell")).to_contain_text(name)
    assert seen.page.evaluate("window.broken") is None
    assert seen.page.locator("img").count() == 0
    seen.assert_quiet()
    explorer.close()
    matrix.close()


# -- as users call it ---------------------------------------------------------


def test_nbconvert_knows_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["entry-points"]["nbconvert.exporters"] == {
        "wmiam": f"{NotebookExporter.__module__}:{NotebookExporter.__name__}"
    }


def test_nbconvert_runs_and_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "views.ipynb"
    nbformat.write(notebook(CELLS[:2]), path)
    name = f"{NotebookExporter.__module__}.{NotebookExporter.__name__}"
    command = [sys.executable, "-m", "nbconvert", "--to", name, "--execute", "--no-input", str(path)]
    # The kernel is another process: it shall import what is tested here.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    text = path.with_suffix(".html").read_text("utf-8")
    assert "Take over a mailbox" in text
    assert text.count('<script type="application/json">') == 1
    assert "<details class" not in text
