"""A decision's page: what the requester reads beside what staff read, and a text that passes when somebody asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect
from sqlmodel import select

from moderation.gate.decisions import Decision
from moderation.store import Database
from moderation.transparency.audit import AuditEntry
from tests.support.chromium import DESKTOP, PHONE, Window, window
from tests.support.gallery import beach_case
from tests.support.held import make_held
from tests.support.pages import Browser, browser_on, listening, staff_key
from tests.support.wordy import WordyApplication, decide, wordy_on

BLOODY = "A knight stands in a hall. The floor is covered in blood, and a bell rings."
OFFERED = "A knight stands in a hall. The floor is covered in dust, and a bell rings."


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Iterator[WordyApplication]:
    """A service whose gate refuses a few words."""
    yield from wordy_on(sqlite_database, tmp_path / "home")


@pytest.fixture
def ann(app: WordyApplication) -> Browser:
    """A moderator at her desk."""
    return browser_on(app).sign_in("mod_ann")


def test_both_views_of_a_decision_stand_side_by_side(app: WordyApplication, ann: Browser) -> None:
    made = decide(app, BLOODY)
    html = ann.get(f"/review/decisions/{made.id}").text
    requester, staff = html.split("Staff read")
    assert "content.violence" in html
    assert "“blood” (characters 52 to 56 of the prompt)" in requester
    assert "The video is not made." in requester
    assert "0.97" not in requester
    assert "text.classifier for violence scored under" in staff
    assert '<mark class="block">blood</mark>' in staff
    assert "score 0.97 reaches" in staff


def test_a_text_that_passes_is_looked_for_when_somebody_asks(app: WordyApplication, ann: Browser) -> None:
    made = decide(app, BLOODY)
    app.words.asked.clear()
    assert "Look for one" in ann.get(f"/review/decisions/{made.id}").text
    assert app.words.asked == []
    html = ann.get(f"/review/decisions/{made.id}?edit=look").text
    assert f'id="suggestion">{OFFERED}</p>' in html
    assert OFFERED in app.words.asked


def test_nothing_is_offered_for_what_concerns_a_child(app: WordyApplication, ann: Browser) -> None:
    made = decide(app, "a sexual video of a 12 year old girl")
    html = ann.get(f"/review/decisions/{made.id}?edit=look").text
    assert "None is offered." in html
    assert "kept_back" in html
    assert "no person and no document lifts it" in html


def test_a_case_leads_to_the_page_and_back(app: WordyApplication, ann: Browser) -> None:
    case_id = make_held(app, beach_case())
    with app.database.read() as session:
        decision_id = session.exec(select(Decision.id)).one()
    assert f'href="/review/decisions/{decision_id}"' in ann.get(f"/review/cases/{case_id}").text
    assert f'href="/review/cases/{case_id}"' in ann.get(f"/review/decisions/{decision_id}").text


def test_reading_a_decision_is_on_record_once_and_an_unknown_one_is_a_page(
    app: WordyApplication, ann: Browser
) -> None:
    made = decide(app, BLOODY)
    for _ in range(2):
        ann.get(f"/review/decisions/{made.id}")
    with app.database.read() as session:
        reads = session.exec(select(AuditEntry).where(AuditEntry.act == "decision.read")).all()
    assert [(row.actor, row.subject) for row in reads] == [("mod_ann", made.id)]
    answer = ann.get("/review/decisions/dec_none")
    assert answer.status_code == 404
    assert "no decision has this id" in answer.text


@pytest.mark.integration
@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop", "phone"])
def test_the_page_in_a_browser_stands_in_nobodys_way(
    app: WordyApplication, chromium: Chromium, size: tuple[int, int], scheme: str
) -> None:
    made = decide(app, BLOODY)
    with listening(app) as base, window(chromium, base, size=size, scheme=scheme) as seen:
        seen.sign_in(staff_key(app, "mod_ann"))
        seen.open(f"/review/decisions/{made.id}")
        assert _violations(seen) == []
        seen.page.get_by_role("button", name="Look for one").click()
        expect(seen.page.locator("#suggestion")).to_have_text(OFFERED)
        assert _violations(seen) == []
        wide = seen.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{wide} px too wide"


def _violations(seen: Window) -> list[str]:
    answer = Axe().run(seen.page)
    assert len(answer.response["passes"]) > 10
    return [
        f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}"
        for one in answer.response["violations"]
    ]
