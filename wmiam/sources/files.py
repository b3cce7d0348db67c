"""Which files of the input there are to read, and their text.

Nothing outside of the folders and files that the user named is opened: links
that lead out of them are reported and left alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from os import PathLike
from pathlib import Path
from typing import Final

from wmiam import jsontext
from wmiam.errors import InputError
from wmiam.origin import Origin, SourceFile
from wmiam.sources.draft import Draft

__all__ = ["Format", "InputFile", "discover", "input_file", "read_text", "shown"]

_JSON_SUFFIXES: Final = frozenset({".json", ".jsonl", ".ndjson"})
_YAML_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_HEAD_BYTES: Final = 4096
# Objects with a quoted key, and lists of values: neither TOML tables nor Markdown links begin so.
_looks_like_json = re.compile(r'\s*(?:\[\s*)*(?:\{\s*["}]|"|\])').match
_names_manifest = re.compile(r"^[\"']?wmiam-manifest[\"']?[ \t]*:", re.MULTILINE).search


class Format(Enum):
    """What a file's content is, judged by its beginning and its suffix."""

    JSON = auto()
    YAML = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of the input.

    Parameters
    ----------
    path : pathlib.Path
        The file, resolved.
    name : str
        The name to show.
    root : pathlib.Path
        The input folder that it belongs to, resolved.
    size : int
        Length in bytes.
    format : Format
        What to read it as.
    certain : bool
        Whether its suffix, or the user by naming it, says that it is meant to be read.
    """

    path: Path
    name: str
    root: Path
    size: int
    format: Format
    certain: bool


def discover(paths: Sequence[str | PathLike[str]], draft: Draft) -> list[InputFile]:
    """Return the files to read, in the order of their names.

    Parameters
    ----------
    paths : sequence of str or path
        Folders and files.
    draft : Draft
        Receives diagnostics for links and special files that are left alone.

    Raises
    ------
    InputError
        Where a path does not exist, or there is none.
    """
    if not paths:
        raise InputError("no input is named", mend="name a folder or a file")
    found: dict[Path, InputFile] = {}
    for written in paths:
        path = Path(written)
        try:
            resolved = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise InputError("there is no such file or folder", path=str(written)) from error
        several = len(paths) > 1
        if resolved.is_dir():
            prefix = f"{shown(path).rstrip('/')}/" if several else ""
            for file in _walk(resolved, prefix, draft):
                found.setdefault(file.path, file)
        elif resolved.is_file():
            name = shown(path) if several else path.name
            found.setdefault(resolved, input_file(resolved, name, resolved.parent, certain=True))
        else:
            raise InputError(
                "this is neither a file nor a folder", path=str(written), mend="save it to a file"
            )
    return sorted(found.values(), key=lambda file: file.name)


def _walk(root: Path, prefix: str, draft: Draft) -> list[InputFile]:
    files: list[InputFile] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            paths = sorted(folder.iterdir())
        except OSError as error:
            name = prefix + shown(folder.relative_to(root))
            draft.error("unreadable-folder", f"{name} cannot be read: {error.strerror or error}")
            continue
        for path in paths:
            name = prefix + shown(path.relative_to(root))
            if path.name.startswith("."):
                continue
            if path.is_symlink():
                _report_link(path, name, root, draft)
            elif path.is_dir():
                folders.append(path)
            elif path.is_file():
                files.append(input_file(path, name, root))
            else:
                draft.warning("special-file", f"{name} is neither a file nor a folder, and was not read")
    return files


def shown(path: Path) -> str:
    """Return a path to show; bytes of a name that are not UTF-8 could not be printed."""
    return path.as_posix().encode("utf-8", "replace").decode("utf-8")


def _report_link(path: Path, name: str, root: Path, draft: Draft) -> None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        draft.warning("broken-link", f"{name} is a link to nothing", mend="remove it")
        return
    if target.is_relative_to(root):
        own = shown(target.relative_to(root))
        draft.info("link-inside-input", f"{name} is a link to {own}, which is read by its own name")
    else:
        draft.warning(
            "link-leaves-input",
            f"{name} is a link that leads out of the input folder, and was not followed",
            mend="copy what it points to into the folder, or name that as input too",
        )


def input_file(path: Path, name: str, root: Path, *, certain: bool = False) -> InputFile:
    """Return what a file is to be read as.

    Parameters
    ----------
    path : pathlib.Path
        The file, resolved.
    name : str
        The name to show.
    root : pathlib.Path
        The input folder.
    certain : bool
        Whether the user named the file itself.
    """
    suffix = path.suffix.lower()
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = jsontext.decode(file.read(_HEAD_BYTES))[0]
    except OSError:
        # Reported when it is read: a file that cannot be opened may be the one that matters.
        size, head = 0, ""
    if suffix in _YAML_SUFFIXES:
        return InputFile(path, name, root, size, Format.YAML, certain)
    if suffix in _JSON_SUFFIXES or _looks_like_json(head):
        return InputFile(path, name, root, size, Format.JSON, certain or suffix in _JSON_SUFFIXES)
    if _names_manifest(head):
        return InputFile(path, name, root, size, Format.YAML, certain=True)
    return InputFile(path, name, root, size, Format.JSON if certain else Format.OTHER, certain)


def read_text(file: InputFile, draft: Draft) -> tuple[SourceFile, str] | None:
    """Return a file's source and text, None where it cannot be read or holds none.

    Parameters
    ----------
    file : InputFile
        The file.
    draft : Draft
        Receives a diagnostic where it is unreadable, binary, empty or wrongly encoded.
    """
    try:
        data = file.path.read_bytes()
    except OSError as error:
        draft.error("unreadable-file", f"{file.name} cannot be read: {error.strerror or error}")
        return None
    source = SourceFile(file.name, file.path, hashlib.sha256(data).hexdigest(), len(data))
    text, problem = jsontext.decode(data)
    if not file.certain and (problem or not text.strip()):
        return None
    if b"\0" in data[:_HEAD_BYTES] and (problem or "\0" in text[:_HEAD_BYTES] or not _looks_like_json(text)):
        draft.error(
            "binary-file",
            "this file holds binary data, not text",
            Origin(source),
            "fetch the file anew; if it is compressed, unpack it",
        )
        return None
    if not text.strip():
        draft.error(
            "empty-file",
            "this file is empty: the call that should have filled it has probably failed",
            Origin(source),
            "run the call again and look at its error message",
        )
        return None
    if problem:
        at = max(text.find("\ufffd"), 0)
        draft.error(
            "wrong-encoding",
            f"{problem}; what could not be decoded is read as U+FFFD",
            Origin(source, "", at),
            "save the file as UTF-8",
        )
    return source, text
