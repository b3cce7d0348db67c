"""Two estates made comparable: what one side does not say is taken from the other, and said so.

A WorkMail organization that only one side names is answered on both, as the
side that names it describes it; otherwise its absence would be taken for a loss
of access, and a stand-in for any other organization for a change.  The same
holds for facts that a side leaves open: tags of an organization that no file
lists, ids of AWS Organizations, unique ids of users.  A fact that both sides
state stays as each states it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from wmiam.estate.estate import Estate
from wmiam.estate.model import AwsOrganization, Organization, Principal, PrincipalKind

__all__ = ["Aligned", "align"]


@dataclass(frozen=True, slots=True)
class Aligned:
    """Two estates that are answered about the same organizations.

    Parameters
    ----------
    before, after : Estate
        Copies, completed by each other.
    notes : tuple of str
        What was taken from the other side, in sentences.
    """

    before: Estate
    after: Estate
    notes: tuple[str, ...]


def align(before: Estate, after: Estate) -> Aligned:
    """Complete two estates by each other.

    Parameters
    ----------
    before, after : Estate
        As they were read.
    """
    notes: list[str] = []
    left, right = _organizations(before, after, notes)
    before = replace(before, organizations=left)
    after = replace(after, organizations=right)
    before, after = _trees(before, after, notes)
    return Aligned(_unique_ids(before, after), _unique_ids(after, before), tuple(notes))


def _organizations(
    before: Estate, after: Estate, notes: list[str]
) -> tuple[tuple[Organization, ...], tuple[Organization, ...]]:
    left = {organization.arn: organization for organization in before.organizations}
    right = {organization.arn: organization for organization in after.organizations}
    untagged: dict[str, list[str]] = {"before": [], "after": []}
    for arn in left.keys() & right.keys():
        old, new = left[arn], right[arn]
        if old.tags is None and new.tags is not None:
            left[arn] = replace(old, tags=new.tags)
            untagged["before"].append(new.label)
        elif new.tags is None and old.tags is not None:
            right[arn] = replace(new, tags=old.tags)
            untagged["after"].append(old.label)
    for side, labels in untagged.items():
        if labels:
            other = "after" if side == "before" else "before"
            notes.append(
                f"The {side} side does not list the tags of {_listed(labels)}: "
                f"those of the {other} side are taken for both."
            )
    return _sorted({**right, **left}.values()), _sorted({**left, **right}.values())


def _sorted(organizations: Iterable[Organization]) -> tuple[Organization, ...]:
    return tuple(sorted(organizations, key=lambda o: (o.stand_in, o.arn)))


def _trees(before: Estate, after: Estate, notes: list[str]) -> tuple[Estate, Estate]:
    """Give a side without AWS organization the ids of the other's, and none of its policies."""
    old, new = before.aws_organization, after.aws_organization
    if old is None and new is not None:
        notes.append(_tree_note("before", "after", new))
        return replace(before, aws_organization=_without_policies(new)), after
    if new is None and old is not None:
        notes.append(_tree_note("after", "before", old))
        return before, replace(after, aws_organization=_without_policies(old))
    return before, after


def _tree_note(side: str, other: str, tree: AwsOrganization) -> str:
    return (
        f"The {side} side describes no AWS organization: {tree.id or 'that'} of the {other} side is taken "
        f"for both, with its accounts; its service control policies count on the {other} side alone."
    )


def _without_policies(tree: AwsOrganization) -> AwsOrganization:
    targets = {name: replace(target, scps=(), rcps=()) for name, target in tree.targets.items()}
    return replace(tree, targets=targets, scps_in_use=False, rcps_in_use=False)


def _unique_ids(estate: Estate, other: Estate) -> Estate:
    """Return the estate with the unique ids of users that only the other one knows."""
    missing = {p.arn for p in estate.principals if p.kind is PrincipalKind.USER and not p.unique_id}
    known = {p.arn: p.unique_id for p in other.principals if p.arn in missing and p.unique_id}
    if not known:
        return estate

    def completed(principal: Principal) -> Principal:
        found = known.get(principal.arn)
        return replace(principal, unique_id=found) if found else principal

    return replace(estate, principals=tuple(completed(p) for p in estate.principals))


def _listed(labels: list[str]) -> str:
    shown = sorted(labels)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
