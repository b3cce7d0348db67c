"""In which request contexts callers can assume a role: the rules of evaluation, on sets of contexts.

Written to be read beside :mod:`wmiam.engine.decide`, with which it must agree.  The
contexts of each role live in a space of their own, made of the conditions that bear on
that role; roles whose conditions ask the same share one.

Source: IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation
logic"; rules D2 to D9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from wmiam.engine.compile import Binding, Row, binding, row_contexts, usage_of
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.domains import Test
from wmiam.engine.knowledge import Known
from wmiam.engine.layers import credentials
from wmiam.engine.space import Space, Usage, canonical_key
from wmiam.engine.statements import Grant
from wmiam.engine.unknowns import unread_policy, unread_trust
from wmiam.graph.callers import ANY_ACCOUNT, Party, Session
from wmiam.graph.clauses import Cause, Clause, Level, operation_bit
from wmiam.graph.pairs import Pair, Target
from wmiam.graph.shapes import Covered
from wmiam.policy.model import Effect, Operator, PrincipalElement, UnreadStatement

__all__ = ["Outcome", "Scales"]

#: From the strongest way to be named to the weakest.
_STRENGTH = (Grant.DIRECT, Grant.EVERYONE, Grant.ROLE, Grant.ACCOUNT)
#: A level that a caller does not have.
_NO_LIMIT = (TRUE, FALSE)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """When one caller can assume one role.

    Parameters
    ----------
    space : Space
        Where the contexts live.
    contexts, within : int
        The contexts in which it can, and those that its requests can have.
    grant : Grant
        The strongest way in which the trust policy names it.
    trust, identity : tuple of Cause
        Statements of the trust policy, and of the caller's own policies where they are
        needed, that allow it in some of the contexts.
    """

    space: Space
    contexts: int
    within: int
    grant: Grant
    trust: tuple[Cause, ...]
    identity: tuple[Cause, ...]


class Scales:
    """Decides pairs, and remembers what they have in common.

    Parameters
    ----------
    cover : callable
        Gives a level with the roles that its statements cover, for what is known of a caller.
    """

    def __init__(self, cover: Callable[[Level, Known], Covered]) -> None:
        self.cover = cover
        self._spaces: dict[object, Space] = {}
        self._rows: dict[tuple[int, int, Binding], int] = {}
        self._universes: dict[tuple[int, object, tuple[str, ...]], int] = {}
        self._usages: dict[tuple[int, Binding], Usage | None] = {}

    def weigh(self, target: Target, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Outcome]]:
        """Yield each pair of a role with its outcome; callers that nothing tells apart share one.

        Parameters
        ----------
        target : Target
            The role.
        pairs : sequence of Pair
            Those that :class:`wmiam.graph.pairs.Pairs` finds.
        """
        clauses = [*target.trust, *(held.clause for level in target.rcps for held in level.held)]
        reads = {key for clause in clauses for row in clause.rows for key in row.reads}
        reads |= {key for clause in clauses for key in clause.resource_reads}
        names = {name for element in target.elements for name in element.aws}
        # Of a session's ``aws:userid`` each role decides the beginning.
        each = any(":assumed-role/" in name for name in names) or "aws:userid" in reads.union(
            *(pair.shape.reads for pair in pairs if pair.shape is not None)
        )
        alike: dict[object, list[Pair]] = {}
        for pair in pairs:
            alike.setdefault(
                (pair.party.source, pair.operation) if each else _signature(pair, reads, names), []
            ).append(pair)
        space = self._space(usage for group in alike.values() for usage in self._asked(target, group[0]))
        for group in alike.values():
            outcome = _Weighing(self, space, target, group[0]).outcome()
            for pair in group:
                yield pair, outcome

    def _asked(self, target: Target, pair: Pair) -> Iterator[Usage]:
        """Yield the questions that the statements which count for a pair ask of open keys."""
        for clause in _counting(target, pair):
            for row in clause.rows:
                bound = binding(row, pair.party.known, target.known)
                key = (id(row), bound)
                if key not in self._usages:
                    self._usages[key] = usage_of(row, bound)
                usage = self._usages[key]
                if usage is not None:
                    yield usage
            element = clause.principal or clause.not_principal
            for _, besides in pair.party.grants(element) if element is not None else ():
                if isinstance(besides, Session):
                    yield Usage(besides.key, {besides.test})

    def _space(self, usages: Iterable[Usage]) -> Space:
        asked: dict[str, tuple[str, set[Test], bool]] = {}
        for usage in usages:
            name, tests, qualified = asked.get(canonical_key(usage.name), (usage.name, set(), False))
            asked[canonical_key(usage.name)] = (name, tests | usage.tests, qualified or usage.qualified)
        key = frozenset((name, frozenset(tests), qualified) for name, tests, qualified in asked.values())
        if key not in self._spaces:
            self._spaces[key] = Space(
                Usage(name, tests, qualified) for name, tests, qualified in asked.values()
            )
        return self._spaces[key]

    def row(self, space: Space, row: Row, bound: Binding) -> int:
        """Return the contexts in which one row of a Condition block holds.

        Parameters
        ----------
        space : Space
            Where the contexts live.
        row : Row
            The row.
        bound : tuple
            What is known of the keys that it reads.
        """
        key = (id(space), id(row), bound)
        found = self._rows.get(key)
        if found is None:
            found = self._rows[key] = row_contexts(row, bound, space)
        return found

    def universe(self, space: Space, party: Party) -> int:
        """Return the contexts that a caller's requests can have.

        Parameters
        ----------
        space : Space
            Where they live.
        party : Party
            The caller.
        """
        # Roles differ where a condition asks for ``aws:userid``, of which each knows the beginning.
        by_kind = party.principal is not None and "aws:userid" not in space.dimensions
        principal = party.principal
        alike: object = credentials(principal) if by_kind and principal is not None else party.source
        key = (id(space), alike, party.decides(space))
        if key not in self._universes:
            self._universes[key] = party.universe(space)
        return self._universes[key]


def _signature(pair: Pair, reads: set[str], names: set[str]) -> object:
    """Return what tells callers apart for one role."""
    party, principal = pair.party, pair.party.principal
    if principal is None or pair.shape is None:
        return (party.source, pair.operation)
    if principal.arn in names or principal.unique_id in names:
        return party.source
    return (id(pair.shape), credentials(principal), tuple(party.known.get(key) for key in sorted(reads)))


def _counting(target: Target, pair: Pair) -> Iterator[Clause]:
    """Yield the statements that count for a pair."""
    bit = operation_bit(pair.operation)
    for clause in (*target.trust, *(held.clause for level in target.rcps for held in level.held)):
        if clause.operations & bit:
            yield clause
    if pair.shape is not None:
        for covered in pair.shape.levels:
            for held, sure, maybe in covered.statements:
                if (sure | maybe) >> target.bit & 1:
                    yield held.clause
    else:
        for level in pair.party.scps:
            yield from (held.clause for held in level.held)


class _Weighing:
    """The evaluation of one pair, step by step."""

    def __init__(self, scales: Scales, space: Space, target: Target, pair: Pair) -> None:
        self.scales = scales
        self.space = space
        self.d = space.diagrams
        self.target = target
        self.pair = pair
        self.party = pair.party
        self.bit = operation_bit(pair.operation)
        self.within = scales.universe(space, self.party)
        self.allowing: dict[int, int] = {}
        self.denied = FALSE

    def outcome(self) -> Outcome:
        """Return when the caller can assume the role."""
        d, grants = self.d, dict.fromkeys(_STRENGTH, FALSE)
        trusting: list[tuple[Cause, int]] = []
        for clause in self.target.trust:
            if clause.operations & self.bit:
                self._trust(clause, grants, trusting)
        contexts = d.both(self.within, self._controls())
        core, identity = self._core(grants)
        contexts = d.minus(d.both(contexts, core), self.denied)
        grant = next((g for g in _STRENGTH if d.both(grants[g], contexts) != FALSE), Grant.NONE)
        return Outcome(
            self.space,
            contexts,
            self.within,
            grant,
            tuple(cause for cause, when in trusting if d.both(when, contexts) != FALSE),
            tuple(cause for cause, when in identity if d.both(when, contexts) != FALSE),
        )

    # -- single statements --------------------------------------------------

    def _conditions(self, clause: Clause) -> int:
        result = TRUE
        for row in clause.rows:
            bound = binding(row, self.party.known, self.target.known)
            result = self.d.both(result, self.scales.row(self.space, row, bound))
            if result == FALSE:
                break
        return result

    def _named(self, element: PrincipalElement) -> dict[Grant, int]:
        """Return when a Principal element names the caller, by the way in which it does."""
        found: dict[Grant, int] = {}
        for grant, besides in self.party.grants(element):
            when = TRUE if besides is None else self._besides(besides)
            found[grant] = self.d.either(found.get(grant, FALSE), when)
        return found

    def _besides(self, besides: Session | str) -> int:
        if isinstance(besides, str):
            return self.space.unknown(besides)
        operator = Operator(besides.test.base)
        return self.space.condition(besides.key, operator, [besides.test], (besides.test.text,))

    def _about(self, clause: Clause) -> dict[Grant, int]:
        """Return when a statement with Principal or NotPrincipal is about the caller."""
        if clause.principal is not None:
            return self._named(clause.principal)
        if clause.not_principal is None:
            return {Grant.DIRECT: TRUE}
        bounded = self.pair.shape is not None and self.pair.shape.boundary is not None
        if clause.effect is Effect.DENY and bounded:
            return {Grant.EVERYONE: TRUE}
        # Only who is named itself is excepted: its account, or its session's role, is not enough.
        named = self._named(clause.not_principal)
        itself = self.d.either(named.get(Grant.DIRECT, FALSE), named.get(Grant.EVERYONE, FALSE))
        return {Grant.EVERYONE: self.d.neither(itself)}

    def _trust(self, clause: Clause, grants: dict[Grant, int], trusting: list[tuple[Cause, int]]) -> None:
        d, statement = self.d, clause.statement
        if isinstance(statement, UnreadStatement):
            names, denies = unread_trust(self.target.role.name)
            anybody = self.party.source == ANY_ACCOUNT
            if clause.effect is not Effect.DENY and (anybody or self.pair.shape is not None):
                may = self.space.unknown(names)
                grants[Grant.EVERYONE] = d.either(grants[Grant.EVERYONE], may)
            if clause.effect is not Effect.ALLOW and not anybody:
                self.denied = d.either(self.denied, self.space.unknown(denies))
            return
        conditions = self._conditions(clause)
        if conditions == FALSE:
            return
        for grant, when in self._about(clause).items():
            applies = d.both(when, conditions)
            if clause.effect is Effect.DENY:
                self.denied = d.either(self.denied, applies)
            else:
                grants[grant] = d.either(grants[grant], applies)
                trusting.append((Cause(clause.policy, statement), applies))

    # -- levels -------------------------------------------------------------

    def _level(self, covered: Covered) -> tuple[int, list[tuple[Cause, int]]]:
        """Return when a level allows, and by which statements; what it denies is noted (D2)."""
        d, allows = self.d, FALSE
        causes: list[tuple[Cause, int]] = []
        if covered.level.unlisted:
            allows = self.space.unknown(f"{covered.level.title} allow it ({covered.level.unlisted})")
        for held, sure, maybe in covered.statements:
            clause, at = held.clause, self.target.bit
            if not clause.operations & self.bit or not (sure | maybe) >> at & 1:
                continue
            if isinstance(clause.statement, UnreadStatement):
                may_allow, may_deny = unread_policy(clause.policy.name, clause.statement.index)
                if clause.effect is not Effect.DENY:
                    allows = d.either(allows, self.space.unknown(may_allow))
                if clause.effect is not Effect.ALLOW:
                    self.denied = d.either(self.denied, self.space.unknown(may_deny))
                continue
            applies = self._conditions(clause)
            if not sure >> at & 1:
                texts = clause.statement.resources or clause.statement.not_resources or ()
                open_ones = " or ".join(text for text in texts if "${" in text)
                named = self.space.unknown(f"{open_ones} names the role")
                applies = d.both(applies, d.neither(named) if clause.negated else named)
            if clause.principal is not None or clause.not_principal is not None:
                applies = d.both(applies, d.any_of(self._about(clause).values()))
            if clause.effect is Effect.DENY:
                self.denied = d.either(self.denied, applies)
            elif applies != FALSE:
                allows = d.either(allows, applies)
                causes.append((Cause(clause.policy, clause.statement, held.group), applies))
        return allows, causes

    def _controls(self) -> int:
        """Return when every level of SCPs and RCPs allows (D5, D6)."""
        levels = [] if self.party.is_service_linked else list(self.target.rcps)
        covered = [self.scales.cover(level, self.party.known) for level in levels]
        if self.pair.shape is not None:
            covered += self.pair.shape.scps
        else:
            covered += [self.scales.cover(level, self.party.known) for level in self.party.scps]
        return self.d.all_of([self._level(level)[0] for level in covered])

    def _core(self, grants: dict[Grant, int]) -> tuple[int, list[tuple[Cause, int]]]:
        """Return when identity and resource side allow together, and the identity side's statements (D9)."""
        d, party, shape = self.d, self.party, self.pair.shape
        trusted = d.any_of(grants.values())
        if shape is None:
            return trusted, []
        identity, causes = self._level(shape.identity)
        limit = TRUE if shape.boundary is None else self._level(shape.boundary)[0]
        own = d.both(identity, limit)
        role = self.target.role
        if party.account != role.account:
            same_partition = party.caller is not None and party.caller.partition == role.arn.split(":")[1]
            return (d.both(trusted, own) if same_partition else FALSE), causes
        # Granted to the user or session itself: implicit denies elsewhere do not matter.
        itself = d.either(grants[Grant.DIRECT], grants[Grant.EVERYONE])
        by_role, by_account = d.both(grants[Grant.ROLE], limit), d.both(grants[Grant.ACCOUNT], own)
        needed = d.minus(by_account, d.either(itself, by_role))
        return d.any_of([itself, by_role, by_account]), [
            (cause, d.both(when, needed)) for cause, when in causes
        ]
