"""The report from a notebook: run it, and write it as one HTML file."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wmiam.errors import InputError, UnknownNameError

__all__ = ["add_notebook_options", "notebook_report", "wants_notebook"]


def add_notebook_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a report of a notebook.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of the command ``report``.
    """
    group = parser.add_argument_group("a report from a notebook")
    group.add_argument(
        "--notebook",
        metavar="NOTEBOOK",
        help="run this notebook and write it with its results: a file, or the name of one that ships "
        "with wmiam, such as quickstart; PATH becomes its DATA",
    )
    group.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a parameter of the notebook, of the same type as its default; a path counts from "
        "here; may be repeated",
    )
    group.add_argument("--no-code", action="store_true", help="leave the notebook's code out")
    group.add_argument(
        "--allow-errors",
        action="store_true",
        help="go on where a cell fails, and show the error in its place",
    )


def wants_notebook(arguments: argparse.Namespace) -> bool:
    """Return whether the user named a notebook.

    Parameters
    ----------
    arguments : argparse.Namespace
        Parsed arguments of the command ``report``.

    Raises
    ------
    InputError
        If options do not go together.
    """
    if arguments.notebook is None:
        for option, given in (
            ("--parameter", arguments.parameter),
            ("--no-code", arguments.no_code),
            ("--allow-errors", arguments.allow_errors),
        ):
            if given:
                raise InputError(
                    f"{option} is about a notebook, and none is named", mend="add --notebook NOTEBOOK"
                )
        return False
    if arguments.given:
        raise InputError("--given is not for notebooks", mend="fix the key in the notebook: access.given(…)")
    return True


def notebook_report(arguments: argparse.Namespace) -> str:
    """Run the notebook that the user named, and return it as a page.

    Parameters
    ----------
    arguments : argparse.Namespace
        Parsed arguments of the command ``report``, with ``notebook``.

    Raises
    ------
    InputError
        If the notebook cannot be read or run.
    UnknownNameError
        If there is no such notebook, or it has no such parameter.
    """
    from wmiam.lab.execution import failed_cells, run_notebook
    from wmiam.lab.export import NotebookExporter
    from wmiam.lab.notebooks import default_parameters, find_notebook, read_notebook, with_parameters

    path, bundled = find_notebook(arguments.notebook)
    notebook = read_notebook(path)
    defaults = default_parameters(notebook)
    values = _values(arguments, defaults)
    exporter = NotebookExporter(exclude_input=arguments.no_code)  # type: ignore[no-untyped-call]
    with TemporaryDirectory(prefix="wmiam-") as temporary:
        folder = path.absolute().parent
        if bundled:
            # Nobody asked for the files that it writes, and its folder may be read-only.
            values = {**_inputs(defaults, folder), **values}
            folder = Path(temporary) / "notebooks"
            folder.mkdir()
        run = with_parameters(notebook, values)
        run_notebook(run, folder=folder, path=arguments.notebook, allow_errors=arguments.allow_errors)
    failed = failed_cells(run)
    if failed:
        print(f"wmiam: {failed} cell{'' if failed == 1 else 's'} failed; the page shows how", file=sys.stderr)
    if arguments.title is not None:
        run.metadata["title"] = arguments.title
    where = {"metadata": {"name": path.stem, "path": str(path.absolute().parent)}}
    return str(exporter.from_notebook_node(run, where)[0])


def _values(arguments: argparse.Namespace, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that the user gave for parameters."""
    texts = [text.partition("=") for text in arguments.parameter]
    for name, sign, _ in texts:
        if not sign or not name:
            raise InputError(f"--parameter {name!r} has no value", mend="write NAME=VALUE")
    given = [(name, value) for name, _, value in texts]
    if len(arguments.paths) > 1:
        raise InputError("a notebook reads one PATH", mend="put what it shall read into one folder")
    given += [("DATA", path) for path in arguments.paths]
    values: dict[str, Any] = {}
    for name, text in given:
        if name not in defaults:
            raise UnknownNameError("parameter of the notebook", name, list(defaults))
        if name in values:
            raise InputError(f"the parameter {name} has two values", mend="give it once")
        values[name] = _typed(name, text, defaults[name])
    return values


def _typed(name: str, text: str, default: Any) -> Any:
    """Return a text as a value of the same type as the default."""
    if isinstance(default, str):
        return str(Path(text).absolute()) if _is_path(default) else text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    if default is None:
        # A number is more likely to be the id of an account.
        return text if isinstance(value, int | float) and not isinstance(value, bool) else value
    kinds = (int, float) if isinstance(default, float) else type(default)
    if isinstance(value, kinds) and isinstance(value, bool) == isinstance(default, bool):
        return value
    raise InputError(
        f"the parameter {name} takes a value such as {default!r}, not {text!r}",
        mend=f"write --parameter {name}={default!r}",
    )


def _is_path(default: str) -> bool:
    """Whether a default names a file or folder: ARNs have slashes, too, but also colons."""
    return "/" in default and ":" not in default


def _inputs(defaults: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return the defaults that name something that is there, seen from the notebook's folder, in full."""
    return {
        name: str((folder / value).resolve())
        for name, value in defaults.items()
        if isinstance(value, str) and _is_path(value) and (folder / value).exists()
    }
