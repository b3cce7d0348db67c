"""Progress of what takes long: a bar in a terminal or notebook, or a word to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Final, TypeVar

__all__ = ["Listener", "told_to", "watched"]

_T = TypeVar("_T")
#: Is told what is done, how many steps of it are behind, and how many there are.
Listener = Callable[[str, int, int], None]
#: A bar is shown of what has taken so long, in seconds.
_DELAY: Final = 1.0
_LISTENER: ContextVar[Listener | None] = ContextVar("wmiam-progress", default=None)


@contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    """Tell progress to a function, in place of a bar.

    Parameters
    ----------
    listener : callable
        Takes what is done, the number of steps behind, and the number of all.
    """
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def watched(
    items: Sequence[_T], what: str, *, unit: str = " steps", progress: bool | None = None
) -> Iterator[_T]:
    """Yield items, and show how far it is.

    Parameters
    ----------
    items : sequence
        The steps.
    what : str
        What is done, e.g. ``"Looking for findings"``.
    unit : str
        What is counted.
    progress : bool, optional
        Whether to show a bar; by default after a second, in a terminal or notebook.
    """
    listener = _LISTENER.get()
    if listener is not None:
        for number, item in enumerate(items):
            listener(what, number, len(items))
            yield item
        return
    behind = 0
    begun = monotonic()
    # What is done within the second does not wait for a bar to be made.
    while behind < len(items) and (progress is False or (progress is None and monotonic() - begun < _DELAY)):
        yield items[behind]
        behind += 1
    if behind < len(items):
        from tqdm.auto import tqdm

        hidden = None if progress is None else False
        rest = items[behind:]
        yield from tqdm(
            rest, desc=what, unit=unit, disable=hidden, leave=False, initial=behind, total=len(items)
        )
