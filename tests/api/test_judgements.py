"""The gate asked directly: the same answer shape as a decision, for oneself or, by a pipeline, for others."""

import pytest

from moderation.accounts.models import Role
from moderation.api.routes.judgements import to_requester
from moderation.gate.judge import record_of
from moderation.gate.subjects import LikenessUse
from moderation.store import Database
from tests.gate.test_decisions import judged
from tests.support.api import World, assert_problem, make_world
from tests.support.subjects import request


def test_a_judgement_has_its_id_and_verdict_on_top(world: World) -> None:
    answer = world.client.post(
        "/v1/judgements", json={"id": "row-1", "text": "please block"}, headers=world.key(Role.OWNER)
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "id": "row-1", "verdict": "block", "categories": [], "findings": [], "revisions": {"policy": "p1"}
    }  # fmt: skip


def test_whoever_asks_for_themselves_reads_no_score_threshold_or_list_entry() -> None:
    record = record_of(
        "i", judged(request("a floor of blood", likenesses=(LikenessUse("@bo", "likeness.not_granted"),)))
    )
    told = to_requester(record)
    assert [one.get("matched") for one in record["findings"]] == ["blood", "@bo"]
    assert [one.get("matched") for one in told["findings"]] == [None, "@bo"]
    assert not any({"score", "revision", "check"} & one.keys() for one in told["findings"])
    assert {one["threshold"] for one in told["rules"]} == {None}
    assert set(told["reasons"]) == {"code", "user_text", "edit"}
    assert (told["verdict"], told["body_sha256"]) == (record["verdict"], record["body_sha256"])


def test_an_item_without_an_id_gets_one(world: World) -> None:
    answer = world.client.post("/v1/judgements", json={"text": "hello"}, headers=world.key(Role.OWNER))
    assert answer.json()["id"].startswith("item_")


def test_everything_asked_reaches_the_gate(world: World) -> None:
    world.key(Role.OWNER, account="acct_user")
    headers = world.key(Role.PIPELINE)
    reference = world.upload(headers)
    world.client.post(
        "/v1/judgements",
        json={
            "id": "i", "text": "t", "account_id": "acct_user", "likenesses": ["@ada"], "references": [reference],
            "purpose": "advert", "new_field": 1,
        },
        headers=headers,
    )  # fmt: skip
    [item] = world.judge.asked
    assert (item.item_id, item.text, item.account_id) == ("i", "t", "acct_user")
    assert (item.likenesses, item.references, item.purpose) == (("@ada",), (reference,), "advert")


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 422, "request.invalid", "text"),
        ({"text": ""}, 422, "request.invalid", "text"),
        ({"text": "x", "references": ["1" * 64]}, 422, "asset.unknown", "references.0"),
        ({"text": "x", "account_id": "acct_x"}, 403, "auth.not_your_account", "account_id"),
        ({"text": 5}, 422, "request.invalid", "text"),
        ([], 422, "request.invalid", "body"),
    ],
)
def test_a_bad_item_is_refused_by_field(
    world: World, body: object, status: int, code: str, field: str
) -> None:
    answer = world.client.post("/v1/judgements", json=body, headers=world.key(Role.OWNER))
    assert assert_problem(answer, status, code)["field"] == field
    assert world.judge.asked == []


def test_a_gate_that_answers_nonsense_is_an_error_and_never_an_allow(sqlite_database: Database) -> None:
    world = make_world(sqlite_database, judge=lambda item: {"id": item.item_id, "verdict": "fine"})
    with world.client:
        answer = world.client.post("/v1/judgements", json={"text": "x"}, headers=world.key(Role.OWNER))
    assert_problem(answer, 500, "service.internal")
    world.services.health.close()
