"""The life of a case, as pure transitions: every legal step, and every illegal one by name."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from moderation.review.case_state import (
    MAX_REASON,
    CaseClosed,
    CaseState,
    CaseStatus,
    CaseTaken,
    ClaimLost,
    NotOverridable,
    Outcome,
    ReasonMissing,
    claim,
    decide,
    release,
    renew,
)

LEASE = 100
FRESH = CaseState(overridable=True)


def _claimed(by: str = "ann", now_ms: int = 0, state: CaseState = FRESH) -> CaseState:
    return claim(state, moderator=by, now_ms=now_ms, lease_ms=LEASE)


def _decide(state: CaseState, **changes: Any) -> CaseState:
    values: dict[str, Any] = {
        "moderator": "ann", "token": state.claim_token, "outcome": Outcome.ALLOW, "reason": "fine", "now_ms": 50,
    }  # fmt: skip
    return decide(state, **{**values, **changes})


def test_a_claim_holds_the_case_for_its_lease() -> None:
    state = _claimed(now_ms=10)
    assert (state.status, state.claimed_by, state.claim_token, state.claim_until_ms) == (
        CaseStatus.CLAIMED,
        "ann",
        1,
        110,
    )
    with pytest.raises(CaseTaken, match="another moderator"):
        _claimed("bob", 109, state)


def test_another_moderator_may_claim_at_the_millisecond_the_lease_ends() -> None:
    state = _claimed("bob", 100, _claimed())
    assert (state.claimed_by, state.claim_token) == ("bob", 2)


def test_claiming_again_takes_a_new_token_and_ends_the_old_one() -> None:
    again = _claimed("ann", 10, _claimed())
    assert again.claim_token == 2
    with pytest.raises(ClaimLost):
        _decide(again, token=1)
    assert _decide(again, token=2).status is CaseStatus.DECIDED


def test_renewing_moves_the_end_and_never_backwards() -> None:
    state = _claimed()
    assert renew(state, moderator="ann", token=1, now_ms=60, lease_ms=LEASE).claim_until_ms == 160
    assert renew(state, moderator="ann", token=1, now_ms=60, lease_ms=1).claim_until_ms == 100


def test_a_claim_that_ran_out_cannot_be_renewed_returned_or_decided() -> None:
    state = _claimed()
    acts: tuple[Callable[[], CaseState], ...] = (
        lambda: renew(state, moderator="ann", token=1, now_ms=100, lease_ms=LEASE),
        lambda: release(state, moderator="ann", token=1, now_ms=100),
        lambda: _decide(state, now_ms=100),
    )
    for act in acts:
        with pytest.raises(ClaimLost, match="claim the case"):
            act()


def test_a_returned_case_is_anybodys() -> None:
    state = release(_claimed(), moderator="ann", token=1, now_ms=5)
    assert (state.status, state.claimed_by) == (CaseStatus.OPENED, None)
    assert _claimed("bob", 6, state).claim_token == 2


def test_a_decision_keeps_who_what_why_and_when() -> None:
    state = _decide(_claimed(), outcome=Outcome.BLOCK, reason="a real person", now_ms=60)
    assert (state.status, state.outcome, state.reason, state.decided_by, state.decided_ms) == (
        CaseStatus.DECIDED,
        Outcome.BLOCK,
        "a real person",
        "ann",
        60,
    )


@pytest.mark.parametrize("thief", [{"moderator": "bob"}, {"token": 0}, {"token": 2}])
def test_only_the_holder_of_the_newest_token_decides(thief: dict[str, Any]) -> None:
    with pytest.raises(ClaimLost):
        _decide(_claimed(), **thief)


def test_an_unclaimed_case_cannot_be_decided() -> None:
    with pytest.raises(ClaimLost):
        _decide(FRESH)


def test_a_decided_case_stays_as_it_was_decided() -> None:
    state = _decide(_claimed())
    acts: tuple[Callable[[], CaseState], ...] = (
        lambda: _claimed("bob", 500, state),
        lambda: renew(state, moderator="ann", token=1, now_ms=60, lease_ms=1),
        lambda: release(state, moderator="ann", token=1, now_ms=60),
        lambda: _decide(state, outcome=Outcome.BLOCK),
    )
    for act in acts:
        with pytest.raises(CaseClosed, match="appeal"):
            act()


def test_nobody_allows_what_an_absolute_rule_or_a_revocation_forbids() -> None:
    state = _claimed(state=CaseState(overridable=False))
    with pytest.raises(NotOverridable, match="no person may allow it"):
        _decide(state)
    assert _decide(state, outcome=Outcome.BLOCK).outcome is Outcome.BLOCK


@pytest.mark.parametrize("reason", ["", "   ", "x" * (MAX_REASON + 1)])
def test_a_decision_needs_a_reason_of_bearable_length(reason: str) -> None:
    with pytest.raises(ReasonMissing):
        _decide(_claimed(), reason=reason)


_PEOPLE = st.sampled_from(["ann", "bob", "cy"])


class CaseLife(RuleBasedStateMachine):
    """Any acts in any order: at most one live claim, tokens only grow, one decision, and never an allow upward."""

    def __init__(self) -> None:
        super().__init__()
        self.state = CaseState(overridable=False)
        self.now = 0
        self.tokens: dict[str, int] = {}
        self.holder: tuple[str, int] | None = None
        self.decisions = 0

    @rule(ms=st.integers(0, 150))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @rule(who=_PEOPLE)
    def somebody_claims(self, who: str) -> None:
        if self._try(claim, moderator=who, now_ms=self.now, lease_ms=LEASE):
            assert self.holder is None or self.holder[0] == who or self.now >= self.holder[1]
            self.holder = (who, self.state.claim_until_ms)
            self.tokens[who] = self.state.claim_token

    @rule(who=_PEOPLE)
    def somebody_renews(self, who: str) -> None:
        if self._try(renew, moderator=who, token=self.tokens.get(who, 0), now_ms=self.now, lease_ms=LEASE):
            assert self.holder is not None
            assert self.holder[0] == who
            self.holder = (who, self.state.claim_until_ms)

    @rule(who=_PEOPLE)
    def somebody_returns(self, who: str) -> None:
        if self._try(release, moderator=who, token=self.tokens.get(who, 0), now_ms=self.now):
            self.holder = None

    @rule(who=_PEOPLE, outcome=st.sampled_from(Outcome))
    def somebody_decides(self, who: str, outcome: Outcome) -> None:
        token = self.tokens.get(who, 0)
        if self._try(decide, moderator=who, token=token, outcome=outcome, reason="r", now_ms=self.now):
            assert self.holder is not None
            assert self.holder[0] == who
            assert self.now < self.holder[1]
            self.decisions += 1

    @invariant()
    def it_is_decided_once_at_most_and_never_allowed(self) -> None:
        assert self.decisions == int(self.state.status is CaseStatus.DECIDED)
        assert self.state.outcome in {None, Outcome.BLOCK}

    def _try(self, act: Any, **values: Any) -> bool:
        before = self.state
        try:
            self.state = act(before, **values)
        except (CaseTaken, CaseClosed, ClaimLost, NotOverridable):
            return False
        assert self.state.claim_token >= before.claim_token
        return True


TestCaseLife = CaseLife.TestCase
