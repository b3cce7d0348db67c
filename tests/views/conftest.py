"""The sample estate, read once for all tests of the views."""

from __future__ import annotations

from pathlib import Path

import pytest

import wmiam


@pytest.fixture(scope="session")
def acme() -> wmiam.Access:
    """The access of the sample estate."""
    return wmiam.load(Path(__file__).resolve().parents[2] / "data" / "acme").access()
