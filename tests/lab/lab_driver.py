"""A JupyterLab of its own for each test session, driven by a Chromium as a user drives it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

ROOT = Path(__file__).resolve().parents[2]
#: What JupyterLab itself says to the console, which is not ours to mend.
OF_JUPYTERLAB = ("WebSocket", "Download the React DevTools", "Unrecognized feature", "was preloaded")
#: How far down the last cell of a notebook reaches.
BOTTOM = """panel => {
  const last = [...panel.querySelectorAll(".jp-Cell")].at(-1).getBoundingClientRect();
  return last.bottom - panel.getBoundingClientRect().top + panel.scrollTop;
}"""


@dataclass
class LabPage:
    """A notebook that is open."""

    page: Page
    errors: list[str] = field(default_factory=list)

    @property
    def explorer(self) -> Locator:
        return self.page.locator(".wmiam-lab .explorer")

    def command(self, name: str) -> None:
        self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def cells(self) -> list[dict[str, Any]]:
        """The cells of the open notebook as they would be stored, with their outputs."""
        found = self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.widgets.map(w => w.model.sharedModel.toJSON())"
        )
        return list(found)

    def shoot(self, path: Path) -> None:
        """Take a picture of the notebook from its first cell to its last."""
        width = (self.page.viewport_size or {"width": 1280})["width"]
        outer = self.page.locator(".jp-NotebookPanel .jp-WindowedPanel-outer").first
        # Cells are drawn when they come into sight, and only then their height is known.
        for _ in range(4):
            height = int(outer.evaluate(BOTTOM)) + 200
            self.page.set_viewport_size({"width": width, "height": min(height, 16_000)})
            outer.evaluate("element => { element.scrollTop = 0 }")
            self.page.wait_for_timeout(200)
        self.page.screenshot(path=path)

    def close(self) -> None:
        """End the kernel and close the page, unless that is done."""
        if self.page.is_closed():
            return
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.context.close()

    def output(self, cell: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-OutputArea-output")

    def run(self, source: str) -> str:
        """Run a line of Python in the open kernel, and return what it prints."""
        return str(
            self.page.evaluate(
                """async (code) => {
                  const panel = window.jupyterapp.shell.currentWidget;
                  const kernel = panel.sessionContext.session.kernel;
                  const future = kernel.requestExecute({ code });
                  let text = "";
                  future.onIOPub = ({ content }) => { text += content.text ?? (content.traceback ?? []).join("\\n"); };
                  await future.done;
                  return text;
                }""",
                source,
            )
        ).strip()


@dataclass
class Lab:
    """A server that is running."""

    address: str
    token: str
    folder: Path
    browser: Browser
    pages: list[LabPage] = field(default_factory=list)

    def open(
        self,
        cells: list[str],
        *,
        dark: bool = False,
        size: tuple[int, int] = (1500, 1100),
        name: str = "test",
    ) -> LabPage:
        """Open a new notebook with these cells."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        path = self.folder / f"{name}-{secrets.token_hex(4)}.ipynb"
        nbformat.write(notebook, path)
        return self.show(path, dark=dark, size=size)

    def show(self, path: Path, *, dark: bool = False, size: tuple[int, int] = (1500, 1100)) -> LabPage:
        """Open a notebook that lies in the folder."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(30_000)
        page = context.new_page()
        opened = LabPage(page)
        self.pages.append(opened)

        def heard(message: ConsoleMessage) -> None:
            if message.type == "error" and not any(text in message.text for text in OF_JUPYTERLAB):
                opened.errors.append(message.text)

        page.on("console", heard)
        page.on("pageerror", lambda error: opened.errors.append(str(error)))
        page.goto(f"{self.address}/doc/tree/{path.name}?token={self.token}&reset")
        page.wait_for_function(
            "window.jupyterapp && window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"
        )
        # The theme is a setting of the server: a page before this one may have changed it.
        theme = "JupyterLab Dark" if dark else "JupyterLab Light"
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
        )
        page.wait_for_function(f"document.body.dataset.jpThemeLight === '{str(not dark).lower()}'")
        return opened


@contextlib.contextmanager
def running_lab(folder: Path, browser: Browser) -> Iterator[Lab]:
    """Start JupyterLab on a free port, with every folder of its own in a temporary place."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = (
        *("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"),
        *("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"),
    )
    environment = {**os.environ, **{name: str(folder / name.lower()) for name in places}}
    environment["PYTHONPATH"] = str(ROOT)
    # Otherwise JupyterLab asks on its first start whether it may fetch news.
    settings = folder / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True})
    )
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={notebooks}"),
        *("--LabApp.extension_manager=readonly", "--LabApp.news_url=None"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    log = folder / "lab.log"
    with log.open("w") as sink:
        process = subprocess.Popen(command, env=environment, stdout=sink, stderr=sink, cwd=notebooks)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            assert process.poll() is None, log.read_text()
            with (
                contextlib.suppress(URLError, ConnectionError),
                urlopen(f"{address}/api?token={token}", timeout=5),  # noqa: S310 - our own server
            ):
                break
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        yield Lab(address, token, notebooks, browser)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
