"""The sections that a report is made of: what each is called, and how it gets what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from wmiam.errors import UnknownNameError
from wmiam.report.content import Content
from wmiam.report.paths import path_list
from wmiam.report.principals import principal_list

__all__ = ["SECTIONS", "Section", "chosen_sections"]


def _nothing(_content: Content) -> None:
    """Gather nothing: the section shows what every section may, or only its own words."""


def _no_badge(_content: Content) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the page.

    Parameters
    ----------
    id : str
        Its anchor, and its name in a plan.
    title : str
        What the navigation calls it.
    gather : callable
        Returns what it shows; its template, ``<id>.html.j2``, gets that as ``part``.
    badge : callable
        Returns a number that the navigation shows beside the title; 0 for none.
    asked : bool
        Whether it is there only where the plan gives it something to show.
    """

    id: str
    title: str
    gather: Callable[[Content], Any] = _nothing
    badge: Callable[[Content], int] = _no_badge
    asked: bool = False

    @property
    def template(self) -> str:
        """Name of its template."""
        return f"{self.id}.html.j2"


#: The sections of a report on one estate, in the order of the page.
SECTIONS: Final = (
    Section("answer", "Answer", lambda content: content.capabilities),
    Section(
        "findings",
        "Findings",
        lambda content: content.findings,
        lambda content: content.findings.grave,
    ),
    Section("pins", "Pinned views", lambda content: content.pinned, asked=True),
    Section("capabilities", "Who can do it", lambda content: content.capabilities),
    Section("paths", "Paths", lambda content: path_list(content.chains)),
    Section("matrix", "Matrix"),
    Section("principals", "Principals", lambda content: principal_list(content.chains)),
    Section("organizations", "Organizations", lambda content: content.organizations_listed),
    Section("assumption", "Role assumption", lambda content: content.assumptions),
    Section(
        "diagnostics",
        "Not understood",
        lambda content: content.diagnostics,
        lambda content: content.errors,
    ),
    Section("method", "Method"),
    Section("glossary", "Glossary"),
)


def chosen_sections(ids: Iterable[str] | None = None, *, has_pins: bool = False) -> tuple[Section, ...]:
    """Return sections by their ids, in the order that these have; by default all.

    Parameters
    ----------
    ids : iterable of str, optional
        Ids of sections.
    has_pins : bool
        Whether there are pinned views to show.

    Raises
    ------
    UnknownNameError
        If there is no such section; with the near ones.
    """
    if ids is None:
        return tuple(section for section in SECTIONS if not section.asked or has_pins)
    known = {section.id: section for section in SECTIONS}
    chosen = list(dict.fromkeys(ids))
    for name in chosen:
        if name not in known:
            raise UnknownNameError("section", name, get_close_matches(name, known, 8, 0.5) or list(known))
    return tuple(known[name] for name in chosen)
