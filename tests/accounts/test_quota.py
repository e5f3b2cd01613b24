"""Quota and rate: exactly as many places as there are, whoever asks at the same time, and each returned once."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from moderation.accounts.models import QuotaDay, QuotaReservation
from moderation.accounts.quota import (
    MINUTE_MS,
    TOTAL,
    QuotaExhausted,
    QuotaLimits,
    count_request,
    day_of,
    give_back,
    reserve,
    used,
)
from moderation.store import Database
from tests.support.threads import in_threads

DAY = "2026-03-01"
WIDE = QuotaLimits(account=1000, total=1000)


def test_days_are_utc() -> None:
    assert day_of(0) == "1970-01-01"
    assert day_of(86_399_999) == "1970-01-01"
    assert day_of(86_400_000) == "1970-01-02"


def test_a_place_is_taken_once_for_a_generation(database: Database) -> None:
    with database.transaction() as session:
        for _ in range(3):
            reserve(session, "a", DAY, WIDE, generation_id="gen_1")
    with database.transaction() as session:
        reserve(session, "a", "2026-03-02", WIDE, generation_id="gen_1")
        assert (used(session, "a", DAY), used(session, TOTAL, DAY)) == (1, 1)
        assert used(session, "a", "2026-03-02") == 0


def test_a_place_is_returned_once_and_may_be_taken_anew(database: Database) -> None:
    with database.transaction() as session:
        reserve(session, "a", DAY, WIDE, generation_id="gen_1")
        reserve(session, "a", DAY, WIDE, generation_id="gen_2")
        assert give_back(session, "gen_1") is True
        assert give_back(session, "gen_1") is False
        assert give_back(session, "gen_never") is False
        assert (used(session, "a", DAY), used(session, TOTAL, DAY)) == (1, 1)
        reserve(session, "b", "2026-03-02", WIDE, generation_id="gen_1")
        assert (used(session, "b", "2026-03-02"), used(session, "a", DAY)) == (1, 1)


@pytest.mark.parametrize(
    ("limits", "scope"),
    [(QuotaLimits(1, 10), "account"), (QuotaLimits(10, 1), "total"), (QuotaLimits(0, 0), "account")],
)
def test_a_full_day_refuses_and_changes_nothing(database: Database, limits: QuotaLimits, scope: str) -> None:
    room = min(limits.account, limits.total)
    with database.transaction() as session:
        for number in range(room):
            reserve(session, "a", DAY, limits, generation_id=f"gen_{number}")
        with pytest.raises(QuotaExhausted) as exhausted:
            reserve(session, "a", DAY, limits, generation_id="gen_last")
        session.add(QuotaReservation(generation_id="gen_same_transaction", account_id="c", day=DAY))
    assert exhausted.value.scope == scope
    assert "ask again after midnight UTC" in str(exhausted.value)
    with database.read() as session:
        assert (used(session, "a", DAY), used(session, TOTAL, DAY)) == (room, room)
        assert session.get(QuotaReservation, "gen_last") is None
        assert session.get(QuotaReservation, "gen_same_transaction") is not None


def test_a_refused_generation_gets_its_place_when_one_is_free(database: Database) -> None:
    limits = QuotaLimits(1, 1)
    with database.transaction() as session:
        reserve(session, "a", DAY, limits, generation_id="gen_1")
        with pytest.raises(QuotaExhausted):
            reserve(session, "a", DAY, limits, generation_id="gen_2")
        give_back(session, "gen_1")
        reserve(session, "a", DAY, limits, generation_id="gen_2")
        assert used(session, "a", DAY) == 1


def test_what_rolls_back_takes_no_place(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as session:
            reserve(session, "a", DAY, WIDE, generation_id="gen_1")
            raise RuntimeError("the decision could not be written")

    with pytest.raises(RuntimeError, match="could not be written"):
        fail()
    with database.read() as session:
        assert used(session, "a", DAY) == 0


def test_many_at_once_get_exactly_the_places_there_are(database: Database) -> None:
    limits = QuotaLimits(account=5, total=8)
    outcomes: Counter[str] = Counter()

    def ask(number: int) -> None:
        account = "ab"[number % 2]
        for attempt in range(4):
            try:
                with database.transaction() as session:
                    reserve(session, account, DAY, limits, generation_id=f"gen_{number}_{attempt}")
                outcomes[account] += 1
            except QuotaExhausted:
                outcomes["refused"] += 1

    in_threads(6, ask)
    with database.read() as session:
        assert used(session, TOTAL, DAY) == 8
        assert used(session, "a", DAY) == outcomes["a"] <= 5
        assert used(session, "b", DAY) == outcomes["b"] <= 5
    assert outcomes["a"] + outcomes["b"] == 8
    assert outcomes["refused"] == 16


def test_one_generation_reserved_and_returned_by_many_at_once_counts_once(database: Database) -> None:
    def take(_: int) -> None:
        with database.transaction() as session:
            reserve(session, "a", DAY, WIDE, generation_id="gen_1")

    returned: list[bool] = []

    def bring_back(_: int) -> None:
        with database.transaction() as session:
            returned.append(give_back(session, "gen_1"))

    in_threads(5, take)
    with database.read() as session:
        assert (used(session, "a", DAY), used(session, TOTAL, DAY)) == (1, 1)
    in_threads(5, bring_back)
    with database.read() as session:
        assert (used(session, "a", DAY), used(session, TOTAL, DAY)) == (0, 0)
    assert returned.count(True) == 1


_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "give_back"]), st.integers(0, 6), st.sampled_from("ab"), st.booleans()
    ),
    max_size=30,
)


@given(acts=_ACTS, account=st.integers(0, 3), total=st.integers(0, 4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_always_equal_the_places_held_and_never_pass_a_limit(
    sqlite_database: Database, acts: list[tuple[str, int, str, bool]], account: int, total: int
) -> None:
    limits = QuotaLimits(account, total)
    with sqlite_database.transaction() as session:
        for act, number, who, tomorrow in acts:
            day = "2026-03-02" if tomorrow else DAY
            try:
                if act == "reserve":
                    reserve(session, who, day, limits, generation_id=f"gen_{number}")
                else:
                    give_back(session, f"gen_{number}")
            except QuotaExhausted:
                pass
            _counts_hold(session, limits)
        session.rollback()


def _counts_hold(session: Session, limits: QuotaLimits) -> None:
    for row in session.exec(select(QuotaDay), execution_options={"populate_existing": True}):
        held = select(func.count()).where(
            col(QuotaReservation.day) == row.day, col(QuotaReservation.returned).is_(False)
        )
        if row.scope != TOTAL:
            held = held.where(QuotaReservation.account_id == row.scope)
        assert row.used == session.exec(held).one()
        assert 0 <= row.used <= (limits.total if row.scope == TOTAL else limits.account)


def test_the_rate_counts_the_last_minute(database: Database) -> None:
    with database.transaction() as session:
        assert [count_request(session, "a", 0) for _ in range(4)] == [1, 2, 3, 4]
        assert count_request(session, "b", 0) == 1
        assert count_request(session, "a", MINUTE_MS) == 1 + 4
        assert count_request(session, "a", MINUTE_MS + 30_000) == 2 + 2
        assert count_request(session, "a", 2 * MINUTE_MS - 1) == 3 + 0
        assert count_request(session, "a", 4 * MINUTE_MS) == 1


def test_requests_that_come_together_are_all_counted(database: Database) -> None:
    rates: list[int] = []

    def ask(_: int) -> None:
        with database.transaction() as session:
            rates.append(count_request(session, "a", 1000))

    in_threads(8, ask)
    assert sorted(rates) == list(range(1, 9))


@given(times=st.lists(st.integers(0, 4 * MINUTE_MS), min_size=1, max_size=40).map(sorted))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rate_lies_between_this_minutes_requests_and_those_of_two_minutes(
    sqlite_database: Database, times: list[int]
) -> None:
    with sqlite_database.transaction() as session:
        for index, at_ms in enumerate(times):
            rate = count_request(session, "a", at_ms)
            so_far = times[: index + 1]
            minute = at_ms // MINUTE_MS
            assert sum(t // MINUTE_MS == minute for t in so_far) <= rate
            assert rate <= sum(t // MINUTE_MS >= minute - 1 for t in so_far)
        session.rollback()
