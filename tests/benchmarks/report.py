"""How long the report takes to make, how large it is, and how fast its page is, on a large estate.

    python tests/benchmarks/report.py --save

The estate comes from :mod:`estates`.  Its report is made in a new process for each row, right after
``access()``: whole, and without the sections on findings, paths and principals.  The page is opened
from disk in Chromium, without network.
``--save`` writes ``REPORT.md``.

Columns
-------
load, report
    Seconds (of the processor, in brackets) from the files to the access, and from the access to the file.
json.loads
    Seconds to read the same files by ``json.loads`` in the same process: what the machine was like.
size
    Of the file; in brackets compressed by gzip.
first paint, filter
    Milliseconds from the address to the first paint; from a change of the matrix's filters until it is
    laid out anew: median (and maximum) of several.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
Figures = dict[str, Any]

#: Makes a report and tells what it took; run in a process of its own.
MAKE = """
import json, sys, time
from pathlib import Path
import wmiam
from wmiam.report import write_report
folder, target, sections = sys.argv[1:]
clock = lambda: (time.perf_counter(), time.process_time())
begun = clock()
for path in sorted(Path(folder).rglob("*.json")):
    json.loads(path.read_bytes())
parsed = clock()
access = wmiam.load(folder, progress=False).access(progress=False)
known = clock()
write_report(access, target, sections=sections.split() or None)
done = clock()
spans = {"parse": (begun, parsed), "load": (parsed, known), "report": (known, done)}
print(json.dumps({
    "principals": len(access.principals), "organizations": len(access.organizations),
    **{name: [b - a for a, b in zip(one, other)] for name, (one, other) in spans.items()},
}))
"""

#: Changes a filter, and returns the milliseconds until the page is laid out with it.
FILTER = """([name, value]) => {
  const form = document.getElementById("filters");
  const begun = performance.now();
  form[name].value = value;
  form.dispatchEvent(new Event("input", { bubbles: true }));
  document.body.getBoundingClientRect();
  return performance.now() - begun;
}"""

WITHOUT = "answer capabilities matrix organizations assumption diagnostics method glossary"


def make(folder: Path, target: Path, sections: str) -> Figures:
    """Make a report in a new process; return what it took."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(folder), str(target), sections],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    page = target.read_bytes()
    return {**found, "bytes": len(page), "compressed": len(gzip.compress(page))}


def look(path: Path, times: int) -> Figures:
    """Open a report; return how fast it is."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
        page = context.new_page()
        paints = []
        for _ in range(times):
            page.goto(path.resolve().as_uri())
            paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
            # The page's policy forbids what Playwright would wait by.
            while page.evaluate(paint) is None:
                page.wait_for_timeout(20)
            paints.append(float(page.evaluate(paint)))
        first = page.locator("#f-account option").nth(1).get_attribute("value")
        choices = [("who", "ana"), ("who", ""), ("what", "password"), ("what", ""), ("place", "0")]
        choices += [
            ("place", ""),
            ("account", first or ""),
            ("account", ""),
            ("access", "c"),
            ("access", "1"),
        ]
        filters = [float(page.evaluate(FILTER, list(one))) for _ in range(times) for one in choices]
        browser.close()
    return {"paint": paints, "filter": filters}


def render(rows: list[Figures]) -> str:
    """Return figures as a Markdown page."""
    head = [
        *("report", "principals", "organizations", "json.loads", "load", "report made"),
        *("size", "first paint", "filter"),
    ]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        spans = [f"{row[key][0]:.2f} s ({row[key][1]:.2f} s)" for key in ("load", "report")]
        size = f"{row['bytes'] / 1e6:.2f} MB ({row['compressed'] / 1e6:.2f} MB)"
        speeds = [f"{statistics.median(row[k]):,.0f} ms ({max(row[k]):,.0f} ms)" for k in ("paint", "filter")]
        counts = [f"{row['principals']:,}", f"{row['organizations']:,}", f"{row['parse'][0]:.2f} s"]
        lines.append([row["name"], *counts, *spans, size, *speeds])
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return (
        "# How fast the report is\n\n"
        f"Made by `python tests/benchmarks/report.py {' '.join(sys.argv[1:])}`, "
        f"{datetime.now(UTC):%Y-%m-%d}, {machine};\nthe script says what each column is.\n\n"
        + "\n".join("| " + " | ".join(line) + " |" for line in lines)
        + "\n"
    )


def main() -> None:
    """Measure the sample estate and a large one, print a table, and keep it where that is wanted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--principals", type=int, default=10_000)
    parser.add_argument("--organizations", type=int, default=100, help="in each account (default: 100)")
    parser.add_argument("--kind", choices=("realistic", "worst"), default="realistic")
    parser.add_argument("--rounds", type=int, default=5, help="times that the page is opened (default: 5)")
    parser.add_argument("--save", action="store_true", help="write REPORT.md")
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder, page = Path(name) / "estate", Path(name) / "report.html"
        made = [sys.executable, str(HERE / "estates.py"), "--principals", str(given.principals)]
        made += ["--output", str(folder), "--organizations", str(given.organizations), "--kind", given.kind]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, env=environment)
        for title, source, sections in (
            ("data/acme", ROOT / "data" / "acme", ""),
            (given.kind, folder, ""),
            (f"{given.kind}, without findings, paths and principals", folder, WITHOUT),
        ):
            rows.append({"name": title, **make(source, page, sections), **look(page, given.rounds)})
    text = render(rows)
    print(text, end="")
    if given.save:
        (HERE / "REPORT.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
