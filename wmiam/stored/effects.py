"""What each statement does to each cell, once for all principals that its policy treats alike.

Whoever reads the report composes an explanation of one cell from these; there
are far fewer statements than cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from wmiam.access.applied import StatementReader, StatementView
from wmiam.bits import bits_of
from wmiam.engine.compile import ACTIONS, Compiled
from wmiam.engine.knowledge import NOTHING_KNOWN
from wmiam.engine.whole import Part, PrincipalClass, Source
from wmiam.policy.model import Statement, UnreadStatement
from wmiam.stored.tables import Interner, Store

if TYPE_CHECKING:
    from wmiam.access import Access

__all__ = ["APPLIES", "Effects"]

#: What sentences call the action until they are stored; no policy can contain it, since none can guess it.
_CALLED: Final = f"action {token_hex(16)}"

#: What a statement may do, by the numbers that the page has for it.
APPLIES: Final = ("no", "conditional", "applies")

#: Actions and resources (both sets), and what the statement does to these: numbers of :data:`APPLIES`
#: and of texts, why and when, the elements that decide, and the keys that requests never carry.
Entry = tuple[int, int, int, int, int, tuple[str, ...], tuple[str, ...]]


class Effects:
    """The effects of statements on cells.

    Parameters
    ----------
    access : Access
        The effective access.
    store : Store
        Receives texts and sets.
    """

    def __init__(self, access: Access, store: Store) -> None:
        self._access = access
        self._store = store
        self._known: dict[object, int] = {}
        self._readers: dict[tuple[int, str], StatementReader] = {}
        self._tables = Interner()
        #: By number of the policy and place of the statement: the elements that decide somewhere.
        self.parts: dict[tuple[int, int], set[str]] = {}

    def of(self, number: int, members: PrincipalClass) -> int:
        """Return the place of what a policy's statements do to requests of a class.

        Parameters
        ----------
        number : int
            Number of the policy; see :class:`wmiam.engine.policies.Policies`.
        members : PrincipalClass
            Whose requests.
        """
        principal = members.principal
        within = self._access.fixed.within(members)
        key = (number, members.variants.get(number, 0), principal.account, within, principal.is_role)
        found = self._known.get(key)
        if found is None:
            part = self._access.whole.policies.parts[number]
            found = self._known[key] = self._tables(self._table(number, part, members, within))
        return found

    def payload(self) -> list[Any]:
        """Return, by place, for each statement the set of actions that it covers, and its entries."""
        return self._tables.values

    def _table(
        self, number: int, part: Part, members: PrincipalClass, within: Sequence[tuple[int, int]]
    ) -> tuple[tuple[int, tuple[Entry, ...]], ...]:
        self._readers.clear()
        return tuple(
            (
                self._store.mask(source.compiled.actions),
                self._entries((number, place), source, members, within),
            )
            for place, source in enumerate(part.sources)
        )

    def _entries(
        self,
        key: tuple[int, int],
        source: Source,
        members: PrincipalClass,
        within: Sequence[tuple[int, int]],
    ) -> tuple[Entry, ...]:
        """Return what a statement does, by sets of actions and resources that it treats alike."""
        scope, compiled = members.scope, source.compiled
        deciding = self.parts.setdefault(key, set())
        found: dict[tuple[int, tuple[Any, ...]], int] = {}
        actions = list(self._actions(compiled))
        for resources in self._resources(compiled, members, within):
            resource = scope.resources[next(bits_of(resources))]
            contexts = next(contexts for mask, contexts in within if mask & resources)
            for part in actions:
                alike = part & resource.actions
                if not alike:
                    continue
                reader = self._reader(members, ACTIONS.names[next(bits_of(alike))])
                view = reader.view(source, resource, contexts)
                deciding.update(view.parts)
                outcome = self._outcome(view, reader.never_carried(source))
                found[alike, outcome] = found.get((alike, outcome), 0) | resources
        merged: dict[tuple[int, tuple[Any, ...]], int] = {}
        for (alike, outcome), resources in found.items():
            merged[resources, outcome] = merged.get((resources, outcome), 0) | alike
        mask = self._store.mask
        return tuple(
            (mask(alike), mask(resources), *outcome) for (resources, outcome), alike in merged.items()
        )

    def _outcome(
        self, view: StatementView, never: tuple[str, ...]
    ) -> tuple[int, int, int, tuple[str, ...], tuple[int, ...]]:
        text = self._store.text
        return (
            APPLIES.index(view.applies),
            self._store.sentence(view.why.split(_CALLED)),
            text(view.when),
            view.parts,
            tuple(text(key) for key in never),
        )

    def _reader(self, members: PrincipalClass, action: str) -> StatementReader:
        key = (id(members), action)
        if key not in self._readers:
            self._readers[key] = StatementReader(self._access, members, action, called=_CALLED)
        return self._readers[key]

    @staticmethod
    def _actions(compiled: Compiled) -> Iterable[int]:
        """Yield sets of actions that the statement covers by one pattern, and that carry the same keys."""
        statement = compiled.statement
        patterns = statement.actions if isinstance(statement, Statement) else None
        for actions, _ in ACTIONS.parted(compiled.actions, compiled.reads):
            left = actions
            for pattern in patterns or ():
                covered = ACTIONS.of(pattern) & left
                if covered:
                    yield covered
                    left &= ~covered
            if left:
                yield left

    def _resources(
        self, compiled: Compiled, members: PrincipalClass, within: Sequence[tuple[int, int]]
    ) -> list[int]:
        """Return sets of resources that the statement tells nothing apart in."""
        scope = members.scope
        masks = [mask for mask, _ in scope.kinds] + [mask for mask, _ in within]
        if not isinstance(compiled.statement, UnreadStatement):
            known = members.known if compiled.resource_reads else NOTHING_KNOWN
            masks += [mask for mask, _ in scope.covered(compiled, known, self._access.whole.space)]
            for row in compiled.rows:
                masks += [mask for mask, _ in scope.parted(row.reads)]
        groups = [scope.relevant(compiled.actions)]
        for mask in masks:
            groups = [part for group in groups for part in (group & mask, group & ~mask) if part]
        return groups
