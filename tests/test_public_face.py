"""The public names: what they are, when they are looked up, and what importing costs."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import wmiam

BENCHMARK = Path(__file__).parent / "benchmarks" / "import_time.py"
REQUEST = {
    "principal": "arn:aws:iam::111122223333:user/ana",
    "action": "workmail:ListOrganizations",
    "resource": "*",
}
POLICY = {"Statement": {"Effect": "Allow", "Action": "workmail:ListOrganizations", "Resource": "*"}}


def python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return result.stdout.strip()


def test_every_public_name_is_there_and_listed() -> None:
    for name in wmiam.__all__:
        assert getattr(wmiam, name) is not None
    assert set(wmiam.__all__) <= set(dir(wmiam))


def test_every_public_thing_says_what_it_is() -> None:
    assert [
        name for name in wmiam.__all__ if name != "__version__" and not getattr(wmiam, name).__doc__
    ] == []


def test_there_is_no_other_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = wmiam.nonsense


def test_importing_loads_nothing_but_itself() -> None:
    code = "import sys, wmiam; print(*sorted(m for m in sys.modules if m.startswith('wmiam')))"
    assert python(code) == "wmiam"


def test_reading_and_deciding_load_neither_pandas_nor_networkx() -> None:
    code = (
        "import sys, wmiam; wmiam.load, wmiam.decide, wmiam.lint_estate, wmiam.Access; "
        "print(*({'pandas', 'numpy', 'networkx', 'jinja2', 'IPython', 'ipywidgets'} & set(sys.modules)))"
    )
    assert python(code) == ""


def test_importing_takes_less_than_three_tenths_of_pandas() -> None:
    measure = runpy.run_path(str(BENCHMARK))["measure"]
    medians = measure(rounds=3)
    assert medians["wmiam"] < 0.3 * medians["pandas"]


@pytest.mark.parametrize(
    "first", ["wmiam.report", "from wmiam.report import render_report", "import wmiam.report"]
)
def test_report_stays_the_function_whatever_is_loaded_first(first: str) -> None:
    code = (
        f"import wmiam; {first}; import wmiam.report; from wmiam.report import write_report; "
        "print(wmiam.report.__module__, callable(wmiam.report), callable(write_report))"
    )
    assert python(code) == "wmiam.api True True"


def test_decide_takes_a_line_of_simulate() -> None:
    assert wmiam.decide({"request": REQUEST, "identity_policies": [POLICY]}).allowed
    decision = wmiam.decide({"request": REQUEST})
    assert (decision.allowed, decision.blocked_by) == (False, ("identity_policies",))


def test_decide_takes_a_request_and_its_policies() -> None:
    from wmiam.policy.model import PolicyType
    from wmiam.policy.parse import parse_document

    request = wmiam.Request(REQUEST["principal"], REQUEST["action"])
    document = parse_document(POLICY, PolicyType.IDENTITY)
    assert wmiam.decide(request, wmiam.PolicySet(identity=[document])).allowed
    assert not wmiam.decide(request, wmiam.PolicySet()).allowed


def test_decide_refuses_policies_beside_a_line() -> None:
    with pytest.raises(TypeError, match="with a Request only"):
        wmiam.decide({"request": REQUEST}, wmiam.PolicySet())  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ({}, ""),
        ({"request": {"principal": "ana"}}, "/request"),
        ({"request": REQUEST, "identity_policies": 1}, "/identity_policies"),
    ],
)
def test_decide_names_what_it_cannot_read(line: dict[str, object], pointer: str) -> None:
    with pytest.raises(wmiam.RequestError) as caught:
        wmiam.decide(line)
    assert caught.value.pointer == pointer
