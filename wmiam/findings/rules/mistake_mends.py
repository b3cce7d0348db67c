"""What would mend a mistake in a statement.

A mend must add no access.  Where the author's meaning would grant something, the
mend therefore takes the dead part out, and ``instead`` says what to write if it
was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from wmiam import jsontext
from wmiam.engine.compile import ACTIONS
from wmiam.estate.model import Policy
from wmiam.findings.documents import Operation, with_statement, without_statement
from wmiam.findings.mend import Mend, PolicyChange
from wmiam.findings.survey import Survey
from wmiam.policy.lint_conditions import holds_when_absent
from wmiam.policy.model import Condition, Effect, Problem, Statement
from wmiam.policy.patterns import ascii_lower
from wmiam.views.statements import understood

__all__ = ["meant", "mend_of"]

_DID_YOU_MEAN: Final = re.compile(r"did you mean (\S+?)\?")
#: A change of a document, and what it does in a sentence; a text alone is why there is none.
Draft = tuple[str, Callable[[Policy], tuple[Operation, ...]]] | str


def meant(problem: Problem) -> str:
    """Return the name that the linter takes for the one that was meant; ``""`` where it knows none.

    Parameters
    ----------
    problem : Problem
        What the linter says.
    """
    near = _DID_YOU_MEAN.search(problem.mend)
    return near[1] if near is not None else ""


def mend_of(
    survey: Survey, code: str, statement: Statement, policies: Sequence[Policy], problems: Sequence[Problem]
) -> Mend:
    """Return what would mend a mistake.

    Parameters
    ----------
    survey : Survey
        The estate.
    code : str
        The linter's code.
    statement : Statement
        The statement.
    policies : sequence of Policy
        Those that hold it.
    problems : sequence of Problem
        What the linter says of it.
    """
    advice = "; ".join(dict.fromkeys(problem.mend for problem in problems if problem.mend))
    drafting = _Drafting(survey, code, statement, problems)
    draft = drafting.draft()
    if isinstance(draft, str):
        return Mend(why_not=draft, instead=advice)
    what, patch = draft
    changes = [PolicyChange(policy, patch(policy)) for policy in policies]
    return survey.mend(what, changes, instead=advice if drafting.drops else "")


class _Drafting:
    """Finds the change for one mistake."""

    def __init__(self, survey: Survey, code: str, statement: Statement, problems: Sequence[Problem]) -> None:
        self.survey, self.code, self.statement, self.problems = survey, code, statement, problems
        self.allow = statement.effect is Effect.ALLOW
        #: Whether the change only takes out what does nothing, which its author meant otherwise.
        self.drops = False
        self.indexes = {
            int(problem.pointer.rpartition("/")[2])
            for problem in problems
            if problem.pointer.rpartition("/")[2].isdecimal()
        }

    def draft(self) -> Draft:
        """Return the change, or why there is none."""
        if self.code in ("unknown-action", "pattern-matches-no-action", "unknown-service"):
            return self._names() if not self.allow else self._drop("Action")
        if self.code == "action-without-resource":
            return self._drop("Action") if self.allow else self._denied_everywhere()
        if self.code == "resource-never-matches":
            return self._resource()
        if self.code == "variable-in-old-version":
            return self._version()
        if self.code == "condition-partly-carried":
            return self._carriers()
        renamed = self._renamed_row()
        if renamed is not None:
            return renamed
        if self.allow and self._is_dead():
            return self._out()
        if self.code == "caller-chosen-key":
            return "no other key is known to tell the callers that are meant from others"
        if self.code == "private-source-ip":
            return "which public addresses or endpoints were meant is not known"
        return "what was meant is not known well enough, and a guess could grant or deny too much"

    # -- rows ---------------------------------------------------------------

    @property
    def _row(self) -> Condition | None:
        """The row of the Condition block that the problem is about."""
        pointer = self.problems[0].pointer
        return next(
            (
                row
                for row in self.statement.conditions
                if pointer.startswith(
                    f"{self.statement.pointer}/Condition/{jsontext.escape(row.written)}/{jsontext.escape(row.key)}"
                )
            ),
            None,
        )

    def _renamed_row(self) -> Draft | None:
        """Return the change of a row's operator or key, where it can only narrow what is allowed."""
        row = self._row
        if row is None:
            return None
        near = meant(self.problems[0])
        if self.code == "unknown-condition-key" and near and (not self.allow or holds_when_absent(row)):
            return self._replaced(row, row.written, near)
        if self.code == "mfa-deny-passes-access-keys":
            return self._replaced(row, "BoolIfExists", row.key)
        if self.code == "mfa-allow-passes-access-keys":
            return self._replaced(row, "Bool", row.key)
        if self.code == "mfa-tested-by-presence":
            return self._replaced(row, "Bool", row.key, ["true"])
        if self.code == "for-all-values-of-nothing":
            return self._added("Null", row.key, "false")
        if self.code == "wildcard-without-like" and self.allow == row.operator.base.startswith("StringNot"):
            like = "StringNotLike" if row.operator.base.startswith("StringNot") else "StringLike"
            qualifier = f"{row.operator.qualifier}:" if row.operator.qualifier else ""
            written = f"{qualifier}{like}{'IfExists' if row.operator.if_exists else ''}"
            return self._replaced(row, written, row.key)
        return None

    def _replaced(self, row: Condition, operator: str, key: str, values: list[str] | None = None) -> Draft:
        block = self._block(leave_out=row)
        if any(ascii_lower(known) == ascii_lower(key) for known in block.get(operator, {})):
            return f"the statement has {operator} on {key} already, and the two would have to be joined"
        block.setdefault(operator, {})[key] = values or list(row.values)
        what = f"write {operator} on {key} in place of {row.written} on {row.key}"
        return what, self._with_block(block)

    def _added(self, operator: str, key: str, value: str) -> Draft:
        block = self._block()
        block.setdefault(operator, {})[key] = value
        return f'add "{operator}": {{"{key}": "{value}"}} to its Condition', self._with_block(block)

    def _block(self, leave_out: Condition | None = None) -> dict[str, dict[str, Any]]:
        block: dict[str, dict[str, Any]] = {}
        for row in self.statement.conditions:
            if row is not leave_out:
                block.setdefault(row.written or str(row.operator), {})[row.key] = list(row.values)
        return block

    def _with_block(self, block: dict[str, dict[str, Any]]) -> Callable[[Policy], tuple[Operation, ...]]:
        change = {"op": "replace", "path": f"{self.statement.pointer}/Condition", "value": block}
        return lambda _policy: (change,)

    # -- actions and resources ----------------------------------------------

    def _names(self) -> Draft:
        """Return the change that spells the actions of a Deny right."""
        name = "Action" if self.statement.actions is not None else "NotAction"
        values = list(self.statement.actions or self.statement.not_actions or ())
        if name == "NotAction":
            return "a Deny with NotAction would deny less"
        for problem in self.problems:
            near = meant(problem)
            if not near:
                return "no action is like it, so that what was meant is not known"
            values[int(problem.pointer.rpartition("/")[2])] = near
        return "write the actions as they are spelt", self._element(name, values)

    def _drop(self, name: str) -> Draft:
        """Return the change that takes what does nothing out of a list, or the whole statement."""
        values = self.statement.actions if name == "Action" else self.statement.resources
        if values is None:
            return "the statement names exceptions only, and would grant more with one taken out"
        kept = [value for index, value in enumerate(values) if index not in self.indexes]
        gone = [value for index, value in enumerate(values) if index in self.indexes]
        if not kept:
            return self._out()
        self.drops = True
        return f"take {', '.join(gone[:3])} out, which does nothing", self._element(name, kept)

    def _element(self, name: str, values: list[str]) -> Callable[[Policy], tuple[Operation, ...]]:
        change = {"op": "replace", "path": f"{self.statement.pointer}/{name}", "value": values}
        return lambda _policy: (change,)

    def _out(self) -> Draft:
        statement = self.statement
        self.drops = True

        def patch(policy: Policy) -> tuple[Operation, ...]:
            return without_statement(policy, statement)

        return f"take statement {statement.label} out, which does nothing", patch

    def _denied_everywhere(self) -> Draft:
        """Return the change that denies actions without resource where they are matched: on ``*``."""
        actions = [
            action for index, action in enumerate(self.statement.actions or ()) if index in self.indexes
        ]
        new = {k: v for k, v in understood(self.statement).items() if k not in ("Sid", "Resource")}
        new |= {"Action": actions, "Resource": "*"}
        kept = [name for name in self.statement.actions or () if name not in actions]
        pointer = self.statement.pointer
        if not kept:
            change = {"op": "replace", "path": f"{pointer}/Resource", "value": "*"}
            return 'write "Resource": "*"', lambda _policy: (change,)
        less = {"op": "replace", "path": f"{pointer}/Action", "value": kept}
        return (
            f'deny {", ".join(actions[:3])} in a statement with "Resource": "*"',
            lambda policy: (less, *with_statement(policy, new)),
        )

    def _resource(self) -> Draft:
        negated = self.statement.not_resources is not None
        values = list(self.statement.not_resources or self.statement.resources or ())
        if self.allow and not negated:
            return self._drop("Resource")
        if not self.allow and negated:
            return "a Deny with NotResource would deny less"
        for index in sorted(self.indexes):
            alias = values[index].rpartition("organization/")[2]
            arn = next((o.arn for o in self.survey.estate.organizations if alias and o.alias == alias), None)
            if arn is None:
                return "which organization was meant is not known"
            values[index] = arn
        name = "NotResource" if negated else "Resource"
        return "write the organization's id in place of its alias", self._element(name, values)

    def _version(self) -> Draft:
        if self.allow and self._is_dead():
            return self._out()
        return "a current version reads every variable of the document anew, and could allow more"

    def _carriers(self) -> Draft:
        """Return the change that keeps only the actions which carry a condition's key."""
        row = self._row
        if row is None or self.statement.actions is None or not self.allow:
            return "the actions would have to be parted into two statements, by what was meant"
        carriers = ACTIONS.carriers(ascii_lower(row.key))
        kept = [name for name in self.statement.actions if ACTIONS.of(name) & carriers]
        gone = [name for name in self.statement.actions if name not in kept]
        if not kept or not gone:
            return "no action of the statement carries the key"
        return f"take {', '.join(gone[:3])} out, which the condition does not limit", self._element(
            "Action", kept
        )

    def _is_dead(self) -> bool:
        """Whether the statement gives nothing to anybody."""
        return not any(grant.given for grant in self.survey.grants if grant.statement is self.statement)
