"""How permissions turn into more: the publicly known methods, as data, and the actions that they take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from wmiam.catalog.catalog import load
from wmiam.catalog.model import Action

__all__ = [
    "Effect",
    "Method",
    "Permission",
    "escalation_action",
    "escalation_methods",
    "removal_permissions",
    "resource_template",
]


class Effect(StrEnum):
    """What a method does to its target."""

    #: The caller acts as the target: a user or role.
    BECOME = "become"
    #: The target (user, role, group, managed policy) allows everything from then on.
    EDIT = "edit"
    #: The caller becomes a member of the target, a group.
    JOIN = "join"
    #: The permissions boundary of the target, a user or role, limits nothing any more.
    UNBOUND = "unbound"
    #: Sign-in as the target, a user, is less well protected.
    WEAKEN = "weaken"
    #: A capability on a WorkMail organization.
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that a method takes.

    Parameters
    ----------
    action : str
        Full action name.
    on : tuple of str
        What it must be allowed on, all of it: ``user``, ``role``, ``group``, ``policy``,
        ``organization``, ``message``, a type of another service such as ``lambda:function``, or
        ``*`` for an action without resource.  Permissions of a method that name the same type are
        about the same resource.
    fixed : tuple of (str, str)
        Context keys that the request has, with the value that the method needs.
    limits_only : bool
        Whether it is enough that nothing denies it and that every SCP (and RCP) allows it: a
        resource-based policy that names the caller grants it.
    """

    action: str
    on: tuple[str, ...]
    fixed: tuple[tuple[str, str], ...] = ()
    limits_only: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """A way to turn permissions into more.

    Parameters
    ----------
    id, title : str
        Stable id, and a heading.
    effect : Effect
        What it does.
    target : str
        What it is done to: the ``on`` of some permission.
    permissions : tuple of Permission
        What it takes, all under one request context.
    why : str
        What is gained, in a clause.
    source : str
        Title of the public page that describes it.
    service : str
        Service principal that a passed role must trust; ``""`` where none is passed.
    instance_profile : bool
        Whether the role must be in an instance profile already.
    unknown : str
        What must be the case besides, and no policy tells; ``""`` for nothing.
    capabilities : tuple of str
        Names of the capabilities that are gained.
    role_permissions : tuple of Permission
        What the passed role must be allowed.
    """

    id: str
    title: str
    effect: Effect
    target: str
    permissions: tuple[Permission, ...]
    why: str
    source: str
    service: str = ""
    instance_profile: bool = False
    unknown: str = ""
    capabilities: tuple[str, ...] = ()
    role_permissions: tuple[Permission, ...] = ()

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that the caller needs, each once."""
        return tuple(dict.fromkeys(permission.action for permission in self.permissions))


def _read(name: str) -> Any:
    return json.loads((resources.files("wmiam.catalog") / "data" / name).read_text("utf-8"))


def _permissions(rows: list[dict[str, Any]]) -> Iterator[Permission]:
    for row in rows:
        on = row["on"]
        yield Permission(
            row["action"],
            (on,) if isinstance(on, str) else tuple(on),
            tuple(row.get("with", {}).items()),
            row.get("limits_only", False),
        )


@cache
def escalation_methods() -> tuple[Method, ...]:
    """Return every method, in the order of the data file.

    Notes
    -----
    Source: Rhino Security Labs, "AWS IAM Privilege Escalation: Methods and Mitigation"; BishopFox,
    iam-vulnerable; NCC Group, Principal Mapper; Amazon WorkMail Administrator Guide.  Each method
    names its own.  AWS CodeStar ended on 31 July 2024: its methods depend on whether it still takes
    calls, and ``codestar:AssociateTeamMember``, which takes a project, is left out.
    """
    return tuple(
        Method(
            row["id"],
            row["title"],
            Effect(row["effect"]),
            row["target"],
            tuple(_permissions(row["permissions"])),
            row["why"],
            row["source"],
            row.get("service", ""),
            row.get("instance_profile", False),
            row.get("unknown", ""),
            tuple(row.get("capabilities", ())),
            tuple(_permissions(row.get("role_permissions", []))),
        )
        for row in _read("escalations.json")["methods"]
    )


@cache
def removal_permissions() -> dict[str, Permission]:
    """Return what takes a policy off a principal, by action: an inline or attached one, or a group's.

    Notes
    -----
    Source: Service Authorization Reference, AWS Identity and Access Management.
    """
    found = _permissions(_read("escalations.json")["removals"])
    return {permission.action: permission for permission in found}


@cache
def _neighbours() -> dict[str, Any]:
    found: dict[str, Any] = _read("neighbours.json")
    return found


@cache
def escalation_action(name: str) -> Action:
    """Return an action that some method takes, of WorkMail or of another service.

    Parameters
    ----------
    name : str
        Full action name.

    Notes
    -----
    Source: Service Authorization Reference.
    """
    known = load().get(name)
    if known is not None:
        return known
    row = _neighbours()["actions"][name]
    service, _, operation = name.partition(":")
    types = _neighbours()["resource_types"]
    return Action(
        service,
        operation,
        row["access_level"],
        tuple(row["resource_types"]),
        tuple(row["condition_keys"]),
        tuple(key for kind in row["resource_types"] for key in types[f"{service}:{kind}"]["condition_keys"]),
        api_operation=None,
        permission_only=None,
    )


def resource_template(kind: str) -> str:
    """Return the ARN of a type of resource, as ``arn:${Partition}:lambda:${Region}:…``.

    Parameters
    ----------
    kind : str
        Service and type, e.g. ``"lambda:function"``.
    """
    template: str = _neighbours()["resource_types"][kind]["arn"]
    return template
