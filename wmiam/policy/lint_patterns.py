"""Linting of Action and Resource patterns against the catalog (D11, M1 to M4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from wmiam.catalog import Action, Catalog
from wmiam.policy.model import Effect, Problem, Statement
from wmiam.policy.patterns import (
    Piece,
    Wild,
    ascii_lower,
    glob,
    resource_regex,
    resource_template,
    split_fields,
)

__all__ = ["Cover", "covered", "lint_actions", "lint_resources"]

_PARTITIONS: Final = (
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
)
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")
_ACCOUNT: Final = re.compile(r"\d{12}")
#: How the last field of each service's ARNs begins, up to what names the organization.
_RESOURCES: Final = {
    "workmail": ("organization/m-", "organization/m-…"),
    "workmailmessageflow": ("message/m-", "message/m-…/incoming/… or message/m-…/outgoing/…"),
}


@dataclass(frozen=True, slots=True)
class Cover:
    """What the Action or NotAction element of a statement covers.

    Parameters
    ----------
    actions : tuple of Action
        Actions of the catalog.
    only : bool
        Whether that is all: every pattern names a service of the catalog.
    """

    actions: tuple[Action, ...]
    only: bool


def covered(statement: Statement, catalog: Catalog) -> Cover:
    """Return what a statement's actions cover.

    Parameters
    ----------
    statement : Statement
        The statement.
    catalog : Catalog
        WorkMail's actions.
    """
    if statement.actions is None:
        excepted = set(_expand(statement.not_actions or (), catalog))
        return Cover(tuple(action for action in catalog.actions if action not in excepted), False)
    only = all(catalog.service_known(pattern.partition(":")[0]) for pattern in statement.actions)
    return Cover(tuple(dict.fromkeys(_expand(statement.actions, catalog))), only)


def _expand(patterns: Iterable[str], catalog: Catalog) -> Iterator[Action]:
    for pattern in patterns:
        yield from catalog.expand(pattern)


def lint_actions(statement: Statement, catalog: Catalog, problems: list[Problem]) -> None:
    """Add the problems of a statement's Action or NotAction element.

    Parameters
    ----------
    statement : Statement
        The statement.
    catalog : Catalog
        WorkMail's actions.
    problems : list of Problem
        Receives what is found.

    Notes
    -----
    Source: IAM User Guide, "Access Analyzer policy check reference", invalid action,
    invalid service in action; Service Authorization Reference, Amazon WorkMail.
    """
    name = "Action" if statement.actions is not None else "NotAction"
    for index, pattern in enumerate(statement.actions or statement.not_actions or ()):
        pointer = f"{statement.pointer}/{name}/{index}"
        service, colon, operation = pattern.partition(":")
        if not colon or pattern == "*":
            continue
        if not catalog.service_known(service):
            near = get_close_matches(ascii_lower(service), catalog.services, 1, 0.85)
            if near:
                problems.append(
                    Problem(
                        "warning",
                        "unknown-service",
                        f"{name} {pattern!r}: there is no service prefix {service!r}",
                        pointer,
                        f"did you mean {near[0]}:{operation}?",
                    )
                )
            continue
        matched = catalog.expand(pattern)
        if not matched:
            _add_unmatched(name, pattern, pointer, catalog, problems)
        elif name == "Action" and all(action.wildcard_only for action in matched):
            _add_wildcard_only(statement, pattern, matched, pointer, problems)


def _add_unmatched(name: str, pattern: str, pointer: str, catalog: Catalog, problems: list[Problem]) -> None:
    if "*" in pattern or "?" in pattern:
        problems.append(
            Problem(
                "warning",
                "pattern-matches-no-action",
                f"{name} {pattern!r} matches no action",
                pointer,
                "see wmiam catalog for the actions that there are",
            )
        )
        return
    near = catalog.near(pattern, 1)
    problems.append(
        Problem(
            "warning",
            "unknown-action",
            f"{name} {pattern!r}: there is no such action",
            pointer,
            f"did you mean {near[0]}?" if near else "see wmiam catalog for the actions that there are",
        )
    )


def _add_wildcard_only(
    statement: Statement,
    pattern: str,
    matched: tuple[Action, ...],
    pointer: str,
    problems: list[Problem],
) -> None:
    """Add an action that takes no resource and whose statement names only ARNs (D11)."""
    if statement.resources is None:
        return
    templates = [resource_template(text, variables=False) for text in statement.resources]
    patterns = [template.resolve(lambda _key: None) for template in templates]
    if any(pieces is not None and resource_regex(pieces).fullmatch("*") for pieces in patterns):
        return
    verb = "allows" if statement.effect is Effect.ALLOW else "denies"
    names = "it takes" if len(matched) == 1 else "such actions take"
    problems.append(
        Problem(
            "warning",
            "action-without-resource",
            f'Action {pattern!r} is matched against Resource "*" alone, and this statement names only ARNs: '
            f"it {verb} nothing there, as {names} no resource",
            pointer,
            'move it to a statement with "Resource": "*"',
        )
    )


def lint_resources(statement: Statement, cover: Cover, variables: bool, problems: list[Problem]) -> None:
    """Add the Resource and NotResource patterns that no WorkMail organization or message can match.

    Parameters
    ----------
    statement : Statement
        The statement.
    cover : Cover
        What the statement's actions cover.
    variables : bool
        Whether the document's version has policy variables.
    problems : list of Problem
        Receives what is found.

    Notes
    -----
    Source: Service Authorization Reference, Amazon WorkMail and WorkMail Message
    Flow, resource types; IAM User Guide, "IAM JSON policy elements: Resource".
    """
    name = "Resource" if statement.resources is not None else "NotResource"
    services = {action.service for action in cover.actions if action.resource_types}
    for index, written in enumerate(statement.resources or statement.not_resources or ()):
        fields = _fields(written, variables)
        if fields is None:
            continue
        named = [service for service in _RESOURCES if glob(fields[2]).fullmatch(service)]
        wanted = [service for service in named if service in services]
        if not wanted:
            if not cover.only or not services:
                # The ARN of another service may be there for that service's actions.
                continue
            reason = f"the service is {_text(fields[2])!r}"
            mend = f"write {' or '.join(sorted(services))}, or give these actions a statement of their own"
        else:
            fault = _fault(fields, wanted)
            if fault is None:
                continue
            reason, mend = fault
        effect = "so it matches nothing" if name == "Resource" else "so it excepts nothing"
        what = "organization" if "workmail" in (wanted or services) else "message"
        problems.append(
            Problem(
                "warning",
                "resource-never-matches",
                f"{name} {written!r} is the ARN of no WorkMail {what}, as {reason}, {effect}",
                f"{statement.pointer}/{name}/{index}",
                mend,
            )
        )


def _fields(written: str, variables: bool) -> list[tuple[Piece, ...]] | None:
    """Return the six fields of an ARN pattern, a variable being any text; None for what is no ARN.

    None, too, for a variable in a version that has none: that is reported as such.
    """
    template = resource_template(written, variables=True)
    if not written.startswith("arn:") or (template.variables and not variables):
        return None
    pieces: list[Piece] = [part if isinstance(part, (str, Wild)) else Wild.STAR for part in template.parts]
    fields = split_fields(tuple(pieces))
    return fields + [(Wild.STAR,)] * (6 - len(fields))


def _fault(fields: list[tuple[Piece, ...]], services: list[str]) -> tuple[str, str] | None:
    """Return why no ARN of the services matches a pattern, and the mend; None where one can.

    A field cannot reach beyond its colon here: the pattern has five colons, and
    the ARNs of organizations and messages have no more.
    """
    _, partition, _, region, account, resource = fields
    if not any(glob(partition).fullmatch(known) for known in _PARTITIONS):
        return f"there is no partition {_text(partition)!r}", "write aws"
    if not _may_be(region, _REGION):
        what = f"{_text(region)!r} is no region" if region else "the region is missing"
        return what, "write a region such as eu-west-1, or *"
    if not _may_be(account, _ACCOUNT):
        what = f"{_text(account)!r} is no account" if account else "the account is missing"
        return what, "write the account's 12 digits, or *"
    begins = [_RESOURCES[service] for service in services]
    if any(_may_begin(resource, prefix) for prefix, _ in begins):
        return None
    kinds = " or ".join(prefix.partition("/")[0] for prefix, _ in begins)
    forms = " or ".join(form for _, form in begins)
    if any(_may_begin(resource, prefix.removesuffix("m-")) for prefix, _ in begins):
        return (
            f"{_text(resource)!r} holds no organization id, which begins with m-",
            "write the organization's id in place of its alias",
        )
    return f"{_text(resource)!r} is no {kinds}", f"write {forms}"


def _may_be(field: tuple[Piece, ...], form: re.Pattern[str]) -> bool:
    """Whether a field can be text of a form; one with wildcards is taken to be able."""
    if any(isinstance(piece, Wild) for piece in field):
        return True
    return form.fullmatch(_text(field)) is not None


def _may_begin(field: tuple[Piece, ...], prefix: str) -> bool:
    """Whether a field can be text that begins with a prefix and goes on."""
    flat: list[Piece] = [piece for part in field for piece in ((part,) if isinstance(part, Wild) else part)]
    # Where in the pattern one can stand after each character of the prefix.
    places = {0}
    for char in prefix:
        places = {
            place if flat[place] is Wild.STAR else place + 1
            for place in _reached(places, flat)
            if place < len(flat) and flat[place] in (char, Wild.ONE, Wild.STAR)
        }
    return any(place < len(flat) for place in places)


def _reached(places: set[int], flat: list[Piece]) -> set[int]:
    """Return the places with those that a ``*`` for nothing leads to."""
    reached = set(places)
    for place in places:
        while place < len(flat) and flat[place] is Wild.STAR:
            place += 1
            reached.add(place)
    return reached


def _text(field: tuple[Piece, ...]) -> str:
    return "".join(piece.value if isinstance(piece, Wild) else piece for piece in field)
