"""Run notebooks as papermill does: from the top, with other parameters, and ask what they found."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def read(path: Path) -> Any:
    """A notebook as it is stored."""
    return nbformat.read(path, as_version=4)


def tagged(notebook: Any) -> list[Any]:
    """The cells with the tag that papermill looks for: there should be one."""
    return [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]


def defaults(notebook: Any) -> dict[str, Any]:
    """The names that the parameters cell assigns, with their values."""
    body = ast.parse(tagged(notebook)[0].source).body
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


@dataclass
class Run:
    """What running a notebook gave.

    Attributes
    ----------
    notebook : nbformat notebook
        The notebook with its outputs.
    facts : dict
        The value of each expression that was asked at the end.
    stopped : list of str or None
        What the reader sees of the error that ended the run, line by line; None where none did.
    """

    notebook: Any
    facts: dict[str, Any] = field(default_factory=dict)
    stopped: list[str] | None = None

    def cell(self, cell_id: str) -> Any:
        return next(cell for cell in self.notebook.cells if cell.get("id") == cell_id)

    def shown(self, cell_id: str) -> str:
        """All that a cell printed or showed, in its richest form."""
        return "\n".join(_richest(output) for output in self.cell(cell_id).outputs)

    def everything(self) -> str:
        """All that the cells printed or showed."""
        cells = (cell for cell in self.notebook.cells if cell.cell_type == "code")
        return "\n".join(_richest(output) for cell in cells for output in cell.outputs)

    def numbers(self, cell_id: str) -> list[int]:
        """The numbers that a cell's prose prints in bold: those that are true of the sample alone."""
        return [int(number) for number in re.findall(r"\*\*(\d+)\*\*", self.cell(cell_id).source)]


def _richest(output: Any) -> str:
    data = output.get("data", {})
    forms = (output.get("text"), data.get("image/svg+xml"), data.get("text/html"), data.get("text/plain"))
    return next((str(form) for form in forms if form), "")


@dataclass
class Kernel:
    """A kernel that is running, in the folder of the notebooks."""

    client: NotebookClient

    def run(
        self,
        path: Path,
        folder: Path,
        parameters: Mapping[str, object] | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> Run:
        """Run a notebook up to its end or its first error.

        Parameters
        ----------
        path : Path
            The notebook.
        folder : Path
            Where the report goes, if the notebook writes one.
        parameters : mapping, optional
            Values in place of the defaults; names that the notebook does not have are left out.
        facts : mapping of str to str, optional
            Names, and Python expressions that are asked at the end; their values must be fit for JSON.
        """
        notebook = read(path)
        known = defaults(notebook)
        given = {"REPORT": str(folder / "report.html"), **(parameters or {})}
        lines = [f"{name} = {value!r}" for name, value in given.items() if name in known]
        cell = nbformat.v4.new_code_cell("\n".join(lines), metadata={"tags": ["injected-parameters"]})
        notebook.cells.insert(notebook.cells.index(tagged(notebook)[0]) + 1, cell)
        if facts:
            items = ", ".join(f"{name!r}: {expression}" for name, expression in facts.items())
            source = f"import json\nprint(json.dumps({{{items}}}, default=int))"
            notebook.cells.append(nbformat.v4.new_code_cell(source, id="facts"))
        self.client.nb = notebook
        self.client.reset_execution_trackers()
        run = Run(notebook)
        for index, cell in enumerate(notebook.cells):
            try:
                self.client.execute_cell(cell, index)
            except CellExecutionError:
                run.stopped = [
                    line
                    for output in cell.outputs
                    for line in "\n".join(output.get("traceback", [])).splitlines()
                ]
                return run
        if facts:
            run.facts = json.loads(run.shown("facts"))
        return run


@contextmanager
def kernel() -> Iterator[Kernel]:
    """A fresh kernel, which is another process: it imports what is tested here."""
    client = NotebookClient(
        nbformat.v4.new_notebook(), kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    with client.setup_kernel(env={**os.environ, "PYTHONPATH": str(ROOT)}):
        yield Kernel(client)


def run_on_sample(
    path: Path,
    folder: Path,
    facts: Mapping[str, str] | None = None,
    *,
    parameters: Mapping[str, object] | None = None,
) -> Run:
    """Run a notebook as it stands in a fresh kernel; an error of a cell is an error of the test."""
    with kernel() as fresh:
        run = fresh.run(path, folder, parameters, facts)
    assert run.stopped is None, "\n".join(run.stopped or [])
    return run


# --- other people's estates ---------------------------------------------------------------------

ACCOUNT = "111122223333"


def _policy(*statements: Mapping[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(*actions: str, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def _user(name: str, *documents: Mapping[str, object]) -> dict[str, object]:
    policies = [{"PolicyName": f"{name}-{i}", "PolicyDocument": text} for i, text in enumerate(documents)]
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    return {
        "Path": "/",
        "UserName": name,
        "UserId": f"AIDA{name.upper()}",
        "Arn": arn,
        "UserPolicyList": policies,
    }


def _details(users: Sequence[Mapping[str, object]], roles: Sequence[Mapping[str, object]] = ()) -> str:
    lists = {"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": []}
    return json.dumps(lists, indent=1)


def small(*, changed: bool = False) -> str:
    """Authorization details of one account with three users and a role, and nothing besides.

    Parameters
    ----------
    changed : bool
        As they would be after a change that lets a user reset passwords without MFA.
    """
    mfa = {} if changed else {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"},
        "Action": "sts:AssumeRole",
    }
    role = {
        "Path": "/",
        "RoleName": "MailAdministrator",
        "RoleId": "AROAMAILADMINISTRATOR",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/MailAdministrator",
        "AssumeRolePolicyDocument": _policy(trust),
        "RolePolicyList": [{"PolicyName": "all-mail", "PolicyDocument": _policy(_allow("workmail:*"))}],
    }
    users = (
        _user("ana", _policy(_allow("workmail:List*", "workmail:Describe*"))),
        _user("ben", _policy(_allow("workmail:ResetPassword", **mfa))),
        _user("eva"),
    )
    return _details(users, [role])


def bare() -> str:
    """Authorization details of one account with a user who has nothing to do with mail."""
    return _details([_user("eva", _policy(_allow("s3:ListAllMyBuckets")))])


def nothing() -> str:
    """Authorization details of an account without users, groups, roles and policies."""
    return _details([])


def estate_parameters(folder: Path, name: str) -> dict[str, str]:
    """Write an estate, and return the parameters that make a notebook run on it.

    Parameters
    ----------
    folder : Path
        Where the files go.
    name : str
        ``"small"``, ``"bare"`` or ``"nothing"``.
    """
    texts = {
        "small": (small(), small(changed=True)),
        "bare": (bare(), bare()),
        "nothing": (nothing(), nothing()),
    }
    paths = folder / f"{name}.json", folder / f"{name}-after.json"
    for path, text in zip(paths, texts[name], strict=True):
        path.write_text(text, encoding="utf-8")
    return {"DATA": str(paths[0]), "BEFORE": str(paths[0]), "AFTER": str(paths[1])}
