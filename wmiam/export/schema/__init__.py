"""The schema of what is written: which tables there are, their columns, and what each means.

The JSON Schema in this folder is the one place that says it; the columns of every
format follow from it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from wmiam.export.table import Column, Kind

__all__ = ["NAME", "TABLES", "VERSION", "columns_of", "schema", "schema_text"]

#: What the manifest calls the schema, and its version: a minor one adds, a major one changes.
NAME: Final = "wmiam-report"
VERSION: Final = "1.0"
#: Every table, in the order of a document.
TABLES: Final = (
    "principals",
    "organizations",
    "actions",
    "capabilities",
    "findings",
    "accepted",
    "access",
    "cells",
    "chains",
    "assumptions",
    "diagnostics",
)
_KINDS: Final = {
    "string": Kind.TEXT,
    "integer": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
    "array": Kind.LIST,
    "object": Kind.OBJECT,
}


@cache
def schema_text() -> str:
    """Return the JSON Schema (2020-12) of a report as a JSON document, as text."""
    name = f"report-{VERSION.partition('.')[0]}.json"
    return files(__name__).joinpath(name).read_text("utf-8")


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a report as a JSON document."""
    found: dict[str, Any] = json.loads(schema_text())
    return found


@cache
def columns_of(table: str) -> tuple[Column, ...]:
    """Return the columns of a table.

    Parameters
    ----------
    table : str
        One of :data:`TABLES`.
    """
    properties = schema()["$defs"][table]["properties"]
    return tuple(Column(name, _kind(about)) for name, about in properties.items())


def _kind(about: dict[str, Any]) -> Kind:
    """Return what a property holds; one that refers to a type of its own is a decision, which is text."""
    types = about.get("type", "string")
    return _KINDS[types if isinstance(types, str) else types[0]]
