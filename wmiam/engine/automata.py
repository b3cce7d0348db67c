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

#: Most product states that are explored; past it the caller gives up exactness.
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
        found = {wanted for wanted, _, _ in self.steps if wanted}
        if any(no_colon for _, _, no_colon in self.steps):
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
) -> dict[tuple[bool, ...], str] | None:
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
        From the outcome of each pattern to a text; None where the product is too large.
    """
    letters = sorted(set().union(*(pattern.letters() for pattern in patterns)))
    other = next(c for c in "xqzjvkw0~" + "".join(chr(n) for n in range(0x4E00, 0x4F00)) if c not in letters)
    letters.append(other)
    trie = _trie(constants)
    start = (tuple(pattern.start() for pattern in patterns), 0)
    found: dict[tuple[bool, ...], str] = {}
    seen = {start}
    queue: deque[tuple[tuple[tuple[frozenset[int], ...], int], str]] = deque([(start, "")])
    while queue:
        (states, node), text = queue.popleft()
        if not (node >= 0 and trie[node][1]):
            outcome = tuple(p.accepts(s) for p, s in zip(patterns, states, strict=True))
            found.setdefault(outcome, text)
        for letter in letters:
            following = tuple(p.step(s, letter) for p, s in zip(patterns, states, strict=True))
            key = (following, trie[node][0].get(letter, -1) if node >= 0 else -1)
            if key not in seen:
                if len(seen) >= MOST_STATES:
                    return None
                seen.add(key)
                queue.append((key, text + letter))
    return found


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
