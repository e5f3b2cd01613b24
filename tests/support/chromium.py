"""A real browser: Debian's Chromium, driven by Playwright, headless and with nothing of its own to fetch from anywhere."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from moderation.servers.process import ServerUnavailable
from tests.support.servers import unavailable

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 30_000
DESKTOP, PHONE = (1440, 900), (390, 844)


def program() -> str:
    """Where the browser is. Raises `ServerUnavailable`."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        raise ServerUnavailable(
            "chromium.missing", "chromium is not installed; install it: apt-get install chromium"
        )
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the session, with a fresh profile. Skips its tests where there is none, unless servers are required."""
    try:
        path = program()
    except ServerUnavailable as error:
        unavailable(error)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass(slots=True)
class Window:
    """A window with cookies of its own, and all that went wrong in it."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go there."""
        self.page.goto(f"{self.base}{path}")

    def sign_in(self, key: str) -> None:
        """By keyboard."""
        self.open("/review")
        expect(self.page.locator("#key")).to_be_focused()
        self.page.keyboard.type(key)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.base}/review")

    def press(self, *keys: str) -> None:
        """Press the keys, one after the other, as soon as somebody listens to them."""
        for key in keys:
            self.page.wait_for_load_state("domcontentloaded")
            self.page.keyboard.press(key)

    @property
    def path(self) -> str:
        """Where the window is."""
        return self.page.url.removeprefix(self.base)

    def said(self) -> str:
        """What was announced last to those who cannot see."""
        return self.page.inner_text("#say")


@contextmanager
def window(
    browser: Browser,
    base: str,
    *,
    script: bool = True,
    size: tuple[int, int] = DESKTOP,
    scheme: str = "light",
) -> Iterator[Window]:
    """A fresh window. Ends with an error when the console had one, or when anything outside `base` was asked for."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
    )
    page = context.new_page()
    made = Window(page, base)
    page.on("console", lambda message: made.faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: made.faults.append(str(error)))
    page.on("request", lambda request: made.asked.append(request.url))
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    try:
        yield made
    finally:
        context.close()
    outside = [url for url in made.asked if not url.startswith((base, "data:", "blob:"))]
    assert not outside, f"asked for {outside}"
    assert not made.faults, made.faults
