"""Notebooks as files: those that ship with wmiam, and what a notebook's parameters are.

A notebook that can be run on other data has a cell with the tag ``parameters``, which assigns
plain values to names; other values stand in a cell behind it, as papermill has it.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import nbformat
from nbformat import NotebookNode

import wmiam
from wmiam.errors import InputError, UnknownNameError

__all__ = ["bundled_notebooks", "default_parameters", "find_notebook", "read_notebook", "with_parameters"]

_PARAMETERS: Final = "parameters"
_INJECTED: Final = "injected-parameters"


def bundled_notebooks() -> dict[str, Path]:
    """Return the notebooks that ship with wmiam, by name: ``"quickstart"`` for ``01-quickstart.ipynb``."""
    package = Path(wmiam.__file__).parent
    # In the wheel they stand in the package, in the repository beside it.
    folder = next((f for f in (package / "notebooks", package.parent / "notebooks") if f.is_dir()), None)
    found = sorted(folder.glob("[0-9][0-9]-*.ipynb")) if folder is not None else []
    return {path.stem.partition("-")[2]: path for path in found}


def find_notebook(name: str) -> tuple[Path, bool]:
    """Return the file of a notebook, and whether it is one that ships with wmiam, asked for by its name.

    Parameters
    ----------
    name : str
        Path of a notebook, or the name of one that ships with wmiam, with or without its number.

    Raises
    ------
    UnknownNameError
        If there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path, False
    bundled = bundled_notebooks()
    found = bundled.get(re.sub(r"^\d+-|\.ipynb$", "", name))
    if found is None:
        raise UnknownNameError("notebook", name, get_close_matches(name, bundled, len(bundled) or 1, 0.0))
    return found, True


def read_notebook(path: Path) -> NotebookNode:
    """Return a notebook, in the form of the present version.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    InputError
        If it cannot be read, or is no notebook.
    """
    try:
        with warnings.catch_warnings():
            # Cells of old notebooks have no ids; nbformat gives them some, and says so.
            warnings.simplefilter("ignore")
            notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
            return notebook
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=str(path)) from error
    except Exception as error:
        # nbformat and the validator behind it have errors of many kinds for what is no notebook.
        first = str(error).strip().partition("\n")[0]
        raise InputError(
            f"this is no Jupyter notebook: {first}", path=str(path), mend="name a file that JupyterLab opens"
        ) from error


def default_parameters(notebook: NotebookNode) -> dict[str, Any]:
    """Return the parameters of a notebook: the plain values that its tagged cell assigns to names.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook.
    """
    cell = _parameters_cell(notebook)
    if cell is None:
        return {}
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:
        return {}
    found: dict[str, Any] = {}
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                continue
        try:
            found[name] = ast.literal_eval(value)
        except ValueError:
            continue
    return found


def with_parameters(notebook: NotebookNode, values: Mapping[str, Any]) -> NotebookNode:
    """Return a copy of a notebook without outputs, with values for its parameters behind their cell.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook.
    values : mapping
        Plain values, by the name of the parameter.
    """
    copy = deepcopy(notebook)
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    copy.cells = [cell for cell in copy.cells if _INJECTED not in cell.metadata.get("tags", [])]
    tagged = _parameters_cell(copy)
    if values and tagged is not None:
        source = "\n".join(f"{name} = {value!r}" for name, value in values.items())
        metadata = {"tags": [_INJECTED]}
        added = nbformat.v4.new_code_cell(source, metadata=metadata)  # type: ignore[no-untyped-call]
        copy.cells.insert(copy.cells.index(tagged) + 1, added)
    return copy


def _parameters_cell(notebook: NotebookNode) -> NotebookNode | None:
    return next(
        (
            cell
            for cell in notebook.cells
            if cell.cell_type == "code" and _PARAMETERS in cell.metadata.get("tags", [])
        ),
        None,
    )
