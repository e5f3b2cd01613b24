"""The legal role places, lists and lifts holds; a held release answers 451 and nothing of it is served."""

from moderation.accounts.models import Role
from moderation.generation.state import State
from moderation.legal.holds import PAGE
from moderation.legal.tables import LegalHold
from moderation.release.tables import ReleaseState
from tests.support.api import World, assert_problem
from tests.support.rows import generation, release


def test_a_hold_stops_the_download_until_it_is_lifted(world: World) -> None:
    legal, owner = world.key(Role.LEGAL), world.key(Role.OWNER, account="acct_owner")
    made = generation(state=State.RELEASED)
    made.release_id = "rel_1"
    row = release(b"a video")
    assert row.state == ReleaseState.RELEASED
    world.add(made, row)
    order = {"target": "generation", "target_id": "gen_1", "reference": "court-17"}
    placed = world.client.post("/v1/holds", json=order, headers=legal)
    assert placed.status_code == 201
    assert (placed.json()["effect"], placed.json()["placed_by"]) == ("stop", "acct_legal")
    assert_problem(world.client.get("/v1/releases/rel_1", headers=owner), 451, "release.legal_hold")
    hold_id = placed.json()["id"]
    listed = world.client.get("/v1/holds", headers=legal).json()["items"]
    assert [one["id"] for one in listed] == [hold_id]
    lifted = world.client.post(f"/v1/holds/{hold_id}/lift", headers=legal).json()
    assert lifted["lifted_by"] == "acct_legal"
    assert world.client.get("/v1/releases/rel_1", headers=owner).status_code == 200
    assert world.client.get("/v1/holds", headers=legal).json()["items"] == []
    assert len(world.client.get("/v1/holds?all=true", headers=legal).json()["items"]) == 1


def test_what_is_not_there_cannot_be_held_or_lifted(world: World) -> None:
    legal = world.key(Role.LEGAL)
    order = {"target": "likeness", "target_id": "lik_nowhere", "reference": "court-17"}
    assert_problem(world.client.post("/v1/holds", json=order, headers=legal), 404, "legal.target_unknown")
    assert_problem(world.client.post("/v1/holds/hold_x/lift", headers=legal), 404, "legal.hold_unknown")


def test_a_reference_holds_no_sentence(world: World) -> None:
    order = {"target": "likeness", "target_id": "lik_1", "reference": "Ada Lovelace v. us"}
    answer = world.client.post("/v1/holds", json=order, headers=world.key(Role.LEGAL))
    assert answer.status_code == 422
    assert "reference" in answer.text


def test_more_holds_than_a_page_are_listed_page_by_page(world: World) -> None:
    for number in range(PAGE + 1):
        hold = LegalHold(
            id=f"hold_{number:03}", target="generation", target_id="gen_1", effect="stop", reference="x", placed_by="a",
            placed_ms=number // 2,
        )  # fmt: skip
        world.add(hold)
    legal = world.key(Role.LEGAL)
    first = world.client.get("/v1/holds", headers=legal).json()
    rest = world.client.get(f"/v1/holds?after={first['next_after']}", headers=legal).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [f"hold_{n:03}" for n in range(PAGE + 1)]
    assert rest["next_after"] is None
    assert world.client.get("/v1/holds?after=nowhere", headers=legal).json()["items"] == []
