"""How long the queries on chains take on a large estate.

    python tests/benchmarks/chains.py --principals 10000
    python tests/benchmarks/chains.py --save

The estate comes from :mod:`estates`.  Measured after ``access()``: the search for escalations and
role assumptions, which is made once; then each query as an analyst calls it, the first time and
with other arguments, and the graph of one principal.  ``--save`` writes ``CHAINS.md``.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estates import write_estate

import wmiam
from wmiam.graph.chains import Chains
from wmiam.graph.escalate import escalations

if TYPE_CHECKING:
    from wmiam.access import Access

HERE = Path(__file__).parent
Row = tuple[str, float, str]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds a call took, and what it returned."""
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def measure(folder: Path) -> list[Row]:
    """Return what was measured: name, seconds, and what came out."""
    import pandas  # noqa: F401 - its import is no part of a query

    rows: list[Row] = []
    estate = wmiam.load(folder, progress=False)
    seconds, access = timed(lambda: estate.access(progress=False))
    roles = sum(p.is_role for p in estate.principals)
    rows.append(("access()", seconds, f"{len(estate.principals):,} principals, {roles:,} of them roles"))
    seconds, found = timed(lambda: escalations(access))
    rows.append(("escalations and assumptions, once", seconds, f"{len(found.findings):,} kinds of step"))
    seconds, chains = timed(lambda: Chains.of(access))
    steps = sum(map(len, chains.outward.values()))
    rows.append(("index of chains, once", seconds, f"{steps:,} assumptions"))
    for capability in ("read-mail", "take-over-mailbox", "administer"):
        seconds, frame = timed(lambda name=capability: access.who_reaches(name))
        rows.append((f'who_reaches("{capability}")', seconds, f"{len(frame):,} rows"))
    rows += _reach(access)
    emergency = next(p for p in access.principals if p.name == "emergency0")
    seconds, graph = timed(lambda: access.graph(principals=emergency.arn))
    rows.append(("graph of one principal and its roles", seconds, f"{graph.number_of_nodes():,} nodes"))
    return rows


def _reach(access: Access) -> list[Row]:
    times, most = [], 0
    for principal in access.principals[:: len(access.principals) // 50]:
        seconds, found = timed(lambda name=principal.arn: access.reach(name))
        times.append(seconds)
        most = max(most, len(found.principals))
    return [
        ("reach, median of 50 principals", statistics.median(times), f"up to {most:,} principals"),
        ("reach, slowest of 50 principals", max(times), ""),
    ]


def render(rows: list[Row]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "# Queries on chains",
        "",
        f"Python {platform.python_version()}, made by `python tests/benchmarks/chains.py --save`.",
        "",
        "| What | Time | Found |",
        "| --- | --- | --- |",
        *(f"| {name} | {seconds * 1000:,.0f} ms | {found} |" for name, seconds, found in rows),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and keep the figures where that is wanted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--principals", type=int, default=10_000)
    parser.add_argument("--save", action="store_true", help="write CHAINS.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_estate(Path(folder), given.principals)
        text = render(measure(Path(folder)))
    print(text, end="")
    if given.save:
        (HERE / "CHAINS.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
