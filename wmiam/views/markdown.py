"""Markdown of an analyst as HTML: no HTML of its own, no pictures, and links that say where they lead."""

from __future__ import annotations

from typing import Any

import mistune
from markupsafe import Markup, escape

from wmiam.views.text import visible

__all__ = ["markdown_html"]

_SCHEMES = ("http://", "https://", "mailto:")
_MOST_LEVELS = 6


class _Renderer(mistune.HTMLRenderer):
    """HTML in which raw HTML is text, headings are lower than those of the page, and links are plain."""

    def __init__(self, below: int) -> None:
        super().__init__(escape=True)
        self._below = below

    def heading(self, text: str, level: int, **_attributes: Any) -> str:
        """Return a heading as many levels lower as the page has above it."""
        level = min(level + self._below, _MOST_LEVELS)
        return f"<h{level}>{text}</h{level}>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Return a link with its address written out; text, where it leads neither to the web nor to mail."""
        told = escape(url)
        if url.startswith("#"):
            return f'<a href="{told}">{text}</a>'
        if not url.lower().startswith(_SCHEMES):
            return f"{text} ({told})"
        tip = f' title="{escape(title)}"' if title else ""
        shown = f'<a href="{told}"{tip} rel="noreferrer noopener">{text}</a>'
        return (
            shown
            if text == told or url == f"mailto:{text}"
            else f'{shown} <span class="address">({told})</span>'
        )

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:  # noqa: ARG002
        """Return a cell; aligning it would need a style of its own, which the page does not admit."""
        return f'<th scope="col">{text}</th>' if head else f"<td>{text}</td>"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Return a picture's words: nothing is loaded."""
        return f"{text} ({', '.join(escape(part) for part in (title, url) if part)})"


def markdown_html(text: str, *, below: int = 3) -> Markup:
    """Return Markdown as HTML that can do nothing.

    Parameters
    ----------
    text : str
        Markdown; HTML in it stays text, characters that do not show are spelled out.
    below : int
        How many levels of headings the page has above it.
    """
    lines = (visible(line) for line in text.expandtabs(4).splitlines())
    render = mistune.create_markdown(renderer=_Renderer(below), plugins=["table", "strikethrough"])
    return Markup(render("\n".join(lines)))  # noqa: S704 - raw HTML is escaped by the renderer
