"""Which decisions each cell of the matrix holds, and how many rows stand behind it, class by class.

A matrix of ten thousand principals repeats a few rows; they are worked out once for
each class of principals and leave Python as one byte a cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wmiam.access import Access
from wmiam.access.capability import holdings
from wmiam.access.core import DECISIONS
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.whole import PrincipalClass
from wmiam.lab.found import About, SubjectKey

__all__ = ["CapabilityNumbers", "Key", "Tally", "capability_numbers"]

#: Resources or their number, actions, and the position in ``DECISIONS`` of what all are answered.
_Part = tuple[int, int, int]
#: The class of a principal, and which subjects of each :class:`About` it is one of.
Key = tuple[PrincipalClass, *tuple[SubjectKey, ...]]
_DENIED, _CONDITIONAL, _ALLOWED = range(len(DECISIONS))


class Tally:
    """The decisions of an access on some organizations.

    Parameters
    ----------
    access : Access
        What is counted; its fixed context keys count.
    organization : str
        ARN of the organization, ``""`` for all of each principal's account.
    about : sequence of About
        Only cells of which each says that they are shown.
    """

    def __init__(self, access: Access, organization: str, about: Sequence[About] = ()) -> None:
        self._access = access
        self._about = about
        self.arns: frozenset[str] | None = frozenset({organization}) if organization else None
        self._owner = next((o.account for o in access.organizations if o.arn == organization), "")
        self._decided: dict[tuple[int, int], tuple[int, int]] = {}
        every = [self.key(principal.arn) for principal in access.principals]
        self._parts = {key: tuple(self._parts_of(key)) for key in dict.fromkeys(every)}
        rows: dict[tuple[int, ...], int] = {}
        number: dict[Key, int] = {}
        for key, parts in self._parts.items():
            masks = [0] * len(DECISIONS)
            for _, actions, decision in parts:
                masks[decision] |= actions
            number[key] = rows.setdefault(tuple(masks), len(rows))
        self._keys = every
        #: The row of each principal, in the order of ``access.principals``.
        self.row_of: NDArray[np.uint32] = np.array([number[key] for key in every], dtype=np.uint32)
        #: Distinct rows: for each action the sum of 1 << position of the decisions that occur.
        self.rows: NDArray[np.uint8] = _codes(list(rows))

    def key(self, arn: str) -> Key:
        """Return what tells a principal from others; equal keys have equal cells.

        Parameters
        ----------
        arn : str
            ARN of the principal.
        """
        return self._access.whole.class_of[arn], *(about.key(arn) for about in self._about)

    def shows(self, key: Key, action: str, organization: str) -> bool:
        """Whether a cell is shown.

        Parameters
        ----------
        key : tuple
            What :meth:`key` returned.
        action : str
            Full action name.
        organization : str
            ARN, or ``"*"``.
        """
        bit = 1 << ACTIONS.index[action]
        return all(a.elsewhere(k, organization) & bit for a, k in zip(self._about, key[1:], strict=True))

    def _parts_of(self, key: Key) -> Iterator[_Part]:
        members, *subjects = key
        parts = [*self._every_part(members)]
        for about, subject in zip(self._about, subjects, strict=True):
            shown = about.parts(members.scope, subject)
            parts = [
                (resources & there, actions & named, decision)
                for resources, actions, decision in parts
                for there, named in shown
                if resources & there and actions & named
            ]
        for resources, actions, decision in parts:
            yield resources.bit_count(), actions, decision
        if self._owner not in ("", members.principal.account):
            # An organization of another account is denied (D10), and told where it was asked for.
            actions = ACTIONS.all & ~ACTIONS.wildcard_only
            for about, subject in zip(self._about, subjects, strict=True):
                actions &= about.elsewhere(subject, next(iter(self.arns or ())))
            yield 1, actions, _DENIED

    def _every_part(self, members: PrincipalClass) -> Iterator[_Part]:
        """Yield sets of resources and actions with the decision on all of them."""
        scope = members.scope
        chosen = scope.chosen(self.arns)
        within_of = self._access.fixed.within(members)
        for of_kind, kind_actions in scope.kinds:
            for mask, within in within_of:
                here = of_kind & chosen & mask
                for resources, cells in members.allowed:
                    shared = here & resources
                    if not shared:
                        continue
                    here ^= shared
                    always, some = self._decide(cells, within)
                    for actions, decision in (
                        (always, _ALLOWED),
                        (some & ~always, _CONDITIONAL),
                        (~some, _DENIED),
                    ):
                        if actions & kind_actions:
                            yield shared, actions & kind_actions, decision
                if here:
                    yield here, kind_actions, _DENIED

    def _decide(self, cells: tuple[tuple[int, int], ...], within: int) -> tuple[int, int]:
        """Return the actions that are allowed in every context of a set, and those in some."""
        # Equal answers are one object throughout an evaluation, which outlives this tally.
        key = (id(cells), within)
        found = self._decided.get(key)
        if found is None:
            always = some = 0
            for actions, contexts in cells:
                narrowed = self._access.whole.space.diagrams.both(contexts, within)
                if narrowed != FALSE:
                    some |= actions
                    if narrowed == within:
                        always |= actions
            found = self._decided[key] = always, some
        return found

    def counts(self, bits: int, decisions: Sequence[str]) -> NDArray[np.int64]:
        """Return how many rows each principal has in a frame of cells.

        Parameters
        ----------
        bits : int
            Set of actions.
        decisions : sequence of str
            The decisions that are shown.
        """
        shown = {DECISIONS.index(decision) for decision in decisions}
        of_key = {
            key: sum(
                number * (actions & bits).bit_count()
                for number, actions, decision in parts
                if decision in shown
            )
            for key, parts in self._parts.items()
        }
        return np.array([of_key[key] for key in self._keys], dtype=np.int64)


def _codes(rows: list[tuple[int, ...]]) -> NDArray[np.uint8]:
    width = len(ACTIONS.names)
    size = (width + 7) // 8
    packed = b"".join(mask.to_bytes(size, "little") for masks in rows for mask in masks)
    shape = (len(rows), len(DECISIONS), size)
    flags = np.unpackbits(
        np.frombuffer(packed, np.uint8).reshape(shape), axis=2, count=width, bitorder="little"
    )
    weights = np.array([1 << position for position in range(len(DECISIONS))], dtype=np.uint8)
    codes: NDArray[np.uint8] = (flags * weights[None, :, None]).sum(axis=1, dtype=np.uint8)
    return codes


@dataclass(frozen=True, slots=True)
class CapabilityNumbers:
    """How many principals have a capability.

    Parameters
    ----------
    name : str
        The capability.
    allowed, conditional : int
        Numbers of principals: in every context, and under a condition only.
    """

    name: str
    allowed: int
    conditional: int


def capability_numbers(access: Access, organization: str) -> list[CapabilityNumbers]:
    """Return how many principals have each capability, in the catalog's order.

    Parameters
    ----------
    access : Access
        Where to count.
    organization : str
        ARN of the organization, ``""`` for any.
    """
    size: dict[int, int] = {}
    for members in access.whole.class_of.values():
        size[id(members)] = size.get(id(members), 0) + 1
    found = []
    for capability in access.catalog.capabilities:
        best: dict[int, bool] = {}
        for members, where, contexts, within in holdings(access, capability):
            if organization and not where & members.scope.chosen({organization}):
                continue
            best[id(members)] = best.get(id(members), False) or contexts == within
        numbers = (
            sum(size[key] for key, always in best.items() if always is wanted) for wanted in (True, False)
        )
        found.append(CapabilityNumbers(capability.name, *numbers))
    return found
