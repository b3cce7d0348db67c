"""Changed copies of an estate: one policy replaced, or one statement taken out.

Everything that holds the policy follows: users, groups, roles, boundaries, trust
policies and the levels of AWS Organizations.  The estate given stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from wmiam.diagnostics import Diagnostic, Severity
from wmiam.errors import AmbiguousNameError, PolicyError, UnknownNameError
from wmiam.estate.estate import Estate
from wmiam.estate.model import (
    POLICY_TYPE,
    AwsOrganization,
    Group,
    OrganizationsTarget,
    Policy,
    Principal,
)
from wmiam.origin import Origin, SourceFile
from wmiam.policy.model import PolicyDocument, Statement, UnreadStatement
from wmiam.policy.parse import parse_document

__all__ = [
    "find_policy",
    "policies_by_key",
    "with_policy",
    "without_attachment",
    "without_membership",
    "without_statement",
]

_Holder = TypeVar("_Holder", Group, Principal, OrganizationsTarget)
_Bearer = TypeVar("_Bearer", Group, Principal)
#: What of each holder is a policy, or several.
_FIELDS: Final = ("inline", "attached", "boundary", "trust", "scps", "rcps")
#: Ending of a file name that a reader may leave out of a policy's name.
_SUFFIX: Final = ".json"


def policies_by_key(estate: Estate) -> dict[str, Policy]:
    """Return every policy of an estate by its key, whoever holds it.

    Parameters
    ----------
    estate : Estate
        What was read.
    """
    return {policy.key: policy for policy in _policies(estate)}


def find_policy(estate: Estate, name: str) -> Policy:
    """Return the one policy of a name.

    Parameters
    ----------
    estate : Estate
        Where to look.
    name : str
        ARN (or the ``p-…`` id of an SCP or RCP), policy name, file name with or without
        ``.json``; for an inline or trust policy also the owner's ARN, ``/`` and the name.

    Raises
    ------
    UnknownNameError, AmbiguousNameError
        If it names none, or several; with the near matches.
    """
    by_key = policies_by_key(estate)
    if name in by_key:
        return by_key[name]
    for wanted in (name, name.lower()):
        found = [p for p in by_key.values() if wanted in {_case(t, wanted is name) for t in _names(p)}]
        if len(found) > 1:
            raise AmbiguousNameError("policy", name, sorted(p.key for p in found))
        if found:
            return found[0]
    known = {text.lower(): text for policy in by_key.values() for text in _names(policy)}
    near = [known[text] for text in get_close_matches(name.lower(), known, 8, 0.5)]
    raise UnknownNameError("policy", name, near)


def with_policy(
    estate: Estate,
    policy: str | Policy,
    document: Mapping[str, Any] | PolicyDocument,
    *,
    origin: Origin | None = None,
) -> Estate:
    """Return a copy of an estate with the document of one policy replaced.

    Parameters
    ----------
    estate : Estate
        What was read.
    policy : str or Policy
        Which policy; see :func:`find_policy` for its names.
    document : mapping or PolicyDocument
        The new document, as JSON objects or parsed.
    origin : Origin, optional
        Where the new document was read; by default its own text, as JSON.

    Returns
    -------
    Estate
        The copy.  What was reported of the old document is not among its diagnostics.

    Raises
    ------
    PolicyError
        If the document, or a statement of it, cannot be read.
    UnknownNameError, AmbiguousNameError
        If no policy has that name, or several.
    """
    old = policy if isinstance(policy, Policy) else find_policy(estate, policy)
    if isinstance(document, PolicyDocument):
        parsed = document
    else:
        parsed = parse_document(document, POLICY_TYPE[old.kind])
        if origin is None:
            text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
            origin = Origin(SourceFile.from_text(f"{old.name} (as changed)", text, "policy"))
    _check(parsed)
    new = replace(old, document=parsed, origin=origin, version="", problem="")
    return _replaced(estate, new, _told(estate, old), _problems(new))


def without_statement(estate: Estate, policy: str | Policy, statement: int | str) -> Estate:
    """Return a copy of an estate with one statement taken out of a policy.

    The statements that stay keep their index and their place in the file.

    Parameters
    ----------
    estate : Estate
        What was read.
    policy : str or Policy
        Which policy; see :func:`find_policy` for its names.
    statement : int or str
        Index in the document, from 0, or ``Sid``.

    Returns
    -------
    Estate
        The copy.

    Raises
    ------
    PolicyError
        If the policy's document cannot be read.
    UnknownNameError, AmbiguousNameError
        If no policy or statement has that name, or several.
    """
    old = policy if isinstance(policy, Policy) else find_policy(estate, policy)
    if old.document is None:
        raise PolicyError(old.problem or f"no document of {old.name} was read", mend="give its document")
    index = _statement_index(old.document, statement)
    gone = next(s.pointer for s in _statements(old.document) if s.index == index)
    document = replace(
        old.document,
        statements=tuple(s for s in old.document.statements if s.index != index),
        unread=tuple(s for s in old.document.unread if s.index != index),
    )
    return _replaced(estate, replace(old, document=document, version=""), _told(estate, old, gone))


def without_attachment(estate: Estate, holder: str, policy: str | Policy) -> Estate:
    """Return a copy of an estate in which one user, group or role no longer has a policy.

    Parameters
    ----------
    estate : Estate
        What was read.
    holder : str
        ARN of the user, role or group that has it attached or embedded.
    policy : str or Policy
        Which policy; see :func:`find_policy` for its names.

    Returns
    -------
    Estate
        The copy.  A permissions boundary stays: it is no attachment.

    Raises
    ------
    UnknownNameError, AmbiguousNameError
        If no policy has that name, or several, or the holder does not have it.
    """
    old = policy if isinstance(policy, Policy) else find_policy(estate, policy)
    groups: dict[str, Group] = {}

    def group(held: Group) -> Group:
        if held.arn == holder and held.arn not in groups:
            groups[held.arn] = _detached(held, old)
        return groups.get(held.arn, held)

    def principal(held: Principal) -> Principal:
        if held.arn == holder:
            return _detached(held, old)
        own = tuple(group(g) for g in held.groups)
        return held if _same(own, held.groups) else replace(held, groups=own)

    changed = replace(
        estate,
        principals=tuple(principal(p) for p in estate.principals),
        groups=tuple(group(g) for g in estate.groups),
    )
    if _same(changed.principals, estate.principals) and _same(changed.groups, estate.groups):
        bearers: list[Group | Principal] = [*estate.groups, *estate.principals]
        near = [h.arn for h in bearers if any(p.key == old.key for p in (*h.inline, *h.attached))]
        raise UnknownNameError("holder of this policy", holder, near[:8])
    return changed


def without_membership(estate: Estate, user: str, group: str) -> Estate:
    """Return a copy of an estate in which a user is not in one of its groups.

    Parameters
    ----------
    estate : Estate
        What was read.
    user : str
        ARN of the user.
    group : str
        ARN or name of the group.

    Returns
    -------
    Estate
        The copy.

    Raises
    ------
    UnknownNameError
        If there is no such user, or it is not in the group.
    """
    found = next((p for p in estate.principals if p.arn == user), None)
    if found is None:
        raise UnknownNameError("principal", user, get_close_matches(user, [p.arn for p in estate.principals]))
    left = tuple(g for g in found.groups if group not in (g.arn, g.name))
    if len(left) == len(found.groups):
        raise UnknownNameError("group of this user", group, [g.name for g in found.groups])
    principals = tuple(replace(p, groups=left) if p is found else p for p in estate.principals)
    return replace(estate, principals=principals)


def _detached(holder: _Bearer, policy: Policy) -> _Bearer:
    """Return a holder without a policy; itself where it does not have it."""
    inline = tuple(p for p in holder.inline if p.key != policy.key)
    attached = tuple(p for p in holder.attached if p.key != policy.key)
    if len(inline) + len(attached) == len(holder.inline) + len(holder.attached):
        return holder
    return replace(holder, inline=inline, attached=attached)


def _statement_index(document: PolicyDocument, wanted: int | str) -> int:
    every = _statements(document)
    sids = {s.index: s.sid for s in document.statements if s.sid}
    if isinstance(wanted, str):
        found = [index for index, sid in sids.items() if sid == wanted]
        if not found and wanted.isdecimal():
            found = [s.index for s in every if s.index == int(wanted)]
    else:
        found = [s.index for s in every if s.index == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise AmbiguousNameError("statement", str(wanted), [str(index) for index in found])
    raise UnknownNameError("statement", str(wanted), [sids.get(s.index) or str(s.index) for s in every])


def _statements(document: PolicyDocument) -> list[Statement | UnreadStatement]:
    return [*document.statements, *document.unread]


def _check(document: PolicyDocument) -> None:
    problem = next((p for p in document.problems if p.severity == "error"), None)
    if problem is not None:
        raise PolicyError(problem.message, pointer=problem.pointer, mend=problem.mend)
    if document.unread:
        unread = document.unread[0]
        raise PolicyError(unread.reason, pointer=unread.pointer)


# -- where policies are -----------------------------------------------------


def _policies(estate: Estate) -> Iterator[Policy]:
    yield from estate.policies
    for holder in _holders(estate):
        for field in _FIELDS:
            held = getattr(holder, field, None)
            if isinstance(held, Policy):
                yield held
            elif held:
                yield from held


def _holders(estate: Estate) -> Iterator[Group | Principal | OrganizationsTarget]:
    yield from estate.groups
    for principal in estate.principals:
        yield principal
        # A group that no file describes stands only where its members name it.
        yield from principal.groups
    if estate.aws_organization is not None:
        yield from estate.aws_organization.targets.values()


def _case(text: str, exact: bool) -> str:
    return text if exact else text.lower()


def _names(policy: Policy) -> list[str]:
    names = [policy.name, policy.name.removesuffix(_SUFFIX), policy.key]
    return [*names, f"{policy.owner}/{policy.name}"] if policy.owner else names


# -- replacing --------------------------------------------------------------


def _replaced(
    estate: Estate,
    new: Policy,
    settled: Iterable[Diagnostic],
    told: Iterable[Diagnostic] = (),
) -> Estate:
    """Return the estate with a policy replaced wherever it stands, and its diagnostics with it."""
    gone = {id(diagnostic) for diagnostic in settled}
    groups: dict[int, Group] = {}

    def group(held: Group) -> Group:
        if id(held) not in groups:
            groups[id(held)] = _held(held, new)
        return groups[id(held)]

    def principal(held: Principal) -> Principal:
        changed = _held(held, new)
        own = tuple(group(g) for g in held.groups)
        return changed if _same(own, held.groups) else replace(changed, groups=own)

    source = new.origin.source if new.origin is not None else None
    more = (source,) if source is not None and source not in estate.sources else ()
    return replace(
        estate,
        principals=tuple(principal(p) for p in estate.principals),
        groups=tuple(group(g) for g in estate.groups),
        policies=tuple(_policy(p, new) for p in estate.policies),
        aws_organization=_tree(estate.aws_organization, new),
        sources=(*estate.sources, *more),
        diagnostics=(*(d for d in estate.diagnostics if id(d) not in gone), *told),
    )


def _policy(policy: Policy, new: Policy) -> Policy:
    return new if policy.key == new.key else policy


def _held(holder: _Holder, new: Policy) -> _Holder:
    """Return a holder of policies with the new one in place of the old; itself where it holds neither."""
    changes: dict[str, Any] = {}
    for field in _FIELDS:
        held = getattr(holder, field, None)
        if isinstance(held, Policy):
            if held.key == new.key:
                changes[field] = new
        elif held and any(policy.key == new.key for policy in held):
            changes[field] = tuple(_policy(policy, new) for policy in held)
    return replace(holder, **changes) if changes else holder


def _tree(tree: AwsOrganization | None, new: Policy) -> AwsOrganization | None:
    if tree is None:
        return None
    targets = {name: _held(target, new) for name, target in tree.targets.items()}
    if _same(targets.values(), tree.targets.values()):
        return tree
    return replace(tree, targets=targets)


def _same(left: Iterable[object], right: Iterable[object]) -> bool:
    return all(a is b for a, b in zip(left, right, strict=True))


def _told(estate: Estate, policy: Policy, below: str = "") -> Iterator[Diagnostic]:
    """Yield what is reported of a policy's document, or of the place in it that a pointer names."""
    origin = policy.origin
    for diagnostic in estate.diagnostics:
        place = diagnostic.origin
        if policy.document is None and policy.problem and diagnostic.message.startswith(policy.problem):
            yield diagnostic
        elif place is not None and origin is not None and place.source is origin.source:
            pointer = origin.pointer + below
            if place.pointer == pointer or place.pointer.startswith(f"{pointer}/"):
                yield diagnostic


def _problems(policy: Policy) -> Iterator[Diagnostic]:
    for problem in policy.document.problems if policy.document is not None else ():
        origin = policy.origin.below(problem.pointer) if policy.origin is not None else None
        yield Diagnostic(Severity(problem.severity), problem.code, problem.message, origin, problem.mend)
