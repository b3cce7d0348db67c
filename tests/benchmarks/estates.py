"""Make an estate of some size from a seed: the files that an analyst would have collected.

    python tests/benchmarks/estates.py --principals 10000 --kind realistic --output FOLDER

The folder holds, for each account, what ``aws iam get-account-authorization-details`` prints
(every field, laid out as the AWS CLI does), the AWS Organizations tree with its service control
policies, and an inventory of WorkMail organizations with their tags and impersonation roles.  The
same seed gives the same bytes.

What is assumed, and why
------------------------
**Accounts.** One for each 5,000 principals: IAM allows 5,000 users in an account, and as many
roles on request.  Each account has the number of WorkMail organizations that was asked for, in three
regions, so that every principal meets all of them whatever the size; organizations of other
accounts are out of reach anyway.  The account numbers are placeholders of AWS's documentation.  The
management account is in the tree and has three emergency users.

**realistic.** Half of the principals are users, half are roles. A user is in one to three of 28
groups by job; those that come second and third are typical of the job. Roles come in families
(functions, tasks, instances, builds, deployments, people by IAM Identity Center, …), each with
its AWS managed policies and the policy of its application, in the stages dev, test and prod,
several copies of each; so one to four managed policies out of 60 customer and 23 AWS managed
ones. Four in a hundred have an inline policy of their own, eight in a hundred roles and two in a
hundred users a permissions boundary. Tags Team, Stage and CostCentre are on most principals.
About a fifth of the policies have to do with WorkMail, by name or by wildcard, and most
principals with none of them: in real accounts mail is a small matter. Conditions ask for MFA, its
age, addresses, dates, regions, transport, tags of principal, resource and request, impersonation
roles. Managed policies have one to four versions, of which one counts. The tree has three levels
(root, two units, accounts); the units and some accounts have service control policies of their
own.

**worst.** Users and roles as before, without groups, managed policies and boundaries. Every
principal has one inline policy about WorkMail with one to four statements; addresses, tag values,
times, ages, role ids and patterns are the statement's own, and no two policies are alike. Tree
and inventory are those of a realistic estate.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import estate_policies as content
from estate_organizations import MANAGEMENT, REGIONS, Record, date, inventory, tree
from estate_worst import worst_policy

__all__ = ["KINDS", "write_estate"]

KINDS = ("realistic", "worst")

#: Placeholder accounts of the AWS documentation.
ACCOUNTS = (
    *("444455556666", "123456789012", "777788889999", "555566667777", "999999999999", "111111111111"),
    *("222222222222", "333333333333", "444444444444", "555555555555", "666666666666", "777777777777"),
    *("888888888888", "210987654321", "112233445566", "121212121212", "012345678901", "123123123123"),
    *("222233334444", "333344445555", "666677778888", "888899990000", "987654321098", "999988887777"),
)
PER_ACCOUNT = 5000
# Placeholder names of the AWS documentation.
_FIRST = ("ana", "arnav", "carlos", "diego", "efua", "jane", "john", "kwaku", "li", "mary", "mateo", "nikki")
_LAST = ("desai", "doe", "jackson", "juan", "major", "mensah", "owusu", "ramirez", "salazar", "silva", "wolf")
_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _id(rng: random.Random, prefix: str) -> str:
    return prefix + "".join(rng.choices(_ID_LETTERS, k=17))


@dataclass(slots=True)
class _Account:
    """An account in the making."""

    rng: random.Random
    id: str
    kind: str
    organizations: list[str]
    first: int = 0
    managed: dict[str, content.Document] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    def arn(self, name: str) -> str:
        """Return the ARN of a managed policy of the account, or of AWS."""
        if name in self.managed:
            return f"arn:aws:iam::{self.id}:policy/{name}"
        return f"arn:aws:iam::aws:policy{content.AWS_MANAGED[name][0]}{name}"

    def attached(self, names: Iterator[str] | tuple[str, ...]) -> list[Record]:
        """Return the references to managed policies, each once."""
        found = list(dict.fromkeys(names))
        for name in found:
            self.used[name] = self.used.get(name, 0) + 1
        return [{"PolicyName": name, "PolicyArn": self.arn(name)} for name in found]

    def tags(self, team: str, stage: str | None) -> list[Record]:
        """Return the tags of a principal."""
        tags = [{"Key": "Team", "Value": team}]
        if stage is not None:
            tags.append({"Key": "Stage", "Value": stage})
        tags.append({"Key": "CostCentre", "Value": f"{4000 + 10 * content.TEAMS.index(team)}"})
        return tags

    def inline(self, name: str, number: int) -> list[Record]:
        """Return a principal's inline policies."""
        if self.kind == "worst":
            document = worst_policy(self.rng, number, self.organizations)
        elif self.rng.random() < 0.04:
            document = content.own_policy(self.rng, name, self.organizations)
        else:
            return []
        return [{"PolicyName": "Own", "PolicyDocument": document}]

    def boundary(self, share: float) -> Record:
        """Return the field of a permissions boundary for a share of principals."""
        if self.kind == "worst" or self.rng.random() >= share:
            return {}
        arn = self.arn(self.rng.choice(content.BOUNDARIES))
        return {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}}


def _user(account: _Account, number: int) -> Record:
    rng = account.rng
    name = f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}{number}"
    groups: list[str] = []
    if account.kind == "realistic":
        jobs = list(content.GROUPS)
        job = rng.choices(jobs, [len(jobs) / (3 + place) for place in range(len(jobs), 0, -1)])[0]
        others = content.GROUPS[job][1]
        wanted = rng.choices((0, 1, 2), (45, 38, 17))[0]
        groups = [job, *rng.sample(others, min(wanted, len(others)))]
    inline = account.inline(name, number)
    return {
        "Path": "/",
        "UserName": name,
        "UserId": _id(rng, "AIDA"),
        "Arn": f"arn:aws:iam::{account.id}:user/{name}",
        "CreateDate": date(rng),
        **({"UserPolicyList": inline} if inline else {}),
        "GroupList": groups,
        "AttachedManagedPolicies": [],
        **account.boundary(0.02),
        "Tags": account.tags(rng.choice(content.TEAMS), None) if rng.random() < 0.9 else [],
    }


def _trust(account: _Account, trusted: str) -> content.Document:
    statement: Record = {"Effect": "Allow"}
    match trusted:
        case "oidc":
            issuer = "token.actions.githubusercontent.com"
            statement["Principal"] = {"Federated": f"arn:aws:iam::{account.id}:oidc-provider/{issuer}"}
            statement["Action"] = "sts:AssumeRoleWithWebIdentity"
            statement["Condition"] = {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"}}
        case "saml":
            provider = f"arn:aws:iam::{account.id}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"
            statement["Principal"] = {"Federated": provider}
            statement["Action"] = ["sts:AssumeRoleWithSAML", "sts:TagSession"]
            statement["Condition"] = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
        case "account":
            statement["Principal"] = {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
            statement["Action"] = "sts:AssumeRole"
            statement["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        case _:
            statement["Principal"] = {"Service": trusted}
            statement["Action"] = "sts:AssumeRole"
    return content.document(statement)


def _role(account: _Account, number: int) -> Record:
    rng = account.rng
    family = rng.choices(list(content.FAMILIES), [row[3] for row in content.FAMILIES.values()])[0]
    path, trusted, policies, _ = content.FAMILIES[family]
    application = rng.choice(content.APPLICATIONS)
    # A stage more often means a copy of production's roles than something of its own.
    stage = rng.choice(content.STAGES)
    name = f"{application}-{stage}-{family}-{number}"
    if family == "sso":
        permission_set = rng.choice(list(content.PERMISSION_SETS))
        policies = content.PERMISSION_SETS[permission_set]
        name = f"AWSReservedSSO_{permission_set}_{number:016x}"
    elif family != "support":
        policies = (*policies, f"app-{application}")
    if application == "mailflow" and family.startswith("lambda"):
        policies = (*policies, "MailFlow")
    inline = account.inline(name, number)
    arn = f"arn:aws:iam::{account.id}"
    profiles = []
    if family == "instance":
        profiles.append(
            {
                "Path": "/",
                "InstanceProfileName": name,
                "InstanceProfileId": _id(rng, "AIPA"),
                "Arn": f"{arn}:instance-profile/{name}",
                "CreateDate": date(rng),
                "Roles": [],
            }
        )
    used = {"LastUsedDate": date(rng), "Region": rng.choice(REGIONS)} if rng.random() < 0.8 else {}
    return {
        "Path": path,
        "RoleName": name,
        "RoleId": _id(rng, "AROA"),
        "Arn": f"{arn}:role{path}{name}",
        "CreateDate": date(rng),
        "AssumeRolePolicyDocument": _trust(account, trusted),
        "InstanceProfileList": profiles,
        "RolePolicyList": inline,
        "AttachedManagedPolicies": account.attached(policies) if account.kind == "realistic" else [],
        **account.boundary(0.08),
        "Tags": account.tags(content.TEAMS[len(application) % len(content.TEAMS)], stage),
        "RoleLastUsed": used,
    }


def _group(account: _Account, name: str) -> Record:
    return {
        "Path": "/",
        "GroupName": name,
        "GroupId": _id(account.rng, "AGPA"),
        "Arn": f"arn:aws:iam::{account.id}:group/{name}",
        "CreateDate": date(account.rng),
        "GroupPolicyList": [],
        "AttachedManagedPolicies": account.attached(content.GROUPS[name][0]),
    }


def _managed_policy(account: _Account, name: str) -> Record:
    rng, own = account.rng, name in account.managed
    document = account.managed[name] if own else content.AWS_MANAGED[name][1]
    latest = rng.randint(1, 4) if own else 1
    versions = [
        {
            # Older versions said less.
            "Document": content.document(*document["Statement"][: len(document["Statement"]) - latest + at])
            if at < latest
            else document,
            "VersionId": f"v{at}",
            "IsDefaultVersion": at == latest,
            "CreateDate": date(rng),
        }
        for at in range(latest, 0, -1)
        if at == latest or len(document["Statement"]) > latest - at
    ]
    return {
        "PolicyName": name,
        "PolicyId": _id(rng, "ANPA"),
        "Arn": account.arn(name),
        "Path": "/" if own else content.AWS_MANAGED[name][0],
        "DefaultVersionId": f"v{latest}",
        "AttachmentCount": account.used.get(name, 0),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": date(rng),
        "UpdateDate": date(rng),
        "PolicyVersionList": versions,
    }


def _service_linked_role(account: _Account) -> Record:
    name, service = "AWSServiceRoleForAmazonWorkMailEvents", "events.workmail.amazonaws.com"
    path = f"/aws-service-role/{service}/"
    return {
        "Path": path,
        "RoleName": name,
        "RoleId": _id(account.rng, "AROA"),
        "Arn": f"arn:aws:iam::{account.id}:role{path}{name}",
        "CreateDate": date(account.rng),
        "AssumeRolePolicyDocument": _trust(account, service),
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": account.attached(("AmazonWorkMailEventsServiceRolePolicy",)),
        "Tags": [],
        "RoleLastUsed": {},
    }


def _details(account: _Account, principals: int, roles: int | None) -> Record:
    """Return an account's authorization details."""
    account.managed = content.customer_policies(account.rng, account.id, account.organizations)
    worst = account.kind == "worst"
    if worst:
        account.managed = {}
    users = (principals + 1) // 2 if roles is None else principals - roles
    user_list = [_user(account, account.first + at) for at in range(users)]
    role_list = [_role(account, account.first + at) for at in range(users, principals - 1)]
    role_list += [_service_linked_role(account)] if principals > 1 else []
    groups = [] if worst else [_group(account, name) for name in content.GROUPS]
    names = [*account.managed, *content.AWS_MANAGED]
    attached = [name for name in names if name in account.managed or name in account.used]
    return {
        "UserDetailList": user_list,
        "GroupDetailList": groups,
        "RoleDetailList": role_list,
        "Policies": [_managed_policy(account, name) for name in attached],
    }


def _management(rng: random.Random) -> Record:
    """Return the authorization details of the management account: emergency users alone."""
    account = _Account(rng, MANAGEMENT, "realistic", [])
    users = []
    for number in range(3):
        name = f"emergency{number}"
        users.append(
            {
                "Path": "/",
                "UserName": name,
                "UserId": _id(rng, "AIDA"),
                "Arn": f"arn:aws:iam::{MANAGEMENT}:user/{name}",
                "CreateDate": date(rng),
                "GroupList": [],
                "AttachedManagedPolicies": account.attached(("AdministratorAccess",)),
                "Tags": [],
            }
        )
    policies = [_managed_policy(account, "AdministratorAccess")]
    return {"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": policies}


def write_estate(
    folder: Path,
    principals: int,
    kind: str = "realistic",
    *,
    organizations: int = 100,
    roles: int | None = None,
    seed: int = 1,
    progress: Callable[[str], object] = lambda _name: None,
) -> list[Path]:
    """Write the files of an estate, and return them; authorization details first.

    Parameters
    ----------
    folder : Path
        An empty folder, or one that does not exist.
    principals : int
        Number of users and roles, beside three emergency users of the management account; at
        most 5,000 for each of 24 accounts.
    kind : str
        One of :data:`KINDS`.
    organizations : int
        Number of WorkMail organizations in each account.
    roles : int, optional
        How many of the principals are roles, in equal shares of the accounts' principals; by
        default half of them.
    seed : int
        What everything is drawn from.
    progress : callable
        Told the name of each file when it is written.

    Raises
    ------
    ValueError
        If there are not accounts enough, or the kind is not known.
    """
    if kind not in KINDS or not 1 <= principals <= PER_ACCOUNT * len(ACCOUNTS) or organizations < 1:
        raise ValueError(f"no estate of {principals} principals and {organizations} organizations, {kind!r}")
    if roles is not None and not 0 < roles < principals:
        raise ValueError(f"no estate of {principals} principals, {roles} of them roles")
    rng = random.Random(f"{seed} {kind} {principals} {organizations}")
    sizes = [min(PER_ACCOUNT, principals - start) for start in range(0, principals, PER_ACCOUNT)]
    accounts = list(islice(ACCOUNTS, len(sizes)))
    written: list[Path] = []
    later: list[tuple[str, Any]] = [
        (f"organizations/{name}.json", data) for name, data in tree(accounts).items()
    ]

    def write(name: str, data: Any) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=4) + "\n", encoding="utf-8", newline="\n")
        written.append(path)
        progress(name)

    for number, (account, size) in enumerate(zip(accounts, sizes, strict=True)):
        arns, calls = inventory(rng, account, organizations)
        later.append((f"workmail/{account}.json", calls))
        making = _Account(rng, account, kind, arns, number * PER_ACCOUNT)
        share = None if roles is None else roles * size // principals
        write(f"iam/{account}/authorization-details.json", _details(making, size, share))
    write(f"iam/{MANAGEMENT}/authorization-details.json", _management(rng))
    for name, data in later:
        write(name, data)
    return written


def main() -> None:
    """Write an estate into a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--principals", type=int, default=10_000)
    parser.add_argument("--organizations", type=int, default=100, help="in each account (default: 100)")
    parser.add_argument("--roles", type=int, help="how many of the principals are roles (default: half)")
    parser.add_argument("--kind", choices=KINDS, default="realistic")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    files = write_estate(
        given.output,
        given.principals,
        given.kind,
        organizations=given.organizations,
        roles=given.roles,
        seed=given.seed,
    )
    print(f"{sum(path.stat().st_size for path in files) / 1e6:.1f} MB in {len(files)} files")


if __name__ == "__main__":
    main()
