"""All context keys of an estate as variables of decision diagrams, and conditions as sets of contexts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from wmiam.catalog import load
from wmiam.engine.diagrams import FALSE, Diagrams
from wmiam.engine.domains import ABSENT, Group, Test, build_groups
from wmiam.engine.request import Context
from wmiam.policy.model import Operator, Qualifier
from wmiam.policy.operators import COMPARISONS, NULL
from wmiam.policy.patterns import ascii_lower
from wmiam.policy.values import parse_bool

__all__ = ["Dimension", "Space", "Usage", "canonical_key"]

#: Two names of one moment (C10): they are one dimension.
_SAME_MOMENT = {"aws:epochtime": "aws:currenttime"}
#: Keys that every signed request carries.
ALWAYS_PRESENT = frozenset(
    {"aws:currenttime", "aws:securetransport", "aws:requestedregion", "aws:principalarn", "aws:viaawsservice"}
    | {"aws:principalaccount", "aws:principaltype", "aws:userid", "aws:principalisawsservice"}
)
MFA_PRESENT, MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"


@lru_cache(maxsize=65536)
def canonical_key(key: str) -> str:
    """Return the name under which a context key is known here: lower case, one name for one thing."""
    lowered = ascii_lower(key)
    return _SAME_MOMENT.get(lowered, lowered)


@dataclass(slots=True)
class Usage:
    """How an estate's conditions use one context key.

    Parameters
    ----------
    name : str
        The key as first written.
    tests : set of Test
        Questions about its value.
    qualified : bool
        Whether a set operator is used on it.
    """

    name: str
    tests: set[Test] = field(default_factory=set)
    qualified: bool = False


@dataclass(slots=True)
class Dimension:
    """One context key as variables.

    Parameters
    ----------
    key, name : str
        Canonical and written name.
    groups : list of Group
        Value classes; for a multivalued key those of one member.
    variables : list of int
        Variable of each group; for a multivalued key one two-valued variable for
        each class of members ("some member is of that class").
    single : int or None
        For a multivalued key: the variable "there is exactly one member".
    """

    key: str
    name: str
    groups: list[Group]
    variables: list[int]
    single: int | None = None

    @property
    def multivalued(self) -> bool:
        """Whether the key can have several values in one request."""
        return self.single is not None


class Space:
    """The request contexts of an estate.

    Parameters
    ----------
    usages : iterable of Usage
        Every key that some condition asks for and that is not known beforehand.
    """

    def __init__(self, usages: Iterable[Usage]) -> None:
        self.diagrams = Diagrams()
        self.dimensions: dict[str, Dimension] = {}
        self.opaque: dict[str, int] = {}
        self._owner: dict[int, tuple[Dimension, int] | str] = {}
        by_key: dict[str, Usage] = {}
        for usage in usages:
            key = canonical_key(usage.name)
            merged = by_key.setdefault(key, Usage(usage.name))
            merged.tests |= usage.tests
            merged.qualified |= usage.qualified
        if MFA_AGE in by_key:
            by_key.setdefault(MFA_PRESENT, Usage("aws:MultiFactorAuthPresent"))
        tag_keys = by_key.get("aws:tagkeys")
        if tag_keys is not None:
            # A request tag's key is among aws:TagKeys, so it must be a class of its own there.
            for key, usage in by_key.items():
                if key.startswith("aws:requesttag/"):
                    tag_keys.tests.add(Test("StringEquals", (usage.name.partition("/")[2],)))
        for key in sorted(by_key, key=_order):
            self._add(key, by_key[key])
        self._universe = self._build_universe()

    def _add(self, key: str, usage: Usage) -> None:
        known = load().key(usage.name)
        kind = known.type if known is not None else "String"
        many = known.multivalued if known is not None else False
        groups = build_groups(usage.tests, kind=kind, needs_empty=usage.qualified and not many)
        if many:
            group = groups[0]
            dimension = Dimension(key, usage.name, [group], [], single=-1)
            for index in range(1, len(group.witnesses)):
                variable = self.diagrams.add_variable(2)
                dimension.variables.append(variable)
                self._owner[variable] = (dimension, index)
            dimension.single = self.diagrams.add_variable(2)
            self._owner[dimension.single] = (dimension, 0)
        else:
            dimension = Dimension(key, usage.name, groups, [])
            for index, group in enumerate(groups):
                variable = self.diagrams.add_variable(len(group.witnesses))
                dimension.variables.append(variable)
                self._owner[variable] = (dimension, index)
        self.dimensions[key] = dimension

    def unknown(self, name: str) -> int:
        """Return the contexts in which a named unknown holds: something that no key decides.

        Parameters
        ----------
        name : str
            A clause that completes "it depends on whether …".
        """
        if name not in self.opaque:
            variable = self.diagrams.add_variable(2)
            self.opaque[name] = variable
            self._owner[variable] = name
        return self.diagrams.literal(self.opaque[name], 2)

    def where_none(self, contexts: int, unknowns: Collection[int]) -> int:
        """Return the contexts of a set in which none of some unknowns holds, whatever these are then.

        Parameters
        ----------
        contexts : int
            The set.
        unknowns : collection of int
            Variables of named unknowns.
        """
        d = self.diagrams
        for variable in d.support(contexts) if unknowns and contexts != FALSE else ():
            if variable in unknowns:
                contexts = d.without(d.both(contexts, d.literal(variable, 1)), variable)
        return contexts

    def owner(self, variable: int) -> tuple[Dimension, int] | str:
        """Return what a variable stands for: a dimension and an index, or a named unknown."""
        return self._owner[variable]

    def point(self, context: Context) -> dict[int, int]:
        """Return the value of each variable in a concrete request context.

        Parameters
        ----------
        context : Context
            Every key that the request has; named unknowns get no value.
        """
        values: dict[int, int] = {}
        for dimension in self.dimensions.values():
            entry = context.get(dimension.key)
            if entry is None and dimension.key in _SAME_MOMENT.values():
                entry = next(
                    (context[k] for k, v in _SAME_MOMENT.items() if v == dimension.key and k in context), None
                )
            members = () if entry is None or entry.is_null else entry.values
            if dimension.multivalued and dimension.single is not None:
                classes = {dimension.groups[0].class_of(member) for member in members}
                for index, variable in enumerate(dimension.variables, 1):
                    values[variable] = int(index in classes)
                values[dimension.single] = int(len(set(members)) == 1)
            else:
                for group, variable in zip(dimension.groups, dimension.variables, strict=True):
                    values[variable] = group.class_of(members[0]) if members else ABSENT
        self._complete_request_tags(values)
        return values

    def _complete_request_tags(self, values: dict[int, int]) -> None:
        """Give a value to tags that the request names by ``aws:TagKeys`` alone (``UntagResource``)."""
        tag_keys = self.dimensions.get("aws:tagkeys")
        for key, dimension in self.dimensions.items() if tag_keys is not None else ():
            if key.startswith("aws:requesttag/") and tag_keys is not None:
                at = tag_keys.groups[0].class_of(dimension.name.partition("/")[2])
                if values[tag_keys.variables[at - 1]]:
                    for variable in dimension.variables:
                        values[variable] = values[variable] or ABSENT + 1

    # -- conditions ---------------------------------------------------------

    def presence(self, dimension: Dimension) -> int:
        """Return the contexts in which a key is present."""
        if dimension.multivalued:
            return self.diagrams.any_of(self.diagrams.literal(v, 2) for v in dimension.variables)
        return self.diagrams.literal(dimension.variables[0], dimension.groups[0].present)

    def valued(self, dimension: Dimension, value: str | None) -> int:
        """Return the contexts in which a key that takes one value has just that.

        Parameters
        ----------
        dimension : Dimension
            The key.
        value : str or None
            The value; None where the key is absent.

        Raises
        ------
        LookupError
            If no request has such a value.
        """
        return self.diagrams.all_of(
            self.diagrams.literal(variable, 1 << (ABSENT if value is None else group.class_of(value)))
            for group, variable in zip(dimension.groups, dimension.variables, strict=True)
        )

    def condition(
        self, key: str, operator: Operator, wanted: Sequence[Test | None], texts: Sequence[str]
    ) -> int:
        """Return the contexts in which one row of a Condition block holds.

        Parameters
        ----------
        key : str
            Context key.
        operator : Operator
            The row's operator.
        wanted : sequence of Test or None
            Its values; None for one whose variable has no value.
        texts : sequence of str
            The values as written (for ``Null``).
        """
        d, dimension = self.diagrams, self.dimensions[canonical_key(key)]
        present = self.presence(dimension)
        if operator.base == NULL:
            result = FALSE
            for text in texts:
                null = parse_bool(text)
                if null is not None:
                    result = d.either(result, d.neither(present) if null else present)
            return result
        comparison = COMPARISONS[operator.base]
        tests = [test for test in wanted if test is not None]
        if dimension.multivalued:
            return self._many(dimension, operator, tests, comparison.negated)
        matches = self._matches(dimension, tests, comparison.negated)
        if operator.qualifier is None:
            absent = d.neither(present) if operator.if_exists or comparison.negated else FALSE
            return d.either(absent, matches)
        empty = self._empty(dimension)
        matches = d.minus(matches, empty)
        if operator.qualifier is Qualifier.FOR_ALL_VALUES:
            return d.either(d.either(d.neither(present), empty), matches)
        return d.either(d.neither(present), matches) if operator.if_exists else matches

    def _matches(self, dimension: Dimension, tests: Sequence[Test], negated: bool) -> int:
        """Return the contexts in which a single value is present and satisfies the tests."""
        d = self.diagrams
        result = self.presence(dimension) if negated else FALSE
        for test in tests:
            position = next(i for i, group in enumerate(dimension.groups) if test in group.true)
            group, variable = dimension.groups[position], dimension.variables[position]
            if negated:
                bad = group.true[test] | group.malformed[test]
                result = d.both(result, d.literal(variable, group.present & ~bad))
            else:
                result = d.either(result, d.literal(variable, group.true[test]))
        return result

    def _empty(self, dimension: Dimension) -> int:
        for group, variable in zip(dimension.groups, dimension.variables, strict=True):
            if "" in group.witnesses:
                return self.diagrams.literal(variable, 1 << group.witnesses.index(""))
        return FALSE

    def _many(self, dimension: Dimension, operator: Operator, tests: Sequence[Test], negated: bool) -> int:
        d, group = self.diagrams, dimension.groups[0]
        known = [test for test in tests if test in group.true]
        if negated:
            bad = 0
            for test in known:
                bad |= group.true[test] | group.malformed[test]
            good = group.present & ~bad
        else:
            good = 0
            for test in known:
                good |= group.true[test]
        some_good = d.any_of(d.literal(v, 2) for i, v in enumerate(dimension.variables, 1) if good >> i & 1)
        some_bad = d.any_of(
            d.literal(v, 2) for i, v in enumerate(dimension.variables, 1) if not good >> i & 1
        )
        present = self.presence(dimension)
        if operator.qualifier is Qualifier.FOR_ALL_VALUES:
            return d.neither(some_bad)
        if operator.qualifier is Qualifier.FOR_ANY_VALUE:
            return d.either(some_good, d.neither(present)) if operator.if_exists else some_good
        # C5: an operator for one value holds where there is just one, and it matches.
        assert_single = d.literal(dimension.single or 0, 2)
        absent = d.neither(present) if operator.if_exists or negated else FALSE
        return d.either(absent, d.both(assert_single, some_good))

    # -- what can be --------------------------------------------------------

    def _build_universe(self) -> int:
        d = self.diagrams
        rules: list[int] = []
        for dimension in self.dimensions.values():
            if dimension.multivalued:
                rules.append(self._at_most_one(dimension))
                continue
            if dimension.key in ALWAYS_PRESENT:
                rules.append(self.presence(dimension))
            first = self.presence(dimension)
            for group, variable in zip(dimension.groups[1:], dimension.variables[1:], strict=True):
                rules.append(_same(d, first, d.literal(variable, group.present)))
        if MFA_AGE in self.dimensions:
            present = self.dimensions[MFA_PRESENT]
            used = d.literal(present.variables[0], 1 << present.groups[0].witnesses.index("true"))
            rules.append(_same(d, used, self.presence(self.dimensions[MFA_AGE])))
            rules.append(self._not_negative(self.dimensions[MFA_AGE]))
        rules += self._request_tags()
        return d.all_of(rules)

    def _at_most_one(self, dimension: Dimension) -> int:
        """Where there is one member, one class of members occurs; and the reverse for a class of one text."""
        d = self.diagrams
        single = d.literal(dimension.single or 0, 2)
        true = dimension.groups[0].true.items()
        texts = {mask for test, mask in true if test.is_constant and test.base != "BinaryEquals"}
        one = lone_text = FALSE
        for index, chosen in enumerate(dimension.variables, 1):
            alone = d.all_of(d.literal(v, 2 if v == chosen else 1) for v in dimension.variables)
            one = d.either(one, alone)
            if 1 << index in texts:
                lone_text = d.either(lone_text, alone)
        return d.both(d.either(d.neither(single), one), d.either(d.neither(lone_text), single))

    def _not_negative(self, dimension: Dimension) -> int:
        d = self.diagrams
        rules = []
        for group, variable in zip(dimension.groups, dimension.variables, strict=True):
            if group.family == "number":
                fine = sum(
                    1 << i for i, w in enumerate(group.witnesses) if w is None or not w.startswith("-")
                )
                rules.append(d.literal(variable, fine))
        return d.all_of(rules)

    def _request_tags(self) -> list[int]:
        """``aws:RequestTag/x`` is present exactly where ``x`` is among ``aws:TagKeys``."""
        d, tag_keys = self.diagrams, self.dimensions.get("aws:tagkeys")
        if tag_keys is None:
            return []
        rules = []
        for key, dimension in self.dimensions.items():
            if key.startswith("aws:requesttag/"):
                tag = dimension.name.partition("/")[2]
                at = tag_keys.groups[0].class_of(tag)
                rules.append(_same(d, self.presence(dimension), d.literal(tag_keys.variables[at - 1], 2)))
        return rules

    def universe(self, *, temporary: bool, long_term: bool) -> int:
        """Return the contexts that a kind of principal can have.

        Parameters
        ----------
        temporary, long_term : bool
            Whether it can have temporary credentials, and long-term ones: with the
            latter no MFA key is present (C10).
        """
        result = self._universe
        dimension = self.dimensions.get(MFA_PRESENT)
        if dimension is not None and not (temporary and long_term):
            d, present = self.diagrams, self.presence(dimension)
            result = d.both(result, present if temporary else d.neither(present))
        return result


def _same(d: Diagrams, left: int, right: int) -> int:
    return d.either(d.both(left, right), d.both(d.neither(left), d.neither(right)))


def _order(key: str) -> tuple[int, str]:
    """Few-valued keys that most policies use come first: diagrams stay small."""
    first = (
        MFA_PRESENT,
        MFA_AGE,
        "aws:securetransport",
        "aws:requestedregion",
        "aws:sourceip",
        "aws:currenttime",
    )
    return (first.index(key) if key in first else len(first), key)
