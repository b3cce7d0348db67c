"""The sample estate, one of hostile names, and a JupyterLab to show them in."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from explorer_views import ACME, IMAGE, REORDERED, SCRIPT
from lab_driver import Lab, running_lab
from playwright.sync_api import Browser, expect

import wmiam
from wmiam.access import Access


@pytest.fixture(scope="session")
def acme() -> Access:
    """The access of the sample estate."""
    return wmiam.load(ACME).access(progress=False)


@pytest.fixture(scope="session")
def hostile() -> Access:
    """The sample estate with names that are attacks; no reader lets most of them through."""
    estate = wmiam.load(ACME)
    names = iter((SCRIPT, IMAGE, REORDERED))
    principals = tuple(
        dataclasses.replace(p, name=next(names, p.name)) if p.account == "444455556666" else p
        for p in estate.principals
    )
    organizations = tuple(dataclasses.replace(o, alias=f"{IMAGE}{o.alias}") for o in estate.organizations)
    return dataclasses.replace(estate, principals=principals, organizations=organizations).access(
        progress=False
    )


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab that is running."""
    # A kernel answers in its own time, and on a busy machine that is not five seconds.
    expect.set_options(timeout=20_000)
    with running_lab(tmp_path_factory.mktemp("jupyterlab"), browser) as running:
        yield running


@pytest.fixture(autouse=True)
def _closing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close the notebooks that a test opened: each keeps a kernel and a part of the browser busy."""
    if "lab" not in request.fixturenames:
        yield
        return
    running: Lab = request.getfixturevalue("lab")
    before = len(running.pages)
    yield
    for page in running.pages[before:]:
        page.close()
    del running.pages[before:]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots are kept: ``WMIAM_SCREENSHOTS``, or the test's own folder."""
    folder = Path(os.environ.get("WMIAM_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
