"""Signing in exchanges a key for a cookie that nobody else can use; whatever ends, ends at once."""

import re

import pytest
from sqlmodel import select

from moderation.accounts import sign_in
from moderation.accounts.keys import revoke_key
from moderation.accounts.models import Account, AccountState, ApiKey, Role, SignInFailure, StaffSession
from moderation.accounts.sessions import IDLE_MS, SHIFT_MS
from moderation.accounts.sign_in import FROM_ONE_SOURCE
from moderation.store import now_ms
from moderation.transparency.audit import AuditEntry
from moderation.web.doors import local
from moderation.web.rooms import STAFF
from tests.support.pages import HTML, Browser, browser_on, staff_key
from tests.support.service import StubApplication


def _cookie(browser: Browser) -> str:
    return str(browser.client.cookies["safeconduct"])


def test_who_is_not_signed_in_is_taken_to_the_form_and_back(browser: Browser) -> None:
    answer = browser.get("/review?state=mine")
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert where == "/review/sign-in?next=%2Freview%3Fstate%3Dmine"
    browser.get(where)
    key = staff_key(browser.app, "mod_ann")
    answer = browser.post("/review/sign-in", key=key, next="/review?state=mine")
    assert (answer.status_code, answer.headers["location"]) == (303, "/review?state=mine")
    assert browser.get("/review").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(browser: Browser) -> None:
    browser.get("/review/sign-in")
    answer = browser.post("/review/sign-in", key=staff_key(browser.app, "mod_ann"))
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("safeconduct=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_behind_https_the_cookie_is_bound_to_the_host_and_to_https(app: StubApplication) -> None:
    browser = browser_on(app)
    browser.client.base_url = "https://testserver"
    cookie = browser.get("/review/sign-in").headers["set-cookie"]
    assert cookie.startswith("__Host-safeconduct=")
    assert "Secure" in cookie
    assert browser.sign_in().get("/review").status_code == 200


def test_signing_in_makes_a_new_cookie_and_ends_the_old_session(ann: Browser) -> None:
    before = _cookie(ann)
    ann.post("/review/sign-out")
    outside = _cookie(ann)
    ann.sign_in("mod_ann")
    assert len({before, outside, _cookie(ann)}) == 3
    with ann.app.database.read() as session:
        rows = session.exec(select(StaffSession)).all()
    assert sorted(row.ended_ms is None for row in rows) == [False, True]
    assert before not in {row.id for row in rows}


def test_a_cookie_planted_before_the_sign_in_opens_nothing_afterwards(app: StubApplication) -> None:
    victim, thief = browser_on(app), browser_on(app)
    victim.client.cookies.set("safeconduct", "planted")
    victim.sign_in()
    thief.client.cookies.set("safeconduct", "planted")
    assert thief.get("/review").status_code == 303


def test_what_is_no_key_is_refused_with_a_sentence(browser: Browser) -> None:
    browser.get("/review/sign-in")
    for key in ("", "sk_1_2", "x" * 500, "sk_" + "0" * 32 + "_" + "0" * 64, "ключ"):
        answer = browser.post("/review/sign-in", key=key)
        assert (answer.status_code, "no valid API key" in answer.text) == (401, True)
        assert not key or key not in answer.text
    assert browser.get("/review").status_code == 303


def test_a_good_key_of_another_role_is_told_which_role_is_needed(browser: Browser) -> None:
    browser.get("/review/sign-in")
    for role in set(Role) - STAFF:
        answer = browser.post("/review/sign-in", key=staff_key(browser.app, "acct_x", role))
        assert (answer.status_code, "auth.role_missing" in answer.text) == (403, True), role
    assert browser.get("/review").status_code == 303


def test_what_others_did_wrong_shuts_nobody_out_and_fills_no_table(
    app: StubApplication, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "COUNTED", 3)
    with app.database.transaction() as session:
        for number in range(9):
            sign_in.count_failure(session, f"source {number}", now_ms=now_ms(session))
        assert len(session.exec(select(SignInFailure)).all()) == 4
    assert browser.sign_in("mod_ann").get("/review").status_code == 200


def test_after_too_many_refused_keys_not_even_a_good_one_is_looked_at(browser: Browser) -> None:
    good = staff_key(browser.app, "mod_ann")
    browser.get("/review/sign-in")
    for _ in range(FROM_ONE_SOURCE):
        assert browser.post("/review/sign-in", key="sk_wrong").status_code == 401
    answer = browser.post("/review/sign-in", key=good)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "300")
    assert "wait five minutes" in answer.text.lower()
    with browser.app.database.read() as session:
        sources = session.exec(select(SignInFailure.source)).all()
    assert all("testclient" not in source for source in sources)
    with browser.app.database.transaction() as session:
        for row in session.exec(select(SignInFailure)):
            session.delete(row)
    assert browser.post("/review/sign-in", key=good).status_code == 303


def test_revoking_the_key_ends_the_session_at_once(ann: Browser) -> None:
    assert ann.get("/review").status_code == 200
    with ann.app.database.transaction() as session:
        key = session.exec(select(ApiKey).where(ApiKey.account_id == "mod_ann")).one()
        revoke_key(session, key.id, actor="test", now_ms=now_ms(session))
    assert ann.get("/review").status_code == 303


def test_a_suspended_moderator_sees_nothing_any_more(ann: Browser) -> None:
    with ann.app.database.transaction() as session:
        session.get_one(Account, "mod_ann").state = AccountState.SUSPENDED.value
    answer = ann.get("/review")
    assert answer.status_code == 403
    assert "moderator" in answer.text


@pytest.mark.parametrize(("field", "older_by"), [("created_ms", SHIFT_MS), ("seen_ms", IDLE_MS)])
def test_a_session_ends_after_a_shift_and_after_an_hour_of_silence(
    ann: Browser, field: str, older_by: int
) -> None:
    with ann.app.database.transaction() as session:
        row = session.exec(select(StaffSession)).one()
        setattr(row, field, getattr(row, field) - older_by)
    assert ann.get("/review").status_code == 303


def test_what_the_page_asks_for_by_itself_is_no_sign_of_life(ann: Browser) -> None:
    with ann.app.database.transaction() as session:
        row = session.exec(select(StaffSession)).one()
        row.seen_ms -= IDLE_MS // 2
        before = row.seen_ms
    assert ann.get("/review/queue").status_code == 200
    with ann.app.database.read() as session:
        assert session.exec(select(StaffSession.seen_ms)).one() == before
    ann.get("/review")
    with ann.app.database.read() as session:
        assert session.exec(select(StaffSession.seen_ms)).one() > before


def test_signing_out_ends_the_session_and_may_be_done_twice(ann: Browser) -> None:
    old = _cookie(ann)
    assert ann.post("/review/sign-out").headers["location"] == "/review/sign-in"
    ann.get("/review/sign-in")
    assert ann.post("/review/sign-out").status_code == 303
    thief = browser_on(ann.app)
    thief.client.cookies.set("safeconduct", old)
    assert thief.get("/review").status_code == 303


def test_signing_in_and_out_is_on_record(ann: Browser) -> None:
    ann.post("/review/sign-out")
    with ann.app.database.read() as session:
        acts = session.exec(select(AuditEntry.act).where(AuditEntry.actor == "mod_ann")).all()
    assert list(acts) == ["staff.signed_in", "staff.signed_out"]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/review", "//evil.test/review", "/\\evil.test", "/review\\..", "javascript:alert(1)", "/v1/me", "",
        "/reviewer", "/review\n/x", "\x00", "https:/review",
    ],
)  # fmt: skip
def test_the_sign_in_leads_nowhere_else(address: str) -> None:
    assert local(address) == "/review"


def test_the_sign_in_leads_back_to_a_page(ann: Browser) -> None:
    assert local("/review/cases/case_1?state=free") == "/review/cases/case_1?state=free"
    answer = ann.client.get("/review/sign-in?next=/review/help", headers=HTML, follow_redirects=False)
    assert answer.headers["location"] == "/review/help"


def test_everybody_lands_where_there_is_something_for_them_and_is_shown_no_other_door(
    app: StubApplication,
) -> None:
    for roles, home, shown in (
        ([Role.MODERATOR], "/review", []),
        ([Role.POLICY], "/review/policies", ["Policies"]),
        ([Role.POLICY, Role.MODERATOR], "/review", ["Queue", "Policies"]),
    ):
        browser = browser_on(app)
        browser.get("/review/sign-in")
        answer = browser.post("/review/sign-in", key=staff_key(app, "acct_y", *roles))
        assert answer.headers["location"] == home
        assert browser.get("/").headers["location"] == home
        rooms = re.search(r'<ul class="rooms">(.*?)</ul>', browser.get(home).text)
        assert re.findall(r">(\w+)</a>", rooms[1] if rooms else "") == shown
        assert ("/review/policies" in browser.shown) == ("Policies" in shown)
