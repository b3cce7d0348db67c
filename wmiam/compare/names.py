"""Names of principals, actions and organizations of both sides, as people type and read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from wmiam.catalog import load
from wmiam.engine.compile import ACTIONS
from wmiam.estate import names
from wmiam.estate.model import Organization, Principal

__all__ = ["Names"]


class Names:
    """Looks names up, and shortens ARNs.

    Parameters
    ----------
    principals : list of Principal
        Those of the side after, and of the side before that are gone.
    organizations : tuple of Organization
        Those of both sides.
    """

    def __init__(self, principals: list[Principal], organizations: tuple[Organization, ...]) -> None:
        self._principals = principals
        self._organizations = organizations

    def find_principals(self, name: str) -> list[Principal]:
        """Return the principals of a name, of either side; raises :class:`NameLookupError`."""
        return names.find_principals(name, self._principals)

    def find_organizations(self, name: str) -> list[Organization]:
        """Return the organizations of a name, of either side; raises :class:`NameLookupError`."""
        # The ARN of a stand-in ends in "*": in full it is one organization, not a glob.
        exact = [o for o in self._organizations if o.arn == name]
        return exact or names.find_organizations(name, self._organizations)

    def actions(self, wanted: Iterable[str]) -> int:
        """Return the set of the actions of some names or globs; raises :class:`UnknownNameError`."""
        found = 0
        for name in wanted:
            for full in names.find_actions(name, load()):
                found |= 1 << ACTIONS.index[full]
        return found

    @cached_property
    def _short(self) -> dict[str, str]:
        """Short names by ARN, where they are unambiguous."""
        found: dict[str, str] = {}
        for things in (
            [(p.arn, p.name) for p in self._principals],
            [(o.arn, o.label) for o in self._organizations],
        ):
            number = Counter(label for _, label in things)
            found.update((arn, label) for arn, label in things if number[label] == 1)
        return found

    def short(self, arn: str) -> str:
        """Return the name of a principal or organization where no other has it, else its ARN."""
        return self._short.get(arn, arn)
