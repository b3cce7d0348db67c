"""What every view of the lab has in common: forms of it that need neither kernel nor widget."""

from __future__ import annotations

import base64
from typing import Any

import anywidget

__all__ = ["MIME", "BundledView"]

#: The type under which an exporter finds a view's data.
MIME = "application/vnd.wmiam+json"


class BundledView(anywidget.AnyWidget):
    """A widget whose output also holds its data, and HTML that reads without script."""

    def bundled(self) -> tuple[str, dict[str, Any], bytes]:
        """Return kind, options and compressed data, as the page's ``hydrate`` takes them."""
        raise NotImplementedError

    def fallback(self) -> str:
        """Return the view as HTML for readers without script."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        kind, chosen, packed = self.bundled()
        data["text/html"] = self.fallback()
        data[MIME] = {
            "version": 1,
            "kind": kind,
            "options": chosen,
            "data": base64.b64encode(packed).decode("ascii"),
        }
        return data, metadata
