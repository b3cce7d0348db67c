"""Statements compiled once: actions and resources to bit sets, conditions to sets of contexts.

Two passes over the distinct documents: the first collects which questions the
estate asks of which context key, so that :class:`wmiam.engine.space.Space` can
split the values; the second turns conditions into diagrams.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from wmiam.catalog import Action, load
from wmiam.engine.conditions import evaluate_condition
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.domains import Test, positive_base
from wmiam.engine.knowledge import ABSENT_KEY, NOTHING_KNOWN, Known
from wmiam.engine.request import Context, ContextEntry
from wmiam.engine.space import Space, Usage, canonical_key
from wmiam.policy.model import Condition, Effect, PolicyDocument, Statement, UnreadStatement
from wmiam.policy.operators import COMPARISONS, NULL
from wmiam.policy.patterns import parse_template, resource_template

__all__ = [
    "ACTIONS",
    "ActionSets",
    "Binding",
    "Compiled",
    "Question",
    "Row",
    "binding",
    "closed_row",
    "compile_document",
    "compile_row",
    "row_contexts",
    "usage_of",
]


#: Most lists of patterns that are remembered: documents share them.
_MOST_LISTS = 65536


class ActionSets:
    """Actions as bits, and patterns as sets of them.

    Parameters
    ----------
    actions : sequence of Action
        The actions, in order.
    """

    def __init__(self, actions: Sequence[Action]) -> None:
        self.actions = tuple(actions)
        self.names = tuple(action.full_name for action in actions)
        self.index = {name: bit for bit, name in enumerate(self.names)}
        self.all = (1 << len(actions)) - 1
        self.wildcard_only = self.mask(a for a in actions if a.wildcard_only)
        self.message = self.mask(a for a in actions if a.service == "workmailmessageflow")
        self.organization = self.all ^ self.wildcard_only ^ self.message
        self._patterns: dict[str, int] = {"*": self.all}
        self._lists: dict[tuple[str, ...], int] = {}

    def mask(self, actions: Iterable[Action]) -> int:
        """Return the set of some actions."""
        result = 0
        for action in actions:
            result |= 1 << self.index[action.full_name]
        return result

    def of(self, pattern: str) -> int:
        """Return the actions that a pattern covers (M1)."""
        found = self._patterns.get(pattern)
        if found is None:
            found = self._patterns[pattern] = self.mask(load().expand(pattern))
        return found

    def union(self, patterns: tuple[str, ...]) -> int:
        """Return the actions that some pattern of several covers."""
        found = self._lists.get(patterns)
        if found is None:
            found = 0
            for pattern in patterns:
                found |= self.of(pattern)
            if len(self._lists) < _MOST_LISTS:
                self._lists[patterns] = found
        return found

    def carriers(self, key: str) -> int:
        """Return the actions whose requests can carry a context key (C11)."""
        return _carriers(self, key)

    def absent_keys(self, keys: Iterable[str], actions: int) -> Known:
        """Return the keys of some that none of a set of actions carries, as known to be absent (C11).

        Parameters
        ----------
        keys : iterable of str
            Canonical keys.
        actions : int
            The set.
        """
        return Known({key: ABSENT_KEY for key in keys if not self.carriers(key) & actions})

    def parted(self, every: int, keys: frozenset[str]) -> Sequence[tuple[int, Known]]:
        """Return a set of actions by what they decide of some keys: those that they never carry (C11).

        Parameters
        ----------
        every : int
            The set.
        keys : frozenset of str
            Canonical keys.
        """
        return _parted(self, every, keys)


@lru_cache(maxsize=4096)
def _carriers(sets: ActionSets, key: str) -> int:
    return sum(1 << bit for bit, action in enumerate(sets.actions) if action.carries(key))


@lru_cache(maxsize=65536)
def _parted(sets: ActionSets, every: int, keys: frozenset[str]) -> list[tuple[int, Known]]:
    found: list[tuple[int, tuple[str, ...]]] = [(every, ())]
    for key in sorted(keys):
        carriers = sets.carriers(key)
        if every & ~carriers:
            found = [
                (part, absent if part & carriers else (*absent, key))
                for actions, absent in found
                for part in (actions & carriers, actions & ~carriers)
                if part
            ]
    return [
        (actions, Known(dict.fromkeys(absent, ABSENT_KEY)) if absent else NOTHING_KNOWN)
        for actions, absent in found
    ]


ACTIONS = ActionSets(load().actions)


#: Operator and key as written, the values, and whether variables in them are replaced.
Question = tuple[str, str, tuple[str, ...], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of a Condition block with its document's version.

    Parameters
    ----------
    condition : Condition
        The row.
    variables : bool
        Whether policy variables are replaced.
    key : str
        Canonical context key.
    reads : tuple of str
        Canonical keys that the row depends on: its own and those of its variables.
    question : Question
        What the row asks, the same for every row that asks it.
    """

    condition: Condition
    variables: bool
    key: str
    reads: tuple[str, ...]
    question: Question


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A statement that has to do with the actions in question, compiled.

    Parameters
    ----------
    statement : Statement or UnreadStatement
        What was compiled.
    effect : Effect or None
        Allow or Deny; None for an unread statement of unknown effect.
    actions : int
        Set of actions.
    resources : tuple of str or None
        Resource patterns; None where the statement names none.
    negated : bool
        Whether they are a NotResource.
    variables : bool
        Whether the document has policy variables.
    rows : tuple of Row
        Conditions.
    reads : frozenset of str
        Every canonical key that the statement depends on.
    resource_reads : tuple of str
        Canonical keys of the policy variables in its resources.
    """

    statement: Statement | UnreadStatement
    effect: Effect | None
    actions: int
    resources: tuple[str, ...] | None
    negated: bool
    variables: bool
    rows: tuple[Row, ...]
    reads: frozenset[str]
    resource_reads: tuple[str, ...] = ()


def compile_document(document: PolicyDocument, sets: ActionSets = ACTIONS) -> tuple[Compiled, ...]:
    """Return the statements of a document that touch some actions, compiled.

    Parameters
    ----------
    document : PolicyDocument
        Any document; unread statements are kept, since they may touch any action.
    sets : ActionSets
        The actions; by default WorkMail's.
    """
    compiled = []
    for statement in document.statements:
        actions = sets.union(statement.actions or statement.not_actions or ())
        if statement.not_actions is not None:
            actions = sets.all ^ actions
        if not actions:
            continue
        rows = tuple(compile_row(condition, document.has_variables) for condition in statement.conditions)
        negated = statement.not_resources is not None
        resources = statement.not_resources if negated else statement.resources
        in_resources = {
            canonical_key(variable.key)
            for pattern in resources or ()
            if "${" in pattern
            for variable in resource_template(pattern, variables=document.has_variables).variables
        }
        reads = in_resources.union(*(row.reads for row in rows))
        compiled.append(
            Compiled(
                statement,
                statement.effect,
                actions,
                resources,
                negated,
                document.has_variables,
                rows,
                frozenset(reads),
                tuple(sorted(in_resources)),
            )
        )
    for unread in document.unread:
        compiled.append(Compiled(unread, unread.effect, sets.all, None, False, False, (), frozenset()))
    return tuple(compiled)


def compile_row(condition: Condition, variables: bool) -> Row:
    """Return one row of a Condition block with the keys that it depends on.

    Parameters
    ----------
    condition : Condition
        The row.
    variables : bool
        Whether the document has policy variables (M7).
    """
    reads = [canonical_key(condition.key)]
    if variables and condition.operator.base != NULL and COMPARISONS[condition.operator.base].variables:
        for value in condition.values:
            if "${" not in value:
                continue
            template = parse_template(value, variables=True, wildcards=True)
            reads += [canonical_key(variable.key) for variable in template.variables]
    question = (condition.written or str(condition.operator), condition.key, condition.values, variables)
    return Row(condition, variables, reads[0], tuple(dict.fromkeys(reads)), question)


#: What is known of each key that a row reads, in order; None where a key is open.
Binding = tuple[ContextEntry | None, ...]


def binding(row: Row, *knowns: Known) -> Binding:
    """Return what is known of the keys that a row reads.

    Parameters
    ----------
    row : Row
        The row.
    *knowns : Known
        Sources of knowledge; the first that knows a key counts.
    """
    found = []
    for key in row.reads:
        entry = None
        for known in knowns:
            entry = known.get(key)
            if entry is not None:
                break
        found.append(entry)
    return tuple(found)


def _context(row: Row, bound: Binding) -> Context:
    entries = {
        key: entry
        for key, entry in zip(row.reads, bound, strict=True)
        if entry is not None and entry is not ABSENT_KEY
    }
    return Context(entries)


def _wanted(row: Row, bound: Binding) -> list[Test | None]:
    """Return the row's values as tests, variables replaced by what is known."""
    comparison = COMPARISONS[row.condition.operator.base]
    context = _context(row, bound)
    tests: list[Test | None] = []
    for value in row.condition.values:
        template = parse_template(
            value, variables=row.variables and comparison.variables, wildcards=comparison.wildcards
        )
        pieces = template.resolve(context.single)
        tests.append(None if pieces is None else Test(_base(row), pieces))
    return tests


def _base(row: Row) -> str:
    """Return the positive operator of a row; numbers compared with ``aws:EpochTime`` are moments."""
    base = positive_base(row.condition.operator.base)
    return base.replace("Numeric", "Date") if row.key == "aws:currenttime" else base


def _is_open(bound: Binding) -> tuple[bool, bool]:
    """Whether the row's own key is open, and whether a variable in its values is."""
    return bound[0] is None, any(entry is None for entry in bound[1:])


def usage_of(row: Row, bound: Binding) -> Usage | None:
    """Return the questions that a row asks of an open key; None where nothing is open.

    Parameters
    ----------
    row : Row
        The row.
    bound : tuple
        What is known of the keys it reads.
    """
    own, variable = _is_open(bound)
    if not own:
        return None
    usage = Usage(row.condition.key, qualified=row.condition.operator.qualifier is not None)
    if row.condition.operator.base != NULL and not variable:
        usage.tests |= {test for test in _wanted(row, bound) if test is not None}
    return usage


def closed_row(row: Row, bound: Binding) -> bool:
    """Whether a row holds, where everything that it reads is known.

    Parameters
    ----------
    row : Row
        The row.
    bound : tuple
        What is known of the keys it reads.
    """
    return evaluate_condition(row.condition, _context(row, bound), variables=row.variables).holds


def row_contexts(row: Row, bound: Binding, space: Space) -> int:
    """Return the contexts in which a row holds.

    Parameters
    ----------
    row : Row
        The row.
    bound : tuple
        What is known of the keys it reads.
    space : Space
        The estate's contexts.
    """
    condition = row.condition
    own, variable = _is_open(bound)
    if not own and not variable:
        return TRUE if closed_row(row, bound) else FALSE
    if variable and condition.operator.base != NULL:
        values = " or ".join(condition.values)
        return space.unknown(f"{condition.operator} holds for {condition.key} and {values}")
    if condition.operator.base.startswith("Numeric") and condition.key.lower() == "aws:currenttime":
        return FALSE  # C9: a time is no number
    wanted = [] if condition.operator.base == NULL else _wanted(row, bound)
    return space.condition(condition.key, condition.operator, wanted, condition.values)
