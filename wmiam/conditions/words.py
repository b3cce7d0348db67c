"""Sets of request contexts in plain words, and an example of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from weakref import WeakKeyDictionary

from wmiam.engine.diagrams import FALSE
from wmiam.engine.domains import Group, Test
from wmiam.engine.resources import INCOMING
from wmiam.engine.space import MFA_AGE, MFA_PRESENT, Dimension, Space

__all__ = ["FOLLOWS", "case_words", "cases_of", "clause", "describe", "moment", "phrase", "widen", "witness"]

#: Most cases that a sentence lists before it names the keys alone.
MOST_CASES = 24


def describe(contexts: int, within: int, space: Space, *, role: bool = False) -> str:
    """Return the shortest sentence found that says exactly when a set of contexts holds.

    Parameters
    ----------
    contexts : int
        The set, a part of ``within``.
    within : int
        The contexts that can be: what lies outside does not matter.
    space : Space
        Where both come from.
    role : bool
        Whether it is about a role's sessions: where they carry no MFA keys, an identity
        provider made them; for users these are long-term access keys.

    Returns
    -------
    str
        ``""`` where the set is all of ``within``, ``"never"`` where it is empty.
    """
    if contexts == FALSE:
        return "never"
    if contexts == within:
        return ""
    said = _said(space).sentences
    if (contexts, within) not in said:
        said[contexts, within] = _sentence(contexts, within, space)
    sentence = said[contexts, within]
    return sentence.replace(_KEYS, _FEDERATED) if role else sentence


class _Said:
    """What was found for a space's sets: many cells share a few of them."""

    def __init__(self) -> None:
        self.sentences: dict[tuple[int, int], str] = {}
        self.witnesses: dict[tuple[int, int], dict[str, str] | None] = {}


#: Ends with its space, whose nodes, like what is kept here, are as many as there are distinct sets.
_SAID: WeakKeyDictionary[Space, _Said] = WeakKeyDictionary()


def _said(space: Space) -> _Said:
    found = _SAID.get(space)
    if found is None:
        found = _SAID[space] = _Said()
    return found


#: What credentials without MFA keys are: a user's, and a role's.
_KEYS, _FEDERATED = "with long-term access keys", "in a federated session"


def _sentence(contexts: int, within: int, space: Space) -> str:
    cases = cases_of(contexts, within, space)
    if cases is None:
        names = sorted({_name(space, v) for v in space.diagrams.support(contexts)})
        return "in some cases, which depend on " + ", ".join(names)
    phrases = [list(_phrases(case, space)) for case in cases]
    shared = [text for text in phrases[0] if all(text in others for others in phrases[1:])]
    rests = [[text for text in texts if text not in shared] for texts in phrases]
    if len(cases) > 1 and shared and all(len(rest) == 1 for rest in rests):
        either = " or ".join(sorted(rest[0] for rest in rests))
        return f"{', '.join(shared)}, and either {either}"
    return "; or ".join(sorted(", ".join(texts) for texts in phrases))


#: How a clause begins that follows a verb without "when".
FOLLOWS = (
    "with",
    "in ",
    "not in ",
    "from ",
    "not from ",
    "over ",
    "for ",
    "if ",
    "unless ",
    "before ",
    "after ",
)


def clause(sentence: str) -> str:
    """Return a sentence of :func:`describe` so that it can follow "denies it"."""
    return sentence if sentence.startswith(FOLLOWS) or not sentence else f"when {sentence}"


def witness(contexts: int, within: int, space: Space) -> dict[str, str] | None:
    """Return a small request context of a set: the keys that matter and a value of each.

    Parameters
    ----------
    contexts : int
        The set.
    within : int
        The contexts that can be.
    space : Space
        Where both come from.

    Returns
    -------
    dict or None
        From key to value; a key that must be absent is left out; None for the empty set.
    """
    known = _said(space).witnesses
    if (contexts, within) not in known:
        known[contexts, within] = _example(contexts, within, space)
    found = known[contexts, within]
    return None if found is None else dict(found)


def _example(contexts: int, within: int, space: Space) -> dict[str, str] | None:
    d = space.diagrams
    chosen = d.pick(contexts)
    if chosen is None:
        return None
    needed = widen({variable: 1 << value for variable, value in chosen.items()}, contexts, within, space)
    chosen = {variable: value for variable, value in chosen.items() if variable in needed}
    found: dict[str, list[str]] = {}
    for variable, value in chosen.items():
        owner = space.owner(variable)
        if isinstance(owner, str):
            found[owner] = ["true" if value else "false"]
            continue
        dimension, index = owner
        if dimension.multivalued:
            if index and value:
                found.setdefault(dimension.name, []).append(dimension.groups[0].witnesses[index] or "")
        else:
            text = dimension.groups[index].witnesses[value]
            if text is not None:
                shown = moment(text) if dimension.key == "aws:currenttime" else text
                found.setdefault(dimension.name, [shown])
    return {key: ", ".join(values) for key, values in found.items()}


def cases_of(contexts: int, within: int, space: Space) -> list[dict[int, int]] | None:
    """Return conjunctions that together are a set, each as wide as it can be.

    Parameters
    ----------
    contexts : int
        The set.
    within : int
        The contexts that can be.
    space : Space
        Where both come from.

    Returns
    -------
    list of dict, or None
        From variable to mask of values; None if there are more than :data:`MOST_CASES`.
    """
    d = space.diagrams
    remaining, cases = contexts, list[dict[int, int]]()
    while remaining != FALSE:
        if len(cases) == MOST_CASES:
            return None
        case = widen(next(d.cubes(remaining)), contexts, within, space)
        cases.append(case)
        remaining = d.minus(remaining, d.cube(case))
    for case in list(cases):
        others = [other for other in cases if other is not case]
        if others and d.implies(contexts, d.any_of(d.cube(other) for other in others)):
            cases = others
    return cases


def widen(case: dict[int, int], contexts: int, within: int, space: Space) -> dict[int, int]:
    """Return a conjunction with everything dropped that is not needed to stay inside a set.

    Parameters
    ----------
    case : dict of int to int
        From variable to mask of values.
    contexts : int
        The set.
    within : int
        The contexts that can be.
    space : Space
        Where both come from.
    """
    d = space.diagrams

    def fits(candidate: dict[int, int]) -> bool:
        return d.implies(d.both(d.cube(candidate), within), contexts)

    for variable in sorted(case, reverse=True):
        narrower = {v: m for v, m in case.items() if v != variable}
        if fits(narrower):
            case = narrower
    for variable in list(case):
        full = d.full[variable]
        for value in range(min(full.bit_length(), 64)):
            if not case[variable] >> value & 1:
                wider = {**case, variable: case[variable] | 1 << value}
                if wider[variable] != full and fits(wider):
                    case = wider
    return _narrow(case, within, space)


def _narrow(case: dict[int, int], within: int, space: Space) -> dict[int, int]:
    """Return a conjunction without the values that cannot be anyway: words get shorter."""
    d = space.diagrams
    result = dict(case)
    for variable, mask in case.items():
        for value in range(min(mask.bit_length(), 64)):
            bit = 1 << value
            if result[variable] & bit and result[variable] != bit:
                impossible = d.both(d.cube({**case, variable: bit}), within) == FALSE
                if impossible:
                    result[variable] ^= bit
    return result


def case_words(case: dict[int, int], space: Space) -> dict[str, str]:
    """Return what a conjunction says of each context key, and of each named unknown.

    Parameters
    ----------
    case : dict of int to int
        From variable to mask of values, as :func:`cases_of` gives them.
    space : Space
        Where they come from.
    """
    found: dict[str, list[str]] = {}
    for variable, mask in sorted(case.items()):
        found.setdefault(_name(space, variable), []).extend(_phrases({variable: mask}, space))
    return {name: ", ".join(texts) for name, texts in found.items()}


def _name(space: Space, variable: int) -> str:
    owner = space.owner(variable)
    return owner if isinstance(owner, str) else owner[0].name


def _phrases(case: dict[int, int], space: Space) -> Iterator[str]:
    for variable, mask in sorted(case.items()):
        owner = space.owner(variable)
        if isinstance(owner, str):
            yield _unknown(owner, mask)
            continue
        dimension, index = owner
        if dimension.multivalued:
            yield _member(dimension, index, mask)
        else:
            yield phrase(dimension, dimension.groups[index], mask)


def _unknown(name: str, mask: int) -> str:
    if name == INCOMING:
        return "for incoming messages" if mask == 2 else "for outgoing messages"
    return f"if {name}" if mask == 2 else f"unless {name}"


def _member(dimension: Dimension, index: int, mask: int) -> str:
    if index == 0:
        return f"{dimension.name} has {'one value' if mask == 2 else 'not just one value'}"
    group = dimension.groups[0]
    what = _values(group, 1 << index, "").strip()
    return f"{dimension.name} {'has' if mask == 2 else 'has no'} member that {what}"


def phrase(dimension: Dimension, group: Group, mask: int) -> str:
    """Return a clause that says which values of a key a mask allows.

    Parameters
    ----------
    dimension : Dimension
        The key.
    group : Group
        The value classes that the mask is about.
    mask : int
        Set of classes.
    """
    special = _special(dimension.key, group, mask)
    if special:
        return special
    name, present = dimension.name, mask & group.present
    if present == 0:
        return f"{name} is absent"
    if present == group.present:
        return f"{name} is present"
    absent = " or is absent" if mask & 1 else ""
    return _values(group, present, name) + absent


def _special(key: str, group: Group, mask: int) -> str:
    names = {group.witnesses[i] or "absent" for i in range(len(group.witnesses)) if mask >> i & 1}
    if key == MFA_PRESENT:
        return {
            frozenset({"true"}): "with MFA",
            frozenset({"false"}): "with temporary credentials without MFA",
            frozenset({"absent"}): "with long-term access keys",
            frozenset({"absent", "false"}): "without MFA",
            frozenset({"true", "false"}): "with temporary credentials",
            frozenset({"true", "absent"}): "with MFA or with long-term access keys",
        }.get(frozenset(names), "")
    if key == "aws:securetransport" and len(names) == 1:
        return "over TLS" if names == {"true"} else "without TLS"
    if key == "aws:requestedregion" and not mask & 1:
        text = _values(group, mask, "")
        return text.replace(" is not ", "not in ", 1).replace(" is ", "in ", 1).replace("'", "")
    if key == "aws:sourceip" and not mask & 1:
        return _values(group, mask, "").replace(" is not in", "not from").replace(" is in", "from").strip()
    if key == MFA_AGE and not mask & 1:
        text = _values(group, mask, "MFA age in seconds")
        head, below, limit = text.partition("MFA age in seconds is below ")
        return f"MFA less than {limit} seconds old" if below and not head and limit.isdigit() else text
    if key == "aws:currenttime" and not mask & 1:
        return _values(group, mask, "the time").replace("the time is ", "")
    return ""


def _values(group: Group, mask: int, name: str) -> str:
    """Return a clause for a set of classes in which the key is present."""
    if group.family in ("number", "date"):
        return _intervals(group, mask, name)
    if group.family == "bool":
        return f"{name} is " + " or ".join(w for i, w in enumerate(group.witnesses) if w and mask >> i & 1)
    for negated, wanted in ((False, mask), (True, group.present & ~mask)):
        cover = _cover(group, wanted)
        if cover is not None:
            return f"{name} {_tests(cover, negated)}"
    examples = ", ".join(repr(w) for i, w in enumerate(group.witnesses) if w is not None and mask >> i & 1)
    return f"{name} is like {examples}"


def _cover(group: Group, mask: int) -> list[Test] | None:
    """Return the fewest tests found whose matches are just the classes of a mask."""
    whole = [test for test, true in group.true.items() if true == mask]
    if whole:
        return [min(whole, key=lambda test: len(test.text))]
    chosen: list[Test] = []
    left = mask
    fitting = sorted(
        ((true, test) for test, true in group.true.items() if true and true & mask == true),
        key=lambda pair: -pair[0].bit_count(),
    )
    for true, test in fitting:
        if true & left:
            chosen.append(test)
            left &= ~true
    return chosen if chosen and not left else None


def _tests(tests: list[Test], negated: bool) -> str:
    constants = [t.text for t in tests if t.is_constant or t.base.endswith("IgnoreCase")]
    ranges = [t.text for t in tests if t.base == "IpAddress"]
    patterns = [t.text for t in tests if t.text not in constants and t.text not in ranges]
    isnt = "is not" if negated else "is"
    parts = []
    if constants:
        shown = [repr(text) for text in constants]
        parts.append(f"{isnt} {shown[0]}" if len(shown) == 1 else f"{isnt} one of {', '.join(shown)}")
    if ranges:
        parts.append(f"{isnt} in {' or '.join(ranges)}")
    if patterns:
        shown = [repr(text) for text in patterns]
        parts.append(f"{'does not match' if negated else 'matches'} {' or '.join(shown)}")
    return (" and " if negated else " or ").join(parts)


def _intervals(group: Group, mask: int, name: str) -> str:
    """Return a clause for numbers or moments: classes alternate between gaps (even) and points."""
    show = moment if group.family == "date" else str
    below, above = ("before", "after") if group.family == "date" else ("below", "above")
    last = len(group.witnesses) - 1
    runs: list[tuple[int, int]] = []
    for index in range(1, last + 1):
        if mask >> index & 1:
            if runs and runs[-1][1] == index - 1:
                runs[-1] = (runs[-1][0], index)
            else:
                runs.append((index, index))

    def point(index: int) -> str:
        return show(group.witnesses[index] or "")

    parts = []
    for first, end in runs:
        low = (
            "" if first == 1 else f"from {point(first)}" if first % 2 == 0 else f"{above} {point(first - 1)}"
        )
        high = "" if end == last else f"up to {point(end)}" if end % 2 == 0 else f"{below} {point(end + 1)}"
        parts.append(
            point(first) if first == end and first % 2 == 0 else " and ".join(p for p in (low, high) if p)
        )
    return f"{name} is {' or '.join(parts)}"


def moment(text: str) -> str:
    """Return a moment as ISO 8601 in UTC; as it is where no calendar holds it.

    Parameters
    ----------
    text : str
        Seconds since the epoch.
    """
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(Decimal(text)))
    except (OverflowError, ArithmeticError):
        return text
    return moment.isoformat().replace("+00:00", "Z")
