"""The report: one HTML file that opens from disk, asks nothing of the network and answers at once."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from wmiam.views.templating import environment, read_asset
from wmiam.wholefile import open_whole

if TYPE_CHECKING:
    from wmiam.access import Access

__all__ = ["render_report", "write_report"]

_STYLES: Final = ("report.css", "matrix.css")
_SCRIPTS: Final = (
    ("wmiam.views", "elements.js"),
    ("wmiam.views", "explanation.js"),
    *(("wmiam.report", name) for name in ("core.js", "panel.js", "matrix.js", "page.js")),
)


def write_report(
    access: Access,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    generated: datetime | None = None,
) -> Path:
    """Write the report; whole, or not at all.

    Parameters
    ----------
    access : Access
        What is reported.
    path : str or path
        The file to write; one that is there is replaced, a link, device or pipe is written through.
    title : str, optional
        Heading; by default made from the estate's name.
    generated : datetime, optional
        The moment that the report names; see :func:`render_report`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    text = render_report(access, title=title, generated=generated)
    with open_whole(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
    return Path(path)


def render_report(access: Access, *, title: str | None = None, generated: datetime | None = None) -> str:
    """Return the report's HTML.

    Parameters
    ----------
    access : Access
        What is reported.
    title : str, optional
        Heading; by default made from the estate's name.
    generated : datetime, optional
        The moment that the report names, without time zone taken as UTC.  By default that of the
        environment variable ``SOURCE_DATE_EPOCH``, else now.  All else depends on the input alone.
    """
    from wmiam.report.content import gather
    from wmiam.report.matrix import matrix_payload
    from wmiam.report.people import principal_groups

    groups = principal_groups(access)
    content = gather(access, groups, title, _moment(generated))
    css = "".join(read_asset("wmiam.report", f"assets/{name}") for name in _STYLES)
    parts = [read_asset(package, f"assets/{name}") for package, name in _SCRIPTS]
    script = f'(() => {{\n"use strict";\n{"".join(parts)}}})();\n'
    return (
        environment("wmiam.report")
        .get_template("report.html.j2")
        .render(
            it=content,
            css=Markup(css),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own files
            data=_embedded(matrix_payload(access, groups)),
            policy=_policy(css, script),
        )
    )


def _policy(css: str, script: str) -> str:
    """Return a Content-Security-Policy that admits this style, this script and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _embedded(value: Any) -> Markup:
    """Return a value as JSON that can stand in a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - made safe above


def _moment(generated: datetime | None) -> datetime:
    if generated is None:
        epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
        return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(UTC)
    return generated.replace(tzinfo=UTC) if generated.tzinfo is None else generated.astimezone(UTC)
