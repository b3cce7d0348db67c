"""What a page that asks nothing of the network is made with: embedded data, and hashes of its sources."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from markupsafe import Markup

__all__ = ["embedded", "source_hash"]


def embedded(value: Any) -> Markup:
    """Return a value as JSON that can stand in a script element: nothing in it can end the element.

    Parameters
    ----------
    value : object
        What :func:`json.dumps` takes.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - made safe above


def source_hash(text: str) -> str:
    """Return what a Content-Security-Policy calls an inline script or style.

    Parameters
    ----------
    text : str
        What stands between the tags.
    """
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
