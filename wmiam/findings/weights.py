"""How much actions weigh in findings: which capabilities open mail, and which do other harm.

The weights are a choice, made here once so that every rule agrees.  They follow what
each capability gives in the end, not the access level that AWS publishes for an action.
"""

from __future__ import annotations

from typing import Final

from wmiam.bits import bits_of
from wmiam.catalog import load
from wmiam.engine.compile import ACTIONS

__all__ = ["END_OF_SUPPORT", "GRAVE", "GRAVE_ACTIONS", "HARMFUL", "HARMFUL_ACTIONS", "MINOR", "actions_of"]

#: Capabilities that end in reading somebody's mail.
GRAVE: Final = ("read-mail", "take-over-mailbox", "export-mail")
#: Capabilities that do other harm: forged, lost or redirected mail, controls and records undone.
HARMFUL: Final = ("send-as", "redirect-mail", "weaken-controls", "blind-monitoring", "destroy")
#: Capabilities that matter for what they lead to.
MINOR: Final = ("administer", "retag")

#: The day from which WorkMail can no longer be reached.
#: Source: Amazon WorkMail Administrator Guide, "Amazon WorkMail end of support".
END_OF_SUPPORT: Final = "2027-03-31"


def _alone(names: tuple[str, ...]) -> int:
    """Return the actions each of which is an alternative of a capability by itself."""
    found = 0
    for name in names:
        capability = load().capability(name)
        for alternative in capability.alternatives if capability is not None else ():
            if len(alternative.actions) == 1:
                found |= 1 << ACTIONS.index[alternative.actions[0]]
    return found


#: Actions of which one alone ends in reading mail.
GRAVE_ACTIONS: Final = _alone(GRAVE)
#: Actions of which one alone does harm of any kind.
HARMFUL_ACTIONS: Final = GRAVE_ACTIONS | _alone(HARMFUL)


def actions_of(mask: int) -> tuple[str, ...]:
    """Return the full names of a set of actions, those that weigh most first."""
    by_weight = (mask & GRAVE_ACTIONS, mask & HARMFUL_ACTIONS & ~GRAVE_ACTIONS, mask & ~HARMFUL_ACTIONS)
    return tuple(ACTIONS.names[bit] for weighty in by_weight for bit in bits_of(weighty))
