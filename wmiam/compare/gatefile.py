"""Gates in a small TOML file.

.. code-block:: toml

    [[gate]]
    gate = "never-allow"
    actions = ["workmail:DeleteOrganization"]
    reason = "organizations are retired by hand"

    [[gate]]
    gate = "only-principals"
    actions = ["workmail:ResetPassword", "workmail:PutMailboxPermissions"]
    principals = ["*/AcmeMailAdmin", "*:role/HelpDesk*"]
    organizations = ["acme-executives"]
    root = true
"""

from __future__ import annotations

from os import PathLike
from typing import Any, Final

from wmiam.compare.gates import Gate
from wmiam.errors import InputError
from wmiam.tomltables import TomlTables

__all__ = ["read_gates"]

_LISTS: Final = ("actions", "principals", "organizations")
_KEYS: Final = ("gate", *_LISTS, "root", "reason")
_MEND: Final = 'write [[gate]], then gate = "no-new-access" below it'


def read_gates(path: str | PathLike[str]) -> tuple[Gate, ...]:
    """Return the gates of a TOML file.

    Parameters
    ----------
    path : str or path
        The file.

    Raises
    ------
    InputError
        If it cannot be read, or something in it is no gate; with file, line and mend.
    """
    file = TomlTables(path, "gate", one="a gate", many="gates", mend=_MEND)
    return tuple(_gate(file, table, start) for table, start in file.tables(_KEYS, needed=True))


def _gate(file: TomlTables, table: dict[str, Any], start: int) -> Gate:
    lists = {key: file.texts(table, key, start) for key in _LISTS}
    root = table.get("root", False)
    if not isinstance(root, bool):
        raise file.error("root is true or false", file.line("root", start), "write root = true")
    reason, kind = file.text(table, "reason", start), file.text(table, "gate", start)
    if "gate" not in table:
        raise file.error("this gate does not say which it is", start, 'add gate = "never-allow"')
    try:
        return Gate(kind, **lists, root=root, reason=reason, place=f"{file.path}:{start}")
    except InputError as error:
        raise file.error(error.message, file.line("gate", start), _mend(error)) from error


def _mend(error: InputError) -> str:
    if error.mend and error.mend.startswith("the gates are"):
        return error.mend
    return 'add actions = ["workmail:…"], and for only-principals principals = ["…"]'
