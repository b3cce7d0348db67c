"""What the tests of the report share: hostile names, and how a reader opens a report."""

from __future__ import annotations

from datetime import UTC, datetime

from offline_pages import Opener

__all__ = ["FORMULA", "IMAGE", "MOMENT", "NUL", "REORDERED", "SCRIPT", "STAR", "TEMPLATE", "Opener"]

MOMENT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

#: Names as somebody would write them who wants the reader's browser to do something.
SCRIPT = "</script><script>window.broken = 1</script>"
IMAGE = '"><img src=x onerror="window.broken = 1">'
FORMULA = '=HYPERLINK("https://example.com","x")'
REORDERED = "admin\u202egnp.exe"
TEMPLATE = "{{ 7 * 7 }}${7*7}"
STAR = "*"
NUL = "bell\u0007 and \u2028 line"
