"""Other evaluators beside ours, on cells of the same estate: how many decisions a second, and the same ones?

The peers are those that decide a request against given policies without asking AWS:

- iam-simulate (npm, TypeScript), called in process by ``peer_iam_simulate.mjs``: with its
  checks (``runSimulation``) and without (``runUnsafeSimulation``);
- Principal Mapper (PyPI, Python), called in process by ``peer_principal_mapper.py``;
- our own reference, :func:`wmiam.engine.decide.decide`.

Each is installed in a version that is named here into a temporary folder, is called once for every request
to warm up, and is then timed over all of them, one after the other; making the requests is not
timed.  Half of the cells are drawn from all cells alike, half from principals that may do
something in WorkMail, and each cell comes with one complete request context.  What is not
installed here, or does not install, is left out and named.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wmiam import load
from wmiam.access import Access
from wmiam.catalog import Action
from wmiam.engine.decide import PolicySet, decide
from wmiam.engine.request import Request
from wmiam.estate.model import PrincipalKind
from wmiam.policy.model import PolicyDocument, PolicyType
from wmiam.policy.parse import parse_document

__all__ = ["compare"]

IAM_SIMULATE = "@cloud-copilot/iam-simulate@0.1.173"
PRINCIPAL_MAPPER = "principalmapper==1.1.5"
HERE = Path(__file__).parent

Figures = dict[str, Any]


class Raw:
    """The policy documents of an estate of :mod:`estates`, as they stand in its files.

    Parameters
    ----------
    folder : pathlib.Path
        The estate.
    """

    def __init__(self, folder: Path) -> None:
        self.documents: list[Any] = []
        self._index: dict[str, int] = {}
        self._managed: dict[tuple[str, str], int] = {}
        self._groups: dict[tuple[str, str], list[list[Any]]] = {}
        self.principals: dict[str, dict[str, Any]] = {}
        self.scps: dict[str, list[list[int]]] = {}
        for path in sorted(folder.glob("iam/*/*.json")):
            self._read_account(path.parent.name, json.loads(path.read_text(encoding="utf-8")))
        self._read_tree(folder / "organizations")

    def _add(self, document: Any) -> int:
        text = json.dumps(document)
        if text not in self._index:
            self._index[text] = len(self.documents)
            self.documents.append(document)
        return self._index[text]

    def _read_account(self, account: str, details: Any) -> None:
        for policy in details["Policies"]:
            document = next(v["Document"] for v in policy["PolicyVersionList"] if v["IsDefaultVersion"])
            self._managed[account, policy["Arn"]] = self._add(document)
        for group in details["GroupDetailList"]:
            self._groups[account, group["GroupName"]] = list(self._attached(account, group, "Group"))
        for kind, key in (("User", "UserDetailList"), ("Role", "RoleDetailList")):
            for record in details[key]:
                identity = list(self._attached(account, record, kind))
                for name in record.get("GroupList", ()):
                    identity += self._groups[account, name]
                boundary = record.get("PermissionsBoundary")
                self.principals[record["Arn"]] = {
                    "identity": identity,
                    "boundary": None
                    if boundary is None
                    else self._managed[account, boundary["PermissionsBoundaryArn"]],
                }

    def _attached(self, account: str, record: Any, kind: str) -> Iterator[list[Any]]:
        for policy in record.get(f"{kind}PolicyList", ()):
            yield [policy["PolicyName"], self._add(policy["PolicyDocument"])]
        for policy in record["AttachedManagedPolicies"]:
            yield [policy["PolicyName"], self._managed[account, policy["PolicyArn"]]]

    def _read_tree(self, folder: Path) -> None:
        contents: dict[str, int] = {}
        for path in folder.glob("policy-*.json"):
            policy = json.loads(path.read_text(encoding="utf-8"))["Policy"]
            contents[policy["PolicySummary"]["Id"]] = self._add(json.loads(policy["Content"]))
        attached: dict[str, list[int]] = {}
        for call in json.loads((folder / "list-targets-for-policy.json").read_text(encoding="utf-8")):
            for target in call["Output"]["Targets"]:
                attached.setdefault(target["TargetId"], []).append(contents[call["Parameters"]["PolicyId"]])
        root = next(node for node in attached if node.startswith("r-"))
        for call in json.loads((folder / "list-accounts-for-parent.json").read_text(encoding="utf-8")):
            parent = call["Parameters"]["ParentId"]
            levels = [attached[root]] if parent == root else [attached[root], attached[parent]]
            for account in call["Output"]["Accounts"]:
                # The management account stands below the root, and no SCP limits it.
                self.scps[account["Id"]] = [] if parent == root else [*levels, attached[account["Id"]]]


def _action(access: Access, name: str) -> Action:
    found = access.catalog.get(name)
    assert found is not None
    return found


def _context(rng: random.Random, access: Access, principal: Any, action: str, organization: Any) -> Figures:
    """Return a complete context of a request."""
    moment = rng.choice((1_795_000_000, 1_799_000_000, 1_806_000_000, 1_850_000_000))
    context: Figures = {
        "aws:CurrentTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
        "aws:EpochTime": str(moment),
        "aws:SecureTransport": rng.choice(("true", "true", "true", "false")),
        "aws:RequestedRegion": organization.region,
        "aws:SourceIp": rng.choice(("192.0.2.17", "198.51.100.3", "203.0.113.9", "2001:db8:1200::7")),
        "aws:ViaAWSService": "false",
        "aws:UserAgent": rng.choice(("aws-cli/2.31", "tool-12/1.0")),
    }
    # Long-term keys carry no MFA keys at all, temporary credentials do.
    if principal.is_role or rng.random() < 0.6:
        mfa = rng.random() < 0.6
        context["aws:MultiFactorAuthPresent"] = "true" if mfa else "false"
        if mfa:
            context["aws:MultiFactorAuthAge"] = rng.choice(("60", "1800", "7200"))
    carries = _action(access, action).carries
    if carries("aws:TagKeys"):
        tags = rng.choice(({}, {"Team": "web"}, {"Team": "web", "CostCentre": "4000"}, {"Other": "x"}))
        if tags:
            context["aws:TagKeys"] = list(tags)
        context |= {
            f"aws:RequestTag/{key}": value for key, value in tags.items() if carries(f"aws:RequestTag/{key}")
        }
    if carries("workmail:ImpersonationRoleId"):
        context["workmail:ImpersonationRoleId"] = rng.choice(
            ("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "other")
        )
    return context


def _known(access: Access, principal: Any, organization: Any) -> Figures:
    """Return the context keys that principal and organization decide."""
    tree = access.estate.aws_organization
    known = {
        "aws:PrincipalArn": principal.arn,
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalOrgID": tree.id if tree is not None else "",
        "aws:PrincipalType": "AssumedRole" if principal.is_role else "User",
        "aws:ResourceAccount": organization.account,
    }
    if not principal.is_role:
        known["aws:username"] = principal.name
    known |= {f"aws:PrincipalTag/{key}": value for key, value in principal.tags}
    return known | {f"aws:ResourceTag/{key}": value for key, value in organization.tags or ()}


def sample(folder: Path, access: Access, cells: int, seed: int) -> Figures:
    """Return requests for a sample of cells, with the policies that count for each.

    Parameters
    ----------
    folder : pathlib.Path
        The estate's files.
    access : Access
        Its evaluation.
    cells : int
        How many.
    seed : int
        What they are drawn from.
    """
    rng = random.Random(f"{seed} peers")
    raw = Raw(folder)
    kinds = (PrincipalKind.USER, PrincipalKind.ROLE)
    everyone = [one for one in access.principals if one.kind in kinds and one.account != "111122223333"]
    able = [one for one in everyone if access.whole.class_of[one.arn].groups]
    owned: dict[str, list[Any]] = {}
    for organization in access.organizations:
        if not organization.stand_in:
            owned.setdefault(organization.account, []).append(organization)
    actions = access.find_actions("workmail:*")
    requests = []
    for number in range(cells):
        principal = rng.choice(everyone if number % 2 == 0 or not able else able)
        organization = rng.choice(owned[principal.account])
        action = rng.choice(actions)
        wildcard = _action(access, action).wildcard_only
        given = _context(rng, access, principal, action, organization)
        known = _known(access, principal, organization)
        if wildcard:
            known = {key: value for key, value in known.items() if not key.startswith("aws:Resource")}
        requests.append(
            {
                "principal": principal.arn,
                "account": principal.account,
                "action": action,
                "resource": "*" if wildcard else organization.arn,
                "organization": None if wildcard else organization.arn,
                "given": given,
                "context": {**given, **known},
                "scps": raw.scps[principal.account],
                **raw.principals[principal.arn],
            }
        )
    return {"documents": raw.documents, "requests": requests}


def _reference(sampled: Figures) -> Figures:
    """Return the answers of our reference, and its seconds."""
    parsed: dict[tuple[int, PolicyType], PolicyDocument] = {}

    def document(index: int, kind: PolicyType) -> PolicyDocument:
        if (index, kind) not in parsed:
            parsed[index, kind] = parse_document(sampled["documents"][index], kind)
        return parsed[index, kind]

    made = []
    for one in sampled["requests"]:
        boundary = one["boundary"]
        policies = PolicySet(
            identity=[document(index, PolicyType.IDENTITY) for _, index in one["identity"]],
            boundary=None if boundary is None else document(boundary, PolicyType.BOUNDARY),
            scps=[[document(index, PolicyType.SCP) for index in level] for level in one["scps"]],
        )
        made.append((Request(one["principal"], one["action"], one["resource"], one["context"]), policies))
    for request, policies in made:
        decide(request, policies)
    # Requests keep what they worked out, so the timed ones are new.
    made = [(Request(r.principal, r.action, r.resource, r.context), policies) for r, policies in made]
    started = time.perf_counter()
    answers = [decide(request, policies).allowed for request, policies in made]
    return {"seconds": time.perf_counter() - started, "answers": answers}


def _iam_simulate(path: Path, folder: Path) -> dict[str, Figures]:
    script = shutil.copy(HERE / "peer_iam_simulate.mjs", folder)
    install = [
        "npm",
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(folder),
    ]
    subprocess.run([*install, IAM_SIMULATE], check=True, stdout=subprocess.DEVNULL)
    return _run(["node", str(script), str(path)])


def _principal_mapper(path: Path, folder: Path) -> dict[str, Figures]:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), PRINCIPAL_MAPPER]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return _run([sys.executable, str(HERE / "peer_principal_mapper.py"), str(folder), str(path)])


def _run(command: list[str]) -> dict[str, Figures]:
    found: dict[str, Figures] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


PEERS: tuple[tuple[str, str, Callable[[Path, Path], dict[str, Figures]]], ...] = (
    (IAM_SIMULATE, "node", _iam_simulate),
    (PRINCIPAL_MAPPER, sys.executable, _principal_mapper),
)


def compare(folder: Path, cells: int, seed: int) -> Figures:
    """Return decisions a second of each evaluator, and how many answers differ from ours.

    Parameters
    ----------
    folder : pathlib.Path
        An estate of :mod:`estates`.
    cells : int
        Number of cells to sample.
    seed : int
        What they are drawn from.

    Returns
    -------
    dict
        ``measured`` (by evaluator: ``decisions``, ``seconds``, ``differ``, ``failed``, ``kinds`` of
        differences with their numbers, and an ``example`` of one), ``skipped`` (sentences) and ``allowed`` (how many of the
        requests Access allows).
    """
    access = load(folder, progress=False).access(progress=False)
    sampled = sample(folder, access, cells, seed)
    ours = [
        access.allows(one["principal"], one["action"], one["organization"], one["given"])
        for one in sampled["requests"]
    ]
    found = {"wmiam.decide": _reference(sampled)}
    skipped = []
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "requests.json"
        path.write_text(json.dumps(sampled), encoding="utf-8")
        for number, (peer, needs, run) in enumerate(PEERS):
            if shutil.which(needs) is None:
                skipped.append(f"{peer} was left out: {needs} is not installed")
                continue
            try:
                inside = Path(name) / str(number)
                inside.mkdir()
                found |= run(path, inside)
            except (subprocess.CalledProcessError, OSError) as error:
                skipped.append(f"{peer} was left out: {type(error).__name__} while it was installed or run")
    measured = {}
    for peer, figures in found.items():
        answers = figures["answers"]
        differ = [at for at, (a, b) in enumerate(zip(answers, ours, strict=True)) if a is not None and a != b]
        measured[peer] = {
            "decisions": len(answers),
            "seconds": figures["seconds"],
            "differ": len(differ),
            "failed": answers.count(None),
        }
        kinds: dict[str, int] = {}
        for at in differ:
            kind = _kind(sampled["requests"][at], ours[at])
            kinds[kind] = kinds.get(kind, 0) + 1
        measured[peer]["kinds"] = kinds
        if differ:
            measured[peer]["example"] = _example(sampled, differ[0], ours[differ[0]])
    return {"measured": measured, "skipped": skipped, "allowed": sum(ours)}


def _kind(request: Figures, ours: bool) -> str:
    """Return why an answer differs, as far as that has been found out."""
    if request["resource"] == "*" and not ours:
        return (
            "allows an action that takes no resource by a statement that names an organization; IAM matches "
            "such an action against `*` alone"
        )
    return "not explained"


def _example(sampled: Figures, at: int, ours: bool) -> Figures:
    """Return one request with its policies, to look into a difference."""
    request = {key: value for key, value in sampled["requests"][at].items() if key != "given"}
    indexes = {index for _, index in request["identity"]} | {i for level in request["scps"] for i in level}
    if request["boundary"] is not None:
        indexes.add(request["boundary"])
    documents = {index: sampled["documents"][index] for index in sorted(indexes)}
    return {"request": request, "documents": documents, "ours": ours}
