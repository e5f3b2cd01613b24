"""Batches that are taken in and committed side by side never wait for each other in a ring, whatever order their rows come in."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from moderation.accounts.quota import QuotaLimits
from moderation.bus.transient import is_transient
from moderation.generation.request_batch import Judged, apply_many
from moderation.generation.request_stage import RequestStage
from moderation.generation.rows import lock_generation, move
from moderation.generation.state import Step
from moderation.generation.submit import receive, receive_many
from moderation.messages import GenerationRequested
from moderation.store import Database, now_ms
from policies.taxonomy import Verdict
from tests.support.judgements import GATE, judged

pytestmark = pytest.mark.integration
STAGE = RequestStage(GATE, QuotaLimits(account=10**6, total=10**6))
ALLOW = judged(Verdict.ALLOW)
ACCOUNTS, ROUNDS = 8, 12


def requests(worker: int, round_: int) -> list[GenerationRequested]:
    """One of each account; every second worker has them the other way round."""
    order = range(ACCOUNTS) if worker % 2 else range(ACCOUNTS - 1, -1, -1)
    return [
        GenerationRequested(
            generation_id=f"gen_{worker}_{round_}_{account}", account_id=f"acct_{account}", prompt="a boat"
        )
        for account in order
    ]


def in_batches(database: Database, worker: int, round_: int) -> None:
    batch = requests(worker, round_)
    with database.transaction() as session:
        receive_many(session, batch, now_ms=now_ms(session))
    with database.transaction() as session:
        apply_many(session, STAGE, [Judged(one, ALLOW) for one in batch], now_ms=now_ms(session))


def side_by_side(database: Database, work: Callable[[Database, int, int], None], workers: int) -> None:
    """Each worker at its rounds, all starting together; raises the first error of any."""
    barrier = threading.Barrier(workers)

    def rounds(worker: int) -> None:
        for round_ in range(ROUNDS):
            barrier.wait(60)
            work(database, worker, round_)

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(rounds, worker) for worker in range(workers)]:
            done.result(120)


def test_batches_with_the_same_accounts_in_opposite_orders_all_commit(postgres_database: Database) -> None:
    side_by_side(postgres_database, in_batches, workers=3)
    with postgres_database.read() as session:
        total = ACCOUNTS * ROUNDS * 3
        approved = "SELECT count(*) FROM generation WHERE state = 'approved'"
        assert session.execute(text(approved)).scalar() == total
        assert session.execute(text("SELECT used FROM quota_day WHERE scope = '*'")).scalar() == total
        places = (
            session.execute(text("SELECT DISTINCT used FROM quota_day WHERE scope <> '*'")).scalars().all()
        )
        assert places == [ROUNDS * 3]


def test_a_batch_and_cancellations_of_older_generations_all_commit(postgres_database: Database) -> None:
    """Cancelling returns a place: it locks the same rows of the quota."""

    def commit_or_cancel(database: Database, worker: int, round_: int) -> None:
        if worker == 0:
            in_batches(database, worker, round_)
        elif round_:
            for request in requests(0, round_ - 1):
                cancel(database, request.generation_id)

    side_by_side(postgres_database, commit_or_cancel, workers=2)
    with postgres_database.read() as session:
        used = session.execute(text("SELECT used FROM quota_day WHERE scope = '*'")).scalar()
    assert used == ACCOUNTS, "only the last round holds places"


def cancel(database: Database, generation_id: str) -> None:
    with database.transaction() as session:
        move(session, lock_generation(session, generation_id), Step.CANCEL, now_ms=now_ms(session))


def test_one_after_the_other_in_one_transaction_the_same_rows_do_wait_in_a_ring(
    postgres_database: Database,
) -> None:
    """Why batches sort: the way they were taken in before ends in a deadlock within a few rounds."""

    def singly(database: Database, worker: int, round_: int) -> None:
        with database.transaction() as session:
            for request in requests(worker, round_):
                receive(session, request, now_ms=now_ms(session))

    deadlocks: list[Exception] = []

    def noting(database: Database, worker: int, round_: int) -> None:
        if deadlocks:
            return
        try:
            singly(database, worker, round_)
        except Exception as error:
            deadlocks.append(error)

    side_by_side(postgres_database, noting, workers=2)
    assert deadlocks
    assert all(map(is_transient, deadlocks)), "and PostgreSQL's victim is tried again"
