"""How long ``import wmiam`` takes, beside ``import pandas``: median of nine, taken in turns.

Run it as ``python tests/benchmarks/import_time.py``.  Taking turns keeps a slow
spell of the machine from falling on one side alone.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

#: What is measured: the statement, timed inside a fresh interpreter, so that its start does not count.
STATEMENTS = {
    "pandas": "import pandas",
    "wmiam": "import wmiam",
    "wmiam, first use": "import wmiam; wmiam.load, wmiam.decide",
}
_TIMER = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def seconds(statement: str) -> float:
    """Return how long a statement takes in a fresh interpreter."""
    command = [sys.executable, "-c", _TIMER.format(statement)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(rounds: int = 9) -> dict[str, float]:
    """Return the median of each statement in seconds, after one round that only fills caches."""
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for turn in range(rounds + 1):
        for name, statement in STATEMENTS.items():
            taken = seconds(statement)
            if turn:
                times[name].append(taken)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Measure and print the times and their ratios to pandas."""
    medians = measure()
    for name, median in medians.items():
        print(f"{name:18} {median * 1000:8.1f} ms   ratio {median / medians['pandas']:.3f}")


if __name__ == "__main__":
    main()
