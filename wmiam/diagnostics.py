"""What could not be understood, or looks wrong, in the input: with its place and its mend."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wmiam.origin import Origin

__all__ = ["Diagnostic", "Severity"]


class Severity(StrEnum):
    """How much a diagnostic matters for the answer.

    ``ERROR``: something was not understood, so answers are incomplete.
    ``WARNING``: understood, but AWS or the author probably meant something else.
    ``INFO``: worth knowing, changes nothing.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One observation about the input.

    Parameters
    ----------
    severity : Severity
        How much it matters.
    code : str
        Stable kebab-case identifier, e.g. ``"json-truncated"`` or ``"unknown-operator"``.
    message : str
        What is wrong, in a sentence, naming the offending text.
    origin : Origin or None
        The file and place; None where the observation belongs to no file.
    mend : str
        What the user can do about it; may be empty.
    """

    severity: Severity
    code: str
    message: str
    origin: Origin | None = None
    mend: str = ""

    def __str__(self) -> str:
        """Return ``file:line:column (pointer): severity: message [code] — mend``."""
        place = f"{self.origin}: " if self.origin is not None else ""
        mend = f" — {self.mend}" if self.mend else ""
        return f"{place}{self.severity}: {self.message} [{self.code}]{mend}"
