"""How fast the explorer is, in a real JupyterLab and Chromium, from Python's call to what is painted.

    python tests/benchmarks/explorer.py --principals 10000 --save

Columns
-------
first paint
    From the call of ``wmiam.explore``, after ``access`` exists, to the matrix on the screen; the import
    of what shows it is part of that.
filter, context, organization
    From the choice in the page to the matrix painted anew: median (and maximum) of the rounds.  A filter
    by capability, level or decision needs no kernel; context keys and organizations are asked of it.
explanation
    From a click on a cell to its explanation on the screen.
findings, chains
    From the wish for them, once for an estate, to the list of findings, and to the numbers of those who
    come to each capability by chains.
severity
    As filter, by the severity of findings, which is asked of the kernel.
"""

from __future__ import annotations

import argparse
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

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "lab"))
Figures = dict[str, Any]

#: Chooses an option of a control, and resolves to the milliseconds until the matrix is painted with it.
CHOOSE = """async ([label, text]) => {
  const explorer = document.querySelector(".wmiam-lab .explorer");
  const matrix = explorer.querySelector(".matrix");
  const caption = [...explorer.querySelectorAll("label")].find((element) => element.textContent === label);
  const control = document.getElementById(caption.htmlFor);
  const option = [...control.options].find((element) => element.textContent === text || text === "");
  const begun = performance.now();
  control.value = option.value;
  const painted = new Promise((resolve, reject) => {
    new MutationObserver((_, watch) => {
      watch.disconnect();
      resolve();
    }).observe(matrix, { attributes: true, attributeFilter: ["data-painted"] });
    setTimeout(() => reject(new Error(`${label} ${text}: nothing was painted`)), 20000);
  });
  control.dispatchEvent(new Event("input", { bubbles: true }));
  await painted;
  const taken = performance.now() - begun;
  // What is still under way must not be taken for the answer to the next choice.
  await new Promise((resolve) => setTimeout(resolve, 600));
  return taken;
}"""

#: Clicks a button, and resolves to the milliseconds until a place holds a text.
CLICK = """async ([name, place, text]) => {
  const explorer = document.querySelector(".wmiam-lab .explorer");
  const button = [...explorer.querySelectorAll("button")].find((element) => element.textContent === name);
  const begun = performance.now();
  button.click();
  while (!explorer.querySelector(place)?.textContent.includes(text)) {
    if (performance.now() - begun > 60000) throw new Error(`${name}: nothing came`);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  return performance.now() - begun;
}"""

EXPLAIN = """async ([x, y]) => {
  const grid = document.querySelector(".wmiam-lab .grid");
  const panel = document.querySelector(".wmiam-lab .panel");
  const box = grid.getBoundingClientRect();
  const begun = performance.now();
  const shown = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("nothing was explained")), 20000);
    const watch = new MutationObserver(() => {
      if (!panel.querySelector(".verdict")) return;
      watch.disconnect();
      requestAnimationFrame(() => resolve());
    });
    watch.observe(panel, { childList: true });
  });
  grid.dispatchEvent(new MouseEvent("click", { bubbles: true, clientX: box.left + x, clientY: box.top + y }));
  await shown;
  const taken = performance.now() - begun;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return taken;
}"""


def rounds(page: Page, choices: list[tuple[str, str]], times: int) -> list[float]:
    """Return the milliseconds of each choice, made one after the other, several times."""
    return [float(page.evaluate(CHOOSE, list(choice))) for _ in range(times) for choice in choices]


def measure(folder: Path, estate: str, times: int) -> Figures:
    """Open the explorer on an estate, and return how long it took to show things."""
    from lab_driver import running_lab

    cells = [
        f"import time, wmiam\naccess = wmiam.load({str(folder)!r}).access(progress=False)",
        "begun = time.time()\nexplorer = wmiam.explore(access)\nexplorer",
    ]
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as place:
        browser = driver.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        with running_lab(Path(place), browser) as lab:
            opened = lab.open(cells, size=(1500, 1700))
            page = opened.page
            page.evaluate(
                """() => new MutationObserver((_, watch) => {
                  if (!document.querySelector(".wmiam-lab .matrix[data-painted]")) return;
                  watch.disconnect();
                  window.firstPaint = Date.now();
                }).observe(document.body, { subtree: true, childList: true, attributes: true,
                  attributeFilter: ["data-painted"] })"""
            )
            opened.run_all()
            page.wait_for_function("window.firstPaint !== undefined", timeout=120_000)
            begun = float(opened.run("print(begun)"))
            first = float(page.evaluate("window.firstPaint")) - 1000 * begun
            page.wait_for_timeout(1500)
            choices = [
                *(
                    ("Capability", "Read mail"),
                    ("Access level", "Write"),
                    ("Decision", "allowed in every case"),
                ),
                *(("Capability", "all"), ("Access level", "all"), ("Decision", "any access")),
            ]
            filters = rounds(page, choices, times)
            context = rounds(page, [("MFA", "yes"), ("MFA", "no"), ("MFA", "open")], times)
            labels = json.loads(
                opened.run("import json; print(json.dumps([o.label for o in access.organizations[:4]]))")
            )
            organizations = rounds(page, [("Organization", label) for label in labels], times)
            rounds(page, [("Organization", "any of the account")], 1)
            looked = float(page.evaluate(CLICK, ["Look for findings", ".list [role=option]", " "]))
            page.wait_for_timeout(1000)
            choices = [("Finding severity", text) for text in ("high or graver", "with or without")]
            severity = rounds(page, choices, times)
            # Chains of a small estate are followed by themselves, and have been: this asks again.
            opened.run("explorer._follows = False; explorer._by_chains = []; access.memo.clear()")
            page.wait_for_timeout(500)
            chained = float(page.evaluate(CLICK, ["Follow chains", ".counts", "by chains +"]))
            page.wait_for_timeout(1500)
            # Of one account, so that below its heading there is a principal in every line.
            opened.run(
                "from collections import Counter; of = Counter(p.account for p in access.principals); "
                "explorer.filters = {'account': of.most_common(1)[0][0], 'decision': 'all'}"
            )
            page.wait_for_timeout(1500)
            explained = [float(page.evaluate(EXPLAIN, [245, 203 + 26 * row])) for row in range(1, 1 + times)]
            assert opened.errors == []
            shown = int(opened.run("print(len(explorer.access.principals))"))
    return {
        "estate": estate,
        "principals": shown,
        "first_paint": first,
        "filter": filters,
        "context": context,
        "organization": organizations,
        "explanation": explained,
        "findings": looked,
        "chains": chained,
        "severity": severity,
    }


def table(rows: list[Figures]) -> str:
    """Return figures as a Markdown table."""
    head = ["estate", "principals", "first paint", "filter", "context", "organization", "explanation"]
    head += ["severity", "findings", "chains"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        parts = [
            f"{statistics.median(row[key]):,.0f} ms ({max(row[key]):,.0f} ms)"
            for key in ("filter", "context", "organization", "explanation", "severity")
        ]
        parts += [f"{row[key]:,.0f} ms" for key in ("findings", "chains")]
        lines.append([row["estate"], f"{row['principals']:,}", f"{row['first_paint']:,.0f} ms", *parts])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def main() -> None:
    """Measure the sample estate and a large one, print a table, and keep it where that is wanted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--principals", type=int, default=10_000)
    parser.add_argument("--organizations", type=int, default=100, help="in each account (default: 100)")
    parser.add_argument("--rounds", type=int, default=5, help="times that each choice is made (default: 5)")
    parser.add_argument("--save", action="store_true", help="write EXPLORER.md")
    given = parser.parse_args()
    rows = [measure(ROOT / "data" / "acme", "data/acme", given.rounds)]
    print(table(rows), flush=True)
    with tempfile.TemporaryDirectory() as name:
        made = [
            sys.executable,
            str(HERE / "estates.py"),
            "--principals",
            str(given.principals),
            "--output",
            name,
        ]
        made += ["--organizations", str(given.organizations), "--kind", "realistic"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, env=environment)
        rows.append(measure(Path(name), "realistic", given.rounds))
    print(table(rows[1:]))
    if given.save:
        machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        text = (
            "# How fast the explorer is\n\nMade by `python tests/benchmarks/explorer.py --save`, "
            f"{datetime.now(UTC):%Y-%m-%d}, {machine};\nthe script says what each column is.\n\n{table(rows)}"
        )
        (HERE / "EXPLORER.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
