"""The context keys that matter in an estate, and what each may be fixed to.

A key's values fall into classes that no condition of the estate tells apart; one
example of each is all that need be offered.  Of very many only some are: whoever wants
another value names it.
"""

from __future__ import annotations

from typing import Any, Final

from wmiam.access import Access
from wmiam.conditions.words import phrase
from wmiam.engine.domains import ABSENT
from wmiam.engine.space import ALWAYS_PRESENT, MFA_PRESENT, Dimension
from wmiam.views.text import visible

__all__ = ["context_controls"]

#: The most values that are offered of one key.
_MOST: Final = 60
#: What people call the keys that are asked for most.
_TITLES: Final = {
    MFA_PRESENT: "MFA",
    "aws:multifactorauthage": "Age of MFA (seconds)",
    "aws:securetransport": "TLS",
    "aws:requestedregion": "Region",
    "aws:sourceip": "Source address",
    "aws:currenttime": "Time",
    "aws:useragent": "User agent",
    "aws:viaawsservice": "Through an AWS service",
    "aws:tagkeys": "A tag key of the request",
}
#: Beginnings of key names that say what kind of tag it is.
_TAGS: Final = {
    "aws:requesttag/": "Tag in the request: ",
    "aws:resourcetag/": "Tag of the organization: ",
    "aws:principaltag/": "Tag of the session: ",
}


def context_controls(access: Access) -> list[dict[str, Any]]:
    """Return a control for each context key that some condition of the estate depends on.

    Parameters
    ----------
    access : Access
        The estate's access.

    Returns
    -------
    list of dict
        ``key`` and ``title``; ``kind`` (``"yes-no"`` or ``"value"``); ``options``: pairs of a value
        as :meth:`wmiam.Access.given` takes it and a text.  Those that most policies ask for come first.
        Keys that the access has fixed already are left out.
    """
    fixed = {key.lower() for key in access.context}
    return [
        _control(dimension)
        for key, dimension in access.whole.space.dimensions.items()
        if key not in fixed and dimension.name.lower() not in fixed
    ]


def _control(dimension: Dimension) -> dict[str, Any]:
    yes_no = dimension.groups[0].family == "bool" and len(dimension.groups) == 1
    return {
        "key": dimension.name,
        "title": visible(_title(dimension)),
        "kind": "yes-no" if yes_no else "value",
        "options": _yes_no(dimension) if yes_no else _values(dimension),
    }


def _title(dimension: Dimension) -> str:
    for head, words in _TAGS.items():
        if dimension.key.startswith(head):
            return words + dimension.name[len(head) :]
    return _TITLES.get(dimension.key, dimension.name)


def _yes_no(dimension: Dimension) -> list[list[Any]]:
    # Without MFA a request says so, or, with long-term access keys, says nothing (C10).
    no: Any = False if dimension.key in ALWAYS_PRESENT else [False, None]
    return [[True, "yes"], [no, "no"]]


def _values(dimension: Dimension) -> list[list[Any]]:
    options: list[list[Any]] = []
    known: set[str] = set()
    for group in dimension.groups:
        for index, example in enumerate(group.witnesses):
            if len(options) == _MOST:
                break
            if index != ABSENT and example is not None and example not in known:
                known.add(example)
                text = phrase(dimension, group, 1 << index)
                text = text.removeprefix(f"{dimension.name} is ").removeprefix(f"{dimension.name} ")
                if text.startswith("is like "):
                    text = f"others, such as {example}"
                options.append([example, visible(text)])
    if dimension.key not in ALWAYS_PRESENT:
        options.append([None, "absent"])
    return options
