"""An explanation as the page's script reads it: nested values, every text fit to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wmiam.access import Access
from wmiam.access.labels import place_of
from wmiam.estate.model import Principal
from wmiam.lab.view import View
from wmiam.views.html import condition_facts, view_lines
from wmiam.views.text import principal_name, visible

if TYPE_CHECKING:
    from wmiam.access import Explanation, LayerView, StatementView
    from wmiam.conditions.condition import Condition

__all__ = ["cell_model", "condition_model", "explanation_model", "places_of"]


def places_of(access: Access, principal: Principal, action: str) -> list[dict[str, str]]:
    """Return the organizations on which a principal is asked about an action, each with the decision.

    Parameters
    ----------
    access : Access
        The effective access.
    principal : Principal
        Who.
    action : str
        Full action name.

    Returns
    -------
    list of dict
        ``arn``, ``label``, ``decision``; the most permissive first.
    """
    labels = {organization.arn: organization.label for organization in access.organizations}
    rank = {"allowed": 0, "conditional": 1, "denied": 2}
    rows = sorted(access.rows(principal, action, denied=True), key=lambda row: rank[row.decision])
    return [
        {
            "arn": row.organization,
            "label": visible(labels.get(row.organization, row.organization)),
            "decision": row.decision,
        }
        for row in rows
    ]


def cell_model(view: View) -> dict[str, Any]:
    """Return the explanation of the selected cell: on the organization that is asked for, or the best one.

    Parameters
    ----------
    view : View
        What is shown; principal and action are selected.
    """
    access, chosen = view.given, view.selection
    principal = access.find_principal(chosen.principal)
    places = places_of(access, principal, chosen.action)
    wanted = [chosen.organization or view.filters.organization, *(place["arn"] for place in places)]
    known = {place["arn"] for place in places} | {o.arn for o in access.organizations}
    where = next((arn for arn in wanted if arn in known), None)
    if where is None:
        # The principal's account has no WorkMail organization: there is nothing to explain.
        name, arn = visible(principal_name(principal)), visible(principal.arn)
        return {"kind": "cell", "name": name, "arn": arn, "action": chosen.action}
    organization = None if where == "*" else where
    explanation = access.explain(chosen.principal, chosen.action, organization)
    python = f"{view.called}.explain({chosen.principal!r}, {chosen.action!r}"
    python += f", {organization!r})" if organization else ")"
    label = next((o.label for o in access.organizations if o.arn == explanation.organization), "")
    model = explanation_model(explanation, label=label, python=python)
    return {"kind": "cell", **model, "place": explanation.organization, "places": places}


def explanation_model(explanation: Explanation, *, label: str = "", python: str = "") -> dict[str, Any]:
    """Return an explanation as JSON values.

    Parameters
    ----------
    explanation : Explanation
        What :meth:`wmiam.Access.explain` returned.
    label : str
        What the organization is called; its ARN by default.
    python : str
        The Python that gives the explanation.
    """
    organization = explanation.organization
    return {
        "arn": visible(explanation.principal.arn),
        "name": visible(principal_name(explanation.principal)),
        "action": explanation.action,
        "where": visible(label or organization) if organization != "*" else "takes no organization",
        "decision": explanation.decision,
        "when": visible(explanation.when),
        "layers": [_layer(layer) for layer in explanation.layers],
        "reasons": [visible(text) for text in explanation.reasons],
        "changes": [visible(text) for text in explanation.changes],
        "notes": [visible(text) for text in explanation.notes],
        "witness": [[visible(k), visible(v)] for k, v in (explanation.witness or {}).items()],
        "python": python,
    }


def condition_model(condition: Condition) -> dict[str, Any]:
    """Return a condition as JSON values.

    Parameters
    ----------
    condition : Condition
        What :meth:`wmiam.Access.condition` returned.
    """
    decision, policy, problem = condition_facts(condition)
    return {
        "decision": decision,
        "sentence": visible(condition.sentence) if decision == "conditional" else "",
        "keys": [visible(key) for key in condition.keys],
        "unknowns": [visible(text) for text in condition.unknowns],
        # Line by line: the line ends of the text are its own, those within a value are not.
        "policy": "\n".join(visible(line) for line in policy.split("\n")),
        "problem": visible(problem),
    }


def _layer(layer: LayerView) -> dict[str, Any]:
    return {
        "title": visible(layer.title),
        "decision": layer.decision,
        "when": visible(layer.when),
        "statements": [_statement(view) for view in layer.statements],
    }


def _statement(view: StatementView) -> dict[str, Any]:
    policy = view.policy
    kind = str(policy.kind)
    facts = (view.through, "" if kind == "inline" else kind, policy.version, policy.arn or "")
    silent = view.applies == "no"
    return {
        "effect": view.effect,
        "policy": visible(policy.name),
        "label": visible(view.label),
        "applies": view.applies,
        "why": visible(view.why),
        "when": visible(view.when),
        "facts": visible(", ".join(fact for fact in facts if fact)),
        "place": visible(place_of(policy, view.statement.pointer)) if view.statement is not None else "",
        "pointer": visible(view.origin.pointer) if view.origin is not None else "",
        "lines": [[visible(line.text), not silent and line.decides(view.parts)] for line in view_lines(view)],
    }
