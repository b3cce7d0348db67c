"""The report as PDF, printed by a Chromium that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from wmiam.errors import InputError
from wmiam.wholefile import open_whole

__all__ = ["find_browser", "no_browser", "print_pdf"]

#: What Chromium and its kin are called, on the systems that have them.
_NAMES: Final = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge", "brave-browser"),
)
_PLACES: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
#: Seconds that printing may take.
_PATIENCE: Final = 300


def find_browser() -> str | None:
    """Return the program that can print, None if none is installed."""
    on_path = (shutil.which(name) for name in _NAMES)
    return next(filter(None, on_path), None) or next((p for p in _PLACES if Path(p).is_file()), None)


def no_browser(path: str | os.PathLike[str]) -> InputError:
    """Return the error that says that nothing here can print.

    Parameters
    ----------
    path : str or path
        The file that was wanted.
    """
    return InputError(
        "no browser is installed that can print PDF",
        path=str(path),
        mend="install Chromium or Chrome, or open the report in any browser and print it to a file",
    )


def print_pdf(html: str, path: str | os.PathLike[str]) -> Path:
    """Print a report as PDF; whole, or not at all.

    Parameters
    ----------
    html : str
        The report's page.
    path : str or path
        The file to write.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If no Chromium is installed, or it prints nothing.
    OSError
        If the file cannot be written.
    """
    browser = find_browser()
    if browser is None:
        raise no_browser(path)
    with tempfile.TemporaryDirectory(prefix="wmiam-") as folder:
        page, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_bytes(html.encode("utf-8", "backslashreplace"))
        command = [browser, "--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"]
        # The page asks for nothing; the browser itself shall not either.
        command += ["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]
        command += [f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # Chromium refuses its sandbox to root, as in a container.
            command.append("--no-sandbox")
        try:
            done = subprocess.run(  # noqa: S603 - a browser that is installed, and files of our own
                [*command, page.as_uri()], capture_output=True, timeout=_PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(browser, path, str(error)) from error
        if done.returncode != 0 or not printed.is_file():
            told = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise _failed(browser, path, told[-1] if told else f"exit code {done.returncode}")
        with open_whole(path) as stream:
            stream.write(printed.read_bytes())
    return Path(path)


def _failed(browser: str, path: str | os.PathLike[str], told: str) -> InputError:
    return InputError(
        f"{browser} printed nothing: {told}",
        path=str(path),
        mend="open the report in a browser and print it to a file",
    )
