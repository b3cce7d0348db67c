"""A plan of a report: which sections, under which title and logo, with which notes and pinned views.

.. code-block:: toml

    title = "Mail access, second half of 2026"
    subtitle = "For the audit committee"
    logo = "logo.svg"
    sections = ["answer", "findings", "paths", "diagnostics", "method"]
    suppressions = "accepted.toml"
    pins = "pins.json"

    [[note]]
    section = "findings"
    title = "What we think of it"
    text = \"\"\"
    The exports by **AcmeMailExportOperator** are agreed with [mail security](https://example.com/MAIL-7).
    \"\"\"

Every key may be left out.  Files are named relative to the plan and lie in its folder or below.
Notes are Markdown; HTML in them stays text.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from wmiam.findings import Suppression, read_suppressions
from wmiam.tomltables import TomlTables
from wmiam.views.markdown import markdown_html

if TYPE_CHECKING:
    from wmiam.lab.pins import Pin

__all__ = ["Note", "Plan", "read_plan"]

_TOP: Final = ("title", "subtitle", "logo", "sections", "suppressions", "pins")
_NOTE: Final = ("section", "title", "text")
_MEND: Final = "write title, subtitle, logo, sections, suppressions or pins, and [[note]] below them"
#: A logo stands in every copy of the report.
_LARGEST: Final = 300_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Note:
    """What an analyst says in a section.

    Parameters
    ----------
    section : str
        Id of the section.
    title : str
        Heading; ``""`` for none.
    text : str
        Markdown.
    """

    section: str
    title: str
    text: str

    @property
    def html(self) -> Markup:
        """The text as HTML that can do nothing."""
        return markdown_html(self.text, below=3 if self.title else 2)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a report shows, and how it presents itself.

    Parameters
    ----------
    title, subtitle : str
        Headings; ``""`` for the usual one, and for none.
    logo : str
        The picture as ``data:`` URI; ``""`` for none.
    sections : tuple of str or None
        Ids of the sections, in order; None for all.
    notes : tuple of Note
        What is said in them.
    pins : tuple of Pin
        Views that were kept in the explorer.
    suppressions : tuple of Suppression
        Findings that are accepted.
    """

    title: str = ""
    subtitle: str = ""
    logo: str = ""
    sections: tuple[str, ...] | None = None
    notes: tuple[Note, ...] = ()
    pins: tuple[Pin, ...] = ()
    suppressions: tuple[Suppression, ...] = ()

    def notes_in(self, section: str) -> list[Note]:
        """Return what is said in a section.

        Parameters
        ----------
        section : str
            Its id.
        """
        return [note for note in self.notes if note.section == section]


def read_plan(path: str | PathLike[str], known: Iterable[str]) -> Plan:
    """Return the plan of a TOML file.

    Parameters
    ----------
    path : str or path
        The file; see this module for its form.
    known : iterable of str
        Ids of the sections that the report can have.

    Raises
    ------
    InputError
        If it cannot be read, or something in it is no plan; with file, line and mend.
    """
    file = TomlTables(path, "note", one="a note", many="notes", mend=_MEND)
    tables = list(file.tables(_NOTE, needed=False, beside=_TOP))
    top, ids = file.top, list(known)
    sections = file.texts(top, "sections", 0) if "sections" in top else None
    if sections is not None and not sections:
        raise file.error("a report without sections is empty", file.line("sections", 0), "name some")
    for name in sections or ():
        _check_section(file, name, ids, file.line("sections", 0))
    if "sections" in top and "pins" in (sections or ()) and "pins" not in top:
        raise file.error(
            "the section pins has nothing to show", file.line("sections", 0), 'add pins = "pins.json"'
        )
    pins = _beside(file, top, "pins")
    accepted = _beside(file, top, "suppressions")
    return Plan(
        file.text(top, "title", 0),
        file.text(top, "subtitle", 0),
        _logo(file, top),
        sections,
        tuple(_note(file, table, start, ids, sections) for table, start in tables),
        () if pins is None else _pins(pins),
        () if accepted is None else read_suppressions(accepted),
    )


def _check_section(file: TomlTables, name: str, known: list[str], line: int) -> None:
    if name not in known:
        near = get_close_matches(name, known, 3, 0.6) or known
        raise file.error(f"there is no section {name!r} in this report", line, f"there are {', '.join(near)}")


def _note(
    file: TomlTables, table: dict[str, Any], start: int, known: list[str], sections: tuple[str, ...] | None
) -> Note:
    section, title, text = (file.text(table, key, start) for key in _NOTE)
    if not section:
        raise file.error("this note does not say where it stands", start, 'add section = "answer"')
    line = file.line("section", start)
    _check_section(file, section, known, line)
    if sections is not None and section not in sections:
        raise file.error(
            f"this note is of the section {section!r}, which is left out", line, "add it to sections"
        )
    if not text.strip():
        raise file.error("this note says nothing", start, 'add text = "…"')
    return Note(section, title, text)


def _pins(path: Path) -> tuple[Pin, ...]:
    # The explorer's package loads its widgets, which a report without pins does not need.
    from wmiam.lab.pins import load_pins

    return load_pins(path)


def _logo(file: TomlTables, top: dict[str, Any]) -> str:
    """Return the logo as a data URI; what it is, is told by its content."""
    path = _beside(file, top, "logo")
    if path is None:
        return ""
    line = file.line("logo", 0)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise file.error(f"the logo cannot be read: {error.strerror}", line, "name another file") from error
    if len(data) > _LARGEST:
        raise file.error(
            f"the logo has {len(data):,} bytes", line, f"use a picture of at most {_LARGEST:,} bytes"
        )
    if data.startswith(_PNG):
        kind = "png"
    elif b"<svg" in data[:4096]:
        kind = "svg+xml"
    else:
        raise file.error("the logo is neither PNG nor SVG", line, "save it as one of these")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _beside(file: TomlTables, top: dict[str, Any], key: str) -> Path | None:
    """Return the path of a file that the plan names, which lies in its folder or below.

    A plan may come from somebody else: it must not show what lies elsewhere on the reader's disk.
    """
    name = file.text(top, key, 0)
    if not name:
        return None
    folder = Path(file.path).resolve().parent
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise file.error(
            f"{key} lies outside the folder of the plan", file.line(key, 0), "copy it beside the plan"
        )
    if not path.is_file():
        raise file.error(f"there is no file {name!r} for {key}", file.line(key, 0), "name one that is there")
    return path
