"""Waits double, are capped, and lie between half and all of the full wait."""

from hypothesis import given
from hypothesis import strategies as st

from moderation.bus.backoff import Backoff, fair_jitter


def test_waits_double_until_the_cap() -> None:
    backoff = Backoff(first_ms=100, cap_ms=1000, jitter=lambda: 1.0)
    assert [backoff.delay_ms(attempt) for attempt in (1, 2, 3, 4, 5, 500)] == [100, 200, 400, 800, 1000, 1000]


@given(attempt=st.integers(1, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_a_wait_lies_between_half_and_all_of_the_full_wait(attempt: int, jitter: float) -> None:
    full = Backoff(jitter=lambda: 1.0).delay_ms(attempt)
    assert full // 2 <= Backoff(jitter=lambda: jitter).delay_ms(attempt) <= full


def test_the_default_jitter_varies_within_its_range() -> None:
    seen = {fair_jitter() for _ in range(50)}
    assert len(seen) > 10
    assert all(0 <= value < 1 for value in seen)
