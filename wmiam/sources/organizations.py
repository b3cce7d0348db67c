"""What the ``aws organizations`` calls print: the tree, its policies, and their targets.

Source: AWS Organizations API Reference, the calls named in :data:`READINGS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from wmiam.estate.model import PolicyKind, TargetKind
from wmiam.sources.draft import MISSING
from wmiam.sources.entry import Entry
from wmiam.sources.page import Page, Reading, holds_list
from wmiam.sources.tree import POLICY_KINDS, target_kind

__all__ = ["READINGS"]

_ACCOUNT_FIELDS: Final = {
    "Id",
    "Arn",
    "Email",
    "Name",
    "Status",
    "State",
    "Paths",
    "JoinedMethod",
    "JoinedTimestamp",
}
_POLICY_FIELDS: Final = {"Id", "Arn", "Name", "Description", "Type", "AwsManaged"}
_ORGANIZATION_FIELDS: Final = {
    "Id",
    "Arn",
    "FeatureSet",
    "MasterAccountArn",
    "MasterAccountId",
    "MasterAccountEmail",
    "AvailablePolicyTypes",
}


def _read_organization(page: Page) -> None:
    entry = page.output.entry("Organization", "AWS organization")
    if entry is None:
        return
    entry.known(_ORGANIZATION_FIELDS)
    tree = page.draft.tree
    found = entry.need("Id")
    if tree.id and found and tree.id != found:
        page.draft.error(
            "two-aws-organizations",
            f"the input describes two AWS organizations, {tree.id} and {found}; the first counts",
            entry.origin("Id"),
            "read each AWS organization by itself",
        )
        return
    tree.id = found
    tree.management_account = entry.text("MasterAccountId")
    tree.origin = entry.origin()
    # AWS advises against AvailablePolicyTypes, which may be incomplete: it is no proof of absence.
    for item in entry.entries("AvailablePolicyTypes", "policy type"):
        kind = POLICY_KINDS.get(item.text("Type"))
        if kind is not None and item.text("Status") == "ENABLED":
            tree.in_use.setdefault(kind, True)
    if entry.text("FeatureSet") == "CONSOLIDATED_BILLING":
        tree.in_use.update(dict.fromkeys(POLICY_KINDS.values(), False))


def _read_roots(page: Page) -> None:
    tree = page.draft.tree
    for entry in page.output.entries("Roots", "root"):
        entry.known(("Id", "Arn", "Name", "PolicyTypes"))
        if _node(entry, name=entry.text("Name")) and "PolicyTypes" in entry.value:
            enabled = {
                item.text("Type")
                for item in entry.entries("PolicyTypes", "policy type")
                if item.text("Status") == "ENABLED"
            }
            tree.in_use.update({kind: name in enabled for name, kind in POLICY_KINDS.items()})


def _node(entry: Entry, *, key: str = "Id", name: str = "", parent: str = "") -> str:
    """Note the node that a record names by its id; return the id, or ``""`` where it is none."""
    target = entry.need(key)
    if target and entry.draft.tree.node(target, entry.origin(), name=name, parent=parent) is None:
        entry.draft.error(
            "bad-target-id",
            f"{target!r} is not the id of a root, an organizational unit or an account",
            entry.origin(key),
            "keep the records as AWS prints them",
        )
        return ""
    return target


def _read_path(entry: Entry, path: str, target: str) -> None:
    """Note what a path ``o-…/r-…/ou-…/`` says of the parents on it."""
    steps = [step for step in path.split("/") if target_kind(step) is not None]
    if steps and steps[-1] != target:
        steps.append(target)
    for parent, child in pairwise(steps):
        entry.draft.tree.node(parent, entry.origin())
        entry.draft.tree.node(child, entry.origin(), parent=parent)


def _read_unit(entry: Entry, parent: str) -> None:
    entry.known(("Id", "Arn", "Name", "Path"))
    target = _node(entry, name=entry.text("Name"), parent=parent)
    if target:
        _read_path(entry, entry.text("Path"), target)


def _read_units(page: Page) -> None:
    parent = page.parameter("ParentId")
    for entry in page.output.entries("OrganizationalUnits", "organizational unit"):
        _read_unit(entry, parent)
    page.listing("ParentId")


def _read_one_unit(page: Page) -> None:
    entry = page.output.entry("OrganizationalUnit", "organizational unit")
    if entry is not None:
        _read_unit(entry, "")


def _read_account(entry: Entry, parent: str) -> None:
    entry.known(_ACCOUNT_FIELDS)
    name = entry.text("Name")
    account = _node(entry, name=name, parent=parent)
    if account and target_kind(account) is TargetKind.ACCOUNT:
        entry.draft.account(account, entry.origin(), name=name, partition=_partition(entry))
        for path in entry.texts("Paths"):
            _read_path(entry, path, account)


def _partition(entry: Entry) -> str:
    parts = entry.text("Arn").split(":")
    return parts[1] if len(parts) > 5 else ""


def _read_accounts(page: Page) -> None:
    parent = page.parameter("ParentId")
    for entry in page.output.entries("Accounts", "account"):
        _read_account(entry, parent)
    page.listing("ParentId")


def _read_one_account(page: Page) -> None:
    entry = page.output.entry("Account", "account")
    if entry is not None:
        _read_account(entry, "")


def _read_parents(page: Page) -> None:
    child = page.need_parameter("ChildId")
    for entry in page.output.entries("Parents", "parent"):
        entry.known(("Id", "Type"))
        parent = _node(entry)
        if parent and child:
            page.draft.tree.node(child, page.output.origin(), parent=parent)


def _read_children(page: Page) -> None:
    parent = page.need_parameter("ParentId")
    for entry in page.output.entries("Children", "child"):
        entry.known(("Id", "Type"))
        _node(entry, parent=parent)
    page.listing("ParentId", "ChildType")


def _read_summary(entry: Entry) -> tuple[str, PolicyKind | None]:
    """Note a policy's id, name and kind; return the id and the kind, None for types without permissions."""
    entry.known(_POLICY_FIELDS)
    policy = entry.need("Id")
    written = entry.need("Type")
    kind = POLICY_KINDS.get(written)
    if written and kind is None:
        entry.draft.tree.others.add(policy)
        if entry.draft.is_first("policy-type-not-used", written):
            entry.draft.info(
                "policy-type-not-used",
                f"policies of type {written} decide on no request, and were not used",
                entry.origin("Type"),
            )
    if policy and kind is not None:
        entry.draft.tree.names[policy] = entry.text("Name", policy)
        entry.draft.tree.kinds[policy] = kind
    return policy, kind


def _read_policies(page: Page) -> None:
    for entry in page.output.entries("Policies", "policy"):
        _read_summary(entry)
    page.listing("Filter")


def _read_policies_for_target(page: Page) -> None:
    tree = page.draft.tree
    target = page.need_parameter("TargetId")
    asked = POLICY_KINDS.get(page.parameter("Filter"))
    kinds = {asked} if asked is not None else set()
    for entry in page.output.entries("Policies", "policy"):
        policy, kind = _read_summary(entry)
        if policy and kind is not None and target:
            tree.attach(policy, target, entry.origin())
            kinds.add(kind)
    if target and page.listing("TargetId", "Filter"):
        tree.known_targets.update((kind, target) for kind in kinds)


def _read_targets_for_policy(page: Page) -> None:
    tree = page.draft.tree
    policy = page.need_parameter("PolicyId")
    for entry in page.output.entries("Targets", "target"):
        entry.known(("TargetId", "Arn", "Name", "Type"))
        target = _node(entry, key="TargetId", name=entry.text("Name"))
        if policy and target:
            tree.attach(policy, target, entry.origin())
    if policy and page.listing("PolicyId"):
        tree.known_policies.add(policy)


def _read_policy(page: Page) -> None:
    entry = page.output.entry("Policy", "policy")
    summary = entry.entry("PolicySummary", "policy summary") if entry is not None else None
    if entry is None or summary is None:
        return
    entry.known(("PolicySummary", "Content"))
    policy, kind = _read_summary(summary)
    if policy and kind is not None:
        page.draft.tree.policies[policy] = page.draft.policy(
            entry.value.get("Content", MISSING),
            summary.text("Name", policy),
            kind,
            entry.origin("Content"),
            account="",
            arn=policy,
        )


def _holds_policies(output: Mapping[str, object]) -> bool:
    policies = output.get("Policies")
    if not isinstance(policies, list):
        return False
    return all(
        isinstance(policy, Mapping) and str(policy.get("Id", "")).startswith("p-") for policy in policies
    )


def _is_organization(output: Mapping[str, object]) -> bool:
    return isinstance(output.get("Organization"), Mapping)


def _is_policy(output: Mapping[str, object]) -> bool:
    policy = output.get("Policy")
    return isinstance(policy, Mapping) and "PolicySummary" in policy


def _is_unit(output: Mapping[str, object]) -> bool:
    return isinstance(output.get("OrganizationalUnit"), Mapping)


def _is_account(output: Mapping[str, object]) -> bool:
    account = output.get("Account")
    return isinstance(account, Mapping) and "Id" in account


#: The calls read here.  Where the output does not tell two calls apart, the parameters do.
READINGS: Final = (
    Reading("organizations describe-organization", _is_organization, _read_organization, ("Organization",)),
    Reading("organizations list-roots", holds_list("Roots"), _read_roots, ("Roots",)),
    Reading(
        "organizations list-organizational-units-for-parent",
        holds_list("OrganizationalUnits"),
        _read_units,
        ("OrganizationalUnits",),
    ),
    Reading("organizations describe-organizational-unit", _is_unit, _read_one_unit, ("OrganizationalUnit",)),
    Reading(
        "organizations list-accounts-for-parent",
        holds_list("Accounts", "ParentId"),
        _read_accounts,
        ("Accounts",),
    ),
    Reading("organizations list-accounts", holds_list("Accounts"), _read_accounts, ("Accounts",)),
    Reading("organizations describe-account", _is_account, _read_one_account, ("Account",)),
    Reading("organizations list-parents", holds_list("Parents"), _read_parents, ("Parents",)),
    Reading("organizations list-children", holds_list("Children"), _read_children, ("Children",)),
    Reading(
        "organizations list-policies-for-target",
        lambda output: "TargetId" in output and _holds_policies(output),
        _read_policies_for_target,
        ("Policies",),
    ),
    Reading("organizations list-policies", _holds_policies, _read_policies, ("Policies",)),
    Reading(
        "organizations list-targets-for-policy", holds_list("Targets"), _read_targets_for_policy, ("Targets",)
    ),
    Reading("organizations describe-policy", _is_policy, _read_policy, ("Policy",)),
)
