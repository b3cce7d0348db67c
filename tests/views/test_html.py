"""How objects show themselves in a notebook."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import wmiam
from wmiam.access.labels import place_of
from wmiam.diagnostics import Diagnostic, Severity
from wmiam.views.chains import paths_html, reach_html
from wmiam.views.html import (
    condition_html,
    diagnostics_html,
    effective_html,
    estate_html,
    explanation_html,
    summary_html,
)

ATTACK = '<script>alert(1)</script>"\u202e'


class Reader(HTMLParser):
    """The elements of a fragment, how they nest, and its text."""

    VOID = frozenset({"br", "meta"})

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.marks: list[str] = []
        self.cells: list[str] = []
        self.feed(fragment)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "mark":
            self.marks.append("")
        if tag in {"td", "th"} and "tbody" in self.open:
            self.cells.append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if {"td", "th"} & set(self.open) and "tbody" in self.open:
            self.cells[-1] += data.strip()
        if "mark" in self.open:
            self.marks[-1] += data


def squeezed(text: str) -> str:
    """Text with its white space as a browser shows it."""
    return re.sub(r"\s+", " ", text)


def test_an_explanation_shows_decision_statement_and_place(acme: wmiam.Access) -> None:
    explanation = acme.explain("mateo.jackson", "ResetPassword", "acme-europe")
    read = Reader(explanation_html(explanation))
    text = squeezed(read.text)
    assert "Conditional: mateo.jackson (444455556666), workmail:ResetPassword on acme-europe" in text
    assert "When: with MFA" in text
    assert "Allow AcmeHelpDeskResetPassword › ResetPasswordsWithMfa" in text
    origin = explanation.layers[0].statements[0].origin
    assert str(origin) in text
    assert any("aws:MultiFactorAuthPresent" in mark for mark in read.marks)
    assert not any("NotExecutives" in mark for mark in read.marks)
    assert "What would have to change" in text


def test_a_denial_says_what_would_have_to_change(acme: wmiam.Access) -> None:
    read = Reader(explanation_html(acme.explain("mateo.jackson", "ResetPassword", "acme-executives")))
    assert "Denied" in read.text
    assert "NotExecutives would have to except it" in read.text


def test_a_denial_across_accounts_has_no_statements(acme: wmiam.Access) -> None:
    read = Reader(explanation_html(acme.explain("john.stiles", "ResetPassword", "acme-europe")))
    assert "no resource-based policies" in read.text
    assert "pre" not in read.tags


def test_objects_show_themselves(acme: wmiam.Access) -> None:
    explanation = acme.explain("mateo.jackson", "ResetPassword", "acme-europe")
    assert explanation._repr_html_() == explanation_html(explanation)
    assert acme._repr_html_() == acme.summary()._repr_html_() == summary_html(acme.summary())


def test_the_summary_has_every_capability(acme: wmiam.Access) -> None:
    text = squeezed(Reader(summary_html(acme.given({"aws:MultiFactorAuthPresent": True}).summary())).text)
    assert "aws:MultiFactorAuthPresent = True" in text
    for row in acme.summary().capabilities:
        assert row.title in text
    first = acme.summary().capabilities[0]
    cells = Reader(summary_html(acme.summary())).cells
    assert cells[:3] == [first.title + first.why, str(first.allowed), str(first.conditional)]


def test_paths_show_steps_conditions_and_statements(acme: wmiam.Access) -> None:
    paths = acme.paths("john.stiles", ("take-over-mailbox", "acme-europe"))
    read = Reader(paths._repr_html_())
    text = squeezed(read.text)
    assert read.tags.count("li") == len(paths[0].steps) == 3
    assert "1 path from john.stiles (123456789012) to take-over-mailbox on acme-europe" in text
    assert "◐ under a condition" in text
    assert "assumes ServiceDeskTier2 (123456789012), with MFA" in text
    for step in paths[0].steps:
        for cause in step.statements:
            assert f"{cause.label} ({place_of(cause.policy, cause.statement.pointer)})" in text
    assert "Note: role chaining" in text
    assert squeezed(Reader(paths[0]._repr_html_()).text) in text
    assert "No path from liu.jie" in squeezed(Reader(acme.paths("liu.jie", "export-mail")._repr_html_()).text)
    many = paths_html([paths[0]] * 52, "again")
    assert "… 2 more paths." in many
    assert many.count("<ol>") == 50


def test_reach_shows_what_is_gained_by_becoming_whom(acme: wmiam.Access) -> None:
    read = Reader(reach_html(acme.reach("paulo.santos")))
    text = squeezed(read.text)
    assert acme.reach("paulo.santos")._repr_html_() == reach_html(acme.reach("paulo.santos"))
    assert "1 other principal, 3 organizations, 2 capabilities, 148 permissions, 2 of them" in text
    assert read.cells[:5] == ["itself", "", "Read mail", "acme-executives,acme-europe,acme-americas", ""]
    name, when, capabilities, organizations, gained = (squeezed(cell) for cell in read.cells[5:])
    assert name.startswith("AcmeMailExportOperator (444455556666)")
    assert (when, capabilities, organizations) == ("◐with MFA", "Export mail", "acme-europe,acme-americas")
    assert gained == "2"


def test_the_estate_is_shown_by_account(acme: wmiam.Access) -> None:
    assert acme.estate._repr_html_() == estate_html(acme.estate)
    text = squeezed(Reader(estate_html(acme.estate)).text)
    assert "63 principals in 5 accounts, 5 WorkMail organizations, read from 44 files." in text
    assert "444455556666ACME Mail" in text
    assert "acme-executives, acme-europe, acme-americas" in text
    assert "999999999999 not read" in text


def test_diagnostics_come_gravest_first_and_not_without_end() -> None:
    rows = [Diagnostic(Severity.INFO, "info", f"note {i}") for i in range(60)]
    rows.append(Diagnostic(Severity.ERROR, "broken", ATTACK, mend="mend it"))
    read = Reader(diagnostics_html(rows))
    assert read.text.index("mend it") < read.text.index("note 0")
    assert "1 error, 60 remarks" in read.text
    assert "… 11 more." in read.text
    assert "note 58" not in read.text
    assert "script" not in read.tags
    assert "⟨U+202E⟩" in read.text
    assert "Everything was understood" in Reader(diagnostics_html([])).text


def test_names_are_text_everywhere(acme: wmiam.Access) -> None:
    explanation = acme.explain("mateo.jackson", "ResetPassword", "acme-europe")
    layer = explanation.layers[0]
    view = dataclasses.replace(layer.statements[0], label=ATTACK, through=ATTACK, why=ATTACK, when=ATTACK)
    hostile = dataclasses.replace(
        explanation,
        principal=dataclasses.replace(explanation.principal, name=ATTACK),
        when=ATTACK,
        reasons=(ATTACK,),
        changes=(ATTACK,),
        notes=(ATTACK,),
        witness={ATTACK: ATTACK},
        layers=(dataclasses.replace(layer, title=ATTACK, statements=(view,)),),
    )
    fragments = [
        explanation_html(hostile),
        estate_html(dataclasses.replace(acme.estate, name=ATTACK)),
        summary_html(dataclasses.replace(acme.summary(), name=ATTACK, context={ATTACK: ATTACK})),
    ]
    for fragment in fragments:
        read = Reader(fragment)
        assert "script" not in read.tags
        assert "<script>alert(1)</script>" in read.text
        assert "\u202e" not in fragment


def test_documents_keep_their_lines(acme: wmiam.Access) -> None:
    """A line end belongs to the JSON; only what is hidden within a line is spelled out."""
    condition = acme.condition("mateo.jackson", "ResetPassword", "acme-europe")
    effective = acme.effective_policy("mateo.jackson")
    for html, document in (
        (condition_html(condition), json.dumps(condition.to_policy(), indent=2)),
        (effective_html(effective), effective.to_json()),
    ):
        assert "⟨U+" not in html
        assert document in Reader(html).text
