"""The answers of an estate, cell by cell: what :class:`wmiam.access.Access` shows in many forms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Self

from wmiam.access.answers import Answer, Fixed, answers
from wmiam.access.cells import CellRow, fixed_values
from wmiam.access.ways import Ways
from wmiam.bits import bits_of
from wmiam.catalog import Catalog, load
from wmiam.conditions.decision import DECISIONS
from wmiam.conditions.words import describe
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.request import Context
from wmiam.engine.resources import Resource
from wmiam.engine.space import canonical_key
from wmiam.engine.whole import PrincipalClass, Whole
from wmiam.errors import RequestError
from wmiam.estate import names
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization, Principal

__all__ = ["DECISIONS", "AccessCore"]


class AccessCore:
    """The effective access of an estate, as rows, contexts and words.

    Parameters
    ----------
    estate : Estate
        What was read.
    whole : Whole
        Its evaluation.
    context : mapping, optional
        Context keys that are fixed; see :meth:`given`.
    """

    def __init__(self, estate: Estate, whole: Whole, context: Mapping[str, object] | None = None) -> None:
        self.estate = estate
        self.whole = whole
        self.context: dict[str, object] = dict(context or {})
        self._values = {canonical_key(key): fixed_values(key, value) for key, value in self.context.items()}
        self.fixed = Fixed(self._values, whole.space)
        #: What modules above remember of this access, by their own names; ends with it.
        self.memo: dict[str, Any] = {}
        self._words: dict[tuple[int, int, bool], str] = {}
        self._ways = Ways(whole)

    @classmethod
    def of(cls, estate: Estate, *, progress: bool | None = None) -> Self:
        """Evaluate an estate.

        Parameters
        ----------
        estate : Estate
            What was read.
        progress : bool, optional
            Whether to show a progress bar.
        """
        return cls(estate, Whole(estate, progress=progress))

    @property
    def catalog(self) -> Catalog:
        """The catalog of WorkMail's actions."""
        return load()

    @property
    def principals(self) -> tuple[Principal, ...]:
        """Every principal, sorted by ARN."""
        return self.estate.principals

    @property
    def organizations(self) -> tuple[Organization, ...]:
        """Every WorkMail organization, stand-ins last."""
        return self.estate.organizations

    @property
    def fixed_values(self) -> Mapping[str, tuple[str | None, ...]]:
        """The values that each fixed key may have, by canonical key; None is an absent key."""
        return self._values

    # -- names --------------------------------------------------------------

    @cached_property
    def labels(self) -> dict[str, str]:
        """Short names by ARN, of principals and organizations: for tables that hold ARNs.

        Principals of different accounts may share one.

        Examples
        --------
        >>> frame["organization"].map(access.labels)  # doctest: +SKIP
        """
        found = {principal.arn: principal.name for principal in self.principals}
        found.update((organization.arn, organization.label) for organization in self.organizations)
        return {**found, "*": "without organization"}

    @cached_property
    def _by_arn(self) -> dict[str, Principal]:
        return {principal.arn: principal for principal in self.principals}

    def find_principal(self, name: str) -> Principal:
        """Return the one principal of a name (ARN, short name); see :meth:`find_principals`."""
        if name in self._by_arn:
            return self._by_arn[name]
        found = self.find_principals(name)
        if len(found) > 1:
            from wmiam.errors import AmbiguousNameError

            raise AmbiguousNameError("principal", name, [p.arn for p in found])
        return found[0]

    def find_principals(self, name: str) -> list[Principal]:
        """Return the principals of an ARN, a short name or a glob; raises :class:`NameLookupError`."""
        return names.find_principals(name, self.principals)

    def find_actions(self, name: str) -> list[str]:
        """Return the full action names of a name or glob; raises :class:`UnknownNameError`."""
        return names.find_actions(name, self.catalog)

    def find_organizations(self, name: str) -> list[Organization]:
        """Return the organizations of an ARN, id, alias or glob; raises :class:`NameLookupError`."""
        return names.find_organizations(name, self.organizations)

    # -- what if ------------------------------------------------------------

    def given(self, context: Mapping[str, object] | None = None, /, **keys: object) -> Self:
        """Return the same access with context keys fixed, without reading or evaluating again.

        Parameters
        ----------
        context : mapping of str to value or list of values
            E.g. ``{"aws:MultiFactorAuthPresent": True}``.  Of several values any may be
            the request's; None is an absent key.
        **keys : object
            More keys, for those that are Python names.

        Raises
        ------
        RequestError
            If a value is not text, a number, true, false, None or a list of these.
        """
        return type(self)(self.estate, self.whole, {**self.context, **(context or {}), **keys})

    def within(self, members: PrincipalClass, resource: Resource) -> int:
        """Return the contexts that a class of principals can have, as far as keys are fixed.

        Parameters
        ----------
        members : PrincipalClass
            Whose requests.
        resource : Resource
            About what: a region that the organization is not in leaves none.
        """
        bit = 1 << members.scope.resources.index(resource)
        return next(within for mask, within in self.fixed.within(members) if mask & bit)

    # -- cells --------------------------------------------------------------

    def rows(
        self,
        principal: str | Principal | None = None,
        action: str | None = None,
        org: str | Organization | None = None,
        *,
        denied: bool = False,
    ) -> Iterator[CellRow]:
        """Yield the answers for some principals, actions and organizations, in order.

        Parameters
        ----------
        principal, action, org : str, optional
            ARN, short name or glob; None for all.  ``org="*"`` is all as well.
        denied : bool
            Whether to yield denied cells, too.
        """
        bits, arns = self._bits(action), self._arns(org)
        for subject in self._principals(principal):
            yield from self.class_rows(subject, self.whole.class_of[subject.arn], bits, arns, denied=denied)

    def class_rows(
        self,
        subject: Principal,
        members: PrincipalClass,
        bits: int,
        arns: Collection[str] | None,
        *,
        denied: bool,
    ) -> Iterator[CellRow]:
        """Yield the answers for one principal, which are those of every other of its class.

        Parameters
        ----------
        subject : Principal
            Whose name the rows bear.
        members : PrincipalClass
            Its class.
        bits, arns, denied
            As for :meth:`answers`.
        """
        for answer in self.answers(members, bits, arns, denied=denied):
            for bit in bits_of(answer.actions):
                yield CellRow(
                    subject,
                    ACTIONS.names[bit],
                    answer.resource,
                    answer.resource.arn,
                    answer.decision,
                    answer.contexts,
                    answer.within,
                )
        if denied:
            yield from self._elsewhere(subject, bits, arns)

    def answers(
        self, members: PrincipalClass, bits: int, arns: Collection[str] | None, *, denied: bool
    ) -> Iterator[Answer]:
        """Yield what a class of principals is answered, in the order of its resources.

        Parameters
        ----------
        members : PrincipalClass
            The class.
        bits : int
            Set of actions.
        arns : collection of str or None
            ARNs of organizations; None for all.
        denied : bool
            Whether to yield what is denied, too.
        """
        chosen = members.scope.chosen(arns)
        return answers(members, self.fixed, self.whole.space, chosen, bits, denied=denied)

    def _elsewhere(self, subject: Principal, bits: int, arns: Collection[str] | None) -> Iterator[CellRow]:
        """Yield the organizations of other accounts, all denied (D10), where they were asked for by name."""
        wanted = bits & ~ACTIONS.wildcard_only
        for organization in self.organizations if arns is not None else ():
            if arns is not None and organization.arn in arns and organization.account != subject.account:
                for bit in bits_of(wanted):
                    yield CellRow(subject, ACTIONS.names[bit], None, organization.arn, "denied", FALSE, FALSE)

    def _principals(
        self, principal: str | Principal | Iterable[str] | None
    ) -> tuple[Principal, ...] | list[Principal]:
        if principal is None:
            return self.principals
        if isinstance(principal, Principal):
            return [principal]
        if isinstance(principal, str):
            return self.find_principals(principal)
        found: dict[str, Principal] = {}
        for name in principal:
            # An ARN is looked up: a search through all principals for each of them takes long.
            known = self._by_arn.get(name)
            for one in (known,) if known is not None else self.find_principals(name):
                found[one.arn] = one
        return list(found.values())

    def _bits(self, action: str | Iterable[str] | None) -> int:
        if action is None:
            return ACTIONS.all
        result = 0
        for pattern in [action] if isinstance(action, str) else action:
            for name in self.find_actions(pattern):
                result |= 1 << ACTIONS.index[name]
        return result

    def _arns(self, org: str | Organization | Iterable[str] | None) -> set[str] | None:
        if org is None or org == "*":
            return None
        if isinstance(org, Organization):
            return {org.arn}
        patterns = [org] if isinstance(org, str) else org
        return {found.arn for pattern in patterns for found in self.find_organizations(pattern)}

    def allows(
        self, principal: str, action: str, org: str | None = None, context: Mapping[str, object] | None = None
    ) -> bool:
        """Whether one concrete request is allowed, by the compiled form.

        Parameters
        ----------
        principal, action, org : str
            One principal, action and organization (None for actions without resource).
        context : mapping
            Every context key that the request has; what follows from principal and
            organization need not be there.

        Raises
        ------
        RequestError
            If no request has such a context: a key that is always there is missing, or keys
            contradict each other.
        KeyError
            If the answer depends on a named unknown.
        """
        subject, name = self.find_principal(principal), self.find_actions(action)[0]
        bit = 1 << ACTIONS.index[name]
        members = self.whole.class_of[subject.arn]
        target = None if bit & ACTIONS.wildcard_only or org is None else self.find_organizations(org)[0]
        point = self.whole.space.point(Context.of(context or {}))
        if not self.whole.space.diagrams.holds(members.universe, point):
            raise RequestError("no request of this principal has just these context keys")
        for cell in members.cells:
            if cell.actions & bit and cell.resource.organization is target:
                return self.whole.space.diagrams.holds(cell.contexts, point)
        return False

    # -- sentences ----------------------------------------------------------

    def when(self, row: CellRow) -> str:
        """Return in plain words when a cell is allowed; ``""`` unless it is conditional.

        Parameters
        ----------
        row : CellRow
            The cell.
        """
        if row.decision != "conditional":
            return ""
        return self.words(row.contexts, row.within, role=row.principal.is_role)

    def words(self, contexts: int, within: int, *, role: bool) -> str:
        """Return a set of contexts in plain words.

        Parameters
        ----------
        contexts, within : int
            The contexts, and those that can be.
        role : bool
            Whether they are those of a role's requests.
        """
        key = (contexts, within, role)
        found = self._words.get(key)
        if found is None:
            found = self._words[key] = describe(contexts, within, self.whole.space, role=role)
        return found

    def ways(self, row: CellRow) -> tuple[str, str]:
        """Return how the permission of a cell arrives, and the statements that give it.

        Parameters
        ----------
        row : CellRow
            The cell.

        Returns
        -------
        tuple of str
            ``"group HelpDesk › policy help-desk"`` and ``"help-desk#Reset (file:line)"``; several
            joined by ``"; "``.
        """
        return self.ways_of(row.principal, row)

    def ways_of(self, principal: Principal, row: CellRow) -> tuple[str, str]:
        """Return :meth:`ways` for a principal of the class that a row was made for.

        Parameters
        ----------
        principal : Principal
            Whose ways; it may hold the same statements by other policies and groups.
        row : CellRow
            The cell.
        """
        if row.decision == "denied" or row.resource is None:
            return "", ""
        members = self.whole.class_of[row.principal.arn]
        return self._ways.of(principal, members, row.resource, 1 << ACTIONS.index[row.action])
