"""How wmiam's objects show themselves in a notebook: fragments of HTML that need nothing else.

Each carries its own style, which follows JupyterLab's theme where there is one
and the reader's colour scheme elsewhere.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from wmiam.diagnostics import Diagnostic, Severity
from wmiam.errors import NoConditionBlock
from wmiam.estate.estate import Estate
from wmiam.views.statements import PolicyLine, statement_lines
from wmiam.views.templating import environment, read_asset
from wmiam.views.text import count

if TYPE_CHECKING:
    from wmiam.access import Explanation, StatementView, Summary
    from wmiam.access.effective import EffectivePolicy
    from wmiam.compare import Comparison
    from wmiam.conditions.condition import Condition

__all__ = [
    "comparison_html",
    "condition_facts",
    "condition_html",
    "diagnostics_html",
    "effective_html",
    "estate_html",
    "explanation_html",
    "summary_html",
]

_SHOWN = 50


def explanation_html(explanation: Explanation) -> str:
    """Return an explanation: the decision, the statements that make it, and what would have to change.

    Parameters
    ----------
    explanation : Explanation
        What :meth:`wmiam.access.Access.explain` returned.
    """
    return _render("explanation.html.j2", it=explanation, lines=view_lines)


def condition_html(condition: Condition) -> str:
    """Return a condition: its sentence, the keys it depends on, and the policy's form of it.

    Parameters
    ----------
    condition : Condition
        What :meth:`wmiam.access.Access.condition` returned.
    """
    decision, policy, problem = condition_facts(condition)
    return _render("condition.html.j2", it=condition, decision=decision, policy=policy, problem=problem)


def condition_facts(condition: Condition) -> tuple[str, str, str]:
    """Return what is shown of a condition besides its sentence.

    Parameters
    ----------
    condition : Condition
        What :meth:`wmiam.access.Access.condition` returned.

    Returns
    -------
    tuple of str
        The decision; where it is conditional also the policy's form of it as JSON, or, where no
        single ``Condition`` block says it, why.
    """
    decision = "denied" if condition.never else "allowed" if condition.always else "conditional"
    policy = problem = ""
    if decision == "conditional":
        try:
            policy = json.dumps(condition.to_policy(), indent=2, ensure_ascii=False)
        except NoConditionBlock as error:
            problem = f"T{str(error)[1:]}."
    return decision, policy, problem


def comparison_html(comparison: Comparison) -> str:
    """Return a comparison: what made the change, and which gates hold.

    Parameters
    ----------
    comparison : Comparison
        What :func:`wmiam.compare` returned.
    """
    from wmiam.compare import text

    causes = comparison.causes()
    gates = [(gate, comparison.failures.of(gate)) for gate in comparison.gates]
    return _render(
        "comparison.html.j2",
        it=comparison,
        told=text,
        causes=causes[: text.MOST],
        more=max(0, len(causes) - text.MOST),
        gates=gates,
    )


def effective_html(effective: EffectivePolicy) -> str:
    """Return an effective policy: what there is to say of it, and its document.

    Parameters
    ----------
    effective : EffectivePolicy
        What :meth:`wmiam.access.Access.effective_policy` returned.
    """
    remarks = list(effective.remarks())
    return _render("effective.html.j2", it=effective, remarks=remarks, document=effective.to_json())


def estate_html(estate: Estate) -> str:
    """Return what an estate holds, account by account.

    Parameters
    ----------
    estate : Estate
        What :func:`wmiam.load` returned.
    """
    principals = Counter(principal.account for principal in estate.principals)
    named = [organization for organization in estate.organizations if not organization.stand_in]
    rows = [
        {
            "account": account,
            "principals": principals[account.id],
            "organizations": [o.label for o in named if o.account == account.id],
        }
        for account in sorted(estate.accounts.values(), key=lambda account: account.id)
    ]
    return _render("estate.html.j2", it=estate, named=named, rows=rows, counted=_counted(estate.diagnostics))


def summary_html(summary: Summary) -> str:
    """Return the first screen: how many principals have each capability, on how many organizations.

    Parameters
    ----------
    summary : Summary
        What :meth:`wmiam.access.Access.summary` returned.
    """
    return _render("summary.html.j2", it=summary)


def diagnostics_html(diagnostics: Sequence[Diagnostic]) -> str:
    """Return diagnostics as a table, the gravest first, at most fifty.

    Parameters
    ----------
    diagnostics : sequence of Diagnostic
        What was not understood, or looks wrong.
    """
    order = list(Severity)
    rows = sorted(diagnostics, key=lambda diagnostic: order.index(diagnostic.severity))
    more = max(0, len(rows) - _SHOWN)
    return _render("diagnostics.html.j2", rows=rows[:_SHOWN], more=more, counted=_counted(diagnostics))


def view_lines(view: StatementView) -> tuple[PolicyLine, ...]:
    """Return the JSON lines of the statement that a view is about.

    Parameters
    ----------
    view : StatementView
        A statement in an explanation.
    """
    if view.statement is None:
        return ()
    return statement_lines(view.policy, view.statement.pointer, view.statement, keep=view.parts)


def _counted(diagnostics: Sequence[Diagnostic]) -> str:
    """Return how many diagnostics there are of each severity, in words; ``""`` where there are none."""
    counts = Counter(diagnostic.severity for diagnostic in diagnostics)
    nouns = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}
    return ", ".join(count(counts[severity], noun) for severity, noun in nouns.items() if counts[severity])


def _render(name: str, **values: object) -> str:
    css = Markup(read_asset("wmiam.views", "templates/fragment.css"))  # noqa: S704 - our own file
    return environment("wmiam.views").get_template(name).render(css=css, **values)
