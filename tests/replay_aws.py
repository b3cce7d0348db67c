"""A stand-in for the AWS CLI that answers the calls of README.md from the sample estate.

It knows the options that these calls use, ``--query`` and ``--output text``, and
fails on everything else, so that a call that AWS would not understand as written
does not pass.  ``REPLAY_DATA`` is the estate's folder, ``REPLAY_ACCOUNT`` whose
credentials are in use.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

DATA = Path(os.environ["REPLAY_DATA"])
ACCOUNT = os.environ["REPLAY_ACCOUNT"]
#: Calls whose output says what it is about, with the folder of the files that hold it.
PLAIN = {
    ("organizations", "describe-organization"): "organizations/describe-organization.json",
    ("organizations", "list-roots"): "organizations/list-roots.json",
    ("organizations", "list-accounts"): "organizations/list-accounts.json",
}


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def wrapped(folder: str, call: str, **parameters: str) -> Any:
    """Return the output of a call that the sample keeps with its parameters around it."""
    for path in sorted((DATA / folder).rglob(f"{call}.json")):
        content = read(path)
        for item in content if isinstance(content, list) else [content]:
            given = item["Parameters"]
            if all(given[name] == value for name, value in parameters.items()):
                return item["Output"]
    raise SystemExit(f"no such call in the sample: {call} {parameters}")


def details() -> Any:
    pages = [read(path) for path in sorted((DATA / "iam" / ACCOUNT).glob("*.json"))]
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    return {name: [entry for page in pages for entry in page[name]] for name in lists}


def policies() -> list[Any]:
    return [read(path) for path in sorted((DATA / "organizations" / "policies").glob("*.json"))]


def iam_or_sts(service: str, call: str) -> Any:
    if (service, call) == ("sts", "get-caller-identity"):
        return {"Account": ACCOUNT}
    if (service, call) == ("iam", "get-account-authorization-details"):
        return details()
    return None


def organizations(call: str, options: argparse.Namespace) -> Any:
    if call in ("list-accounts-for-parent", "list-organizational-units-for-parent"):
        return wrapped("organizations", call, ParentId=options.parent_id)
    if call == "list-targets-for-policy":
        return wrapped("organizations", call, PolicyId=options.policy_id)
    summaries = [policy["Policy"]["PolicySummary"] for policy in policies()]
    if call == "list-policies":
        return {"Policies": [summary for summary in summaries if summary["Type"] == options.filter]}
    if call == "describe-policy":
        (found,) = (p for p in policies() if p["Policy"]["PolicySummary"]["Id"] == options.policy_id)
        return found
    return None


def workmail(call: str, options: argparse.Namespace) -> Any:
    folder = f"workmail/{ACCOUNT}"
    if call == "list-organizations":
        return wrapped(folder, call, Region=options.region)
    if call == "describe-organization":
        outputs = [read(path) for path in sorted((DATA / folder).rglob(f"{call}.json"))]
        (found,) = (o for o in outputs if o["OrganizationId"] == options.organization_id)
        return found
    if call == "list-tags-for-resource":
        return wrapped(folder, call, ResourceARN=options.resource_arn)
    if call == "list-impersonation-roles":
        return wrapped(folder, call, OrganizationId=options.organization_id)
    if call == "get-impersonation-role":
        return wrapped(
            folder,
            call,
            OrganizationId=options.organization_id,
            ImpersonationRoleId=options.impersonation_role_id,
        )
    return None


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("service")
    parser.add_argument("call")
    for name in ("region", "parent-id", "policy-id", "filter", "organization-id", "resource-arn"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--impersonation-role-id")
    parser.add_argument("--query")
    parser.add_argument("--output", choices=("json", "text"), default="json")
    options = parser.parse_args()
    service, call = options.service, options.call
    if (service, call) in PLAIN:
        output = read(DATA / PLAIN[service, call])
    elif service == "organizations":
        output = organizations(call, options)
    elif service == "workmail":
        output = workmail(call, options)
    else:
        output = iam_or_sts(service, call)
    if output is None:
        raise SystemExit(f"aws: no such call: {service} {call}")
    if options.query:
        import jmespath

        output = jmespath.search(options.query, output)
    if options.output == "text":
        print("\t".join(output) if isinstance(output, list) else output)
    else:
        print(json.dumps(output, indent=4))


if __name__ == "__main__":
    main()
