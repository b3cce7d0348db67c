"""What is built holds all that the package needs, and nothing that is not its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import wmiam

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TOP = {"pyproject.toml", "README.md", "notebooks", "wmiam", "tests", "data", "LICENSE", "CHANGELOG.md"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as it is built from this folder."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.iterdir()
    assert path.name == f"wmiam-{wmiam.__version__}-py3-none-any.whl"
    return zipfile.ZipFile(path)


def tracked(*paths: str) -> list[str]:
    result = subprocess.run(
        ["git", "ls-files", "-z", *paths], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in result.stdout.split("\0") if name]


needs_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")


@needs_git
def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    package = {name for name in tracked("wmiam") if (ROOT / name).exists()}
    assert {"wmiam/py.typed", "wmiam/catalog/data/workmail.json"} <= package
    assert package <= set(wheel.namelist())


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {"wmiam", f"wmiam-{wmiam.__version__}.dist-info"}
    assert not [name for name in wheel.namelist() if name.endswith(".pyc")]


@needs_git
def test_the_wheel_holds_the_notebooks(wheel: zipfile.ZipFile) -> None:
    found = {name for name in wheel.namelist() if name.startswith("wmiam/notebooks/")}
    assert {f"wmiam/{name}" for name in tracked("notebooks") if (ROOT / name).exists()} <= found
    assert not [name for name in found if not name.endswith(".ipynb")]


def test_the_wheel_starts_the_command_line(wheel: zipfile.ZipFile) -> None:
    entry_points = wheel.read(f"wmiam-{wmiam.__version__}.dist-info/entry_points.txt").decode()
    assert "wmiam = wmiam.cli:main" in entry_points
    assert "[nbconvert.exporters]\nwmiam = wmiam.lab.export:NotebookExporter" in entry_points


@needs_git
def test_the_top_level_holds_what_is_agreed() -> None:
    tops = {name.partition("/")[0] for name in tracked()}
    assert {name for name in tops if not name.startswith(".")} <= TOP | {"constraints.txt"}


def test_every_dependency_is_pinned() -> None:
    names = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["test"]]
    wanted = {re.split(r"[\[<>=!~ ]", name)[0].lower() for name in names}
    pins = [
        line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line and line[0] != "#"
    ]
    assert [
        line for line in pins if not re.fullmatch(r'[\w.-]+==[\w.]+(; python_version [<>=]+ "3\.\d+")?', line)
    ] == []
    assert wanted <= {line.partition("==")[0].lower() for line in pins}
