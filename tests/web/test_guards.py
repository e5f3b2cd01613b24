"""Nobody opens a page without a session, nobody sends a form of somebody else's, and every answer carries the strict headers."""

import re
from collections.abc import Iterator

import pytest
from sqlmodel import select

from moderation.accounts.models import ApiKey, Role
from moderation.store import Database
from moderation.web.pages import PAGES, Page
from moderation.web.rooms import ANYBODY, MODERATORS, POLICY_STAFF, STAFF
from tests.support.held import Held, make_held
from tests.support.pages import HTML, Browser, browser_on, staff_key
from tests.support.policies import SHIPPED
from tests.support.service import StubApplication, app_on

OPEN = {("GET", "/"), ("GET", "/review/sign-in"), ("POST", "/review/sign-in"), ("POST", "/review/sign-out")}
CLOSED = [pytest.param(page, id=f"{page.method} {page.path}") for page in PAGES if page.roles]
POSTED = [pytest.param(page, id=page.path) for page in PAGES if page.method == "POST"]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubApplication]:
    """One service for all: nothing here changes anything that another test looks at."""
    home = tmp_path_factory.mktemp("guards")
    database = Database(f"sqlite:///{home / 'safeconduct.db'}")
    database.create_all()
    yield from app_on(database, home)
    database.close()


@pytest.fixture(scope="module")
def ann(app: StubApplication) -> Browser:
    """At her desk: a moderator who may change policies, too."""
    return browser_on(app).sign_in("mod_ann", *STAFF)


@pytest.fixture
def browser(app: StubApplication) -> Browser:
    """Of somebody who has not signed in."""
    return browser_on(app)


def _path(page: Page) -> str:
    path = page.path.replace("{sha256}", "0" * 64).replace("{time}", "0").replace("{case}", "case_1")
    return path.replace("{revision}", "sha256:000000000000")


def test_only_the_sign_in_is_open() -> None:
    assert {(page.method, page.path) for page in PAGES if page.roles == ANYBODY} == OPEN
    assert all(page.roles in (ANYBODY, MODERATORS, POLICY_STAFF) for page in PAGES)
    assert {page.path.startswith("/review/policies") for page in PAGES if page.roles == POLICY_STAFF} == {
        True
    }
    assert not any(page.path.startswith("/review/policies") for page in PAGES if page.roles != POLICY_STAFF)


@pytest.mark.parametrize("page", CLOSED)
def test_without_a_session_a_person_is_asked_to_sign_in_and_a_script_is_told(
    browser: Browser, page: Page
) -> None:
    answer = browser.client.request(page.method, _path(page), headers=HTML, follow_redirects=False)
    assert answer.status_code == (303 if page.method == "GET" else 401)
    told = browser.client.request(page.method, _path(page), headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["code"]) == (401, "session.ended")


@pytest.mark.parametrize("page", CLOSED)
def test_an_api_key_in_a_header_opens_no_page(app: StubApplication, browser: Browser, page: Page) -> None:
    bearer = {**HTML, "Authorization": f"Bearer {staff_key(app, 'mod_ann')}"}
    answer = browser.client.request(page.method, _path(page), headers=bearer, follow_redirects=False)
    assert answer.status_code in {303, 401}


@pytest.fixture(scope="module")
def elsewhere(app: StubApplication) -> dict[Role, Browser]:
    """By the role that each lacks, sessions whose keys have all others: they had it when they signed in."""
    browsers = {}
    for missing in STAFF:
        browsers[missing] = browser_on(app).sign_in(f"acct_no_{missing.value}")
        with app.database.transaction() as session:
            account = f"acct_no_{missing.value}"
            key = session.exec(select(ApiKey).where(ApiKey.account_id == account)).one()
            key.roles = sorted(role.value for role in Role if role is not missing)
    return browsers


@pytest.mark.parametrize("page", CLOSED)
def test_every_role_but_the_right_one_is_refused(elsewhere: dict[Role, Browser], page: Page) -> None:
    (needed,) = page.roles
    client = elsewhere[needed].client
    answer = client.request(page.method, _path(page), headers=HTML, follow_redirects=False)
    assert answer.status_code == 403
    assert "auth.role_missing" in answer.text


@pytest.mark.parametrize("page", POSTED)
def test_a_form_without_the_token_of_this_browser_does_nothing(ann: Browser, page: Page) -> None:
    for csrf in ("", "0" * 64, "é"):
        answer = ann.post(_path(page), csrf=csrf)
        assert (answer.status_code, "form.foreign" in answer.text) == (403, True)
    assert ann.get("/review").status_code == 200


FOREIGN = (
    {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Origin": "http://testserver.evil.test"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
)  # fmt: skip


@pytest.mark.parametrize("page", POSTED)
def test_a_form_sent_by_another_site_does_nothing(ann: Browser, page: Page) -> None:
    ann.get("/review")
    for header in FOREIGN:
        assert ann.post(_path(page), headers=header).status_code == 403


def test_the_token_of_another_browser_does_not_fit(ann: Browser, browser: Browser) -> None:
    ann.get("/review")
    assert ann.post("/review/next", csrf=browser.sign_in("mod_bob").csrf).status_code == 403
    assert ann.post("/review/next", headers={"Origin": "http://testserver"}).status_code == 303


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"csrf=1&csrf=2", "application/x-www-form-urlencoded"),
        (b"a=%ff%fe", "application/x-www-form-urlencoded"),
        (b"a=\xff", "application/x-www-form-urlencoded"),
        (b"a=%00", "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % n for n in range(200)), "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 100_000, "application/x-www-form-urlencoded"),
        (b'{"csrf": 1}', "application/json"),
        (b"--x--", "multipart/form-data; boundary=x"),
    ],
    ids=["twice", "no utf-8", "no ascii", "nul", "many", "large", "json", "multipart"],
)
def test_what_is_no_form_is_refused_and_breaks_nothing(ann: Browser, body: bytes, kind: str) -> None:
    headers = {**HTML, "Content-Type": kind}
    ann.get("/review")
    headers["X-CSRF-Token"] = ann.csrf
    answer = ann.client.post("/review/next", content=body, headers=headers, follow_redirects=False)
    assert (answer.status_code, "form.unreadable" in answer.text) == (422, True)


def test_every_page_carries_the_strict_headers(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("headers"))
    for path in (
        "/review",
        "/review/help",
        f"/review/cases/{case_id}",
        "/review/cases/nobody",
        "/review/nothing",
        "/review/policies",
        "/review/policies/new",
        f"/review/policies/{SHIPPED.revision}",
    ):
        headers = ann.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-request-id"]


def test_no_page_has_inline_script_or_style_or_reaches_outside(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("inline"))
    for path in (
        "/review/sign-in",
        "/review",
        "/review/help",
        f"/review/cases/{case_id}",
        "/review/cases/nobody",
        "/review/policies",
        f"/review/policies/new?from={SHIPPED.revision}",
        f"/review/policies/{SHIPPED.revision}",
    ):
        html = ann.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", html)
        assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//", html)


def test_static_files_are_kept_for_good_under_an_address_that_changes_with_them(browser: Browser) -> None:
    html = browser.get("/review/sign-in").text
    for address in re.findall(r"(?:href|src)=\"(/review/static/[^\"]+)\"", html):
        answer = browser.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert re.search(r"\?v=[0-9a-f]{12}$", address)
    for path in ("/review/static/../app.py", "/review/static/%2e%2e/pages.py", "/review/static/nothing.js"):
        assert browser.client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/nothing", "text/html", "text/html"),
        ("/nothing", "application/json", "application/problem+json"),
        ("/v1/nothing", "text/html", "application/problem+json"),
        ("/review/nothing", "text/html", "text/html"),
        ("/review/cases", "text/html", "text/html"),
    ],
)
def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(
    browser: Browser, path: str, accept: str, kind: str
) -> None:
    answer = browser.client.get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith(kind)


def test_the_address_of_an_act_opened_anew_leads_back(browser: Browser) -> None:
    assert browser.get("/review/cases/case_1/claim").headers["location"] == "/review/cases/case_1"
    assert browser.get("/review/next").headers["location"] == "/review"


def test_the_root_leads_to_the_queue(browser: Browser) -> None:
    assert browser.get("/").headers["location"] == "/review"


def test_an_error_nobody_foresaw_is_a_page_that_says_nothing_but_where_to_look(
    ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.web.queue_page.list_cases", lambda *_, **__: 1 / 0)
    answer = ann.get("/review")
    assert answer.status_code == 500
    assert "division" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
