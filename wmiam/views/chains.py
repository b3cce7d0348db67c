"""How chains show themselves in a notebook: step by step, with conditions and the statements behind them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from markupsafe import Markup

from wmiam.access.labels import place_of
from wmiam.views.templating import environment, read_asset

if TYPE_CHECKING:
    from wmiam.graph.clauses import Cause
    from wmiam.graph.reached import Reach
    from wmiam.graph.routes import Path

__all__ = ["paths_html", "reach_html"]

#: Paths, or principals, that are shown; the objects themselves hold all of them.
_SHOWN = 50


def paths_html(paths: Iterable[Path], question: str = "") -> str:
    """Return paths with their steps, conditions and statements.

    Parameters
    ----------
    paths : iterable of Path
        The paths.
    question : str
        What was asked; a single path needs none.
    """
    found = list(paths)
    return _render(
        "paths.html.j2", paths=found[:_SHOWN], more=max(0, len(found) - _SHOWN), question=question, told=_told
    )


def reach_html(reach: Reach) -> str:
    """Return whom somebody can become, and what is gained by that.

    Parameters
    ----------
    reach : Reach
        What :meth:`wmiam.access.Access.reach` returned.
    """
    labels = {organization.arn: organization.label for organization in reach.access.organizations}
    titles = {capability.name: capability.title for capability in reach.access.catalog.capabilities}
    rows = [
        {
            "reached": reached,
            "name": reached.path.telling.name(reached.principal),
            "capabilities": dict.fromkeys(titles[name] for name, _, _ in reached.capabilities),
            "organizations": [labels[arn] for arn in reached.permissions.organizations],
            "gained": len(reached.gained),
        }
        for reached in reach[:_SHOWN]
    ]
    return _render("reach.html.j2", it=reach, rows=rows, more=max(0, len(reach) - _SHOWN))


def _told(cause: Cause) -> str:
    """Return a statement's policy, label and place."""
    place = place_of(cause.policy, cause.statement.pointer)
    return f"{cause.label} ({place})" if place else cause.label


def _render(name: str, **values: object) -> str:
    css = Markup(read_asset("wmiam.views", "templates/fragment.css"))  # noqa: S704 - our own file
    return environment("wmiam.views").get_template(name).render(css=css, **values)
