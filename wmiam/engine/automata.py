"""Which combinations of patterns a text can match: an exact partition by a product of automata.

Each pattern is a small nondeterministic automaton; walking all of them together
over the letters that occur in them reaches every combination that any text can
reach, with a shortest text for each.

Source: Hopcroft and Ullman, "Introduction to Automata Theory", product construction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wmiam.policy.patterns import Piece, Wild, split_fields

__all__ = ["TextPattern", "arn_pattern", "combinations", "glob_pattern"]

#: Most product states that are explored, beside two for each letter of the patterns (those that
#: part early make no more); past it the caller gives up exactness.
MOST_STATES = 20_000


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A pattern as a row of steps.

    Parameters
    ----------
    steps : tuple of (str, bool)
        ``(letter, False)`` for a letter; ``("", loop)`` for any character, ``(":", True)``
        style loops exclude the colon; see :func:`glob_pattern`.
    fold : bool
        Whether letters are compared without case.
    """

    steps: tuple[tuple[str, bool, bool], ...]
    fold: bool = False

    def start(self) -> frozenset[int]:
        """Return the positions before any character is read."""
        return self._close({0})

    def accepts(self, states: frozenset[int]) -> bool:
        """Whether the text read so far matches."""
        return len(self.steps) in states

    def _close(self, states: set[int]) -> frozenset[int]:
        result = set(states)
        for state in sorted(states):
            while state < len(self.steps) and self.steps[state][1]:
                state += 1
                result.add(state)
        return frozenset(result)

    def step(self, states: frozenset[int], letter: str) -> frozenset[int]:
        """Return the positions after one more character."""
        following: set[int] = set()
        for state in states:
            if state == len(self.steps):
                continue
            wanted, loop, no_colon = self.steps[state]
            if wanted:
                if wanted == letter or (self.fold and wanted.lower() == letter.lower()):
                    following.add(state + 1)
            elif not (no_colon and letter == ":"):
                following.add(state if loop else state + 1)
        return self._close(following)

    def read(self, text: str) -> frozenset[int]:
        """Return the positions after a whole text."""
        states = self.start()
        for letter in text:
            states = self.step(states, letter)
            if not states:
                break
        return states

    def can_end(self, states: frozenset[int], without: str) -> bool:
        """Whether some text that lacks certain letters leads from these positions to a match.

        Parameters
        ----------
        states : frozenset of int
            Positions, as :meth:`read` gives them.
        without : str
            Letters that the rest of the text cannot have.
        """
        return any(
            all(not wanted or wanted not in without for wanted, _, _ in self.steps[state:])
            for state in states
        )

    def letters(self) -> set[str]:
        """Return the letters that make a difference to this pattern."""
        return self.awaited(range(len(self.steps)))

    def awaited(self, states: Iterable[int]) -> set[str]:
        """Return the letters that make a difference at some positions.

        Parameters
        ----------
        states : iterable of int
            Positions.
        """
        steps = [self.steps[state] for state in states if state < len(self.steps)]
        found = {wanted for wanted, _, _ in steps if wanted}
        if any(no_colon for _, _, no_colon in steps):
            found.add(":")
        if self.fold:
            found |= {letter.lower() for letter in found} | {letter.upper() for letter in found}
        return {letter for letter in found if len(letter) == 1}


def _steps(pieces: Iterable[Piece], no_colon: bool) -> list[tuple[str, bool, bool]]:
    steps: list[tuple[str, bool, bool]] = []
    for piece in pieces:
        if isinstance(piece, Wild):
            steps.append(("", piece is Wild.STAR, no_colon))
        else:
            steps.extend((letter, False, False) for letter in piece)
    return steps


def glob_pattern(pieces: Sequence[Piece], *, fold: bool = False) -> TextPattern:
    """Return the automaton of a ``StringLike`` pattern, or of plain text.

    Parameters
    ----------
    pieces : sequence of str or Wild
        A resolved pattern.
    fold : bool
        Whether case is ignored.
    """
    return TextPattern(tuple(_steps(pieces, no_colon=False)), fold)


def arn_pattern(pieces: tuple[Piece, ...]) -> TextPattern | None:
    """Return the automaton of an ARN operator's pattern, or None where it is no ARN (C7).

    Parameters
    ----------
    pieces : tuple of str or Wild
        A resolved pattern; a lone ``*`` stands for any ARN.
    """
    fields = [(Wild.STAR,)] * 6 if pieces == (Wild.STAR,) else split_fields(pieces)
    if len(fields) != 6:
        return None
    steps: list[tuple[str, bool, bool]] = []
    for index, field in enumerate(fields):
        if index:
            steps.append((":", False, False))
        # Whatever the pattern says, an ARN begins with "arn".
        steps.extend(_steps(("arn",) if index == 0 else field, no_colon=index < 5))
    return TextPattern(tuple(steps))


def combinations(
    patterns: Sequence[TextPattern], constants: Iterable[str] = ()
) -> dict[frozenset[int], str] | None:
    """Return each combination of matches that some text reaches, with a shortest such text.

    Parameters
    ----------
    patterns : sequence of TextPattern
        The patterns.
    constants : iterable of str
        Texts that do not count as examples (they are classes of their own).

    Returns
    -------
    dict or None
        From the positions of the patterns that match to a text; None where the product is too large.
    """
    letters = set().union(*(pattern.letters() for pattern in patterns))
    other = next(c for c in "xqzjvkw0~" + "".join(chr(n) for n in range(0x4E00, 0x4F00)) if c not in letters)
    walkers = [_Walker(pattern, other) for pattern in patterns]
    most = MOST_STATES + 2 * sum(len(pattern.steps) for pattern in patterns)
    trie = _trie(constants)
    # Only the patterns that can still match are part of a state: most are out after a few letters.
    start = (tuple((index, walker.start) for index, walker in enumerate(walkers)), 0)
    found: dict[frozenset[int], str] = {}
    seen = {start}
    queue: deque[tuple[tuple[tuple[tuple[int, int], ...], int], str]] = deque([(start, "")])
    while queue:
        (states, node), text = queue.popleft()
        if not (node >= 0 and trie[node][1]):
            outcome = frozenset(index for index, state in states if walkers[index].accepts[state])
            # Empty text is hardly an example.
            if not found.get(outcome):
                found[outcome] = text
        # Letters that no pattern waits for here all lead to the same state.
        awaited = {other}.union(*(walkers[index].awaited[state] for index, state in states))
        if node >= 0:
            awaited |= letters.intersection(trie[node][0])
        for letter in sorted(awaited):
            following = tuple(
                (index, after)
                for index, state in states
                if (after := walkers[index].step(state, letter)) is not None
            )
            key = (following, trie[node][0].get(letter, -1) if node >= 0 else -1)
            if key not in seen:
                if len(seen) >= most:
                    return None
                seen.add(key)
                queue.append((key, text + letter))
    return found


class _Walker:
    """A pattern made deterministic as far as it is walked: numbered states, steps remembered."""

    def __init__(self, pattern: TextPattern, other: str) -> None:
        self._pattern = pattern
        self._other = other
        self._sets: list[frozenset[int]] = []
        self._number: dict[frozenset[int], int] = {}
        self._steps: dict[tuple[int, str], int | None] = {}
        self.accepts: list[bool] = []
        self.awaited: list[set[str]] = []
        self.start = self._state(pattern.start())

    def _state(self, positions: frozenset[int]) -> int:
        number = self._number.get(positions)
        if number is None:
            number = self._number[positions] = len(self._sets)
            self._sets.append(positions)
            self.accepts.append(self._pattern.accepts(positions))
            self.awaited.append(self._pattern.awaited(positions))
        return number

    def step(self, state: int, letter: str) -> int | None:
        """Return the state after one more letter; None where nothing can match any more."""
        if letter not in self.awaited[state]:
            letter = self._other
        key = (state, letter)
        if key not in self._steps:
            following = self._pattern.step(self._sets[state], letter)
            self._steps[key] = self._state(following) if following else None
        return self._steps[key]


def _trie(texts: Iterable[str]) -> list[tuple[dict[str, int], bool]]:
    """Return the prefix tree of texts: children and whether a text ends, by node."""
    children: list[dict[str, int]] = [{}]
    ends = [False]
    for text in texts:
        node = 0
        for letter in text:
            if letter not in children[node]:
                children[node][letter] = len(children)
                children.append({})
                ends.append(False)
            node = children[node][letter]
        ends[node] = True
    return list(zip(children, ends, strict=True))
