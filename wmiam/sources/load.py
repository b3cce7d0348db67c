"""Reading everything that the user names into one estate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Final

from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, PolicyKind
from wmiam.memory import without_cycles
from wmiam.policy.model import PolicyType
from wmiam.sources.draft import Draft, LooseDocument
from wmiam.sources.files import Format, InputFile, discover, input_file, read_text, shown
from wmiam.sources.link import link
from wmiam.sources.manifest import read_manifest
from wmiam.sources.recognise import read_json, read_yaml

__all__ = ["load"]

#: Inputs smaller than this, in bytes, are read before a progress bar could be seen.
_LONG: Final = 5_000_000


def load(*paths: str | PathLike[str], name: str | None = None, progress: bool | None = None) -> Estate:
    """Return the estate that files describe.

    What each file holds is told by its content; :mod:`wmiam.sources` lists what
    is read.  Mistakes in files do not raise: they are among the estate's
    ``diagnostics``, with file, line and JSON pointer, and the rest is read.

    Parameters
    ----------
    *paths : str or path
        Folders, which are read with everything below them, and files.
    name : str, optional
        A name for the estate; by default that of the folder or file.
    progress : bool, optional
        Whether to show a progress bar; by default for more than 5 MB on a terminal.

    Returns
    -------
    Estate
        What was read.

    Raises
    ------
    InputError
        Where no path is given, or one does not exist.

    Examples
    --------
    >>> estate = load("data/acme")  # doctest: +SKIP
    >>> estate.complete  # doctest: +SKIP
    True
    """
    draft = Draft()
    files = discover(paths, draft)
    loading = _Loading(draft)
    total = sum(file.size for file in files if file.format is not Format.OTHER)
    with without_cycles(), _progress(total, progress) as tick:
        for file in files:
            loading.read(file, tick)
        loading.read_manifests()
        loading.report()
        return link(draft, name if name is not None else _name_of(paths))


def _name_of(paths: tuple[str | PathLike[str], ...]) -> str:
    return ", ".join(path.name if path.is_dir() else path.stem for path in (Path(p).resolve() for p in paths))


class _Loading:
    """The state of one load beside its draft: which contents were read, and which files were not."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.first: dict[str, InputFile] = {}
        self.others: list[str] = []

    def read(self, file: InputFile, tick: Callable[[int], object]) -> None:
        """Read one file into the draft."""
        if file.format is Format.OTHER:
            self.others.append(file.name)
            return
        read = read_text(file, self.draft)
        if read is None:
            if not file.certain:
                self.others.append(file.name)
            tick(file.size)
            return
        source, text = read
        first = self.first.setdefault(source.sha256, file)
        if first is not file:
            self._read_again(file, first)
            tick(file.size)
            return
        done = 0

        def tick_to(offset: int) -> None:
            nonlocal done
            tick(offset - done)
            done = offset

        if file.format is Format.YAML:
            recognised = read_yaml(file, source, text, self.draft)
        else:
            recognised = read_json(file, source, text, self.draft, tick_to)
        tick_to(file.size)
        if recognised or file.certain or file.format is Format.YAML:
            self.draft.sources.append(source)
        else:
            self.others.append(file.name)

    def _read_again(self, file: InputFile, first: InputFile) -> None:
        self.draft.info("same-content", f"{file.name} has the same content as {first.name}, and is read once")
        document = self.draft.loose.get(first.path)
        if document is not None:
            self.draft.loose[file.path] = document

    def read_manifests(self) -> None:
        """Read the manifests, whose policy documents are known by now."""
        for manifest in self.draft.manifests:

            def read_file(path: Path, root: Path = manifest.root) -> None:
                name = shown(path.relative_to(root))
                self.read(input_file(path, name, root, certain=True), lambda _size: None)

            read_manifest(manifest, self.draft, read_file)

    def report(self) -> None:
        """Add the documents that no manifest names, and report what was not read."""
        draft = self.draft
        for document in dict.fromkeys(draft.loose.values()):
            if not document.used:
                policy = _unattached(document, draft)
                draft.managed[policy.key] = policy
        if self.others:
            shown = ", ".join(self.others[:5]) + (", …" if len(self.others) > 5 else "")
            number = len(self.others)
            draft.info("files-not-read", f"not read, as neither JSON nor YAML ({number}): {shown}")
        if not any(source.kind for source in draft.sources):
            draft.error(
                "nothing-read",
                "nothing in the input was recognised, so nothing is known",
                mend="see the documentation of wmiam.sources for what is read",
            )
        elif not draft.identities and not draft.managed:
            draft.warning(
                "no-principals",
                "no user, group, role or policy is in the input: every answer will name nobody",
                mend="add the output of `aws iam get-account-authorization-details` of each account",
            )


def _unattached(document: LooseDocument, draft: Draft) -> Policy:
    """Return the policy of a document that nobody is said to have."""
    name = document.origin.source.name
    draft.info(
        "unattached-policy",
        f"no manifest says who has the policy in {name}",
        document.origin,
        "name it in a manifest, wmiam.yaml",
    )
    trust = _names_principals(document.raw)
    return draft.policy(
        document.raw,
        name,
        PolicyKind.TRUST if trust else PolicyKind.MANAGED,
        document.origin,
        account="",
        policy_type=PolicyType.RESOURCE if trust else None,
    )


def _names_principals(raw: object) -> bool:
    """Return whether a document has statements with a principal, so that it is no identity policy."""
    statements = raw.get("Statement") if isinstance(raw, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    return isinstance(statements, list) and any(
        isinstance(statement, dict) and statement.keys() & {"Principal", "NotPrincipal"}
        for statement in statements
    )


@contextmanager
def _progress(total: int, wanted: bool | None) -> Iterator[Callable[[int], object]]:
    """Give a function that takes the number of bytes done since it was last called."""
    if wanted is None:
        wanted = total > _LONG and sys.stderr.isatty()
    if not wanted:
        yield lambda _size: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=total, unit="B", unit_scale=True, desc="reading") as bar:
        yield bar.update
