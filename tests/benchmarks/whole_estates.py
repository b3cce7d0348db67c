"""How long whole estates take, beside ``json.loads`` of the same files, and how much memory.

    python tests/benchmarks/whole_estates.py --principals 10000 --kind realistic
    python tests/benchmarks/whole_estates.py --all --peers --save

Estates come from :mod:`estates`.  Each measurement is made in processes of its own, and each
time ratio is that of two times taken one after the other in the same process; of several
processes the median counts.  ``--save`` keeps the figures in ``RESULTS.json`` and writes
``RESULTS.md`` from them.

What is measured
----------------
``json.loads``: the bytes of every file, in memory already, one after the other; median of five.
``load``: :func:`wmiam.load` from disk to an estate, which parses the files, too.
``access``: ``estate.access()``.
``force``: counting the allowed, conditional and denied cells, so that nothing is left for later.
``matrix``, ``summary``, ``given``, ``who_can``, ``what_can``, ``explain``: as an analyst calls them,
first with arguments that were not there before, and again with the same.
``memory``: peak resident set of a process that loads, evaluates and forces, less what it had
before; beside the size of the files.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wmiam.access import Access

Figures = dict[str, Any]

SIZES = (100, 1_000, 10_000, 100_000)
HERE = Path(__file__).parent
QUESTIONS = (
    *("workmail:ResetPassword", "workmail:DescribeUser", "workmail:AssumeImpersonationRole"),
    *("workmail:ListUsers", "workmail:TagResource", "workmailmessageflow:GetRawMessageContent"),
)
GIVEN: tuple[dict[str, object], ...] = (
    {"aws:MultiFactorAuthPresent": True},
    {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]},
    {"aws:CurrentTime": "2027-01-03T03:00:00Z", "aws:SourceIp": "192.0.2.17"},
)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds a call took, and what it returned."""
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def parse_seconds(folder: Path) -> float:
    """Return the median of five times ``json.loads`` of every file's bytes."""
    texts = [path.read_bytes() for path in sorted(folder.rglob("*.json"))]

    def parse() -> None:
        for text in texts:
            json.loads(text)

    return statistics.median(timed(parse)[0] for _ in range(5))


def count_cells(access: Access) -> dict[str, int]:
    """Return how many cells there are, and how many are allowed always and sometimes.

    A cell is a principal, an action and an organization of the principal's account (others are
    denied without a look); an action that takes no organization is one cell.  The loop is over
    classes of principals and what they may, not over cells.
    """
    sizes: dict[int, int] = {}
    for members in access.whole.class_of.values():
        sizes[id(members)] = sizes.get(id(members), 0) + 1
    width = {
        account: sum(one.actions.bit_count() for one in found)
        for account, found in access.whole.resources.items()
    }
    total = sum(width[principal.account] for principal in access.principals)
    always = sometimes = 0
    for members in access.whole.classes:
        for resources, cells in members.allowed:
            for kind, actions in members.scope.kinds:
                number = (resources & kind).bit_count() * sizes[id(members)]
                for allowed, contexts in cells:
                    counted = number * (allowed & actions).bit_count()
                    if contexts == members.universe:
                        always += counted
                    else:
                        sometimes += counted
    return {"total": total, "allowed": always, "conditional": sometimes}


def measure_evaluation(folder: Path) -> Figures:
    """Return the seconds from files to answers."""
    from wmiam import load

    # Before anything else is in memory: beside millions of objects the parser is slower itself.
    parsing = parse_seconds(folder)
    loading, estate = timed(lambda: load(folder, progress=False))
    evaluating, access = timed(lambda: estate.access(progress=False))
    forcing, cells = timed(lambda: count_cells(access))
    import pandas  # noqa: F401  # Its import is no part of an answer.

    matrix, _ = timed(access.matrix)
    matrix_again, _ = timed(access.matrix)
    summary, _ = timed(access.summary)
    return {
        "json_seconds": parsing,
        "load_seconds": loading,
        "access_seconds": evaluating,
        "force_seconds": forcing,
        "matrix_seconds": matrix,
        "matrix_again_seconds": matrix_again,
        "summary_seconds": summary,
        "principals": len(access.principals),
        "organizations": sum(not one.stand_in for one in access.organizations),
        "classes": len(access.whole.classes),
        "cells": cells,
    }


def measure_questions(folder: Path) -> Figures:
    """Return the seconds of questions, first and again, with their numbers of rows."""
    import pandas  # noqa: F401  # Its import is no part of an answer.

    from wmiam import load

    rng = random.Random(7)
    access = load(folder, progress=False).access(progress=False)
    real = [one for one in access.organizations if not one.stand_in]
    who = [(action, rng.choice(real).arn) for action in QUESTIONS for _ in range(2)]
    # People and roles about whom there is something to tell, and some drawn blindly.
    able = list(dict.fromkeys(row.principal.arn for row in access.rows(action=QUESTIONS[3], org=who[0][1])))
    blind = [principal.arn for principal in rng.sample(access.principals, 4)]
    what = [*rng.sample(able, min(6, len(able))), *blind]
    figures = {
        "who_can": _asked([partial(access.who_can, *q) for q in who]),
        "what_can": _asked([partial(access.what_can, q) for q in what]),
        "who_can_denied": _asked([partial(access.who_can, *q, denied=True) for q in who[::4]]),
    }
    given = [timed(partial(access.given, g)) for g in GIVEN]
    figures["given"] = {
        "seconds": statistics.median(seconds for seconds, _ in given),
        "max_seconds": max(seconds for seconds, _ in given),
        "who_can": _asked([partial(a.who_can, *who[0]) for _, a in given]),
    }
    cells = [
        (rng.choice(access.principals), rng.choice(access.find_actions("workmail:*"))) for _ in range(25)
    ]
    cells += (
        [(access.find_principal(rng.choice(able)), rng.choice(QUESTIONS)) for _ in range(25)] if able else []
    )
    own = {one.account: [o.arn for o in real if o.account == one.account] for one in real}
    explain = [(p.arn, action, rng.choice(own.get(p.account) or [real[0].arn])) for p, action in cells]
    figures["explain"] = _asked([partial(access.explain, *q) for q in explain])
    return figures


def _asked(calls: list[Callable[[], Any]]) -> Figures:
    """Return median and maximum of first and of later calls, in seconds, and the most rows."""
    first, later, rows = [], [], []
    for call in calls:
        seconds, answer = timed(call)
        first.append(seconds)
        later.append(statistics.median(timed(call)[0] for _ in range(3)))
        rows.append(len(answer) if hasattr(answer, "columns") else 1)
    return {
        "calls": len(calls),
        "first_median": statistics.median(first),
        "first_max": max(first),
        "later_median": statistics.median(later),
        "later_max": max(later),
        "rows_median": statistics.median(rows),
        "rows_max": max(rows),
    }


def measure_memory(folder: Path) -> Figures:
    """Return the peak of loading, evaluating and forcing, in bytes above what there was before."""
    from wmiam import load
    from wmiam.access import Access

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    estate = load(folder, progress=False)
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count_cells(Access.of(estate, progress=False))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"load_peak_bytes": (loaded - before) * 1024, "peak_bytes": (peak - before) * 1024}


def measure_peers(folder: Path, cells: int, seed: int) -> Figures:
    """Return the decisions a second of other evaluators; see :mod:`peers`."""
    # Here, as the process that starts all others must stay small for their memory to be told.
    import peers

    return peers.compare(folder, cells, seed)


MEASUREMENTS: dict[str, Callable[..., Figures]] = {
    "evaluation": measure_evaluation,
    "questions": measure_questions,
    "memory": measure_memory,
    "peers": measure_peers,
}


def in_process(name: str, folder: Path, *numbers: int) -> Figures:
    """Return what a measurement gives in a process of its own."""
    command = [sys.executable, __file__, "--measure", name, str(folder), *map(str, numbers)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    figures: Figures = json.loads(answer.stdout)
    return figures


def middle(found: list[Figures]) -> Figures:
    """Return the median of each number of several equal measurements."""
    first = found[0]
    return {
        key: middle([one[key] for one in found])
        if isinstance(value, dict)
        else statistics.median(one[key] for one in found)
        for key, value in first.items()
    }


def measure(kind: str, principals: int, organizations: int, seed: int, runs: int, peers: int) -> Figures:
    """Make an estate, measure everything on it, and return the figures.

    Parameters
    ----------
    kind, principals, organizations, seed
        The estate.
    runs : int
        Processes for each measurement.
    peers : int
        Number of cells that peers are asked about; 0 for none.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child starts with the peak of memory that its parent had.
        made = [sys.executable, str(HERE / "estates.py"), "--principals", str(principals), "--kind", kind]
        made += ["--organizations", str(organizations), "--seed", str(seed), "--output", name]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        figures: Figures = {
            "kind": kind,
            "size": principals,
            "organizations_each": organizations,
            "bytes": sum(path.stat().st_size for path in folder.rglob("*.json")),
            "runs": runs,
        }
        evaluations = [in_process("evaluation", folder) for _ in range(runs)]
        figures |= middle(evaluations)
        for key in ("load", "access"):
            ratios = [one[f"{key}_seconds"] / one["json_seconds"] for one in evaluations]
            figures[f"{key}_ratio"] = statistics.median(ratios)
        both = [(e["load_seconds"] + e["access_seconds"]) / e["json_seconds"] for e in evaluations]
        figures["both_ratio"] = statistics.median(both)
        figures |= middle([in_process("questions", folder) for _ in range(runs)])
        figures |= middle([in_process("memory", folder) for _ in range(min(runs, 2))])
        figures["memory_ratio"] = figures["peak_bytes"] / figures["bytes"]
        if peers:
            figures["peers"] = in_process("peers", folder, peers, seed)
    return figures


def main() -> None:
    """Measure, print a table, and keep it where that is wanted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--principals", type=int, default=10_000)
    parser.add_argument("--organizations", type=int, default=100, help="in each account (default: 100)")
    parser.add_argument("--kind", choices=("realistic", "worst"), default="realistic")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3, help="processes for each measurement (default: 3)")
    parser.add_argument("--all", action="store_true", help="both kinds, of 100 to 100,000 principals")
    parser.add_argument("--peers", type=int, nargs="?", const=500, default=0, metavar="CELLS")
    parser.add_argument("--save", action="store_true", help="write RESULTS.json and RESULTS.md")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        name, folder, *numbers = given.measure
        print(json.dumps(MEASUREMENTS[name](Path(folder), *map(int, numbers))))
        return
    import results

    wanted = [(given.kind, given.principals)]
    if given.all:
        wanted = [(kind, size) for size in SIZES for kind in ("realistic", "worst")]
    rows, started = [], datetime.now(UTC)
    for kind, size in wanted:
        # The largest take minutes, and their times vary little.
        runs = given.runs if size < 100_000 else 1
        peers = given.peers if size <= 10_000 else 0
        rows.append(measure(kind, size, given.organizations, given.seed, runs, peers))
        print(results.rows_text(rows[-1:]), flush=True)
        if given.save:
            results.save(HERE, rows, sys.argv[1:], started)


if __name__ == "__main__":
    main()
