"""Policy documents: decoded, parsed once each, shared by all who hold an equal one.

An organization's principals share a few dozen documents, thousands of times.
Equal documents are therefore parsed once and become the same
:class:`~wmiam.policy.model.PolicyDocument` object, whether a file holds them
as an object, as JSON text or as URL-encoded text.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote

from wmiam import jsonrecords
from wmiam.diagnostics import Diagnostic, Severity
from wmiam.origin import Origin
from wmiam.policy.model import PolicyDocument, PolicyType, Problem
from wmiam.policy.parse import parse_document

__all__ = ["Documents"]


@dataclass(slots=True, eq=False)
class _Known:
    """A document that was read before: what it is, or why it is none, and what is wrong with it."""

    document: PolicyDocument | None
    reason: str
    problems: tuple[Problem, ...]


class Documents:
    """The distinct policy documents of an estate.

    Parameters
    ----------
    report : callable
        Receives a diagnostic for each problem of each document, once for each policy that holds it.
    """

    def __init__(self, report: Callable[[Diagnostic], None]) -> None:
        self._report = report
        # Digests, not the texts: the texts of a large estate would stay in memory to the end.
        self._texts: dict[tuple[PolicyType, bytes], _Known] = {}
        self._values: dict[tuple[PolicyType, bytes], _Known] = {}
        # By identity: comparing documents member by member would cost more than parsing them.
        self._accounts: dict[int, tuple[PolicyDocument, set[str]]] = {}

    def read(
        self, raw: object, policy_type: PolicyType, origin: Origin, account: str
    ) -> tuple[PolicyDocument | None, str]:
        """Return the document and ``""``, or None and why it cannot be read.

        Parameters
        ----------
        raw : object
            The document as the file holds it: an object, JSON text, or URL-encoded JSON text.
        policy_type : PolicyType
            What it is used as.
        origin : Origin
            Where it begins.
        account : str
            The 12-digit account that holds it; ``""`` where it belongs to none, such as an SCP.
        """
        known = self._of_text(raw, policy_type) if isinstance(raw, str) else self._of_value(raw, policy_type)
        if known.document is not None:
            self.hold(known.document, account)
        for problem in known.problems:
            self._report(
                Diagnostic(
                    Severity(problem.severity),
                    problem.code,
                    problem.message,
                    origin.below(problem.pointer),
                    problem.mend,
                )
            )
        return known.document, known.reason

    def hold(self, document: PolicyDocument, account: str) -> None:
        """Note that an account holds a document.

        Parameters
        ----------
        document : PolicyDocument
            One that :meth:`read` returned.
        account : str
            12-digit account; ``""`` for none.
        """
        self._accounts.setdefault(id(document), (document, set()))[1].add(account)

    def __iter__(self) -> Iterator[tuple[PolicyDocument, set[str]]]:
        """Yield each distinct document with the accounts that hold it."""
        yield from self._accounts.values()

    def _of_text(self, text: str, policy_type: PolicyType) -> _Known:
        key = (policy_type, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
        known = self._texts.get(key)
        if known is None:
            known = self._texts[key] = self._decoded(text, policy_type)
        return known

    def _decoded(self, text: str, policy_type: PolicyType) -> _Known:
        # In JSON a percent sign is ordinary text, in URL-encoded text a brace never stands by itself.
        plain = text if text.lstrip()[:1] in ("{", "[") else unquote(text)
        value, faults = jsonrecords.loads(plain)
        problems = tuple(
            Problem(
                "warning" if f.harmless else "error",
                f.code,
                f"in the policy text, {f.message}",
                f.pointer,
                f.mend,
            )
            for f in faults
        )
        if value is None:
            return _Known(None, problems[0].message, problems)
        known = self._of_value(value, policy_type)
        if not problems:
            return known
        return _Known(known.document, known.reason, problems + known.problems)

    def _of_value(self, value: object, policy_type: PolicyType) -> _Known:
        try:
            packed = marshal.dumps(cast("dict[str, object]", value), 2)
        except ValueError:
            # Nested more deeply than marshal packs: no policy is, so nothing is lost by not sharing it.
            document = parse_document(value, policy_type)
            return _Known(document, "", document.problems)
        key = (policy_type, hashlib.sha256(packed).digest())
        known = self._values.get(key)
        if known is None:
            document = parse_document(value, policy_type)
            known = self._values[key] = _Known(document, "", document.problems)
        return known
