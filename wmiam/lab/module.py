"""The script and the style of the widgets, put together from the files that ship in the package.

The files are plain JavaScript without imports: the report joins those that it shares into one
script, and a widget joins all of them into one ES module.  ``python -m wmiam.lab FOLDER``
writes that module and its style for whoever wants to read or check them in one piece.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Final

from wmiam.views.templating import read_asset

__all__ = ["module_script", "module_style", "page_script"]

_SCRIPTS: Final = (
    ("wmiam.views", "elements.js"),
    ("wmiam.views", "explanation.js"),
    ("wmiam.lab", "data.js"),
    ("wmiam.lab", "matrix.js"),
    ("wmiam.lab", "table.js"),
    ("wmiam.lab", "graph.js"),
    ("wmiam.lab", "lists.js"),
    ("wmiam.lab", "told.js"),
    ("wmiam.lab", "controls.js"),
    ("wmiam.lab", "explorer.js"),
    ("wmiam.lab", "single.js"),
)
_STYLES: Final = (("wmiam.lab", "lab.css"), ("wmiam.lab", "matrix.css"))
#: What needs a kernel is of no use to a page without one.
_OF_KERNEL: Final = ("table.js", "explorer.js")
#: How the report reads its stored data and composes explanations of them.
_STORED: Final = (("wmiam.stored", "core.js"), ("wmiam.stored", "compose.js"))
_PAGE_STYLES: Final = (*_STYLES, ("wmiam.lab", "page.css"))


@cache
def module_script() -> str:
    """Return the ES module: its default export is what anywidget renders, ``hydrate`` is for a page."""
    return "\n".join([*_read(_SCRIPTS), "export { hydrate };\nexport default { render };\n"])


@cache
def module_style() -> str:
    """Return the style sheet; every rule of it is below ``.wmiam-lab``."""
    return "".join(_read(_STYLES))


@cache
def page_script() -> str:
    """Return a script that shows all views of a page without kernel; it brings its style along."""
    # A style sheet holds no "</", but nothing of a string may ever end the script's element.
    style = json.dumps("".join(_read(_PAGE_STYLES))).replace("</", "<\\/")
    stored = ", ".join(("data", "principals", "organizations", "actions", "members", "codesAt", "placesOf"))
    parts = [
        *_read(tuple(file for file in _SCRIPTS if file[1] not in _OF_KERNEL)),
        "const storedAccess = (data) => {",
        *_read(_STORED),
        f"return {{ {stored}, composeCell }};",
        "};",
        f"const STYLE = {style};",
        *_read((("wmiam.lab", "offline.js"), ("wmiam.lab", "page.js"))),
    ]
    return "\n".join(["(() => {", '"use strict";', *parts, "})();", ""])


def _read(files: tuple[tuple[str, str], ...]) -> list[str]:
    return [read_asset(package, f"assets/{name}") for package, name in files]
