"""The findings as the report lists them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from report_outline import Outline, assert_only_our_script
from report_reading import MOMENT, SCRIPT, Opener

import wmiam
from wmiam.findings import Suppression
from wmiam.findings.documents import document_json, patched
from wmiam.report import render_report, write_report
from wmiam.report.findings import FindingCard, FindingList, finding_list

TODAY = MOMENT.date()


@pytest.fixture(scope="module")
def listed(acme: wmiam.Access) -> FindingList:
    return finding_list(acme, today=TODAY)


def cards(listed: FindingList) -> list[FindingCard]:
    return [card for _, _, groups in listed.severities for group in groups for card in group.cards]


def test_every_finding_stands_once_by_severity(acme: wmiam.Access, listed: FindingList) -> None:
    findings = acme.findings(today=TODAY)
    assert [card.finding.id for card in cards(listed)] == [finding.id for finding in findings]
    counts = {severity: number for severity, number, _ in listed.severities}
    assert counts == {severity: number for severity, number in findings.counts().items() if number}
    assert listed.grave == counts["high"]


def test_the_text_of_a_statement_is_that_of_its_file(listed: FindingList) -> None:
    marked = 0
    for card in cards(listed):
        for text in card.statements:
            assert text.lines
            if not text.left_out and "…" not in "".join(line for line, _ in text.lines):
                shown = json.loads("\n".join(line for line, _ in text.lines))
                document = document_json(text.evidence.policy)
                assert document is not None
                held = document["Statement"]
                assert shown == document or shown in (held if isinstance(held, list) else [held])
            marked += any(decides for _, decides in text.lines)
    assert marked > 40


def test_what_permissions_turn_into_is_marked(listed: FindingList) -> None:
    card = next(card for card in cards(listed) if "AcmeDeployMail may become" in card.finding.summary)
    lines = [line.strip() for text in card.statements for line, decides in text.lines if decides]
    assert '"Action": "iam:PassRole",' in lines
    assert '"cloudformation:CreateStack",' in lines
    assert '"cloudformation:DescribeStacks",' not in lines


def test_a_mend_is_told_with_its_price_and_its_patch(listed: FindingList) -> None:
    tried = [card for card in cards(listed) if card.mend.checked]
    assert len(tried) > 30
    for card in tried:
        check = card.finding.mend.check
        assert check is not None
        assert card.mend.losing == check.rows
        assert not card.mend.untried
        for (key, lines), change in zip(card.mend.patches, card.finding.mend.changes, strict=False):
            assert key == change.policy.key
            if not change.deletes:
                document = document_json(change.policy)
                assert document is not None
                assert patched(document, json.loads("\n".join(lines))) == change.document()


def test_the_page_has_an_anchor_for_each_finding(
    acme: wmiam.Access, acme_report: Path, listed: FindingList
) -> None:
    page = Outline(acme_report.read_text(encoding="utf-8"))
    assert {card.anchor for card in cards(listed)} <= set(page.ids)
    text = " ".join("".join(page.text).split())
    counts = acme.findings(today=TODAY).counts()
    told = ", ".join(f"{number} {severity}" for severity, number in counts.items() if number)
    assert f"Findings: {told}." in text
    for card in cards(listed):
        assert card.finding.summary in text
        assert card.finding.reason in text
        for name in (text.evidence.place for text in card.statements):
            assert name in text


def test_accepted_findings_stand_apart(acme: wmiam.Access) -> None:
    first, second = acme.findings(today=TODAY)[:2]
    listed = finding_list(
        acme,
        today=TODAY,
        suppress=[
            Suppression("on purpose", date(2030, 1, 1), "audit", finding=first.id),
            Suppression("for a while", date(2026, 1, 1), "audit", finding=second.id),
        ],
    )
    assert first.id not in {card.finding.id for card in cards(listed)}
    assert second.id in {card.finding.id for card in cards(listed)}
    assert [aside.finding.id for aside in listed.findings.suppressed] == [first.id]
    assert any("expired on 2026-01-01" in note for note in listed.findings.notes)


def test_the_day_of_the_report_counts(acme: wmiam.Access) -> None:
    """A window of time that is past is a finding from the day after it on."""
    late = MOMENT.replace(year=2027, month=3)
    assert render_report(acme, generated=late, sections=["findings"]) != render_report(
        acme, generated=MOMENT, sections=["findings"]
    )


def test_names_in_findings_are_text(hostile: wmiam.Access) -> None:
    page = Outline(render_report(hostile, generated=MOMENT, sections=["findings"]))
    assert_only_our_script(page)
    assert SCRIPT in "".join(page.text)


@pytest.mark.browser
def test_a_finding_opens_without_script(acme_report: Path, listed: FindingList, look: Opener) -> None:
    page = look(acme_report, script=False).page
    card = cards(listed)[0]
    element = page.locator(f"#{card.anchor}")
    expect(element.locator(".mend")).to_be_hidden()
    element.locator("summary").first.click()
    expect(element.locator(".mend")).to_be_visible()
    expect(element).to_contain_text(card.statements[0].evidence.place)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing_in_open_findings(
    acme: wmiam.Access, tmp_path: Path, look: Opener, scheme: str, phone: bool
) -> None:
    path = write_report(acme, tmp_path / "findings.html", generated=MOMENT, sections=["findings"])
    page = look(path, scheme=scheme, phone=phone).page
    page.locator(".finding").evaluate_all("all => all.slice(0, 12).forEach(each => { each.open = true })")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
