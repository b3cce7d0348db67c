"""Chains in the explorer: who comes to a capability, whom somebody can become, and how."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from wmiam.access import Access
from wmiam.access.capability import holdings
from wmiam.access.labels import place_of
from wmiam.catalog import Capability
from wmiam.graph.asked import arrivals_at, kind_of
from wmiam.graph.goals import Goals
from wmiam.graph.links import Arrival
from wmiam.graph.reached import Reach
from wmiam.graph.routes import Path, PathStep, Telling
from wmiam.lab.tally import CapabilityNumbers
from wmiam.lab.view import Selection, View
from wmiam.progress import watched
from wmiam.views.statements import statement_lines
from wmiam.views.text import principal_name, visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "chain_code",
    "chain_frame",
    "chain_list",
    "chain_model",
    "chain_numbers",
    "path_model",
    "paths_model",
]

#: The most chains of a list, and the most of one explanation.
_MOST: Final = 200
_WAYS: Final = 6


# -- who comes to a capability -------------------------------------------------


def chain_numbers(access: Access, organization: str) -> list[CapabilityNumbers]:
    """Return how many principals come to each capability by chains alone, in the catalog's order.

    Parameters
    ----------
    access : Access
        Where to count.
    organization : str
        ARN of the organization, ``""`` for any.
    """
    found = []
    for capability in watched(access.catalog.capabilities, "Following chains", unit=" capabilities"):
        ways = _comers(access, capability, organization)
        free = sum(any(arrival.always for arrival, _ in own) for own in ways.values())
        found.append(CapabilityNumbers(capability.name, free, len(ways) - free))
    return found


def _comers(
    access: Access, capability: Capability, organization: str
) -> dict[str, list[tuple[Arrival, int]]]:
    """Return the chains to a capability of those principals of the estate that do not have it themselves."""
    known: dict[tuple[str, str], dict[str, list[tuple[Arrival, int]]]]
    known = access.memo.setdefault("comers", {})
    key = (capability.name, organization)
    if key not in known:
        goals = Goals.of(access)
        where = goals.places.chosen(access, organization or None)
        direct = {
            members
            for members, places, _, _ in holdings(access, capability)
            if not organization or places & members.scope.chosen({organization})
        }
        ways: dict[str, list[tuple[Arrival, int]]] = {}
        for node, arrival, places in arrivals_at(goals, capability, where):
            members = access.whole.class_of.get(node)
            if members is not None and members not in direct:
                ways.setdefault(node, []).append((arrival, places))
        known[key] = ways
    return known[key]


def _coming(view: View, capability: Capability) -> dict[str, Any]:
    access = view.given
    ways = _comers(access, capability, view.filters.organization)
    shown = {principal.arn for principal in replace(view, selection=Selection()).principals}
    nearest = [
        (min(own, key=lambda way: (way[0].length, not way[0].always)), node)
        for node, own in ways.items()
        if node in shown
    ]
    nearest.sort(key=lambda item: (item[0][0].length, item[1]))
    telling = Telling(Goals.of(access), capability)
    rows = [
        _row(access, node, Path.of(telling, arrival, places), [])
        for (arrival, places), node in nearest[:_MOST]
    ]
    return {
        "about": "capability",
        "title": capability.title,
        "target": capability.name,
        "total": len(nearest),
        "rows": rows,
    }


# -- whom somebody can become ----------------------------------------------------


def _reach(access: Access, principal: str) -> Reach:
    """Return what somebody reaches; that of the last one asked for is kept."""
    kept: tuple[str, Reach] | None = access.memo.get("reach")
    if kept is None or kept[0] != principal:
        kept = access.memo["reach"] = (principal, access.reach(principal))
    return kept[1]


def _becoming(view: View) -> dict[str, Any]:
    access, principal = view.given, view.selection.principal
    titles = {capability.name: capability.title for capability in access.catalog.capabilities}
    reach = _reach(access, principal)
    others = [reached for reached in reach if reached.principal != principal]
    rows = [
        _row(
            access,
            reached.principal,
            reached.freest or reached.path,
            dict.fromkeys(titles[name] for name, _, _ in reached.capabilities),
        )
        for reached in others[:_MOST]
    ]
    name = visible(principal_name(access.find_principal(principal)))
    return {"about": "principal", "title": name, "target": "", "total": len(others), "rows": rows}


def _row(access: Access, node: str, path: Path, gains: Iterable[str]) -> dict[str, Any]:
    return {
        "node": node,
        "name": visible(path.telling.name(node)),
        "kind": kind_of(access, node),
        "way": path.way,
        "decision": path.decision,
        "when": visible(path.when),
        "steps": visible(path.text),
        "gains": list(gains),
    }


# -- of a view -------------------------------------------------------------------


def _capability(view: View) -> Capability | None:
    """Return the capability whose comers a view is about; None where it is about a principal, or nothing."""
    known = {capability.name: capability for capability in view.access.catalog.capabilities}
    chosen = known.get(view.selection.target)
    if chosen is None and not view.selection.principal:
        chosen = known.get(view.filters.capability)
    return chosen


def chain_list(view: View) -> dict[str, Any]:
    """Return the chains that a view is about as JSON values.

    Parameters
    ----------
    view : View
        What is shown.

    Returns
    -------
    dict
        ``about``: ``"principal"`` (whom the selected one can become), ``"capability"`` (who comes to the
        one that is filtered by, or that the selected chain leads to), or ``""``; then ``title``,
        ``target``, ``total`` and ``rows``.
    """
    capability = _capability(view)
    if capability is not None:
        return _coming(view, capability)
    return _becoming(view) if view.selection.principal else {"about": ""}


def chain_frame(view: View) -> pd.DataFrame:
    """Return the chains that a view is about as a frame; without any where it is about none.

    Parameters
    ----------
    view : View
        What is shown.

    Returns
    -------
    pandas.DataFrame
        What :func:`chain_code` gives: columns as :meth:`wmiam.graph.reached.Reach.frame` or
        :meth:`wmiam.Access.who_reaches`.
    """
    capability = _capability(view)
    if capability is None and view.selection.principal:
        return _reach(view.given, view.selection.principal).frame()
    some = capability or view.access.catalog.capabilities[0]
    frame = view.given.who_reaches(some.name, view.filters.organization or None)
    return frame[:0] if capability is None else frame


def chain_code(view: View) -> str:
    """Return the Python that gives :func:`chain_frame`; ``""`` where the view is about no chains.

    Parameters
    ----------
    view : View
        What is shown.
    """
    capability = _capability(view)
    if capability is not None:
        organization = f", {view.filters.organization!r}" if view.filters.organization else ""
        return f"chains = {view.called}.who_reaches({capability.name!r}{organization})"
    principal = view.selection.principal
    return f"chains = {view.called}.reach({principal!r}).frame()" if principal else ""


# -- one chain --------------------------------------------------------------------


def chain_model(view: View) -> dict[str, Any]:
    """Return the chains from the selected principal to the selected target as JSON values.

    Parameters
    ----------
    view : View
        What is shown; principal and target are selected.
    """
    chosen, access = view.selection, view.given
    ways, python = _ways(view)
    telling = Telling(Goals.of(access))
    titles = {capability.name: capability.title for capability in access.catalog.capabilities}
    return {
        "kind": "chain",
        "name": visible(telling.name(chosen.principal)),
        "arn": visible(chosen.principal),
        "target": titles.get(chosen.target) or visible(telling.name(chosen.target)),
        "paths": [path_model(path) for path in ways[:_WAYS]],
        "more": max(0, len(ways) - _WAYS),
        "python": python,
    }


def _ways(view: View) -> tuple[list[Path], str]:
    """Return the shortest chains to the selected target, and the Python that gives them."""
    chosen, access = view.selection, view.given
    names = {capability.name for capability in access.catalog.capabilities}
    if chosen.target in access.whole.class_of:
        python = f"{view.called}.paths({chosen.principal!r}, {chosen.target!r})"
        return list(access.paths(chosen.principal, chosen.target)), python
    if chosen.target in names:
        organization = view.filters.organization
        target = (chosen.target, organization) if organization else chosen.target
        python = f"{view.called}.paths({chosen.principal!r}, {target!r})"
        return list(access.paths(chosen.principal, target)), python
    # An account that somebody administers is no principal, but one of those whom it reaches.
    python = f"[r for r in {view.called}.reach({chosen.principal!r}) if r.principal == {chosen.target!r}]"
    reached = [r for r in _reach(access, chosen.principal) if r.principal == chosen.target]
    return [way for r in reached for way in (r.path, r.freest) if way is not None], python


def paths_model(paths: Iterable[Path], question: str) -> dict[str, Any]:
    """Return paths as JSON values, for a page that asks no kernel.

    Parameters
    ----------
    paths : iterable of Path
        What :meth:`wmiam.Access.paths` returned.
    question : str
        What was asked.
    """
    found = list(paths)
    return {
        "kind": "chain",
        "question": visible(question),
        "paths": [path_model(path) for path in found[:_MOST]],
        "more": max(0, len(found) - _MOST),
        "python": "",
    }


def path_model(path: Path) -> dict[str, Any]:
    """Return a chain with its steps, conditions and statements as JSON values.

    Parameters
    ----------
    path : Path
        The chain.
    """
    labels = {o.arn: o.label for o in path.telling.goals.access.organizations}
    return {
        "from": visible(path.telling.name(path.source)),
        "decision": path.decision,
        "way": path.way,
        "throughout": [visible(text) for text in path.throughout],
        "steps": [_step(step) for step in path.steps],
        "organizations": [visible(labels.get(arn, arn)) for arn in path.organizations],
        "notes": [visible(text) for text in path.notes],
    }


def _step(step: PathStep) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "title": visible(step.title),
        "reason": visible(step.reason),
        "conditions": [visible(text) for text in step.conditions],
        "statements": [
            {
                "name": visible(cause.label),
                "place": visible(place_of(cause.policy, cause.statement.pointer)),
                "pointer": visible(cause.origin.pointer) if cause.origin is not None else "",
                "label": visible(cause.statement.label),
                "lines": [
                    [visible(line.text), False]
                    for line in statement_lines(cause.policy, cause.statement.pointer, cause.statement)
                ],
            }
            for cause in step.statements
        ],
    }
