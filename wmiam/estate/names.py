"""Names as people type them: full ARN, unambiguous short name, or glob."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import TypeVar

from wmiam.catalog import Catalog
from wmiam.errors import AmbiguousNameError, UnknownNameError
from wmiam.estate.model import Organization, Principal
from wmiam.policy.patterns import glob, parse_template

__all__ = ["find_actions", "find_organizations", "find_principals", "is_glob", "organization_choice"]

T = TypeVar("T")


def is_glob(name: str) -> bool:
    """Whether a name has wildcards."""
    return "*" in name or "?" in name


def _matches(pattern: str, text: str) -> bool:
    pieces = parse_template(pattern.lower(), variables=False, wildcards=True).resolve(lambda _key: None)
    return glob(pieces or ()).fullmatch(text.lower()) is not None


def _find(
    kind: str, name: str, things: Sequence[T], names: Callable[[T], Iterable[str]], choice: Callable[[T], str]
) -> list[T]:
    """Return the things of a name: an exact match, or all that a glob matches.

    The first of a thing's names is its own alone; ``choice`` is what it is called where a person must choose.
    """
    if is_glob(name):
        found = [thing for thing in things if any(_matches(name, text) for text in names(thing))]
    else:
        found = [thing for thing in things if next(iter(names(thing))) == name]
        found = found or [thing for thing in things if name in names(thing)]
        found = found or [t for t in things if name.lower() in [text.lower() for text in names(t)]]
        if len(found) > 1:
            raise AmbiguousNameError(kind, name, [choice(thing) for thing in found])
    if not found:
        known = {text.lower(): text for thing in things for text in names(thing)}
        near = get_close_matches(name.lower(), known, 5, 0.5)
        inside = [text for lowered, text in known.items() if name.lower().strip("*") in lowered]
        raise UnknownNameError(kind, name, list(dict.fromkeys([*(known[n] for n in near), *inside]))[:8])
    return found


def find_principals(name: str, principals: Sequence[Principal]) -> list[Principal]:
    """Return the principals of a name.

    Parameters
    ----------
    name : str
        ARN, friendly name, ``account/name``, or a glob over these.
    principals : sequence of Principal
        Where to look.

    Raises
    ------
    UnknownNameError, AmbiguousNameError
        If it names none, or (without wildcards) several.
    """
    return _find(
        "principal", name, principals, lambda p: (p.arn, p.name, f"{p.account}/{p.name}"), lambda p: p.arn
    )


def find_actions(name: str, catalog: Catalog) -> list[str]:
    """Return the full action names of a name.

    Parameters
    ----------
    name : str
        ``workmail:ResetPassword``, ``ResetPassword``, or a glob such as ``workmail:*Password``.
    catalog : Catalog
        Where to look.

    Raises
    ------
    UnknownNameError
        If it names none.
    """
    prefixed = [name] if ":" in name or name == "*" else [f"{service}:{name}" for service in catalog.services]
    found = [action.full_name for text in prefixed for action in catalog.expand(text)]
    if not found:
        raise UnknownNameError("action", name, catalog.near(name))
    return found


def find_organizations(name: str, organizations: Sequence[Organization]) -> list[Organization]:
    """Return the WorkMail organizations of a name.

    Parameters
    ----------
    name : str
        ARN, id, alias, or a glob over these.
    organizations : sequence of Organization
        Where to look.

    Raises
    ------
    UnknownNameError, AmbiguousNameError
        If it names none, or (without wildcards) several.
    """
    return _find(
        "organization",
        name,
        organizations,
        lambda o: [t for t in (o.arn, o.id, o.alias) if t],
        organization_choice,
    )


def organization_choice(organization: Organization) -> str:
    """Return what tells an organization from others in a list to choose from: alias, id and a last state.

    Parameters
    ----------
    organization : Organization
        A stand-in, which has neither, is told by its ARN.
    """
    if organization.stand_in:
        return organization.arn
    details = [organization.id] if organization.alias else []
    if organization.is_deleted:
        details.append(organization.state.lower())
    name = organization.alias or organization.id
    return f"{name} ({', '.join(details)})" if details else name
