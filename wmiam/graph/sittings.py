"""What must agree between the requests of a chain: one sitting, and one kind of credentials after another.

Each step of a chain is a request of its own, with a context of its own.  Two things tie them.

**The sitting.**  The requests of a chain follow each other within the hour that a chained
session lasts, and come from where their caller sits: :data:`MOMENT` and :data:`NETWORK`
are the same in all of them.  So a role that trusts callers from the offices, and whose
permissions hold from elsewhere alone, is the beginning of no chain.  What a caller chooses
anew for each request (transport, region, external id, session name, tags, user agent) is
decided for each step alone.

**The credentials.**  The first request is made with whatever the caller has.  What comes
after is made with a session, and that session's MFA keys follow from how it was started
(S1): ``AssumeRole`` gives ``aws:MultiFactorAuthPresent`` the value false, identity
providers give sessions without that key.

Source: IAM User Guide, "Roles terms and concepts", role chaining; "AWS global condition
context keys"; "Configuring MFA-protected API access", MFA information is not passed on to
the temporary credentials of AssumeRole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from wmiam.bits import bits_of
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.domains import ABSENT, Group, Test
from wmiam.engine.space import MFA_PRESENT, Dimension, Space, Usage

__all__ = ["MOMENT", "NETWORK", "Session", "Sittings", "within_session"]

#: Keys that tell when a request is made.
MOMENT = ("aws:currenttime",)
#: Keys that tell from where a request comes.
NETWORK = ("aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn")
_SHARED = frozenset((*MOMENT, *NETWORK))


class Session(StrEnum):
    """What sort of credentials a principal of a chain has."""

    OWN = "own credentials"
    #: A role's session that somebody started by ``AssumeRole``, or a user that somebody took over.
    ASSUMED = "assumed"
    #: A role's session that an identity provider vouched for.
    FEDERATED = "federated"


def within_session(space: Space, session: Session, *, user: bool = False) -> int:
    """Return the contexts that requests with some credentials can have, as far as those decide.

    Parameters
    ----------
    space : Space
        Where the contexts live.
    session : Session
        The credentials.
    user : bool
        Whether they are a user's: of one that was taken over by a new access key no MFA key is
        there, by a new password it is false.
    """
    dimension = space.dimensions.get(MFA_PRESENT)
    if dimension is None or session is Session.OWN:
        return TRUE
    d = space.diagrams
    if session is Session.FEDERATED:
        return d.neither(space.presence(dimension))
    true = 1 << dimension.groups[0].witnesses.index("true")
    not_used = d.neither(d.literal(dimension.variables[0], true))
    return not_used if user else d.both(space.presence(dimension), not_used)


class Sittings:
    """The moments and places of chains: sets of them, and what requests of other spaces ask of them.

    Parameters
    ----------
    spaces : iterable of Space
        Every space from which sets of contexts will come.
    """

    def __init__(self, spaces: Iterable[Space]) -> None:
        asked: dict[str, Usage] = {}
        for space in spaces:
            for key in _SHARED & space.dimensions.keys():
                dimension = space.dimensions[key]
                usage = asked.setdefault(key, Usage(dimension.name))
                usage.tests.update(test for group in dimension.groups for test in group.true)
                usage.qualified |= any("" in group.witnesses for group in dimension.groups)
        self.space = Space(asked.values())
        self.every = self.space.universe(temporary=True, long_term=True)
        self._found: dict[tuple[Space, int], int] = {}
        self._classes: dict[tuple[int, int], int] = {}

    def of(self, contexts: int, space: Space) -> int:
        """Return the sittings in which some of the contexts occur; none for the empty set.

        Parameters
        ----------
        contexts : int
            The set.
        space : Space
            Where it comes from.
        """
        key = (space, contexts)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._translated(contexts, space)
        return found

    def _translated(self, contexts: int, space: Space) -> int:
        if contexts == FALSE:
            return FALSE
        shared = shared_variables(space)
        left = without_all(space, contexts, (v for v in space.diagrams.support(contexts) if v not in shared))
        d = self.space.diagrams
        found = d.any_of(
            d.all_of(
                d.any_of(self._class(space, variable, value) for value in bits_of(mask))
                for variable, mask in cube.items()
            )
            for cube in space.diagrams.cubes(left)
        )
        return d.both(found, self.every)

    def _class(self, space: Space, variable: int, value: int) -> int:
        """Return the sittings of one value class of a key of another space."""
        owner = space.owner(variable)
        assert not isinstance(owner, str)  # noqa: S101 - shared keys are dimensions
        dimension, index = owner
        group = dimension.groups[index]
        key = (id(group), value)
        if key not in self._classes:
            self._classes[key] = self._tested(self.space.dimensions[dimension.key], group, value)
        return self._classes[key]

    def _tested(self, dimension: Dimension, group: Group, value: int) -> int:
        """Return where every test comes out as it does in a value class of another space."""
        d, present = self.space.diagrams, self.space.presence(dimension)
        if value == ABSENT:
            return d.neither(present)
        result = present
        for test, true in group.true.items():
            matches, malformed = self._outcome(dimension, test)
            if true >> value & 1:
                result = d.both(result, matches)
            elif group.malformed[test] >> value & 1:
                result = d.both(result, malformed)
            else:
                result = d.minus(result, d.either(matches, malformed))
        return result

    def _outcome(self, dimension: Dimension, test: Test) -> tuple[int, int]:
        at = next(i for i, group in enumerate(dimension.groups) if test in group.true)
        group, variable, d = dimension.groups[at], dimension.variables[at], self.space.diagrams
        return d.literal(variable, group.true[test]), d.literal(variable, group.malformed[test])

    def moments(self, sittings: int) -> int:
        """Return sittings with the place left open: who acts from elsewhere acts at the same time still.

        Parameters
        ----------
        sittings : int
            The set.
        """
        places = shared_variables(self.space, NETWORK)
        return self.space.diagrams.both(without_all(self.space, sittings, places), self.every)


def shared_variables(space: Space, keys: Collection[str] = _SHARED) -> set[int]:
    """Return the variables of the keys that a sitting decides.

    Parameters
    ----------
    space : Space
        Whose variables.
    keys : collection of str
        Only these keys.
    """
    return {v for key in keys if key in space.dimensions for v in space.dimensions[key].variables}


def without_all(space: Space, contexts: int, variables: Iterable[int]) -> int:
    """Return the contexts that are in a set for some values of several variables (projection)."""
    for variable in variables:
        contexts = space.diagrams.without(contexts, variable)
    return contexts


def pinned_to(space: Space, values: Mapping[str, str | None]) -> int:
    """Return the contexts in which some keys have given values.

    Parameters
    ----------
    space : Space
        Where the contexts live.
    values : mapping of str to str or None
        By canonical key; None is an absent key.
    """
    d, result = space.diagrams, TRUE
    for key, value in values.items():
        dimension = space.dimensions.get(key)
        if dimension is not None:
            result = d.both(result, space.valued(dimension, value))
    return result
