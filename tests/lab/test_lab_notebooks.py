"""The notebooks as a reader has them: opened in JupyterLab, run from the top, and clicked in."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_driver import ROOT, Lab, LabPage
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: What stands in an output where a widget should be.
NO_WIDGET = re.compile(r"Loading widget|Error displaying widget|Error creating widget|Failed to load model")


@pytest.fixture(scope="session")
def shelf(lab: Lab) -> Path:
    """The notebooks in the folder of the server, with the sample data where they look for it."""
    if not (lab.folder.parent / "data").exists():
        shutil.copytree(ROOT / "data", lab.folder.parent / "data")
    for path in NOTEBOOKS:
        shutil.copy(path, lab.folder / path.name)
    return lab.folder


@pytest.fixture(scope="module")
def opened(lab: Lab, shelf: Path, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    """A notebook that was run to its end; every second one by dark."""
    path: Path = request.param
    page = lab.show(shelf / path.name, dark=NOTEBOOKS.index(path) % 2 == 1, size=(1280, 1000))
    page.run_all()
    yield page
    page.close()


@pytest.mark.parametrize("opened", NOTEBOOKS, indirect=True, ids=lambda path: path.stem)
def test_it_runs_to_its_end_without_an_error(
    opened: LabPage, pictures: Path, request: pytest.FixtureRequest
) -> None:
    cells = [cell for cell in opened.cells() if cell["cell_type"] == "code"]
    assert len(cells) > 5
    assert [cell["id"] for cell in cells if cell["execution_count"] is None] == []
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"] == []
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []
    stem = request.node.callspec.id
    opened.shoot(pictures / f"notebook-{stem}.png")
    expect(opened.page.get_by_text(NO_WIDGET)).to_have_count(0)
    assert opened.errors == []


@pytest.mark.parametrize("opened", NOTEBOOKS[:1], indirect=True, ids=lambda path: path.stem)
def test_the_quickstart_is_clicked_through(opened: LabPage, pictures: Path) -> None:
    """From the matrix to the explanation, the graph and the context; and Python has the answer."""

    def asked(line: str) -> object:
        return json.loads(opened.run(f"import json; print(json.dumps({line}, default=int))"))

    explorer = opened.explorer
    opened.page.set_viewport_size({"width": 1280, "height": 2200})
    explorer.scroll_into_view_if_needed()
    expect(explorer.locator(".matrix[data-painted]")).to_be_visible()
    grid = explorer.get_by_role("grid", name="Principals by actions")
    explorer.get_by_label("Principals", exact=True).fill("john.stiles")
    expect(explorer.locator(".status")).to_contain_text("1 of 63 principals")
    grid.press("ArrowDown")
    grid.press("Enter")
    heading = explorer.locator(".panel h4.cell")
    expect(heading).to_contain_text("john.stiles › ")
    selection = asked("explorer.selection")
    assert isinstance(selection, dict)
    assert selection["principal"] == "arn:aws:iam::123456789012:user/john.stiles"

    role = explorer.locator(".graph").get_by_role("button", name="role AcmeMailTier2 ")
    role.focus()
    role.press("Enter")
    expect(heading).to_contain_text("AcmeMailTier2 › ")
    selection = asked("explorer.selection")
    assert isinstance(selection, dict)
    assert selection["principal"] == "arn:aws:iam::444455556666:role/AcmeMailTier2"

    explorer.get_by_role("button", name="Clear selection").click()
    explorer.get_by_label("Principals", exact=True).fill("mateo.jackson")
    expect(explorer.locator(".table-part")).to_contain_text("ResetPassword")
    explorer.get_by_label("MFA", exact=True).select_option(label="no")
    expect(explorer.locator(".table-part")).not_to_contain_text("ResetPassword")
    assert asked("explorer.context") == {"aws:MultiFactorAuthPresent": [False, None]}
    assert asked("'workmail:ResetPassword' in set(explorer.frame['action'])") is False
    assert asked("len(explorer.frame)") == asked(
        "len(access.given(explorer.context).what_can('mateo.jackson'))"
    )
    explorer.screenshot(path=pictures / "quickstart-clicked.png")
    assert opened.errors == []
