"""A request and its context: what the caller gives, and what follows from it.

Source: IAM User Guide, "AWS global condition context keys" (availability of each
key) and "Variables and tags", principal key values; rules C2, C10, C11, D11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from wmiam.catalog import Action, load
from wmiam.engine.caller import Caller, CallerKind, parse_caller
from wmiam.errors import RequestError
from wmiam.jsontext import escape
from wmiam.policy.patterns import ascii_lower
from wmiam.policy.values import parse_arn, parse_date

__all__ = ["Context", "ContextValue", "Request"]

#: A context key's value as users write it.
ContextValue = str | bool | int | float | Sequence[str | bool | int | float]


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """The value of one context key.

    Parameters
    ----------
    key : str
        As written.
    values : tuple of str
        One value, or the members of a multivalued key.
    multivalued : bool
        Whether it was given as a list.
    """

    key: str
    values: tuple[str, ...]
    multivalued: bool = False

    @property
    def is_null(self) -> bool:
        """Whether it is an empty data set: no member, or one that is empty text (C4)."""
        return self.multivalued and self.values in ((), ("",))


class Context(Mapping[str, ContextEntry]):
    """The keys of a request context, compared without case (C2)."""

    def __init__(self, entries: Mapping[str, ContextEntry] | None = None) -> None:
        self._entries = dict(entries or {})

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Context:
        """Return a context from plain values.

        Parameters
        ----------
        values : mapping of str to str, bool, number or list of these
            Context keys and their values; an empty list is an absent key.

        Raises
        ------
        RequestError
            If a value is of another kind, or two keys differ in case alone.
        """
        entries: dict[str, ContextEntry] = {}
        for key, value in values.items():
            pointer = f"/request/context/{escape(key)}"
            lowered = ascii_lower(key)
            if lowered in entries:
                raise RequestError(
                    f"the context has {key!r} twice: keys do not differ by case", pointer=pointer
                )
            if isinstance(value, (list, tuple, set, frozenset)):
                members = sorted(value) if isinstance(value, (set, frozenset)) else value
                texts = tuple(_text(member, pointer) for member in members)
                entries[lowered] = ContextEntry(key, texts, multivalued=True)
            else:
                entries[lowered] = ContextEntry(key, (_text(value, pointer),))
        return cls(entries)

    def __getitem__(self, key: str) -> ContextEntry:
        return self._entries[ascii_lower(key)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and ascii_lower(key) in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def single(self, key: str) -> str | None:
        """Return the value of a single-valued key, for a policy variable; None where there is none.

        Parameters
        ----------
        key : str
            Context key.
        """
        entry = self._entries.get(ascii_lower(key))
        if entry is None or len(entry.values) != 1:
            return None
        known = load().key(key)
        # A multivalued key is no variable, even where the request has one value for it.
        if entry.multivalued and known is not None and known.multivalued:
            return None
        return entry.values[0]


def _text(value: object, pointer: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise RequestError(
        "a context value is text, a number, true or false, or a list of these", pointer=pointer
    )


@dataclass(frozen=True)
class Request:
    """One request to AWS.

    Parameters
    ----------
    principal : str
        Who asks; see :func:`wmiam.engine.caller.parse_caller`.
    action : str
        Full action name, e.g. ``"workmail:ResetPassword"``.
    resource : str
        ARN, or ``"*"`` for an action without resource.
    context : mapping
        Context keys and values; those that follow from the rest are filled in.
    resource_account : str or None
        Account that owns the resource, where its ARN names none.
    """

    principal: str
    action: str
    resource: str = "*"
    context: Mapping[str, object] = field(default_factory=dict)
    resource_account: str | None = None

    def __post_init__(self) -> None:
        service, colon, name = self.action.partition(":")
        if not (service and colon and name) or any(c in self.action for c in "*? "):
            raise RequestError(
                f"{self.action!r} is no action: give service:Name, such as workmail:ResetPassword",
                pointer="/request/action",
            )
        if self.resource != "*" and parse_arn(self.resource) is None:
            raise RequestError(
                f"{self.resource!r} is neither an ARN of six fields nor *", pointer="/request/resource"
            )

    @cached_property
    def caller(self) -> Caller:
        """The principal, taken apart."""
        return parse_caller(self.principal)

    @property
    def service(self) -> str:
        """Service prefix in lower case."""
        return ascii_lower(self.action.partition(":")[0])

    @cached_property
    def catalog_action(self) -> Action | None:
        """The action's row in the catalog; None for other services."""
        return load().get(self.action)

    @property
    def matched_resource(self) -> str:
        """What Resource elements are held against: ``*`` for actions without resource (D11)."""
        if self.catalog_action is not None and self.catalog_action.wildcard_only:
            return "*"
        return self.resource

    @cached_property
    def owner_account(self) -> str | None:
        """Account that owns the resource; the caller's where nothing says otherwise."""
        arn = parse_arn(self.resource)
        if self.matched_resource != "*" and arn is not None and arn.account.isdigit():
            return arn.account
        return self.resource_account or self.caller.account

    @cached_property
    def full_context(self) -> Context:
        """The context as AWS would see it: completed, and without keys that the action never carries."""
        entries = dict(Context.of(self.context)._entries)
        action = self.catalog_action
        if action is not None:
            entries = {low: entry for low, entry in entries.items() if action.carries(entry.key)}
        for key, value in self._derived(Context(entries)).items():
            entries.setdefault(ascii_lower(key), ContextEntry(key, (value,)))
        return Context(entries)

    @property
    def ignored_keys(self) -> tuple[str, ...]:
        """Context keys that were given but that the action never carries (C11)."""
        action = self.catalog_action
        return () if action is None else tuple(key for key in self.context if not action.carries(key))

    def _derived(self, given: Context) -> dict[str, str]:
        """Return the keys that follow from principal, resource and other keys (C10)."""
        caller, derived = self.caller, {}
        if caller.principal_arn is not None and caller.account is not None:
            derived["aws:PrincipalArn"] = caller.principal_arn
            derived["aws:PrincipalAccount"] = caller.account
            derived["aws:PrincipalType"] = _PRINCIPAL_TYPE[caller.kind]
            derived["aws:PrincipalIsAWSService"] = "false"
        if caller.kind is CallerKind.USER:
            derived["aws:username"] = caller.name
        if caller.kind is CallerKind.ROOT and caller.account:
            derived["aws:userid"] = caller.account
        if caller.kind is CallerKind.FEDERATED_USER:
            derived["aws:userid"] = f"{caller.account}:{caller.session}"
        if caller.kind is CallerKind.SERVICE:
            derived["aws:PrincipalIsAWSService"] = "true"
            derived["aws:PrincipalServiceName"] = caller.name
        arn = parse_arn(self.resource)
        if arn is not None and arn.region:
            derived["aws:RequestedRegion"] = arn.region
        if self.owner_account:
            derived["aws:ResourceAccount"] = self.owner_account
        derived.update(_clock(given))
        return derived


_PRINCIPAL_TYPE = {
    CallerKind.USER: "User",
    CallerKind.ROLE: "AssumedRole",
    CallerKind.ROLE_SESSION: "AssumedRole",
    CallerKind.FEDERATED_USER: "FederatedUser",
    CallerKind.ROOT: "Account",
}


def _clock(given: Context) -> dict[str, str]:
    """Return the one of aws:CurrentTime and aws:EpochTime that is missing: they are the same moment."""
    for key, other in (("aws:CurrentTime", "aws:EpochTime"), ("aws:EpochTime", "aws:CurrentTime")):
        if key in given and other not in given and len(given[key].values) == 1:
            moment = parse_date(given[key].values[0])
            if moment is not None:
                return {other: f"{moment.normalize():f}"}
    return {}
