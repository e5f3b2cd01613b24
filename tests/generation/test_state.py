"""The state machine of a generation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.generation.state import FINAL, IllegalStep, State, Step, advance, steps_from

steps = st.lists(st.sampled_from(Step), max_size=30)


def walk(taken: list[Step]) -> list[State]:
    """The states a generation goes through when every impossible step is refused."""
    states = [State.REQUESTED]
    for step in taken:
        if step in steps_from(states[-1]):
            states.append(advance(states[-1], step))
    return states


def test_the_happy_path_ends_released() -> None:
    path = [Step.APPROVE, Step.PRODUCE, Step.CLEAR_OUTPUT, Step.RELEASE]
    assert walk(path) == [
        State.REQUESTED,
        State.APPROVED,
        State.GENERATED,
        State.GENERATED,
        State.RELEASED,
    ]


@given(steps)
def test_a_final_state_is_never_left(taken: list[Step]) -> None:
    states = walk(taken)
    ended = next((position for position, state in enumerate(states) if state in FINAL), None)
    assert ended is None or ended == len(states) - 1


@given(steps)
def test_nothing_is_released_that_was_not_approved_and_generated_before(taken: list[Step]) -> None:
    states = walk(taken)
    if State.RELEASED in states:
        before = states[: states.index(State.RELEASED)]
        assert State.APPROVED in before or State.HELD in before
        assert before[-1] is State.GENERATED


@given(steps)
def test_a_released_generation_can_only_be_withdrawn(taken: list[Step]) -> None:
    states = walk(taken)
    if State.RELEASED in states:
        after = states[states.index(State.RELEASED) + 1 :]
        assert after in ([], [State.WITHDRAWN])


@pytest.mark.parametrize("state", sorted(FINAL))
def test_no_step_leads_out_of_a_final_state(state: State) -> None:
    assert steps_from(state) == frozenset()


@pytest.mark.parametrize("state", [State.REQUESTED, State.HELD, State.APPROVED, State.GENERATED])
def test_everything_in_flight_can_be_cancelled(state: State) -> None:
    assert advance(state, Step.CANCEL) is State.CANCELLED


def test_a_released_video_cannot_be_cancelled_only_withdrawn() -> None:
    with pytest.raises(IllegalStep):
        advance(State.RELEASED, Step.CANCEL)
    assert advance(State.RELEASED, Step.WITHDRAW) is State.WITHDRAWN


def test_an_illegal_step_names_the_state_the_step_and_what_is_possible() -> None:
    with pytest.raises(IllegalStep) as caught:
        advance(State.APPROVED, Step.RELEASE)
    assert str(caught.value) == (
        "state: a generation that is approved cannot release; possible steps: cancel, fail, hold, produce"
    )
    assert caught.value.code == "generation.illegal_step"


def test_an_illegal_step_from_a_final_state_says_that_it_is_final() -> None:
    with pytest.raises(IllegalStep, match="none: this state is final"):
        advance(State.REFUSED, Step.APPROVE)
