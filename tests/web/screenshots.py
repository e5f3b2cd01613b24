"""`make screenshots`: the pages as a moderator sees them, for looking at: out/screenshots/SIZE-SCHEME-PAGE.png."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from moderation.accounts.models import Role
from moderation.store import Database
from tests.docs.codes import ROOT
from tests.support.chromium import ARGUMENTS, DESKTOP, PHONE, Window, program, window
from tests.support.gallery import make_gallery
from tests.support.pages import listening, staff_key
from tests.support.policy_gallery import make_policies
from tests.support.service import StubApplication, app_on

OUT = ROOT / "out" / "screenshots"
SIZES = {"desktop": DESKTOP, "phone": PHONE}
Shoot = Callable[[str], None]


def main() -> None:
    """Make a gallery, walk through it in every size and scheme, and say where the pictures lie."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        database = Database(f"sqlite:///{home / 'safeconduct.db'}")
        database.create_all()
        for app in app_on(database, home):
            made = dict(make_gallery(app, home / "media"))
            policies = make_policies(app)
            with listening(app) as base, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
                for size in SIZES:
                    for scheme in ("light", "dark"):
                        _walk(browser, app, base, made, policies, size, scheme)
                browser.close()
        database.close()
    for file in sorted(OUT.glob("*.png")):
        sys.stdout.write(f"{file.relative_to(ROOT)}\n")


def _walk(
    browser: Browser,
    app: StubApplication,
    base: str,
    made: dict[str, str],
    policies: dict[str, str],
    size: str,
    scheme: str,
) -> None:
    with window(browser, base, size=SIZES[size], scheme=scheme) as made_window:

        def shoot(name: str, *, whole: bool = False) -> None:
            made_window.page.screenshot(path=OUT / f"{size}-{scheme}-{name}.png", full_page=whole)

        made_window.open("/review")
        shoot("sign-in")
        made_window.sign_in(staff_key(app, "mod_ann", Role.MODERATOR, Role.POLICY))
        made_window.press("j", "j")
        shoot("queue")
        for name in ("beach", "reference", "leaflets"):
            _open(made_window, made[name])
            shoot(name, whole=True)
        made_window.page.get_by_role("link", name="What would change it").click()
        made_window.page.wait_for_url("**/review/decisions/*")
        shoot("why", whole=True)
        _open(made_window, made["clip"])
        if made_window.page.locator("#decide").count() == 0:
            made_window.press("c")
            made_window.page.wait_for_selector("#decide")
            _settle(made_window)
        shoot("clip-veiled")
        made_window.press("v")
        shoot("clip")
        shoot("clip-whole", whole=True)
        made_window.press("?")
        shoot("keys")
        for name, path in policies.items():
            made_window.open(path)
            shoot(name, whole=True)


def _open(made_window: Window, case_id: str) -> None:
    made_window.open(f"/review/cases/{case_id}")
    _settle(made_window)


def _settle(made_window: Window) -> None:
    """Scroll through, so that every picture is loaded, and back."""
    height = int(made_window.page.evaluate("document.documentElement.scrollHeight"))
    for top in range(0, height, 500):
        made_window.page.evaluate(f"scrollTo(0, {top})")
        made_window.page.wait_for_timeout(60)
    made_window.page.evaluate("scrollTo(0, 0)")
    made_window.page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
