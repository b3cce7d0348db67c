"""Gates held against a comparison: what fails them, with a witness and the statements that decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, overload

from wmiam.access.labels import statement_label
from wmiam.bits import bits_of
from wmiam.compare.gates import Gate, GateKind
from wmiam.compare.pairs import Pair
from wmiam.compare.requests import Witness
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE, Diagrams
from wmiam.engine.resources import Resource
from wmiam.engine.space import MFA_PRESENT
from wmiam.engine.whole import PrincipalClass
from wmiam.errors import UnknownNameError
from wmiam.estate import names
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.policy.model import Effect, Statement

if TYPE_CHECKING:
    from wmiam.compare.comparison import Comparison

__all__ = ["Failure", "Failures", "apply", "root_note"]


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
            f"for example {self.witness.when}"
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


@dataclass(frozen=True, slots=True)
class _Group:
    """What fails for one principal in the same way: every action of a set on every resource of another."""

    gate: Gate
    principal: Principal
    resources: int
    actions: int
    contexts: int
    within: int
    pair: Pair

    def __len__(self) -> int:
        return self.resources.bit_count() * self.actions.bit_count()


class Failures(Sequence[Failure]):
    """What fails some gates, made one by one as it is asked for: by gate, principal, resource and action.

    Parameters
    ----------
    comparison : Comparison
        What the gates were asked about.
    groups : list
        What fails, by principal.
    """

    def __init__(self, comparison: Comparison, groups: list[_Group]) -> None:
        self._comparison = comparison
        self._groups = groups
        self._number = sum(len(group) for group in groups)

    def of(self, gate: Gate) -> Failures:
        """Return what fails one gate."""
        return Failures(self._comparison, [group for group in self._groups if group.gate is gate])

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[Failure]:
        for group in self._groups:
            yield from self._expanded(group)

    @overload
    def __getitem__(self, index: int) -> Failure: ...
    @overload
    def __getitem__(self, index: slice) -> list[Failure]: ...
    def __getitem__(self, index: int | slice) -> Failure | list[Failure]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step > 0:
                return list(islice(self, start, stop, step))
            return [self[at] for at in range(start, stop, step)]
        at = index if index >= 0 else index + len(self)
        if not 0 <= at < len(self):
            raise IndexError(index)
        for group in self._groups:
            if at < len(group):
                return next(islice(self._expanded(group), at, None))
            at -= len(group)
        raise IndexError(index)

    def _expanded(self, group: _Group) -> Iterator[Failure]:
        listed = group.pair.resources
        for position in bits_of(group.resources):
            for bit in bits_of(group.actions):
                yield Failure(
                    self._comparison,
                    group.gate,
                    group.principal,
                    ACTIONS.names[bit],
                    listed[position],
                    group.contexts,
                    group.within,
                    group.pair,
                )

    def __repr__(self) -> str:
        return f"<Failures: {len(self)}>"


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
    comparison.failures = Failures(
        comparison,
        [
            group
            for gate in comparison.gates
            for group in sorted(_groups(comparison, gate), key=lambda group: group.principal.arn)
        ],
    )


def _groups(comparison: Comparison, gate: Gate) -> Iterator[_Group]:
    actions = comparison.names.actions(gate.actions) if gate.actions else ACTIONS.all
    arns = {o.arn for name in gate.organizations for o in comparison.names.find_organizations(name)}
    people = _people(comparison, gate)
    for pair in comparison.pairs:
        chosen = [new for _, new in pair.people if new is not None and new.arn in people]
        if not chosen:
            continue
        cells = list(_new_access(pair) if gate.kind is GateKind.NO_NEW_ACCESS else _after(pair, gate))
        about = _about(pair, arns) if cells else 0
        for subject in chosen:
            for resources, touched, contexts, within in cells:
                if resources & about and touched & actions:
                    yield _Group(gate, subject, resources & about, touched & actions, contexts, within, pair)


def _about(pair: Pair, arns: set[str]) -> int:
    """Return the resources of an account that a gate is about: those without organization always are."""
    found = 0
    for position, resource in enumerate(pair.resources):
        if not arns or resource.organization is None or resource.arn in arns:
            found |= 1 << position
    return found


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
