"""How long reading account authorization details takes, and how much memory.

    python tests/benchmarks/read_authorization_details.py --megabytes 50

A file is made from a seed: users, groups, roles and managed policies, most of
whose documents are shared, as in real accounts; with ``--distinct`` no two
inline documents are equal.  Each measurement runs in a process of its own.
Memory is the process's peak resident set less what it had before it read.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
ACTIONS = (
    "workmail:ListUsers",
    "workmail:DescribeUser",
    "workmail:ResetPassword",
    "workmail:PutMailboxPermissions",
    "workmail:List*",
    "s3:GetObject",
    "s3:PutObject",
    "ec2:DescribeInstances",
    "logs:FilterLogEvents",
    "kms:Decrypt",
)
SHARED_DOCUMENTS = 40


def document(rng: random.Random) -> dict[str, Any]:
    """Return a policy document of some statements."""
    statements = [
        {
            "Sid": f"Statement{rng.randrange(10**6)}",
            "Effect": "Deny" if rng.random() < 0.1 else "Allow",
            "Action": rng.sample(ACTIONS, rng.randint(1, 5)),
            "Resource": rng.choice(
                ["*", f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/*", "arn:aws:s3:::example-bucket/*"]
            ),
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        }
        for _ in range(rng.randint(1, 4))
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def records(rng: random.Random, distinct: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield detail records without end, each with the list that it belongs to."""
    shared = [document(rng) for _ in range(SHARED_DOCUMENTS)]
    arn = f"arn:aws:iam::{ACCOUNT}"
    date = "2024-05-01T08:00:00+00:00"
    number = 0
    while True:
        number += 1
        inline = document(rng) if distinct or rng.random() < 0.02 else rng.choice(shared)
        attached = [
            {"PolicyName": f"Policy{n}", "PolicyArn": f"{arn}:policy/Policy{n}"}
            for n in rng.sample(range(60), 2)
        ]
        common = {"Path": "/", "CreateDate": date, "AttachedManagedPolicies": attached}
        tags = [{"Key": "Team", "Value": rng.choice(["Mail", "Web", "Data"])}]
        if number <= 60:
            version = {"Document": rng.choice(shared), "VersionId": "v1", "IsDefaultVersion": True}
            name = f"Policy{number - 1}"
            policy = {"PolicyName": name, "Arn": f"{arn}:policy/{name}", "PolicyVersionList": [version]}
            yield "Policies", policy
        elif number <= 80:
            name = f"Group{number - 61}"
            inlines = [{"PolicyName": "Inline", "PolicyDocument": inline}]
            group = {"GroupName": name, "Arn": f"{arn}:group/{name}", "GroupPolicyList": inlines}
            yield "GroupDetailList", common | group
        elif number % 2:
            name = f"user{number}"
            user = {
                "UserName": name,
                "UserId": f"AIDA{number:017}",
                "Arn": f"{arn}:user/{name}",
                "UserPolicyList": [{"PolicyName": "Inline", "PolicyDocument": inline}],
                "GroupList": [f"Group{rng.randrange(20)}"],
                "Tags": tags,
            }
            yield "UserDetailList", common | user
        else:
            name = f"Role{number}"
            trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
            trust = {"Version": "2012-10-17", "Statement": [trusted | {"Action": "sts:AssumeRole"}]}
            role = {
                "RoleName": name,
                "RoleId": f"AROA{number:017}",
                "Arn": f"{arn}:role/{name}",
                "AssumeRolePolicyDocument": trust,
                "InstanceProfileList": [],
                "RolePolicyList": [{"PolicyName": "Inline", "PolicyDocument": inline}],
                "Tags": tags,
            }
            yield "RoleDetailList", common | role


def write(path: Path, megabytes: float, seed: int = 1, distinct: bool = False) -> None:
    """Write authorization details of about a size, laid out as the AWS CLI does."""
    size = 0
    lists: dict[str, list[str]] = {}
    for name, record in records(random.Random(seed), distinct):
        text = json.dumps(record, indent=4).replace("\n", "\n" + " " * 8)
        lists.setdefault(name, []).append(" " * 8 + text)
        size += len(text) + 10
        if size >= megabytes * 1e6 and len(lists) == 4:
            break
    parts = [f'    "{name}": [\n' + ",\n".join(items) + "\n    ]" for name, items in lists.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def measure(path: Path, reader: str) -> dict[str, float]:
    """Read a file once in this process; return seconds and peak memory in bytes."""
    if reader == "wmiam":
        from wmiam.sources import load

        def read() -> object:
            return load(path, progress=False)
    else:

        def read() -> object:
            return json.loads(path.read_bytes())

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    kept = read()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    del kept
    return {"seconds": seconds, "peak_bytes": (peak - before) * 1024.0}


def in_process(path: Path, reader: str, runs: int) -> dict[str, float]:
    """Return the fastest and the leanest of several measurements, each in a process of its own."""
    found: list[dict[str, float]] = []
    for _ in range(runs):
        command = [sys.executable, __file__, "--measure", reader, str(path)]
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    return {key: min(one[key] for one in found) for key in found[0]}


def main() -> None:
    """Print the figures as a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--megabytes", type=float, default=50.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--distinct", action="store_true", help="no two inline documents are equal")
    parser.add_argument("--measure", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the file and measure nothing")
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(Path(given.measure[1]), given.measure[0])))
        return
    if given.write:
        write(given.write, given.megabytes, given.seed, given.distinct)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "authorization-details.json"
        # In a process of its own: a child starts with the peak that its parent had.
        command = [sys.executable, __file__, *sys.argv[1:], "--write", str(path)]
        subprocess.run(command, check=True)
        size = path.stat().st_size
        ours, plain = (in_process(path, reader, given.runs) for reader in ("wmiam", "json"))
    figures = {
        "megabytes": size / 1e6,
        "seconds": ours["seconds"],
        "json_loads_seconds": plain["seconds"],
        "times_json_loads": ours["seconds"] / plain["seconds"],
        "peak_times_size": ours["peak_bytes"] / size,
        "json_loads_peak_times_size": plain["peak_bytes"] / size,
    }
    print(json.dumps({key: round(value, 3) for key, value in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
