"""Invariant 6: every act leaves its row in the audit log, in the act's own transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, func, select

from moderation.accounts.directory import ensure_account
from moderation.accounts.keys import make_key
from moderation.accounts.models import Role
from moderation.likenesses.commands import revoke_likeness
from moderation.policy.lifecycle import activate
from moderation.release.commit import commit_release
from moderation.store import now_ms
from moderation.surface import http_app
from moderation.transparency.audit import AuditEntry
from policies.document import shipped_text
from tests.support.moderators import decide, held
from tests.support.releases import generated, waiting
from tests.support.service import ACCOUNT, Person, StubApplication, enrol_person


@dataclass(frozen=True, slots=True)
class Desk:
    """The real surface, and a key that may do everything in the name of `account`."""

    app: StubApplication
    client: TestClient

    def call(self, method: str, path: str, account: str = "account_1", **more: Any) -> Any:
        """The answer's body; the call must succeed."""
        with self.app.database.transaction() as session:
            at = now_ms(session)
            ensure_account(session, account, actor="test", now_ms=at)
            _, key = make_key(session, account, name="k", roles=list(Role), actor="test", now_ms=at)
        answer = self.client.request(
            method, f"/v1/{path}", headers={"Authorization": f"Bearer {key}"}, **more
        )
        assert answer.is_success, answer.text
        return answer.json()

    def newest(self) -> int:
        """The last row's id."""
        with self.app.database.read() as session:
            return session.exec(select(func.max(AuditEntry.id))).one() or 0

    def since(self, row: int) -> list[str]:
        """The acts recorded after it."""
        with self.app.database.read() as session:
            rows = select(AuditEntry.act).where(col(AuditEntry.id) > row).order_by(col(AuditEntry.id))
            return list(session.exec(rows))


@pytest.fixture
def desk(embedded: StubApplication) -> Desk:
    """On SQLite: rows and transactions are the same everywhere, and the log has its own tests for both."""
    return Desk(embedded, TestClient(http_app(embedded)))


Act = Callable[[Desk, Person], object]
GRANT = {"audience": "everyone"}


def _withdraw_grant(desk: Desk, person: Person) -> None:
    given = desk.call("POST", f"likenesses/{person.likeness_id}/grants", json=GRANT)
    desk.call("DELETE", f"likenesses/{person.likeness_id}/grants/{given['grant_id']}")


def _restore(desk: Desk, person: Person) -> None:
    desk.call("POST", f"likenesses/{person.likeness_id}/revoke", json={"scope": "future"})
    desk.call("POST", f"likenesses/{person.likeness_id}/restore")


def _lift(desk: Desk, _: Person) -> None:
    desk.call("POST", f"accounts/{ACCOUNT}/suspend", json={"reason": "spam"})
    desk.call("POST", f"accounts/{ACCOUNT}/lift", json={"reason": "a mistake"})


def _revoke_key(desk: Desk, _: Person) -> None:
    made = desk.call("POST", f"accounts/{ACCOUNT}/keys", json={"name": "k", "roles": ["owner"]})
    desk.call("DELETE", f"keys/{made['id']}")


def _cancel(desk: Desk, _: Person) -> None:
    with desk.app.database.transaction() as session:
        session.add(generated("gen_cancel"))
    desk.call("POST", "generations/gen_cancel/cancel", account=ACCOUNT)


def _release(desk: Desk, _: Person) -> None:
    half = waiting(desk.app.database)
    with desk.app.database.transaction() as session:
        commit_release(session, half, clock=now_ms)


def _policy(desk: Desk, _: Person) -> None:
    text = shipped_text().replace("name: default", "name: changed", 1)
    with desk.app.database.transaction() as session:
        activate(session, text, name="changed", actor="acct_admin", now_ms=now_ms(session))


ACTS: dict[str, Act] = {
    "likeness.granted": lambda desk, person: desk.call(
        "POST", f"likenesses/{person.likeness_id}/grants", json=GRANT
    ),
    "likeness.grant_withdrawn": _withdraw_grant,
    "likeness.revoked": lambda desk, person: desk.call(
        "POST", f"likenesses/{person.likeness_id}/revoke", json={}
    ),
    "likeness.erased": lambda desk, person: desk.call("POST", f"likenesses/{person.likeness_id}/erase"),
    "likeness.restored": _restore,
    "likeness.enrolled": lambda desk, _: enrol_person(desk.app, 2, grant=False),
    "withdrawal.ordered": lambda desk, person: desk.call(
        "POST", f"likenesses/{person.likeness_id}/revoke", json={}
    ),
    "account.made": lambda desk, _: desk.call("POST", "accounts", json={"under_18": False}),
    "account.age_set": lambda desk, _: desk.call("POST", f"accounts/{ACCOUNT}/age", json={"under_18": True}),
    "account.suspended": lambda desk, _: desk.call(
        "POST", f"accounts/{ACCOUNT}/suspend", json={"reason": "spam"}
    ),
    "account.suspension_lifted": _lift,
    "key.made": lambda desk, _: desk.call(
        "POST", f"accounts/{ACCOUNT}/keys", json={"name": "k", "roles": ["owner"]}
    ),
    "key.revoked": _revoke_key,
    "asset.uploaded": lambda desk, _: desk.call("POST", "assets", content=b"\x89PNG\r\n\x1a\n" + b"x" * 40),
    "generation.cancelled": _cancel,
    "generation.released": _release,
    "case.opened": lambda desk, _: held(desk.app, "gen_held"),
    "case.claimed": lambda desk, _: desk.call("POST", f"cases/{held(desk.app, 'gen_held')}/claim"),
    "case.decided": lambda desk, _: decide(desk.app, held(desk.app, "gen_held")),
    "policy.activated": _policy,
}


@pytest.mark.parametrize("act", ACTS)
def test_every_act_is_on_record(desk: Desk, act: str) -> None:
    person = enrol_person(desk.app, 1)
    before = desk.newest()
    ACTS[act](desk, person)
    assert act in desk.since(before)


def test_an_upload_by_a_second_account_is_an_act_of_its_own(desk: Desk) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"x" * 40
    desk.call("POST", "assets", account="acct_a", content=picture)
    before = desk.newest()
    desk.call("POST", "assets", account="acct_b", content=picture)
    assert desk.since(before).count("asset.uploaded") == 1


def test_an_act_that_is_rolled_back_leaves_no_row(desk: Desk) -> None:
    person = enrol_person(desk.app, 1)
    before = desk.newest()
    with desk.app.database.read() as session:  # whatever it writes is rolled back
        revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    assert desk.since(before) == []
