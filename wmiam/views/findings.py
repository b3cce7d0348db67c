"""How findings show themselves in a notebook: everything escaped by the template, nothing else needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from wmiam.views.templating import environment, read_asset

if TYPE_CHECKING:
    from wmiam.findings import Finding, Findings

__all__ = ["finding_html", "findings_html"]

#: Findings that are shown; the object itself holds all of them.
_SHOWN = 200


def findings_html(findings: Findings) -> str:
    """Return findings by severity, each with its evidence and mend to unfold.

    Parameters
    ----------
    findings : Findings
        What :meth:`wmiam.access.Access.findings` returned; mends are told, and not tried.
    """
    from wmiam.findings.text import headline

    shown = findings[:_SHOWN]
    return _render(
        headline=headline(findings),
        groups=list(shown.by_severity().items()),
        more=len(findings) - len(shown),
        suppressed=findings.suppressed,
        notes=findings.notes,
    )


def finding_html(finding: Finding) -> str:
    """Return one finding with its evidence and mend.

    Parameters
    ----------
    finding : Finding
        The finding.
    """
    return _render(headline="", groups=[(finding.severity, (finding,))], more=0, suppressed=(), notes=())


def _render(**values: object) -> str:
    css = Markup(read_asset("wmiam.views", "templates/fragment.css"))  # noqa: S704 - our own file
    return environment("wmiam.views").get_template("findings.html.j2").render(css=css, **values)
