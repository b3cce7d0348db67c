"""Condition keys, operators and values as a policy spells them."""

from __future__ import annotations

from wmiam.catalog import load
from wmiam.conditions.words import moment
from wmiam.engine.domains import Test
from wmiam.engine.space import Dimension
from wmiam.policy.operators import COMPARISONS
from wmiam.policy.patterns import Wild

__all__ = ["NEGATED", "joined", "spelled_key", "spelled_value"]

#: The operator that is true where a positive one matches nothing.
NEGATED = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "ArnLike": "ArnNotLike",
    "NumericEquals": "NumericNotEquals",
    "DateEquals": "DateNotEquals",
    "IpAddress": "NotIpAddress",
}


def spelled_key(dimension: Dimension) -> str:
    """Return a context key as AWS spells it; a tag's name stays as the policies have it.

    Parameters
    ----------
    dimension : Dimension
        The key.
    """
    if dimension.key == "aws:currenttime":
        return "aws:CurrentTime"
    known = load().key(dimension.name)
    if known is None:
        return dimension.name
    head, brace, _ = known.name.partition("${")
    if not brace:
        return known.name
    return head + dimension.name[len(head) :]


def spelled_value(test: Test) -> str:
    """Return the value of a test as a document of Version 2012-10-17 spells it.

    Parameters
    ----------
    test : Test
        What is asked of the key's value.

    Notes
    -----
    Source: IAM User Guide, "IAM policy elements: Variables and tags", specifying special
    characters: ``${*}``, ``${?}`` and ``${$}`` stand for the characters themselves.
    """
    comparison = COMPARISONS[test.base]
    if comparison.family == "date":
        return moment(test.text)
    if not comparison.variables:
        return test.text
    parts: list[str] = []
    for piece in joined(test):
        if isinstance(piece, Wild):
            parts.append(str(piece.value))
            continue
        text = piece.replace("${", "${$}{")
        if comparison.wildcards:
            text = text.replace("*", "${*}").replace("?", "${?}")
        parts.append(text)
    return "".join(parts)


def joined(test: Test) -> list[str | Wild]:
    """Return the pieces of a test's value with neighbouring texts made one: ``$`` and ``{`` may meet there.

    Parameters
    ----------
    test : Test
        What is asked of a key's value.
    """
    pieces: list[str | Wild] = []
    for piece in test.wanted:
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces
