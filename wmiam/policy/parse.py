"""From parsed JSON to a :class:`PolicyDocument`, with everything that is wrong in it.

Nothing here raises for bad input.  A statement that does not follow the grammar
is kept as *unread*: what it allows or denies is then unknown, and answers that
may depend on it say so.

Source: IAM User Guide, "Grammar of the IAM JSON policy language" and the pages
on each element.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wmiam.jsontext import escape
from wmiam.policy.checks import check_condition, check_patterns
from wmiam.policy.model import (
    CURRENT_VERSION,
    DEFAULT_VERSION,
    Condition,
    Effect,
    PolicyDocument,
    PolicyType,
    PrincipalElement,
    Problem,
    Statement,
    UnreadStatement,
)
from wmiam.policy.operators import COMPARISONS, NULL, parse_operator

__all__ = ["parse_document"]

_DOCUMENT_ELEMENTS: Final = ("Version", "Id", "Statement")
_STATEMENT_ELEMENTS: Final = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_PRINCIPAL_KINDS: Final = {
    "AWS": "aws",
    "Service": "service",
    "Federated": "federated",
    "CanonicalUser": "canonical",
}


class _UnreadableError(Exception):
    """A part of a statement that cannot be read; carries the problem."""

    def __init__(self, code: str, message: str, pointer: str, mend: str) -> None:
        self.problem = Problem("error", code, message, pointer, mend)
        super().__init__(message)


def parse_document(value: object, policy_type: PolicyType) -> PolicyDocument:
    """Return a policy document from parsed JSON; never raises.

    Parameters
    ----------
    value : object
        What a JSON parser gave: normally a dict.
    policy_type : PolicyType
        What the document is used as; decides whether Principal and Resource belong.

    Returns
    -------
    PolicyDocument
        Its ``problems`` say what is wrong; statements that cannot be read are in ``unread``.
    """
    if not isinstance(value, Mapping):
        kind = _kind(value)
        return _unreadable(
            "policy-not-object",
            f"a policy document is a JSON object, and this is {kind}",
            "",
            'write {"Version": "2012-10-17", "Statement": […]}',
        )
    problems: list[Problem] = []
    version = value.get("Version", DEFAULT_VERSION)
    if version not in (CURRENT_VERSION, DEFAULT_VERSION):
        return _unreadable(
            "policy-version",
            f"there is no policy language version {version!r}",
            "/Version",
            f'write "{CURRENT_VERSION}"',
        )
    for key in value:
        if key not in _DOCUMENT_ELEMENTS:
            message = f"a policy document has no element {key!r}"
            problems.append(
                Problem(
                    "warning", "unknown-element", message, f"/{escape(key)}", _near(key, _DOCUMENT_ELEMENTS)
                )
            )
    if "Statement" not in value:
        return _unreadable(
            "statement-missing", "the document has no Statement", "", "add a Statement list", problems
        )
    raw = value["Statement"]
    single = isinstance(raw, Mapping)
    if not single and not isinstance(raw, list):
        return _unreadable(
            "statement-not-list",
            f"Statement is a list of objects, and this is {_kind(raw)}",
            "/Statement",
            "write a list of statement objects",
            problems,
        )
    statements: list[Statement] = []
    unread: list[UnreadStatement] = []
    for index, item in enumerate([raw] if single else raw):
        pointer = "/Statement" if single else f"/Statement/{index}"
        try:
            statement = _statement(item, index, pointer, policy_type, problems)
        except _UnreadableError as error:
            problems.append(error.problem)
            unread.append(UnreadStatement(index, _effect_or_none(item), pointer, error.problem.message))
        else:
            statements.append(statement)
    _check_sids(statements, problems)
    identity = value.get("Id")
    for statement in statements:
        check_patterns(statement, version == CURRENT_VERSION, problems)
    return PolicyDocument(
        version,
        tuple(statements),
        identity if isinstance(identity, str) else None,
        tuple(unread),
        tuple(problems),
    )


def _unreadable(
    code: str, message: str, pointer: str, mend: str, problems: list[Problem] | None = None
) -> PolicyDocument:
    """Return a document of which nothing can be said."""
    all_problems = (*(problems or ()), Problem("error", code, message, pointer, mend))
    return PolicyDocument(
        DEFAULT_VERSION, unread=(UnreadStatement(-1, None, pointer, message),), problems=all_problems
    )


def _statement(
    item: object, index: int, pointer: str, policy_type: PolicyType, problems: list[Problem]
) -> Statement:
    if not isinstance(item, Mapping):
        raise _UnreadableError(
            "statement-not-object",
            f"a statement is a JSON object, and this is {_kind(item)}",
            pointer,
            "write an object with Effect, Action and Resource",
        )
    for key in item:
        if key not in _STATEMENT_ELEMENTS:
            # A misspelt Condition or Resource changes what the statement means,
            # so the statement must not be read as if the element were not there.
            raise _UnreadableError(
                "unknown-element",
                f"a statement has no element {key!r}",
                f"{pointer}/{escape(key)}",
                _near(key, _STATEMENT_ELEMENTS),
            )
    sid = item.get("Sid")
    if sid is not None and not isinstance(sid, str):
        raise _UnreadableError("sid-not-text", f"Sid is text, and this is {_kind(sid)}", f"{pointer}/Sid", "")
    effect = _effect_or_none(item)
    if effect is None:
        written = f"{item['Effect']!r}" if "Effect" in item else "missing"
        raise _UnreadableError(
            "effect",
            f"Effect is {written}",
            f"{pointer}/Effect" if "Effect" in item else pointer,
            'write "Effect": "Allow" or "Effect": "Deny"',
        )
    actions, not_actions = _either(item, "Action", "NotAction", pointer, required=True)
    resources, not_resources = _resource_elements(item, pointer, policy_type, problems)
    principal, not_principal = _principal_elements(item, pointer, policy_type, problems)
    conditions = _conditions(item.get("Condition"), f"{pointer}/Condition", problems)
    return Statement(
        index,
        effect,
        sid or None,
        actions,
        not_actions,
        resources,
        not_resources,
        conditions,
        principal,
        not_principal,
        pointer,
    )


def _either(
    item: Mapping[str, Any], name: str, negated: str, pointer: str, *, required: bool
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the values of an element or of its negation: exactly one may stand."""
    if name in item and negated in item:
        raise _UnreadableError(
            "both-elements",
            f"a statement has {name} or {negated}, not both",
            f"{pointer}/{negated}",
            f"split it in two statements, or remove {negated}",
        )
    if name in item:
        return _texts(item[name], f"{pointer}/{name}", name), None
    if negated in item:
        return None, _texts(item[negated], f"{pointer}/{negated}", negated)
    if required:
        raise _UnreadableError(
            f"{name.lower()}-missing",
            f"the statement has neither {name} nor {negated}",
            pointer,
            f"add {name}",
        )
    return None, None


def _texts(value: object, pointer: str, name: str) -> tuple[str, ...]:
    """Return one value or a list of values as a tuple of text (M5)."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        for index, element in enumerate(value):
            if not isinstance(element, str):
                raise _UnreadableError(
                    "value-not-text",
                    f"{name} holds text, and this is {_kind(element)}",
                    f"{pointer}/{index}",
                    "write text in quotes",
                )
        if value:
            return tuple(value)
        raise _UnreadableError("empty-list", f"{name} is an empty list", pointer, f"name at least one {name}")
    raise _UnreadableError(
        "value-not-text",
        f"{name} is text or a list of text, and this is {_kind(value)}",
        pointer,
        "write text in quotes, or a list of it",
    )


def _resource_elements(
    item: Mapping[str, Any], pointer: str, policy_type: PolicyType, problems: list[Problem]
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    if policy_type is PolicyType.TRUST:
        for name in ("Resource", "NotResource"):
            if name in item:
                problems.append(
                    Problem(
                        "warning",
                        "resource-in-trust-policy",
                        f"a trust policy has no {name}: its resource is the role itself",
                        f"{pointer}/{name}",
                        f"remove {name}",
                    )
                )
        return None, None
    required = policy_type is not PolicyType.RESOURCE
    return _either(item, "Resource", "NotResource", pointer, required=required)


def _principal_elements(
    item: Mapping[str, Any], pointer: str, policy_type: PolicyType, problems: list[Problem]
) -> tuple[PrincipalElement | None, PrincipalElement | None]:
    names = [name for name in ("Principal", "NotPrincipal") if name in item]
    if not policy_type.names_principals:
        if names:
            raise _UnreadableError(
                "principal-not-allowed",
                f"{names[0]} belongs to resource-based policies, not to an {policy_type.value} policy",
                f"{pointer}/{names[0]}",
                f"remove {names[0]}: the principal is whoever the policy is attached to",
            )
        return None, None
    if len(names) == 2:
        raise _UnreadableError(
            "both-elements",
            "a statement has Principal or NotPrincipal, not both",
            f"{pointer}/NotPrincipal",
            "remove one of them",
        )
    if not names:
        raise _UnreadableError(
            "principal-missing",
            "the statement has neither Principal nor NotPrincipal",
            pointer,
            "add a Principal",
        )
    element = _principal(item[names[0]], f"{pointer}/{names[0]}")
    if names[0] == "Principal":
        return element, None
    problems.append(
        Problem(
            "warning",
            "not-principal",
            "NotPrincipal covers everybody who is not named, other accounts included",
            f"{pointer}/NotPrincipal",
            "name a Principal, and use a condition on aws:PrincipalArn for exceptions",
        )
    )
    return None, element


def _principal(value: object, pointer: str) -> PrincipalElement:
    if value == "*":
        return PrincipalElement(aws=("*",))
    if not isinstance(value, Mapping):
        raise _UnreadableError(
            "principal-form",
            f'a Principal is "*" or an object, and this is {_kind(value)}',
            pointer,
            'write {"AWS": "…"}, {"Service": "…"} or {"Federated": "…"}',
        )
    parts: dict[str, tuple[str, ...]] = {}
    for kind, names in value.items():
        if kind not in _PRINCIPAL_KINDS:
            raise _UnreadableError(
                "principal-kind",
                f"there is no kind of principal called {kind!r}",
                f"{pointer}/{escape(kind)}",
                _near(kind, tuple(_PRINCIPAL_KINDS)),
            )
        parts[_PRINCIPAL_KINDS[kind]] = _texts(names, f"{pointer}/{kind}", kind)
    return PrincipalElement(**parts)


def _conditions(value: object, pointer: str, problems: list[Problem]) -> tuple[Condition, ...]:
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise _UnreadableError(
            "condition-form",
            f"Condition is an object of operators, and this is {_kind(value)}",
            pointer,
            'write {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}',
        )
    rows: list[Condition] = []
    for written, block in value.items():
        place = f"{pointer}/{escape(written)}"
        operator = parse_operator(written)
        if operator is None:
            raise _UnreadableError(
                "unknown-operator",
                f"there is no condition operator {written!r}",
                place,
                _near(written, (*COMPARISONS, NULL)),
            )
        if not isinstance(block, Mapping):
            raise _UnreadableError(
                "condition-form",
                f"{written} holds an object of context keys, and this is {_kind(block)}",
                place,
                'write {"key": "value"}',
            )
        for key, raw in block.items():
            row = Condition(operator, key, _condition_values(raw, f"{place}/{escape(key)}"), written)
            check_condition(row, f"{place}/{escape(key)}", problems)
            rows.append(row)
    return tuple(rows)


def _condition_values(raw: object, pointer: str) -> tuple[str, ...]:
    values = raw if isinstance(raw, list) else [raw]
    texts: list[str] = []
    for index, value in enumerate(values):
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, bool):
            texts.append("true" if value else "false")
        elif isinstance(value, (int, float)):
            texts.append(str(value))
        else:
            raise _UnreadableError(
                "condition-value",
                f"a condition value is text, a number, true or false, and this is {_kind(value)}",
                f"{pointer}/{index}" if isinstance(raw, list) else pointer,
                "write the value in quotes",
            )
    return tuple(texts)


def _check_sids(statements: list[Statement], problems: list[Problem]) -> None:
    seen: set[str] = set()
    for statement in statements:
        if statement.sid is None:
            continue
        if statement.sid in seen:
            problems.append(
                Problem(
                    "warning",
                    "duplicate-sid",
                    f"two statements of this document have the Sid {statement.sid!r}",
                    f"{statement.pointer}/Sid",
                    "give each statement its own Sid",
                )
            )
        seen.add(statement.sid)


def _effect_or_none(item: object) -> Effect | None:
    if isinstance(item, Mapping) and item.get("Effect") in ("Allow", "Deny"):
        return Effect(item["Effect"])
    return None


def _kind(value: object) -> str:
    """Return what sort of JSON value this is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names: dict[type, str] = {
        dict: "an object",
        list: "a list",
        str: "text",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), type(value).__name__)


def _near(name: str, known: tuple[str, ...]) -> str:
    """Return a mend that names the most similar known name, or all of a few."""
    from difflib import get_close_matches

    matches = get_close_matches(name.lower(), [k.lower() for k in known], 1, 0.6)
    for candidate in known:
        if matches and candidate.lower() == matches[0]:
            return f"did you mean {candidate}?"
    return "known are " + ", ".join(known) if len(known) < 12 else "see the IAM User Guide's list"
