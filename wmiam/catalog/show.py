"""The catalog as rows for a table: what each action is, and what it is worth."""

from __future__ import annotations

from wmiam.catalog.catalog import Catalog
from wmiam.catalog.model import Action

__all__ = ["rows"]


def rows(
    catalog: Catalog,
    *,
    service: str | None = None,
    capability: str | None = None,
    access_level: str | None = None,
    action: str | None = None,
) -> list[dict[str, object]]:
    """Return one row for each action that every given filter keeps.

    Parameters
    ----------
    catalog : Catalog
        The actions.
    service : str, optional
        Service prefix, in any case.
    capability : str, optional
        Name of a capability that the action is part of.
    access_level : str, optional
        Access level, in any case; for an action with several, one of them.
    action : str, optional
        Action name or pattern with ``*`` and ``?``, in any case; without a service
        prefix it means that of any service.

    Returns
    -------
    list of dict
        With ``action``, ``access_level``, ``resource`` (types, or ``*`` alone),
        ``condition_keys``, ``api_operation`` and ``capabilities``, in the order of the
        catalog; empty where nothing matches, unknown names included.

    Notes
    -----
    Source: Service Authorization Reference, Amazon WorkMail and WorkMail Message Flow.
    """
    chosen = catalog.actions
    if action is not None:
        chosen = catalog.expand(action if ":" in action else f"*:{action}")
    return [
        _row(entry)
        for entry in chosen
        if (service is None or entry.service == service.lower())
        and (capability is None or capability in entry.capabilities)
        and (access_level is None or access_level.lower() in entry.access_level.lower().split(", "))
    ]


def _row(action: Action) -> dict[str, object]:
    return {
        "action": action.full_name,
        "access_level": action.access_level,
        "resource": list(action.resource_types) or ["*"],
        "condition_keys": list(dict.fromkeys((*action.condition_keys, *action.resource_condition_keys))),
        "api_operation": action.api_operation,
        "capabilities": list(action.capabilities),
    }
