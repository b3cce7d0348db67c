"""Estates with thousands of patterns and keys: value classes stay exact, and no recursion ends early."""

from __future__ import annotations

import random

from wmiam.engine.diagrams import Diagrams
from wmiam.engine.domains import Test as Question
from wmiam.engine.domains import build_groups
from wmiam.policy.patterns import Wild


def test_diagrams_of_many_variables() -> None:
    diagrams = Diagrams()
    variables = [diagrams.add_variable(2) for _ in range(3000)]
    every = diagrams.all_of(diagrams.literal(variable, 2) for variable in variables)
    some = diagrams.any_of(diagrams.literal(variable, 2) for variable in variables)
    assert diagrams.both(every, some) == every
    assert diagrams.either(every, some) == some
    assert diagrams.minus(every, some) == 0
    assert diagrams.holds(every, dict.fromkeys(variables, 1))
    assert not diagrams.holds(diagrams.neither(some), dict.fromkeys(variables, 1))


def test_thousands_of_patterns_that_part_early_are_exact() -> None:
    numbers = random.Random(1).sample(range(10**9), 3000)
    questions = [Question("StringLike", (f"tool-{number}/", Wild.STAR)) for number in numbers]
    groups = build_groups(questions)
    assert [group.exact for group in groups] == [True]
    place = groups[0].class_of(f"tool-{numbers[7]}/3.1")
    assert groups[0].true[questions[7]] == 1 << place
