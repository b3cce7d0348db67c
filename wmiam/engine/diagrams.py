"""Decision diagrams over variables with finitely many values: exact sets of request contexts.

A node asks for the value of one variable; its edges carry disjoint sets of
values (bit masks) that together are all values.  Nodes are shared and reduced,
so that equal sets are the same number and comparison costs nothing.

Source: Bryant, "Graph-Based Algorithms for Boolean Function Manipulation" (1986),
and Srinivasan et al., "Algorithms for Discrete Function Manipulation" (1990).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

__all__ = ["FALSE", "TRUE", "Diagrams"]

#: Frames of Python for whoever calls.
_SPARE_FRAMES = 1000
#: The empty set of contexts.
FALSE = 0
#: The set of all contexts.
TRUE = 1

Edges = tuple[tuple[int, int], ...]


class Diagrams:
    """A store of decision diagrams over one list of variables.

    Parameters
    ----------
    sizes : iterable of int
        Number of values of each variable, in the order in which they are asked for.
    """

    def __init__(self, sizes: Iterable[int] = ()) -> None:
        self.full = [(1 << size) - 1 for size in sizes]
        last = 1 << 60
        self._nodes: list[tuple[int, Edges]] = [(last, ()), (last, ())]
        self._unique: dict[tuple[int, Edges], int] = {}
        self._and: dict[tuple[int, int], int] = {}
        self._or: dict[tuple[int, int], int] = {}
        self._not: dict[int, int] = {FALSE: TRUE, TRUE: FALSE}

    def add_variable(self, size: int) -> int:
        """Add a variable behind all others and return its index.

        Parameters
        ----------
        size : int
            Number of its values.
        """
        self.full.append((1 << size) - 1)
        # Sets are built by recursion from variable to variable; a level takes two frames.
        deepest = _SPARE_FRAMES + 2 * len(self.full)
        if deepest > sys.getrecursionlimit():
            sys.setrecursionlimit(deepest)
        return len(self.full) - 1

    def _make(self, variable: int, edges: Iterable[tuple[int, int]]) -> int:
        merged: dict[int, int] = {}
        for mask, child in edges:
            merged[child] = merged.get(child, 0) | mask
        if len(merged) == 1:
            return next(iter(merged))
        return self._node(variable, tuple(sorted((mask, child) for child, mask in merged.items())))

    def _node(self, variable: int, edges: Edges) -> int:
        """Return the node of edges that are sorted and lead to different nodes."""
        key = (variable, edges)
        node = self._unique.get(key)
        if node is None:
            node = len(self._nodes)
            self._nodes.append(key)
            self._unique[key] = node
        return node

    def literal(self, variable: int, mask: int) -> int:
        """Return the contexts in which a variable has one of the values of a mask.

        Parameters
        ----------
        variable : int
            Index of the variable.
        mask : int
            Bit ``v`` is set for each value ``v``.
        """
        full = self.full[variable]
        mask &= full
        if mask == 0:
            return FALSE
        if mask == full:
            return TRUE
        rest = full ^ mask
        edges = ((mask, TRUE), (rest, FALSE)) if mask < rest else ((rest, FALSE), (mask, TRUE))
        return self._node(variable, edges)

    def both(self, left: int, right: int) -> int:
        """Return the intersection of two sets."""
        if left == right or right == TRUE:
            return left
        if left == TRUE:
            return right
        if left == FALSE or right == FALSE:
            return FALSE
        key = (left, right) if left < right else (right, left)
        found = self._and.get(key)
        if found is not None:
            return found
        (lv, le), (rv, re) = self._nodes[left], self._nodes[right]
        if lv < rv:
            result = self._make(lv, [(mask, self.both(child, right)) for mask, child in le])
        elif rv < lv:
            result = self._make(rv, [(mask, self.both(child, left)) for mask, child in re])
        else:
            result = self._make(
                lv, [(lm & rm, self.both(lc, rc)) for lm, lc in le for rm, rc in re if lm & rm]
            )
        self._and[key] = result
        return result

    def neither(self, node: int) -> int:
        """Return the complement of a set."""
        found = self._not.get(node)
        if found is None:
            variable, edges = self._nodes[node]
            # Complements of different sets differ, so the edges stay as they are.
            found = self._node(variable, tuple([(mask, self.neither(child)) for mask, child in edges]))
            self._not[node] = found
            self._not[found] = node
        return found

    def either(self, left: int, right: int) -> int:
        """Return the union of two sets."""
        if left in (FALSE, right):
            return right
        if right == FALSE:
            return left
        if left == TRUE or right == TRUE:
            return TRUE
        key = (left, right) if left < right else (right, left)
        found = self._or.get(key)
        if found is not None:
            return found
        (lv, le), (rv, re) = self._nodes[left], self._nodes[right]
        if lv < rv:
            result = self._make(lv, [(mask, self.either(child, right)) for mask, child in le])
        elif rv < lv:
            result = self._make(rv, [(mask, self.either(child, left)) for mask, child in re])
        else:
            result = self._make(
                lv, [(lm & rm, self.either(lc, rc)) for lm, lc in le for rm, rc in re if lm & rm]
            )
        self._or[key] = result
        return result

    def all_of(self, nodes: Iterable[int]) -> int:
        """Return the intersection of sets; all contexts where there are none."""
        result = TRUE
        for node in self._deepest_first(nodes):
            result = self.both(result, node)
            if result == FALSE:
                break
        return result

    def any_of(self, nodes: Iterable[int]) -> int:
        """Return the union of sets; no context where there are none."""
        result = FALSE
        for node in self._deepest_first(nodes):
            result = self.either(result, node)
            if result == TRUE:
                break
        return result

    def _deepest_first(self, nodes: Iterable[int]) -> list[int]:
        """Return sets in an order in which each goes on top of what is there, and leaves it as it is."""
        return sorted(nodes, key=lambda node: self._nodes[node][0], reverse=True)

    def minus(self, left: int, right: int) -> int:
        """Return the contexts of the first set that are not in the second."""
        return self.both(left, self.neither(right))

    def implies(self, left: int, right: int) -> bool:
        """Whether every context of the first set is in the second."""
        return self.minus(left, right) == FALSE

    def support(self, node: int) -> list[int]:
        """Return the variables that a set depends on, in order."""
        seen: set[int] = set()
        variables: set[int] = set()
        todo = [node]
        while todo:
            current = todo.pop()
            if current <= TRUE or current in seen:
                continue
            seen.add(current)
            variable, edges = self._nodes[current]
            variables.add(variable)
            todo.extend(child for _, child in edges)
        return sorted(variables)

    def values(self, node: int, variable: int) -> int:
        """Return the mask of values that a variable takes in the contexts of a set.

        Parameters
        ----------
        node : int
            The set.
        variable : int
            Index of the variable.
        """
        found, seen, todo = 0, set[int](), [node]
        while todo:
            current = todo.pop()
            if current == FALSE or current in seen:
                continue
            seen.add(current)
            at, edges = self._nodes[current]
            if at > variable:
                # This far the set does not ask for the variable: every value will do.
                return self.full[variable]
            if at == variable:
                for mask, child in edges:
                    found |= mask if child != FALSE else 0
            else:
                todo.extend(child for _, child in edges)
        return found

    def without(self, node: int, variable: int) -> int:
        """Return the contexts that are in the set for some value of a variable (projection)."""
        memo: dict[int, int] = {}

        def walk(current: int) -> int:
            if current <= TRUE or self._nodes[current][0] > variable:
                return current
            if current not in memo:
                at, edges = self._nodes[current]
                memo[current] = (
                    self.any_of(child for _, child in edges)
                    if at == variable
                    else self._make(at, [(mask, walk(child)) for mask, child in edges])
                )
            return memo[current]

        return walk(node)

    def cubes(self, node: int) -> Iterator[dict[int, int]]:
        """Yield disjoint conjunctions that make up a set, each as variable → mask of values.

        Parameters
        ----------
        node : int
            The set.
        """
        if node == TRUE:
            yield {}
        elif node != FALSE:
            variable, edges = self._nodes[node]
            for mask, child in edges:
                for cube in self.cubes(child):
                    yield {variable: mask, **cube}

    def cube(self, masks: Mapping[int, int]) -> int:
        """Return the set of contexts of one conjunction."""
        return self.all_of(self.literal(variable, mask) for variable, mask in masks.items())

    def holds(self, node: int, point: Mapping[int, int]) -> bool:
        """Whether one context is in a set.

        Parameters
        ----------
        node : int
            The set.
        point : mapping of int to int
            Value of each variable that the set depends on.

        Raises
        ------
        KeyError
            If the set depends on a variable without value.
        """
        while node > TRUE:
            variable, edges = self._nodes[node]
            bit = 1 << point[variable]
            node = next(child for mask, child in edges if mask & bit)
        return node == TRUE

    def pick(self, node: int) -> dict[int, int] | None:
        """Return one context of a set as variable → value (those that matter), or None if it is empty."""
        if node == FALSE:
            return None
        chosen: dict[int, int] = {}
        while node != TRUE:
            variable, edges = self._nodes[node]
            mask, node = min(
                ((m, c) for m, c in edges if c != FALSE),
                key=lambda edge: (edge[1] != TRUE, edge[0] & -edge[0]),
            )
            chosen[variable] = (mask & -mask).bit_length() - 1
        return chosen
