"""The figures of :mod:`whole_estates` as tables, kept in ``RESULTS.json`` and ``RESULTS.md``."""

from __future__ import annotations

import json
import os
import platform
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["render", "rows_text", "save"]

Figures = dict[str, Any]

#: What was looked at for this, and why it is not among the peers.
NOT_MEASURED = (
    "iam-ape (PyPI) sums up one principal's policies; it decides no request and evaluates no condition.",
    "sibyl-aws (PyPI) asks AWS's own policy simulator.",
    "parliament, policy_sentry and Cloudsplaining (PyPI) lint, write and scan policies; they decide nothing.",
)


def _ms(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:,.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"


def _s(seconds: float) -> str:
    if seconds < 0.1:
        return _ms(seconds)
    return f"{seconds:,.1f} s" if seconds >= 10 else f"{seconds:.2f} s"


def _asked(figures: Figures) -> str:
    """Return first calls and later ones: median, and maximum in brackets."""
    return (
        f"{_ms(figures['first_median'])} ({_ms(figures['first_max'])}), "
        f"again {_ms(figures['later_median'])} ({_ms(figures['later_max'])})"
    )


def _estate(row: Figures) -> list[str]:
    return [row["kind"], f"{row['size']:,}"]


def _evaluation(row: Figures) -> list[str]:
    cells = row["cells"]["total"]
    seconds = row["access_seconds"] + row["force_seconds"]
    return [
        *_estate(row),
        f"{row['bytes'] / 1e6:.1f} MB",
        _s(row["json_seconds"]),
        f"{_s(row['load_seconds'])} ({row['load_ratio']:.1f})",
        f"{_s(row['access_seconds'])} ({row['access_ratio']:.1f})",
        f"{row['both_ratio']:.1f}",
        _ms(row["force_seconds"]),
        f"{row['classes']:,.0f}",
        f"{cells / 1e6:,.1f} million",
        f"{cells / seconds / 1e6:,.1f} million",
        f"{row['memory_ratio']:.1f}",
    ]


def _questions(row: Figures) -> list[str]:
    given = row["given"]
    return [
        *_estate(row),
        f"{_asked(row['who_can'])}; {row['who_can']['rows_max']:,.0f} rows",
        f"{_asked(row['who_can_denied'])}; {row['who_can_denied']['rows_max']:,.0f} rows",
        f"{_asked(row['what_can'])}; {row['what_can']['rows_max']:,.0f} rows",
        f"{_ms(given['seconds'])}; who_can on it {_ms(given['who_can']['first_median'])}",
        f"{_ms(row['explain']['first_median'])} ({_ms(row['explain']['first_max'])})",
        f"{_ms(row['matrix_seconds'])}, again {_ms(row['matrix_again_seconds'])}",
        _ms(row["summary_seconds"]),
    ]


EVALUATION = (
    *("estate", "principals", "files", "json.loads", "load (times json.loads)"),
    *("access (times json.loads)", "load and access, times json.loads", "force", "classes", "cells"),
    *("cells a second", "peak memory, times files"),
)
QUESTIONS = (
    *("estate", "principals", "who_can", "who_can, denied too", "what_can", "given", "explain", "matrix"),
    "summary",
)


def _table(head: tuple[str, ...], lines: list[list[str]]) -> str:
    rows = [list(head), ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def rows_text(rows: list[Figures]) -> str:
    """Return both tables of some rows, as Markdown."""
    evaluation = _table(EVALUATION, [_evaluation(row) for row in rows])
    questions = _table(QUESTIONS, [_questions(row) for row in rows])
    return f"{evaluation}\n\n{questions}\n"


def _scaling(rows: list[Figures]) -> str:
    by_size = {(row["kind"], row["size"]): row for row in rows}
    lines = []
    for kind in ("realistic", "worst"):
        small, large = by_size.get((kind, 10_000)), by_size.get((kind, 100_000))
        if small and large and small["run"] == large["run"]:
            times = [large[key] / small[key] for key in ("json_seconds", "load_seconds", "access_seconds")]
            lines.append([kind, *(f"{value:.1f}" for value in times)])
    if not lines:
        return ""
    head = ("estate", "json.loads", "load", "access")
    return f"## 100,000 principals: how many times the seconds of 10,000\n\n{_table(head, lines)}\n\n"


def _peers(rows: list[Figures]) -> str:
    lines = []
    for row in rows:
        peers = row.get("peers", {})
        ours = row["cells"]["total"] / (row["access_seconds"] + row["force_seconds"])
        for name, figures in peers.get("measured", {}).items():
            rate = figures["decisions"] / figures["seconds"]
            lines.append(
                [
                    *_estate(row),
                    name,
                    f"{figures['decisions']:,}",
                    f"{rate:,.0f}",
                    f"{ours / rate:,.0f}",
                    f"{figures['differ']:,}",
                ]
            )
    if not lines:
        return ""
    head = (
        *("estate", "principals", "evaluator", "sampled decisions", "decisions a second"),
        *("Access decides how many times as many", "answers that differ from Access"),
    )
    skipped = sorted({text for row in rows for text in row.get("peers", {}).get("skipped", ())})
    kinds: dict[tuple[str, str], int] = {}
    for row in rows:
        for name, figures in row.get("peers", {}).get("measured", {}).items():
            for kind, number in figures["kinds"].items():
                kinds[name, kind] = kinds.get((name, kind), 0) + number
    notes = [f"{name}, {number} times: {kind}." for (name, kind), number in kinds.items()]
    listed = "".join(f"- {text}\n" for text in (*notes, *skipped, *NOT_MEASURED))
    return (
        "## Beside other evaluators\n\n"
        "The same requests, drawn from the estate's cells, each with one complete context; `peers.py` says how.\n"
        "Access answers every cell, and for every context at once.\n\n"
        f"{_table(head, lines)}\n\n{listed}\n"
    )


def render(kept: Figures) -> str:
    """Return ``RESULTS.md``.

    Parameters
    ----------
    kept : dict
        What ``RESULTS.json`` holds.
    """
    rows = kept["rows"]
    runs = "".join(
        f"- {name}: `python tests/benchmarks/whole_estates.py {run['arguments']}`, {run['machine']}\n"
        for name, run in kept["runs"].items()
    )
    return (
        "# How fast whole estates are evaluated\n\n"
        "Made by `whole_estates.py`, which says what each column is; the estates are described in\n"
        "`estates.py`.  Times are medians of several processes; ratios are taken within one process.\n"
        "Questions give the median and, in brackets, the maximum of first calls and of the same calls again.\n\n"
        f"{runs}\n## From files to answers\n\n{_table(EVALUATION, [_evaluation(row) for row in rows])}\n\n"
        f"{_scaling(rows)}## Questions\n\n{_table(QUESTIONS, [_questions(row) for row in rows])}\n\n"
        f"{_peers(rows)}"
    ).rstrip() + "\n"


def save(folder: Path, rows: list[Figures], arguments: list[str], started: datetime) -> None:
    """Put rows into ``RESULTS.json`` in place of older ones of the same estates, and write ``RESULTS.md``.

    Parameters
    ----------
    folder : pathlib.Path
        Where the two files are.
    rows : list of dict
        Figures of estates.
    arguments : list of str
        The command line that made them.
    started : datetime
        When it was started; names the run.
    """
    path = folder / "RESULTS.json"
    kept: Figures = (
        json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"runs": {}, "rows": []}
    )
    run = f"{started:%Y-%m-%d %H:%M} UTC"
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    kept["runs"][run] = {"arguments": shlex.join(arguments), "machine": machine}
    by_estate = {(row["kind"], row["size"]): row for row in kept["rows"]}
    by_estate |= {(row["kind"], row["size"]): {"run": run, **row} for row in rows}
    kept["rows"] = [by_estate[key] for key in sorted(by_estate)]
    used = {row["run"] for row in kept["rows"]}
    kept["runs"] = {name: value for name, value in kept["runs"].items() if name in used}
    # A row a line, so that a difference shows which estates were measured again.
    lines = ",\n".join(json.dumps(row) for row in kept["rows"])
    path.write_text(f'{{"runs": {json.dumps(kept["runs"])}, "rows": [\n{lines}\n]}}\n', encoding="utf-8")
    (folder / "RESULTS.md").write_text(render(kept), encoding="utf-8")
