"""Estates to explore, and views of them that between them set everything that can be set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ACME = Path(__file__).resolve().parents[2] / "data" / "acme"
SCRIPT = "<script>window.broken = 1</script>"
IMAGE = "<img src=x onerror='window.broken = 1'>"
REORDERED = "admin\u202egnp.exe"
#: The same estate as :func:`hostile`, made in a notebook: three of its principals are in the list ``hostile``.
HOSTILE = f"""
import dataclasses, wmiam
from wmiam.lab import views
estate = wmiam.load({str(ACME)!r})
names = iter({(SCRIPT, IMAGE, REORDERED)!r})
hostile = [p.arn for p in estate.principals if p.account == "444455556666"][:3]
principals = tuple(dataclasses.replace(p, name=next(names)) if p.arn in hostile else p for p in estate.principals)
organizations = tuple(dataclasses.replace(o, alias={IMAGE!r} + (o.alias or "")) for o in estate.organizations)
access = dataclasses.replace(estate, principals=principals, organizations=organizations).access()
explorer = wmiam.explore(access)
explorer
"""

MFA = {"aws:MultiFactorAuthPresent": True}
NO_MFA = {"aws:MultiFactorAuthPresent": [False, None], "aws:RequestedRegion": "eu-west-1"}
CONTEXTS: tuple[dict[str, Any], ...] = ({}, MFA, NO_MFA)

#: Views that between them set everything that can be set.
VIEWS: list[tuple[dict[str, str], dict[str, str], dict[str, Any]]] = [
    ({}, {}, {}),
    ({"decision": "all"}, {}, MFA),
    ({"decision": "denied", "account": "444455556666"}, {}, {}),
    ({"decision": "conditional", "level": "Write"}, {}, NO_MFA),
    ({"decision": "allowed", "capability": "export-mail"}, {}, MFA),
    ({"organization": "acme-europe", "decision": "all", "actions": "password"}, {}, {}),
    ({"principals": "USER/ m", "actions": "workmail: reset"}, {}, {}),
    ({"principals": "nobody has this name"}, {}, {}),
    ({}, {"principal": "mateo.jackson"}, MFA),
    ({"account": "444455556666"}, {"principal": "mateo.jackson", "action": "ResetPassword"}, {}),
    ({"capability": "take-over-mailbox"}, {"action": "ResetPassword"}, NO_MFA),
]
