"""Statements about assuming roles, compiled: which operation, which roles, under which conditions.

Roles are bits of a number, so that "the roles that this pattern covers" is a
number, too, and a thousand policies are held against a thousand roles at once.

Source: Service Authorization Reference, AWS Security Token Service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from wmiam.engine.compile import Row, compile_row
from wmiam.engine.knowledge import ABSENT_KEY, Known
from wmiam.engine.request import Context, ContextEntry
from wmiam.engine.space import canonical_key
from wmiam.estate import levels
from wmiam.estate.estate import Estate
from wmiam.estate.model import Group, Policy, Principal
from wmiam.origin import Origin
from wmiam.policy.model import Effect, PrincipalElement, Statement, UnreadStatement
from wmiam.policy.patterns import Template, Variable, Wild, action_matches, resource_regex, resource_template
from wmiam.policy.values import parse_arn

__all__ = [
    "ASSUME_ROLE",
    "OPERATIONS",
    "Cause",
    "Clause",
    "Held",
    "Level",
    "Policies",
    "Roles",
    "control_levels",
    "operation_bit",
]

ASSUME_ROLE = "sts:AssumeRole"
#: The operations that start a role session: with credentials, a SAML assertion, a web identity token.
OPERATIONS = (ASSUME_ROLE, "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")


def operation_bit(operation: str) -> int:
    """Return the bit of one of :data:`OPERATIONS`."""
    return 1 << OPERATIONS.index(operation)


@lru_cache(maxsize=65536)
def _operations(pattern: str) -> int:
    return sum(1 << bit for bit, name in enumerate(OPERATIONS) if action_matches(pattern, name))


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """A statement that has to do with assuming roles.

    Parameters
    ----------
    policy : Policy
        The policy that it stands in.
    statement : Statement or UnreadStatement
        What was compiled.
    effect : Effect or None
        Allow or Deny; None for an unread statement of unknown effect.
    operations : int
        Set of :data:`OPERATIONS`.
    rows : tuple of Row
        Conditions.
    resources : tuple of Template or None
        Resource patterns; None where the statement names none (trust policies).
    negated : bool
        Whether they are a NotResource.
    """

    policy: Policy
    statement: Statement | UnreadStatement
    effect: Effect | None
    operations: int
    rows: tuple[Row, ...] = ()
    resources: tuple[Template, ...] | None = None
    negated: bool = False

    @property
    def principal(self) -> PrincipalElement | None:
        """The Principal element, where there is one."""
        return None if isinstance(self.statement, UnreadStatement) else self.statement.principal

    @property
    def not_principal(self) -> PrincipalElement | None:
        """The NotPrincipal element, where there is one."""
        return None if isinstance(self.statement, UnreadStatement) else self.statement.not_principal

    @property
    def resource_reads(self) -> tuple[str, ...]:
        """Canonical keys of the policy variables in its resources."""
        return tuple(canonical_key(v.key) for template in self.resources or () for v in template.variables)


@dataclass(frozen=True, slots=True)
class Held:
    """A clause and the group through which a user has it, if any."""

    clause: Clause
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """A statement that lets a role be assumed.

    Parameters
    ----------
    policy : Policy
        Where it stands.
    statement : Statement
        The statement.
    group : Group or None
        The group through which a user has it.
    """

    policy: Policy
    statement: Statement
    group: Group | None = None

    @property
    def label(self) -> str:
        """Policy and statement, e.g. ``"help-desk#AssumeTier2"``."""
        return f"{self.policy.name}#{self.statement.label}"

    @property
    def origin(self) -> Origin | None:
        """Where the statement stands."""
        return None if self.policy.origin is None else self.policy.origin.below(self.statement.pointer)


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Policies of which at least one must allow: one kind of policy, or one level of SCPs or RCPs.

    Parameters
    ----------
    title : str
        Heading, e.g. ``"SCPs of root Root"``.
    held : tuple of Held
        Their statements about assuming roles.
    unlisted : str
        Why nothing is known of the level; else ``""``.
    """

    title: str
    held: tuple[Held, ...]
    unlisted: str = ""


class Policies:
    """Compiles each policy once."""

    def __init__(self) -> None:
        self._compiled: dict[int, tuple[Clause, ...]] = {}
        self._kept: list[Policy] = []

    def clauses(self, policy: Policy) -> tuple[Clause, ...]:
        """Return the statements of a policy that have to do with assuming roles.

        Parameters
        ----------
        policy : Policy
            Of any kind; one without document may say anything.
        """
        found = self._compiled.get(id(policy))
        if found is None:
            found = self._compiled[id(policy)] = tuple(_compile(policy))
            self._kept.append(policy)  # so that its id is not given to another
        return found

    def level(self, title: str, policies: Sequence[tuple[Policy, Group | None]], unlisted: str = "") -> Level:
        """Return policies as one level.

        Parameters
        ----------
        title : str
            Heading.
        policies : sequence of (Policy, Group or None)
            Each with the group that it comes through.
        unlisted : str
            Why nothing is known of the level.
        """
        held = tuple(Held(clause, group) for policy, group in policies for clause in self.clauses(policy))
        return Level(title, held, unlisted)


def _compile(policy: Policy) -> Iterator[Clause]:
    everything = (1 << len(OPERATIONS)) - 1
    document = policy.document
    if document is None:
        unread = UnreadStatement(-1, None, "", policy.problem or "no file holds its document")
        yield Clause(policy, unread, None, everything)
        return
    for statement in document.statements:
        operations = 0
        for pattern in statement.actions or statement.not_actions or ():
            operations |= _operations(pattern)
        if statement.not_actions is not None:
            operations ^= everything
        if not operations:
            continue
        variables = document.has_variables
        negated = statement.not_resources is not None
        patterns = statement.not_resources if negated else statement.resources
        yield Clause(
            policy,
            statement,
            statement.effect,
            operations,
            tuple(compile_row(condition, variables) for condition in statement.conditions),
            None if patterns is None else tuple(resource_template(p, variables=variables) for p in patterns),
            negated,
        )
    for unread in document.unread:
        yield Clause(policy, unread, unread.effect, everything)


def control_levels(
    estate: Estate, policies: Policies, account: str, kind: levels.ControlKind
) -> tuple[Level, ...]:
    """Return the compiled levels of SCPs or RCPs over an account, from the root down (D5, D6).

    Parameters
    ----------
    estate : Estate
        With the AWS Organizations tree.
    policies : Policies
        Compiles.
    account : str
        12-digit id: the caller's for SCPs, the role's for RCPs.
    kind : PolicyKind
        SCP or RCP; see :func:`wmiam.estate.levels.control_levels`.
    """
    return tuple(
        policies.level(f"the {level.title}", [(policy, None) for policy in level.policies], level.unlisted)
        for level in levels.control_levels(estate.aws_organization, account, kind)
    )


class Roles:
    """The roles of an estate as bits, and patterns as sets of them.

    Parameters
    ----------
    roles : sequence of Principal
        Every role.
    """

    def __init__(self, roles: Sequence[Principal]) -> None:
        self.roles = tuple(roles)
        self.all = (1 << len(self.roles)) - 1
        self.index = {role.arn: bit for bit, role in enumerate(self.roles)}
        self._by_account: dict[str, list[int]] = {}
        for bit, role in enumerate(self.roles):
            self._by_account.setdefault(role.account, []).append(bit)
        self._matching: dict[tuple[str | Wild, ...], int] = {(Wild.STAR,): self.all}

    def covered(self, clause: Clause, known: Known) -> tuple[int, int]:
        """Return the roles that a clause's resources cover, and those that they may cover.

        Parameters
        ----------
        clause : Clause
            The statement.
        known : Known
            What is known of the caller, for policy variables.

        Returns
        -------
        tuple of (int, int)
            Sets of roles: surely covered, and covered for some values of keys that are open.
        """
        if clause.resources is None:
            return self.all, 0
        sure = maybe = 0
        for template in clause.resources:
            covered, possible = self._template(template, known)
            sure |= covered
            maybe |= possible
        maybe &= ~sure
        return (self.all & ~(sure | maybe), maybe) if clause.negated else (sure, maybe)

    def _template(self, template: Template, known: Known) -> tuple[int, int]:
        entries: dict[str, ContextEntry] = {}
        is_open = False
        for variable in template.variables:
            entry = known.get(canonical_key(variable.key))
            if entry is None:
                is_open = True
            elif entry is not ABSENT_KEY:
                entries[canonical_key(variable.key)] = entry
        if is_open:
            widest = tuple(Wild.STAR if isinstance(part, Variable) else part for part in template.parts)
            return 0, self._match(widest)
        pieces = template.resolve(Context(entries).single)
        return (0, 0) if pieces is None else (self._match(pieces), 0)

    def _match(self, pieces: tuple[str | Wild, ...]) -> int:
        found = self._matching.get(pieces)
        if found is None:
            found = self._matching[pieces] = self._search(pieces)
        return found

    def _search(self, pieces: tuple[str | Wild, ...]) -> int:
        first = pieces[0] if pieces else ""
        literal = "".join(pieces) if all(isinstance(piece, str) for piece in pieces) else None  # type: ignore[arg-type]
        if literal is not None and literal.count(":") >= 5:
            bit = self.index.get(literal)
            return 0 if bit is None else 1 << bit
        regex = resource_regex(pieces)
        # An account written out in the first piece leaves the roles of that account alone.
        arn = parse_arn(first) if isinstance(first, str) else None
        if arn is not None and arn.account.isdigit():
            candidates: Sequence[int] = self._by_account.get(arn.account, ())
        else:
            candidates = range(len(self.roles))
        return sum(1 << bit for bit in candidates if regex.fullmatch(self.roles[bit].arn))
