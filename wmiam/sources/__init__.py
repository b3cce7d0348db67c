"""Reading an estate from files: what is read, and how a file says what it is about.

:func:`load` takes folders and files and recognises each file by its content; no
name matters.  JSON may be laid out or minified, one document, a list of
documents, JSON Lines, or documents printed one after another.  Pages of one
listing may be in one file or in several.  Nothing is skipped in silence: what
is not recognised or not known is a diagnostic of the estate.

**IAM.** ``aws iam get-account-authorization-details``, one account or many;
policy documents as objects (AWS CLI) or as URL-encoded text (API).  Fetch it
without ``--filter``, so that it holds the attached AWS managed policies too.

**AWS Organizations.** ``describe-organization``, ``list-roots``,
``list-organizational-units-for-parent``, ``list-accounts``,
``list-accounts-for-parent``, ``list-parents``, ``list-children``,
``list-policies``, ``describe-policy``, ``list-policies-for-target``,
``list-targets-for-policy``, ``describe-account``, ``describe-organizational-unit``.

**WorkMail.** ``list-organizations``, ``describe-organization``,
``list-impersonation-roles``, ``get-impersonation-role``, ``list-tags-for-resource``.

**Policies under review.** Files with one policy document each, and a manifest
that says who has which: see :mod:`wmiam.sources.manifest`.

The call around the output
--------------------------
The output of some calls does not say what was asked.  ``list-tags-for-resource``
prints tags, and not whose.  Such an output is written with its call around it::

    {"Call": "list-tags-for-resource",
     "Parameters": {"ResourceARN": "arn:aws:workmail:eu-west-1:111122223333:organization/m-…",
                    "Account": "111122223333", "Region": "eu-west-1"},
     "Output": {"Tags": [{"Key": "Environment", "Value": "production"}]}}

``Call`` is the name that the AWS CLI or the API gives it, ``Parameters`` are
spelled as in the API; ``Account`` and ``Region`` say where it was asked, and may
also stand beside ``Call``.  ``Output`` is what was printed, or a list of pages.
In place of ``Output`` an ``Error`` says that the call failed.  A file may hold
many of them, in a list or one a line.  One loop of a shell makes them::

    for ou in r-ab12 ou-ab12-w7k2m9qd; do
      aws organizations list-accounts-for-parent --parent-id "$ou" --output json |
        jq -c --arg id "$ou" '{Call: "list-accounts-for-parent", Parameters: {ParentId: $id}, Output: .}'
    done > accounts.jsonl

The parameter may also simply be put into the output: ``{"ParentId": "r-ab12",
"Accounts": […]}``.  These calls need one:

=========================================  ==================================
Call                                       Parameter
=========================================  ==================================
list-organizational-units-for-parent       ParentId, unless units have a Path
list-accounts-for-parent                   ParentId, unless accounts have Paths
list-parents                               ChildId
list-children                              ParentId
list-policies-for-target                   TargetId, Filter
list-targets-for-policy                    PolicyId
workmail list-organizations                Account and Region, unless
                                           describe-organization of one is there
workmail list-impersonation-roles          OrganizationId
workmail get-impersonation-role            OrganizationId
workmail list-tags-for-resource            ResourceARN
=========================================  ==================================

What is missing
---------------
A policy, group or attachment that the input names and does not hold becomes a
:class:`~wmiam.estate.model.Policy` without a document and a diagnostic of
severity error: what it allows is not known, and answers that depend on it say
so.  WorkMail organizations that policies name are added; where no complete
``list-organizations`` of an account and region is there, one stand-in keeps any
other organization in sight (:mod:`wmiam.sources.standins`).
"""

from wmiam.sources.load import load

__all__ = ["load"]
