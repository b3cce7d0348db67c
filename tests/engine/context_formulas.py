"""Policies as formulas over request contexts, for an SMT solver.

Written from the IAM User Guide ("Condition operators", "Set operators for multivalued context
keys", "Global condition context keys", "Policy evaluation logic"), and not from the engine: strings
are z3's strings with regular expressions, numbers and moments are reals, addresses are bit vectors,
a multivalued key is a few members that are there or not.

Where the guide leaves something open, the formulas follow what the house decided, and the rules
are named as there: a malformed value keeps a negated operator from holding (C9), a plain
operator on a key with several values does not hold (C5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import z3

__all__ = ["MEMBERS", "Keys", "concrete", "glob", "row_formula", "rules"]

#: Members that a multivalued key can have here: more than any row needs to be told apart.
MEMBERS = 5

_BOOLS = {"aws:multifactorauthpresent", "aws:securetransport", "aws:viaawsservice"}
_NUMBERS = {"aws:multifactorauthage"}
_MOMENTS = {"aws:currenttime", "aws:epochtime"}
_ADDRESSES = {"aws:sourceip"}
_MANY = {"aws:tagkeys"}
#: In every request, by "Global condition context keys".
_ALWAYS = {"aws:currenttime", "aws:securetransport", "aws:requestedregion", "aws:viaawsservice"}


@dataclass(frozen=True)
class Keys:
    """What is known of the keys of one request before its context is.

    Parameters
    ----------
    known : mapping of str to str
        Values by lower-case key.
    absent : frozenset of str
        Lower-case keys that the request does not have.
    families : tuple of str
        Lower-case prefixes of which no key is there that is not known.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    families: tuple[str, ...] = ()

    def is_absent(self, key: str) -> bool:
        """Whether the request cannot have a key."""
        return key in self.absent or (key not in self.known and key.startswith(self.families or ("\0",)))


def _name(key: str) -> str:
    return "moment" if key in _MOMENTS else key


def _present(key: str, keys: Keys) -> z3.BoolRef:
    if keys.is_absent(key):
        return z3.BoolVal(False)
    if key in keys.known:
        return z3.BoolVal(True)
    if key in _MANY:
        return z3.Or([used for used, _ in _members(key)])
    return z3.Bool(f"{_name(key)} is present")


@cache
def _members(key: str) -> list[tuple[z3.BoolRef, z3.SeqRef]]:
    return [(z3.Bool(f"{key} has {n}"), z3.String(f"{key} member {n}")) for n in range(MEMBERS)]


def _text(key: str, keys: Keys) -> z3.SeqRef:
    """Return a single value as text."""
    if key in keys.known:
        return z3.StringVal(keys.known[key])
    if key in _BOOLS:
        return z3.If(z3.Bool(f"{key} is true"), z3.StringVal("true"), z3.StringVal("false"))
    return z3.String(key)


# -- patterns ----------------------------------------------------------------


def _pattern(text: str, any_one: z3.ReRef, *, fold: bool = False, wild: bool = True) -> z3.ReRef:
    parts: list[z3.ReRef] = [z3.Re("")]
    for letter in text:
        if wild and letter == "*":
            parts.append(z3.Star(any_one))
        elif wild and letter == "?":
            parts.append(any_one)
        elif fold and letter.isalpha():
            parts.append(z3.Union(z3.Re(letter.lower()), z3.Re(letter.upper())))
        else:
            parts.append(z3.Re(letter))
    return z3.Concat(*parts) if len(parts) > 1 else parts[0]


def _any_one() -> z3.ReRef:
    return z3.AllChar(z3.ReSort(z3.StringSort()))


def _no_colon() -> z3.ReRef:
    return z3.Intersect(_any_one(), z3.Complement(z3.Re(":")))


def _arn_pattern(text: str) -> z3.ReRef:
    """Return ARNs that match a pattern: each of the six parts for itself, the last one with its colons."""
    parts = text.split(":", 5)
    patterns = [_pattern(part, _no_colon()) for part in parts[:5]] + [_pattern(parts[5], _any_one())]
    joined: list[z3.ReRef] = []
    for pattern in patterns:
        joined += [z3.Re(":"), pattern] if joined else [pattern]
    return z3.Concat(*joined)


def glob(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern of an Action or Resource element."""
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


# -- operators ---------------------------------------------------------------

_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnLike",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(text: str) -> Fraction | None:
    if re.fullmatch(r"-?\d{5,}(\.\d+)?", text):
        return Fraction(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
    return Fraction(since // timedelta(microseconds=1), 1_000_000)


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except ValueError:
        return None


def _compare(relation: str, left: z3.ArithRef, right: Fraction) -> z3.BoolRef:
    wanted = z3.RealVal(right)
    return {
        "Equals": left == wanted,
        "LessThan": left < wanted,
        "LessThanEquals": left <= wanted,
        "GreaterThan": left > wanted,
        "GreaterThanEquals": left >= wanted,
    }[relation]


def _in_network(text: str) -> z3.BoolRef:
    network = ip_network(text, strict=False)
    version, width = network.version, network.max_prefixlen
    shift = width - network.prefixlen
    address = z3.BitVec(f"address {version}", width)
    inside = z3.LShR(address, shift) == z3.BitVecVal(int(network.network_address) >> shift, width)
    return z3.And(z3.Bool("address is 6") if version == 6 else z3.Not(z3.Bool("address is 6")), inside)


#: Whether a value matches, and whether it or the policy's is malformed so that nothing can be said.
_Outcome = tuple[z3.BoolRef, z3.BoolRef]
_YES, _NO = z3.BoolVal(True), z3.BoolVal(False)


def _matches(base: str, key: str, value: z3.SeqRef, wanted: str) -> _Outcome:
    """Return the outcome of a positive operator on one value of a key and one of the policy."""
    if base == "StringEquals":
        return value == z3.StringVal(wanted), _NO
    if base == "StringEqualsIgnoreCase":
        return z3.InRe(value, _pattern(wanted, _any_one(), fold=True, wild=False)), _NO
    if base == "StringLike":
        return z3.InRe(value, _pattern(wanted, _any_one())), _NO
    if base == "BinaryEquals":
        # The texts here are whole groups of Base64, so that one text stands for the bytes.
        return value == z3.StringVal(wanted), _NO
    if base in ("ArnLike", "ArnEquals"):
        any_arn = z3.InRe(value, _arn_pattern("arn:*:*:*:*:*"))
        return z3.And(any_arn, z3.InRe(value, _arn_pattern(wanted))), z3.Not(any_arn)
    if base == "Bool":
        return z3.Bool(f"{key} is true") == z3.BoolVal(wanted.lower() == "true"), _NO
    if base == "IpAddress":
        return _in_network(wanted), _NO
    number = z3.Real(_name(key))
    bound = _moment(wanted) if key in _MOMENTS else _number(wanted)
    if bound is None:
        return _NO, _YES
    return _compare(base.removeprefix("Numeric").removeprefix("Date"), number, bound), _NO


def _value_holds(base: str, key: str, value: z3.SeqRef, values: Iterable[str]) -> z3.BoolRef:
    """Whether one value satisfies an operator and the policy's values: one of them, or none (C1)."""
    if base in _NEGATED:
        outcomes = [_matches(_NEGATED[base], key, value, wanted) for wanted in values]
        return z3.And([z3.Not(z3.Or(match, malformed)) for match, malformed in outcomes])
    return z3.Or([_matches(base, key, value, wanted)[0] for wanted in values])


def row_formula(operator: str, written: str, values: Iterable[str], keys: Keys) -> z3.BoolRef:
    """Return when one row of a Condition block holds.

    Parameters
    ----------
    operator : str
        As written, e.g. ``"ForAnyValue:StringLikeIfExists"``.
    written : str
        The key as written.
    values : iterable of str
        The policy's values, variables replaced; those whose variable has no value left out.
    keys : Keys
        What is known.
    """
    key, values = written.lower(), list(values)
    present = _present(key, keys)
    if operator == "Null":
        return z3.Or([z3.Not(present) if value.lower() == "true" else present for value in values])
    qualifier, _, rest = operator.rpartition(":")
    base = rest.removesuffix("IfExists")
    if_exists = rest != base
    absent_holds = z3.BoolVal(if_exists or base in _NEGATED)
    if key in _MANY:
        if keys.is_absent(key):
            members: list[tuple[z3.BoolRef, z3.BoolRef]] = []
        else:
            members = [(used, _value_holds(base, key, member, values)) for used, member in _members(key)]
        if qualifier == "ForAllValues":
            return z3.And([z3.Implies(used, holds) for used, holds in members])
        some = z3.Or([z3.And(used, holds) for used, holds in members])
        if qualifier == "ForAnyValue":
            return z3.If(present, some, z3.BoolVal(if_exists))
        one = z3.PbEq([(used, 1) for used, _ in members], 1) if members else _NO
        return z3.If(present, z3.And(one, some), absent_holds)
    value = _text(key, keys)
    holds = _value_holds(base, key, value, values)
    if not qualifier:
        return z3.If(present, holds, absent_holds)
    # A single value is a set of one; empty text is the empty set.
    empty = value == z3.StringVal("")
    if qualifier == "ForAllValues":
        return z3.Or(z3.Not(present), empty, holds)
    return z3.If(present, z3.And(z3.Not(empty), holds), z3.BoolVal(if_exists))


# -- what a request can be ---------------------------------------------------


def rules(names: Iterable[str], keys: Keys, *, long_term: bool) -> z3.BoolRef:
    """Return which contexts a request can have at all.

    Parameters
    ----------
    names : iterable of str
        Every key that some condition asks for.
    keys : Keys
        What is known.
    long_term : bool
        Whether the caller may use long-term credentials, which carry no MFA keys.
    """
    wanted = {name.lower() for name in names}
    rules_: list[z3.BoolRef] = [_present(key, keys) for key in _ALWAYS & wanted if not keys.is_absent(key)]
    if "aws:epochtime" in wanted:
        rules_.append(_present("aws:epochtime", keys))
    mfa, age = "aws:multifactorauthpresent", "aws:multifactorauthage"
    if not long_term:
        rules_.append(_present(mfa, keys))
    # The age of the sign-in is there just where MFA was used, and a time span is not negative.
    used = z3.And(_present(mfa, keys), z3.Bool(f"{mfa} is true"))
    rules_.append(_present(age, keys) == used)
    rules_.append(z3.Real(age) >= 0)
    # An empty member, which AWS never sends, is left in: no rule of the guide forbids it.
    members = _members("aws:tagkeys")
    for at, (used, member) in enumerate(members):
        rules_ += [z3.Implies(z3.And(used, other), member != text) for other, text in members[:at]]
    for key in wanted:
        if key.startswith("aws:requesttag/") and not keys.is_absent(key):
            tag = next(name for name in names if name.lower() == key).partition("/")[2]
            named = z3.Or([z3.And(used, member == z3.StringVal(tag)) for used, member in members])
            rules_.append(_present(key, keys) == named)
    return z3.And(rules_)


def _decoded(text: str) -> str:
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found.group(1), 16)), text)


def concrete(model: z3.ModelRef, names: Iterable[str], keys: Keys) -> dict[str, Any]:
    """Return the request context that a model stands for.

    Parameters
    ----------
    model : z3.ModelRef
        What the solver found.
    names : iterable of str
        Every key that some condition asks for, as written.
    keys : Keys
        What is known; it is left out.
    """

    def value(term: Any) -> Any:
        return model.eval(term, model_completion=True)

    found: dict[str, Any] = {}
    for name in names:
        key = name.lower()
        if keys.is_absent(key) or key in keys.known or not z3.is_true(value(_present(key, keys))):
            continue
        if key in _MANY:
            members = [_decoded(value(m).as_string()) for used, m in _members(key) if z3.is_true(value(used))]
            found[name] = members
        elif key in _BOOLS:
            found[name] = "true" if z3.is_true(value(z3.Bool(f"{key} is true"))) else "false"
        elif key in _ADDRESSES:
            if z3.is_true(value(z3.Bool("address is 6"))):
                found[name] = str(IPv6Address(value(z3.BitVec("address 6", 128)).as_long()))
            else:
                found[name] = str(IPv4Address(value(z3.BitVec("address 4", 32)).as_long()))
        elif key in _NUMBERS | _MOMENTS:
            number = value(z3.Real(_name(key))).as_fraction()
            if key in _MOMENTS:
                found["aws:CurrentTime"] = (_EPOCH + timedelta(seconds=float(number))).isoformat()
            else:
                found[name] = str(float(number))
        else:
            found[name] = _decoded(value(z3.String(key)).as_string())
    return found
