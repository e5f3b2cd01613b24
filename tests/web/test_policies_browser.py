"""The pages of policy staff in a real browser: without scripts they do all they do, and nothing stands in anybody's way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from moderation.accounts.models import Role
from moderation.policy.tables import PolicyState
from moderation.store import Database
from tests.support.chromium import DESKTOP, PHONE, Window, window
from tests.support.pages import listening, staff_key
from tests.support.policy_gallery import make_policies
from tests.support.service import StubApplication, app_on

pytestmark = pytest.mark.integration


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """A service without workers."""
    yield from app_on(sqlite_database, tmp_path / "home")


def test_a_revision_is_rolled_out_without_scripts_and_the_pages_stand_in_nobodys_way(
    app: StubApplication, chromium: Browser
) -> None:
    pages = make_policies(app)
    key = staff_key(app, "acct_pia", Role.MODERATOR, Role.POLICY)
    with listening(app) as base:
        for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
            with window(chromium, base, size=size, scheme=scheme) as seen:
                seen.sign_in(key)
                for path in pages.values():
                    seen.open(path)
                    for fold in seen.page.locator("main details").all():
                        fold.evaluate("fold => { fold.open = true; }")
                    _assert_clear(seen)
        with window(chromium, base, script=False) as seen:
            seen.open("/review")
            seen.page.locator("#key").fill(key)
            seen.page.keyboard.press("Enter")
            seen.page.get_by_role("link", name="Policies").click()
            seen.open(pages["policy"])
            seen.page.locator("summary", has_text="Roll out").click()
            seen.page.locator("#percent").fill("10")
            seen.page.locator("#reason-rollout").fill("the shadow agreed with the reviewers")
            seen.page.get_by_role("button", name="Roll out").click()
            expect(seen.page.locator(".note")).to_contain_text("in rollout for 10 % of the accounts")
    with app.database.read() as session:
        assert session.get_one(PolicyState, pages["policy"].rpartition("/")[2]).percent == 10


def _assert_clear(seen: Window) -> None:
    answer = Axe().run(seen.page)
    assert len(answer.response["passes"]) > 10
    found = [
        (one["id"], [node["html"][:120] for node in one["nodes"]]) for one in answer.response["violations"]
    ]
    assert found == [], seen.path
    wide = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{seen.path}: {wide} px too wide"
