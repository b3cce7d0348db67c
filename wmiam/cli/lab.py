"""The command that opens JupyterLab."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from wmiam.cli.arguments import Commands
from wmiam.errors import InputError

__all__ = ["add_commands"]

#: Where notebooks stand in the folder that the user is in.
_FOLDER: Final = Path("notebooks")


def add_commands(commands: Commands) -> None:
    """Add the commands of this module.

    Parameters
    ----------
    commands : Commands
        Receives them.
    """
    parser = commands.add(
        "lab",
        _lab,
        "open JupyterLab on the first notebook",
        "Opens JupyterLab on a notebook, or on the first one of a folder.  It listens on this machine\n"
        "alone and looks for no updates.  Ctrl-C ends it.\n\n"
        "Without PATH, and for the name of a notebook that ships with wmiam, the folder is notebooks;\n"
        "where it has none yet, the notebooks that ship with wmiam are copied there.",
        """\
examples:
  wmiam lab
  wmiam lab quickstart
  wmiam lab notebooks --print-only

exit codes:
  0  JupyterLab was ended
  2  wrong usage, or no notebook there""",
    )
    parser.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="notebook, folder, or name of a notebook that ships with wmiam (default: notebooks)",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    parser.add_argument("--print-only", action="store_true", help="print the command that would run, and end")


def _lab(arguments: argparse.Namespace) -> int:
    command = _command(_notebook(arguments.path), no_browser=arguments.no_browser)
    if not arguments.print_only:
        # JupyterLab takes this process over, so that Ctrl-C and other signals reach it and nobody else.
        os.execv(command[0], command)  # noqa: S606
    print(shlex.join(command))
    return 0


def _notebook(name: str | None) -> Path:
    """Return the notebook that the user means."""
    if name is not None and Path(name).exists():
        return _first_notebook(Path(name))
    from wmiam.lab.notebooks import bundled_notebooks, find_notebook

    wanted = None if name is None else find_notebook(name)[0]
    if not [*_FOLDER.glob("*.ipynb")]:
        _copy(bundled_notebooks().values())
    elif wanted is not None and not (_FOLDER / wanted.name).exists():
        _copy([wanted])
    return _FOLDER / wanted.name if wanted is not None else _first_notebook(_FOLDER)


def _copy(notebooks: Iterable[Path]) -> None:
    """Copy notebooks to where the user is: those of an installed package are not the user's to write."""
    _FOLDER.mkdir(exist_ok=True)
    for notebook in notebooks:
        (_FOLDER / notebook.name).write_bytes(notebook.read_bytes())
        print(f"wmiam: copied {notebook.name} to {_FOLDER}", file=sys.stderr)


def _first_notebook(path: Path) -> Path:
    if path.is_file():
        return path
    notebooks = sorted(path.glob("*.ipynb"))
    if not notebooks:
        raise InputError(
            "there is no notebook",
            path=str(path),
            mend="name a notebook, or leave the path out for those that ship with wmiam",
        )
    return notebooks[0]


def _command(notebook: Path, *, no_browser: bool) -> list[str]:
    notebook = notebook.resolve()
    # Notebooks read ../data, so the file browser shows the folder that the user is in.
    root = Path.cwd() if notebook.is_relative_to(Path.cwd()) else notebook.parent
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={root}",
        # In the address, so that it also leads to the notebook where no browser is opened.
        f"--LabApp.default_url=/lab/tree/{quote(notebook.relative_to(root).as_posix())}",
        "--ServerApp.ip=127.0.0.1",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container the only user is often root; the server listens on loopback and asks for a token.
        command.append("--allow-root")
    return command
