"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# Where a change is judged, the same examples are drawn each time; elsewhere new ones are looked for.
settings.register_profile("judged", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("judged")
