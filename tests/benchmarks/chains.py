"""How long the queries on chains, and the findings, take on a large estate.

    python tests/benchmarks/chains.py --save

The estate comes from :mod:`estates`: 10,000 principals, 2,000 of them roles, unless other numbers
are asked for.  Two evaluations of it are asked, so that nothing is known beforehand: one by an analyst
whose first question is ``who_reaches``, and who asks others then; one for its findings alone.
``--save`` writes ``CHAINS.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estates import write_estate

import wmiam

if TYPE_CHECKING:
    from wmiam.access import Access

HERE = Path(__file__).parent
#: How many principals are asked what they reach.
ASKED = 50


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured: seconds on the clock, seconds of the processor, and what came out."""

    name: str
    seconds: float
    cpu: float
    found: str


def timed(name: str, call: Callable[[], Any], tell: Callable[[Any], str]) -> tuple[Row, Any]:
    """Return how long a call took, and what it returned."""
    started, worked = time.perf_counter(), time.process_time()
    result = call()
    cpu, seconds = time.process_time() - worked, time.perf_counter() - started
    return Row(name, seconds, cpu, tell(result)), result


def measure(folder: Path) -> list[Row]:
    """Return what was measured on an estate."""
    import pandas  # noqa: F401 - its import is no part of a query

    row, access = timed("`access()`", lambda: _access(folder), _counted)
    return [row, *_questions(access), *_reach(access), *_findings(_access(folder))]


def _access(folder: Path) -> Access:
    return wmiam.load(folder, progress=False).access(progress=False)


def _counted(access: Access) -> str:
    roles = sum(person.is_role for person in access.principals)
    return f"{len(access.principals):,} principals, {roles:,} of them roles"


def _questions(access: Access) -> list[Row]:
    rows = []
    title = "right after `access()`"
    for capability in ("take-over-mailbox", "read-mail", "administer"):
        row, _ = timed(
            f'`who_reaches("{capability}")`, {title}',
            partial(access.who_reaches, capability),
            lambda frame: f"{len(frame):,} rows",
        )
        rows.append(row)
        title = "then"
    emergency = next(p for p in access.principals if p.name == "emergency0")
    for title, choice in (
        ("graph of one principal and its roles", emergency.arn),
        ("graph of all users who are called ana", "ana.*"),
    ):
        row, _ = timed(
            title,
            partial(access.graph, principals=choice),
            lambda graph: f"{graph.number_of_nodes():,} nodes, {graph.number_of_edges():,} edges",
        )
        rows.append(row)
    row, _ = timed(
        '`choke_points("take-over-mailbox")`',
        lambda: access.choke_points("take-over-mailbox"),
        lambda frame: f"{len(frame):,} rows",
    )
    return [*rows, row]


def _reach(access: Access) -> list[Row]:
    rows, most = [], 0
    for principal in access.principals[:: len(access.principals) // ASKED]:
        row, found = timed("", partial(access.reach, principal.arn), lambda _found: "")
        rows.append(row)
        most = max(most, len(found.principals))
    return [
        Row(
            f"`reach`, {title} of {len(rows)} principals",
            choose([row.seconds for row in rows]),
            choose([row.cpu for row in rows]),
            found,
        )
        for title, choose, found in (
            ("median", statistics.median, f"up to {most:,} principals"),
            ("slowest", max, ""),
        )
    ]


def _findings(access: Access) -> list[Row]:
    def tell(found: Any) -> str:
        return f"{len(found):,} findings"

    row, _ = timed("`findings()`, right after `access()`", access.findings, tell)
    return [row]


def render(rows: list[Row]) -> str:
    """Return the figures as a Markdown page."""
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    lines = [
        "# How fast chains and findings are",
        "",
        f"Made by `python tests/benchmarks/chains.py {' '.join(sys.argv[1:])}`, "
        f"{datetime.now(UTC):%Y-%m-%d}, {machine};",
        "the script says what is asked.  CPU is the time that the processor spent on it: where that is less,",
        "the machine was busy with other work.",
        "",
        "| What | Time | CPU | Found |",
        "| --- | --- | --- | --- |",
        *(
            f"| {row.name} | {row.seconds * 1000:,.0f} ms | {row.cpu * 1000:,.0f} ms | {row.found} |"
            for row in rows
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and keep the figures where that is wanted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--principals", type=int, default=10_000)
    parser.add_argument("--roles", type=int, default=2_000, help="of the principals (default: 2,000)")
    parser.add_argument("--save", action="store_true", help="write CHAINS.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_estate(Path(folder), given.principals, roles=given.roles)
        text = render(measure(Path(folder)))
    print(text, end="")
    if given.save:
        (HERE / "CHAINS.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
