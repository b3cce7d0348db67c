"""How a comparison shows itself: frames, text, HTML, names, and the public face."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from compared_estates import ANA, EUROPE, MFA, OPS, allow, document, estate, policy

import wmiam
from wmiam.compare import CHANGES, Comparison
from wmiam.errors import NameLookupError, RequestError

DATA = Path(__file__).parents[2] / "data"
RESET, DELETE = "workmail:ResetPassword", "workmail:DeleteUser"
HELP = policy("Help", allow(RESET, sid="Reset", **MFA), allow(DELETE, sid="Remove"))
BEFORE = estate(grouped=(HELP,), role=(HELP,))
WIDER = BEFORE.with_policy("Help", document(allow(RESET, sid="Reset")))


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return wmiam.compare(BEFORE, WIDER, gate="no-new-access", progress=False)


def test_the_frame(comparison: Comparison) -> None:
    frame = comparison.frame()
    assert len(frame) == 8
    assert list(frame["change"].cat.categories) == list(CHANGES)
    assert frame["change"].cat.ordered
    assert frame["before"].cat.ordered
    found = {
        (row.principal, row.action, row.change, row.before, row.after, row.gained, row.lost)
        for row in frame.itertuples()
    }
    assert found == {
        (ANA, RESET, "widened", "conditional", "allowed", "without MFA", ""),
        (ANA, DELETE, "revoked", "allowed", "denied", "", "always"),
        (OPS, RESET, "widened", "conditional", "allowed", "with temporary credentials without MFA", ""),
        (OPS, DELETE, "revoked", "allowed", "denied", "", "always"),
    }
    (only,) = comparison.frame("Ops", "ResetPassword", "europe").to_dict("records")
    assert only["organization"] == EUROPE
    assert only["witness_gained"] == {"aws:MultiFactorAuthPresent": "false"}
    assert only["witness_lost"] is None
    assert only["statements"] == "Help#Reset (Help (as changed):4): Allow statement changed"


def test_an_empty_frame_has_the_same_columns(comparison: Comparison) -> None:
    empty = wmiam.compare(BEFORE, BEFORE, progress=False).frame()
    assert list(empty.columns) == list(comparison.frame().columns)
    assert (len(empty), empty["change"].dtype) == (0, comparison.frame()["change"].dtype)


def test_causes_and_failures_as_frames(comparison: Comparison) -> None:
    causes = comparison.causes_frame()
    assert causes[["statement", "side", "gaining", "losing"]].to_numpy().tolist() == [
        ["Remove", "removed", 0, 2],
        ["Reset", "changed", 2, 0],
    ]
    failures = comparison.failures_frame()
    assert len(failures) == len(comparison.failures) == 4
    assert isinstance(failures, pd.DataFrame)
    assert set(failures["gate"]) == {"no-new-access"}


def test_rows_are_made_as_they_are_asked_for(comparison: Comparison) -> None:
    rows = comparison.rows()
    assert next(rows).principal.arn == OPS
    assert [row.action for row in comparison.rows("ana", "workmail:Reset*", "europe")] == [RESET]
    with pytest.raises(NameLookupError, match="near: ana"):
        next(comparison.rows("anna"))


def test_counts_and_people(comparison: Comparison) -> None:
    assert comparison.counts() == {"widened": 4, "revoked": 4}
    assert comparison.people() == ((OPS, ANA), (OPS, ANA), ())
    assert "4 widened, 4 revoked" in str(comparison)
    assert repr(comparison) == "<Comparison of 'small' and 'small': 2 principals, 4 gate failures>"


def test_html_escapes_everything() -> None:
    hostile = "<script>alert(1)</script>\u202e"
    before = estate(attached=(policy("Help", allow(DELETE, sid=hostile)),), name=f"a{hostile}")
    comparison = wmiam.compare(
        before, estate(), gate=["no-new-access", f"never-allow={DELETE}"], progress=False
    )
    html = comparison._repr_html_()
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>" not in html
    assert "\u202e" not in html
    back = wmiam.compare(estate(), before, gate="no-new-access", progress=False)._repr_html_()
    assert "fails, 2 times" in back
    assert "<script>" not in back


def test_paths_estates_and_accesses() -> None:
    before, after = DATA / "review" / "before", DATA / "review" / "after"
    for sides in (
        (before, after),
        (str(before), [after]),
        (wmiam.load(before), after),
        (wmiam.load(before).access(), wmiam.load(after)),
    ):
        assert wmiam.compare(*sides, progress=False).counts() == {"granted": 36}


def test_what_is_given() -> None:
    keys = {"aws:MultiFactorAuthPresent": True}
    given = wmiam.compare(BEFORE.access().given(keys), WIDER.access().given(keys), progress=False)
    assert given.counts() == {"revoked": 4}
    assert wmiam.compare(BEFORE, WIDER, given=keys, progress=False).counts() == {"revoked": 4}
    with pytest.raises(RequestError, match="same context keys"):
        wmiam.compare(BEFORE.access().given(keys), WIDER, progress=False)


def test_a_region_that_is_given_leaves_organizations_of_others_out() -> None:
    found = wmiam.compare(BEFORE, WIDER, given={"aws:RequestedRegion": "eu-west-1"}, progress=False)
    assert {row.organization for row in found.rows()} == {EUROPE}
    assert found.counts() == {"widened": 2, "revoked": 2}


def test_requests_of_witnesses_are_lines_of_simulate(comparison: Comparison) -> None:
    (row,) = comparison.rows("ana", "ResetPassword", "europe")
    witness = comparison.witness(row)
    assert witness is not None
    assert HELP.document is not None
    line = {"request": witness.request(), "identity_policies": [document(allow(RESET, **MFA))]}
    assert not wmiam.decide(line).allowed
    line["identity_policies"] = [document(allow(RESET))]
    assert wmiam.decide(line).allowed
    assert comparison.witness(row, lost=True) is None


@pytest.mark.parametrize("first", ["wmiam.compare", "from wmiam.compare import Gate", "import wmiam.compare"])
def test_compare_stays_the_function_whatever_is_loaded_first(first: str) -> None:
    code = (
        f"import wmiam; {first}; from wmiam.compare.gates import Gate; "
        "print(wmiam.compare.__module__, callable(wmiam.compare), Gate.__name__, wmiam.Gate is Gate)"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "wmiam.compare.entry True Gate True"


def test_comparing_loads_no_pandas() -> None:
    code = (
        "import sys, wmiam; c = wmiam.compare('data/review/before', 'data/review/after', "
        "gate='no-new-access', progress=False); c.causes(), str(c); print('pandas' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=DATA.parent
    )
    assert result.stdout.strip() == "False"
