"""What SCPs leave to a class is what it is allowed with a policy that allows everything."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from random_estates import mail
from random_estates.drawing import full_access

from wmiam.engine.whole import PrincipalClass, Whole
from wmiam.estate.model import Policy, PolicyKind, Principal, PrincipalKind
from wmiam.policy.model import PolicyType

EVERYTHING = Policy("everything", PolicyKind.INLINE, full_access(PolicyType.IDENTITY))


def _answers(members: PrincipalClass) -> set[tuple[str, int, int]]:
    return {(cell.resource.arn, cell.actions, cell.contexts) for cell in members.cells}


def _free(principal: Principal) -> Principal:
    return replace(principal, inline=(EVERYTHING,), attached=(), groups=(), boundary=None)


@pytest.mark.parametrize("seed", range(12))
def test_unlimited_is_what_a_policy_that_allows_everything_gives(seed: int) -> None:
    found = mail.estate(random.Random(f"unlimited {seed}"))
    users = [p for p in found.principals if p.kind is PrincipalKind.USER]
    changed = replace(found, principals=tuple(_free(p) if p in users else p for p in found.principals))
    before, after = Whole.together([found, changed], progress=False)
    for user in users:
        (unlimited,) = before.unlimited([before.class_of[user.arn]])
        assert _answers(unlimited) == _answers(after.class_of[user.arn])
