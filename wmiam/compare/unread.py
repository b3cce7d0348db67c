"""What could not be read, on both sides: the same, or nobody can tell.

The evaluation holds an unread policy or statement as a named unknown.  The name
is the same before and after, but the content need not be.  Where it is not
known to be the same, the unknown is split into one for each side, so that
equal answers that depend on it are no longer taken for no change.

Content is known to be the same where both sides hold the same policy object (an
estate with another policy replaced), the same version of a managed policy
(versions cannot be edited), or the same JSON.

Source: IAM User Guide, "Versioning IAM policies".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from wmiam import jsonrecords, jsontext
from wmiam.engine.diagrams import FALSE
from wmiam.engine.layers import Source
from wmiam.engine.space import Space
from wmiam.engine.whole import Whole
from wmiam.estate.model import Policy, PolicyKind
from wmiam.policy.model import UnreadStatement

__all__ = ["Renaming", "is_unread", "unread_sources", "unread_variables"]

_MANAGED = (PolicyKind.AWS_MANAGED, PolicyKind.MANAGED)


def is_unread(policy: Policy) -> bool:
    """Whether a policy, or a statement of it, could not be read."""
    return policy.document is None or bool(policy.document.unread)


def unread_sources(sources: Iterable[Source]) -> list[Source]:
    """Return those of some statements that could not be read."""
    return [s for s in sources if isinstance(s.compiled.statement, UnreadStatement)]


def unread_variables(whole: Whole, sources: Iterable[Source]) -> dict[int, list[Source]]:
    """Return the unknowns that unread statements stand for, each with its statements.

    Parameters
    ----------
    whole : Whole
        Their evaluation.
    sources : iterable of Source
        Unread statements.
    """
    found: dict[int, list[Source]] = {}
    for source in sources:
        for contexts in whole.unread(source):
            for variable in whole.space.diagrams.support(contexts):
                found.setdefault(variable, []).append(source)
    return found


class Renaming:
    """The unknowns of one principal whose content before and after is not known to be the same.

    Parameters
    ----------
    space : Space
        The request contexts of both sides.
    before, after : dict of int to list of Source
        Unread statements of each side, by the unknown that they stand for.
    """

    def __init__(self, space: Space, before: dict[int, list[Source]], after: dict[int, list[Source]]) -> None:
        self.space = space
        self.apart = frozenset(v for v in before.keys() & after.keys() if not _alike(before[v], after[v]))
        self._names = {v: name for name, v in space.opaque.items() if v in self.apart}
        self._done: dict[tuple[str, int], int] = {}
        #: Every unknown that stands for something unread, those of one side alone among them.
        self.unread = frozenset(
            {*before, *after} | {self._variable(s, v) for s in ("before", "after") for v in self.apart}
        )

    def _variable(self, side: str, variable: int) -> int:
        name = f"{side} the change, {self._names[variable]}"
        self.space.unknown(name)
        return self.space.opaque[name]

    def on(self, side: str, contexts: int) -> int:
        """Return a set of contexts with the unknowns of a side named apart.

        Parameters
        ----------
        side : str
            ``"before"`` or ``"after"``.
        contexts : int
            The set.
        """
        if not self.apart:
            return contexts
        key = (side, contexts)
        if key not in self._done:
            d, result = self.space.diagrams, contexts
            for variable in self.apart.intersection(d.support(contexts)):
                old = d.literal(variable, 2)
                new = d.literal(self._variable(side, variable), 2)
                yes = d.without(d.both(result, old), variable)
                no = d.without(d.minus(result, old), variable)
                result = d.either(d.both(new, yes), d.minus(no, new))
            self._done[key] = result
        return self._done[key]

    def surely(self, contexts: int) -> int:
        """Return the contexts that are in a set whatever the unread parts say."""
        d = self.space.diagrams
        result = contexts
        for variable in self.unread.intersection(d.support(contexts)) if contexts != FALSE else ():
            result = d.neither(d.without(d.neither(result), variable))
        return result


def _alike(before: list[Source], after: list[Source]) -> bool:
    """Whether each unread statement of a side has one of the same content on the other."""
    left, right = [_marks(s) for s in before], [_marks(s) for s in after]
    return all(any(m & other for other in right) for m in left) and all(
        any(m & other for other in left) for m in right
    )


def _marks(source: Source) -> set[tuple[object, ...]]:
    """Return what an unread statement's content is known by; two that share one are the same."""
    policy, statement = source.policy, source.compiled.statement
    marks: set[tuple[object, ...]] = {("object", id(policy), statement.index)}
    if policy.kind in _MANAGED and policy.arn and policy.version:
        marks.add(("version", policy.arn, policy.version, statement.index))
    marks.update(("content", content) for content in _content(policy, statement.pointer))
    return marks


def _content(policy: Policy, pointer: str) -> Iterator[str]:
    """Yield the JSON of an unread statement or document in one spelling, where a file still holds it."""
    origin = policy.origin
    text = origin.source.text() if origin is not None else None
    if origin is None or text is None:
        return
    at = origin.offset(text)
    parent = origin.pointer.rpartition("/")[0]
    if at is None or (origin.pointer and at == type(origin)(origin.source, parent).offset(text)):
        return  # the record has no document
    try:
        value, _ = json.JSONDecoder().raw_decode(text, jsontext.skip_space(text, at))
    except ValueError:
        if policy.document is not None:
            # Broken JSON that is the same to the byte is the same.
            yield f"{origin.source.sha256} {origin.pointer}"
        return
    if isinstance(value, str) and "{" not in unquote(value):
        return  # the name of a file that was not read, not its text
    if isinstance(value, str):
        value = jsonrecords.loads(value if value.lstrip()[:1] in ("{", "[") else unquote(value))[0] or value
    version = value.get("Version") if isinstance(value, dict) else None
    yield json.dumps([version, _follow(value, pointer)], sort_keys=True)


def _follow(value: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        if isinstance(value, dict):
            value = value.get(jsontext.unescape(token))
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
    return value
