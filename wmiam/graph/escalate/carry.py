"""Sets of contexts carried from one space into another that asks at least the same questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.domains import Group
from wmiam.engine.space import Dimension, Space, Usage

__all__ = ["Carrier", "questions"]


def questions(space: Space) -> Iterator[Usage]:
    """Yield what a space asks of each context key."""
    for dimension in space.dimensions.values():
        tests = {test for group in dimension.groups for test in group.true}
        qualified = not dimension.multivalued and any("" in group.witnesses for group in dimension.groups)
        yield Usage(dimension.name, tests, qualified)


class Carrier:
    """Carries sets of contexts from one space into another.

    Parameters
    ----------
    source, target : Space
        The target was made of at least the questions of the source; see :func:`questions`.
    """

    def __init__(self, source: Space, target: Space) -> None:
        self._source = source
        self._target = target
        self._found: dict[int, int] = {FALSE: FALSE, TRUE: TRUE}
        self._literals: dict[tuple[int, int], int] = {}

    def carry(self, contexts: int) -> int:
        """Return a set of the source's contexts as one of the target's."""
        found = self._found.get(contexts)
        if found is None:
            d = self._target.diagrams
            found = self._found[contexts] = d.any_of(
                d.both(self._value(variable, value), self.carry(child))
                for variable, value, child in self._edges(contexts)
            )
        return found

    def _edges(self, contexts: int) -> Iterator[tuple[int, int, int]]:
        """Yield each value of a set's first variable, with the set that remains."""
        d = self._source.diagrams
        variable = d.support(contexts)[0]
        for value in range(d.full[variable].bit_length()):
            chosen = d.both(contexts, d.literal(variable, 1 << value))
            yield variable, value, d.without(chosen, variable)

    def _value(self, variable: int, value: int) -> int:
        key = (variable, value)
        found = self._literals.get(key)
        if found is None:
            found = self._literals[key] = self._literal(variable, value)
        return found

    def _literal(self, variable: int, value: int) -> int:
        owner, d = self._source.owner(variable), self._target.diagrams
        if isinstance(owner, str):
            holds = self._target.unknown(owner)
            return holds if value else d.neither(holds)
        dimension, index = owner
        here = self._target.dimensions[dimension.key]
        if not dimension.multivalued:
            return self._single(dimension.groups[index], value, here)
        if index == 0:
            return d.literal(here.single or 0, 1 << value)
        classes = self._alike(dimension.groups[0], index, here.groups[0])
        some = d.any_of(d.literal(here.variables[at - 1], 2) for at in classes)
        return some if value else d.neither(some)

    def _single(self, group: Group, value: int, here: Dimension) -> int:
        d = self._target.diagrams
        present = self._target.presence(here)
        if value == 0:
            return d.neither(present)
        result = present
        for test, mask in group.true.items():
            result = d.both(
                result, self._outcome(here, test, mask >> value & 1, group.malformed[test] >> value & 1)
            )
        return result

    def _outcome(self, here: Dimension, test: object, true: int, malformed: int) -> int:
        """Return the contexts in which a test of a value comes out in one way."""
        d = self._target.diagrams
        for group, variable in zip(here.groups, here.variables, strict=True):
            for known, mask in group.true.items():
                if known == test:
                    bad = group.malformed[known]
                    wanted = mask if true else bad if malformed else group.present & ~(mask | bad)
                    return d.literal(variable, wanted)
        raise LookupError(test)

    @staticmethod
    def _alike(group: Group, index: int, here: Group) -> Iterable[int]:
        """Return the target's classes of members that the source takes for one class."""
        wanted = {test: mask >> index & 1 for test, mask in group.true.items()}
        return [
            at
            for at in range(1, len(here.witnesses))
            if all((here.true[test] >> at & 1) == outcome for test, outcome in wanted.items())
        ]
