"""The report as a file: whole or not at all, the same bytes each time, nothing that is not text."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from report_outline import Outline
from report_reading import IMAGE, MOMENT, REORDERED, SCRIPT

import wmiam
from wmiam.report import render_report, write_report

ACME = Path(__file__).resolve().parents[2] / "data" / "acme"


@pytest.fixture(scope="module")
def outline(acme_report: Path) -> Outline:
    return Outline(acme_report.read_text(encoding="utf-8"))


def test_the_same_input_gives_the_same_bytes(acme_report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(MOMENT.timestamp())))
    again = wmiam.load(Path(__file__).resolve().parents[2] / "data" / "acme").access()
    assert render_report(again) == acme_report.read_text(encoding="utf-8")


def test_the_moment_is_the_one_named(hostile: wmiam.Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert "2 January 1970, 00:00 UTC" in render_report(hostile)
    assert "1 March 2026, 12:30 UTC" in render_report(hostile, generated=datetime(2026, 3, 1, 12, 30))
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert f"{datetime.now(UTC):%B %Y}" in render_report(hostile)


def test_the_page_names_nothing_outside_itself(outline: Outline) -> None:
    for tag, attributes in outline.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            value = attributes.get(name)
            assert value is None or value.startswith("#"), (tag, name, value)
        assert not any(name.startswith("on") or name == "style" for name in attributes)


def test_the_policy_admits_only_what_is_there(outline: Outline) -> None:
    policy = next(
        a["content"] or "" for t, a in outline.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for text in (outline.inside["style"][0], outline.inside["script"][1]):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert [len(found) for found in outline.inside.values()] == [2, 1]


def test_links_inside_the_page_lead_somewhere(outline: Outline) -> None:
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["href"] for t, a in outline.elements if t == "a" and a.get("href")}
    assert {str(target)[1:] for target in targets} <= set(ids)


def test_every_input_file_stands_with_its_digest(outline: Outline, acme: wmiam.Access) -> None:
    text = "".join(outline.text)
    assert acme.estate.sources
    for source in acme.estate.sources:
        assert source.name in text
        assert source.sha256 in text
    assert wmiam.__version__ in text
    assert acme.catalog.as_of in text


def test_the_file_is_small(acme_report: Path) -> None:
    assert acme_report.stat().st_size < 1_000_000


def test_attacks_become_text(hostile_report: Path) -> None:
    page = hostile_report.read_text(encoding="utf-8")
    outline = Outline(page)
    assert {tag for tag, _ in outline.elements}.isdisjoint({"img"})
    assert [len(found) for found in outline.inside.values()] == [2, 1]
    text = "".join(outline.text)
    assert SCRIPT in text
    assert IMAGE in text
    assert "{{ 7 * 7 }}" in json.dumps(outline.data)
    assert "\u202e" not in page
    assert REORDERED.replace("\u202e", "⟨U+202E⟩") in text
    assert not re.search("[\x00-\x09\x0b-\x1f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]", page)


def test_an_incomplete_estate_says_so_first(hostile_report: Path, acme_report: Path) -> None:
    page = hostile_report.read_text(encoding="utf-8")
    assert page.index("This answer is incomplete") < page.index('class="answer"')
    assert "This answer is incomplete" not in acme_report.read_text(encoding="utf-8")


def test_what_is_fixed_is_named(hostile: wmiam.Access) -> None:
    page = render_report(
        hostile.given({"aws:MultiFactorAuthPresent": False, "aws:SourceIp": ["192.0.2.1", None]})
    )
    assert "aws:MultiFactorAuthPresent = false" in page
    assert "aws:SourceIp = 192.0.2.1 or absent" in page


def test_an_estate_without_anybody_makes_a_page(tmp_path: Path) -> None:
    (tmp_path / "details.json").write_text(
        '{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}',
        encoding="utf-8",
    )
    page = render_report(wmiam.load(tmp_path).access())
    assert "The files hold no principals" in page


def test_a_report_that_fails_leaves_what_was_there(
    hostile: wmiam.Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.html"
    target.write_text("before", encoding="utf-8")

    def fail(source: str, destination: str) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk is full"):
        write_report(hostile, target)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert target.read_text(encoding="utf-8") == "before"


def test_the_file_has_the_permissions_of_any_new_file(hostile: wmiam.Access, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    written = write_report(hostile, tmp_path / "new.html")
    assert written.stat().st_mode == plain.stat().st_mode
    os.chmod(written, 0o600)
    assert write_report(hostile, written).stat().st_mode & 0o777 == 0o600


def test_a_link_to_the_report_stays_a_link(hostile: wmiam.Access, tmp_path: Path) -> None:
    target, link = tmp_path / "report-1.html", tmp_path / "latest.html"
    link.symlink_to(target.name)
    assert write_report(hostile, link) == link
    assert link.is_symlink()
    assert target.read_bytes().startswith(b"<!doctype html>")


def test_a_deleted_organization_is_kept_and_marked(acme: wmiam.Access) -> None:
    first, *rest = acme.organizations
    gone = dataclasses.replace(first, state="Deleted")
    access = wmiam.Access.of(dataclasses.replace(acme.estate, organizations=(gone, *rest)))
    page = Outline(render_report(access, generated=MOMENT))
    text = " ".join("".join(page.text).split())
    assert f"{gone.alias} (deleted)" in text
    assert gone.state_note in text
    assert gone.state_note not in "".join(Outline(render_report(acme, generated=MOMENT)).text)


def test_a_report_on_standard_output_is_the_report_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    with log.open("ab") as stream:
        command = [sys.executable, "-m", "wmiam", "report", str(ACME), "-o", "/dev/stdout"]
        subprocess.run(command, stdout=stream, check=True)
    text = log.read_text("utf-8")
    assert text.startswith("before\n<!doctype html>")
    assert text.rstrip().endswith("</html>")
