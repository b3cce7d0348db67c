"""Tables of what policies allow and deny, by sets of actions and sets of resources.

Tables are shared and numbered like the nodes of decision diagrams, and so are
the results of joining two of them: policies that many principals have are
joined once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE, TRUE, Diagrams

__all__ = ["Allowed", "Cells", "Piece", "Table", "Tables"]

#: A partition of all actions: each set with the contexts that allow it, and those that deny it.
Cells = tuple[tuple[int, int, int], ...]
#: A partition of the resources of an account: each set with the number of its cells.
Table = tuple[tuple[int, int], ...]
#: What one statement does: actions, resources, and the contexts that allow and deny.
Piece = tuple[int, int, int, int]
#: What is allowed in the end: disjoint sets of actions with their contexts; the rest is denied.
Allowed = tuple[tuple[int, int], ...]


class Tables:
    """A store of tables.

    Parameters
    ----------
    diagrams : Diagrams
        Where the contexts come from.
    every : int
        The set of all actions in question; by default WorkMail's.
    """

    def __init__(self, diagrams: Diagrams, every: int = ACTIONS.all) -> None:
        self._d = diagrams
        self._every = every
        self._cells: list[Cells] = []
        self._number: dict[Cells, int] = {}
        self._united: dict[tuple[int, int], int] = {}
        self._limited: dict[tuple[int, int], int] = {}
        self._united_tables: dict[tuple[Table, Table], Table] = {}
        self._limited_tables: dict[tuple[Table, Table], Table] = {}
        self._finished: dict[tuple[int, int], Allowed] = {}
        #: Nothing allowed, nothing denied.
        self.nothing = self._intern({(FALSE, FALSE): every})

    def _intern(self, merged: dict[tuple[int, int], int]) -> int:
        cells = tuple(sorted((actions, allows, denies) for (allows, denies), actions in merged.items()))
        number = self._number.get(cells)
        if number is None:
            number = self._number[cells] = len(self._cells)
            self._cells.append(cells)
        return number

    def cells(self, number: int) -> Cells:
        """Return the cells of a number, as tables hold it."""
        return self._cells[number]

    def same(self, resources: int, allows: int) -> Table:
        """Return the table that allows every action on some resources in the same contexts.

        Parameters
        ----------
        resources : int
            Set of resources.
        allows : int
            Contexts.
        """
        return ((resources, self._intern({(allows, FALSE): self._every})),)

    def of(self, pieces: Iterable[Piece], resources: int) -> Table:
        """Return the table of some statements.

        Parameters
        ----------
        pieces : iterable of Piece
            What each statement does.
        resources : int
            All resources.
        """
        pieces = list(pieces)
        groups = [resources]
        for mask in {piece[1] for piece in pieces}:
            groups = [part for group in groups for part in (group & mask, group & ~mask) if part]
        d = self._d
        merged: dict[int, int] = {}
        for group in groups:
            cells = [(self._every, FALSE, FALSE)]
            for actions, covered, allows, denies in pieces:
                if not covered & group:
                    continue
                after = []
                for cell in cells:
                    shared = cell[0] & actions
                    if not shared:
                        after.append(cell)
                        continue
                    after.append(
                        (
                            shared,
                            d.either(cell[1], allows) if allows else cell[1],
                            d.either(cell[2], denies) if denies else cell[2],
                        )
                    )
                    if shared != cell[0]:
                        after.append((cell[0] ^ shared, cell[1], cell[2]))
                cells = after
            number = self._intern(_merged(cells))
            merged[number] = merged.get(number, 0) | group
        return tuple((mask, number) for number, mask in merged.items())

    def union(self, left: Table, right: Table) -> Table:
        """Return the table of two policies of one kind: what either allows, and what either denies."""
        return self._join(left, right, self._united_tables, self._unite)

    def limit(self, left: Table, right: Table) -> Table:
        """Return the table of two kinds of policy: what both allow, and what either denies."""
        return self._join(left, right, self._limited_tables, self._limit)

    @staticmethod
    def _join(
        left: Table,
        right: Table,
        known: dict[tuple[Table, Table], Table],
        join: Callable[[int, int], int],
    ) -> Table:
        found = known.get((left, right))
        if found is None:
            merged: dict[int, int] = {}
            for mask, one in left:
                for other_mask, other in right:
                    shared = mask & other_mask
                    if shared:
                        number = join(one, other)
                        merged[number] = merged.get(number, 0) | shared
            found = known[left, right] = tuple((mask, number) for number, mask in merged.items())
        return found

    def _unite(self, left: int, right: int) -> int:
        if left == right or right == self.nothing:
            return left
        if left == self.nothing:
            return right
        return self._apply(left, right, self._united, self._d.either)

    def _limit(self, left: int, right: int) -> int:
        return self._apply(left, right, self._limited, self._d.both)

    def _apply(
        self, left: int, right: int, known: dict[tuple[int, int], int], allow: Callable[[int, int], int]
    ) -> int:
        key = (left, right) if left < right else (right, left)
        found = known.get(key)
        if found is None:
            either = self._d.either
            merged: dict[tuple[int, int], int] = {}
            others = self._cells[right]
            for actions, allows, denies in self._cells[left]:
                for other_actions, more_allows, more_denies in others:
                    shared = actions & other_actions
                    if shared:
                        pair = (allow(allows, more_allows), either(denies, more_denies))
                        merged[pair] = merged.get(pair, 0) | shared
            found = known[key] = self._intern(merged)
        return found

    def allowed(self, number: int, universe: int) -> Allowed:
        """Return what cells allow in the end, explicit denies taken away.

        Parameters
        ----------
        number : int
            Number of the cells.
        universe : int
            The contexts that can be.
        """
        key = (number, universe)
        found = self._finished.get(key)
        if found is None:
            d = self._d
            merged: dict[int, int] = {}
            for actions, allows, denies in self._cells[number]:
                if allows == FALSE:
                    continue
                contexts = allows if denies == FALSE else d.minus(allows, denies)
                contexts = universe if contexts == TRUE else d.both(contexts, universe)
                if contexts != FALSE:
                    merged[contexts] = merged.get(contexts, 0) | actions
            found = self._finished[key] = tuple((actions, contexts) for contexts, actions in merged.items())
        return found


def _merged(cells: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int], int]:
    merged: dict[tuple[int, int], int] = {}
    for actions, allows, denies in cells:
        merged[allows, denies] = merged.get((allows, denies), 0) | actions
    return merged
