"""An owner's rules over HTTP: shown back as they were understood, announced, and ended by their owner only."""

import pytest

from moderation.accounts.models import Role
from tests.support.api import World, assert_problem
from tests.support.rows import likeness

PATH = "/v1/likenesses/lik_1/restrictions"


@pytest.fixture
def owner(world: World) -> dict[str, str]:
    """The key of the account that owns `lik_1`."""
    world.add(likeness())
    return world.key(Role.OWNER, account="acct_owner")


def test_a_rule_is_shown_back_as_it_was_understood(world: World, owner: dict[str, str]) -> None:
    answer = world.client.post(PATH, json={"words": "no violence"}, headers=owner)
    assert answer.status_code == 201
    assert (answer.json()["change"], answer.json()["shown_back"]) == ("restricted", "Refused: violence.")
    [listed] = world.client.get(PATH, headers=owner).json()
    assert (listed["id"], listed["refused"]) == (answer.json()["restriction_id"], ["violence"])


def test_a_rule_nobody_understood_says_that_a_person_will_read(world: World, owner: dict[str, str]) -> None:
    answer = world.client.post(PATH, json={"words": "only when the moon is full"}, headers=owner)
    assert "a person looks at every use" in answer.json()["shown_back"]


def test_an_ended_rule_is_listed_no_more(world: World, owner: dict[str, str]) -> None:
    made = world.client.post(PATH, json={"words": "no alcohol"}, headers=owner).json()
    ended = world.client.delete(f"{PATH}/{made['restriction_id']}", headers=owner)
    assert (ended.status_code, ended.json()["change"]) == (200, "restriction_withdrawn")
    assert world.client.get(PATH, headers=owner).json() == []


def test_ending_a_rule_twice_says_that_it_does_not_stand(world: World, owner: dict[str, str]) -> None:
    made = world.client.post(PATH, json={"words": "no alcohol"}, headers=owner).json()
    world.client.delete(f"{PATH}/{made['restriction_id']}", headers=owner)
    again = world.client.delete(f"{PATH}/{made['restriction_id']}", headers=owner)
    assert again.status_code in {409, 422}
    assert again.json()["code"] == "restriction.invalid"


def test_a_stranger_sees_and_changes_nothing(world: World, owner: dict[str, str]) -> None:
    stranger = world.key(Role.OWNER, account="acct_stranger")
    assert_problem(world.client.get(PATH, headers=stranger), 403, "likeness.not_yours")
    answer = world.client.post(PATH, json={"words": "no violence"}, headers=stranger)
    assert_problem(answer, 403, "likeness.not_yours")
    assert world.client.get(PATH, headers=owner).json() == []


@pytest.mark.parametrize("words", ["", "x" * 501])
def test_a_rule_without_words_or_with_too_many_is_refused(
    world: World, owner: dict[str, str], words: str
) -> None:
    answer = world.client.post(PATH, json={"words": words}, headers=owner)
    assert_problem(answer, 422, "request.invalid")
