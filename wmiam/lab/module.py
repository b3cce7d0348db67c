"""The script and the style of the widgets, put together from the files that ship in the package.

The files are plain JavaScript without imports: the report joins those that it shares into one
script, and a widget joins all of them into one ES module.  ``python -m wmiam.lab FOLDER``
writes that module and its style for whoever wants to read or check them in one piece.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from wmiam.views.templating import read_asset

__all__ = ["module_script", "module_style"]

_SCRIPTS: Final = (
    ("wmiam.views", "elements.js"),
    ("wmiam.views", "explanation.js"),
    ("wmiam.lab", "data.js"),
    ("wmiam.lab", "matrix.js"),
    ("wmiam.lab", "table.js"),
    ("wmiam.lab", "graph.js"),
    ("wmiam.lab", "controls.js"),
    ("wmiam.lab", "explorer.js"),
    ("wmiam.lab", "single.js"),
)
_STYLES: Final = (("wmiam.lab", "lab.css"), ("wmiam.lab", "matrix.css"))


@cache
def module_script() -> str:
    """Return the ES module: its default export is what anywidget renders, ``hydrate`` is for a page."""
    parts = [read_asset(package, f"assets/{name}") for package, name in _SCRIPTS]
    return "\n".join([*parts, "export { hydrate };\nexport default { render };\n"])


@cache
def module_style() -> str:
    """Return the style sheet; every rule of it is below ``.wmiam-lab``."""
    return "".join(read_asset(package, f"assets/{name}") for package, name in _STYLES)
