"""Why one cell is as it is: layer by layer, statement by statement, and what would have to change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmiam.access.applied import ROOT_TITLE, StatementReader, StatementView, layer_outcome
from wmiam.access.labels import place_of
from wmiam.conditions.decision import decision_of
from wmiam.conditions.words import clause, witness
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.knowledge import Known
from wmiam.engine.resources import Resource
from wmiam.engine.whole import Layer, PrincipalClass
from wmiam.errors import AmbiguousNameError
from wmiam.estate.model import Organization, Principal
from wmiam.estate.names import organization_choice

if TYPE_CHECKING:
    from wmiam.access.access import Access

__all__ = ["Explanation", "LayerView", "cell_organization", "explain"]


@dataclass(frozen=True, slots=True)
class LayerView:
    """One kind of policy, or one level of SCPs, and what it says.

    Parameters
    ----------
    kind, title : str
        ``"identity"``, ``"permissions boundary"`` or ``"service control policy"``, and a heading.
    decision : str
        ``"allows"``, ``"conditional"``, ``"does not allow"`` or ``"denies"``.
    when : str
        In which contexts it allows; ``""`` unless conditional.
    statements : tuple of StatementView
        Those that cover the action.
    """

    kind: str
    title: str
    decision: str
    when: str
    statements: tuple[StatementView, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """Why a principal may or may not perform an action on an organization.

    Parameters
    ----------
    principal : Principal
        Who.
    action, organization : str
        Full action name; ARN, or ``"*"`` for actions without resource.
    decision, when : str
        The answer.
    layers : tuple of LayerView
        What must allow, each with its statements.
    reasons : tuple of str
        Why so, in sentences.
    changes : tuple of str
        What would have to change for the opposite.
    notes : tuple of str
        What else to know.
    witness : dict or None
        A small request context in which it is allowed; None if there is none.
    label : str
        What the organization is called; ``""`` for actions without resource.
    """

    principal: Principal
    action: str
    organization: str
    decision: str
    when: str
    layers: tuple[LayerView, ...]
    reasons: tuple[str, ...]
    changes: tuple[str, ...]
    notes: tuple[str, ...]
    witness: dict[str, str] | None
    label: str = ""

    def __repr__(self) -> str:
        where = "" if self.organization == "*" else f" on {self.organization}"
        return f"<Explanation: {self.principal.arn} {self.action}{where} {self.decision}>"

    def __str__(self) -> str:
        """Return the explanation as text for a terminal."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.principal.arn}"
        target = "" if self.organization == "*" else f" on {self.organization}"
        yield f"{self.action}{target}"
        yield f"  {self.decision.upper()}" + (f" {clause(self.when)}" if self.when else "")
        for reason in self.reasons:
            yield f"  {reason}"
        for layer in self.layers:
            yield f"\n{layer.title}: {layer.decision}" + (f" {clause(layer.when)}" if layer.when else "")
            for view in layer.statements:
                place = place_of(view.policy, view.statement.pointer) if view.statement else ""
                yield f"  {view.effect} {view.policy.name}#{view.label}" + (f"  {place}" if place else "")
                detail = view.when if view.applies == "conditional" else view.why
                yield f"    {view.applies}" + (f": {detail}" if detail else "") + f"  [{view.through}]"
        if self.witness:
            yield "\nAllowed, for example, with " + ", ".join(f"{k} = {v}" for k, v in self.witness.items())
        if self.changes:
            yield "\nWhat would have to change:"
            for change in self.changes:
                yield f"  - {change}"
        for note in self.notes:
            yield f"\nNote: {note}"

    def _repr_html_(self) -> str:
        from wmiam.views.html import explanation_html

        return explanation_html(self)


def explain(access: Access, principal: str, action: str, org: str | None) -> Explanation:
    """Explain one cell; see :meth:`wmiam.access.Access.explain`."""
    subject = access.find_principal(principal)
    found = access.find_actions(action)
    if len(found) > 1:
        raise AmbiguousNameError("action", action, found)
    organization = cell_organization(access, subject, found[0], org)
    return _Explainer(access, subject, found[0], organization).explain()


def cell_organization(
    access: Access, subject: Principal, action: str, org: str | None
) -> Organization | None:
    """Return the one organization that a question about a single cell means; None where there is none.

    Parameters
    ----------
    access : Access
        Where to look.
    subject : Principal
        Who.
    action : str
        Full action name.
    org : str, optional
        ARN, id, alias or glob; may be left out where the principal's account has just one.

    Raises
    ------
    NameLookupError
        If the name selects nothing, or several.
    """
    if ACTIONS.wildcard_only >> ACTIONS.index[action] & 1:
        return None
    if org is not None and org != "*":
        # The ARN of a stand-in ends in "*": in full it is one organization, not a glob.
        found = [o for o in access.organizations if o.arn == org] or access.find_organizations(org)
    else:
        found = [o for o in access.organizations if o.account == subject.account]
        if not found:
            found = list(access.organizations)
    if len(found) != 1:
        raise AmbiguousNameError("organization", org or "", [organization_choice(o) for o in found])
    return found[0]


class _Explainer:
    """Gathers the explanation of one cell."""

    def __init__(
        self, access: Access, subject: Principal, action: str, organization: Organization | None
    ) -> None:
        self.access = access
        self.whole = access.whole
        self.space = access.whole.space
        self.subject = subject
        self.action = action
        self.organization = organization
        self.bit = 1 << ACTIONS.index[action]
        self.members: PrincipalClass = self.whole.class_of[subject.arn]
        # Members of a class hold the same statements, but by policies and groups of their own.
        self.layers = self.whole.layers_of(subject)
        self.reader = StatementReader(access, self.members, action)

    def explain(self) -> Explanation:
        """Return the explanation."""
        target = self.organization
        if target is not None and target.account != self.subject.account:
            return self._elsewhere(target)
        resource = next(
            r
            for r in self.whole.resources[self.subject.account]
            if r.actions & self.bit and r.organization is target
        )
        within = self.access.within(self.members, resource)
        d = self.space.diagrams
        contexts = d.both(self.whole.cell_contexts(self.members, resource, self.bit), within)
        decision = decision_of(contexts, within)
        when = self._words(contexts, within) if decision == "conditional" else ""
        absent = self.whole.absent_keys(self.members, self.bit)
        layers = tuple(self._layer(layer, resource, absent, within) for layer in self.layers)
        return Explanation(
            self.subject,
            self.action,
            resource.arn,
            decision,
            when,
            layers,
            tuple(self._reasons(decision, layers, within)),
            tuple(self._changes(decision, layers)),
            tuple(self._notes()),
            witness(contexts, within, self.space),
            target.label if target is not None else "",
        )

    def _words(self, contexts: int, within: int) -> str:
        return self.access.words(contexts, within, role=self.subject.is_role)

    def _elsewhere(self, target: Organization) -> Explanation:
        return Explanation(
            self.subject,
            self.action,
            target.arn,
            "denied",
            "",
            (),
            (
                f"The organization is in account {target.account}, the principal in {self.subject.account}. "
                "WorkMail has no resource-based policies, so nothing in the organization's account can "
                "admit a principal of another account.",
            ),
            (f"The principal would have to assume a role in account {target.account} that is allowed this.",),
            (target.state_note,) if target.state_note else (),
            None,
            target.label,
        )

    def _layer(self, layer: Layer, resource: Resource, absent: Known, within: int) -> LayerView:
        allows, denies = self.whole.layer_contexts(layer, self.members, resource, self.bit, absent)
        decision, when = layer_outcome(self.access, allows, denies, within, role=self.subject.is_role)
        views = tuple(
            self.reader.view(source, resource, within)
            for source in layer.sources
            if source.compiled.actions & self.bit
        )
        title = ROOT_TITLE if layer.unconditional else layer.title
        return LayerView(layer.kind, title, decision, when, views)

    def _reasons(self, decision: str, layers: tuple[LayerView, ...], within: int) -> Iterator[str]:
        if within == FALSE:
            yield "The fixed context keys leave no request that this principal could make."
            return
        for layer in layers:
            for view in layer.statements:
                if view.effect == "Deny" and view.applies == "applies":
                    yield f"{view.policy.name}#{view.label} denies it in every request ({layer.title})."
                elif view.effect == "Deny" and view.applies == "conditional":
                    yield f"{view.policy.name}#{view.label} denies it {clause(view.when)}."
            if layer.decision == "does not allow":
                yield f"Nothing in {layer.title} allows it."
        if decision != "denied":
            allowing = [
                v
                for v in (layers[0].statements if layers else ())
                if v.effect == "Allow" and v.applies != "no"
            ]
            for view in allowing:
                suffix = f" {clause(view.when)}" if view.when else ""
                yield f"{view.policy.name}#{view.label} allows it{suffix} ({view.through})."

    def _changes(self, decision: str, layers: tuple[LayerView, ...]) -> Iterator[str]:
        for layer in layers:
            for view in layer.statements:
                if decision != "allowed" and view.effect == "Deny" and view.applies != "no":
                    yield f"{view.policy.name}#{view.label} would have to except it."
            if decision != "allowed" and layer.decision == "does not allow":
                near = next((v for v in layer.statements if v.effect == "Allow" and v.applies == "no"), None)
                hint = f" ({near.policy.name}#{near.label} does not: {near.why})" if near else ""
                yield f"A statement in {layer.title} would have to allow {self.action}{hint}."
        if decision != "denied" and layers:
            for view in layers[0].statements:
                if view.effect == "Allow" and view.applies != "no":
                    source = f"{view.policy.name}#{view.label}"
                    yield f"To take it away: remove {self.action} from {source}, or deny it."

    def _notes(self) -> Iterator[str]:
        used = {
            key
            for layer in self.layers
            for source in layer.sources
            if source.compiled.actions & self.bit
            for key in self.reader.never_carried(source)
        }
        for key in sorted(used):
            yield f"Requests for {self.action} never carry {key}."
        if self.organization is not None and self.organization.state_note:
            yield self.organization.state_note
        if self.organization is not None and self.organization.tags is None:
            yield "No file lists the organization's tags, so conditions on aws:ResourceTag stay open."
