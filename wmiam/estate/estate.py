"""The estate: everything that was read, with look-up by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wmiam.diagnostics import Diagnostic, Severity
from wmiam.errors import PolicyError
from wmiam.estate.model import Account, AwsOrganization, Group, Organization, Policy, Principal
from wmiam.origin import Origin, SourceFile
from wmiam.policy.model import PolicyDocument

if TYPE_CHECKING:
    from wmiam.access import Access

__all__ = ["Estate"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Estate:
    """What was read from a customer's files.

    Parameters
    ----------
    principals : tuple of Principal
        Users, roles and root users, sorted by ARN.
    organizations : tuple of Organization
        WorkMail organizations (stand-ins last), sorted by ARN.
    accounts : dict of str to Account
        By 12-digit id: those with files of their own and those that others name.
    groups : tuple of Group
        IAM groups, sorted by ARN.
    policies : tuple of Policy
        Managed policies, sorted by ARN.
    aws_organization : AwsOrganization or None
        The AWS Organizations tree; None where no file describes one.
    sources : tuple of SourceFile
        The files read.
    diagnostics : tuple of Diagnostic
        What was not understood, or looks wrong.
    name : str
        A name to show, e.g. the input folder's.
    """

    principals: tuple[Principal, ...] = ()
    organizations: tuple[Organization, ...] = ()
    accounts: dict[str, Account] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    policies: tuple[Policy, ...] = ()
    aws_organization: AwsOrganization | None = None
    sources: tuple[SourceFile, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    name: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything was understood: no diagnostic of severity error."""
        return not any(d.severity is Severity.ERROR for d in self.diagnostics)

    def access(self, *, progress: bool | None = None) -> Access:
        """Return the effective access of every principal, WorkMail action and organization.

        Parameters
        ----------
        progress : bool, optional
            Whether to show a progress bar; by default where it takes long and a person watches.
        """
        from wmiam.access import Access

        return Access.of(self, progress=progress)

    def with_policy(
        self,
        policy: str | Policy,
        document: Mapping[str, Any] | PolicyDocument,
        *,
        origin: Origin | None = None,
    ) -> Estate:
        """Return a copy of the estate with the document of one policy replaced.

        Parameters
        ----------
        policy : str or Policy
            ARN or name; for an inline policy also its owner's ARN, ``/`` and its name.
        document : mapping or PolicyDocument
            The new document, as JSON objects or parsed.
        origin : Origin, optional
            Where the new document was read; by default its own text, as JSON.

        Raises
        ------
        PolicyError
            If the document cannot be read.
        UnknownNameError, AmbiguousNameError
            If no policy has that name, or several.
        """
        from wmiam.estate.change import with_policy

        return with_policy(self, policy, document, origin=origin)

    def policy_document(self, policy: str | Policy) -> dict[str, Any]:
        """Return the document of one policy as JSON objects, to be changed for :meth:`with_policy`.

        Parameters
        ----------
        policy : str or Policy
            As for :meth:`with_policy`.

        Returns
        -------
        dict
            A copy, as the policy's file has it, or else as it was understood.

        Raises
        ------
        PolicyError
            If the document, or a statement of it, could not be read.
        UnknownNameError, AmbiguousNameError
            If no policy has that name, or several.
        """
        from wmiam.estate.change import find_policy
        from wmiam.findings.documents import document_json

        found = policy if isinstance(policy, Policy) else find_policy(self, policy)
        document = document_json(found)
        if document is None:
            raise PolicyError(f"{found.name} could not be read in full", mend="see the estate's diagnostics")
        return document

    def __repr__(self) -> str:
        return (
            f"<Estate {self.name!r} of {len(self.principals)} principals, "
            f"{len(self.organizations)} organizations, {len(self.sources)} files, "
            f"{len(self.diagnostics)} diagnostics>"
        )

    def _repr_html_(self) -> str:
        from wmiam.views.html import estate_html

        return estate_html(self)
