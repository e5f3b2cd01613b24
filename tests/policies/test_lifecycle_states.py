"""Which step may follow which, and whom a rollout rules on: by a hash that nothing but account and revision enters."""

from hypothesis import given
from hypothesis import strategies as st

from policies.lifecycle.panel import Panel
from policies.lifecycle.states import STEPS, LifecycleState, in_rollout, may_follow
from tests.support.policies import document

accounts = st.text(max_size=20)
ONE = document("signals:\n  work.named: {verdict: review}\n")
OTHER = document("signals:\n  work.named: {verdict: block}\n")


def test_every_state_has_its_steps_and_nothing_becomes_a_draft_again() -> None:
    assert set(STEPS) == set(LifecycleState)
    assert not any(may_follow(before, LifecycleState.DRAFT) for before in LifecycleState)
    assert not may_follow(LifecycleState.SHADOW, LifecycleState.SHADOW)
    assert may_follow(LifecycleState.ROLLOUT, LifecycleState.ROLLOUT)  # to another share


@given(accounts, st.integers(0, 100), st.integers(0, 100))
def test_an_account_that_is_in_stays_in_while_the_share_grows(account: str, one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert in_rollout("sha256:a", account, high) or not in_rollout("sha256:a", account, low)


@given(accounts)
def test_nobody_is_in_at_0_and_everybody_at_100(account: str) -> None:
    assert not in_rollout("sha256:a", account, 0)
    assert in_rollout("sha256:a", account, 100)


def test_the_share_is_what_was_asked_and_each_revision_picks_others() -> None:
    ids = [f"acct_{number}" for number in range(10_000)]
    first = {name for name in ids if in_rollout("sha256:a", name, 10)}
    second = {name for name in ids if in_rollout("sha256:b", name, 10)}
    assert 900 < len(first) < 1100  # ± 3.3 standard deviations of a binomial
    assert 900 < len(second) < 1100
    assert 50 < len(first & second) < 160  # a tenth of a tenth


def test_the_place_of_an_account_never_moves() -> None:
    """Golden: another hash would silently re-deal every rollout in progress."""
    assert [name for name in map(str, range(30)) if in_rollout("sha256:0123456789ab", name, 10)] == GOLDEN


GOLDEN = ["18", "21"]


def test_a_panel_asks_the_rollout_for_its_accounts_and_the_active_document_for_the_others() -> None:
    panel = Panel(ONE, OTHER, 50)
    ruled = {name: panel.ruling_for(name) for name in map(str, range(40))}
    assert {id(one) for one in ruled.values()} == {id(ONE), id(OTHER)}
    assert all((one is OTHER) == in_rollout(OTHER.revision, name, 50) for name, one in ruled.items())
    assert Panel(ONE).ruling_for("0") is ONE
