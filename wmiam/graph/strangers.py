"""Principals of accounts that are not in the estate, made up so that a request can show a path."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.knowledge import ABSENT_KEY, Known
from wmiam.engine.request import ContextEntry
from wmiam.engine.space import Dimension, Space
from wmiam.estate.model import Principal
from wmiam.policy.values import parse_arn

__all__ = ["CALLER_IS", "Stranger", "example_values", "named_accounts", "stranger"]

#: How a clause begins that names one caller.
CALLER_IS = "the caller is "
#: Accounts of AWS's documentation, of which one stands for any other.
_ACCOUNTS = ("777788889999", "999999999999", "555566667777", "123456789012", "444455556666", "111122223333")
_SPELLED = {
    "aws:principalarn": "aws:PrincipalArn",
    "aws:principalaccount": "aws:PrincipalAccount",
    "aws:principaltype": "aws:PrincipalType",
    "aws:username": "aws:username",
    "aws:userid": "aws:userid",
}


@dataclass(frozen=True, slots=True)
class Stranger:
    """A principal that some of the contexts can be of.

    Parameters
    ----------
    caller : str
        ARN by which it makes its requests.
    known : Known
        What follows from who it is.
    contexts : int
        The contexts left.
    """

    caller: str
    known: Known
    contexts: int


def stranger(space: Space, contexts: int, account: str | None, apart: Collection[str]) -> Stranger | None:
    """Return a principal that some of the contexts can be of: all that tells who it is fits together.

    Parameters
    ----------
    space : Space
        Where the contexts live.
    contexts : int
        The contexts.
    account : str or None
        Its account; None for any other.
    apart : collection of str
        Accounts that "any other" is not.

    Returns
    -------
    Stranger or None
        None where none of those that were tried fits.
    """
    d = space.diagrams
    for caller, arn, user_id in _candidates(space, account, apart):
        is_role = ":role/" in arn
        values: dict[str, str | None] = {
            "aws:principalarn": arn,
            "aws:principalaccount": arn.split(":")[4],
            "aws:principaltype": "AssumedRole" if is_role else "User",
            "aws:username": None if is_role else arn.rpartition("/")[2],
            "aws:userid": user_id,
        }
        left = contexts
        for name, variable in space.opaque.items():
            if name.startswith(CALLER_IS):
                itself = name.removeprefix(CALLER_IS) in (caller, arn)
                left = d.both(left, d.literal(variable, 2 if itself else 1))
        for key, value in values.items():
            left = d.both(left, _pinned(space, key, value)) if left != FALSE else FALSE
        if left != FALSE:
            entries = {
                key: ABSENT_KEY if value is None else ContextEntry(_SPELLED[key], (value,))
                for key, value in values.items()
            }
            return Stranger(caller, Known(entries), left)
    return None


def _candidates(space: Space, account: str | None, apart: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Yield callers: the ARN of the request, of the principal, and ``aws:userid``."""
    named = [name.removeprefix(CALLER_IS) for name in space.opaque if name.startswith(CALLER_IS)]
    arns = [*named, *example_values(space.dimensions.get("aws:principalarn"))]
    if account is None:
        known = [*example_values(space.dimensions.get("aws:principalaccount"))]
        known += [fields[4] for text in arns if len(fields := text.split(":")) == 6]
        accounts = [a for a in (*known, *_ACCOUNTS) if re.fullmatch("[0-9]{12}", a) and a not in apart]
    else:
        accounts = [account]
    ids = [text for text in example_values(space.dimensions.get("aws:userid")) if text]
    for own in dict.fromkeys(accounts):
        fitting = [a for a in arns if re.fullmatch(f"arn:[^:]*:(iam|sts)::{own}:.*[^/]", a)]
        for arn in (*fitting, *(f"arn:aws:iam::{own}:{name}" for name in ("user/other", "role/other"))):
            yield from _callers(arn, ids)


def _callers(arn: str, ids: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the callers that a principal's or session's ARN may stand for."""
    parsed = parse_arn(arn)
    kind, _, name = parsed.resource.partition("/") if parsed is not None else ("", "", "")
    if parsed is None or not name:
        return
    if kind == "user":
        for user_id in ("AIDAEXAMPLE", *(text for text in ids if ":" not in text)):
            yield arn, arn, user_id
    elif kind in ("role", "assumed-role"):
        role = name.partition("/")[0] if kind == "assumed-role" else name.rpartition("/")[2]
        own = arn if kind == "role" else f"arn:{parsed.partition}:iam::{parsed.account}:role/{role}"
        fixed = name.partition("/")[2] if kind == "assumed-role" else ""
        for text in ("AROAEXAMPLE:session", *(text for text in ids if ":" in text)):
            unique, _, session = text.partition(":")
            session = fixed or session or "session"
            caller = f"arn:{parsed.partition}:sts::{parsed.account}:assumed-role/{role}/{session}"
            yield caller, own, f"{unique or 'AROAEXAMPLE'}:{session}"


def _pinned(space: Space, key: str, value: str | None) -> int:
    """Return the contexts in which a key has a value; none where no such value can be."""
    dimension = space.dimensions.get(key)
    try:
        return TRUE if dimension is None else space.valued(dimension, value)
    except LookupError:
        return FALSE


def example_values(dimension: Dimension | None) -> list[str]:
    """Return the example values of a key."""
    groups = dimension.groups if dimension is not None else ()
    return list(dict.fromkeys(text for group in groups for text in group.witnesses if text))


def named_accounts(role: Principal) -> set[str]:
    """Return the accounts in the principal elements of a role's trust policy."""
    document = role.trust.document if role.trust is not None else None
    found = set()
    for statement in document.statements if document is not None else ():
        for element in (statement.principal, statement.not_principal):
            for name in element.aws if element is not None else ():
                arn = parse_arn(name)
                found.add(arn.account if arn is not None else name)
    return found
