"""Who can assume which role: trust policy, identity side, boundaries, SCPs and RCPs, in three values.

Every pair of caller and role is decided exactly: the contexts in which AWS allows the
call are a decision diagram, so that conditions that contradict each other leave no edge
and those that are met anyway leave no word.  Pairs are found by indexes, and callers
that no policy tells apart are decided once.  Must agree with :mod:`wmiam.engine.decide`.

Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation
logic" and "AWS JSON policy elements: Principal"; rules D9, S1 to S4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from wmiam.conditions.decision import decision_of
from wmiam.conditions.words import describe, witness
from wmiam.engine.diagrams import FALSE
from wmiam.engine.space import MFA_PRESENT, Space
from wmiam.engine.statements import Grant
from wmiam.engine.whole import Whole
from wmiam.estate.estate import Estate
from wmiam.estate.model import Principal
from wmiam.graph.callers import ANY_ACCOUNT, PartyKind
from wmiam.graph.clauses import Cause
from wmiam.graph.pairs import Pair, Pairs
from wmiam.graph.weigh import Outcome, Scales
from wmiam.origin import Origin

if TYPE_CHECKING:
    from wmiam.access.core import AccessCore

__all__ = ["AssumeEdge", "Assumptions", "Cause", "assumption_edges", "conjuncts"]

_GUIDE = "IAM User Guide, "
_PRINCIPALS = _GUIDE + "AWS JSON policy elements: Principal"
_WITHIN = _GUIDE + "Policy evaluation logic"
_ACROSS = _GUIDE + "Cross-account policy evaluation logic"


@dataclass(frozen=True, slots=True)
class AssumeEdge:
    """A caller that can assume a role.

    Parameters
    ----------
    source : str
        ARN of a principal of the estate; else the id of an account whose principals are
        not in it, a service principal, an identity provider, or ``"*"`` for any AWS account.
    target : str
        ARN of the role.
    action : str
        ``sts:AssumeRole``; ``…WithSAML`` or ``…WithWebIdentity`` for identity providers.
    decision : str
        ``"allowed"`` (in every context), or ``"conditional"``.
    conditions : tuple of str
        What must hold in the request, in words: all of it.
    chained : tuple of str or None
        The same where the caller is a role whose session comes from assuming it, so that
        it carries no MFA (S1); None where such a session cannot.  For callers that are no
        roles the same as ``conditions``.
    same_account : bool
        Whether caller and role are in one account.
    grant : str
        How the trust policy names the caller: ``"direct"``, ``"role"``, ``"account"`` or
        ``"everyone"``.
    reason : str
        Why, in a sentence.
    trust : tuple of Cause
        Statements of the trust policy that allow it.
    identity : tuple of Cause
        Statements of the caller's own policies that allow it, where they are needed.
    guide : str
        Page of the guide with the rule.
    origin : Origin or None
        Place of the (first) trust statement; of the whole trust policy where it cannot be read.
    """

    source: str
    target: str
    action: str
    decision: str
    conditions: tuple[str, ...]
    chained: tuple[str, ...] | None
    same_account: bool
    grant: str
    reason: str
    trust: tuple[Cause, ...]
    identity: tuple[Cause, ...]
    guide: str
    origin: Origin | None

    @property
    def statement(self) -> str:
        """Sid or index of the (first) trust statement; ``""`` where it cannot be read."""
        return self.trust[0].statement.label if self.trust else ""


def assumption_edges(estate: Estate) -> list[AssumeEdge]:
    """Return every way to assume a role of the estate.

    Parameters
    ----------
    estate : Estate
        What was read.

    Returns
    -------
    list of AssumeEdge
        Sorted by role, source and operation.  Nothing that the reference evaluator denies
        in every context is listed, and nothing that it may allow is missing.  Whomever a trust
        policy may name that cannot be read, ``"*"`` stands for; those of the estate who are
        allowed to ask for the role have an edge of their own.

    Notes
    -----
    The operation that starts the session is decided.  A call that passes session tags or a
    source identity also needs ``sts:TagSession`` or ``sts:SetSourceIdentity``.
    """
    return Assumptions(estate).edges


class Assumptions:
    """Every way to assume a role of an estate, with the exact contexts of each.

    Parameters
    ----------
    estate : Estate
        What was read.
    """

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._told: dict[tuple[int, int, int], tuple[str, ...]] = {}
        found: list[tuple[AssumeEdge, Outcome]] = []
        pairs = Pairs(estate)
        scales = Scales(pairs.shapes.cover)
        for target, candidates in pairs.targets():
            for pair, outcome in scales.weigh(target, candidates):
                if outcome.contexts != FALSE:
                    found.append((self._edge(target.role, pair, outcome), outcome))
        found.sort(key=lambda item: (item[0].target, item[0].source, item[0].action))
        self.edges = [edge for edge, _ in found]
        self._outcomes = {(edge.source, edge.target, edge.action): outcome for edge, outcome in found}

    @classmethod
    def of(cls, access: AccessCore) -> Assumptions:
        """Return the ways to assume the roles of an access's estate, worked out once.

        Parameters
        ----------
        access : AccessCore
            The access; what is fixed in it does not count.
        """
        found = _FOUND.get(access.whole)
        if found is None:
            found = _FOUND[access.whole] = cls(access.estate)
        return found

    def outcome(self, edge: AssumeEdge) -> Outcome:
        """Return the contexts of an edge and the space that they live in.

        Parameters
        ----------
        edge : AssumeEdge
            One of :attr:`edges`.
        """
        return self._outcomes[edge.source, edge.target, edge.action]

    def witness(self, edge: AssumeEdge) -> dict[str, str]:
        """Return a small request context in which the edge is there: the keys that matter.

        Parameters
        ----------
        edge : AssumeEdge
            One of :attr:`edges`.
        """
        outcome = self.outcome(edge)
        return witness(outcome.contexts, outcome.within, outcome.space) or {}

    def _conditions(self, outcome: Outcome, contexts: int, within: int) -> tuple[str, ...]:
        """Return what must hold, one text for each key that stands for itself, and one for the rest."""
        if contexts == within:
            return ()
        key = (id(outcome.space), contexts, within)
        if key not in self._told:
            self._told[key] = tuple(conjuncts(outcome.space, contexts, within))
        return self._told[key]

    def _edge(self, role: Principal, pair: Pair, outcome: Outcome) -> AssumeEdge:
        contexts, within, party = outcome.contexts, outcome.within, pair.party
        conditions = self._conditions(outcome, contexts, within)
        chained: tuple[str, ...] | None = conditions
        if party.is_role:
            without = _without_mfa(outcome)
            left = outcome.space.diagrams.both(contexts, without)
            possible = outcome.space.diagrams.both(within, without)
            chained = None if left == FALSE else self._conditions(outcome, left, possible)
        trust, same_account = outcome.trust, party.account == role.account
        reason, guide = _reason(role, pair, outcome)
        return AssumeEdge(
            party.source,
            role.arn,
            pair.operation,
            decision_of(contexts, within),
            conditions,
            chained,
            same_account,
            str(outcome.grant),
            reason,
            trust,
            outcome.identity,
            guide,
            trust[0].origin if trust else role.trust.origin if role.trust is not None else None,
        )


def _without_mfa(outcome: Outcome) -> int:
    """Return the contexts of a session that was started without MFA (S1)."""
    space = outcome.space
    dimension = space.dimensions.get(MFA_PRESENT)
    if dimension is None:
        return 1
    true = 1 << dimension.groups[0].witnesses.index("true")
    return space.diagrams.neither(space.diagrams.literal(dimension.variables[0], true))


def conjuncts(space: Space, contexts: int, within: int) -> Iterator[str]:
    """Yield conditions in words that together are just some contexts.

    What each key must be by itself comes first; where keys depend on each other, a
    last sentence says how.

    Parameters
    ----------
    space : Space
        Where the contexts live.
    contexts, within : int
        The contexts, and those that can be.
    """
    d = space.diagrams
    left = within
    for variable in d.support(contexts):
        values = d.literal(variable, d.values(contexts, variable))
        if not d.implies(left, values):
            yield describe(d.both(within, values), within, space)
            left = d.both(left, values)
    if left != contexts:
        yield describe(contexts, left, space)


def _reason(role: Principal, pair: Pair, outcome: Outcome) -> tuple[str, str]:
    """Return why a caller can assume a role, in a sentence, and the page of the guide with the rule."""
    party, grant = pair.party, outcome.grant
    if not outcome.trust:
        return (
            f"The trust policy of {role.name} cannot be read, so that nobody can be ruled out.",
            _PRINCIPALS,
        )
    named = {Grant.ACCOUNT: f"trusts account {party.account}", Grant.EVERYONE: "trusts everybody"}
    trust = f"The trust policy of {role.name} {named.get(grant, f'names {party.name}')}"
    if party.kind is PartyKind.SERVICE:
        return f"{trust}; a service needs no permission of its own.", _PRINCIPALS
    if party.kind is PartyKind.PROVIDER:
        return f"{trust}; whom the provider vouches for needs no other permission.", _PRINCIPALS
    if party.source == ANY_ACCOUNT:
        return f"{trust}, so that any account may let its principals assume it.", _ACROSS
    if party.kind is PartyKind.EXTERNAL:
        return (
            f"{trust}, whose principals are not in the input: any that it lets may assume the role.",
            _ACROSS,
        )
    own = " and ".join(dict.fromkeys(cause.label for cause in outcome.identity))
    own = f"{own or 'what cannot be read of its own policies'} {'allow' if ' and ' in own else 'allows'}"
    if party.account != role.account:
        return f"{trust}, and {own} {party.name} to assume it: across accounts both sides must.", _ACROSS
    if grant is Grant.ACCOUNT:
        return f"{trust}, and {own} {party.name} to assume it.", _WITHIN
    return f"{trust}; in the same account that is enough.", _WITHIN


#: Forgotten with the evaluation; keys that an access fixes leave the ways as they are.
_FOUND: WeakKeyDictionary[Whole, Assumptions] = WeakKeyDictionary()
