"""A likeness over HTTP: the owner decides, strangers learn nothing, and a revocation holds from its answer on."""

import json
from typing import Any

import pytest
from sqlmodel import select

from consent.likeness.models import Likeness
from moderation.accounts.models import Role
from moderation.bus.outbox import OutboxRow
from moderation.generation.state import State
from moderation.messages import ConsentChanged, decode
from moderation.release.serve import count_served
from moderation.release.tables import Withdrawal
from moderation.release.withdraw import finish, withdraw_one
from moderation.transparency.audit import AuditEntry
from tests.support.api import World, assert_problem
from tests.support.rows import generation, likeness, release, shows


@pytest.fixture
def owner(world: World) -> dict[str, str]:
    """The key of the account that owns `lik_1`."""
    world.add(likeness())
    return world.key(Role.OWNER, account="acct_owner")


def _changes(world: World) -> list[str]:
    with world.database.read() as session:
        messages = [decode(row.value).open() for row in session.exec(select(OutboxRow).order_by("id"))]
    return [message.change for message in messages if isinstance(message, ConsentChanged)]


def _act(world: World, headers: dict[str, str], path: str, body: Any = None) -> Any:
    return world.client.post(f"/v1/likenesses/{path}", json=body, headers=headers)


def test_a_person_enrols_with_pictures_they_uploaded(world: World) -> None:
    headers = world.key(Role.OWNER, account="acct_1")
    portrait = world.upload(headers)
    answer = _act(world, headers, "", {"handle": "ada", "portraits": [portrait], "minor": False})
    assert answer.status_code == 201
    assert (answer.json()["handle"], answer.json()["change"], answer.json()["revision"]) == (
        "ada",
        "enrolled",
        1,
    )
    [listed] = world.client.get("/v1/likenesses", headers=headers).json()
    assert (listed["id"], listed["state"]) == (answer.json()["likeness_id"], "active")
    assert _changes(world) == ["enrolled"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"handle": "ada", "portraits": [], "minor": False}, "request.invalid", "portraits"),
        ({"handle": "ada", "portraits": ["1" * 64], "minor": False}, "asset.unknown", "portraits.0"),
        ({"handle": "ada", "portraits": ["1" * 64]}, "request.invalid", "minor"),
        ({"portraits": ["1" * 64], "minor": True}, "request.invalid", "handle"),
    ],
)
def test_an_enrolment_with_a_fault_names_it(
    world: World, body: dict[str, Any], code: str, field: str
) -> None:
    answer = _act(world, world.key(Role.OWNER), "", body)
    assert assert_problem(answer, 422, code)["field"] == field


def test_an_owner_gives_lists_and_withdraws_a_grant(world: World, owner: dict[str, str]) -> None:
    given = _act(
        world, owner, "lik_1/grants", {"audience": "named", "account_ids": ["acct_2"], "uses_left": 3}
    )
    assert given.status_code == 201
    grant_id = given.json()["grant_id"]
    [listed] = world.client.get("/v1/likenesses/lik_1/grants", headers=owner).json()
    assert (listed["id"], listed["account_ids"], listed["uses_left"]) == (grant_id, ["acct_2"], 3)
    ended = world.client.delete(f"/v1/likenesses/lik_1/grants/{grant_id}", headers=owner)
    assert (ended.json()["change"], ended.json()["revision"]) == ("grant_withdrawn", 3)
    assert world.client.get("/v1/likenesses/lik_1/grants", headers=owner).json() == []
    assert _changes(world) == ["granted", "grant_withdrawn"]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"audience": "named"}, "grant.invalid"),
        ({"audience": "everyone", "expires_ms": 5}, "grant.invalid"),
        ({"audience": "friends"}, "request.invalid"),
        ({"audience": "everyone", "uses_left": 0}, "request.invalid"),
        ({"audience": "everyone", "expires_ms": 2**60}, "request.invalid"),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    world: World, owner: dict[str, str], terms: dict[str, Any], code: str
) -> None:
    body = assert_problem(_act(world, owner, "lik_1/grants", terms), 422, code)
    assert body["field"]
    assert body["remedy"]


def test_strangers_cannot_tell_whether_a_likeness_exists(world: World, owner: dict[str, str]) -> None:
    stranger = world.key(Role.OWNER, account="acct_stranger")
    for path in ("lik_1", "lik_none"):
        answers = [
            world.client.get(f"/v1/likenesses/{path}/grants", headers=stranger),
            _act(world, stranger, f"{path}/grants", {"audience": "everyone"}),
            _act(world, stranger, f"{path}/revoke", {}),
            _act(world, stranger, f"{path}/erase"),
            _act(world, stranger, f"{path}/restore"),
            world.client.delete(f"/v1/likenesses/{path}/grants/grant_1", headers=stranger),
        ]
        details = {assert_problem(answer, 403, "likeness.not_yours")["detail"] for answer in answers}
        assert details == {"you own no such likeness"}
    assert world.client.get("/v1/likenesses", headers=stranger).json() == []


def test_revoking_ends_everything_and_orders_the_withdrawal(world: World, owner: dict[str, str]) -> None:
    answer = _act(world, owner, "lik_1/revoke", {})
    assert answer.status_code == 200
    with world.database.read() as session:
        assert session.get_one(Likeness, "lik_1").state == "revoked"
        withdrawal = session.get_one(Withdrawal, answer.json()["withdrawal_id"])
        audited = [row.act for row in session.exec(select(AuditEntry))]
    assert withdrawal.likeness_id == "lik_1"
    assert "likeness.revoked" in audited
    again = _act(world, owner, "lik_1/revoke", {}).json()
    assert (again["changed"], again["withdrawal_id"]) == (False, "")
    assert _changes(world) == ["revoked"]


def test_the_owner_reads_how_far_a_withdrawal_reached(world: World, owner: dict[str, str]) -> None:
    world.add(generation(account="acct_2", state=State.RELEASED), shows(), release(b"film"))
    with world.database.transaction() as session:
        count_served(session, "rel_1")
    withdrawal_id = _act(world, owner, "lik_1/revoke", {}).json()["withdrawal_id"]
    path = f"/v1/likenesses/lik_1/withdrawals/{withdrawal_id}"
    assert world.client.get(path, headers=owner).json()["done"] is False
    with world.database.transaction() as session:
        ordered = session.get_one(Withdrawal, withdrawal_id)
        withdraw_one(session, ordered, "gen_1", now_ms=world.now())
        finish(session, withdrawal_id, now_ms=world.now())
    report = world.client.get(path, headers=owner).json()
    assert (report["done"], report["reached"], report["unreachable"]) == (True, 1, 1)
    assert {(receipt["target"], receipt["outcome"]) for receipt in report["receipts"]} == {
        ("gen_1", "withdrawn"),
        ("gen_1", "unreachable"),
    }
    other = world.client.get("/v1/likenesses/lik_1/withdrawals/wdr_x", headers=owner)
    assert_problem(other, 404, "withdrawal.unknown")
    stranger = world.key(Role.OWNER, account="acct_stranger")
    assert_problem(world.client.get(path, headers=stranger), 403, "likeness.not_yours")


def test_revoking_the_future_takes_nothing_back(world: World, owner: dict[str, str]) -> None:
    answer = _act(world, owner, "lik_1/revoke", {"scope": "future"}).json()
    assert (answer["change"], answer["withdrawal_id"]) == ("revoked", "")


def test_erasing_says_what_it_means_and_cannot_be_undone(world: World, owner: dict[str, str]) -> None:
    answer = _act(world, owner, "lik_1/erase")
    assert "not recognised" in answer.json()["notice"]
    assert_problem(_act(world, owner, "lik_1/restore"), 410, "likeness.erased")
    body = assert_problem(_act(world, owner, "lik_1/revoke", {}), 410, "likeness.erased")
    assert "enrol again" in body["remedy"]


def test_a_revoked_likeness_comes_back_without_grants(world: World, owner: dict[str, str]) -> None:
    _act(world, owner, "lik_1/grants", {"audience": "everyone"})
    _act(world, owner, "lik_1/revoke", {})
    assert_problem(_act(world, owner, "lik_1/grants", {"audience": "everyone"}), 409, "likeness.revoked")
    assert _act(world, owner, "lik_1/restore").json()["change"] == "restored"
    assert world.client.get("/v1/likenesses/lik_1/grants", headers=owner).json() == []


def test_an_administrator_may_revoke_on_an_order_but_not_grant(world: World, owner: dict[str, str]) -> None:
    admin = world.key(Role.ADMIN, account="acct_admin")
    assert _act(world, admin, "lik_1/revoke", {}).json()["change"] == "revoked"
    assert_problem(_act(world, admin, "lik_1/grants", {"audience": "everyone"}), 403, "auth.role_missing")
    assert_problem(_act(world, admin, "lik_none/erase"), 404, "likeness.unknown")


def test_no_answer_carries_biometric_data(world: World, owner: dict[str, str]) -> None:
    text = json.dumps(world.client.get("/v1/likenesses", headers=owner).json())
    assert not any(word in text for word in ("template", "embedding", "vector", "sealed"))
