"""What a change grants and takes away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from wmiam.access import Access
from wmiam.bits import bits_of
from wmiam.compare.align import align
from wmiam.compare.causes import Attribution, Attributor, CauseKey
from wmiam.compare.changes import CHANGES, Change
from wmiam.compare.failures import Failures
from wmiam.compare.matching import Version
from wmiam.compare.names import Names
from wmiam.compare.pairs import Delta, Pair, pair_up
from wmiam.compare.requests import Witness, decide_on, find_witness
from wmiam.compare.sides import Side
from wmiam.compare.summary import Cause, gather
from wmiam.conditions.decision import decision_of
from wmiam.conditions.words import describe
from wmiam.diagnostics import Diagnostic, Severity
from wmiam.engine.compile import ACTIONS
from wmiam.engine.decide import Decision
from wmiam.engine.diagrams import FALSE
from wmiam.engine.resources import INCOMING, Resource
from wmiam.engine.whole import Whole
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization, Principal

if TYPE_CHECKING:
    import pandas as pd

    from wmiam.compare.gates import Gate

__all__ = ["Comparison"]


class Comparison:
    """The difference between two estates.

    Parameters
    ----------
    before, after : Estate
        As they were read.
    context : mapping, optional
        Context keys that are fixed on both sides; see :meth:`wmiam.access.Access.given`.
    progress : bool, optional
        Whether to show a progress bar.
    """

    def __init__(
        self,
        before: Estate,
        after: Estate,
        *,
        context: Mapping[str, object] | None = None,
        progress: bool | None = None,
    ) -> None:
        self.before, self.after = before, after
        aligned = align(before, after)
        #: What was taken from the other side, in sentences.
        self.notes = aligned.notes
        wholes = Whole.together([aligned.before, aligned.after], progress=progress)
        self.sides = (
            Side("before", Access(aligned.before, wholes[0], context)),
            Side("after", Access(aligned.after, wholes[1], context)),
        )
        self.space = self.sides[1].space
        self.pairs = pair_up(*self.sides)
        #: Looks up the names of principals, actions and organizations of both sides.
        self.names = Names([*after.principals, *self.gone_principals], aligned.after.organizations)
        #: The gates that were asked, and what fails them.
        self.gates: tuple[Gate, ...] = ()
        self.failures = Failures(self, [])
        self._words: dict[tuple[int, int, bool], str] = {}
        self._kinds: dict[tuple[int, int, int, frozenset[int]], tuple[str, tuple[str, ...]]] = {}
        self._witnesses: dict[object, Witness | None] = {}
        self._attributor = Attributor(*self.sides)

    # -- what is on one side only -------------------------------------------

    @cached_property
    def new_principals(self) -> tuple[Principal, ...]:
        """Principals that are there after the change only."""
        old = self.sides[0].people
        return tuple(p for p in self.after.principals if p.arn not in old)

    @cached_property
    def gone_principals(self) -> tuple[Principal, ...]:
        """Principals that are there before the change only."""
        new = self.sides[1].people
        return tuple(p for p in self.before.principals if p.arn not in new)

    @cached_property
    def new_organizations(self) -> tuple[Organization, ...]:
        """WorkMail organizations that only the side after names; stand-ins are none."""
        return _others(self.after, self.before)

    @cached_property
    def gone_organizations(self) -> tuple[Organization, ...]:
        """WorkMail organizations that only the side before names; stand-ins are none."""
        return _others(self.before, self.after)

    @cached_property
    def incomplete(self) -> tuple[tuple[str, Diagnostic], ...]:
        """What was not understood on either side, each with ``"before"`` or ``"after"``."""
        return tuple(
            (name, diagnostic)
            for name, estate in (("before", self.before), ("after", self.after))
            for diagnostic in estate.diagnostics
            if diagnostic.severity is Severity.ERROR
        )

    @property
    def complete(self) -> bool:
        """Whether both sides were understood: no diagnostic of severity error."""
        return not self.incomplete

    @property
    def empty(self) -> bool:
        """Whether nothing changed, and nothing may have."""
        return not any(pair.deltas for pair in self.pairs)

    def counts(self) -> dict[str, int]:
        """Return how many cells changed in each way; what did not occur is left out."""
        found = dict.fromkeys(CHANGES, 0)
        for pair in self.pairs:
            for delta in pair.deltas:
                cells = delta.resources.bit_count() * delta.actions.bit_count()
                found[self.kind(pair, delta)[0]] += cells * len(pair.people)
        return {change: number for change, number in found.items() if number}

    def people(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return the ARNs of the principals that surely gain, surely lose, and of whom nobody can tell."""
        gaining: set[str] = set()
        losing: set[str] = set()
        unsure: set[str] = set()
        for pair in self.pairs:
            kinds = {self.kind(pair, delta)[0] for delta in pair.deltas}
            arns = {_arn(old, new) for old, new in pair.people}
            gaining |= arns if kinds & {"granted", "widened", "moved"} else set()
            losing |= arns if kinds & {"revoked", "narrowed", "moved"} else set()
            unsure |= arns if "cannot tell" in kinds else set()
        return tuple(sorted(gaining)), tuple(sorted(losing)), tuple(sorted(unsure - gaining - losing))

    # -- rows ---------------------------------------------------------------

    def rows(
        self, principal: str | None = None, action: str | None = None, org: str | None = None
    ) -> Iterator[Change]:
        """Yield what changed, by principal, organization and action.

        Parameters
        ----------
        principal, action, org : str, optional
            ARN, short name or glob; None for all.

        Raises
        ------
        NameLookupError
            If a name selects nothing on either side, or is ambiguous.
        """
        wanted = None if principal is None else {p.arn for p in self.names.find_principals(principal)}
        actions = ACTIONS.all if action is None else self.names.actions([action])
        arns = None if org is None or org == "*" else {o.arn for o in self.names.find_organizations(org)}
        people = [
            (old, new, pair)
            for pair in self.pairs
            if pair.deltas
            for old, new in pair.people
            if wanted is None or _arn(old, new) in wanted
        ]
        for old, new, pair in sorted(people, key=lambda found: _arn(found[0], found[1])):
            yield from self._changes(pair, old, new, actions, arns)

    def _changes(
        self, pair: Pair, old: Principal | None, new: Principal | None, actions: int, arns: set[str] | None
    ) -> Iterator[Change]:
        subject = new or old
        if subject is None:
            return
        cells = [
            (position, bit, delta)
            for delta in pair.deltas
            for bit in bits_of(delta.actions & actions)
            for position in bits_of(delta.resources)
        ]
        for position, bit, delta in sorted(cells, key=lambda cell: cell[:2]):
            resource = pair.resources[position]
            if arns is not None and resource.organization is not None and resource.arn not in arns:
                continue
            change, depends = self.kind(pair, delta)
            yield Change(
                subject,
                ACTIONS.names[bit],
                resource.arn,
                change,
                decision_of(delta.before, delta.possible.before),
                decision_of(delta.after, delta.possible.after),
                depends,
                resource,
                delta,
                pair,
            )

    def kind(self, pair: Pair, delta: Delta) -> tuple[str, tuple[str, ...]]:
        """Return what happened, one of :data:`~wmiam.compare.changes.CHANGES`, and what it depends on.

        Parameters
        ----------
        pair : Pair
            Whose access changed.
        delta : Delta
            The change.
        """
        renaming = pair.renaming
        key = (delta.before, delta.gained, delta.lost, renaming.unread)
        if key not in self._kinds:
            gained, lost = renaming.surely(delta.gained), renaming.surely(delta.lost)
            if gained != FALSE and lost != FALSE:
                change = "moved"
            elif gained != FALSE:
                change = "granted" if delta.before == FALSE else "widened"
            elif lost != FALSE:
                change = "revoked" if delta.after == FALSE else "narrowed"
            else:
                change = "cannot tell"
            self._kinds[key] = change, self.depends(delta.gained, delta.lost)
        return self._kinds[key]

    def depends(self, *contexts: int) -> tuple[str, ...]:
        """Return the named unknowns that some sets of contexts depend on.

        Parameters
        ----------
        *contexts : int
            Sets of contexts.
        """
        support = {v for found in contexts for v in self.space.diagrams.support(found)}
        return tuple(name for name, v in self.space.opaque.items() if v in support and name != INCOMING)

    # -- sentences and examples ---------------------------------------------

    def gained(self, change: Change) -> str:
        """Return in words in which requests something is allowed after the change only; ``""`` for none."""
        return self.words(change.delta.gained, change.delta.possible.after, change.principal)

    def lost(self, change: Change) -> str:
        """Return in words in which requests something was allowed before the change only; ``""`` for none."""
        return self.words(change.delta.lost, change.delta.possible.before, change.principal)

    def words(self, contexts: int, within: int, principal: Principal) -> str:
        """Return a set of contexts in words: ``""`` for none, ``"always"`` for all that can be."""
        if contexts == FALSE:
            return ""
        key = (contexts, within, principal.is_role)
        if key not in self._words:
            found = describe(contexts, within, self.space, role=principal.is_role)
            self._words[key] = found or "always"
        return self._words[key]

    def witness(self, change: Change, *, lost: bool = False) -> Witness | None:
        """Return a smallest request that is allowed after the change only, or before it only.

        Parameters
        ----------
        change : Change
            What changed.
        lost : bool
            Whether the request is one that was allowed before.

        Returns
        -------
        Witness or None
            None where nothing was gained (lost).  The reference evaluator allows it on one side and
            denies it on the other, see :meth:`decide`, unless it names unknowns, or only one side can
            have the request at all.
        """
        delta = change.delta
        contexts = delta.lost if lost else delta.gained
        sure = change.pair.renaming.surely(contexts)
        return self.example(
            change.pair,
            change.principal,
            change.resource,
            ACTIONS.index[change.action],
            sure if sure != FALSE else contexts,
            self.space.diagrams.either(delta.possible.before, delta.possible.after),
        )

    def example(
        self, pair: Pair, principal: Principal, resource: Resource, action: int, contexts: int, within: int
    ) -> Witness | None:
        """Return a small request of a set of contexts, for one cell.

        Parameters
        ----------
        pair : Pair
            The principal's classes.
        principal : Principal
            Who asks.
        resource : Resource
            About what.
        action : int
            Position of the action.
        contexts, within : int
            The set, and the contexts that can be.
        """
        key = (principal.arn, resource, action, contexts, within)
        if key not in self._witnesses:
            d = self.space.diagrams
            known = [
                (side.known(person), side.known_of(resource))
                for side in self.sides
                if (person := side.people.get(principal.arn)) is not None
            ]
            universes = [m.universe for m in pair.classes if m is not None]
            # What no named unknown decides makes the better example.
            proof = contexts
            for name, variable in self.space.opaque.items():
                if name != INCOMING and proof != FALSE:
                    proof = d.neither(d.without(d.neither(proof), variable))
            self._witnesses[key] = find_witness(
                self.space,
                proof if proof != FALSE else contexts,
                within,
                principal=principal.arn,
                action=action,
                resource=resource,
                settled=lambda name: all(any(k.get(name) for k in side) for side in known),
                prefer=d.all_of(universes),
            )
        return self._witnesses[key]

    def decide(self, witness: Witness) -> tuple[Decision | None, Decision | None]:
        """Decide a request by the reference evaluator, before and after.

        Parameters
        ----------
        witness : Witness
            The request.

        Returns
        -------
        tuple
            The decision of each side; None where the principal is not there.

        Raises
        ------
        PolicyError
            If a policy that counts could not be read.
        """
        found = []
        for side in self.sides:
            principal = side.people.get(witness.principal)
            found.append(None if principal is None else decide_on(side, principal, witness))
        return found[0], found[1]

    # -- causes -------------------------------------------------------------

    @cached_property
    def _causes(self) -> tuple[Cause, ...]:
        return gather(self, self._attributor)

    def causes(self) -> tuple[Cause, ...]:
        """Return what made the changes, those that concern most principals first.

        Each is a statement that was added, removed or changed, that somebody newly holds or no
        longer holds, or that a changed attribute such as a tag makes apply; or a boundary or a
        level of SCPs that was set or lifted.  :mod:`wmiam.compare.causes` defines it exactly.
        """
        return self._causes

    def versions(self, cause: Cause) -> tuple[Version | None, Version | None]:
        """Return the statement of a cause before and after the change, each with its policy.

        Parameters
        ----------
        cause : Cause
            Of this comparison.

        Returns
        -------
        tuple
            None where a side does not have it, or the cause is no statement.
        """
        return self._attributor.versions(cause.key)

    def causes_of(self, change: Change) -> tuple[Cause, ...]:
        """Return what made one change.

        Parameters
        ----------
        change : Change
            A row of this comparison.
        """
        return tuple(self._by_key[key] for key in dict.fromkeys(part.key for part in self.parts(change)))

    def parts(self, change: Change) -> tuple[Attribution, ...]:
        """Return the part of a change that each cause made.

        Parameters
        ----------
        change : Change
            A row of this comparison.
        """
        return self.parts_at(change.pair, change.principal, change.resource, ACTIONS.index[change.action])

    def causes_at(
        self, pair: Pair, principal: Principal, resource: Resource, action: int
    ) -> tuple[Cause, ...]:
        """Return what made the change of one cell; see :meth:`causes_of`.

        Parameters
        ----------
        pair : Pair
            The principal's classes.
        principal : Principal
            Who.
        resource : Resource
            About what.
        action : int
            Position of the action.
        """
        parts = self.parts_at(pair, principal, resource, action)
        return tuple(self._by_key[key] for key in dict.fromkeys(part.key for part in parts))

    def parts_at(
        self, pair: Pair, principal: Principal, resource: Resource, action: int
    ) -> tuple[Attribution, ...]:
        """Return the parts of the change of one cell; arguments as for :meth:`causes_at`."""
        old, new = (side.people.get(principal.arn) for side in self.sides)
        position = pair.resources.index(resource)
        return tuple(
            part
            for part in self._attributor.of(pair, old, new)
            if part.actions >> action & 1 and part.resources >> position & 1
        )

    @cached_property
    def _by_key(self) -> dict[CauseKey, Cause]:
        return {cause.key: cause for cause in self.causes()}

    # -- frames and texts ---------------------------------------------------

    def frame(
        self, principal: str | None = None, action: str | None = None, org: str | None = None
    ) -> pd.DataFrame:
        """Return what changed as a frame.

        Parameters
        ----------
        principal, action, org : str, optional
            As for :meth:`rows`.

        Returns
        -------
        pandas.DataFrame
            Columns ``principal`` (ARN), ``name``, ``kind``, ``account``, ``action``, ``organization``
            (ARN; ``"*"`` for actions without resource), ``change`` (ordered categorical of
            :data:`CHANGES`), ``before`` and ``after`` (ordered categoricals), ``gained`` and ``lost``
            (in words), ``witness_gained`` and ``witness_lost`` (dict of context keys, or None),
            ``depends`` and ``statements`` (what made the change).
        """
        from wmiam.compare.frames import changes_frame

        return changes_frame(self, list(self.rows(principal, action, org)))

    def causes_frame(self) -> pd.DataFrame:
        """Return the causes as a frame; columns as the attributes of :class:`~wmiam.compare.Cause`."""
        from wmiam.compare.frames import causes_frame

        return causes_frame(self.causes())

    def failures_frame(self) -> pd.DataFrame:
        """Return what fails the gates as a frame; columns as of :class:`~wmiam.compare.Failure`."""
        from wmiam.compare.frames import failures_frame

        return failures_frame(self.failures)

    def to_text(self) -> str:
        """Return the comparison as text for a terminal."""
        from wmiam.compare.text import comparison_text

        return comparison_text(self)

    def __str__(self) -> str:
        """Return the comparison as text for a terminal."""
        return self.to_text()

    def __repr__(self) -> str:
        changed = sum(len(pair.people) for pair in self.pairs if pair.deltas)
        gates = f", {len(self.failures)} gate failures" if self.gates else ""
        return f"<Comparison of {self.before.name!r} and {self.after.name!r}: {changed} principals{gates}>"

    def _repr_html_(self) -> str:
        from wmiam.views.html import comparison_html

        return comparison_html(self)


def _arn(old: Principal | None, new: Principal | None) -> str:
    found = new or old
    return "" if found is None else found.arn


def _others(estate: Estate, other: Estate) -> tuple[Organization, ...]:
    known = {organization.arn for organization in other.organizations}
    return tuple(o for o in estate.organizations if o.arn not in known and not o.stand_in)
