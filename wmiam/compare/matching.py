"""Which statements of two versions of a policy are the same.

They are where all but their ``Sid`` and their position is the same; of those
left, equal ``Sid``, then equal position make one a changed form of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from wmiam.estate.model import Policy
from wmiam.policy.model import PolicyDocument, Statement, UnreadStatement

__all__ = ["Version", "match", "version"]

#: A statement and the policy that holds it.
Version = tuple[Policy, Statement | UnreadStatement]


def match(old: PolicyDocument | None, new: PolicyDocument | None) -> Iterator[tuple[int, int, bool]]:
    """Yield the statements that two versions of a policy share: their indexes, and whether unchanged.

    Parameters
    ----------
    old, new : PolicyDocument or None
        The versions; None for one that could not be read.
    """
    left, right = _statements(old), _statements(new)
    by_content: dict[object, list[int]] = {}
    for statement in left:
        by_content.setdefault(_content(statement, old), []).append(statement.index)
    used: set[int] = set()
    waiting: list[Statement | UnreadStatement] = []
    for statement in right:
        same = by_content.get(_content(statement, new))
        if same:
            used.add(same[0])
            yield same.pop(0), statement.index, True
        else:
            waiting.append(statement)
    rest = [statement for statement in left if statement.index not in used]
    for alike in (_same_sid, _same_place):
        for statement in list(waiting):
            other = next((s for s in rest if alike(s, statement)), None)
            if other is not None:
                rest.remove(other)
                waiting.remove(statement)
                yield other.index, statement.index, False


def version(policy: Policy | None, index: int | None) -> Version | None:
    """Return the statement of an index with its policy; None where there is none.

    Parameters
    ----------
    policy : Policy or None
        The policy.
    index : int or None
        The statement's index in it.
    """
    if policy is None or index is None:
        return None
    found = (s for s in _statements(policy.document) if s.index == index)
    return next(((policy, statement) for statement in found), None)


def _statements(document: PolicyDocument | None) -> Sequence[Statement | UnreadStatement]:
    if document is None:
        return (UnreadStatement(-1, None, "", ""),)
    return (*document.statements, *document.unread)


def _content(statement: Statement | UnreadStatement, document: PolicyDocument | None) -> object:
    if isinstance(statement, UnreadStatement):
        return ("unread", statement.index)
    variables = document.has_variables if document is not None else True
    return replace(statement, index=0, sid=None, pointer=""), variables


def _same_sid(old: Statement | UnreadStatement, new: Statement | UnreadStatement) -> bool:
    left, right = (None if isinstance(s, UnreadStatement) else s.sid for s in (old, new))
    return left is not None and left == right


def _same_place(old: Statement | UnreadStatement, new: Statement | UnreadStatement) -> bool:
    sids = [s.sid for s in (old, new) if isinstance(s, Statement)]
    return old.index == new.index and not any(sids)
