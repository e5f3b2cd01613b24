"""The same pages on PostgreSQL: sign in, filter, claim, decide."""

from pathlib import Path

import pytest

from moderation.store import Database
from policies.taxonomy import Category
from tests.support.gallery import STREET, beach_case
from tests.support.held import Held, make_held, span
from tests.support.pages import browser_on
from tests.support.service import app_on


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
