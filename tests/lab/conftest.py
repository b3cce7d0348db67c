"""The sample estate, one of hostile names, and a JupyterLab to show them in."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_driver import Lab, running_lab
from playwright.sync_api import Browser

import wmiam
from wmiam.access import Access

ACME = Path(__file__).resolve().parents[2] / "data" / "acme"
SCRIPT = "<script>window.broken = 1</script>"
IMAGE = "<img src=x onerror='window.broken = 1'>"
REORDERED = "admin\u202egnp.exe"
#: The same estate as :func:`hostile`, made in a notebook: three of its principals are in the list ``hostile``.
HOSTILE = f"""
import dataclasses, wmiam
from wmiam.lab import views
estate = wmiam.load({str(ACME)!r})
names = iter({(SCRIPT, IMAGE, REORDERED)!r})
hostile = [p.arn for p in estate.principals if p.account == "444455556666"][:3]
principals = tuple(dataclasses.replace(p, name=next(names)) if p.arn in hostile else p for p in estate.principals)
organizations = tuple(dataclasses.replace(o, alias={IMAGE!r} + (o.alias or "")) for o in estate.organizations)
access = dataclasses.replace(estate, principals=principals, organizations=organizations).access()
explorer = wmiam.explore(access)
explorer
"""


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
    return dataclasses.replace(estate, principals=principals, organizations=organizations).access(progress=False)


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab that is running."""
    with running_lab(tmp_path_factory.mktemp("jupyterlab"), browser) as running:
        yield running


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots are kept: ``WMIAM_SCREENSHOTS``, or the test's own folder."""
    folder = Path(os.environ.get("WMIAM_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
