"""A decision explained: both parts to staff, one's own part to whoever asked, and to nobody else that it exists."""

from dataclasses import replace
from typing import Any

import pytest

from moderation.accounts.models import Role
from moderation.api.app import create_app
from moderation.explaining.seek import Sought, Suggestion
from moderation.explaining.told import Told
from moderation.gate.decisions import Decision, record_human, record_judgement
from moderation.generation.state import State
from moderation.parts.ground import ensure_policy
from policies.edits.candidates import Edit, EditKind
from policies.edits.faults import Withheld
from tests.gate.test_decisions import judged
from tests.support.api import World, assert_problem
from tests.support.rows import decision, generation
from tests.support.subjects import request

EDITED = "a floor of smoke"


class Finder:
    """Finds the same text for every decision, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, told: Told) -> Sought:
        self.asked += 1
        return Sought(Suggestion(Edit(EDITED, EditKind.REWORD, 1), told.decision.policy_revision), None, 4)


@pytest.fixture
def finder(world: World) -> Finder:
    """In place of the gate."""
    found = Finder()
    world.app.state.services = replace(world.services, seek=found)
    return found


@pytest.fixture
def refused(world: World, finder: Finder) -> Decision:
    """A refusal of what acct_1 asked for."""
    world.add(generation(state=State.REFUSED, account="acct_1"))
    with world.database.transaction() as session:
        ensure_policy(session)
        return record_judgement(session, "gen_1", judged(request("a floor of blood")), now_ms=5)


def explained(world: World, of: str, *roles: Role, account: str | None = None, **query: Any) -> Any:
    """The answer to a key of these roles."""
    headers = world.key(*roles, account=account)
    return world.client.get(f"/v1/decisions/{of}/explanation", headers=headers, params=query)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.AUDITOR, Role.ADMIN, Role.PIPELINE])
def test_staff_read_both_parts(world: World, refused: Decision, role: Role) -> None:
    body = explained(world, refused.id, role).json()
    assert (body["id"], body["verdict"], body["generation_id"]) == (refused.id, "block", "gen_1")
    assert body["operator"]["findings"][0]["matched"] == "blood"
    assert [one["verdict"] for one in body["operator"]["would_change"]] == ["review", "allow"]
    assert body["user"]["suggestion"] == {
        "text": EDITED, "kind": "reword", "changed": 1, "verdict": "allow", "policy": refused.policy_revision,
    }  # fmt: skip


def test_whoever_asked_reads_their_part(world: World, refused: Decision) -> None:
    body = explained(world, refused.id, Role.OWNER, account="acct_1").json()
    assert body["operator"] is None
    assert body["user"]["suggestion"]["text"] == EDITED
    assert body["user"]["statement_of_reasons"]["restriction"] == "The video is not made."
    assert "0.97" not in str(body)


def test_nobody_else_learns_that_it_exists(world: World, refused: Decision) -> None:
    hidden = explained(world, refused.id, Role.OWNER, account="acct_2")
    missing = explained(world, "dec_none", Role.OWNER, account="acct_2")
    for answer in (hidden, missing):
        assert assert_problem(answer, 404, "decision.unknown")["field"] == "decision_id"
    assert_problem(explained(world, refused.id, Role.LEGAL), 403, "auth.role_missing")


def test_nothing_is_looked_for_when_nobody_wants_it(world: World, finder: Finder, refused: Decision) -> None:
    body = explained(world, refused.id, Role.MODERATOR, edit=False).json()
    assert (body["user"]["suggestion"], body["operator"]["edit"]) == (
        None,
        {"withheld": Withheld.NOT_ASKED, "judged": 0},
    )
    assert finder.asked == 0


@pytest.mark.parametrize("odd", ["%00", "..", "a" * 65, "🦊", "dec_1%2Fx", "' OR 1=1 --", "%ff"])
def test_an_odd_id_is_refused_and_no_fault(world: World, odd: str) -> None:
    assert 400 <= explained(world, odd, Role.MODERATOR).status_code < 500


def test_what_another_version_wrote_is_explained_as_far_as_it_goes(world: World, finder: Finder) -> None:
    broken = decision("dec_2")
    broken.body = '{"ruling": {"policy": "p", "verdict": "review"}, "reports": []}'
    world.add(generation(), decision("dec_1"), broken)
    plain = explained(world, "dec_1", Role.MODERATOR).json()
    assert (plain["verdict"], plain["operator"]["would_change"]) == ("review", [])
    assert "cannot be read" in explained(world, "dec_2", Role.MODERATOR).json()["operator"]["unreadable"]


def test_a_generation_tells_its_requester_reasons_and_no_evidence(world: World, refused: Decision) -> None:
    with world.database.transaction() as session:
        record_human(
            session, "gen_1", stage="request", verdict="block", moderator="mod_ann", case_id="case_1",
            reason="Too much.", machine=session.get_one(Decision, refused.id), now_ms=9,
        )  # fmt: skip
    headers = world.key(Role.OWNER, account="acct_1")
    machine, person = world.client.get("/v1/generations/gen_1", headers=headers).json()["decisions"]
    assert set(machine["reasons"]) == {"code", "user_text", "edit"}
    assert machine["reasons"]["code"] == "content.violence"
    assert (person["actor"], person["reason"]) == ("person", "Too much.")
    assert {"reports", "ruling", "context"}.isdisjoint(machine)
    assert "mod_ann" not in str(person)
    whole = world.client.get("/v1/generations/gen_1", headers=world.key(Role.PIPELINE)).json()["decisions"]
    assert whole[0]["reports"]
    assert whole[1]["actor"] == "mod_ann"


def test_the_route_is_part_of_the_interface(world: World) -> None:
    assert "/v1/decisions/{decision_id}/explanation" in create_app(world.services).openapi()["paths"]
