"""The queue shows what there is to do, as it is filtered, in an order that does not change under one's hands."""

import re

import pytest

from moderation.review import cases
from moderation.review.case_state import CaseStatus
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from moderation.web.filters import Filter
from policies.taxonomy import Category, Stage
from tests.support.gallery import STREET, beach_case
from tests.support.held import Held, make_held, span
from tests.support.pages import Browser
from tests.support.service import StubApplication

VIOLENCE = span(STREET, "one man lies on the ground", Category.VIOLENCE)


def _queue(app: StubApplication) -> dict[str, str]:
    held = (
        beach_case("beach", 30),
        Held("street", STREET, findings=(VIOLENCE,), minutes=20),
        Held("late", STREET, Stage.OUTPUT, findings=(VIOLENCE,), minutes=10),
        Held("fog", "fog", minutes=5),
    )
    return {one.name: make_held(app, one) for one in held}


def _listed(browser: Browser, query: str = "") -> list[str]:
    return re.findall(r'<tr id="(case_\w+)"', browser.get(f"/review?{query}").text)


def _move(app: StubApplication, case_id: str, **changes: object) -> None:
    with app.database.transaction() as session:
        row = session.get_one(ReviewCase, case_id)
        for name, value in changes.items():
            setattr(row, name, value)


def test_cases_are_listed_oldest_first_with_what_a_moderator_chooses_by(
    app: StubApplication, ann: Browser
) -> None:
    made = _queue(app)
    assert _listed(ann) == [made["beach"], made["street"], made["late"], made["fog"]]
    for told in (
        "Public figure",
        "figure.recently_dead",
        "Elvis Presley walks",
        "Violence",
        "30 min",
        "Could not be judged",
    ):
        assert told in ann.shown


def test_filters_and_their_counts_agree(app: StubApplication, ann: Browser) -> None:
    made = _queue(app)
    assert _listed(ann, "category=violence") == [made["street"], made["late"]]
    assert _listed(ann, "category=violence&stage=output") == [made["late"]]
    assert _listed(ann, "category=none") == [made["fog"]]
    assert _listed(ann, "stage=publish") == []
    html = ann.get("/review?stage=request").text
    assert 'value="violence">Violence (1)' in html
    assert '<option value="request" selected>request (3)' in html
    assert "Waiting\n        <span" in html.replace("\r", "")
    assert _listed(ann, "state=nonsense&category=nonsense&stage=nonsense&after=") == _listed(ann)


def test_each_standing_has_its_tab(app: StubApplication, ann: Browser, bob: Browser) -> None:
    made = _queue(app)
    ann.claim(made["beach"])
    bob.claim(made["street"])
    assert bob.decide(made["street"]).status_code == 303
    assert _listed(ann, "state=mine") == [made["beach"]]
    assert _listed(ann, "state=claimed") == [made["beach"]]
    assert _listed(ann, "state=free") == [made["late"], made["fog"]]
    assert _listed(ann, "state=decided") == [made["street"]]
    assert _listed(bob, "state=mine") == []
    assert made["street"] not in _listed(ann)


def test_a_claim_that_ran_out_is_free_again(app: StubApplication, ann: Browser) -> None:
    made = _queue(app)
    with app.database.transaction() as session:
        cases.claim(session, made["fog"], moderator="mod_bob", now_ms=now_ms(session), lease_ms=-1)
    assert made["fog"] in _listed(ann, "state=free")


def test_pages_go_on_where_the_last_one_ended_whatever_is_decided_meanwhile(
    app: StubApplication, ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.web.queue_page.PAGE_SIZE", 3)
    made = [make_held(app, Held(f"n{number}", minutes=20 - number)) for number in range(5)]
    first = _listed(ann)
    following = re.search(r'rel="next" href="/review\?([^"]+)"', ann.shown)
    assert following
    _move(app, made[1], state=CaseStatus.DECIDED.value, outcome="block")
    assert first == made[:3]
    assert _listed(ann, following[1]) == made[3:]
    assert "First page" in ann.shown


def test_decided_cases_are_listed_newest_first(app: StubApplication, ann: Browser) -> None:
    made = _queue(app)
    for case_id in made.values():
        _move(app, case_id, state=CaseStatus.DECIDED.value, outcome="block", decided_by="mod_x")
    assert _listed(ann, "state=decided") == [made["fog"], made["late"], made["street"], made["beach"]]


def test_the_part_that_is_fetched_again_is_the_list_and_nothing_else(
    app: StubApplication, ann: Browser
) -> None:
    made = _queue(app)
    part = ann.get("/review/queue?category=violence").text
    assert "<html" not in part
    assert re.findall(r'<tr id="(case_\w+)"', part) == [made["street"], made["late"]]


def test_an_empty_queue_says_so(ann: Browser) -> None:
    assert "Nothing waits for a person" in ann.get("/review").text
    assert "Show everything that waits" in ann.get("/review?state=decided").text


def test_a_filter_is_written_as_it_is_read() -> None:
    chosen = Filter("free", "output", "none", "case_1")
    assert Filter.parse(chosen.written) == chosen
    assert Filter().written == ""
    assert chosen.but(stage="").after == ""


def test_next_opens_the_oldest_free_case_under_the_same_filter(app: StubApplication, ann: Browser) -> None:
    made = _queue(app)
    ann.get("/review")
    assert ann.post("/review/next").headers["location"] == f"/review/cases/{made['beach']}"
    answer = ann.post("/review/next", queue="category=violence", but=made["street"])
    assert answer.headers["location"] == f"/review/cases/{made['late']}?category=violence"
    assert ann.post("/review/next", queue="stage=publish").headers["location"] == "/review?stage=publish"
