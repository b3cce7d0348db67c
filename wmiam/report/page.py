"""A page that asks nothing of the network: style, script and data are in it, and may be nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from wmiam.graph.draw import STYLE
from wmiam.views.embedding import embedded, source_hash
from wmiam.views.templating import environment, read_asset

__all__ = ["render_page"]


def render_page(
    template: str,
    *,
    styles: Iterable[str],
    scripts: Iterable[tuple[str, str]],
    data: Any = None,
    **values: Any,
) -> str:
    """Return a page of the report.

    Parameters
    ----------
    template : str
        Name of the page's template.
    styles : iterable of str
        Names of style sheets among the report's assets; that of pictures of graphs comes before them.
    scripts : iterable of (str, str)
        Package and name of each script among the assets.
    data : object, optional
        What the scripts read, as JSON.
    **values : object
        What the template shows.
    """
    css = STYLE + "".join(read_asset("wmiam.report", f"assets/{name}") for name in styles)
    parts = "".join(read_asset(package, f"assets/{name}") for package, name in scripts)
    script = f'(() => {{\n"use strict";\n{parts}}})();\n' if parts else ""
    return (
        environment("wmiam.report")
        .get_template(template)
        .render(
            css=Markup(css),  # noqa: S704 - our own files
            script=Markup(script),  # noqa: S704 - our own files
            data=None if data is None else embedded(data),
            policy=_policy(css, script),
            **values,
        )
    )


def _policy(css: str, script: str) -> str:
    """Return a Content-Security-Policy that admits this style, this script and nothing else."""
    scripts = source_hash(script) if script else "'none'"
    return (
        f"default-src 'none'; style-src {source_hash(css)}; script-src {scripts}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
