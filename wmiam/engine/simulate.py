"""One request with its policies as JSON: the interface of ``wmiam simulate``.

One line in, one line out, in order, so that any other evaluator can be held
against this one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from wmiam.engine.decide import Decision, PolicySet, decide
from wmiam.engine.request import Request
from wmiam.errors import PolicyError, RequestError, WmiamError
from wmiam.policy.model import PolicyDocument, PolicyType
from wmiam.policy.parse import parse_document

__all__ = ["decide_line", "simulate_line", "simulate_lines"]

_FIELDS: Final = (
    "id",
    "request",
    "identity_policies",
    "permissions_boundary",
    "session_policies",
    "service_control_policies",
    "resource_control_policies",
    "resource_policy",
)
_REQUEST_FIELDS: Final = ("principal", "action", "resource", "context", "resource_account")


def simulate_lines(lines: Iterable[str | bytes]) -> Iterator[dict[str, Any]]:
    """Decide each line of a JSON Lines text; blank lines are passed over.

    Parameters
    ----------
    lines : iterable of str or bytes
        One JSON object each; bytes are UTF-8.

    Yields
    ------
    dict
        As :func:`simulate_line` gives it; for a line that is no JSON an ``error``.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            yield {"id": None, "error": {"message": f"line {number} is not JSON: {reason}", "pointer": ""}}
        else:
            yield simulate_line(value)


def simulate_line(value: object) -> dict[str, Any]:
    """Decide one request given with its policies; never raises for bad input.

    Parameters
    ----------
    value : object
        A dict with ``id``, ``request`` (``principal``, ``action``, ``resource``,
        ``context``, ``resource_account``) and the policies: ``identity_policies``,
        ``permissions_boundary``, ``session_policies``, ``service_control_policies`` and
        ``resource_control_policies`` (levels from the root down), ``resource_policy``.

    Returns
    -------
    dict
        ``id``, ``decision``, ``decided_by``, ``blocked_by`` and, where there are any,
        ``notes``; or ``id`` and ``error`` with ``message`` and ``pointer``.
    """
    identity = value.get("id") if isinstance(value, Mapping) else None
    try:
        decision = decide_line(value)
    except (RequestError, PolicyError) as error:
        return {"id": identity, "error": {"message": error.message, "pointer": error.pointer}}
    except WmiamError as error:
        return {"id": identity, "error": {"message": str(error), "pointer": ""}}
    result: dict[str, Any] = {
        "id": identity,
        "decision": str(decision.outcome),
        "decided_by": [
            {"policy": ref.policy, "statement": ref.statement, "effect": str(ref.effect)}
            for ref in decision.decided_by
        ],
        "blocked_by": list(decision.blocked_by),
    }
    if decision.notes:
        result["notes"] = list(decision.notes)
    return result


def decide_line(value: object) -> Decision:
    """Decide one request given with its policies.

    Parameters
    ----------
    value : object
        As :func:`simulate_line` takes it.

    Returns
    -------
    Decision
        With its trace.

    Raises
    ------
    PolicyError, RequestError
        If the request or a policy cannot be read; pointers are relative to ``value``.
    """
    line = _object(value, "")
    _check_fields(line, _FIELDS, "")
    if "request" not in line:
        raise RequestError("the line has no request", pointer="")
    raw = _object(line["request"], "/request")
    _check_fields(raw, _REQUEST_FIELDS, "/request")
    context = raw.get("context")
    account = raw.get("resource_account")
    resource = raw.get("resource")
    request = Request(
        _required_text(raw, "principal"),
        _required_text(raw, "action"),
        "*" if resource is None else _text(resource, "/request/resource"),
        {} if context is None else _object(context, "/request/context"),
        None if account is None else _text(account, "/request/resource_account"),
    )
    return decide(request, _policies(line))


def _check_fields(line: Mapping[str, Any], known: tuple[str, ...], pointer: str) -> None:
    """Refuse a field that looks like a misspelt one; others are the caller's own remarks.

    A misspelt ``permissions_boundary`` that was passed over would turn a denial into an
    allowance, and nobody would see it.
    """
    for key in line:
        if key in known:
            continue
        squeezed = key.lower().replace("-", "_")
        near = get_close_matches(squeezed, known, 1, 0.7)
        near = near or [name for name in known if squeezed in name.split("_") or name in squeezed]
        if near or "polic" in squeezed or "boundar" in squeezed:
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise RequestError(f"there is no field {key!r}; {hint}", pointer=f"{pointer}/{key}")


def _policies(line: Mapping[str, Any]) -> PolicySet:
    session = line.get("session_policies")
    boundary = line.get("permissions_boundary")
    resource = line.get("resource_policy")
    return PolicySet(
        identity=_documents(line.get("identity_policies"), "/identity_policies", PolicyType.IDENTITY),
        boundary=None
        if boundary is None
        else _document(boundary, "/permissions_boundary", PolicyType.BOUNDARY),
        session=_documents(session, "/session_policies", PolicyType.SESSION) if session else None,
        scps=_levels(line.get("service_control_policies"), "/service_control_policies", PolicyType.SCP),
        rcps=_levels(line.get("resource_control_policies"), "/resource_control_policies", PolicyType.RCP),
        resource=None if resource is None else _document(resource, "/resource_policy", PolicyType.RESOURCE),
    )


def _levels(value: object, pointer: str, policy_type: PolicyType) -> list[list[PolicyDocument]]:
    if value is None:
        return []
    return [
        _documents(level, f"{pointer}/{index}", policy_type)
        for index, level in enumerate(_list(value, pointer, "levels, each a list of policies"))
    ]


def _documents(value: object, pointer: str, policy_type: PolicyType) -> list[PolicyDocument]:
    if value is None:
        return []
    return [
        _document(item, f"{pointer}/{index}", policy_type)
        for index, item in enumerate(_list(value, pointer, "policies"))
    ]


def _document(value: object, pointer: str, policy_type: PolicyType) -> PolicyDocument:
    document = parse_document(value, policy_type)
    for problem in document.problems:
        if problem.severity == "error":
            message = f"{problem.message} ({problem.mend})" if problem.mend else problem.message
            raise RequestError(message, pointer=f"{pointer}{problem.pointer}")
    return document


def _object(value: object, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RequestError("this must be a JSON object", pointer=pointer)
    return value


def _list(value: object, pointer: str, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise RequestError(f"this must be a list of {what}", pointer=pointer)
    return value


def _text(value: object, pointer: str) -> str:
    if not isinstance(value, str):
        raise RequestError("this must be text", pointer=pointer)
    return value


def _required_text(raw: Mapping[str, Any], key: str) -> str:
    if key not in raw:
        raise RequestError(f"the request has no {key}", pointer="/request")
    return _text(raw[key], f"/request/{key}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; a key that stands twice makes the line unreadable."""
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return members
