"""What a principal could lose without losing anything that it has otherwise.

Each thing is taken away in a copy of the estate, and both are compared exactly, as
:func:`wmiam.compare` does: for the principal no request may be answered otherwise.

Only permissions on WorkMail are compared.  So only statements are looked at that are about
WorkMail alone, and only policies and groups that have no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wmiam.access.access import Access
from wmiam.errors import UnknownNameError
from wmiam.estate.change import without_attachment, without_membership, without_statement
from wmiam.estate.estate import Estate
from wmiam.estate.model import Group, Policy, Principal
from wmiam.policy.model import Effect, Statement

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["redundant"]

_PREFIXES = ("workmail:", "workmailmessageflow:")


@dataclass(frozen=True, slots=True)
class _Part:
    """Something that a principal could lose.

    Parameters
    ----------
    kind, name, through : str
        ``"membership"``, ``"policy"`` or ``"statement"``; what to call it; the group by which it comes.
    policy, statement : Policy, Statement or None
        Where it stands.
    group : Group or None
        The group.
    """

    kind: str
    name: str
    through: str = ""
    policy: Policy | None = None
    statement: Statement | None = None
    group: Group | None = None

    def without(self, estate: Estate, principal: Principal) -> Estate:
        """Return a copy of an estate without it; the estate itself where it is gone already."""
        try:
            if self.policy is None:
                group = self.group.arn if self.group is not None else ""
                return without_membership(estate, principal.arn, group)
            if self.statement is not None:
                return without_statement(estate, self.policy, self.statement.index)
            return without_attachment(
                estate, principal.arn if self.group is None else self.group.arn, self.policy
            )
        except UnknownNameError:
            return estate

    @property
    def place(self) -> str:
        """File and line; ``""`` for a membership."""
        origin = self.policy.origin if self.policy is not None else None
        if origin is not None and self.statement is not None:
            origin = origin.below(self.statement.pointer)
        return "" if origin is None else f"{origin.source.name}:{origin.line}"


def redundant(access: Access, principal: str) -> pd.DataFrame:
    """Return what a principal could lose without losing anything that it has otherwise.

    Parameters
    ----------
    access : Access
        The estate's evaluation; keys that are fixed do not count.
    principal : str
        Who.

    Returns
    -------
    pandas.DataFrame
        A row for each group membership, policy and Allow statement that could go by itself.
        Columns ``kind`` (``"membership"``, ``"policy"``, ``"statement"``), ``name``, ``through``
        (the group by which it comes; ``""`` for its own), ``holders`` (how many other principals
        have the policy: a statement that goes is gone for them, too), ``together`` (whether it
        belongs to a set that could go all at once, found from the largest things to the smallest),
        ``place`` (file and line).

    Raises
    ------
    NameLookupError
        If the name selects nothing, or is ambiguous.
    """
    import pandas as pd

    person = access.find_principal(principal)
    before = replace(
        access.estate,
        principals=(person,),
        groups=person.groups,
        policies=tuple(dict.fromkeys(policy for policy, _ in person.identity_policies)),
        diagnostics=(),
    )
    alone = [part for part in _parts(person) if _is_same(before, part.without(before, person))]
    left = before
    together = set[_Part]()
    for part in alone:
        after = part.without(left, person)
        if after is left or _is_same(before, after):
            left = after
            together.add(part)
    holders: dict[str, int] = {}
    for other in access.principals:
        for key in {policy.key for policy, _ in other.identity_policies} if other is not person else ():
            holders[key] = holders.get(key, 0) + 1
    return pd.DataFrame(
        [
            {
                "kind": part.kind,
                "name": part.name,
                "through": part.through,
                "holders": 0 if part.policy is None else holders.get(part.policy.key, 0),
                "together": part in together,
                "place": part.place,
            }
            for part in alone
        ],
        columns=["kind", "name", "through", "holders", "together", "place"],
    )


def _parts(person: Principal) -> Iterator[_Part]:
    """Yield what could go: groups first, then policies, then statements."""
    for group in person.groups:
        if all(_is_about_mail(policy) for policy in (*group.inline, *group.attached)):
            yield _Part("membership", group.name, group=group)
    for policy, by in person.identity_policies:
        if _is_about_mail(policy):
            yield _Part("policy", policy.name, by.name if by is not None else "", policy, group=by)
    for policy, by in person.identity_policies:
        statements = policy.document.statements if policy.document is not None else ()
        for statement in statements if len(statements) > 1 else ():
            if statement.effect is Effect.ALLOW and _names_mail(statement):
                through = by.name if by is not None else ""
                name = f"{policy.name}#{statement.label}"
                yield _Part("statement", name, through, policy, statement, by)


def _is_about_mail(policy: Policy) -> bool:
    """Whether a policy could be read and allows nothing but WorkMail's actions."""
    document = policy.document
    return (
        document is not None
        and not document.unread
        and all(_names_mail(s) for s in document.statements if s.effect is Effect.ALLOW)
        and any(s.effect is Effect.ALLOW for s in document.statements)
    )


def _names_mail(statement: Statement) -> bool:
    """Whether a statement names WorkMail's actions alone."""
    return all(pattern.lower().startswith(_PREFIXES) for pattern in statement.actions or ("*",))


def _is_same(before: Estate, after: Estate) -> bool:
    """Whether no request of the principal is answered otherwise."""
    # Only here: what compares estates stands beside the graph.
    from wmiam.compare import compare

    return not any(pair.deltas for pair in compare(before, after, progress=False).pairs)
