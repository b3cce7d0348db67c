"""The kit in JupyterLab: the explorer, and views of one thing each.

The widgets are loaded when they are first asked for: whoever only reads pinned views needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wmiam.lab.explorer import Explorer, explore

__all__ = ["Explorer", "explore"]


def __getattr__(name: str) -> Any:
    """Look a public name up where it lives (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wmiam.lab import explorer

    return getattr(explorer, name)
