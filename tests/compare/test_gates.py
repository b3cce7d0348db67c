"""Gates: what fails them, what they leave out and say so, and how they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from compared_estates import ANA, MFA, OPS, ROOT, allow, deny, document, estate, policy

from wmiam.compare import Comparison, Gate, GateKind, compare, read_gates
from wmiam.errors import InputError, NameLookupError, UnknownNameError
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, PolicyKind

RESET, DELETE = "workmail:ResetPassword", "workmail:DeleteUser"
HELP = policy("Help", allow(RESET, sid="Reset", **MFA), allow(DELETE, sid="Remove"))
OPERATE = policy("Operate", allow("workmail:*", sid="All"))
BEFORE = estate(grouped=(HELP,), role=(OPERATE,))


def held(gate: str | Gate | list[str | Gate], after: Estate = BEFORE, before: Estate = BEFORE) -> Comparison:
    return compare(before, after, gate=gate, progress=False)


def who(comparison: Comparison) -> set[str]:
    return {failure.principal.arn for failure in comparison.failures}


def test_no_new_access_fails_where_something_grew() -> None:
    wider = BEFORE.with_policy("Help", document(allow(RESET, sid="Reset"), allow(DELETE, sid="Remove")))
    comparison = held("no-new-access", wider)
    assert who(comparison) == {ANA}
    assert {f.action for f in comparison.failures} == {RESET}
    first = comparison.failures[0]
    assert first.witness.absent == ("aws:MultiFactorAuthPresent",)
    assert first.when == "without MFA"
    assert first.statements == ("Help#Reset (Help (as changed):4): Allow statement changed",)
    was, now = comparison.decide(first.witness)
    assert was is not None
    assert now is not None
    assert (was.allowed, now.allowed) == (False, True)


def test_no_new_access_holds_where_something_shrank() -> None:
    narrower = BEFORE.with_policy("Help", document(allow(DELETE, sid="Remove")))
    comparison = held("no-new-access", narrower)
    assert not comparison.empty
    assert not comparison.failures


def test_never_allow_is_about_the_estate_after() -> None:
    assert who(held(f"never-allow={RESET}")) == {ANA, OPS}
    assert who(held("never-allow=workmail:DeleteOrganization")) == {OPS}
    (failure, *_) = held(f"never-allow={RESET}").failures
    assert failure.statements
    assert str(failure).startswith("never-allow: arn:aws:iam::111122223333:")
    stopped = BEFORE.with_policy("Operate", document(deny("*")))
    assert not held("never-allow=workmail:DeleteOrganization", stopped).failures


def test_never_allow_about_some_organizations_and_principals() -> None:
    comparison = held(f"never-allow={RESET};organizations=europe;principals=ana")
    assert [(f.principal.arn, f.organization[-6:]) for f in comparison.failures] == [(ANA, "m-aaaa")]


def test_actions_without_resource_are_always_meant() -> None:
    comparison = held("never-allow=workmail:CreateOrganization;organizations=europe")
    assert [(f.principal.arn, f.organization) for f in comparison.failures] == [(OPS, "*")]


def test_only_principals() -> None:
    assert who(held(f"only-principals={RESET};principals=Ops")) == {ANA}
    assert who(held(f"only-principals={RESET};principals=*:role/*,ana")) == set()
    assert who(held(f"only-principals={RESET};principals=*/Nobody*")) == {ANA, OPS}


def test_only_with_mfa() -> None:
    assert who(held(f"only-with-mfa={RESET};principals=ana")) == set()
    comparison = held(f"only-with-mfa={RESET},{DELETE}")
    assert {(f.principal.arn, f.action) for f in comparison.failures} == {
        (ANA, DELETE), (OPS, RESET), (OPS, DELETE),
    }  # fmt: skip
    assert {f.when for f in comparison.failures if f.principal.arn == ANA} == {"without MFA"}


def test_only_with_mfa_where_no_condition_asks_for_it() -> None:
    plain = estate(attached=(policy("Plain", allow(RESET)),))
    comparison = held(f"only-with-mfa={RESET}", plain, plain)
    assert who(comparison) == {ANA}
    assert {f.witness.when for f in comparison.failures} == {"in any request"}


@pytest.mark.parametrize("kind", ["never-allow", "only-with-mfa"])
def test_root_users_are_left_out_unless_asked_for_and_it_is_said(kind: str) -> None:
    without, with_root = held(f"{kind}={DELETE}"), held(f"{kind}={DELETE};root=true")
    assert ROOT not in who(without)
    assert ROOT in who(with_root)
    assert "Account root users (1) are allowed everything but what SCPs deny" in str(without)
    assert "Account root users" not in str(with_root)
    assert next(f for f in with_root.failures if f.principal.arn == ROOT).statements == ("account root user",)


def test_what_depends_on_something_unread_fails() -> None:
    lost = Policy("Lost", PolicyKind.MANAGED, None, "arn:aws:iam::111122223333:policy/Lost", problem="lost")
    unsure = estate(attached=(lost,))
    comparison = held("never-allow=workmail:DeleteOrganization", unsure, unsure)
    assert who(comparison) == {ANA}
    failure = comparison.failures[0]
    assert failure.verb == "may be allowed"
    assert "policy Lost, which cannot be read, allows it" in failure.depends
    assert "cannot tell: it depends on whether policy Lost, which cannot be read, allows it" in str(
        comparison
    )


def test_failures_are_a_sequence() -> None:
    failures = held("never-allow=workmail:*").failures
    listed = list(failures)
    assert len(failures) == len(listed) > 100
    at = len(listed) // 2
    for one, other in (
        (failures[at], listed[at]),
        (failures[-1], listed[-1]),
        (failures[at:][0], listed[at:][0]),
        (failures[::-1][0], listed[-1]),
    ):
        assert str(one) == str(other)
    with pytest.raises(IndexError):
        _ = failures[len(failures)]


def test_several_gates_keep_their_own_failures() -> None:
    gates = [
        "no-new-access",
        f"never-allow={RESET}",
        Gate(GateKind.ONLY_WITH_MFA, (DELETE,), reason="rule 7"),
    ]
    comparison = held(gates)
    assert [str(g.kind) for g in comparison.gates] == ["no-new-access", "never-allow", "only-with-mfa"]
    assert [len(comparison.failures.of(g)) for g in comparison.gates] == [0, 4, 4]
    text = str(comparison)
    assert "Gate no-new-access: holds" in text
    assert f"Gate only-with-mfa={DELETE}: FAILS, 4 times (rule 7)" in text


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("no-new-acess", "there is no gate 'no-new-acess'"),
        ("never-allow", "needs the actions"),
        (f"only-principals={RESET}", "needs the principals"),
        (f"never-allow={RESET};who=ana", "'who=ana' is no part of a gate"),
        (f"never-allow={RESET};root=yes", "root is 'yes'"),
    ],
)
def test_what_is_no_gate(gate: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Gate.parse(gate)


@pytest.mark.parametrize(
    "gate",
    [
        "never-allow=workmail:ResetPasword",
        f"never-allow={RESET};organizations=europa",
        f"never-allow={RESET};principals=nobody*",
        f"only-principals={RESET};principals=opps",
    ],
)
def test_a_gate_about_nothing_is_an_error(gate: str) -> None:
    with pytest.raises(NameLookupError) as caught:
        held(gate)
    assert isinstance(caught.value, UnknownNameError)


@pytest.mark.parametrize(
    "text",
    [
        "no-new-access",
        "never-allow=a:B,c:D",
        "only-principals=a:B;principals=x,y;organizations=z;root=true",
    ],
)
def test_a_gate_reads_as_it_is_written(text: str) -> None:
    assert str(Gate.parse(text)) == text


FILE = """\
# What must hold.
[[gate]]
gate = "never-allow"
actions = ["workmail:DeleteOrganization"]
reason = "retired by hand"

[[gate]]
gate = "only-principals"
actions = ["workmail:ResetPassword"]
principals = ["Ops"]
root = true
"""


def test_the_title_of_a_gate_names_a_few_actions_only() -> None:
    few = Gate("never-allow", actions=(RESET, DELETE), root=True)
    assert few.title == str(few) == f"never-allow={RESET},{DELETE};root=true"
    names = tuple(f"workmail:{n}User" for n in ("Create", "Delete", "Describe", "Update"))
    many = Gate("no-new-access", actions=(*names, RESET, "workmail:ListUsers"))
    assert many.title == f"no-new-access={','.join(names)},… 2 more"
    assert f"Gate {many.title}: holds" in held(many).to_text()
    assert Gate.parse(str(many)) == many


def test_gates_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text(FILE)
    first, second = read_gates(path)
    assert first == Gate(GateKind.NEVER_ALLOW, ("workmail:DeleteOrganization",), reason="retired by hand")
    assert second == Gate(GateKind.ONLY_PRINCIPALS, (RESET,), principals=("Ops",), root=True)
    assert (first.place, second.place) == (f"{path}:2", f"{path}:7")
    assert who(held([first, second])) == {OPS, ANA, ROOT}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[[gate]]\ngate = "never-allow\n', 2, "this is no TOML"),
        (
            '[[gate]]\ngate = "no-new-access"\n\n[[gate]]\ngate = "never"\nactions = ["a:B"]\n',
            5,
            "no gate 'never'",
        ),
        ('[[gate]]\ngate = "never-allow"\naction = ["a:B"]\n', 3, "a gate has no 'action'"),
        ('[[gate]]\ngate = "never-allow"\nactions = "a:B"\n', 3, "actions is a list of texts"),
        ('[[gate]]\ngate = "never-allow"\n', 2, "needs the actions"),
        ('[[gate]]\nactions = ["a:B"]\n', 1, "does not say which it is"),
        ("[[gate]]\ngate = 7\n", 2, "gate is text"),
        ('[[gate]]\ngate = "no-new-access"\nreason = 7\n', 3, "reason is text"),
        ('[[gate]]\ngate = "no-new-access"\nroot = "yes"\n', 3, "root is true or false"),
        ('title = "x"\n', 1, "has no 'title'"),
        ("", 1, "there is no"),
    ],
)
def test_mistakes_in_a_file_are_told_with_their_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = tmp_path / "gates.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_gates(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert caught.value.mend


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_gates(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        read_gates(tmp_path / "binary.toml")
