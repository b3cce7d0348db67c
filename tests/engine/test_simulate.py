"""The JSON Lines interface: fields that are not its own."""

from __future__ import annotations

from typing import Any

import pytest

from wmiam.engine.simulate import simulate_line

ANA = "arn:aws:iam::111122223333:user/ana"
LINE: dict[str, Any] = {
    "id": "1",
    "request": {"principal": ANA, "action": "workmail:ListOrganizations"},
    "identity_policies": [
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    ],
}


@pytest.mark.parametrize("remark", ["expect", "source", "rule", "comment", "title"])
def test_remarks_are_left_alone(remark: str) -> None:
    assert simulate_line({**LINE, remark: "x"})["decision"] == "Allowed"


@pytest.mark.parametrize(
    "field",
    [
        "permission_boundary",
        "boundary",
        "scps_policies",
        "identity-policies",
        "identityPolicies",
        "session_policy",
    ],
)
def test_misspelt_fields_are_refused(field: str) -> None:
    error = simulate_line({**LINE, field: []})["error"]
    assert field in error["message"]
    assert error["pointer"] == f"/{field}"


@pytest.mark.parametrize("field", ["actions", "principle", "contexts", "resource_acount"])
def test_misspelt_request_fields_are_refused(field: str) -> None:
    error = simulate_line({**LINE, "request": {**LINE["request"], field: "x"}})["error"]
    assert error["pointer"] == f"/request/{field}"
