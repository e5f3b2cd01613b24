"""The pages in a real browser: by keyboard, by two people at once, without scripts, and for those who do not see them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from moderation.review.cases import get_case
from moderation.review.models import ReviewCase
from moderation.store import Database
from tests.support.chromium import DESKTOP, PHONE, Window, window
from tests.support.gallery import make_gallery
from tests.support.held import Held, make_held
from tests.support.pages import listening, staff_key
from tests.support.service import StubApplication, app_on

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Office:
    """A service that listens, and its cases by name."""

    app: StubApplication
    base: str
    made: Mapping[str, str]

    def case(self, name: str) -> ReviewCase:
        """As it stands now."""
        with self.app.database.read() as session:
            return get_case(session, self.made[name])

    def path(self, name: str) -> str:
        """The page of a case."""
        return f"/review/cases/{self.made[name]}"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One for all tests; each takes cases of its own."""
    home: Path = tmp_path_factory.mktemp("office")
    database = Database(f"sqlite:///{home / 'safeconduct.db'}")
    database.create_all()
    for app in app_on(database, home):
        with listening(app) as base:
            yield Office(app, base, make_gallery(app, home / "media"))
    database.close()


@pytest.fixture
def ann(office: Office, chromium: Browser) -> Iterator[Window]:
    """A moderator at her desk."""
    with window(chromium, office.base) as made:
        made.sign_in(staff_key(office.app, "mod_ann"))
        yield made


def test_a_case_is_found_claimed_and_decided_by_keyboard_alone(office: Office, ann: Window) -> None:
    ann.press("j")
    expect(ann.page.locator("tr.here")).to_have_attribute("id", office.made["beach"])
    ann.press("j", "k", "Enter")
    ann.page.wait_for_url(f"**{office.path('beach')}*")
    expect(ann.page.locator("mark.review")).to_have_text("Elvis Presley")
    ann.press("a")
    assert "Claim the case first" in ann.said()
    ann.press("c")
    expect(ann.page.locator("[data-countdown]")).to_contain_text("min")
    ann.press("b")
    expect(ann.page.locator("#note")).to_be_focused()
    ann.page.keyboard.type("A look-alike, c and a and b are letters here.")
    ann.press("Escape", "a")
    expect(ann.page.locator("fieldset.allow")).to_have_class("allow armed")
    ann.press("Control+Enter")
    ann.page.wait_for_url("**done=*")
    assert office.case("beach").outcome == "allow"
    assert str(office.case("beach").reason).endswith("c and a and b are letters here.")
    assert office.path("beach") not in ann.path


def test_frames_with_boxes_and_the_clip_are_there_and_veiled_until_asked_for(
    office: Office, ann: Window
) -> None:
    ann.open(office.path("clip"))
    frames = ann.page.locator(".strip img")
    for number in range(frames.count()):
        frames.nth(number).scroll_into_view_if_needed()
        expect(frames.nth(number)).to_have_js_property("complete", True)
        assert frames.nth(number).evaluate("image => image.naturalWidth") == 640
    box = ann.page.locator(".marked rect.review").bounding_box()
    shot = ann.page.locator(".marked .shot").bounding_box()
    assert box
    assert shot
    assert box["x"] - shot["x"] == pytest.approx(0.30 * shot["width"], abs=4)
    blur = "image => getComputedStyle(image).filter"
    assert "blur" in frames.first.evaluate(blur)
    ann.press("v")
    assert frames.first.evaluate(blur) == "none"
    clip = ann.page.locator("video")
    assert clip.evaluate("clip => [clip.controls, clip.muted, clip.autoplay, clip.paused]") == [
        True,
        True,
        False,
        True,
    ]
    ann.press("p")
    clip.evaluate(
        "clip => new Promise(played => clip.addEventListener('timeupdate', () => clip.currentTime > 0.1 && played()))"
    )
    ann.press("p")
    ann.page.locator(".lines .seek").nth(1).click()
    assert clip.evaluate("clip => clip.currentTime") == pytest.approx(2.2, abs=0.05)


def test_the_list_is_filtered_and_keeps_its_place_when_it_is_fetched_again(
    office: Office, ann: Window
) -> None:
    ann.press("/")
    expect(ann.page.locator("#stage")).to_be_focused()
    ann.page.select_option("#category", "violence")
    ann.page.get_by_role("button", name="Filter").click()
    expect(ann.page.locator("tr[data-row]")).to_have_count(1)
    ann.open("/review")
    ann.press("j", "j")
    marked = ann.page.locator("tr.here").get_attribute("id")
    fresh = make_held(office.app, Held("newcomer", minutes=0))
    ann.page.evaluate("refresh()")
    expect(ann.page.locator(f"#{fresh}")).to_be_visible()
    assert ann.page.locator("tr.here").get_attribute("id") == marked
    assert ann.said() == "1 new case."


def test_two_moderators_at_once_and_nothing_that_was_written_is_lost(
    office: Office, chromium: Browser, ann: Window
) -> None:
    ann.open(office.path("street"))
    with window(chromium, office.base) as bob:
        bob.sign_in(staff_key(office.app, "mod_bob"))
        bob.open(office.path("street"))
        ann.press("c")
        ann.page.wait_for_selector("#decide")
        bob.press("c")
        expect(bob.page.get_by_role("alert")).to_contain_text("is claimed by another moderator")
        bob.faults.clear()  # the browser notes the answer 409
        ann.page.fill("#note", "Seen from both ends.")
        with office.app.database.transaction() as session:
            get_case(session, office.made["street"]).claim_until_ms = 1
        bob.open(office.path("street"))
        bob.press("c")
        bob.page.wait_for_selector("#decide")
        ann.press("Escape", "b", "Control+Enter")
        expect(ann.page.get_by_role("alert")).to_contain_text("you do not hold this case now")
        expect(ann.page.locator("#note")).to_have_value("Seen from both ends.")
        ann.faults.clear()
        bob.press("b")
        bob.page.keyboard.type("A man is beaten.")
        bob.press("Control+Enter")
        bob.page.wait_for_url("**done=*")
    assert (office.case("street").decided_by, office.case("street").outcome) == ("mod_bob", "block")


def test_a_claim_that_is_lost_while_the_page_is_open_is_told_there(office: Office, ann: Window) -> None:
    ann.open(office.path("timeout"))
    ann.press("c")
    ann.page.wait_for_selector("#decide")
    ann.page.fill("#note", "half a thought")
    with office.app.database.transaction() as session:
        row = get_case(session, office.made["timeout"])
        row.claimed_by, row.claim_token = "mod_bob", row.claim_token + 1
    ann.page.evaluate("document.getElementById('hold').dataset.left")
    ann.page.evaluate("hold.renew()")
    expect(ann.page.locator("#hold .problem")).to_contain_text("you do not hold this case now")
    expect(ann.page.locator("#decide button").first).to_be_disabled()
    expect(ann.page.locator("#note")).to_have_value("half a thought")
    ann.faults.clear()


def test_without_scripts_all_that_matters_works(office: Office, chromium: Browser) -> None:
    with window(chromium, office.base, script=False) as plain:
        page = plain.page
        plain.open("/review")
        page.fill("#key", staff_key(office.app, "mod_cem"))
        page.get_by_role("button", name="Sign in").click()
        page.locator(f"#{office.made['reference']} button").click()
        expect(page.locator("h1")).to_contain_text("Could not be judged")
        expect(page.locator(".shot img").first).to_have_js_property("complete", True)
        page.fill("#note", "Nobody that anybody could name.")
        page.get_by_role("button", name="Allow").click()
        expect(page.get_by_text("Decided:").or_(page.get_by_text("is decided"))).to_be_visible()
        page.get_by_role("link", name="Keys").click()
        expect(page.get_by_role("cell", name="Choose to block, and go to the note")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("#key")).to_be_visible()
    assert office.case("reference").outcome == "allow"


def test_the_keys_can_be_read_and_switched_off(ann: Window) -> None:
    ann.press("?")
    expect(ann.page.get_by_role("dialog")).to_be_visible()
    ann.page.get_by_label("Single keys work").uncheck()
    ann.press("Escape", "j")
    expect(ann.page.locator("tr.here")).to_have_count(0)
    ann.press("?")
    ann.page.get_by_label("Single keys work").check()
    ann.press("?", "j")
    expect(ann.page.locator("tr.here")).to_have_count(1)


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop", "phone"])
def test_nothing_stands_in_the_way_of_those_who_cannot_see_or_point(
    office: Office, chromium: Browser, size: tuple[int, int], scheme: str
) -> None:
    with window(chromium, office.base, size=size, scheme=scheme) as made:
        found = {}
        made.open("/review/sign-in")
        found["sign-in"] = _violations(made)
        made.sign_in(staff_key(office.app, "mod_dora"))
        for name, path in (("queue", "/review"), ("clip", office.path("clip")), ("help", "/review/help")):
            made.open(path)
            found[name] = _violations(made)
            wide = made.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{name} is {wide} px too wide"
    assert not any(found.values()), found


def _violations(made: Window) -> list[str]:
    answer = Axe().run(made.page)
    assert len(answer.response["passes"]) > 10
    return [
        f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}"
        for one in answer.response["violations"]
    ]
