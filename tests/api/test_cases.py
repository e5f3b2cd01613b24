"""Moderators over HTTP: find a case, hold it, decide it, and the generation moves on."""

from typing import Any

import pytest

from moderation.accounts.models import Role
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.review import cases
from tests.support.api import World, assert_problem
from tests.support.rows import decision, generation


def _open(world: World, number: int = 1, **changes: Any) -> str:
    name = f"gen_{number}"
    world.add(
        generation(name, state=State.HELD, held="request", account="acct_1"),
        decision(f"dec_{number}", of=name),
    )
    values: dict[str, Any] = {
        "generation_id": name, "decision_id": f"dec_{number}", "stage": "request", "overridable": True, "now_ms": number,
    }  # fmt: skip
    with world.database.transaction() as session:
        return cases.open_case(session, **{**values, **changes}).id


@pytest.fixture
def ann(world: World) -> dict[str, str]:
    """A moderator's key."""
    return world.key(Role.MODERATOR, account="mod_ann")


def _post(world: World, headers: dict[str, str], path: str, body: Any = None) -> Any:
    return world.client.post(f"/v1/cases/{path}", json=body, headers=headers)


def _claimed(world: World, headers: dict[str, str], case_id: str) -> int:
    answer = _post(world, headers, f"{case_id}/claim")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["claim_token"])


def test_a_moderator_reads_what_is_needed_to_decide(world: World, ann: dict[str, str]) -> None:
    case_id = _open(world)
    body = world.client.get(f"/v1/cases/{case_id}", headers=ann).json()
    assert (body["id"], body["state"], body["overridable"]) == (case_id, "opened", True)
    assert body["request"]["prompt"] == "a lighthouse"
    assert [made["id"] for made in body["decisions"]] == ["dec_1"]
    assert "claim_token" not in body


def test_an_allowed_generation_goes_on(world: World, ann: dict[str, str]) -> None:
    world.key(Role.OWNER, account="acct_1")
    case_id = _open(world)
    token = _claimed(world, ann, case_id)
    answer = _post(
        world, ann, f"{case_id}/decide", {"claim_token": token, "outcome": "allow", "reason": "a painting"}
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["verdict"] == "allow"
    assert body["id"].startswith("dec_")
    assert (body["case"]["state"], body["case"]["decided_by"]) == ("decided", "mod_ann")
    with world.database.read() as session:
        assert session.get_one(Generation, "gen_1").state == "approved"
        assert session.get_one(Generation, "gen_1").request_decision_id == body["id"]


def test_a_blocked_generation_is_refused_for_good(world: World, ann: dict[str, str]) -> None:
    case_id = _open(world)
    decide = {"claim_token": _claimed(world, ann, case_id), "outcome": "block", "reason": "a real person"}
    assert _post(world, ann, f"{case_id}/decide", decide).json()["verdict"] == "block"
    view = world.client.get("/v1/generations/gen_1", headers=world.key(Role.OWNER, account="acct_1")).json()
    assert (view["state"], view["verdict"], view["ended_because"]) == ("refused", "block", "moderator")
    assert view["decisions"][-1]["reason"] == "a real person"
    assert_problem(_post(world, ann, f"{case_id}/decide", decide), 409, "case.decided")
    assert_problem(_post(world, ann, f"{case_id}/claim"), 409, "case.decided")


def test_a_case_is_held_by_one_moderator(world: World, ann: dict[str, str]) -> None:
    bob = world.key(Role.MODERATOR, account="mod_bob")
    case_id = _open(world)
    token = _claimed(world, ann, case_id)
    assert_problem(_post(world, bob, f"{case_id}/claim"), 409, "case.taken")
    stolen = {"claim_token": token, "outcome": "allow", "reason": "r"}
    assert_problem(_post(world, bob, f"{case_id}/decide", stolen), 409, "case.claim_lost")
    before = world.client.get(f"/v1/cases/{case_id}", headers=ann).json()["claim_until_ms"]
    assert _post(world, ann, f"{case_id}/renew", {"claim_token": token}).json()["claim_until_ms"] >= before
    assert _post(world, ann, f"{case_id}/return", {"claim_token": token}).json()["state"] == "opened"
    assert _claimed(world, bob, case_id) == token + 1


def test_what_no_person_may_allow_stays_held(world: World, ann: dict[str, str]) -> None:
    case_id = _open(world, overridable=False)
    decide = {"claim_token": _claimed(world, ann, case_id), "outcome": "allow", "reason": "r"}
    assert_problem(_post(world, ann, f"{case_id}/decide", decide), 409, "case.not_overridable")
    with world.database.read() as session:
        assert session.get_one(Generation, "gen_1").state == "held"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"claim_token": 1, "outcome": "review", "reason": "r"}, "outcome"),
        ({"claim_token": 1, "outcome": "allow"}, "reason"),
        ({"claim_token": 1, "outcome": "allow", "reason": ""}, "reason"),
        ({"outcome": "allow", "reason": "r"}, "claim_token"),
        ({"claim_token": 2**40, "outcome": "allow", "reason": "r"}, "claim_token"),
    ],
)
def test_a_decision_with_a_fault_names_it(
    world: World, ann: dict[str, str], body: dict[str, Any], field: str
) -> None:
    answer = _post(world, ann, f"{_open(world)}/decide", body)
    assert assert_problem(answer, 422, "request.invalid")["field"] == field


def test_the_queue_is_listed_oldest_first_filtered_and_paged(world: World, ann: dict[str, str]) -> None:
    ids = [_open(world, number, stage="output" if number == 2 else "request") for number in (1, 2, 3)]
    _claimed(world, ann, ids[0])

    def listed(query: str) -> list[str]:
        return [case["id"] for case in world.client.get(f"/v1/cases?{query}", headers=ann).json()["items"]]

    assert listed("") == ids
    assert listed("state=claimed") == ids[:1]
    assert listed("available=true") == ids[1:]
    assert listed("stage=output") == ids[1:2]
    assert listed("claimed_by=mod_ann") == ids[:1]
    assert listed("generation_id=gen_3") == ids[2:]
    page = world.client.get("/v1/cases?limit=2", headers=ann).json()
    assert page["next_after"] == ids[1]
    assert listed(f"limit=2&after={ids[1]}") == ids[2:]
    assert_problem(world.client.get("/v1/cases?limit=1000", headers=ann), 422, "request.invalid")


def test_an_unknown_case_is_a_404(world: World, ann: dict[str, str]) -> None:
    assert_problem(world.client.get("/v1/cases/case_x", headers=ann), 404, "case.unknown")
    assert_problem(_post(world, ann, "case_x/claim"), 404, "case.unknown")
