"""A plan chooses what the report shows, and cannot make it do anything."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from report_outline import Outline
from report_reading import MOMENT, SCRIPT, Opener

import wmiam
from wmiam.errors import InputError
from wmiam.report import render_report, write_report
from wmiam.report.plan import Plan, read_plan
from wmiam.report.sections import SECTIONS
from wmiam.views.markdown import markdown_html

IDS = [section.id for section in SECTIONS]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>parent.broken = 1</script></svg>'
PINS = {
    "format": "wmiam-pins",
    "version": 1,
    "pins": [
        {
            "title": "Exports with MFA",
            "note": "Agreed with **mail security**.",
            "kind": "table",
            "filters": {"capability": "export-mail", "organization": "acme-europe"},
            "context": {"aws:MultiFactorAuthPresent": True},
        },
        {"title": "Desk", "kind": "matrix", "filters": {"principals": "helpdesk", "level": "Write"}},
        {
            "title": "Reset",
            "kind": "explanation",
            "selection": {
                "principal": "mateo.jackson",
                "action": "ResetPassword",
                "organization": "acme-europe",
            },
        },
        {"title": "Around", "kind": "graph", "selection": {"principal": "kwaku.mensah"}},
        {"title": "About", "kind": "findings", "selection": {"principal": "nikki.wolf"}},
        {"title": "Nobody", "filters": {"principals": "nobody of this name"}},
    ],
}


def plan(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A plan that uses everything."""
    (tmp_path / "logo.svg").write_text(SVG, encoding="utf-8")
    (tmp_path / "pins.json").write_text(json.dumps(PINS), encoding="utf-8")
    (tmp_path / "accepted.toml").write_text(
        '[[suppress]]\nrule = "trusts-other-account"\nreason = "one team"\nexpires = 2027-06-30\nby = "audit"\n',
        encoding="utf-8",
    )
    return plan(
        tmp_path,
        f"""\
title = "Mail access"
subtitle = "For {SCRIPT}"
logo = "logo.svg"
sections = ["answer", "findings", "pins", "method"]
suppressions = "accepted.toml"
pins = "pins.json"

[[note]]
section = "answer"
title = "What we think"
text = '''
# A heading
*Fine* {SCRIPT} [ticket](https://example.com/7) [trap](javascript:alert(1)) ![picture](https://example.com/x.png)

| a | b |
|---|--:|
| 1 | 2 |
'''

[[note]]
section = "method"
text = "Ask us\u202e."
""",
    )


def test_the_page_is_as_the_plan_says(acme: wmiam.Access, whole: Path) -> None:
    text = render_report(acme, generated=MOMENT, plan=whole)
    page = Outline(text)
    assert page.navigation == ["#answer", "#findings", "#pins", "#method"]
    words = " ".join("".join(page.text).split())
    assert "Mail access" in words
    assert f"For {SCRIPT}" in words
    pictures = [a for tag, a in page.elements if tag == "img"]
    assert [a["src"] for a in pictures] == [
        f"data:image/svg+xml;base64,{base64.b64encode(SVG.encode()).decode()}"
    ]
    links = {str(a["href"]) for tag, a in page.elements if tag == "a" and not str(a["href"]).startswith("#")}
    assert links == {"https://example.com/7"}
    assert "ticket (https://example.com/7)" in words
    assert "Ask us⟨U+202E⟩." in words
    assert not any(name.startswith("on") or name == "style" for _, a in page.elements for name in a)
    assert len(page.inside["style"]) == 1
    assert "one team" in words
    accepted = acme.findings(suppress=whole.with_name("accepted.toml"), today=MOMENT.date())
    high = accepted.counts()["high"]
    assert high < acme.findings(today=MOMENT.date()).counts()["high"]
    assert f"Findings: {high} high" in words
    assert page.ids.count("pin-1") == 1


def test_pinned_views_show_what_the_access_says(acme: wmiam.Access, whole: Path) -> None:
    words = " ".join("".join(Outline(render_report(acme, generated=MOMENT, plan=whole)).text).split())
    start = words.index("Exports with MFA")
    table = words[start : words.index("Desk", start)]
    frame = acme.given({"aws:MultiFactorAuthPresent": True}).cells(
        action="workmail:StartMailboxExportJob", org="acme-europe"
    )
    assert len(frame)
    for name in frame["name"]:
        assert name in table
    assert "aws:MultiFactorAuthPresent = true" in table
    assert "access.given({'aws:MultiFactorAuthPresent': True}).cells(" in table
    assert "AcmeHelpDeskResetPassword#ResetPasswordsWithMfa allows it with MFA" in words
    assert "kwaku.mensah →" in words
    assert "nikki.wolf may undo the control" in words
    assert "Nothing passes its filters." in words


def test_a_plan_may_be_empty(acme: wmiam.Access, tmp_path: Path, acme_report: Path) -> None:
    assert read_plan(plan(tmp_path, ""), IDS) == Plan()
    assert render_report(acme, generated=MOMENT, plan=plan(tmp_path, "")) == acme_report.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('titel = "x"', 1, "no 'titel'"),
        ("\ntitle = 3", 2, "title is text"),
        ('\n\nsections = ["answer", "findigns"]', 3, "no section 'findigns'"),
        ("sections = []", 1, "without sections"),
        ('sections = ["pins"]', 1, "nothing to show"),
        ('logo = "../logo.png"', 1, "outside the folder"),
        ('logo = "/etc/hostname"', 1, "outside the folder"),
        ('logo = "none.png"', 1, "no file 'none.png'"),
        ('logo = "plan.toml"', 1, "neither PNG nor SVG"),
        ('logo = "large.png"', 1, "bytes"),
        ('logo = "away.png"', 1, "outside the folder"),
        ('[[note]]\ntext = "x"', 1, "where it stands"),
        ('[[note]]\nsection = "answer"', 1, "says nothing"),
        ('[[note]]\nsection = "anwser"\ntext = "x"', 2, "no section 'anwser'"),
        ('sections = ["answer"]\n[[note]]\nsection = "method"\ntext = "x"', 3, "left out"),
        ('[[note]]\nsection = "answer"\ntext = "x"\ncolour = "red"', 4, "no 'colour'"),
        ('title = "x', 1, "no TOML"),
    ],
)
def test_what_is_no_plan_is_named_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    (folder / "large.png").write_bytes(PNG + bytes(400_000))
    (tmp_path / "elsewhere.png").write_bytes(PNG)
    (folder / "away.png").symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        read_plan(plan(folder, text), IDS)
    assert caught.value.line == line
    assert caught.value.path == str(folder / "plan.toml")
    assert caught.value.mend


def test_a_png_is_a_logo(tmp_path: Path) -> None:
    (tmp_path / "logo").write_bytes(PNG)
    read = read_plan(plan(tmp_path, 'logo = "logo"'), IDS)
    assert read.logo == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def test_errors_in_files_of_the_plan_name_these(tmp_path: Path) -> None:
    (tmp_path / "pins.json").write_text('{"format": "wmiam-pins", "version": 7}', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_plan(plan(tmp_path, 'pins = "pins.json"'), IDS)
    assert str(caught.value.path).endswith("pins.json")


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        ("[a](data:text/html,x)", "<p>a (data:text/html,x)</p>"),
        ("[a](//example.com)", "<p>a (//example.com)</p>"),
        ("[a](#findings)", '<p><a href="#findings">a</a></p>'),
        ("# Title", "<h4>Title</h4>"),
        ("###### Title", "<h6>Title</h6>"),
        ("a\u200bb", "<p>a⟨U+200B⟩b</p>"),
        ("~~a~~", "<p><del>a</del></p>"),
        (
            "<https://example.com>",
            '<p><a href="https://example.com" rel="noreferrer noopener">https://example.com</a></p>',
        ),
    ],
)
def test_markdown_can_do_nothing(markdown: str, expected: str) -> None:
    assert str(markdown_html(markdown)).strip() == expected


@pytest.mark.browser
def test_it_opens_quietly_and_accessibly(
    acme: wmiam.Access, whole: Path, tmp_path: Path, look: Opener
) -> None:
    seen = look(write_report(acme, tmp_path / "planned.html", generated=MOMENT, plan=whole))
    page = seen.page
    assert page.locator(".logo").evaluate("logo => logo.complete")
    assert page.evaluate("window.broken") is None
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [request for request in seen.requests if not request.startswith("data:")] == [seen.address]
    assert seen.messages == []
    assert page.evaluate("window.violations") == []
