"""SARIF: what the 2.1.0 schema requires, and what code hosts need to show a finding at its line."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mail_estate import TODAY, allow, estate, findings, policy, user

import wmiam
from wmiam.findings import RULES, Findings, Suppression, sarif

ROOT = Path(__file__).resolve().parents[2]
ACME = ROOT / "data" / "acme"
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}


@cache
def found() -> Findings:
    return wmiam.load(ACME).access().findings(today=TODAY)


def check_schema(log: dict[str, Any]) -> None:
    """Check what the SARIF 2.1.0 schema requires of the parts that are used here."""
    assert set(log) <= {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"]
        assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
        ids = [rule["id"] for rule in driver["rules"]]
        assert len(set(ids)) == len(ids)
        for rule in driver["rules"]:
            for part in ("shortDescription", "fullDescription", "help"):
                assert rule[part]["text"]
            assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        for result in run["results"]:
            assert result["message"]["text"]
            assert ids[result["ruleIndex"]] == result["ruleId"]
            assert result["level"] in ("none", "note", "warning", "error")
            assert all(isinstance(v, str) for v in result["partialFingerprints"].values())
            for suppression in result.get("suppressions", ()):
                assert suppression["kind"] in ("inSource", "external")
                assert suppression["status"] in ("accepted", "underReview", "rejected")
            for location in (*result.get("locations", ()), *result.get("relatedLocations", ())):
                check_location(location)


def check_location(location: dict[str, Any]) -> None:
    uri = location["physicalLocation"]["artifactLocation"]["uri"]
    # RFC 3986: unreserved, reserved and percent-encoded characters only; relative, without a scheme.
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/!$&'()*+,;=@-]|%[0-9A-F]{2})+", uri)
    assert not uri.startswith("/")
    region = location["physicalLocation"].get("region")
    if region is not None:
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1
    assert all(part["fullyQualifiedName"] for part in location["logicalLocations"])


def test_acme_follows_the_schema() -> None:
    log = sarif(found(), root=ROOT)
    check_schema(json.loads(json.dumps(log)))
    (run,) = log["runs"]
    assert [r["partialFingerprints"]["wmiamFindingId/v1"] for r in run["results"]] == [f.id for f in found()]
    assert [r["level"] for r in run["results"]] == [LEVELS[f.severity] for f in found()]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [rule.id for rule in RULES]


def test_every_result_stands_at_its_line() -> None:
    log = sarif(found(), root=ROOT)
    for finding, result in zip(found(), log["runs"][0]["results"], strict=True):
        place = result["locations"][0]["physicalLocation"]
        path = ROOT / unquote(place["artifactLocation"]["uri"])
        lines = path.read_text(encoding="utf-8").splitlines()
        assert place["region"]["startLine"] <= len(lines)
        if finding.evidence.statements:
            origin = finding.evidence.statements[0].origin
            assert origin is not None
            assert origin.position is not None
            assert (place["region"]["startLine"], place["region"]["startColumn"]) == origin.position


def test_scores_as_code_hosts_read_them() -> None:
    log = sarif(found(), root=ROOT)
    rules = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    bounds = {
        "critical": (9.0, 10.0),
        "high": (7.0, 8.9),
        "medium": (4.0, 6.9),
        "low": (0.1, 3.9),
        "info": (0, 0),
    }
    for finding, result in zip(found(), log["runs"][0]["results"], strict=True):
        low, high = bounds[finding.severity]
        assert low <= float(result["properties"]["security-severity"]) <= high
        assert float(rules[finding.rule]["properties"]["security-severity"]) >= low


def test_suppressed_findings_are_in_the_log_and_marked() -> None:
    first = found()[0]
    accepted = Suppression("known", TODAY, "audit", finding=first.id)
    log = sarif(wmiam.load(ACME).access().findings(today=TODAY, suppress=[accepted]), root=ROOT)
    check_schema(log)
    marked = [r for r in log["runs"][0]["results"] if "suppressions" in r]
    assert [r["properties"]["id"] for r in marked] == [first.id]
    assert marked[0]["suppressions"][0]["justification"] == f"known (audit, until {TODAY})"


def test_hostile_file_names_become_relative_references(tmp_path: Path) -> None:
    folder = tmp_path / "a b#c?d%e:f\u202eg"
    folder.mkdir()
    details = json.loads((ACME / "iam/123456789012/authorization-details.json").read_text(encoding="utf-8"))
    (folder / "http:evil <x>.json").write_text(json.dumps(details), encoding="utf-8")
    log = sarif(wmiam.load(folder).access().findings(today=TODAY), root=tmp_path)
    check_schema(log)
    uris = {
        location["physicalLocation"]["artifactLocation"]["uri"]
        for result in log["runs"][0]["results"]
        for location in result["locations"]
    }
    assert {unquote(uri) for uri in uris} == {f"{folder.name}/http:evil <x>.json"}
    assert all(":" not in uri for uri in uris)


def test_findings_without_a_file_have_no_place() -> None:
    log = sarif(findings(estate(user("ana", policy("Mail", allow("workmail:ResetPassword"))))))
    check_schema(log)
    assert all("locations" not in result for result in log["runs"][0]["results"])


def test_nothing_found_is_a_log_all_the_same() -> None:
    log = sarif(findings(estate(), "access-without-mfa"))
    check_schema(log)
    assert log["runs"][0]["results"] == []
