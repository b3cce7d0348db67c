"""Policy documents as JSON that can be changed: JSON Patch, and what identifies a statement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from wmiam.estate.model import Policy
from wmiam.jsontext import unescape
from wmiam.policy.model import PolicyDocument, Statement
from wmiam.views.statements import statement_value, understood

__all__ = [
    "WHOLE",
    "Operation",
    "document_json",
    "patched",
    "statement_identity",
    "statement_key",
    "with_statement",
    "without_statement",
]

#: One operation of a JSON Patch.
Operation = dict[str, Any]
#: The patch that leaves nothing of a document: the policy is to be deleted, or detached.
WHOLE: tuple[Operation, ...] = ({"op": "remove", "path": ""},)


def document_json(policy: Policy) -> dict[str, Any] | None:
    """Return a policy's document as JSON, as its file has it, or else as it was understood.

    Parameters
    ----------
    policy : Policy
        The policy.

    Returns
    -------
    dict or None
        None where it, or a statement of it, could not be read: what is not understood must not
        be written anew.
    """
    document = policy.document
    if document is None or document.unread:
        return None
    value = statement_value(policy, "")
    if isinstance(value, dict) and "Statement" in value:
        return value
    return _understood(document)


def _understood(document: PolicyDocument) -> dict[str, Any]:
    value: dict[str, Any] = {"Version": document.version}
    if document.id is not None:
        value["Id"] = document.id
    statements = [understood(statement) for statement in document.statements]
    alone = len(statements) == 1 and document.statements[0].pointer == "/Statement"
    value["Statement"] = statements[0] if alone else statements
    return value


def patched(document: dict[str, Any], patch: Sequence[Operation]) -> dict[str, Any]:
    """Return a copy of a document with a JSON Patch applied.

    Parameters
    ----------
    document : dict
        The document; stays as it is.
    patch : sequence of dict
        Operations ``add``, ``replace`` and ``remove``.

    Raises
    ------
    LookupError
        If an operation names a place that is not there.

    Notes
    -----
    Source: RFC 6902.
    """
    result = deepcopy(document)
    for operation in patch:
        *above, last = [unescape(token) for token in operation["path"].split("/")[1:]]
        parent: Any = result
        for token in above:
            parent = parent[int(token)] if isinstance(parent, list) else parent[token]
        _apply(parent, last, operation)
    return result


def _apply(parent: Any, last: str, operation: Operation) -> None:
    kind = operation["op"]
    if isinstance(parent, list):
        if kind == "add":
            parent.insert(len(parent) if last == "-" else int(last), deepcopy(operation["value"]))
        elif kind == "remove":
            del parent[int(last)]
        else:
            parent[int(last)] = deepcopy(operation["value"])
    elif kind == "remove":
        del parent[last]
    else:
        parent[last] = deepcopy(operation["value"])


def statement_key(statement: Statement) -> str:
    """Return a hash of what a statement says: the same wherever it stands.

    Parameters
    ----------
    statement : Statement
        The statement.
    """
    text = json.dumps(understood(statement), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def statement_identity(policies: Sequence[Policy], statement: Statement) -> tuple[str, ...]:
    """Return what identifies a statement: its policy, and its Sid or else what it says.

    Parameters
    ----------
    policies : sequence of Policy
        The policy; several where inline policies are copies of one another.
    statement : Statement
        The statement.
    """
    label = statement.sid or statement_key(statement)
    if len(policies) == 1:
        return (policies[0].key, label)
    return (*sorted({policy.name for policy in policies}), statement_key(statement))


def with_statement(policy: Policy, statement: dict[str, Any]) -> tuple[Operation, ...]:
    """Return the patch that adds a statement to a policy's document.

    Parameters
    ----------
    policy : Policy
        The policy; its document may have a single statement that is in no list.
    statement : dict
        The new statement.
    """
    value = document_json(policy)
    held = value.get("Statement") if value is not None else None
    if isinstance(held, dict):
        return ({"op": "replace", "path": "/Statement", "value": [held, statement]},)
    return ({"op": "add", "path": "/Statement/-", "value": statement},)


def without_statement(policy: Policy, statement: Statement) -> tuple[Operation, ...]:
    """Return the patch that takes a statement out; the whole document, where it is its only one.

    Parameters
    ----------
    policy : Policy
        The policy.
    statement : Statement
        One of its statements.
    """
    document = policy.document
    if document is None or len(document.statements) < 2:
        return WHOLE
    return ({"op": "remove", "path": statement.pointer},)
