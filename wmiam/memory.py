"""Memory while much is made at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_cycles"]


@contextmanager
def without_cycles() -> Iterator[None]:
    """Keep the collector of reference cycles from looking through everything made, again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
