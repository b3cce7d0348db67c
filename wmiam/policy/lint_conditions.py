"""Linting of Condition blocks against the catalog (C1 to C11)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from wmiam import jsontext
from wmiam.catalog import Catalog, ConditionKey
from wmiam.policy.lint_patterns import Cover
from wmiam.policy.model import Condition, Effect, PolicyDocument, Problem, Qualifier, Statement
from wmiam.policy.operators import COMPARISONS, NULL
from wmiam.policy.patterns import Wild, ascii_lower, parse_template
from wmiam.policy.values import parse_bool, parse_network

__all__ = ["holds_when_absent", "lint_conditions"]

_MFA: Final = "aws:multifactorauthpresent"
_CALLER_CHOSEN: Final = {
    "aws:useragent": "the program that the caller says it uses",
    "aws:referer": "the page that the caller says it comes from",
}
#: Which operator families compare a key of each type as AWS means it.
_FAMILIES: Final = {
    "String": ("string",),
    "ARN": ("arn", "string"),
    "Bool": ("bool",),
    "Numeric": ("number",),
    "Date": ("date", "number"),
    "IPAddress": ("address",),
}
_OPERATORS: Final = {
    "string": "StringEquals or StringLike",
    "arn": "ArnLike",
    "bool": "Bool",
    "number": "NumericEquals and the like",
    "date": "DateLessThan and the like",
    "address": "IpAddress",
}
#: Ranges from which no request reaches AWS by way of the internet; not Python's wider
#: ``is_private``, which counts the ranges set aside for documentation, too.
_PRIVATE: Final = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10", "::1/128"),
    )
)


def holds_when_absent(condition: Condition) -> bool:
    """Whether a row of a Condition block holds for a request without its key (C4, C6).

    Parameters
    ----------
    condition : Condition
        The row.

    Notes
    -----
    Source: IAM User Guide, "Condition operators", IfExists and Null; "Set operators
    for multivalued context keys".
    """
    operator = condition.operator
    if operator.base == NULL:
        return any(parse_bool(value) is True for value in condition.values)
    if operator.if_exists:
        return True
    if operator.qualifier is not None:
        return operator.qualifier is Qualifier.FOR_ALL_VALUES
    return COMPARISONS[operator.base].negated


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with what bears on it."""

    condition: Condition
    known: ConditionKey | None
    statement: Statement
    document: PolicyDocument
    cover: Cover

    @property
    def key(self) -> str:
        return ascii_lower(self.condition.key)

    @property
    def allow(self) -> bool:
        return self.statement.effect is Effect.ALLOW

    @property
    def name(self) -> str:
        return f"{self.condition.written} on {self.condition.key}"

    def problem(self, code: str, message: str, mend: str) -> Problem:
        written, key = self.condition.written, self.condition.key
        pointer = f"{self.statement.pointer}/Condition/{jsontext.escape(written)}/{jsontext.escape(key)}"
        return Problem("warning", code, message, pointer, mend)


def lint_conditions(
    document: PolicyDocument,
    statement: Statement,
    catalog: Catalog,
    cover: Cover,
    problems: list[Problem],
) -> None:
    """Add the problems of a statement's Condition block.

    Parameters
    ----------
    document : PolicyDocument
        The document, for what its other statements say.
    statement : Statement
        The statement.
    catalog : Catalog
        WorkMail's actions and condition keys.
    cover : Cover
        What the statement's actions cover.
    problems : list of Problem
        Receives what is found.

    Notes
    -----
    Source: IAM User Guide, "Access Analyzer policy check reference" and "AWS global
    condition context keys".
    """
    for condition in statement.conditions:
        row = _Row(condition, catalog.key(condition.key), statement, document, cover)
        for check in (_operator_type, _wildcards, _caller_chosen, _private_addresses, _mfa):
            problems.extend(check(row))
        unknown = list(_unknown_key(row, catalog))
        carried = list(_never_carried(row)) if not unknown else []
        problems.extend(unknown + carried)
        if not unknown and not carried:
            problems.extend(_cardinality(row))


def _unknown_key(row: _Row, catalog: Catalog) -> Iterator[Problem]:
    """A key of AWS or of WorkMail that is not among those there are."""
    prefix, colon, _ = row.key.partition(":")
    if row.known is not None or (colon and prefix != "aws" and not catalog.service_known(prefix)):
        return
    key = row.condition.key
    template = next(
        (k for k in catalog.keys if k.name.lower().partition("${")[0].strip("/:") == row.key.strip("/:")),
        None,
    )
    if template is not None:
        yield row.problem(
            "missing-tag-key",
            f"{row.name}: the key names no tag{_consequence(row)}",
            f"write {template.name.partition('${')[0]} with the tag's key behind it",
        )
        return
    near = catalog.near_key(key) or (None if colon else catalog.near_key(f"aws:{key}"))
    yield row.problem(
        "unknown-condition-key",
        f"{row.name}: no request is known to carry such a key{_consequence(row)}",
        f"did you mean {near}?" if near else "see the IAM User Guide's list of global condition keys",
    )


def _consequence(row: _Row) -> str:
    """Return what comes of a key that is never there."""
    verb = "allows" if row.allow else "denies"
    if holds_when_absent(row.condition):
        return f", so the statement {verb} as if the condition were not there"
    return f", so the statement {verb} nothing"


def _never_carried(row: _Row) -> Iterator[Problem]:
    """A key that none of the statement's actions carries, or that some of those named do not (C11)."""
    if not row.cover.only or not row.cover.actions:
        return
    without = [action for action in row.cover.actions if not action.carries(row.condition.key)]
    if len(without) == len(row.cover.actions):
        yield row.problem(
            "condition-never-carried",
            f"{row.name}: none of the statement's actions carries this key{_consequence(row)}",
            "use a key that these actions carry, or name the actions that carry this one",
        )
        return
    # A pattern such as workmail:* is meant to reach further than the key; a name is not.
    written = {ascii_lower(name) for name in row.statement.actions or ()}
    named = [action.full_name for action in without if ascii_lower(action.full_name) in written]
    if named:
        shown = ", ".join(named[:5]) + (", …" if len(named) > 5 else "")
        effect = (
            ("allowed" if row.allow else "denied")
            if holds_when_absent(row.condition)
            else ("not allowed" if row.allow else "not denied")
        )
        yield row.problem(
            "condition-partly-carried",
            f"{row.name}: {shown} never carr{'y' if len(named) > 1 else 'ies'} this key, and so "
            f"{'are' if len(named) > 1 else 'is'} {effect} here whatever the request",
            "move these actions to a statement without this condition",
        )


def _cardinality(row: _Row) -> Iterator[Problem]:
    """A set operator where it does not belong, or none where one does (C4, C5)."""
    operator = row.condition.operator
    if row.known is None or operator.base == NULL:
        return
    if row.known.multivalued and operator.qualifier is None:
        yield row.problem(
            "missing-set-operator",
            f"{row.name}: a request may carry several values of this key, and {row.condition.written} "
            "compares one",
            f"write ForAnyValue:{operator} or ForAllValues:{operator}",
        )
    elif not row.known.multivalued and operator.qualifier is not None:
        more = (
            " and holds for requests without the key"
            if operator.qualifier is Qualifier.FOR_ALL_VALUES
            else ""
        )
        yield row.problem(
            "needless-set-operator",
            f"{row.name}: a request carries at most one value of this key, and {operator.qualifier} is "
            f"for keys with several{more}",
            f"write {operator.base}{'IfExists' if operator.if_exists else ''}",
        )
    elif operator.qualifier is Qualifier.FOR_ALL_VALUES and row.allow and not _required(row):
        yield row.problem(
            "for-all-values-of-nothing",
            f"{row.name}: ForAllValues holds for a request without any value, which is thus allowed",
            f'add "Null": {{"{row.condition.key}": "false"}}',
        )


def _required(row: _Row) -> bool:
    """Whether another row of the statement fails where the key is absent."""
    return any(
        ascii_lower(other.key) == row.key and not holds_when_absent(other)
        for other in row.statement.conditions
    )


def _operator_type(row: _Row) -> Iterator[Problem]:
    """An operator for another type than the key's."""
    base = row.condition.operator.base
    if row.known is None or base == NULL:
        return
    families = _FAMILIES.get(row.known.type, ())
    if families and COMPARISONS[base].family not in families:
        yield row.problem(
            "operator-type",
            f"{row.name}: the key's type is {row.known.type}, and {base} compares another",
            f"use {_OPERATORS[families[0]]}",
        )


def _wildcards(row: _Row) -> Iterator[Problem]:
    """A wildcard in a value of an operator that takes it for a plain character."""
    base = row.condition.operator.base
    if base == NULL or COMPARISONS[base].family != "string" or COMPARISONS[base].wildcards:
        return
    for value in row.condition.values:
        template = parse_template(value, variables=row.document.has_variables, wildcards=True)
        if any(isinstance(part, Wild) for part in template.parts):
            like = "StringNotLike" if COMPARISONS[base].negated else "StringLike"
            yield row.problem(
                "wildcard-without-like",
                f"{row.name}: in {value!r} * and ? are plain characters, as {base} has no wildcards",
                f"write {like}",
            )


def _caller_chosen(row: _Row) -> Iterator[Problem]:
    """A key whose value the caller chooses."""
    if row.key in _CALLER_CHOSEN:
        yield row.problem(
            "caller-chosen-key",
            f"{row.name}: this is {_CALLER_CHOSEN[row.key]}, and keeps nobody out",
            "use a key that AWS sets, such as aws:PrincipalArn, aws:SourceIp or aws:SourceVpce",
        )


def _private_addresses(row: _Row) -> Iterator[Problem]:
    """A private range for ``aws:SourceIp``, which AWS sees public addresses in only."""
    base = row.condition.operator.base
    if row.key != "aws:sourceip" or base == NULL or COMPARISONS[base].family != "address":
        return
    private = [value for value in row.condition.values if _is_private(value)]
    if not private:
        return
    shown = ", ".join(private)
    if len(private) < len(row.condition.values):
        what = f"{shown} never match{'es' if len(private) == 1 else ''}"
    else:
        what = "it always holds" if COMPARISONS[base].negated else "it never holds"
    yield row.problem(
        "private-source-ip",
        f"{row.name}: AWS sees public addresses only, and {shown} {'is' if len(private) == 1 else 'are'} "
        f"private, so {what}",
        "name public ranges; for requests through a VPC endpoint use aws:VpcSourceIp with aws:SourceVpc",
    )


def _is_private(value: str) -> bool:
    network = parse_network(value)
    return network is not None and any(
        network.version == private.version and network.subnet_of(private)  # type: ignore[arg-type]
        for private in _PRIVATE
    )


def _mfa(row: _Row) -> Iterator[Problem]:
    """A test for MFA that long-term access keys, or sessions without MFA, pass by (C6, C10).

    Notes
    -----
    Source: IAM User Guide, "AWS global condition context keys", aws:MultiFactorAuthPresent.
    """
    if row.key != _MFA:
        return
    operator, truths = row.condition.operator, {parse_bool(value) for value in row.condition.values}
    if operator.base == "Bool" and not operator.if_exists and not row.allow and truths == {False}:
        if not _denied_when_absent(row.document):
            yield row.problem(
                "mfa-deny-passes-access-keys",
                f"{row.name}: requests with long-term access keys do not carry this key, "
                "so this Deny passes them by",
                'write "BoolIfExists"',
            )
    elif operator.base == "Bool" and operator.if_exists and row.allow and truths == {True}:
        yield row.problem(
            "mfa-allow-passes-access-keys",
            f"{row.name}: requests with long-term access keys do not carry this key, "
            "and IfExists lets them in",
            'write "Bool"',
        )
    elif operator.base == NULL and row.allow and truths == {False} and not _mfa_demanded(row.statement):
        yield row.problem(
            "mfa-tested-by-presence",
            f"{row.name}: temporary credentials carry this key with or without MFA, so this asks for no MFA",
            'write "Bool": {"aws:MultiFactorAuthPresent": "true"}',
        )


def _denied_when_absent(document: PolicyDocument) -> bool:
    """Whether a Deny of the document is for requests without the MFA key."""
    return any(
        ascii_lower(row.key) == _MFA and row.operator.base == NULL and holds_when_absent(row)
        for statement in document.statements
        if statement.effect is Effect.DENY
        for row in statement.conditions
    )


def _mfa_demanded(statement: Statement) -> bool:
    return any(
        ascii_lower(row.key) == _MFA
        and row.operator.base == "Bool"
        and {parse_bool(value) for value in row.values} == {True}
        for row in statement.conditions
    )
