"""One call's output with what is known of the call, and how readers declare what they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from wmiam.sources.entry import Entry

if TYPE_CHECKING:
    from wmiam.sources.draft import Draft

__all__ = ["PARAMETERS", "Page", "Reading", "holds_list"]

#: Parameters that say what a call's output is about; they may stand in the wrapper or beside the output.
PARAMETERS: Final = frozenset(
    {
        "Account",
        "ChildId",
        "ChildType",
        "Filter",
        "ImpersonationRoleId",
        "OrganizationId",
        "ParentId",
        "PolicyId",
        "Region",
        "ResourceARN",
        "TargetId",
    }
)


@dataclass(slots=True, eq=False)
class Page:
    """What one call printed.

    Parameters
    ----------
    output : Entry
        The output's fields.
    parameters : mapping of str to str
        Parameters of the call, where the file gives them.
    kind : str
        Service and name of the call, e.g. ``"workmail list-organizations"``.
    """

    output: Entry
    parameters: Mapping[str, str]
    kind: str

    @property
    def draft(self) -> Draft:
        """Where to note what is read."""
        return self.output.draft

    def parameter(self, key: str) -> str:
        """Return a parameter of the call, ``""`` where the file does not give it."""
        value = self.parameters.get(key) or self.output.value.get(key)
        return value if isinstance(value, str) else ""

    def need_parameter(self, key: str) -> str:
        """Return a parameter without which the output means nothing; report where it is missing."""
        value = self.parameter(key)
        if not value:
            call = self.kind.split()[-1]
            self.draft.error(
                "call-parameter-missing",
                f"the output of {call} does not say which {key} it is for, so it was not used",
                self.output.origin(),
                f'write {{"Call": "{call}", "Parameters": {{"{key}": …}}, "Output": …}} around it',
            )
        return value

    def listing(self, *keys: str) -> bool:
        """Note this as a page of a listing; return whether the listing's final page was read.

        Parameters
        ----------
        *keys : str
            The parameters that, with account and region, tell one listing from another.
        """
        values = tuple(self.parameter(key) for key in (*keys, "Account", "Region"))
        given = " ".join(value for value in values if value)
        more = bool(self.output.value.get("NextToken"))
        key = (self.kind, *values)
        self.draft.listing(f"{self.kind} {given}".rstrip(), key, more, self.output.origin())
        return self.draft.is_finished(key)


class Reading(NamedTuple):
    """How the output of one call is recognised and read.

    Parameters
    ----------
    kind : str
        Service and name of the call.
    recognises : callable
        Says of an output whether it may be this call's.
    read : callable
        Reads a page into its draft.
    fields : tuple of str
        The output's fields, apart from parameters and pagination.
    """

    kind: str
    recognises: Callable[[Mapping[str, object]], bool]
    read: Callable[[Page], None]
    fields: tuple[str, ...]

    @property
    def call(self) -> str:
        """The name of the call, as the AWS CLI spells it."""
        return self.kind.split()[-1]


def holds_list(key: str, *others: str) -> Callable[[Mapping[str, object]], bool]:
    """Return a recogniser of outputs that hold a list under one key, and other keys besides.

    Parameters
    ----------
    key : str
        The list's key.
    *others : str
        Keys that must be there too.
    """

    def recognises(output: Mapping[str, object]) -> bool:
        return isinstance(output.get(key), list) and all(other in output for other in others)

    return recognises
