"""One request of a set of contexts, with as few context keys as possible."""

from __future__ import annotations

from collections.abc import Iterator

from wmiam.conditions.words import moment
from wmiam.engine.diagrams import FALSE
from wmiam.engine.space import MFA_PRESENT, Dimension, Space

__all__ = ["needed_variables", "pick_request", "variables_of"]


def variables_of(dimension: Dimension) -> Iterator[int]:
    """Yield every variable of a context key."""
    yield from dimension.variables
    if dimension.single is not None:
        yield dimension.single


def pick_request(space: Space, contexts: int) -> tuple[dict[int, int], dict[str, str | list[str]]]:
    """Return one context of a set, with few keys.

    Parameters
    ----------
    space : Space
        Where the contexts live.
    contexts : int
        The set; not empty.

    Returns
    -------
    tuple
        A value of every variable, and by canonical key the text of those that are present.
    """
    d = space.diagrams
    point: dict[int, int] = {}
    texts: dict[str, str | list[str]] = {}
    left = contexts
    for key, dimension in space.dimensions.items():
        if dimension.multivalued:
            left, values, members = _members(space, dimension, left)
            texts[key] = members
        else:
            left, values, text = _value(space, dimension, left)
            if text is not None:
                texts[key] = moment(text) if key == "aws:currenttime" else text
        point.update(values)
    for variable in space.opaque.values():
        value = next(v for v in (1, 0) if d.both(left, d.literal(variable, 1 << v)) != FALSE)
        left = d.both(left, d.literal(variable, 1 << value))
        point[variable] = value
    return point, texts


def _value(space: Space, dimension: Dimension, left: int) -> tuple[int, dict[int, int], str | None]:
    """Narrow a set to one value of a key: absent where that can be."""
    d = space.diagrams

    def narrowed(values: dict[int, int]) -> int:
        return d.both(left, d.cube({variable: 1 << value for variable, value in values.items()}))

    nowhere = dict.fromkeys(dimension.variables, 0)
    if narrowed(nowhere) != FALSE:
        return narrowed(nowhere), nowhere, None
    # A text is in one class of each group; only such combinations are a request.
    texts = dict.fromkeys(w for group in dimension.groups for w in group.witnesses if w is not None)
    for text in sorted(texts, key=lambda t: _preference(dimension, t)):
        try:
            values = {
                variable: group.class_of(text)
                for group, variable in zip(dimension.groups, dimension.variables, strict=True)
            }
        except LookupError:
            continue
        if narrowed(values) != FALSE:
            return narrowed(values), values, text
    picked = d.pick(left) or {}
    values = {variable: picked.get(variable, 1) for variable in dimension.variables}
    first = dimension.groups[0].witnesses[values[dimension.variables[0]]]
    return narrowed(values), values, first


def _preference(dimension: Dimension, text: str) -> tuple[bool, bool]:
    """Ordinary requests first: over TLS, and without MFA where it makes no difference."""
    wanted = "false" if dimension.key in (MFA_PRESENT, "aws:viaawsservice") else "true"
    return text != wanted, text in ("", "x", "other", "any")


def _members(space: Space, dimension: Dimension, left: int) -> tuple[int, dict[int, int], list[str]]:
    """Narrow a set to some members of a multivalued key, as few as can be."""
    d, group = space.diagrams, dimension.groups[0]
    single = dimension.single or 0
    # Members are distinct: where the only class of members is one text, there is one member.
    doubled = d.any_of(
        d.all_of([d.literal(single, 1), *(d.literal(v, 2 if v == w else 1) for w in dimension.variables)])
        for index, v in enumerate(dimension.variables, 1)
        if any(t.is_constant and true == 1 << index for t, true in group.true.items())
    )
    rest = d.minus(left, doubled)
    left = rest if rest != FALSE else left
    values: dict[int, int] = {}
    members: list[str] = []
    for index, variable in enumerate(dimension.variables, 1):
        without = d.both(left, d.literal(variable, 1))
        values[variable] = int(without == FALSE)
        left = without if without != FALSE else left
        if values[variable]:
            members.append(group.witnesses[index] or "")
    one = d.both(left, d.literal(single, 2))
    values[single] = int(one != FALSE)
    left = one if one != FALSE else d.both(left, d.literal(single, 1))
    if len(members) == 1 and not values[single]:
        members.append(_another(dimension, members[0]))
    return left, values, members


def _another(dimension: Dimension, member: str) -> str:
    """Return a second member of the class of one."""
    group = dimension.groups[0]
    wanted = group.class_of(member)
    for candidate in (f"{member}{end}" for end in ("2", "/2", "-", "x")):
        try:
            if group.class_of(candidate) == wanted:
                return candidate
        except LookupError:
            continue
    return member


def needed_variables(space: Space, point: dict[int, int], contexts: int, within: int) -> set[int]:
    """Return the variables on whose value in a point it depends that the point is in a set.

    Parameters
    ----------
    space : Space
        Where the contexts live.
    point : dict of int to int
        A value of every variable.
    contexts, within : int
        The set, and the contexts that can be.
    """
    d = space.diagrams
    relevant = {*d.support(contexts), *d.support(within)}
    case = {variable: 1 << value for variable, value in point.items() if variable in relevant}
    for variable in sorted(case, reverse=True):
        fewer = {v: mask for v, mask in case.items() if v != variable}
        if d.implies(d.both(d.cube(fewer), within), contexts):
            case = fewer
    return set(case)
