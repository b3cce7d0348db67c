"""Suppressions: read strictly, expire, come back, and are reported where they match nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from mail_estate import TODAY, allow, estate, findings, policy, user

from wmiam.errors import InputError
from wmiam.findings import Suppression, read_suppressions

RESET = "workmail:ResetPassword"
RULE = "access-without-mfa"
GOOD = """\
[[suppress]]
rule = "access-without-mfa"
principals = ["*:user/ana"]
reason = "signs from a kiosk"
expires = 2026-12-31
by = "audit"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "accepted.toml"
    path.write_text(text, encoding="utf-8")
    return path


def two():  # type: ignore[no-untyped-def]
    return estate(user("ana", policy("A", allow(RESET))), user("bob", policy("B", allow(RESET))))


def accepted(**given: object) -> Suppression:
    fields: dict[str, object] = {
        "reason": "known",
        "expires": date(2026, 12, 31),
        "by": "audit",
        "rule": RULE,
    }
    return Suppression(**(fields | given))  # type: ignore[arg-type]


class TestApplying:
    def test_sets_aside_what_it_names(self, tmp_path: Path) -> None:
        found = findings(two(), RULE, suppress=write(tmp_path, GOOD))
        assert [f.principals[0].rpartition("/")[2] for f in found] == ["bob"]
        assert [aside.suppression.reason for aside in found.suppressed] == ["signs from a kiosk"]
        assert found.notes == ()

    def test_by_id(self) -> None:
        one = findings(two(), RULE)[0]
        found = findings(two(), RULE, suppress=[accepted(rule="", finding=one.id)])
        assert one.id not in [f.id for f in found]
        assert len(found) == 1

    def test_counts_on_its_last_day_and_comes_back_after(self) -> None:
        assert len(findings(two(), RULE, suppress=[accepted(expires=TODAY)])) == 0
        found = findings(two(), RULE, suppress=[accepted(expires=date(2026, 11, 24))])
        assert len(found) == 2
        assert len(found.notes) == 1
        assert "expired on 2026-11-24" in found.notes[0]
        assert "are back" in found.notes[0]

    def test_one_that_matches_nothing_is_reported(self) -> None:
        found = findings(two(), RULE, suppress=[accepted(principals=("*:user/eve",))])
        assert len(found) == 2
        assert "matches no finding" in found.notes[0]

    def test_every_principal_of_a_finding_must_match(self) -> None:
        shared = policy("A", allow(RESET))
        of = estate(user("ana", shared), user("bob", shared))
        assert len(findings(of, RULE, suppress=[accepted(principals=("*:user/ana",))])) == 1
        assert len(findings(of, RULE, suppress=[accepted(principals=("*:user/ana", "*:user/b*"))])) == 0

    def test_scope_by_policy_and_organization(self) -> None:
        assert len(findings(two(), RULE, suppress=[accepted(policies=("*policy/A",))])) == 1
        assert len(findings(two(), RULE, suppress=[accepted(organizations=("*m-aaaa",))])) == 2
        assert len(findings(two(), RULE, suppress=[accepted(organizations=("*:organization/*",))])) == 0

    def test_brackets_in_a_glob_are_plain(self) -> None:
        assert len(findings(two(), RULE, suppress=[accepted(principals=("*:user/[ab]*",))])) == 2


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[[suppress]\n", 1, "no TOML"),
        ("[[ignore]]\n", 1, "no 'ignore'"),
        ("suppress = 3\n", 1, "[[suppress]]"),
        (GOOD.replace('rule = "access-without-mfa"\n', ""), 1, "does not say what"),
        (GOOD.replace("access-without-mfa", "access-without-fma"), 2, "no rule 'access-without-fma'"),
        (GOOD.replace('reason = "signs from a kiosk"\n', ""), 1, "does not say why"),
        (GOOD.replace("signs from a kiosk", " "), 1, "does not say why"),
        (GOOD.replace('by = "audit"\n', ""), 1, "who decided"),
        (GOOD.replace("expires = 2026-12-31\n", ""), 1, "never expires"),
        (GOOD.replace("2026-12-31", '"soon"'), 5, "no date"),
        (GOOD.replace("2026-12-31", "true"), 5, "no date"),
        (GOOD.replace('["*:user/ana"]', '"*:user/ana"'), 3, "list of texts"),
        (GOOD.replace('"audit"', "7"), 6, "by is text"),
        (GOOD + "until = 3\n", 7, "no 'until'"),
        (GOOD + "\n" + GOOD.replace("expires", "expire"), 12, "no 'expire'"),
    ],
)
def test_errors_name_file_line_and_mend(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_suppressions(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert message in caught.value.message
    assert caught.value.mend


def test_dates_in_three_forms_and_an_empty_file(tmp_path: Path) -> None:
    for form in ("2026-12-31", '"2026-12-31"', "2026-12-31T10:00:00Z"):
        (one,) = read_suppressions(write(tmp_path, GOOD.replace("2026-12-31", form)))
        assert one.expires == date(2026, 12, 31)
        assert one.place.endswith("accepted.toml:1")
    assert read_suppressions(write(tmp_path, "# nothing is accepted\n")) == ()


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_suppressions(tmp_path / "none.toml")
    path = tmp_path / "bytes.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_suppressions(path)
