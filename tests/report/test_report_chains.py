"""What the report says of chains is what the access says of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from report_outline import Outline, assert_only_our_script
from report_reading import MOMENT, SCRIPT, Opener

import wmiam
from wmiam.access.people import capability_lists, principal_groups
from wmiam.bits import bits_of
from wmiam.report import render_report, write_report
from wmiam.report.chains import ChainSurvey, survey_chains
from wmiam.report.paths import PathList, path_list, way_rows
from wmiam.report.principals import principal_list


@pytest.fixture(scope="module")
def survey(acme: wmiam.Access) -> ChainSurvey:
    return survey_chains(acme, capability_lists(acme, principal_groups(acme)))


@pytest.fixture(scope="module")
def drawn(survey: ChainSurvey) -> PathList:
    return path_list(survey)


def test_who_comes_to_what_is_who_reaches_it(acme: wmiam.Access, survey: ChainSurvey) -> None:
    """By principal and organization, against the frames that the user can ask for."""
    inside = {principal.arn for principal in acme.principals}
    for at, capability in enumerate(acme.catalog.capabilities):
        direct = acme.capabilities().query("capability == @capability.name and organization != ''")
        own = {
            (arn, row.organization)
            for row in direct.itertuples()
            for arn in (*row.principals, *row.conditional_principals)
        }
        frame = acme.who_reaches(capability.name)
        by_chains = frame[(frame["way"] != "direct")]
        reached: dict[tuple[str, str], bool] = {}
        for row in by_chains.itertuples():
            for arn in row.organizations:
                key = (row.principal, arn)
                reached[key] = reached.get(key, False) or row.decision == "allowed"
        expected = {key: free for key, free in reached.items() if key not in own and key[0] in inside}
        found = {
            (arn, acme.organizations[place].arn): bool(held[at].chained >> place & 1)
            for arn, held in survey.held.items()
            for place in bits_of(held[at].chained | held[at].chained_conditional)
        }
        assert found == expected
        count = survey.counts[at]
        for place, organization in enumerate(acme.organizations):
            here = [free for (_, arn), free in expected.items() if arn == organization.arn]
            numbers = count.by_organization[place]
            assert (numbers.allowed, numbers.conditional) == (here.count(True), here.count(False))
        holders = {arn for arn, _ in own}
        further = {arn for arn, _ in expected} - holders
        free = {arn for (arn, _), always in expected.items() if always} - holders
        assert (count.anywhere.allowed, count.anywhere.conditional) == (len(free), len(further) - len(free))
        assert count.outside == len({node for node, _ in reached} - inside)


def test_every_way_is_counted_with_all_who_can_go_it(acme: wmiam.Access, survey: ChainSurvey) -> None:
    for at, capability in enumerate(acme.catalog.capabilities):
        frame = acme.who_reaches(capability.name)
        told = frame[frame["way"] != "direct"]
        ways = survey.ways_to(at)
        assert {node for way in ways for node in way.sources} >= set(told["principal"])
        rows, number = way_rows(survey, at)
        assert number == len(ways)
        # What stands at the end is the list's own title.
        steps = {text.rpartition(", has ")[0] or text for text in told["steps"]}
        assert {row.steps for row in rows} & steps
        assert all(row.steps in steps for row in rows if len(row.sources) == 1)


def test_the_gravest_paths_are_told_step_by_step(drawn: PathList, survey: ChainSurvey) -> None:
    first = drawn.cards[0]
    assert first.title == "account 999999999999 can get to read mail"
    assert first.decision == "conditional"
    assert first.steps[0].conditions == ("sts:ExternalId is 'ACME-MIGRATION-2026'",)
    assert first.steps[0].statements[0][1].startswith("iam/444455556666/authorization-details-1.json:")
    assert drawn.ways == len(survey.ways) >= len(drawn.cards) == 10
    for card in drawn.cards:
        assert (card.decision == "conditional") == bool(
            card.throughout or any(step.conditions for step in card.steps)
        )


def test_a_picture_needs_no_style_of_its_own(drawn: PathList) -> None:
    """A style element or attribute in it would need a hole in the page's policy."""
    for card in drawn.cards:
        assert "<style" not in card.picture
        assert "style=" not in card.picture
        assert 'role="img"' in card.picture
        assert f"Path {card.number}: " in card.picture


def test_principals_stand_once_with_what_they_have(acme: wmiam.Access, survey: ChainSurvey) -> None:
    listed = principal_list(survey)
    names = [principal.arn for row in listed.rows for principal in row.principals]
    assert len(names) == len(set(names))
    assert len(names) + listed.without == len(acme.principals)
    of = acme.capability_of("kwaku.mensah")
    row = next(row for row in listed.rows if row.principals[0].name == "kwaku.mensah")
    titles = [capability.name for capability in acme.catalog.capabilities]
    assert {name for name, s in zip(titles, row.standings, strict=True) if s.places} == set(of["capability"])
    reached = acme.reach("kwaku.mensah").capabilities
    assert {name for name, s in zip(titles, row.standings, strict=True) if s.places or s.further} >= set(
        reached
    )


def test_the_page_tells_direct_and_by_chains(acme_report: Path, survey: ChainSurvey) -> None:
    page = Outline(acme_report.read_text(encoding="utf-8"))
    labels = [str(a.get("aria-label")) for _, a in page.elements if a.get("class") == "chained"]
    anywhere = survey.counts[0].anywhere
    assert (
        f"Read mail, by chains alone: {anywhere.allowed} more in every case, "
        f"{anywhere.conditional} only under a condition"
    ) in labels
    assert "by chains." in "".join(page.text)


def test_chains_of_a_hostile_estate_are_text(hostile: wmiam.Access) -> None:
    page = render_report(hostile, generated=MOMENT, sections=["answer", "paths", "principals"])
    assert_only_our_script(Outline(page))
    assert SCRIPT in "".join(Outline(page).text)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing_in_paths_and_principals(
    acme: wmiam.Access, tmp_path: Path, look: Opener, scheme: str, phone: bool
) -> None:
    path = write_report(acme, tmp_path / "paths.html", generated=MOMENT, sections=["paths", "principals"])
    seen = look(path, scheme=scheme, phone=phone)
    found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen.assert_quiet()


@pytest.mark.browser
def test_a_path_reads_without_script(acme_report: Path, look: Opener) -> None:
    page = look(acme_report, script=False).page
    path = page.locator("#path-1")
    expect(path.locator("svg")).to_be_visible()
    expect(path.get_by_role("img")).to_have_accessible_name(re.compile("^Path 1: account 999999999999"))
    expect(path.locator("ol li")).to_have_count(2)
    # The keyboard skips what is only the picture of the steps.
    expect(path.locator("svg [tabindex]")).to_have_count(0)
