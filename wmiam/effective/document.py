"""Statements as JSON: actions shortened, rows in blocks, and a name for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from wmiam.effective.actions import action_patterns
from wmiam.effective.candidates import Rows
from wmiam.effective.choice import Chosen
from wmiam.effective.target import Target
from wmiam.engine.compile import ACTIONS
from wmiam.estate.model import Organization
from wmiam.policy.model import Effect

__all__ = ["statements_of"]

#: How the names of conditions begin that do not follow "By".
_PLAIN = ("With", "Over")
_LEVELS = ("Read", "List", "Write", "Tagging", "Permissions management")


def statements_of(
    target: Target, chosen: Sequence[Chosen], effect: Effect, known: Sequence[Organization]
) -> list[dict[str, Any]]:
    """Return statements as a policy has them.

    Parameters
    ----------
    target : Target
        What comes out.
    chosen : sequence of Chosen
        The statements.
    effect : Effect
        Theirs.
    known : sequence of Organization
        Organizations that Sids may name.

    Returns
    -------
    list of dict
        In the order given; their Sids differ.
    """
    found, taken = [], set[str]()
    for one in chosen:
        needed = allowed = 0
        for group in one.needed:
            needed |= group.actions
        for group in one.candidate.fits:
            allowed |= group.actions
        if effect is Effect.ALLOW:
            # An action that is allowed elsewhere, and on none of these resources, may be covered: here
            # it is about nothing.
            reached = {group for group, _ in one.candidate.contexts}
            about = {group.kind for group in reached}
            for group in target.alike:
                if group.kind not in about and _is_idle(target, one, group.kind):
                    allowed |= group.actions
        patterns = action_patterns(needed, allowed)
        statement: dict[str, Any] = {"Sid": "", "Effect": str(effect), "Action": _one(patterns)}
        name = "NotResource" if one.candidate.negated else "Resource"
        statement[name] = _one(sorted(target.expand(one.candidate.patterns)))
        if one.candidate.rows:
            statement["Condition"] = _condition(one.candidate.rows)
        covered = 0
        for pattern in patterns:
            covered |= ACTIONS.of(pattern)
        sid = base = _sid(effect, covered, one, statement[name], known)
        number = 1
        while sid in taken:
            number += 1
            sid = f"{base}{number}"
        taken.add(sid)
        statement["Sid"] = sid
        found.append(statement)
    return found


def _is_idle(target: Target, one: Chosen, kind: object) -> bool:
    """Whether a statement's resources cover nothing of a kind, any other organization's included."""
    return not one.candidate.negated and not any(
        target.covered(pattern, resource)
        for pattern in one.candidate.patterns
        for resource in target.resources
        if resource.kind == kind
    )


def _one(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _condition(rows: Rows) -> dict[str, dict[str, str | list[str]]]:
    found: dict[str, dict[str, str | list[str]]] = {}
    for operator, key, values in sorted(rows):
        found.setdefault(operator, {})[key] = _one(values)
    return found


# -- names ------------------------------------------------------------------


def _sid(
    effect: Effect, actions: int, one: Chosen, resources: str | list[str], known: Sequence[Organization]
) -> str:
    """Return a name that says what, where and when; letters and digits only."""
    what = _what(actions)
    texts = [resources] if isinstance(resources, str) else resources
    where = _where(texts, one.candidate.negated, known)
    when = list(dict.fromkeys(_when(*row) for row in sorted(one.candidate.rows)))
    by = "And".join(text for text in when if not text.startswith(_PLAIN))
    when = [text for text in when if text.startswith(_PLAIN)] + [f"By{by}"] * bool(by)
    return ("Deny" if effect is Effect.DENY else "") + what + where + "".join(when)


def _what(actions: int) -> str:
    found = [action for bit, action in enumerate(ACTIONS.actions) if actions >> bit & 1]
    if len(found) == 1:
        return found[0].name
    services = {action.service for action in found}
    everything = {a.full_name for a in ACTIONS.actions if a.service in services}
    levels = [level for level in _LEVELS if any(level in action.access_level for action in found)]
    flow = "MessageFlow" if services == {"workmailmessageflow"} else ""
    if everything == {action.full_name for action in found}:
        return f"All{flow}"
    if len(levels) > 2:
        return f"Manage{flow}"
    return flow + "And".join(_letters(level) for level in levels)


def _where(texts: Sequence[str], negated: bool, known: Sequence[Organization]) -> str:
    if texts == ["*"]:
        return ""
    fields = [text.split(":", 5) for text in texts]
    named = [o for o in known if not o.stand_in and any(o.id in text for text in texts)]
    regions = sorted({field[3] for field in fields if len(field) == 6 and field[5].endswith("/*")})
    only_named = all(any(o.id in text for o in named) for text in texts)
    if only_named and len(named) < 3 and all(o.alias for o in named):
        names = "On" + "And".join(_letters(o.alias) for o in named)
    elif not named and regions and "*" not in regions:
        names = "In" + "And".join(_letters(region) for region in regions)
    else:
        names = "OnSomeOrganizations"
    return f"Except{names.removeprefix('On')}" if negated else names


def _when(operator: str, key: str, values: tuple[str, ...]) -> str:
    name = key.rpartition(":")[2]
    if name == "MultiFactorAuthPresent" and operator == "Bool":
        return "WithMfa" if values == ("true",) else "WithoutMfa"
    if name == "SecureTransport" and operator == "Bool" and values == ("true",):
        return "OverTls"
    return _letters(name)


def _letters(text: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", text))
