"""Explore who can do what to Amazon WorkMail organizations, under which conditions, and why.

>>> import wmiam
>>> estate = wmiam.load("data/acme")  # doctest: +SKIP
>>> access = estate.access()  # doctest: +SKIP
>>> access.who_can("workmail:ResetPassword", org="acme-europe")  # doctest: +SKIP

Everything public stands here.  Names are looked up when they are first used, so
that importing the package takes no time and loads neither pandas nor networkx.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wmiam.access import Access
    from wmiam.api import decide, report
    from wmiam.compare.comparison import Comparison
    from wmiam.compare.entry import compare
    from wmiam.compare.gates import Gate
    from wmiam.diagnostics import Diagnostic, Severity
    from wmiam.engine.decide import Decision, PolicySet
    from wmiam.engine.request import Request
    from wmiam.errors import (
        AmbiguousNameError,
        InputError,
        NameLookupError,
        NoConditionBlock,
        NoEffectivePolicy,
        OtherSpaceError,
        PolicyError,
        RequestError,
        UnknownNameError,
        WmiamError,
    )
    from wmiam.estate import Estate
    from wmiam.estate.lint import lint_estate
    from wmiam.export.write import export
    from wmiam.lab import explore
    from wmiam.lab.views import view
    from wmiam.sources.load import load

__all__ = [
    "Access",
    "AmbiguousNameError",
    "Comparison",
    "Decision",
    "Diagnostic",
    "Estate",
    "Gate",
    "InputError",
    "NameLookupError",
    "NoConditionBlock",
    "NoEffectivePolicy",
    "OtherSpaceError",
    "PolicyError",
    "PolicySet",
    "Request",
    "RequestError",
    "Severity",
    "UnknownNameError",
    "WmiamError",
    "__version__",
    "compare",
    "decide",
    "explore",
    "export",
    "lint_estate",
    "load",
    "report",
    "view",
]

__version__ = "0.1.0"

#: Where each public name lives.
_HOME = {
    "Access": "wmiam.access",
    "AmbiguousNameError": "wmiam.errors",
    "Comparison": "wmiam.compare.comparison",
    "Decision": "wmiam.engine.decide",
    "Diagnostic": "wmiam.diagnostics",
    "Estate": "wmiam.estate",
    "Gate": "wmiam.compare.gates",
    "InputError": "wmiam.errors",
    "NameLookupError": "wmiam.errors",
    "NoConditionBlock": "wmiam.errors",
    "NoEffectivePolicy": "wmiam.errors",
    "OtherSpaceError": "wmiam.errors",
    "PolicyError": "wmiam.errors",
    "PolicySet": "wmiam.engine.decide",
    "Request": "wmiam.engine.request",
    "RequestError": "wmiam.errors",
    "Severity": "wmiam.diagnostics",
    "UnknownNameError": "wmiam.errors",
    "WmiamError": "wmiam.errors",
    "compare": "wmiam.compare.entry",
    "decide": "wmiam.api",
    "explore": "wmiam.lab",
    "export": "wmiam.export.write",
    "lint_estate": "wmiam.estate.lint",
    "load": "wmiam.sources.load",
    "report": "wmiam.api",
    "view": "wmiam.lab.views",
}


def __getattr__(name: str) -> Any:
    """Look a public name up where it lives, once (PEP 562)."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, looked up or not."""
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """The package: a public name stays what it is when a subpackage of the same name is loaded.

    The functions ``wmiam.compare``, ``wmiam.export`` and ``wmiam.report`` would otherwise become the
    subpackages that they call.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _HOME or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
