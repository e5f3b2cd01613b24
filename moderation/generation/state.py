"""The state machine of a generation: pure, total, and the only place that says which step may follow which."""

from enum import StrEnum


class State(StrEnum):
    """Where a generation stands (DESIGN §1)."""

    REQUESTED = "requested"
    HELD = "held"
    APPROVED = "approved"
    GENERATED = "generated"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Step(StrEnum):
    """What may happen to a generation."""

    APPROVE = "approve"
    HOLD = "hold"
    REFUSE = "refuse"
    PRODUCE = "produce"
    CLEAR_OUTPUT = "clear_output"
    RELEASE = "release"
    RECHECK = "recheck"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    FAIL = "fail"


FINAL = frozenset({State.WITHDRAWN, State.REFUSED, State.CANCELLED, State.FAILED})
IN_FLIGHT = frozenset({State.REQUESTED, State.HELD, State.APPROVED, State.GENERATED})

# `held` is entered from the request and from the output stage; the held stage is kept beside the state, and decides whether
# a moderator's allow means APPROVE (a brief goes to the generator) or CLEAR_OUTPUT (the clip goes to release).
_TRANSITIONS: dict[tuple[State, Step], State] = {
    (State.REQUESTED, Step.APPROVE): State.APPROVED,
    (State.REQUESTED, Step.HOLD): State.HELD,
    (State.REQUESTED, Step.REFUSE): State.REFUSED,
    (State.HELD, Step.APPROVE): State.APPROVED,
    (State.HELD, Step.CLEAR_OUTPUT): State.GENERATED,
    (State.HELD, Step.REFUSE): State.REFUSED,
    (State.HELD, Step.RESUME): State.APPROVED,
    (State.APPROVED, Step.HOLD): State.HELD,
    (State.APPROVED, Step.PRODUCE): State.GENERATED,
    (State.GENERATED, Step.HOLD): State.HELD,
    (State.GENERATED, Step.REFUSE): State.REFUSED,
    (State.GENERATED, Step.CLEAR_OUTPUT): State.GENERATED,
    (State.GENERATED, Step.RECHECK): State.GENERATED,
    (State.GENERATED, Step.RELEASE): State.RELEASED,
    (State.RELEASED, Step.WITHDRAW): State.WITHDRAWN,
    (State.HELD, Step.WITHDRAW): State.WITHDRAWN,
    (State.GENERATED, Step.WITHDRAW): State.WITHDRAWN,
    **{(state, Step.CANCEL): State.CANCELLED for state in IN_FLIGHT},
    **{(state, Step.FAIL): State.FAILED for state in (State.REQUESTED, State.APPROVED, State.GENERATED)},
}


class IllegalStep(Exception):
    """The step is not possible from where the generation stands: someone else was first, or the caller is out of date."""

    code = "generation.illegal_step"

    def __init__(self, state: State, step: Step) -> None:
        possible = (
            ", ".join(sorted(allowed.value for allowed in steps_from(state))) or "none: this state is final"
        )
        super().__init__(
            f"state: a generation that is {state.value} cannot {step.value}; possible steps: {possible}"
        )
        self.state = state
        self.step = step


def advance(state: State, step: Step) -> State:
    """The state after `step`. Raises `IllegalStep`."""
    try:
        return _TRANSITIONS[state, step]
    except KeyError:
        raise IllegalStep(state, step) from None


def steps_from(state: State) -> frozenset[Step]:
    """The steps possible from `state`."""
    return frozenset(step for (source, step) in _TRANSITIONS if source is state)
