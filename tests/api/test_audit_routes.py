"""Auditors read what was done and check that the record is whole."""

from sqlalchemy import text

from moderation.accounts.models import Role
from moderation.transparency.audit import seal_pending
from tests.support.api import World
from tests.support.tampering import lift_guards


def test_acts_are_listed_filtered_and_paged(world: World) -> None:
    headers = world.key(Role.AUDITOR)
    world.key(Role.OWNER, account="acct_1")
    first = world.client.get("/v1/audit?limit=3", headers=headers).json()
    rest = world.client.get(f"/v1/audit?after={first['next_after']}", headers=headers).json()
    acts = [item["act"] for item in [*first["items"], *rest["items"]]]
    assert acts == ["account.made", "key.made", "account.made", "key.made"]
    assert rest["next_after"] is None
    about = world.client.get("/v1/audit?subject=acct_1", headers=headers).json()["items"]
    assert [(item["act"], item["detail"]) for item in about] == [("account.made", {"under_18": False})]
    assert world.client.get("/v1/audit?act=key.made&actor=nobody", headers=headers).json()["items"] == []


def test_the_chain_is_verified_and_its_tail_named(world: World) -> None:
    headers = world.key(Role.AUDITOR)
    with world.database.transaction() as session:
        assert seal_pending(session) == 2
    world.key(Role.OWNER)
    report = world.client.get("/v1/audit/verify", headers=headers).json()
    assert (report["intact"], report["sealed"], report["broken_at"]) == (True, 2, None)
    assert report["unsealed_tail"] == [3, 4]
    assert len(report["head"]) == 64


def test_tampering_is_reported(world: World) -> None:
    headers = world.key(Role.AUDITOR)
    with world.database.transaction() as session:
        seal_pending(session)
        lift_guards(session, "audit_entry")
        session.execute(text("UPDATE audit_entry SET actor = 'x' WHERE seq = 2"))
    report = world.client.get("/v1/audit/verify", headers=headers).json()
    assert (report["intact"], report["sealed"], report["broken_at"]) == (False, 1, 2)
    assert report["fault"] == "the row was changed after it was sealed"
