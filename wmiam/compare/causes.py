"""Which statements made a change.

Attribution is by contexts, layer by layer.  For a principal, action and resource
let G be the gained contexts, and for each layer (identity-based policies,
permissions boundary, each level of service control policies) let a(L) be the
contexts in which the layer allows: those of some Allow statement of it, minus
those of every Deny statement of it; a layer that is not there allows everything.
G(L) is the part of G that lies in a(L) after the change and not before.

A statement is a cause of gained contexts where it applies on part of G(L) on
one side only, in the direction that lets requests through: an Allow statement
that applies there after the change and not before, or a Deny statement that
applied before and does not after.  For lost contexts the sides are exchanged.
A statement that the principal does not have applies nowhere.  So a statement
that was added and changes nothing is no cause, one that others make up for is
no cause, and several can be causes of the same contexts.

What no statement explains is put down to what does: a boundary or a level of
SCPs that was set or lifted as a whole, the account's root user, or requests
that only one side can have (see :mod:`wmiam.compare.pairs`).  Together the
causes cover all contexts gained and lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from wmiam.access.labels import way
from wmiam.bits import bits_of
from wmiam.compare.matching import Version, match, version
from wmiam.compare.pairs import Delta, Pair
from wmiam.compare.sides import Side
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.knowledge import ABSENT_KEY, NOTHING_KNOWN, Known
from wmiam.engine.layers import Layer, Source
from wmiam.engine.request import ContextEntry
from wmiam.estate.change import policies_by_key
from wmiam.estate.model import Policy, Principal
from wmiam.policy.model import Effect, UnreadStatement

__all__ = ["Attribution", "Attributor", "CauseKey"]

#: What a cause says of its statement.
ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
NEWLY_HELD: Final = "newly held"
NO_LONGER_HELD: Final = "no longer held"
ATTRIBUTE: Final = "attribute changed"
UNREAD: Final = "cannot be read"
SET: Final = "set"
LIFTED: Final = "lifted"
ROOT: Final = "root user"
REQUESTS: Final = "requests changed"

_Vector = tuple[int, ...]
#: The layers that are a principal's own; the others are those of its account.
_OWN: Final = ("identity", "permissions boundary")


@dataclass(frozen=True, slots=True)
class CauseKey:
    """What tells one cause from another.

    Parameters
    ----------
    layer : str
        ``"identity"``, ``"permissions boundary"``, the title of a level of SCPs, or ``"requests"``.
    policy : str
        Key of the policy; ``""`` where no statement is meant.
    statement : tuple of (str, int)
        Side and index of the statement, that of the side after where it is there.
    effect : str
        ``"Allow"``, ``"Deny"``, or ``""`` where no statement is meant or it could not be read.
    side : str
        What happened to it.
    through : str
        How a principal has it, where it is newly held or no longer; else ``""``.
    detail : str
        Which attribute or requests changed; else ``""``.
    """

    layer: str
    policy: str
    statement: tuple[str, int]
    effect: str
    side: str
    through: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Attribution:
    """The part of a change that one cause made.

    Parameters
    ----------
    key : CauseKey
        The cause.
    resources, actions : int
        Sets, as in :class:`~wmiam.compare.pairs.Delta`.
    gained, lost : int
        The contexts that it accounts for.
    possible : int
        The contexts that can be, on either side.
    """

    key: CauseKey
    resources: int
    actions: int
    gained: int
    lost: int
    possible: int


@dataclass(slots=True)
class _Entry:
    """A statement as a principal has it, on both sides."""

    key: CauseKey
    effect: Effect
    old: Source | None
    new: Source | None
    unread: bool = False


class Attributor:
    """Finds causes.

    Parameters
    ----------
    before, after : Side
        The sides.
    """

    def __init__(self, before: Side, after: Side) -> None:
        self.before, self.after = before, after
        self._matches: dict[tuple[int, int], dict[tuple[str, int], tuple[str, int]]] = {}
        self._same: set[tuple[int, int, int, int]] = set()
        self._vectors: dict[object, _Vector] = {}
        self._found: dict[object, list[Attribution]] = {}

    @cached_property
    def policies(self) -> tuple[dict[str, Policy], dict[str, Policy]]:
        """Every policy of each side by its key."""
        return policies_by_key(self.before.estate), policies_by_key(self.after.estate)

    def of(self, pair: Pair, old: Principal | None, new: Principal | None) -> list[Attribution]:
        """Return the causes of what changed for one principal.

        Parameters
        ----------
        pair : Pair
            Its classes.
        old, new : Principal or None
            The principal as it is on each side.
        """
        layers = (
            self.before.layers(old) if old is not None else {},
            self.after.layers(new) if new is not None else {},
        )
        known = (
            self.before.known(old) if old is not None else NOTHING_KNOWN,
            self.after.known(new) if new is not None else NOTHING_KNOWN,
        )
        held = tuple(
            tuple(
                (slot, id(s.policy), id(s.group), tuple(k.get(key) for key in sorted(s.compiled.reads)))
                for slot, layer in side.items()
                for s in layer.sources
            )
            for side, k in zip(layers, known, strict=True)
        )
        key = (id(pair), held)
        if key not in self._found:
            self._found[key] = list(_Attributing(self, pair, layers, known).run())
        return self._found[key]

    # -- statements of two versions -----------------------------------------

    def identity(self, side: str, policy: Policy, index: int) -> tuple[tuple[str, int], bool, bool]:
        """Return what a statement is known by, whether both versions have it, and whether unchanged."""
        old, new = (found.get(policy.key) for found in self.policies)
        if old is None or new is None:
            return (side, index), False, False
        pairs = self._matched(old, new)
        other = pairs.get((side, index))
        if other is None:
            return (side, index), False, False
        left, right = (index, other[1]) if side == "before" else (other[1], index)
        same = old is new or (id(old), id(new), left, right) in self._same
        return ("after", right), True, same

    def versions(self, key: CauseKey) -> tuple[Version | None, Version | None]:
        """Return the statement of a cause as each side has it; None where it does not, or none is meant.

        Parameters
        ----------
        key : CauseKey
            The cause.
        """
        side, index = key.statement
        old, new = (found.get(key.policy) for found in self.policies)
        places = {side: index}
        if side and old is not None and new is not None:
            other = self._matched(old, new).get((side, index))
            if other is not None:
                places[other[0]] = other[1]
        return version(old, places.get("before")), version(new, places.get("after"))

    def _matched(self, old: Policy, new: Policy) -> dict[tuple[str, int], tuple[str, int]]:
        key = (id(old), id(new))
        if key not in self._matches:
            found: dict[tuple[str, int], tuple[str, int]] = {}
            for left, right, same in match(old.document, new.document):
                found["before", left] = ("after", right)
                found["after", right] = ("before", left)
                if same:
                    self._same.add((id(old), id(new), left, right))
            self._matches[key] = found
        return self._matches[key]

    # -- contexts -----------------------------------------------------------

    def vector(self, side: Side, principal: Principal, known: Known, source: Source, actions: int) -> _Vector:
        """Return the contexts in which a statement applies, for each resource of the account."""
        compiled = source.compiled
        if not compiled.actions & actions:
            return ()
        reads = tuple(sorted(compiled.reads))
        carried = tuple(bool(ACTIONS.carriers(key) & actions) for key in reads)
        bound: tuple[ContextEntry | None, ...] = tuple(known.get(key) for key in reads)
        key = (side.name, id(compiled), principal.account, bound, carried)
        if key not in self._vectors:
            absent = Known({k: ABSENT_KEY for k, there in zip(reads, carried, strict=True) if not there})
            members = side.members(principal)
            self._vectors[key] = tuple(
                side.whole.statement_contexts(source, members, resource, absent)
                for resource in side.resources(principal.account)
            )
        return self._vectors[key]


class _Attributing:
    """The attribution of one principal's changes."""

    def __init__(
        self,
        parent: Attributor,
        pair: Pair,
        layers: tuple[dict[str, Layer], dict[str, Layer]],
        known: tuple[Known, Known],
    ) -> None:
        self.parent = parent
        self.pair = pair
        self.layers = layers
        self.known = known
        self.slots = list(dict.fromkeys([*layers[0], *layers[1]]))
        self.space = pair.after.space
        self.entries = {slot: list(self._entries(slot)) for slot in self.slots}

    # -- what the principal has ---------------------------------------------

    def _entries(self, slot: str) -> Iterator[_Entry]:
        held: dict[tuple[str, tuple[str, int]], list[list[Source]]] = {}
        for at, side in enumerate(("before", "after")):
            layer = self.layers[at].get(slot)
            for source in layer.sources if layer is not None else ():
                index = source.compiled.statement.index
                identity, _, _ = self.parent.identity(side, source.policy, index)
                held.setdefault((source.policy.key, identity), [[], []])[at].append(source)
        for (policy, identity), (old, new) in held.items():
            first = (new or old)[0]
            side, through = self._side(slot, old, new)
            unread = isinstance(first.compiled.statement, UnreadStatement)
            effects = [first.compiled.effect] if first.compiled.effect else [Effect.ALLOW, Effect.DENY]
            for effect in effects:
                told = "" if unread else str(effect)
                yield _Entry(
                    CauseKey(slot, policy, identity, told, UNREAD if unread else side, through),
                    effect,
                    old[0] if old else None,
                    new[0] if new else None,
                    unread,
                )

    def _side(self, slot: str, old: list[Source], new: list[Source]) -> tuple[str, str]:
        """Return what happened to a statement, and through what a principal has it or had it."""
        if old and new:
            _, _, same = self.parent.identity("after", new[0].policy, new[0].compiled.statement.index)
            return (ATTRIBUTE if same else CHANGED), ""
        present = new or old
        side = "after" if new else "before"
        policy, index = present[0].policy, present[0].compiled.statement.index
        _, matched, _ = self.parent.identity(side, policy, index)
        if slot not in _OWN and all(s.policy.key != policy.key for s in self._sources(slot, bool(old))):
            # An SCP that is attached nowhere is in no estate: that it is not there says nothing.
            return (NEWLY_HELD if new else NO_LONGER_HELD), slot
        other = self.parent.policies[0 if new else 1].get(policy.key)
        if other is not None and matched:
            through = "; ".join(dict.fromkeys(way(source) for source in present))
            return (NEWLY_HELD if new else NO_LONGER_HELD), through
        return (ADDED if new else REMOVED), ""

    def _sources(self, slot: str, after: bool) -> Iterator[Source]:
        layer = self.layers[1 if after else 0].get(slot)
        return layer.sources if layer is not None else iter(())

    # -- attribution --------------------------------------------------------

    def run(self) -> Iterator[Attribution]:
        """Yield the parts of every change, each with its cause."""
        for delta in self.pair.deltas:
            for actions in self._pieces(delta.actions):
                yield from self._piece(delta, actions)

    def _pieces(self, actions: int) -> list[int]:
        """Return a set of actions in parts that no statement tells apart."""
        sources = [s for side in self.layers for layer in side.values() for s in layer.sources]
        splits = {s.compiled.actions for s in sources}
        splits |= {ACTIONS.carriers(key) for s in sources for key in s.compiled.reads}
        pieces = [actions]
        for split in splits:
            pieces = [part for piece in pieces for part in (piece & split, piece & ~split) if part]
        return pieces

    def _piece(self, delta: Delta, actions: int) -> Iterator[Attribution]:
        positions = list(bits_of(delta.resources))
        entries = [entry for slot in self.slots for entry in self.entries[slot]]
        rows = [self._contexts(entry, actions) for entry in entries]
        signatures: dict[tuple[tuple[int, int], ...], int] = {}
        for position in positions:
            seen = tuple(
                (old[position] if old else FALSE, new[position] if new else FALSE) for old, new in rows
            )
            signatures[seen] = signatures.get(seen, 0) | 1 << position
        for seen, mask in signatures.items():
            by_entry = {id(entry): contexts for entry, contexts in zip(entries, seen, strict=True)}
            position = mask.bit_length() - 1
            for key, gained, lost in self._attribute(delta, by_entry, position):
                possible = self.space.diagrams.either(delta.possible.before, delta.possible.after)
                yield Attribution(key, mask, actions, gained, lost, possible)

    def _contexts(self, entry: _Entry, actions: int) -> tuple[_Vector, _Vector]:
        found: list[_Vector] = []
        sides = (self.pair.before, self.pair.old), (self.pair.after, self.pair.new)
        for at, ((side, principal), source) in enumerate(zip(sides, (entry.old, entry.new), strict=True)):
            if source is None or principal is None or not source.compiled.actions & actions:
                found.append(())
            elif entry.unread:
                allows, denies = side.whole.unread(source)
                contexts = allows if entry.effect is Effect.ALLOW else denies
                contexts = self.pair.renaming.on(side.name, contexts)
                found.append((contexts,) * len(side.resources(principal.account)))
            else:
                found.append(self.parent.vector(side, principal, self.known[at], source, actions))
        return found[0], found[1]

    def _attribute(
        self, delta: Delta, contexts: dict[int, tuple[int, int]], position: int
    ) -> Iterator[tuple[CauseKey, int, int]]:
        d = self.space.diagrams
        gained, lost = delta.gained, delta.lost
        for slot in self.slots:
            old, new = (self._net(at, slot, contexts) for at in (0, 1))
            grew, shrank = d.both(delta.gained, d.minus(new, old)), d.both(delta.lost, d.minus(old, new))
            if grew == FALSE and shrank == FALSE:
                continue
            gained, lost = d.minus(gained, grew), d.minus(lost, shrank)
            yield from self._layer(slot, contexts, grew, shrank, position)
        if gained != FALSE or lost != FALSE:
            detail = self._requests()
            yield CauseKey("requests", "", ("", -1), "", REQUESTS, detail=detail), gained, lost

    def _net(self, at: int, slot: str, contexts: dict[int, tuple[int, int]]) -> int:
        """Return the contexts in which a layer allows on one side."""
        layer = self.layers[at].get(slot)
        if layer is None:
            return FALSE if slot == "identity" else TRUE
        d = self.space.diagrams
        allows = TRUE if layer.unconditional else FALSE
        if layer.unlisted:
            allows = self.space.unknown(f"{layer.title} allow it ({layer.unlisted})")
        denies = FALSE
        for entry in self.entries[slot]:
            if entry.effect is Effect.ALLOW:
                allows = d.either(allows, contexts[id(entry)][at])
            else:
                denies = d.either(denies, contexts[id(entry)][at])
        return d.minus(allows, denies)

    def _layer(
        self, slot: str, contexts: dict[int, tuple[int, int]], grew: int, shrank: int, position: int
    ) -> Iterator[tuple[CauseKey, int, int]]:
        """Yield the causes in one layer."""
        old, new = self.layers[0].get(slot), self.layers[1].get(slot)
        if (old is None) != (new is None) and slot != "identity":
            layer = new or old
            detail = layer.title if layer is not None else ""
            side = SET if old is None else LIFTED
            yield CauseKey(slot, "", ("", -1), "", side, detail=detail), grew, shrank
            return
        d = self.space.diagrams
        left, right = grew, shrank
        for entry in self.entries[slot]:
            before, after = contexts[id(entry)]
            if entry.effect is Effect.DENY:
                before, after = after, before
            more, less = d.both(grew, d.minus(after, before)), d.both(shrank, d.minus(before, after))
            if more != FALSE or less != FALSE:
                left, right = d.minus(left, more), d.minus(right, less)
                yield self._named(entry, position), more, less
        if left != FALSE or right != FALSE:
            root = any(layer is not None and layer.unconditional for layer in (old, new))
            detail = next((x.unlisted for x in (new, old) if x is not None and x.unlisted), "")
            side = ROOT if root else SET if right != FALSE else LIFTED
            yield CauseKey(slot, "", ("", -1), "", side, detail=detail), left, right

    def _named(self, entry: _Entry, position: int) -> CauseKey:
        if entry.key.side != ATTRIBUTE:
            return entry.key
        return replace(entry.key, detail=self._attributes(entry, position))

    def _attributes(self, entry: _Entry, position: int) -> str:
        """Return which known keys that a statement reads differ between the sides."""
        source = entry.new or entry.old
        resource = self.pair.resources[position]
        found = []
        for key in sorted(source.compiled.reads) if source is not None else ():
            old, new = (
                known.get(key) or side.known_of(resource).get(key)
                for known, side in zip(self.known, (self.pair.before, self.pair.after), strict=True)
            )
            if old != new:
                dimension = self.space.dimensions.get(key)
                written = dimension.name if dimension is not None else key
                name = next((e.key for e in (new, old) if e is not None and e.key), written)
                found.append(f"{name}: {_told(old)} → {_told(new)}")
        return ", ".join(found)

    def _requests(self) -> str:
        """Return which requests only one side can have."""
        old, new = self.pair.classes
        found = []
        if old is not None and new is not None and old.universe != new.universe:
            found.append("whether identity providers make sessions of it, which carry no MFA keys")
        if any(self.known[0].get(key) != self.known[1].get(key) for key in self.space.dimensions):
            found.append("whether callers choose session tags")
        return "; ".join(found) or "which requests it can make"


def _told(entry: ContextEntry | None) -> str:
    if entry is None:
        return "chosen by the caller"
    return ", ".join(entry.values) if entry is not ABSENT_KEY and entry.values else "none"
