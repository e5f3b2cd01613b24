"""The two statements beneath quotas, tallies and idempotency, on both databases."""

from moderation.accounts.models import QuotaDay, RequestRate
from moderation.errors import Kind, ServiceError, shorten
from moderation.sql import add_and_read, insert_new
from moderation.store import Database
from tests.support.threads import in_threads


def test_a_row_is_inserted_once_and_never_overwritten(database: Database) -> None:
    with database.transaction() as session:
        assert insert_new(session, QuotaDay, scope="a", day="d", used=1) is True
        assert insert_new(session, QuotaDay, scope="a", day="d", used=2) is False
        assert insert_new(session, QuotaDay, scope="a", day="e", used=3) is True
    with database.read() as session:
        assert session.get_one(QuotaDay, ("a", "d")).used == 1


def test_of_many_who_insert_at_once_one_is_told_it_was_first(database: Database) -> None:
    first: list[bool] = []

    def insert(number: int) -> None:
        with database.transaction() as session:
            first.append(insert_new(session, QuotaDay, scope="a", day="d", used=number))

    in_threads(6, insert)
    assert sorted(first) == [False] * 5 + [True]


def test_adding_answers_the_sum_however_many_add(database: Database) -> None:
    sums: list[int] = []

    def add(_: int) -> None:
        with database.transaction() as session:
            sums.append(add_and_read(session, RequestRate, "requests", 2, account_id="a", minute=1))

    in_threads(6, add)
    assert sorted(sums) == [2, 4, 6, 8, 10, 12]


class Broken(ServiceError):
    """For the test of the words."""

    code = "thing.broken"
    kind = Kind.CONFLICT


def test_an_error_is_one_line_of_field_sentence_value_and_remedy() -> None:
    assert (
        str(Broken("is broken", field="thing", value="t1", remedy="mend it"))
        == "thing: is broken (got t1); mend it"
    )
    assert str(Broken("it broke")) == "it broke"


def test_a_value_is_shown_shortened() -> None:
    assert Broken("is broken", value="x" * 1000).value == "x" * 79 + "…"
    assert shorten([1, 2]) == "[1, 2]"
    assert shorten("short") == "short"
