"""Asking for a video over HTTP: taken in once, seen by whom it concerns, cancelled while it runs."""

import threading
from time import monotonic, sleep
from typing import Any

import pytest
from sqlmodel import select

from moderation.accounts.models import Role
from moderation.accounts.quota import QuotaLimits, day_of, reserve, used
from moderation.api.idempotency import KEPT_MS, IdempotencyRow
from moderation.api.services import ApiLimits
from moderation.bus.jobs import JobRow
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested
from moderation.store import Database
from moderation.transparency.audit import AuditEntry
from tests.support.api import World, assert_problem, make_world
from tests.support.rows import decision, generation
from tests.support.threads import in_threads


def _ask(world: World, headers: dict[str, str], **body: Any) -> Any:
    return world.client.post("/v1/generations", json={"prompt": "a lighthouse", **body}, headers=headers)


def _rows(world: World, table: type[Any]) -> list[Any]:
    with world.database.read() as session:
        return list(session.exec(select(table)))


def test_a_request_is_taken_in_and_its_judgement_queued(world: World) -> None:
    answer = _ask(world, world.key(Role.OWNER, account="acct_1"), parameters={"seconds": 4, "seed": 7})
    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["location"] == f"/v1/generations/{body['id']}"
    assert (body["state"], body["verdict"], body["account_id"], body["decisions"]) == (
        "requested",
        None,
        "acct_1",
        [],
    )
    [row] = _rows(world, Generation)
    request = GenerationRequested.model_validate_json(row.request)
    assert (request.prompt, request.parameters.seconds, request.parameters.seed) == ("a lighthouse", 4, 7)
    assert row.requests_last_minute == 1
    [job] = _rows(world, JobRow)
    assert (job.kind, job.subject_id) == ("gate.request", body["id"])


def test_unknown_fields_are_ignored(world: World) -> None:
    assert _ask(world, world.key(Role.OWNER), mood="stormy").status_code == 202


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t"])
def test_an_empty_prompt_is_refused(world: World, prompt: str) -> None:
    body = assert_problem(_ask(world, world.key(Role.OWNER), prompt=prompt), 422, "request.invalid")
    assert body["field"] == "prompt"


def test_a_prompt_of_100_kb_is_refused(sqlite_database: Database) -> None:
    world = make_world(sqlite_database, limits=ApiLimits())
    with world.client:
        body = assert_problem(
            _ask(world, world.key(Role.OWNER), prompt="x" * 100_000), 422, "request.invalid"
        )
    assert body["field"] == "prompt"
    assert len(body["value"]) == 80
    world.services.health.close()


def test_a_pipeline_asks_for_its_accounts(world: World) -> None:
    world.key(Role.OWNER, account="acct_user")
    answer = _ask(world, world.key(Role.PIPELINE, account="acct_farm"), account_id="acct_user")
    assert answer.json()["account_id"] == "acct_user"


def test_a_user_asks_for_nobody_else(world: World) -> None:
    world.key(Role.OWNER, account="acct_other")
    answer = _ask(world, world.key(Role.OWNER), account_id="acct_other")
    body = assert_problem(answer, 403, "auth.not_your_account")
    assert (body["field"], body["value"]) == ("account_id", "acct_other")
    assert _rows(world, Generation) == []


def test_an_unknown_account_is_named(world: World) -> None:
    answer = _ask(world, world.key(Role.PIPELINE), account_id="acct_nobody")
    assert assert_problem(answer, 404, "account.unknown")["value"] == "acct_nobody"


def test_references_must_have_been_uploaded(world: World) -> None:
    headers = world.key(Role.OWNER)
    known = world.upload(headers)
    assert _ask(world, headers, references=[known]).status_code == 202
    body = assert_problem(_ask(world, headers, references=[known, "0" * 64]), 422, "asset.unknown")
    assert (body["field"], body["value"]) == ("references.1", "0" * 64)


def test_a_wrong_sha256_is_named(world: World) -> None:
    body = assert_problem(_ask(world, world.key(Role.OWNER), references=["ABC"]), 422, "request.invalid")
    assert (body["field"], body["value"]) == ("references.0", "ABC")


def test_waiting_answers_when_the_verdict_is_there(world: World) -> None:
    def decide() -> None:
        deadline = monotonic() + 15
        while monotonic() < deadline:
            sleep(0.02)
            with world.database.transaction() as session:
                row = session.exec(select(Generation)).first()
                if row is not None:
                    row.state = State.REFUSED.value
                    session.add(decision(of=row.id, verdict="block"))
                    return

    thread = threading.Thread(target=decide)
    headers = {**world.key(Role.OWNER), "Prefer": "respond-async, wait=20"}
    thread.start()
    answer = _ask(world, headers)
    thread.join()
    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["verdict"]) == ("refused", "block")


def test_waiting_ends_with_its_time(world: World) -> None:
    answer = _ask(world, {**world.key(Role.OWNER), "Prefer": "wait=0"})
    assert answer.json()["state"] == "requested"


@pytest.mark.parametrize(
    "prefer", [b"wait=\xb2", b"wait=-1", b"wait", b"=", b",,", b"wait=1e3", b"respond-async"]
)
def test_a_preference_that_makes_no_sense_is_no_preference(world: World, prefer: bytes) -> None:
    headers = {name.encode(): value.encode() for name, value in world.key(Role.OWNER).items()}
    answer = world.client.post(
        "/v1/generations", json={"prompt": "x"}, headers={**headers, b"Prefer": prefer}
    )
    assert answer.status_code == 202


def test_one_key_and_one_body_make_one_generation(world: World) -> None:
    headers = {**world.key(Role.OWNER), "Idempotency-Key": "3b8e"}
    first, second = _ask(world, headers), _ask(world, headers)
    assert first.status_code == second.status_code == 202
    assert first.json()["id"] == second.json()["id"]
    assert len(_rows(world, Generation)) == 1
    assert _rows(world, Generation)[0].requests_last_minute == 1


def test_one_key_with_another_body_is_refused(world: World) -> None:
    headers = {**world.key(Role.OWNER), "Idempotency-Key": "3b8e"}
    _ask(world, headers)
    body = assert_problem(_ask(world, headers, prompt="another"), 422, "idempotency.key_reused")
    assert (body["field"], body["value"]) == ("Idempotency-Key", "3b8e")


def test_a_key_belongs_to_its_account(world: World) -> None:
    for account in ("acct_1", "acct_2"):
        headers = {**world.key(Role.OWNER, account=account), "Idempotency-Key": "3b8e"}
        assert _ask(world, headers, prompt=account).status_code == 202
    assert len(_rows(world, Generation)) == 2


def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    headers = {**world.key(Role.OWNER), "Idempotency-Key": "3b8e"}
    _ask(world, headers)
    with world.database.transaction() as session:
        session.exec(select(IdempotencyRow)).one().created_ms -= KEPT_MS
    assert _ask(world, headers, prompt="another").status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ü"])
def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    headers = {name.encode(): value.encode() for name, value in world.key(Role.OWNER).items()}
    answer = world.client.post(
        "/v1/generations",
        json={"prompt": "x"},
        headers={**headers, b"Idempotency-Key": key.encode("latin-1")},
    )
    assert_problem(answer, 422, "idempotency.key_invalid")


def test_a_request_that_failed_does_not_use_its_key_up(world: World) -> None:
    headers = {**world.key(Role.OWNER), "Idempotency-Key": "3b8e"}
    sha256 = "2" * 64
    assert_problem(_ask(world, headers, references=[sha256]), 422, "asset.unknown")
    assert _ask(world, headers).status_code == 202


def test_the_same_request_many_times_at_once_is_one_generation(database: Database) -> None:
    world = make_world(database)
    ids: list[str] = []
    with world.client:
        headers = {**world.key(Role.OWNER), "Idempotency-Key": "3b8e"}
        in_threads(5, lambda _: ids.append(_ask(world, headers).json()["id"]))
    assert len(ids) == 5
    assert len(set(ids)) == 1
    assert len(_rows(world, Generation)) == 1
    world.services.health.close()


def test_a_generation_is_shown_with_its_decisions(world: World) -> None:
    world.add(generation(state=State.HELD, account="acct_1"), decision(verdict="allow"))
    world.add(decision("dec_2", stage="output", verdict="review", created_ms=9))
    answer = world.client.get("/v1/generations/gen_1", headers=world.key(Role.OWNER, account="acct_1"))
    body = answer.json()
    assert (body["id"], body["verdict"], body["state"]) == ("gen_1", "review", "held")
    assert [(made["id"], made["verdict"], made["stage"]) for made in body["decisions"]] == [
        ("dec_1", "allow", "request"),
        ("dec_2", "review", "output"),
    ]
    assert "ruling" not in body["decisions"][0]
    whole = world.client.get("/v1/generations/gen_1", headers=world.key(Role.PIPELINE)).json()
    assert whole["decisions"][0]["ruling"] == {"rules": []}


def test_another_users_generation_is_as_good_as_none(world: World) -> None:
    world.add(generation(account="acct_1"))
    stranger = world.key(Role.OWNER, account="acct_2")
    missing = world.client.get("/v1/generations/gen_none", headers=stranger)
    hidden = world.client.get("/v1/generations/gen_1", headers=stranger)
    assert_problem(missing, 404, "generation.unknown")
    assert_problem(hidden, 404, "generation.unknown")
    assert_problem(
        world.client.post("/v1/generations/gen_1/cancel", headers=stranger), 404, "generation.unknown"
    )
    assert world.client.get("/v1/generations/gen_1", headers=world.key(Role.AUDITOR)).status_code == 200


def test_listing_shows_ones_own_newest_first_page_by_page(world: World) -> None:
    world.add(*(generation(f"gen_{n}", account="acct_1", created_ms=n // 2) for n in range(5)))
    world.add(generation("gen_other", account="acct_2"))
    headers = world.key(Role.OWNER, account="acct_1")
    seen: list[str] = []
    after = ""
    while True:
        page = world.client.get(f"/v1/generations?limit=2{after}", headers=headers).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_after"] is None:
            break
        after = f"&after={page['next_after']}"
    assert seen == ["gen_4", "gen_3", "gen_2", "gen_1", "gen_0"]


def test_listing_filters_and_staff_see_all(world: World) -> None:
    world.add(generation("gen_1", account="acct_1", state=State.HELD), generation("gen_2", account="acct_2"))
    staff = world.key(Role.MODERATOR)

    def listed(query: str, headers: dict[str, str]) -> set[str]:
        return {
            item["id"]
            for item in world.client.get(f"/v1/generations?{query}", headers=headers).json()["items"]
        }

    assert listed("", staff) == {"gen_1", "gen_2"}
    assert listed("account_id=acct_2", staff) == {"gen_2"}
    assert listed("state=held", staff) == {"gen_1"}
    assert listed("after=gen_none", staff) == set()
    own = world.key(Role.OWNER, account="acct_1")
    assert_problem(
        world.client.get("/v1/generations?account_id=acct_2", headers=own), 403, "auth.not_your_account"
    )
    assert_problem(world.client.get("/v1/generations?state=nowhere", headers=own), 422, "request.invalid")


def test_cancelling_gives_the_place_back_and_is_audited(world: World) -> None:
    world.add(generation(account="acct_1", state=State.APPROVED))
    day = day_of(world.now())
    with world.database.transaction() as session:
        reserve(session, "acct_1", day, QuotaLimits(5, 5), generation_id="gen_1")
    headers = world.key(Role.OWNER, account="acct_1")
    body = world.client.post("/v1/generations/gen_1/cancel", headers=headers).json()
    assert (body["state"], body["ended_because"]) == ("cancelled", "requester")
    with world.database.read() as session:
        assert used(session, "acct_1", day) == 0
        assert "generation.cancelled" in [row.act for row in session.exec(select(AuditEntry))]
    again = world.client.post("/v1/generations/gen_1/cancel", headers=headers)
    assert assert_problem(again, 409, "generation.illegal_step")["value"] == "cancelled"
