"""What a page of the report is made of, as its text has it."""

from __future__ import annotations

import base64
import hashlib
import json
from html.parser import HTMLParser

from wmiam.views.templating import read_asset


class Outline(HTMLParser):
    """What a page is made of: elements with their attributes, text, and the content of script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag if tag in self.inside else ""
        if self._open:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open][-1] += data
        else:
            self.text.append(data)

    @property
    def ids(self) -> list[str]:
        """The ids of all elements, in order."""
        return [str(attributes["id"]) for _, attributes in self.elements if "id" in attributes]

    @property
    def targets(self) -> set[str]:
        """The ids that links lead to."""
        return {link.removeprefix("#") for link in self._links}

    @property
    def navigation(self) -> list[str]:
        """The links of the navigation, in order."""
        start = next(at for at, (tag, _) in enumerate(self.elements) if tag == "nav")
        end = next(at for at, (tag, _) in enumerate(self.elements) if tag == "main")
        return [str(a["href"]) for tag, a in self.elements[start:end] if tag == "a"]

    @property
    def _links(self) -> list[str]:
        return [str(a["href"]) for tag, a in self.elements if tag == "a" and a.get("href")]

    @property
    def data(self) -> dict[str, object]:
        """The JSON that the page carries."""
        found: dict[str, object] = json.loads(self.inside["script"][0])
        return found


def assert_only_our_script(page: Outline) -> None:
    """Assert that a page without matrix has no data, and one script: the one that its policy admits."""
    (script,) = page.inside["script"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert f"script-src 'sha256-{digest}'" in str(policy)
    for asset in ("save.js", "lists.js", "zoom.js"):
        script = script.replace(read_asset("wmiam.report", f"assets/{asset}"), "")
    assert script == f'(() => {{\n"use strict";\n{read_asset("wmiam.views", "assets/elements.js")}}})();\n'
