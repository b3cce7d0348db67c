"""How a reader opens a page that is a file: from disk, and without network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page


@dataclass
class Look:
    """A page that is open, and all that it did besides showing itself."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        """Assert that the page asked for nothing but itself, and complained of nothing."""
        self.violations = self.page.evaluate("window.violations ?? []")
        assert self.requests == [self.address]
        assert self.messages == []
        assert self.violations == []


@dataclass
class Opener:
    """Opens pages as a reader does."""

    browser: Browser

    def __call__(
        self,
        path: Path,
        *,
        scheme: str = "light",
        phone: bool = False,
        script: bool = True,
    ) -> Look:
        context = self.browser.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1440, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
            offline=True,
            reduced_motion="reduce",
        )
        context.set_default_timeout(8000)
        page = context.new_page()
        look = Look(page, path.resolve().as_uri())

        def heard(message: ConsoleMessage) -> None:
            look.messages.append(f"{message.type}: {message.text}")

        page.on("console", heard)
        page.on("pageerror", lambda error: look.messages.append(str(error)))
        page.on("request", lambda request: look.requests.append(request.url))
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', (e) => window.violations.push(e.violatedDirective))"
        )
        page.goto(look.address)
        return look
