"""What all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from offline_pages import Opener
    from playwright.sync_api import Browser

# Where a change is judged, the same examples are drawn each time; elsewhere new ones are looked for.
settings.register_profile("judged", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("judged")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium: the installed one, with nothing that asks the network."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.fail("no Chromium is installed: nothing can be looked at")
    flags = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=found, args=flags)
        yield launched
        launched.close()


@pytest.fixture
def look(browser: Browser) -> Iterator[Opener]:
    """Opens pages from disk without network; what was opened is closed after the test."""
    from offline_pages import Opener

    yield Opener(browser)
    for context in browser.contexts:
        context.close()
