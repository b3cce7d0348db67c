"""What a policy for one principal must allow: actions that are alike, on each resource, and when."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from wmiam.bits import bits_of
from wmiam.conditions.bench import Bench
from wmiam.conditions.rows import BlockRow
from wmiam.engine.compile import ACTIONS, Compiled, Row, binding, compile_document, compile_row
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.knowledge import ABSENT_KEY, NOTHING_KNOWN, Known
from wmiam.engine.layers import PrincipalClass, Source
from wmiam.engine.resources import Resource
from wmiam.engine.space import Space
from wmiam.engine.whole import Whole
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization, Policy, PolicyKind, Principal
from wmiam.policy.model import Condition, Effect, PolicyDocument, Statement, UnreadStatement
from wmiam.policy.operators import parse_operator
from wmiam.sources.standins import WORKMAIL_REGIONS

__all__ = ["Alike", "Target", "alone", "not_another"]

#: Id of "any other organization".
ANY = "*"
#: The named unknown of a pattern that holds the id of one organization.
_NAMES_ONE = re.compile(
    r"the (?:organization|message) is one that arn:[^ ]*:(?:organization|message)/([^*?/$]+)(?:/.*)? names"
)
#: A pattern that holds the id of one organization: what stands before it, the id, what stands behind it.
_NAMED = re.compile(r"(arn:[^ ]*:(?:organization|message)/)([^*?/$]+)((?:/.*)?)")
#: Of how many unknowns the outcomes are told apart: each doubles the cases.
_MOST_CASES = 4


def alone(estate: Estate, principal: Principal) -> Estate:
    """Return the estate with one principal, and with any other organization that the account may yet have.

    Parameters
    ----------
    estate : Estate
        What was read.
    principal : Principal
        Who stays.
    """
    owned = [o for o in estate.organizations if o.account == principal.account]
    listed = {o.arn for o in owned}
    partition = principal.arn.split(":")[1]
    for region in sorted({*WORKMAIL_REGIONS, *(o.region for o in owned)}):
        arn = f"arn:{partition}:workmail:{region}:{principal.account}:organization/{ANY}"
        if arn not in listed:
            owned.append(Organization(arn, ANY, region, principal.account, stand_in=True))
    return replace(estate, principals=(principal,), organizations=tuple(owned))


def not_another(space: Space, ids: Iterable[str]) -> int:
    """Return the contexts of any other organization, in which no pattern with the id of a known one names it.

    The engine keeps it open whether a pattern names any other organization, where the pattern
    has a wildcard before the id or behind it.

    Parameters
    ----------
    space : Space
        Where the patterns are named unknowns.
    ids : iterable of str
        Ids of the organizations that are known.
    """
    known, result = set(ids), TRUE
    for name, variable in space.opaque.items():
        found = _NAMES_ONE.fullmatch(name)
        if found is not None and found[1] in known:
            result = space.diagrams.both(result, space.diagrams.literal(variable, 1))
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Actions that are allowed in the same contexts on each resource, and carry the same keys.

    Parameters
    ----------
    kind : str
        What they are about.
    actions : int
        The set.
    absent : Known
        The keys that they never carry.
    """

    kind: str
    actions: int
    absent: Known


class Target:
    """What must come out.

    Parameters
    ----------
    whole : Whole
        The evaluation of an estate that :func:`alone` made.
    real : Estate
        The estate as it was read: its organizations are those that the answer is exact about.
    within : callable
        Gives for a class and a resource the contexts that can be.
    """

    def __init__(self, whole: Whole, real: Estate, within: Callable[[PrincipalClass, Resource], int]) -> None:
        self.whole = whole
        self.space = whole.space
        self.diagrams = whole.space.diagrams
        self.principal = whole.estate.principals[0]
        self.members = whole.class_of[self.principal.arn]
        everything = whole.resources[self.principal.account]
        self.within = {r: within(self.members, r) for r in everything}
        self.bench = Bench(self.space)
        self._policy = Policy("effective", PolicyKind.INLINE, None)
        # The engine tells compiled statements apart by identity: these must live as long as it.
        self._kept: dict[object, Compiled] = {}
        self._rows: dict[tuple[str, str, tuple[str, ...]], Row] = {}
        allowed = self._table(everything)
        self._twins = self._found_twins(everything, allowed)
        self.resources = [r for r in everything if (o := r.organization) is None or o.id in self._twins]
        listed = {o.arn for o in real.organizations}
        self.real = [r for r in self.resources if r.organization is None or r.arn in listed]
        self.alike = list(self._grouped(allowed))
        self.goal = {
            (group, r): allowed[r].get(group.actions & -group.actions, FALSE)
            for group in self.alike
            for r in self.of_kind(group.kind)
        }

    def _table(self, resources: Iterable[Resource]) -> dict[Resource, dict[int, int]]:
        """Return for each resource the contexts of each single action that is allowed."""
        d, table = self.diagrams, self.members.table()
        found: dict[Resource, dict[int, int]] = {}
        for resource in resources:
            own = found[resource] = {}
            for actions, contexts in table.get(resource, ()):
                narrowed = d.both(contexts, self.within[resource])
                if narrowed != FALSE:
                    own.update((1 << bit, narrowed) for bit in bits_of(actions))
        return found

    def _found_twins(
        self, resources: Iterable[Resource], allowed: Mapping[Resource, Mapping[int, int]]
    ) -> dict[str, tuple[str, ...]]:
        """Return ids of organizations that nothing tells apart, each set by the first of it.

        One of them is worked with, and all are written down.  A stand-in is alone.
        """
        keys = {*self.space.dimensions, *(k for s in self.sources() for k in s.compiled.reads)}
        patterns = self.own_patterns(resources)
        seen: dict[Organization, list[object]] = {}
        for resource in resources:
            if resource.organization is not None:
                known = self.whole.known_of(resource)
                told = seen.setdefault(resource.organization, [resource.organization.region])
                told += [self.within[resource], *sorted(allowed[resource].items())]
                told += [known.get(key) for key in sorted(keys)]
                told += [self.covered(pattern, resource) for pattern in patterns]
        found: dict[object, list[str]] = {}
        for organization, told in seen.items():
            alone = organization.arn if organization.stand_in else ""
            found.setdefault((alone, *told), []).append(organization.id)
        return {ids[0]: tuple(ids) for ids in found.values()}

    def own_patterns(self, resources: Iterable[Resource]) -> list[str]:
        """Return the Resource patterns of the principal's own policies that name more than one resource.

        A variable that the engine replaced is better written out, and so is left out here; one
        that stays open only says itself.
        """
        found: dict[str, None] = {}
        for source in self.sources():
            for text in source.compiled.resources or ():
                if "${" in text:
                    is_open = source.compiled.variables and any(
                        self.unknown(self.covered(text, r)) for r in resources
                    )
                else:
                    is_open = "*" in text or "?" in text
                if is_open:
                    found[text] = None
        return list(found)

    def expand(self, patterns: Iterable[str]) -> list[str]:
        """Return patterns with those of an organization written for all that nothing tells apart from it."""
        found = []
        for pattern in patterns:
            named = _NAMED.fullmatch(pattern)
            ids = self._twins.get(named[2], ()) if named is not None else ()
            if named is None or not ids:
                found.append(pattern)
            else:
                found += [f"{named[1]}{one}{named[3]}" for one in ids]
        return found

    def _grouped(self, allowed: Mapping[Resource, Mapping[int, int]]) -> Iterator[Alike]:
        keys = sorted(self.space.dimensions)
        found: dict[tuple[str, tuple[int, ...], tuple[str, ...]], int] = {}
        for bit in (1 << position for position in bits_of(ACTIONS.all)):
            kind = next(r.kind for r in self.resources if r.actions & bit)
            contexts = tuple(allowed[r].get(bit, FALSE) for r in self.of_kind(kind))
            if any(contexts):
                absent = tuple(ACTIONS.absent_keys(keys, bit).entries)
                found[kind, contexts, absent] = found.get((kind, contexts, absent), 0) | bit
        for (kind, _, absent), actions in found.items():
            yield Alike(kind, actions, Known(dict.fromkeys(absent, ABSENT_KEY)))

    def of_kind(self, kind: str) -> list[Resource]:
        """Return the resources of a kind, any other organization included."""
        return [r for r in self.resources if r.kind == kind]

    def cells(self, *, real: bool = True) -> Iterator[tuple[Alike, Resource]]:
        """Yield the pairs of actions and resources, those of the estate alone or all."""
        for group in self.alike:
            for resource in self.of_kind(group.kind):
                if not real or resource in self.real:
                    yield group, resource

    def settle(self, patterns: Iterable[str]) -> None:
        """Rule out that patterns which name an organization of the estate name another one.

        Parameters
        ----------
        patterns : iterable of str
            Resource patterns that statements may use.
        """
        for pattern in patterns:
            for resource in self.resources:
                self.covered(pattern, resource)
        named = [o.id for o in self.whole.estate.organizations if not o.stand_in]
        possible = not_another(self.space, named)
        for resource in self.resources:
            if resource.organization is not None and resource.organization.stand_in:
                self.within[resource] = self.diagrams.both(self.within[resource], possible)
        self.goal = {c: self.diagrams.both(found, self.within[c[1]]) for c, found in self.goal.items()}

    # -- what statements mean here ------------------------------------------

    def sources(self) -> Iterator[Source]:
        """Yield every statement that counts for the principal and could be read."""
        for layer in self.whole.layers_of(self.principal):
            for source in layer.sources:
                if not isinstance(source.compiled.statement, UnreadStatement):
                    yield source

    def covered(self, pattern: str, resource: Resource) -> int:
        """Return the contexts in which a Resource pattern covers a resource."""
        compiled = self._kept.get(pattern)
        if compiled is None:
            statement = Statement(0, Effect.ALLOW, actions=("*",), resources=(pattern,))
            (compiled,) = compile_document(PolicyDocument(statements=(statement,)))
            self._kept[pattern] = compiled
        source = Source(self._policy, compiled)
        return self.whole.statement_contexts(source, self.members, resource, NOTHING_KNOWN)

    def block(
        self, rows: Iterable[tuple[str, str, tuple[str, ...]]], group: Alike, resource: Resource
    ) -> int | None:
        """Return the contexts in which rows of a Condition block hold; None where that cannot be told.

        Parameters
        ----------
        rows : iterable of (operator, key, values)
            The rows.
        group : Alike
            Some actions.
        resource : Resource
            About what.
        """
        result = self.within[resource]
        for written in rows:
            row = self._rows.get(written)
            if row is None:
                operator = parse_operator(written[0])
                if operator is None:
                    return None
                row = self._rows[written] = compile_row(Condition(operator, *written[1:]), variables=True)
            absent = ACTIONS.absent_keys(row.reads, group.actions)
            known = self.whole.known_of(resource)
            contexts = self.bench.row(row, binding(row, absent, self.members.known, known))
            if contexts is None:
                return None
            result = self.diagrams.both(result, contexts)
        return result

    def avoided(self, group: Alike, resource: Resource) -> frozenset[str]:
        """Return the keys that a block found for some actions and a resource must not be about.

        Those are the keys that the requests never carry, and those that are known: the engine
        took these for what they are.
        """
        known = (group.absent, self.members.known, self.whole.known_of(resource))
        return frozenset(k for k in self.space.dimensions if any(one.get(k) is not None for one in known))

    def written_rows(self, group: Alike, resource: Resource) -> list[BlockRow]:
        """Return the principal's own rows whose truth no context key decides: only they say themselves."""
        found: dict[tuple[str, str, tuple[str, ...]], BlockRow] = {}
        for source in self.sources():
            for row in source.compiled.rows:
                condition = row.condition
                written = (str(condition.operator), condition.key, condition.values)
                if written in found or not row.variables:
                    continue
                contexts = self.whole.row(row, self.members, resource, group.absent)
                if self.unknown(contexts):
                    cost = sum(len(part) for part in (*written[:2], *written[2]))
                    found[written] = BlockRow(*written, contexts=contexts, cost=cost)
        return list(found.values())

    # -- unknowns -----------------------------------------------------------

    def unknown(self, contexts: int) -> set[str]:
        """Return the named unknowns on which a set of contexts depends."""
        owners = (self.space.owner(variable) for variable in self.diagrams.support(contexts))
        return {owner for owner in owners if isinstance(owner, str)}

    def cases(self, names: Iterable[str], *sets: int) -> set[tuple[int, ...]]:
        """Return sets of contexts as they are for each outcome of some unknowns on which the first depends.

        Parameters
        ----------
        names : iterable of str
            Unknowns that Resource patterns decide, so that Condition blocks need not.
        *sets : int
            Sets of contexts.
        """
        found = {sets}
        for name in sorted(self.unknown(sets[0]).intersection(names))[:_MOST_CASES]:
            variable = self.space.opaque[name]
            sides = [self.diagrams.literal(variable, mask) for mask in (1, 2)]
            found = {
                tuple(self.diagrams.without(self.diagrams.both(one, side), variable) for one in several)
                for several in found
                for side in sides
            }
        return {several for several in found if several[0] != FALSE}

    def sure(self, contexts: int, unknowns: Iterable[str]) -> int:
        """Return the contexts of a set that are in it whatever some named unknowns are."""
        d = self.diagrams
        outside = d.neither(contexts)
        for name in sorted(unknowns):
            outside = d.without(outside, self.space.opaque[name])
        return d.neither(outside)
