"""The notebooks as a reader runs them: from the top, in a fresh kernel, and on other data."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
QUICKSTART = FOLDER / "01-quickstart.ipynb"

#: Put at the end of the quickstart: what its cells found, for comparison with what its prose says.
FACTS = """
import json

print(json.dumps({
    "names-intro": [len(anywhere.loc["read-mail", name]) for name in ("principals", "conditional_principals")],
    "who-intro": [len(here), int((here["decision"] == "allowed").sum()), int((here["decision"] == "conditional").sum())],
    "given-intro": [
        len(cases["with MFA"].who_can("ResetPassword", organization, decision="allowed")),
        len(cases["without MFA"].who_can("ResetPassword", organization)),
    ],
    "organization": [o.label for o in access.find_organizations(organization)],
    "subject": subject,
    "reached": sorted(set(here["name"]) & {graph.nodes[role]["label"] for role in
        wmiam.graph.reach(graph, access.find_principal("john.stiles").arn)}),
    "john.stiles": "john.stiles" in set(here["name"]),
    "errors": sum(d.severity == "error" for d in estate.diagnostics),
    "others": sorted({*here["name"]} - {*access.given({"aws:MultiFactorAuthPresent": True, "aws:SecureTransport": True})
        .who_can("ResetPassword", organization, decision="allowed")["name"]}),
}))
"""


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def run(path: Path, tmp_path: Path, *, data: Path | None = None, after: str = "") -> Any:
    """Run a notebook from the top, with the report in a temporary place; return it with its outputs."""
    notebook = read(path)
    parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    # What papermill does: a cell after the one with the defaults.
    lines = [f"REPORT = {str(tmp_path / 'report.html')!r}"] + ([f"DATA = {str(data)!r}"] if data else [])
    at = notebook.cells.index(parameters) + 1
    notebook.cells.insert(at, nbformat.v4.new_code_cell("\n".join(lines)))
    if after:
        notebook.cells.append(nbformat.v4.new_code_cell(after, id="after"))
    client = NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    # The kernel is another process: it shall import what is tested here.
    return client.execute(env={**os.environ, "PYTHONPATH": str(ROOT)})


def outputs(notebook: Any, cell_id: str) -> str:
    """All that a cell printed or showed, in its richest form."""
    cell = next(cell for cell in notebook.cells if cell.get("id") == cell_id)
    shown = []
    for output in cell.outputs:
        data = output.get("data", {})
        shown.append(
            output.get("text")
            or data.get("image/svg+xml")
            or data.get("text/html")
            or data.get("text/plain", "")
        )
    return "\n".join(shown)


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return run(QUICKSTART, tmp_path_factory.mktemp("quickstart"), after=FACTS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_stored_without_outputs_and_diffable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = read(path)
    nbformat.validate(notebook)
    assert text == nbformat.writes(notebook, indent=1) + "\n"
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert re.fullmatch(r"[a-z][a-z0-9-]+", cell.id)
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert 'DATA = "../data/acme"' in tagged[0].source


def test_the_prose_says_what_the_cells_find(quickstart: Any) -> None:
    facts = json.loads(outputs(quickstart, "after"))
    prose = {cell.id: cell.source for cell in quickstart.cells if cell.cell_type == "markdown"}
    for cell_id in ("names-intro", "who-intro", "given-intro"):
        assert [int(number) for number in re.findall(r"\*\*(\d+)\*\*", prose[cell_id])] == facts[cell_id]
    assert facts["organization"] == ["acme-europe"]
    assert facts["subject"].endswith("user/mateo.jackson")
    assert facts["errors"] == 0
    assert (facts["reached"], facts["john.stiles"]) == (["AcmeMailTier2"], False)
    assert facts["others"] == []


def test_the_outputs_show_it(quickstart: Any) -> None:
    assert "63 principals in 5 accounts" in outputs(quickstart, "estate")
    assert "variable-in-old-version" in outputs(quickstart, "diagnostics")
    assert "Take over a mailbox" in outputs(quickstart, "access")
    assert "svc-mail-backup" in outputs(quickstart, "names")
    assert "AcmeDeployMail" in outputs(quickstart, "names")
    assert "AcmeTeamOnboarding" in outputs(quickstart, "names")
    assert "mateo.jackson" in outputs(quickstart, "who")
    assert outputs(quickstart, "what").count("workmail:ResetPassword") == 1
    why = outputs(quickstart, "why")
    assert "ResetPasswordsWithMfa" in why
    assert "NotExecutives" in why
    assert "mateo.jackson" not in outputs(quickstart, "without-mfa")
    assert "xiulan.wang" in outputs(quickstart, "without-mfa")
    assert {"●", "◐", "·"} <= set(outputs(quickstart, "matrix"))
    assert outputs(quickstart, "graph").startswith("<svg")
    assert {"john.stiles", "ServiceDeskTier2", "AcmeMailTier2"} <= set(
        re.findall(r"[\w.]+", outputs(quickstart, "graph"))
    )
    assert "Take over a mailbox" in outputs(quickstart, "explore")
    report = Path(outputs(quickstart, "report").strip())
    assert "Who can do what to Amazon WorkMail in acme" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_on_other_data(path: Path, tmp_path: Path) -> None:
    data = ROOT / "data" / "acme" / "iam" / "123456789012" / "authorization-details.json"
    assert (tmp_path / "report.html").exists() is False
    run(path, tmp_path, data=data)
    assert (tmp_path / "report.html").exists()
