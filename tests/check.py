"""Run every check of the project: lint, format, types and tests.

All of them run, also after one has failed, so that one run shows everything.  pytest
comes last and its closing line ends the output; the exit code counts every check.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)
TESTS = ("pytest", "-n", "2", "-m", "not long")


def run(command: tuple[str, ...]) -> bool:
    """Run a module of this environment in the project's folder; return whether it passed."""
    print("$", *command, flush=True)
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode == 0


def main() -> int:
    """Run the checks and return the exit code: 0 where all passed, else 1."""
    failed = [" ".join(check) for check in CHECKS if not run(check)]
    if failed:
        print("FAILED before the tests:", ", ".join(failed), flush=True)
    passed = run(TESTS)
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
