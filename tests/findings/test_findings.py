"""What holds of findings whatever the rule: ids, order, frames, texts, HTML, and names that are hostile."""

from __future__ import annotations

import json
import random
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mail_estate import MFA, allow, deny, estate, findings, only, policy, user

import wmiam
from wmiam.errors import UnknownNameError
from wmiam.estate.estate import Estate
from wmiam.estate.model import PolicyKind
from wmiam.findings import Findings, FindingSeverity, find
from wmiam.findings.frames import COLUMNS

ACME = Path(__file__).resolve().parents[2] / "data" / "acme"
RESET = "workmail:ResetPassword"
HOSTILE = '<script>alert(1)</script>\u202e"=cmd|\x1b[31m'


def mixed() -> Estate:
    return estate(
        user("ana", policy("Full", allow("workmail:*"))),
        user("bob", policy("Typo", allow("workmail:ResetPasword"), allow(RESET, **MFA))),
        user(
            "eve",
            policy("Open", allow("workmail:*"), deny("*", Bool={"aws:MultiFactorAuthPresent": "false"})),
        ),
    )


class TestIds:
    def test_unique_and_named_after_their_rule(self) -> None:
        found = findings(mixed())
        assert len({f.id for f in found}) == len(found) > 5
        assert all(re.fullmatch(rf"{f.rule}-[0-9a-f]{{10}}", f.id) for f in found)

    def test_survive_other_places_in_files(self, tmp_path: Path) -> None:
        """Files renamed and laid out anew, lists reordered: the same findings by the same ids."""
        before = {f.id for f in wmiam.load(ACME).access().findings()}
        moved = tmp_path / "moved"
        shutil.copytree(ACME, moved)
        for number, path in enumerate(sorted((moved / "iam").rglob("*.json"))):
            content = json.loads(path.read_text(encoding="utf-8"))
            for key in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
                random.Random(number).shuffle(content[key])
            path.write_text(json.dumps(content), encoding="utf-8")
            path.rename(path.with_name(f"{9 - number}-other.json"))
        assert {f.id for f in wmiam.load(moved).access().findings()} == before

    def test_survive_statements_in_another_order(self) -> None:
        one, two = allow(RESET), allow("workmail:PutMailboxPermissions")
        first = findings(estate(user("ana", policy("Mail", one, two))), "access-without-mfa")
        second = findings(estate(user("ana", policy("Mail", two, one))), "access-without-mfa")
        assert {f.id for f in first} == {f.id for f in second}
        assert len(first) == 2

    def test_two_statements_that_say_the_same_have_an_id_each(self) -> None:
        found = findings(
            estate(user("ana", policy("Mail", allow(RESET), allow(RESET)))), "access-without-mfa"
        )
        assert len({f.id for f in found}) == len(found) == 1 or len(found) == 2


class TestOrder:
    def test_the_gravest_first_and_always_the_same(self) -> None:
        found = findings(mixed())
        ranks = [f.severity.rank for f in found]
        assert ranks == sorted(ranks)
        assert [f.id for f in findings(mixed())] == [f.id for f in found]

    def test_by_severity_and_counts(self) -> None:
        found = findings(mixed())
        by = found.by_severity()
        assert sum(map(len, by.values())) == len(found)
        assert found.counts() == {str(s): len(by.get(s, ())) for s in FindingSeverity}

    def test_chosen_by_rule_severity_and_principal(self) -> None:
        found = findings(mixed())
        high = found.of(severity="high")
        assert 0 < len(high) < len(found)
        assert all(f.severity.at_least(FindingSeverity.HIGH) for f in high)
        assert {f.rule for f in found.of("unknown-action")} == {"unknown-action"}
        ana = next(p.arn for p in mixed().principals if p.name == "ana")
        assert all(ana in f.principals for f in found.of(principal=ana))
        assert isinstance(found[:2], Findings)
        assert found[found[1].id] is found[1]
        with pytest.raises(UnknownNameError):
            found["no-such-finding"]

    def test_an_unknown_rule_is_an_error(self) -> None:
        with pytest.raises(UnknownNameError, match="access-without-mfa"):
            findings(mixed(), "acess-without-mfa")


class TestShowing:
    def test_frame(self) -> None:
        found = findings(mixed())
        frame = found.frame(check=True)
        assert tuple(frame.columns) == COLUMNS
        assert list(frame["id"]) == [f.id for f in found]
        assert frame["severity"].cat.ordered
        assert (frame["severity"] >= "high").sum() == len(found.of(severity="high"))
        assert (frame["adds"].dropna() == 0).all()
        assert found.frame()["adds"].isna().all()
        assert tuple(findings(estate(), "access-without-mfa").frame().columns) == COLUMNS

    def test_text_tells_evidence_and_what_the_mend_takes(self) -> None:
        text = findings(mixed(), "access-without-mfa").to_text()
        assert "1 finding" in text or "2 findings" in text
        assert "Full#0" in text
        assert "adds nothing; takes" in text
        assert "for example:" in text

    def test_mends_are_tried_only_when_asked_for(self) -> None:
        found = findings(mixed())
        str(found), found._repr_html_(), found.frame()
        assert not any("check" in vars(f.mend) for f in found)

    def test_patches_are_what_the_mend_applies(self) -> None:
        finding = only(estate(user("ana", policy("Mail", allow(RESET)))), "access-without-mfa")
        (patch,) = finding.mend.patches()
        assert patch["policy"].endswith("policy/Mail")
        assert patch["patch"] == [{
            "op": "add", "path": "/Statement/0/Condition", "value": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        }]  # fmt: skip
        changed = finding.mend.changes[0].document()
        assert changed["Statement"][0]["Condition"] == MFA
        assert changed["Statement"][0]["Action"] == [RESET]


class TestHostileNames:
    def hostile(self) -> Estate:
        statement = allow("workmail:*", sid=HOSTILE)
        typo = allow(f"workmail:Reset{HOSTILE}", RESET, sid="Typo")
        people = user("ana", policy(HOSTILE, statement, typo, kind=PolicyKind.INLINE))
        named = replace(people, name=HOSTILE, arn=f"{people.arn}{HOSTILE}")
        return replace(estate(named), name=HOSTILE)

    def test_html_holds_no_markup_of_theirs(self) -> None:
        found = findings(self.hostile())
        assert len(found) > 2
        for html in (found._repr_html_(), *(f._repr_html_() for f in found)):
            assert "<script" not in html
            assert "\u202e" not in html
            assert "\x1b" not in html
        assert "&lt;script&gt;" in found._repr_html_()

    def test_mends_work_all_the_same(self) -> None:
        of = self.hostile()
        for finding in findings(of, "access-without-mfa", "wildcard-capability", "unknown-action"):
            assert finding.mend.check is not None
            assert finding.mend.check.adds_nothing


def test_fixed_context_keys_make_no_difference() -> None:
    access = mixed().access()
    given = access.given({"aws:MultiFactorAuthPresent": True})
    assert [f.id for f in find(given)] == [f.id for f in find(access)]
