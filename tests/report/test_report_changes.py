"""The report on a change: what it says is what the comparison says, and it is as safe as the other."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from report_outline import Outline
from report_reading import MOMENT, SCRIPT, Opener

import wmiam
from wmiam.cli import main
from wmiam.compare import Comparison
from wmiam.report.changes import render_changes, write_changes
from wmiam.report.changes.content import Changes

ROOT = Path(__file__).resolve().parents[2]
BEFORE, AFTER = ROOT / "data" / "review" / "before", ROOT / "data" / "review" / "after"


@pytest.fixture(scope="module")
def review() -> Comparison:
    return wmiam.compare(
        BEFORE, AFTER, gate=["no-new-access", "never-allow=workmail:DeleteUser;organizations=*"]
    )


@pytest.fixture(scope="module")
def page_file(review: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_changes(review, tmp_path_factory.mktemp("changes") / "change.html", generated=MOMENT)


def words(text: str) -> str:
    return " ".join("".join(Outline(text).text).split())


def test_every_changed_cell_stands_in_a_row(review: Comparison) -> None:
    changes = Changes(review, None, MOMENT)
    told = {
        (
            principal.arn,
            action,
            organization,
            row.cells.change,
            row.cells.before,
            row.cells.after,
            row.cells.gained,
        )
        for row in changes.rows
        for principal in row.principals
        for action in row.cells.actions
        for organization in row.organizations or ("*",)
    }
    expected = {
        (
            change.principal.arn,
            change.action,
            "*" if change.organization == "*" else review.names.short(change.organization),
            change.change,
            change.before,
            change.after,
            review.gained(change),
        )
        for change in review.rows()
    }
    assert told == expected
    assert expected


def test_a_removed_statement_stands_on_one_side(tmp_path: Path) -> None:
    backwards = wmiam.compare(AFTER, BEFORE)
    (card,) = Changes(backwards, None, MOMENT).causes
    assert card.after is None
    assert card.before is not None
    assert any("LostPhones" in line for line, _ in card.before.lines)
    (example,) = card.examples
    assert (example[0], *example[2:]) == ("lost", "allowed", "denied")
    assert {row.cells.change for row in Changes(backwards, None, MOMENT).rows} == {"revoked"}


def test_a_changed_statement_stands_on_both_sides_with_its_lines_marked(tmp_path: Path) -> None:
    policy = json.loads((AFTER / "help-desk.json").read_text(encoding="utf-8"))
    statement = next(s for s in policy["Statement"] if s["Sid"] == "LostPhones")
    statement["Action"] = [a for a in statement["Action"] if a != "workmail:Put*"]
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(policy), encoding="utf-8")
    estate = wmiam.load(AFTER)
    name = next(
        p.key for person in estate.principals for p, _ in person.identity_policies if "help-desk" in p.name
    )
    comparison = wmiam.compare(estate, estate.with_policy(name, policy))
    (card,) = Changes(comparison, None, MOMENT).causes
    assert card.before is not None
    assert card.after is not None
    assert [line.strip() for line, otherwise in card.before.lines if otherwise and "Put" in line] == [
        '"workmail:Put*"'
    ]
    assert not any("workmail:Put*" in line for line, _ in card.after.lines)
    assert any(not otherwise for _, otherwise in card.after.lines)


def test_gates_and_findings_stand_in_the_page(review: Comparison, page_file: Path) -> None:
    told = words(page_file.read_text(encoding="utf-8"))
    assert "2 principals gain access" in told
    assert "fails no-new-access" in told
    assert review.failures.of(review.gates[0])
    before, after = ({f.id: f for f in side.access.findings(today=MOMENT.date())} for side in review.sides)
    for new in after.keys() - before.keys():
        assert new in told
        assert after[new].summary in told
    for kept in after.keys() & before.keys():
        assert kept not in told
    for side, estate in (("before", review.before), ("after", review.after)):
        for source in estate.sources:
            assert source.sha256 in told, side


def test_nothing_changed() -> None:
    same = wmiam.compare(BEFORE, BEFORE, gate="no-new-access")
    told = words(render_changes(same, generated=MOMENT))
    assert "Nobody gains or loses access." in told
    assert "holds no-new-access" in told


def test_what_cannot_be_read_is_said_first(tmp_path: Path) -> None:
    broken = tmp_path / "after"
    broken.mkdir()
    for file in AFTER.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    policy = json.loads((AFTER / "help-desk.json").read_text(encoding="utf-8"))
    policy["Statement"].append({"Effect": "Perhaps", "Action": "workmail:*", "Resource": "*"})
    (broken / "help-desk.json").write_text(json.dumps(policy), encoding="utf-8")
    told = words(render_changes(wmiam.compare(BEFORE, broken), generated=MOMENT))
    assert "This comparison is incomplete." in told
    assert "What was not understood" in told
    assert "nobody can tell" in told.lower()


def test_the_same_input_gives_the_same_bytes(
    page_file: Path, review: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(MOMENT.timestamp())))
    again = wmiam.compare(BEFORE, AFTER, gate=[str(gate) for gate in review.gates])
    assert render_changes(again) == page_file.read_text(encoding="utf-8")


def test_names_are_text(hostile: wmiam.Access) -> None:
    estate = hostile.estate
    less = dataclasses.replace(
        estate, principals=tuple(dataclasses.replace(p, inline=()) for p in estate.principals)
    )
    page = render_changes(wmiam.compare(estate, less), generated=MOMENT, title=SCRIPT)
    outline = Outline(page)
    assert len(outline.inside["script"]) == 1
    assert "window.broken" not in outline.inside["script"][0]
    assert SCRIPT in "".join(outline.text)
    assert not any(name.startswith("on") or name == "style" for _, a in outline.elements for name in a)
    assert not [tag for tag, _ in outline.elements if tag == "img"]
    ids = [a["id"] for _, a in outline.elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_compare_writes_it_besides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "change.html"
    code = main(["compare", str(BEFORE), str(AFTER), "--gate", "no-new-access", "--report", str(target)])
    assert code == 1
    assert "2 principals gain access" in capsys.readouterr().out
    assert "fails no-new-access" in words(target.read_text(encoding="utf-8"))
    assert main(["compare", str(BEFORE), str(AFTER), "--report", str(tmp_path / "none" / "x.html")]) == 2


def test_it_is_written_from_python(review: Comparison, tmp_path: Path) -> None:
    target = wmiam.report(review, tmp_path / "change.html", title="Before it ships", generated=MOMENT)
    assert "Before it ships" in words(target.read_text(encoding="utf-8"))
    with pytest.raises(TypeError, match="plan"):
        wmiam.report(review, tmp_path / "x.html", plan=tmp_path / "plan.toml")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing_and_nothing_is_asked(
    page_file: Path, look: Opener, scheme: str, phone: bool
) -> None:
    seen = look(page_file, scheme=scheme, phone=phone)
    found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen.assert_quiet()


@pytest.mark.browser
def test_it_reads_without_script(page_file: Path, look: Opener) -> None:
    page = look(page_file, script=False).page
    expect(page.locator("#causes pre").first).to_be_visible()
    expect(page.locator("#cells tbody tr").first).to_be_visible()
