"""The policies of an estate, compiled once for each distinct document, and who has which."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wmiam.engine.compile import ACTIONS, ActionSets, Compiled, binding, closed_row, compile_document
from wmiam.engine.knowledge import Known, decided_by_principal, own_values, principal_knowledge
from wmiam.engine.layers import Layer, Part, Source, used_parts
from wmiam.engine.quick import arn_test
from wmiam.estate.estate import Estate
from wmiam.estate.levels import control_levels, is_limited
from wmiam.estate.model import Group, Policy, Principal, PrincipalKind
from wmiam.policy.model import PolicyDocument, UnreadStatement

__all__ = ["IDENTITY_TITLE", "IDLE", "Policies", "boundary_title"]

#: Heading of the layer that grants.
IDENTITY_TITLE = "identity-based policies"

#: Number of a policy that has nothing to do with the actions in question.
IDLE = -1


class Policies:
    """The policies of an estate, numbered by document.

    Parameters
    ----------
    estate : Estate
        What was read.
    actions : ActionSets
        The actions in question; by default WorkMail's.

    Attributes
    ----------
    parts : list of Part
        By number; each as the first policy with its document has it.
    """

    def __init__(self, estate: Estate, actions: ActionSets = ACTIONS) -> None:
        self._estate = estate
        self.actions = actions
        self.parts: list[Part] = []
        self._compiled: dict[int, tuple[Compiled, ...]] = {}
        self._number: dict[int, int] = {}
        self._of_document: dict[int, int] = {}
        self._of_group: dict[int, frozenset[int]] = {}
        self._scps: dict[str, tuple[Layer, ...]] = {}
        self._part: dict[tuple[int, int], Part] = {}
        #: By number: the keys of a policy that principals decide.
        self.own_keys: list[tuple[str, ...]] = []
        #: Numbers of the policies that read what principals decide.
        self.readers: set[int] = set()
        self._outcomes: dict[object, int] = {}
        self._variants: dict[object, int] = {}
        self._quick: dict[int, list[Callable[[str], bool]]] = {}

    # -- policies -----------------------------------------------------------

    def number(self, policy: Policy) -> int:
        """Return the number of a policy, the same for the same document; -1 for one that is idle."""
        found = self._number.get(id(policy))
        if found is None:
            # An unread statement is a named unknown, and the name is the policy's.
            shared = policy.document is not None and not policy.document.unread
            key = id(policy.document) if shared else id(policy)
            found = self._of_document.get(key)
            if found is None:
                part = self.part(policy)
                found = IDLE
                if part.sources:
                    found = len(self.parts)
                    self.parts.append(part)
                    own_keys = tuple(key for key in part.reads if decided_by_principal(key))
                    self.own_keys.append(own_keys)
                    if own_keys:
                        self.readers.add(found)
                self._of_document[key] = found
            self._number[id(policy)] = found
        return found

    def part(self, policy: Policy, group: Group | None = None) -> Part:
        """Return the statements of a policy, as it is held directly or through a group."""
        key = (id(policy), id(group))
        if key not in self._part:
            compiled = self._compile(policy)
            self._part[key] = Part.of(tuple(Source(policy, statement, group) for statement in compiled))
        return self._part[key]

    def _compile(self, policy: Policy) -> tuple[Compiled, ...]:
        document = policy.document
        key = id(policy) if document is None else id(document)
        if key not in self._compiled:
            if document is None:
                unread = UnreadStatement(-1, None, "", policy.problem or "no file holds its document")
                document = PolicyDocument(unread=(unread,))
            self._compiled[key] = compile_document(document, self.actions)
        return self._compiled[key]

    # -- who has which ------------------------------------------------------

    def identity(self, principal: Principal) -> frozenset[int] | set[int]:
        """Return the numbers of a principal's identity-based policies, its groups' among them (D4)."""
        found: set[int] = set()
        known, number = self._number, self.number
        for policies in (principal.inline, principal.attached):
            for policy in policies:
                found.add(known[id(policy)] if id(policy) in known else number(policy))
        for group in principal.groups:
            numbers = self._of_group.get(id(group))
            if numbers is None:
                numbers = frozenset(number(policy) for policy in (*group.inline, *group.attached))
                self._of_group[id(group)] = numbers
            found |= numbers
        found.discard(IDLE)
        return found

    def levels(self, account: str) -> tuple[Layer, ...]:
        """Return the levels of SCPs over an account (D5)."""
        if account not in self._scps:
            self._scps[account] = tuple(
                Layer(
                    "service control policy",
                    level.title,
                    used_parts(self.part(policy) for policy in level.policies),
                    unlisted=level.unlisted,
                    numbers=tuple(
                        sorted({n for policy in level.policies if (n := self.number(policy)) != IDLE})
                    ),
                )
                for level in control_levels(self._estate.aws_organization, account)
            )
        return self._scps[account]

    def layers_of(self, principal: Principal) -> tuple[Layer, ...]:
        """Return what must allow a principal's requests, with the policies as it has them itself."""
        identity = used_parts(self.part(policy, group) for policy, group in principal.identity_policies)
        root = principal.kind is PrincipalKind.ROOT
        layers = [
            Layer(
                "identity",
                IDENTITY_TITLE,
                identity,
                unconditional=root,
                numbers=tuple(sorted(self.identity(principal))),
            )
        ]
        if principal.boundary is not None:
            number = self.number(principal.boundary)
            layers.append(
                Layer(
                    "permissions boundary",
                    boundary_title(principal.boundary),
                    used_parts([self.part(principal.boundary)]),
                    numbers=() if number == IDLE else (number,),
                )
            )
        if is_limited(principal):
            layers.extend(self.levels(principal.account))
        return tuple(layers)

    # -- attributes ---------------------------------------------------------

    def variant(self, number: int, principal: Principal, kind: object) -> int:
        """Return a number for what a principal's attributes make of a policy.

        Equal for principals of whom the policy asks the same and gets the same answers.

        Parameters
        ----------
        number : int
            The policy.
        principal : Principal
            The principal.
        kind : object
            What else may differ between principals: account, kind, session tags.
        """
        keys = self.own_keys[number]
        if not keys:
            return 0
        tests = self._arn_tests(number)
        if tests:
            arn = principal.arn
            quick = (number, *[test(arn) for test in tests])
            return self._outcomes.setdefault(quick, len(self._outcomes) + 1)
        key = (number, kind, own_values(principal, keys))
        found = self._variants.get(key)
        if found is None:
            known = principal_knowledge(principal, self._estate)
            outcome = (number, *_outcome(self.parts[number], known))
            found = self._variants[key] = self._outcomes.setdefault(outcome, len(self._outcomes) + 1)
        return found

    def _arn_tests(self, number: int) -> list[Callable[[str], bool]]:
        """Return quick tests of a policy that asks principals for their ARN and nothing else; else none."""
        if number not in self._quick:
            tests: list[Callable[[str], bool]] = []
            if self.own_keys[number] == ("aws:principalarn",):
                sources = self.parts[number].sources
                rows = [r for s in sources for r in s.compiled.rows if "aws:principalarn" in r.reads]
                tests = [test for row in rows if (test := arn_test(row)) is not None]
                if len(tests) < len(rows) or any(s.compiled.resource_reads for s in sources):
                    tests = []
            self._quick[number] = tests
        return self._quick[number]


def boundary_title(boundary: Policy) -> str:
    """Return the heading of a permissions boundary's layer.

    Parameters
    ----------
    boundary : Policy
        The boundary.
    """
    return f"permissions boundary {boundary.name}"


def _outcome(part: Part, known: Known) -> Iterable[object]:
    """Yield what is known of a principal makes of each row, and of each variable in a resource."""
    for source in part.sources:
        for row in source.compiled.rows:
            bound = binding(row, known)
            yield closed_row(row, bound) if all(entry is not None for entry in bound) else bound
        for key in source.compiled.resource_reads:
            yield known.get(key)
