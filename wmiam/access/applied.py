"""What single statements and layers do to a cell, and the elements of statements that decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmiam.access.labels import way
from wmiam.engine.compile import ACTIONS, Compiled
from wmiam.engine.diagrams import FALSE
from wmiam.engine.knowledge import ABSENT_KEY, Known
from wmiam.engine.resources import Resource
from wmiam.engine.whole import PrincipalClass, Source
from wmiam.estate.model import Policy
from wmiam.jsontext import escape
from wmiam.origin import Origin
from wmiam.policy.model import Statement, UnreadStatement
from wmiam.policy.patterns import action_matches

if TYPE_CHECKING:
    from wmiam.access.core import AccessCore

__all__ = ["ROOT_TITLE", "StatementReader", "StatementView", "layer_outcome", "matched_pattern"]

#: Stands where others' identity-based policies stand.
ROOT_TITLE = "account root user: allowed everything in its account"


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement that covers the action, and what it does here.

    Parameters
    ----------
    policy : Policy
        The policy that holds it.
    through : str
        How the principal has it.
    statement : Statement or None
        None for one that could not be read.
    label, effect : str
        Sid or index; ``"Allow"``, ``"Deny"`` or ``"unknown"``.
    applies : str
        ``"applies"``, ``"conditional"`` or ``"no"``.
    why : str
        Why it does not apply; else ``""``.
    when : str
        In which contexts it applies; ``""`` unless conditional.
    origin : Origin or None
        Its place.
    parts : tuple of str
        JSON pointers, relative to the statement, of the elements that decide.
    """

    policy: Policy
    through: str
    statement: Statement | None
    label: str
    effect: str
    applies: str
    why: str
    when: str
    origin: Origin | None
    parts: tuple[str, ...]


class StatementReader:
    """Says what statements do to requests for one action.

    Parameters
    ----------
    access : AccessCore
        The effective access.
    members : PrincipalClass
        Whose requests.
    action : str
        Full action name.
    called : str, optional
        What sentences call the action; by default its name.
    """

    def __init__(
        self, access: AccessCore, members: PrincipalClass, action: str, called: str | None = None
    ) -> None:
        self._access = access
        self._whole = access.whole
        self._members = members
        self._action = action
        self._bit = 1 << ACTIONS.index[action]
        self._called = action if called is None else called

    def view(self, source: Source, resource: Resource, within: int) -> StatementView:
        """Return what one statement does.

        Parameters
        ----------
        source : Source
            A statement that covers the action.
        resource : Resource
            What the request is about.
        within : int
            The contexts that can be.
        """
        statement = source.compiled.statement
        policy = source.policy
        origin = policy.origin.below(statement.pointer) if policy.origin is not None else None
        if isinstance(statement, UnreadStatement):
            effect = str(statement.effect) if statement.effect else "unknown"
            return StatementView(
                policy, way(source), None, str(statement.index), effect, "conditional", "",
                f"unknown: {statement.reason}", origin, (),
            )  # fmt: skip
        absent = self._absent(source.compiled)
        contexts = self._whole.statement_contexts(source, self._members, resource, absent)
        contexts = self._whole.space.diagrams.both(contexts, within)
        applies = "no" if contexts == FALSE else "applies" if contexts == within else "conditional"
        why, parts = self._why(source.compiled, statement, resource, absent, within)
        if applies != "no":
            always = applies == "applies" and source.compiled.rows
            why = "its conditions hold in every such request" if always else ""
        return StatementView(
            policy,
            way(source),
            statement,
            statement.label,
            str(statement.effect),
            applies,
            why,
            self._words(contexts, within) if applies == "conditional" else "",
            origin,
            parts,
        )

    def never_carried(self, source: Source) -> tuple[str, ...]:
        """Return the condition keys of a statement that requests for the action never carry.

        Parameters
        ----------
        source : Source
            A statement that covers the action.
        """
        absent = self._absent(source.compiled)
        rows = source.compiled.rows
        return tuple(sorted({row.condition.key for row in rows if absent.get(row.key) is ABSENT_KEY}))

    def _absent(self, compiled: Compiled) -> Known:
        return ACTIONS.absent_keys(compiled.reads, self._bit)

    def _words(self, contexts: int, within: int) -> str:
        return self._access.words(contexts, within, role=self._members.principal.is_role)

    def _why(
        self, compiled: Compiled, statement: Statement, resource: Resource, absent: Known, within: int
    ) -> tuple[str, tuple[str, ...]]:
        """Return why a statement does not apply, and the elements that decide."""
        d = self._whole.space.diagrams
        covered = self._whole.resource_contexts(compiled, self._members, resource)
        name = "NotResource" if compiled.negated else "Resource"
        if covered == FALSE:
            if resource.organization is None:
                return f"{self._called} takes no resource: only * covers it", (f"/{name}",)
            return "its resources are others", (f"/{name}",)
        element = "Action" if statement.actions is not None else "NotAction"
        parts = [f"/{element}{matched_pattern(statement, self._action)}", f"/{name}"]
        failed = []
        for row in compiled.rows:
            contexts = d.both(self._whole.row(row, self._members, resource, absent), within)
            pointer = f"/Condition/{row.condition.written}/{escape(row.condition.key)}"
            if contexts == FALSE:
                never = absent.get(row.key) is ABSENT_KEY
                reason = (
                    f"{row.condition.key} is never in a request for {self._called}"
                    if never
                    else f"{row.condition.written} on {row.condition.key} does not hold"
                )
                failed.append((reason, pointer))
            elif contexts != within:
                parts.append(pointer)
        if failed:
            return "; ".join(reason for reason, _ in failed), tuple(pointer for _, pointer in failed)
        return "its conditions exclude each other", tuple(parts)


def layer_outcome(
    access: AccessCore, allows: int, denies: int, within: int, *, role: bool
) -> tuple[str, str]:
    """Return what a layer says of a cell, and when it allows if that depends.

    Parameters
    ----------
    access : AccessCore
        The effective access.
    allows, denies : int
        The contexts in which some statement of the layer allows, and those in which one denies.
    within : int
        The contexts that can be.
    role : bool
        Whether they are those of a role's requests.

    Returns
    -------
    tuple of str
        ``"allows"``, ``"conditional"``, ``"does not allow"`` or ``"denies"``; and words, or ``""``.
    """
    d = access.whole.space.diagrams
    allows, denies = d.both(allows, within), d.both(denies, within)
    net = d.minus(allows, denies)
    if net != FALSE:
        if net == within:
            return "allows", ""
        return "conditional", access.words(net, within, role=role)
    everything = denies == within and within != FALSE
    return "denies" if everything or (denies != FALSE and allows != FALSE) else "does not allow", ""


def matched_pattern(statement: Statement, action: str) -> str:
    """Return the pointer, within ``Action``, of the first pattern that covers an action; ``""`` if none.

    Parameters
    ----------
    statement : Statement
        The statement.
    action : str
        Full action name.
    """
    for index, pattern in enumerate(statement.actions or ()):
        if action_matches(pattern, action):
            return f"/{index}"
    return ""
