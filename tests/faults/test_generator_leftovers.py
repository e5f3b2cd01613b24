"""What a generator made and nobody waits for any more: it gets no row, is collected after a day, and what has a row is kept."""

import threading
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from sqlmodel import select

from moderation.asset_files import AssetStoreUnavailable
from moderation.assets import AssetStore, StagedAsset
from moderation.bus.jobs import JobRow
from moderation.generation.generate import GENERATE, LOOK_EVERY_S, Watch
from moderation.generation.generators.port import Cancelled
from moderation.generation.rows import lock_generation, move
from moderation.generation.state import State, Step
from moderation.release.upkeep import collect_staging
from moderation.store import now_ms
from moderation.subscriptions import hold_parked, on_approved
from tests.support.studio import Studio, let_a_day_pass, record_about, until_stopped

pytestmark = pytest.mark.integration


def test_an_output_that_comes_after_the_cancellation_has_no_row_and_is_collected(studio: Studio) -> None:
    def cancel_meanwhile(cancelled: Cancelled) -> None:
        with studio.app.database.transaction() as session:
            move(session, lock_generation(session, generation_id), Step.CANCEL, now_ms=now_ms(session))

    generation_id = studio.order()
    studio.acting.behaviours = [cancel_meanwhile]
    studio.work()
    studio.line.settle([generation_id], State.CANCELLED)
    assert studio.outputs() == []
    (orphan,) = studio.staged()
    let_a_day_pass(orphan)
    assert collect_staging(studio.app.database, studio.app.assets) == 1
    assert studio.staged() == []


def test_the_output_of_a_worker_that_lost_its_job_is_collected_and_the_recorded_one_kept(
    studio: Studio,
) -> None:
    def taken_over(cancelled: Cancelled) -> None:
        with studio.app.database.transaction() as session:
            job = session.exec(select(JobRow).where(JobRow.kind == GENERATE)).one()
            job.token, job.state = job.token + 1, "ready"

    studio.acting.behaviours = [taken_over]
    generation_id = studio.order()
    studio.work()
    (orphan,) = studio.staged()
    assert studio.outputs() == []
    let_a_day_pass(orphan)
    assert collect_staging(studio.app.database, studio.app.assets) == 1
    studio.work()
    (kept,) = studio.staged()
    let_a_day_pass(kept)
    assert collect_staging(studio.app.database, studio.app.assets) == 0
    assert studio.app.assets.exists(kept.name)
    studio.line.settle([generation_id], State.RELEASED)


def test_a_message_parked_while_the_video_is_made_stops_it_and_its_replay_makes_it_anew(
    studio: Studio,
) -> None:
    studio.acting.behaviours = [until_stopped]
    generation_id = studio.order()
    worker = threading.Thread(target=studio.work)
    worker.start()
    assert studio.acting.began.wait(10)
    with studio.app.database.transaction() as session:
        hold_parked(session, record_about(generation_id), RuntimeError("a bug"))
    worker.join(20)
    assert not worker.is_alive()
    assert studio.line.states()[generation_id] == "held"
    assert studio.job().state == "cancelled"
    assert studio.outputs() == []
    with studio.app.database.transaction() as session:
        on_approved(session, studio.approval(generation_id), record_about(generation_id))
        on_approved(session, studio.approval(generation_id), record_about(generation_id))
    studio.work()
    studio.line.settle([generation_id], State.RELEASED)
    assert studio.acting.calls == 2


def test_a_database_that_is_away_for_a_moment_does_not_cost_the_work_that_is_done(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_around(cancelled: Cancelled) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Watch, "_look", away)
            sleep(LOOK_EVERY_S + 0.1)
            assert not cancelled()

    studio.acting.behaviours = [look_around]
    generation_id = studio.order()
    studio.work()
    studio.line.settle([generation_id], State.RELEASED)
    assert studio.acting.calls == 1


def test_a_store_that_is_away_keeps_the_generator_from_beginning_and_waits_with_what_it_made(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = AssetStore.stage
    answers = iter([False, False])

    def slow_to_answer(self: AssetStore, path: Path, **more: Any) -> StagedAsset:
        if next(answers, True):
            return stage(self, path, **more)
        raise AssetStoreUnavailable("the store does not answer")

    generation_id = studio.order()
    with monkeypatch.context() as patch:
        patch.setattr(AssetStore, "ping", away)
        studio.work()
    assert studio.acting.calls == 0
    assert studio.job().state == "ready"
    monkeypatch.setattr(AssetStore, "stage", slow_to_answer)
    studio.work()
    assert studio.acting.calls == 1
    monkeypatch.undo()
    studio.line.settle([generation_id], State.RELEASED)


def away(*_: object) -> str:
    """As a database, or a store, that does not answer."""
    raise AssetStoreUnavailable("nothing answers")
