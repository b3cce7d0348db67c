"""A policy statement as lines of JSON, with those marked that decide.

The lines are those of the file, laid out anew.  Where the file is gone or has
changed since it was read, they are made from the statement as it was understood.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from wmiam import jsontext
from wmiam.estate.model import Policy
from wmiam.policy.model import PrincipalElement, Statement

__all__ = ["PolicyLine", "lay_out", "statement_lines", "statement_value", "understood"]

#: Lists up to this length are shown whole.
_WHOLE: Final = 12
_INDENT: Final = "  "


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One line of a statement's JSON.

    Parameters
    ----------
    text : str
        The line, with its indentation.
    pointer : str
        JSON pointer, relative to the statement, of the value that the line shows or begins;
        ``""`` for the statement's own brackets and for lines that stand for left-out elements.
    single : bool
        Whether the line holds a whole value that is no list.
    """

    text: str
    pointer: str = ""
    single: bool = False

    def decides(self, parts: Collection[str]) -> bool:
        """Return whether the line belongs to an element that decides.

        Parameters
        ----------
        parts : collection of str
            JSON pointers of the deciding elements, relative to the statement.
        """
        # A policy may write a list of one as the value alone: "/Action/0" then means "/Action".
        return any(
            self.pointer == part
            or self.pointer.startswith(f"{part}/")
            or (self.single and f"{self.pointer}/0" == part)
            for part in parts
        )


def statement_lines(
    policy: Policy, pointer: str, statement: Statement | None = None, *, keep: Collection[str] = ()
) -> tuple[PolicyLine, ...]:
    """Return a statement as lines of JSON.

    Parameters
    ----------
    policy : Policy
        The policy.
    pointer : str
        JSON pointer of the statement, relative to the document.
    statement : Statement, optional
        The statement as it was understood, for where the file is gone.
    keep : collection of str
        JSON pointers, relative to the statement, of elements to show also in a long list;
        of a list of more than twelve elements all others are left out, with their number.

    Returns
    -------
    tuple of PolicyLine
        Empty where neither file nor statement is at hand.
    """
    value = statement_value(policy, pointer)
    if value is None:
        if statement is None:
            return ()
        value = understood(statement)
    return lay_out(value, keep=keep)


def statement_value(policy: Policy, pointer: str) -> Any | None:
    """Return a statement's JSON value as its file has it, or None where the file is gone or broken.

    Parameters
    ----------
    policy : Policy
        The policy; its document may stand in the file as an object or as URL-encoded text.
    pointer : str
        JSON pointer of the statement, relative to the document; ``""`` for the whole document.
    """
    origin = policy.origin
    text = origin.source.text() if origin is not None else None
    at = origin.offset(text) if origin is not None and text is not None else None
    if text is None or at is None:
        return None
    end = jsontext.skip(text, at)
    try:
        value = json.loads(text[at:end])
        if isinstance(value, str):
            value = json.loads(unquote(value) if value.lstrip()[:1] == "%" else value)
    except (ValueError, RecursionError):
        return None
    for token in pointer.split("/")[1:]:
        key = jsontext.unescape(token)
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def lay_out(value: Any, *, keep: Collection[str] = ()) -> tuple[PolicyLine, ...]:
    """Return a JSON value as indented lines, each with its JSON pointer.

    Parameters
    ----------
    value : object
        What a JSON parser gave.
    keep : collection of str
        JSON pointers of elements to show also in a long list.
    """
    return tuple(_lines(value, "", "", "", "", keep))


def _lines(
    value: Any, pointer: str, indent: str, before: str, after: str, keep: Collection[str]
) -> Iterator[PolicyLine]:
    """Yield the lines of a value between what stands before and after it."""
    if not isinstance(value, (dict, list)) or not value:
        yield PolicyLine(f"{indent}{before}{_scalar(value)}{after}", pointer, single=True)
        return
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], (dict, list)):
        yield PolicyLine(f"{indent}{before}[{_scalar(value[0])}]{after}", f"{pointer}/0")
        return
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    yield PolicyLine(f"{indent}{before}{opening}", pointer)
    inner = indent + _INDENT
    if isinstance(value, dict):
        members = [(f"{pointer}/{jsontext.escape(key)}", f"{_scalar(key)}: ", v) for key, v in value.items()]
    else:
        members = [(f"{pointer}/{index}", "", v) for index, v in enumerate(value)]
    long = isinstance(value, list) and len(members) > _WHOLE
    left_out = 0
    for index, (place, key, member) in enumerate(members):
        if long and not any(part == place or part.startswith(f"{place}/") for part in keep):
            left_out += 1
            continue
        if left_out:
            yield _gap(left_out, inner)
            left_out = 0
        comma = "," if index < len(members) - 1 else ""
        yield from _lines(member, place, inner, key, comma, keep)
    if left_out:
        yield _gap(left_out, inner)
    yield PolicyLine(f"{indent}{closing}{after}", pointer)


def _gap(number: int, indent: str) -> PolicyLine:
    return PolicyLine(f"{indent}… {number:,} more, left out here")


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def understood(statement: Statement) -> dict[str, Any]:
    """Return a statement as JSON again, from its parts.

    Parameters
    ----------
    statement : Statement
        The statement; lists stand for single values, and rows keep their order.
    """
    value: dict[str, Any] = {"Sid": statement.sid} if statement.sid is not None else {}
    value["Effect"] = str(statement.effect)
    for name, principal in (("Principal", statement.principal), ("NotPrincipal", statement.not_principal)):
        if principal is not None:
            value[name] = _principal(principal)
    for name, patterns in (
        ("Action", statement.actions),
        ("NotAction", statement.not_actions),
        ("Resource", statement.resources),
        ("NotResource", statement.not_resources),
    ):
        if patterns is not None:
            value[name] = list(patterns)
    if statement.conditions:
        block: dict[str, dict[str, list[str]]] = {}
        for row in statement.conditions:
            block.setdefault(row.written or str(row.operator), {})[row.key] = list(row.values)
        value["Condition"] = block
    return value


def _principal(element: PrincipalElement) -> dict[str, list[str]]:
    kinds = {
        "AWS": element.aws,
        "Service": element.service,
        "Federated": element.federated,
        "CanonicalUser": element.canonical,
    }
    return {kind: list(names) for kind, names in kinds.items() if names}
