"""The one place where HTML is made from templates: everything escaped, nothing undefined, nothing hidden."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from wmiam.views.text import DECISION_SYMBOLS, capitalized, count, principal_name, short_arn, visible

__all__ = ["environment", "read_asset"]


def read_asset(package: str, path: str) -> str:
    """Return the text of a file that ships inside a package.

    Parameters
    ----------
    package : str
        Import name, e.g. ``"wmiam.report"``.
    path : str
        Path below the package, with ``/``.
    """
    return resources.files(package).joinpath(path).read_text(encoding="utf-8")


@cache
def environment(package: str) -> Environment:
    """Return the template environment of a package's ``templates`` folder.

    Every expression is made :func:`visible <wmiam.views.text.visible>` and escaped,
    and an undefined name is an error.

    Parameters
    ----------
    package : str
        Import name, e.g. ``"wmiam.report"``.
    """
    made = Environment(
        loader=FunctionLoader(lambda name: read_asset(package, f"templates/{name}")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        capitalized=capitalized,
        count=count,
        in_lines=_in_lines,
        principal_name=principal_name,
        short_arn=short_arn,
    )
    made.globals.update(symbols=DECISION_SYMBOLS)
    return made


def _in_lines(text: str) -> Markup:
    """Return a text of several lines: its line ends are its own, what else is hidden in it is spelled out."""
    return Markup("\n").join(visible(line) for line in text.split("\n"))


def _show(value: Any) -> Any:
    """Return what a template prints for a value: text made visible, nothing for None."""
    if isinstance(value, Markup):
        return value
    return "" if value is None else visible(str(value))
