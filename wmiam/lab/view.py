"""What is shown: filters, a selection and fixed context keys, the cells that they leave, and their Python.

Everything here is without widget, so that a view can be asked for its frame or its code anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Self

from wmiam.access import Access
from wmiam.access.core import DECISIONS
from wmiam.errors import UnknownNameError
from wmiam.estate.model import Principal
from wmiam.lab.found import findings_of

if TYPE_CHECKING:
    import pandas as pd

    from wmiam.findings import Finding, Findings

__all__ = ["SHOWN", "Filters", "Selection", "View"]

#: What each value of the filter ``decision`` lets through.
SHOWN: Final[dict[str, tuple[str, ...]]] = {
    "": ("conditional", "allowed"),
    **{decision: (decision,) for decision in DECISIONS},
    "all": DECISIONS,
}

#: Accesses with fixed keys that are kept, with all that was worked out of them.
_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Filters:
    """Which principals, actions and decisions are shown; ``""`` filters nothing.

    Parameters
    ----------
    principals : str
        Words that must all occur in a principal's ARN, in any case.
    actions : str
        Words that must all occur in an action's full name, in any case.
    account : str
        Account id.
    organization : str
        ARN of a WorkMail organization; from Python also its id or alias.
    capability : str
        Name of a capability: only the actions that it takes.
    level : str
        Access level of the actions.
    decision : str
        ``"allowed"``, ``"conditional"``, ``"denied"`` or ``"all"``; ``""`` is any access.
    severity : str
        Only cells that a finding at least so grave is about; see :meth:`wmiam.findings.Findings.about`.
    """

    principals: str = ""
    actions: str = ""
    account: str = ""
    organization: str = ""
    capability: str = ""
    level: str = ""
    decision: str = ""
    severity: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any], access: Access) -> Self:
        """Return filters from what a user or the page gave; what is left out filters nothing.

        Parameters
        ----------
        values : mapping
            By the names above.
        access : Access
            Where names are looked up.

        Raises
        ------
        UnknownNameError
            If there is no such filter, account, organization, capability, level, decision or severity.
        """
        known = [item.name for item in fields(cls)]
        for name in values:
            if name not in known:
                raise UnknownNameError("filter", str(name), known)
        given = {name: str(value or "") for name, value in values.items()}
        organization = given.get("organization", "")
        if organization and organization not in {o.arn for o in access.organizations}:
            given["organization"] = access.find_organizations(organization)[0].arn
        choices = {
            "account": sorted({p.account for p in access.principals}),
            "capability": [capability.name for capability in access.catalog.capabilities],
            "level": sorted({action.access_level for action in access.catalog.actions}),
            "decision": list(SHOWN),
            "severity": _severities() if given.get("severity") else [],
        }
        for name, allowed in choices.items():
            if given.get(name, "") and given[name] not in allowed:
                raise UnknownNameError(name, given[name], [text for text in allowed if text])
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Selection:
    """The cell that is looked at, as far as it is chosen.

    Parameters
    ----------
    principal : str
        ARN; ``""`` for none.
    action : str
        Full action name; ``""`` for none.
    organization : str
        ARN of the organization that is explained; ``""`` for the most permissive one.
    finding : str
        Id of a finding: only the cells that it is about are shown.
    target : str
        Whom the principal can become (ARN, or id of an account that it can administer), or name of a
        capability that it comes to: the chain there is explained.
    """

    principal: str = ""
    action: str = ""
    organization: str = ""
    finding: str = ""
    target: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any], access: Access) -> Self:
        """Return a selection from what a user or the page gave.

        Parameters
        ----------
        values : mapping
            By the names above; from Python also short names.
        access : Access
            Where names are looked up.

        Raises
        ------
        NameLookupError
            If a name selects nothing, or several.
        """
        known = [item.name for item in fields(cls)]
        for name in values:
            if name not in known:
                raise UnknownNameError("part of a selection", str(name), known)
        given = {name: str(value or "") for name, value in values.items()}
        principal, action = given.get("principal", ""), given.get("action", "")
        organization, finding = given.get("organization", ""), given.get("finding", "")
        return cls(
            access.find_principal(principal).arn if principal else "",
            access.find_actions(action)[0] if action else "",
            access.find_organizations(organization)[0].arn if organization else "",
            findings_of(access)[finding].id if finding else "",
            _target(given.get("target", ""), access),
        )


def _severities() -> list[str]:
    from wmiam.findings import FindingSeverity

    return [str(severity) for severity in FindingSeverity]


def _target(name: str, access: Access) -> str:
    """Return what a chain leads to: a capability, an account or a principal."""
    known = {capability.name for capability in access.catalog.capabilities} | access.estate.accounts.keys()
    return name if not name or name in known else access.find_principal(name).arn


@dataclass(frozen=True)
class View:
    """What is shown of an access.

    Parameters
    ----------
    access : Access
        Of what, before context keys are fixed.
    filters : Filters
        Which principals, actions and decisions.
    selection : Selection
        The cell that is looked at: its principal, action and finding narrow the view, too.
    context : dict
        Context keys to fix, as for :meth:`wmiam.Access.given`.
    name : str
        What the user calls the access.
    """

    access: Access
    filters: Filters = Filters()
    selection: Selection = Selection()
    context: dict[str, Any] = field(default_factory=dict)
    name: str = "access"

    @property
    def principals(self) -> list[Principal]:
        """The principals that pass."""
        words, account = self.filters.principals.lower().split(), self.filters.account
        chosen = self.selection.principal
        return [
            p
            for p in self.access.principals
            if account in ("", p.account)
            and chosen in ("", p.arn)
            and (not words or all(word in p.arn.lower() for word in words))
        ]

    @property
    def actions(self) -> list[str]:
        """The full names of the actions that pass."""
        words, filters = self.filters.actions.lower().split(), self.filters
        chosen = self.selection.action
        return [
            a.full_name
            for a in self.access.catalog.actions
            if (not filters.capability or filters.capability in a.capabilities)
            and filters.level in ("", a.access_level)
            and chosen in ("", a.full_name)
            and all(word in a.full_name.lower() for word in words)
        ]

    @property
    def given(self) -> Access:
        """The access with the context keys fixed; the same one for the same keys."""
        if not self.context:
            return self.access
        known: dict[str, Access] = self.access.memo.setdefault("given", {})
        key = repr(sorted(self.context.items()))
        if key not in known:
            # What is worked out of an access stays with it, so that only a few are kept.
            while len(known) >= _KEPT:
                del known[next(iter(known))]
            known[key] = self.access.given(self.context)
        return known[key]

    @property
    def called(self) -> str:
        """The Python that gives :attr:`given`."""
        return f"{self.name}.given({self.context!r})" if self.context else self.name

    @property
    def grave(self) -> Findings:
        """The findings at least so grave as the filter asks for; all, where it asks for none."""
        return findings_of(self.access).of(severity=self.filters.severity or None)

    @property
    def about(self) -> tuple[Sequence[Finding], ...]:
        """The findings of which each part must be about a cell that is shown: some one of each."""
        found: list[Sequence[Finding]] = [self.grave] if self.filters.severity else []
        if self.selection.finding:
            found.append([findings_of(self.access)[self.selection.finding]])
        return tuple(found)

    def frame(self) -> pd.DataFrame:
        """Return the cells that are shown; columns as :meth:`wmiam.Access.cells`."""
        decision = self.filters.decision
        frame = self.given.cells(
            [p.arn for p in self.principals],
            self.actions,
            self.filters.organization or None,
            denied=decision == "all",
            decision=decision if decision in DECISIONS else None,
        )
        if self.filters.severity:
            frame = self.grave.about(frame)
        if self.selection.finding:
            frame = findings_of(self.access)[self.selection.finding].about(frame)
        return frame

    def code(self) -> str:
        """Return the Python that gives :meth:`frame`, of an access by its name."""
        f, chosen = self.filters, self.selection
        lines: list[str] = []
        whom = [f"p.account == {f.account!r}"] if f.account else []
        whom += [f"{word!r} in p.arn.lower()" for word in f.principals.lower().split()]
        which = [f"{f.capability!r} in a.capabilities"] if f.capability else []
        which += [f"a.access_level == {f.level!r}"] if f.level else []
        which += [f"{word!r} in a.full_name.lower()" for word in f.actions.lower().split()]
        arguments: list[str] = []
        for name, item, tests, one, source, key in (
            ("principal", "p", whom, chosen.principal, f"{self.name}.principals", "arn"),
            ("action", "a", which, chosen.action, f"{self.name}.catalog.actions", "full_name"),
        ):
            if tests:
                if one:
                    tests.append(f"{item}.{key} == {one!r}")
                passed = " and ".join(tests)
                lines.append(f"{name}s = [{item}.{key} for {item} in {source} if {passed}]")
                arguments.append(f"{name}={name}s")
            elif one:
                arguments.append(f"{name}={[one]!r}")
        if f.organization:
            arguments.append(f"org={f.organization!r}")
        if f.decision in DECISIONS:
            arguments.append(f"decision={f.decision!r}")
        elif f.decision == "all":
            arguments.append("denied=True")
        lines.append(f"frame = {self.called}.cells({', '.join(arguments)})")
        if f.severity or chosen.finding:
            lines.append(f"findings = {self.name}.findings()")
        if f.severity:
            lines.append(f"frame = findings.of(severity={f.severity!r}).about(frame)")
        if chosen.finding:
            lines.append(f"frame = findings[{chosen.finding!r}].about(frame)")
        return "\n".join(lines)

    def record(self) -> dict[str, Any]:
        """Return filters, selection and context as JSON values."""
        return {
            "filters": asdict(self.filters),
            "selection": asdict(self.selection),
            "context": dict(self.context),
        }
