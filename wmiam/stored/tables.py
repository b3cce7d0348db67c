"""Texts, sets and answers of a report, each stored once and named by its place."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Final

from wmiam.conditions.decision import DECISIONS, decision_of
from wmiam.conditions.words import witness
from wmiam.views.text import visible

if TYPE_CHECKING:
    from wmiam.access import Access

__all__ = ["ACTION", "Interner", "Store"]

#: Stands in a text for an action's name: a private-use character never occurs in visible text.
ACTION: Final = "\ue001"


class Interner:
    """Values in order of first use, each once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._index: dict[Hashable, int] = {}

    def __call__(self, value: Hashable) -> int:
        """Return the index of a value, which is added where it is new."""
        index = self._index.get(value)
        if index is None:
            index = self._index[value] = len(self.values)
            self.values.append(value)
        return index


class Store:
    """What all tables of a report refer to.

    Parameters
    ----------
    access : Access
        The effective access.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._texts = Interner()
        self._text_of: dict[str, int] = {}
        self._masks = Interner()
        self._answers = Interner()
        self._answer_of: dict[tuple[int, int, bool], int] = {}

    def text(self, value: str) -> int:
        """Return the place of a text, made visible."""
        found = self._text_of.get(value)
        if found is None:
            found = self._text_of[value] = self._texts(visible(value))
        return found

    def sentence(self, parts: Sequence[str]) -> int:
        """Return the place of a text in which the page puts an action's name between the parts."""
        return self._texts(ACTION.join(visible(part) for part in parts))

    def mask(self, value: int) -> int:
        """Return the place of a set of actions or resources."""
        return self._masks(value)

    def answer(self, contexts: int, within: int, *, role: bool) -> int:
        """Return the place of a decision with its words and a request that is allowed.

        Parameters
        ----------
        contexts, within : int
            The contexts in which something is allowed, and those that can be.
        role : bool
            Whether they are those of a role's requests.
        """
        key = (contexts, within, role)
        found = self._answer_of.get(key)
        if found is None:
            decision = decision_of(contexts, within)
            when = self._access.words(contexts, within, role=role) if decision == "conditional" else ""
            example = witness(contexts, within, self._access.whole.space) or {}
            pairs = tuple((self.text(name), self.text(value)) for name, value in example.items())
            found = self._answers((DECISIONS.index(decision), self.text(when), pairs))
            self._answer_of[key] = found
        return found

    def payload(self) -> dict[str, list[Any]]:
        """Return what is stored, as JSON values: sets as hexadecimal numbers."""
        return {
            "texts": self._texts.values,
            "masks": [f"{mask:x}" for mask in self._masks.values],
            "answers": self._answers.values,
        }
