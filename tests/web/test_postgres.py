"""The same pages on PostgreSQL: sign in, filter, claim, decide; and move a policy."""

import re
from pathlib import Path

import pytest

from moderation.accounts.models import Role
from moderation.store import Database
from policies.taxonomy import Category
from tests.support.gallery import STREET, beach_case
from tests.support.held import Held, make_held, span
from tests.support.pages import browser_on
from tests.support.policies import SHIPPED
from tests.support.service import app_on
from tests.support.steering import titles


@pytest.mark.integration
def test_a_case_is_decided_on_postgresql(postgres_database: Database, tmp_path: Path) -> None:
    violence = span(STREET, "one man lies on the ground", Category.VIOLENCE)
    for app in app_on(postgres_database, tmp_path / "home"):
        beach = make_held(app, beach_case())
        street = make_held(app, Held("street", STREET, findings=(violence,)))
        ann = browser_on(app)
        ann.get("/review/sign-in")
        assert ann.post("/review/sign-in", key="sk_wrong").status_code == 401
        ann.sign_in()
        assert 'value="violence">Violence (1)' in ann.get("/review").text
        assert street in ann.get("/review?category=violence&state=free").text
        answer = ann.claim(beach).decide(beach, "allow", "A silhouette.")
        assert answer.headers["location"] == f"/review/cases/{street}?done={beach}"
        assert "allowed" in ann.get(f"/review/cases/{beach}").text
        assert beach in ann.get("/review?state=decided").text


@pytest.mark.integration
def test_a_revision_rules_and_is_taken_back_on_postgresql(
    postgres_database: Database, tmp_path: Path
) -> None:
    for app in app_on(postgres_database, tmp_path / "home"):
        pia = browser_on(app).sign_in("acct_pia", Role.POLICY)
        pia.get("/review/policies/new")
        stored = pia.post("/review/policies/new", document=titles("block"), reason="try it", do="store")
        page = stored.headers["location"].partition("?")[0]
        for move, state in (("shadow", "shadow"), ("activate", "active"), ("rollback", "shadow")):
            since = re.findall(r'name="since" value="(\d+)"', pia.get(page).text)[0]
            form = {"reason": f"{move} it", "since": since, "waive": "nothing is recorded"}
            for _ in range(2):
                assert pia.post(f"{page}/{move}", **form).status_code == 303
            assert f">{state}</span>" in pia.get(page).text
        moved = pia.post(f"{page}/retire", reason="of an old page", since="1")
        assert (moved.status_code, "policy.moved" in moved.text) == (409, True)
        assert SHIPPED.revision in pia.get("/review/policies").text
