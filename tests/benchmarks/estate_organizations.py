"""What stands around the accounts of an estate: the AWS Organizations tree, and the WorkMail organizations."""

from __future__ import annotations

import json
import random
from typing import Any

import estate_policies as content

__all__ = ["MANAGEMENT", "REGIONS", "Record", "date", "inventory", "tree"]

Record = dict[str, Any]

ORGANIZATION = "o-a1b2c3d4e5"
MANAGEMENT = "111122223333"
REGIONS = ("eu-west-1", "us-east-1", "us-west-2")
UNITS = {"workloads": "ou-ab12-w7k2m9qd", "corporate": "ou-ab12-c3r9p0rt"}
_HEX = "0123456789abcdef"

#: Service control policies beside ``FullAWSAccess``, with the node of the tree that has them.
SCPS: dict[str, tuple[str, content.Document]] = {
    "AllowedRegions": (
        "root",
        content.document(
            {
                "Effect": "Deny",
                "NotAction": [
                    "iam:*",
                    "sts:*",
                    "organizations:*",
                    "route53:*",
                    "support:*",
                    "workmail:ListOrganizations",
                ],
                "Resource": "*",
                "Condition": {
                    "StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1", "us-west-2"]},
                    "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BreakGlass"},
                },
            },
        ),
    ),
    "ProtectMail": (
        "workloads",
        content.document(
            content.deny(
                [
                    "workmail:DeleteOrganization",
                    "workmail:*RetentionPolicy",
                    "workmail:*EmailMonitoringConfiguration",
                ],
                "*",
                {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BreakGlass"}},
            ),
        ),
    ),
    "NoRootUser": (
        "workloads",
        content.document(content.deny("*", "*", {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}})),
    ),
    "NoExport": (
        "account",
        content.document(
            content.deny("workmail:StartMailboxExportJob", "*", {"Null": {"aws:MultiFactorAuthAge": "true"}})
        ),
    ),
}


def date(rng: random.Random) -> str:
    """Return a moment as the AWS CLI prints it."""
    day, hour, minute = rng.randint(1, 28), rng.randrange(24), rng.randrange(60)
    return f"20{rng.randint(19, 26)}-{rng.randint(1, 10):02}-{day:02}T{hour:02}:{minute:02}:{rng.randrange(60):02}+00:00"


def inventory(rng: random.Random, account: str, number: int) -> tuple[list[str], list[Record]]:
    """Return the ARNs of an account's WorkMail organizations, and the calls that tell of them."""
    arns: list[str] = []
    calls: list[Record] = []
    for region_number, region in enumerate(REGIONS):
        place = {"Region": region, "Account": account}
        summaries: list[Record] = []
        for index in range(region_number, number, len(REGIONS)):
            identifier = "m-" + "".join(rng.choices(_HEX, k=32))
            arn = f"arn:aws:workmail:{region}:{account}:organization/{identifier}"
            arns.append(arn)
            alias = f"mail-{account[:4]}-{index}"
            summaries.append(
                {
                    "OrganizationId": identifier,
                    "Alias": alias,
                    "DefaultMailDomain": f"{alias}.example.com",
                    "State": "Active",
                }
            )
            team = rng.choice(content.TEAMS)
            tags = {
                "Team": team,
                "Stage": rng.choices(content.STAGES, (1, 1, 4))[0],
                "DataClass": rng.choices(("internal", "executive", "test"), (8, 1, 1))[0],
                "CostCentre": f"{4000 + 10 * content.TEAMS.index(team)}",
            }
            shown = [{"Key": key, "Value": value} for key, value in tags.items()]
            calls.append(_call("list-tags-for-resource", {"ResourceARN": arn, **place}, {"Tags": shown}))
            roles = [
                {
                    "ImpersonationRoleId": f"{index:08x}-4e5f-4a6b-8c7d-{int(account):012x}",
                    "Name": "Migration",
                    "Type": rng.choice(("FULL_ACCESS", "READ_ONLY")),
                    "DateCreated": date(rng),
                    "DateModified": date(rng),
                }
            ]
            parameters = {"OrganizationId": identifier, **place}
            found = roles if rng.random() < 0.3 else []
            calls.append(_call("list-impersonation-roles", parameters, {"Roles": found}))
        calls.append(_call("list-organizations", place, {"OrganizationSummaries": summaries}))
    return arns, calls


def _call(name: str, parameters: Record, output: Record) -> Record:
    return {"Call": name, "Parameters": parameters, "Output": output}


def tree(accounts: list[str]) -> dict[str, Any]:
    """Return the files of the AWS Organizations tree by name."""
    base = f"arn:aws:organizations::{MANAGEMENT}"
    root = "r-ab12"
    nodes = {"root": [root], **{name: [unit] for name, unit in UNITS.items()}, "account": accounts[::3]}

    def account_record(account: str) -> Record:
        return {
            "Id": account,
            "Arn": f"{base}:account/{ORGANIZATION}/{account}",
            "Email": f"aws-{account}@example.com",
            "Name": f"Account {account}",
            "Status": "ACTIVE",
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": "2019-05-27T09:00:36.115000+00:00",
        }

    def target(node: str) -> Record:
        kind = {"r": "ROOT", "o": "ORGANIZATIONAL_UNIT"}.get(node[0], "ACCOUNT")
        word = {"ROOT": "root", "ORGANIZATIONAL_UNIT": "ou"}.get(kind, "account")
        return {"TargetId": node, "Arn": f"{base}:{word}/{ORGANIZATION}/{node}", "Name": node, "Type": kind}

    # Accounts lie in two units by turns; FullAWSAccess is everywhere, as AWS attaches it.
    members = {root: [MANAGEMENT], UNITS["workloads"]: accounts[::2], UNITS["corporate"]: accounts[1::2]}
    everywhere = [root, *UNITS.values(), MANAGEMENT, *accounts]
    policies: dict[str, tuple[str, list[str], content.Document]] = {
        "FullAWSAccess": ("p-FullAWSAccess", everywhere, content.document(content.allow("*")))
    }
    for number, (name, (place, document)) in enumerate(SCPS.items()):
        policies[name] = (f"p-scp{number:05}", nodes[place], document)
    files: dict[str, Any] = {
        "describe-organization": {
            "Organization": {
                "Id": ORGANIZATION,
                "Arn": f"{base}:organization/{ORGANIZATION}",
                "FeatureSet": "ALL",
                "MasterAccountArn": f"{base}:account/{ORGANIZATION}/{MANAGEMENT}",
                "MasterAccountId": MANAGEMENT,
                "MasterAccountEmail": "aws-management@example.com",
                "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
            }
        },
        "list-roots": {
            "Roots": [
                {
                    "Id": root,
                    "Arn": f"{base}:root/{ORGANIZATION}/{root}",
                    "Name": "Root",
                    "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
                }
            ]
        },
        "list-organizational-units-for-parent": [
            _call(
                "list-organizational-units-for-parent",
                {"ParentId": parent},
                {
                    "OrganizationalUnits": [
                        {"Id": unit, "Arn": f"{base}:ou/{ORGANIZATION}/{unit}", "Name": name}
                        for name, unit in UNITS.items()
                        if parent == root
                    ]
                },
            )
            for parent in members
        ],
        "list-accounts": {"Accounts": [account_record(one) for one in (MANAGEMENT, *accounts)]},
        "list-accounts-for-parent": [
            _call(
                "list-accounts-for-parent",
                {"ParentId": parent},
                {"Accounts": [account_record(a) for a in inside]},
            )
            for parent, inside in members.items()
        ],
        "list-targets-for-policy": [
            _call(
                "list-targets-for-policy", {"PolicyId": identifier}, {"Targets": [target(n) for n in found]}
            )
            for identifier, found, _ in policies.values()
        ],
    }
    for name, (identifier, _, document) in policies.items():
        summary = {
            "Id": identifier,
            "Arn": f"{base}:policy/{ORGANIZATION}/service_control_policy/{identifier}",
            "Name": name,
            "Description": name,
            "Type": "SERVICE_CONTROL_POLICY",
            "AwsManaged": name == "FullAWSAccess",
        }
        files[f"policy-{name}"] = {"Policy": {"PolicySummary": summary, "Content": json.dumps(document)}}
    return files
