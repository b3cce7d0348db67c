"""The report printed as PDF by an installed Chromium."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from wmiam.cli import main
from wmiam.errors import InputError
from wmiam.report import pdf

ROOT = Path(__file__).resolve().parents[2]
REVIEW = ROOT / "data" / "review" / "before"


@pytest.mark.browser
def test_the_report_is_printed_besides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    assert main(["report", str(REVIEW), "-o", str(page), "--pdf", str(printed)]) == 0
    content = printed.read_bytes()
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page[^s]", content)) >= 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.pdf"]


def test_without_browser_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pdf, "find_browser", lambda: None)
    page, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    assert main(["report", str(REVIEW), "-o", str(page), "--pdf", str(printed)]) == 2
    told = capsys.readouterr().err
    assert "no browser is installed" in told
    assert "install Chromium" in told
    assert not page.exists()
    assert not printed.exists()


def test_a_browser_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho 'no display' >&2\nexit 3\n", encoding="utf-8")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(pdf, "find_browser", lambda: str(broken))
    target = tmp_path / "report.pdf"
    target.write_bytes(b"before")
    with pytest.raises(InputError, match="no display"):
        pdf.print_pdf("<p>page</p>", target)
    assert target.read_bytes() == b"before"


def test_tables_are_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "results.json"
    assert main(["report", str(REVIEW), "-o", str(target), "--pdf", str(tmp_path / "x.pdf")]) == 2
    assert "only the page can be printed" in capsys.readouterr().err
