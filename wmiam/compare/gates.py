"""What must hold before a change ships.

Four gates.  ``no-new-access`` looks at the change: nothing may be allowed that was
not.  The others look at the estate after it: ``never-allow`` (nobody may do this),
``only-principals`` (nobody but these) and ``only-with-mfa`` (nobody without MFA).

A gate fails where it may fail: an answer that depends on something that could
not be read, or that no file lists, fails it, and the failure says on what it
depends.

The account root user is allowed everything but what service control policies
deny, and nothing else in IAM can change that, so the last three gates leave root
users out unless they are told to include them.

Source: IAM User Guide, "AWS account root user".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from wmiam.access.labels import statement_label
from wmiam.compare.pairs import Pair, bits
from wmiam.compare.requests import Witness
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE, Diagrams
from wmiam.engine.resources import Resource
from wmiam.engine.space import MFA_PRESENT
from wmiam.engine.whole import PrincipalClass
from wmiam.errors import InputError, UnknownNameError
from wmiam.estate import names
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.policy.model import Effect, Statement

if TYPE_CHECKING:
    from wmiam.compare.comparison import Comparison

__all__ = ["Failure", "Gate", "GateKind", "apply", "root_note"]


class GateKind(StrEnum):
    """What a gate asks for."""

    NO_NEW_ACCESS = "no-new-access"
    NEVER_ALLOW = "never-allow"
    ONLY_PRINCIPALS = "only-principals"
    ONLY_WITH_MFA = "only-with-mfa"


#: How a gate is written on the command line, for messages.
_FORM: Final = (
    "write no-new-access, never-allow=ACTION,…, only-with-mfa=ACTION,… or "
    "'only-principals=ACTION,…;principals=NAME,…'"
)
_FIELDS: Final = ("actions", "principals", "organizations", "root")
_TRUE: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Gate:
    """Something that must hold.

    Parameters
    ----------
    kind : GateKind or str
        Which gate.
    actions : tuple of str
        Full action names or globs that it is about.  ``no-new-access`` without any is about all
        actions; the others need some.
    organizations : tuple of str
        ARNs, ids, aliases or globs of the WorkMail organizations that it is about; empty for all.
        Actions without resource are always among what it is about.
    principals : tuple of str
        ARNs, names or globs.  For ``only-principals`` those who may; for the others those whom it is
        about, empty for all.
    root : bool
        Whether account root users count for ``never-allow``, ``only-principals`` and
        ``only-with-mfa``.  They always count for ``no-new-access``.
    reason : str
        Why it must hold; shown with each failure.
    place : str
        ``file:line`` where it was written; ``""`` where it comes from no file.

    Raises
    ------
    InputError
        If there is no such gate, or actions or principals that it needs are missing.
    """

    kind: GateKind | str
    actions: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    root: bool = False
    reason: str = ""
    place: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.kind not in {str(kind) for kind in GateKind}:
            known = ", ".join(GateKind)
            raise InputError(f"there is no gate {str(self.kind)!r}", mend=f"the gates are {known}")
        object.__setattr__(self, "kind", GateKind(self.kind))
        if self.kind is not GateKind.NO_NEW_ACCESS and not self.actions:
            raise InputError(f"the gate {self.kind} needs the actions that it is about", mend=_FORM)
        if self.kind is GateKind.ONLY_PRINCIPALS and not self.principals:
            raise InputError("the gate only-principals needs the principals who may", mend=_FORM)

    @classmethod
    def parse(cls, text: str) -> Gate:
        """Return a gate as it is written on the command line.

        Parameters
        ----------
        text : str
            ``NAME``, ``NAME=ACTION,…``, and more after semicolons: ``principals=…``,
            ``organizations=…``, ``root=true``.

        Raises
        ------
        InputError
            If it is none.
        """
        head, *rest = text.split(";")
        kind, _, actions = head.partition("=")
        found: dict[str, str] = {"actions": actions}
        for part in rest:
            name, sign, value = part.partition("=")
            name = name.strip()
            if not sign or name not in _FIELDS:
                raise InputError(f"in the gate {text!r}, {part!r} is no part of a gate", mend=_FORM)
            found[name] = f"{found['actions']},{value}" if name == "actions" else value
        root = found.get("root", "false").strip().lower()
        if root not in _TRUE:
            raise InputError(f"in the gate {text!r}, root is {root!r}", mend="write root=true or root=false")
        return cls(
            kind.strip(),
            _listed(found["actions"]),
            _listed(found.get("organizations", "")),
            _listed(found.get("principals", "")),
            _TRUE[root],
        )

    def __str__(self) -> str:
        """Return the gate as :meth:`parse` reads it."""
        text = str(self.kind) + (f"={','.join(self.actions)}" if self.actions else "")
        for name in ("principals", "organizations"):
            values = getattr(self, name)
            text += f";{name}={','.join(values)}" if values else ""
        return text + (";root=true" if self.root else "")

    @property
    def leaves_out_root(self) -> bool:
        """Whether account root users do not count for it."""
        return self.kind is not GateKind.NO_NEW_ACCESS and not self.root


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


class Failure:
    """One principal, action and organization for which a gate does not hold, or may not.

    Parameters
    ----------
    comparison : Comparison
        What the gate was asked about.
    gate : Gate
        The gate.
    principal : Principal
        Who.
    action : str
        Full action name.
    resource : Resource
        About what.
    contexts, within : int
        The contexts in which the gate does not hold, and those that can be.
    pair : Pair
        The principal's classes.
    """

    def __init__(
        self,
        comparison: Comparison,
        gate: Gate,
        principal: Principal,
        action: str,
        resource: Resource,
        contexts: int,
        within: int,
        pair: Pair,
    ) -> None:
        self.gate = gate
        self.principal = principal
        self.action = action
        self.resource = resource
        self.contexts = contexts
        self._comparison = comparison
        self._within = within
        self._pair = pair

    @property
    def organization(self) -> str:
        """The organization's ARN; ``"*"`` for actions without resource."""
        return self.resource.arn

    @property
    def when(self) -> str:
        """In which requests the gate does not hold, in words; ``"always"`` for all."""
        return self._comparison.words(self.contexts, self._within, self.principal)

    @property
    def depends(self) -> tuple[str, ...]:
        """What it depends on that no request decides: clauses after "it depends on whether …"."""
        return self._comparison.depends(self.contexts)

    @cached_property
    def witness(self) -> Witness:
        """A smallest request for which the gate does not hold."""
        sure = self._pair.renaming.surely(self.contexts)
        found = self._comparison.example(
            self._pair,
            self.principal,
            self.resource,
            ACTIONS.index[self.action],
            sure if sure != FALSE else self.contexts,
            self._within,
        )
        assert found is not None  # noqa: S101 - a failure has contexts
        return found

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """What decides, each with file and line: the statements that made the change, or that allow it."""
        if self.gate.kind is GateKind.NO_NEW_ACCESS:
            causes = self._comparison.causes_at(
                self._pair, self.principal, self.resource, ACTIONS.index[self.action]
            )
            return tuple(str(c) for c in causes if self.principal.arn in c.gaining)
        return tuple(self._allowing())

    def _allowing(self) -> Iterator[str]:
        side, d = self._comparison.sides[1], self._comparison.space.diagrams
        subject = side.people[self.principal.arn]
        members, bit = side.members(subject), 1 << ACTIONS.index[self.action]
        layer = side.layers(subject)["identity"]
        if layer.unconditional:
            yield "account root user"
        absent = side.whole.absent_keys(members, bit)
        for source in layer.sources:
            compiled = source.compiled
            if not compiled.actions & bit or compiled.effect is Effect.DENY:
                continue
            contexts = (
                side.whole.statement_contexts(source, members, self.resource, absent)
                if isinstance(compiled.statement, Statement)
                else side.whole.unread(source)[0]
            )
            if d.both(contexts, self.contexts) != FALSE:
                yield statement_label(source)

    def __str__(self) -> str:
        """Return the failure in a line: gate, who, what, where, and an example."""
        target = "" if self.organization == "*" else f" on {self.organization}"
        return (
            f"{self.gate.kind}: {self.principal.arn} {self.verb} {self.action}{target}, "
            f"for example with {self.witness.when}"
        )

    @property
    def verb(self) -> str:
        """What is wrong: ``"gains"``, ``"is allowed"``, or ``"may be allowed"`` where it depends."""
        gains = self.gate.kind is GateKind.NO_NEW_ACCESS
        if self.witness.unknowns:
            return "may gain" if gains else "may be allowed"
        return "gains" if gains else "is allowed"

    def __repr__(self) -> str:
        return f"<Failure of {self.gate.kind}: {self.principal.arn} {self.action} {self.organization}>"


def apply(comparison: Comparison, gates: str | Gate | Iterable[str | Gate] | None) -> None:
    """Hold gates against a comparison: its ``gates`` and ``failures`` are what they were, and what fails.

    Parameters
    ----------
    comparison : Comparison
        What changed.
    gates : str, Gate, list of these, or None
        What must hold.

    Raises
    ------
    InputError
        If a gate is none.
    NameLookupError
        If a gate names an action, organization or principal that there is not.
    """
    listed = [gates] if isinstance(gates, (str, Gate)) else list(gates or ())
    comparison.gates = tuple(g if isinstance(g, Gate) else Gate.parse(g) for g in listed)
    comparison.failures = tuple(
        failure
        for gate in comparison.gates
        for failure in sorted(_failures(comparison, gate), key=lambda f: f.principal.arn)
    )


def _failures(comparison: Comparison, gate: Gate) -> Iterator[Failure]:
    actions = comparison.names.actions(gate.actions) if gate.actions else ACTIONS.all
    arns = {o.arn for name in gate.organizations for o in comparison.names.find_organizations(name)}
    people = _people(comparison, gate)
    for pair in comparison.pairs:
        chosen = [(old, new) for old, new in pair.people if _arn(old, new) in people]
        if not chosen:
            continue
        cells = list(_new_access(pair) if gate.kind is GateKind.NO_NEW_ACCESS else _after(pair, gate))
        listed = pair.resources
        for old, new in chosen:
            subject = new or old
            for resources, touched, contexts, within in cells if subject is not None else ():
                for position in bits(resources):
                    resource = listed[position]
                    if arns and resource.organization is not None and resource.arn not in arns:
                        continue
                    for bit in bits(touched & actions):
                        assert subject is not None  # noqa: S101 - chosen by its ARN
                        yield Failure(
                            comparison, gate, subject, ACTIONS.names[bit], resource, contexts, within, pair
                        )


def _people(comparison: Comparison, gate: Gate) -> set[str]:
    """Return the ARNs of the principals whom a gate is about."""
    everybody = comparison.after.principals
    named = {p.arn for name in gate.principals for p in _find(comparison, gate, name)}
    if gate.kind is GateKind.ONLY_PRINCIPALS:
        chosen = {p.arn for p in everybody} - named
    else:
        chosen = named if gate.principals else {p.arn for p in everybody}
    if gate.leaves_out_root:
        chosen -= {p.arn for p in everybody if p.kind is PrincipalKind.ROOT}
    return chosen


def _find(comparison: Comparison, gate: Gate, name: str) -> list[Principal]:
    try:
        return comparison.names.find_principals(name)
    except UnknownNameError:
        # Who may, and is not there, does no harm; a gate about nobody would never fail.
        if gate.kind is GateKind.ONLY_PRINCIPALS and names.is_glob(name):
            return []
        raise


def root_note(comparison: Comparison) -> str:
    """Return what is to be said of account root users, whom gates leave out; ``""`` where none are."""
    gates = [gate for gate in comparison.gates if gate.leaves_out_root]
    number = sum(p.kind is PrincipalKind.ROOT for p in comparison.after.principals)
    if not gates or not number:
        return ""
    kinds = ", ".join(dict.fromkeys(str(gate.kind) for gate in gates))
    return (
        f"Account root users ({number}) are allowed everything but what SCPs deny, and are left out of "
        f"{kinds}: root=true includes them."
    )


_Cells = Iterator[tuple[int, int, int, int]]


def _new_access(pair: Pair) -> _Cells:
    for delta in pair.deltas:
        if delta.gained != FALSE:
            yield delta.resources, delta.actions, delta.gained, delta.possible.after


def _after(pair: Pair, gate: Gate) -> _Cells:
    """Yield what a class of principals is allowed after the change, as far as a gate forbids it."""
    side, members = pair.after, pair.classes[1]
    d = side.space.diagrams
    if members is None:
        return
    withins = side.access.fixed.within(members)
    for resources, allowed in side.cells(members):
        for mask, within in withins:
            shared = mask & resources
            if not shared:
                continue
            for actions, contexts in allowed:
                forbidden = d.both(contexts, within)
                if gate.kind is GateKind.ONLY_WITH_MFA:
                    forbidden = d.minus(forbidden, _with_mfa(d, pair, members))
                if forbidden != FALSE:
                    yield shared, actions, forbidden, within


def _with_mfa(d: Diagrams, pair: Pair, members: PrincipalClass) -> int:
    """Return the contexts with MFA; none where no condition of the estate asks for it."""
    dimension = pair.after.space.dimensions.get(MFA_PRESENT)
    if dimension is None or members.universe == FALSE:
        return FALSE
    group = dimension.groups[0]
    return d.literal(dimension.variables[0], 1 << group.witnesses.index("true"))


def _arn(old: Principal | None, new: Principal | None) -> str:
    found = new or old
    return "" if found is None else found.arn
