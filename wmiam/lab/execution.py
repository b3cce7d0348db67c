"""Running a notebook from the top, in a kernel of its own, without anybody watching."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

import wmiam
from wmiam.errors import InputError

__all__ = ["failed_cells", "run_notebook"]

#: The most characters of a cell's first line that an error quotes.
_QUOTED: Final = 60


def run_notebook(
    notebook: NotebookNode,
    *,
    folder: Path,
    path: str,
    allow_errors: bool = False,
    progress: bool | None = None,
) -> None:
    """Run all cells of a notebook, and keep what they put out in it.

    Parameters
    ----------
    notebook : NotebookNode
        Is changed.
    folder : pathlib.Path
        Where the kernel runs: relative paths in the notebook begin there.
    path : str
        What errors call the notebook.
    allow_errors : bool
        Whether to go on where a cell fails; its error is then its output.
    progress : bool, optional
        Whether to show a bar; by default in a terminal.

    Raises
    ------
    InputError
        If a cell fails, with its number among the notebook's cells of code, or Python ends by itself.
    """
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    if language != "python":
        raise InputError(f"this notebook is in {language}, not in Python", path=path)
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=_ThisPython()),
        timeout=None,
        allow_errors=allow_errors,
        # Asked to end, a busy kernel would finish its cell first.
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(folder)}},
    )
    with client.setup_kernel(cleanup_kc=True, env=_environment()):
        for number, index, cell in _steps(notebook, progress):
            try:
                client.execute_cell(cell, index, execution_count=client.code_cells_executed + 1)
            except (CellExecutionError, DeadKernelError) as error:
                raise _failure(error, f"code cell {number} ({_first_line(cell)})", path) from error


def failed_cells(notebook: NotebookNode) -> int:
    """Return how many cells of a notebook that was run failed.

    Parameters
    ----------
    notebook : NotebookNode
        With outputs.
    """
    return sum(
        any(output.output_type == "error" for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    )


def _failure(error: CellExecutionError | DeadKernelError, cell: str, path: str) -> InputError:
    if isinstance(error, DeadKernelError):
        return InputError(f"{cell}: Python ended while it ran, perhaps for want of memory", path=path)
    told = str(error.evalue).strip().partition("\n")[0]
    return InputError(
        f"{cell} failed: {error.ename}: {told}",
        path=path,
        mend="mend the cell or a parameter, or see the failure in its place with --allow-errors",
    )


class _ThisPython(KernelSpecManager):
    """Knows one kernel: the Python that runs this, whatever kernels are installed for the user."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "--log-level=ERROR", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name=kernel_name, language="python")


def _environment() -> dict[str, str]:
    """Return the environment of a kernel that imports this very package, from wherever it was imported."""
    package = str(Path(wmiam.__file__).parent.parent)
    if package == sysconfig.get_path("purelib"):
        return dict(os.environ)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _steps(notebook: NotebookNode, progress: bool | None) -> Iterator[tuple[int, int, NotebookNode]]:
    """Yield the notebook's cells of code, with their number and their place, and show how far it is."""
    places = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    hidden = None if progress is None else not progress
    number = 0
    # Without an interval: a bar that waits would show the cell before the one that takes long.
    steps = tqdm(places, desc="Running", unit=" cells", disable=hidden, leave=False, mininterval=0)
    for index in steps:
        cell = notebook.cells[index]
        # The cell with the values of parameters is not among those that the author counts.
        number += "injected-parameters" not in cell.metadata.get("tags", [])
        yield number, index, cell


def _first_line(cell: NotebookNode) -> str:
    lines = [line.strip() for line in cell.source.splitlines()]
    line = next((line for line in lines if line and not line.startswith("#")), "")
    return line if len(line) <= _QUOTED else f"{line[:_QUOTED]}…"
