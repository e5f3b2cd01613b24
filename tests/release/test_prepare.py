"""Preparing a release with the real encoder, the real signer and the real proof; and what happens when a part fails."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlmodel import select

from moderation.bus.job_pool import JobPool
from moderation.bus.jobs import JobRow
from moderation.gate.decisions import Decision, decisions_of
from moderation.generation.output_stage import RELEASE, clear_output
from moderation.generation.rows import get_generation, lock_generation
from moderation.generation.state import State
from moderation.release.commit import Outcome, Prepared, commit_release
from moderation.release.jobs import ReleaseJob
from moderation.release.prepare import Preparation, release_id_of
from moderation.release.tables import Release
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from provenance.credentials.reader import read_credentials
from tests.support.bus import AT_ONCE, until
from tests.support.releases import waiting
from tests.support.service import Person, StubApplication, enrol_person, paint

pytestmark = pytest.mark.integration


@pytest.fixture
def nowhere(app: StubApplication) -> Preparation:
    """A preparation whose time-stamp service does not answer."""
    return replace(app.preparation, stamping=replace(app.stamping, tsa_url="http://127.0.0.1:9/"))


def made(app: StubApplication, *people: Person, parent: str | None = None) -> Prepared:
    """A generation with a real output that waits for release; `Prepared` names its output and decision."""
    staged = app.assets.stage(paint(app.settings.home / "output.mp4", people[0].number if people else 0))
    app.assets.promote(staged.sha256)
    half = waiting(app.database, *people, parent=parent, output_sha256=staged.sha256)
    return replace(half, output_sha256=staged.sha256)


def prepare(app: StubApplication, half: Prepared) -> Prepared:
    """Really."""
    done = app.preparation.prepare(half.generation_id, half.output_sha256, half.decision_id)
    assert done is not None
    return done


def test_what_is_prepared_lies_in_staging_stamped_and_proven_and_is_not_on_record(
    app: StubApplication,
) -> None:
    person = enrol_person(app, 1)
    half = made(app, person)
    done = prepare(app, half)
    assert done.release_id == release_id_of(half.generation_id)
    assert app.assets.is_staged(done.release_sha256)
    assert app.assets.size(done.release_sha256) == done.size_bytes
    assert done.release_sha256 != half.output_sha256
    report = read_credentials(app.assets.path(done.release_sha256), app.trust)
    assert (report.state, report.release_id) == ("trusted", done.release_id)
    with app.database.read() as session:
        assert session.exec(select(Release)).all() == []


def test_the_file_that_was_released_verifies_as_ours_and_as_withdrawn_after_its_withdrawal(
    app: StubApplication,
) -> None:
    done = prepare(app, made(app))
    path = app.assets.path(done.release_sha256)
    assert app.verify(path)["answer"] != "ours_intact"  # proven, but not on record: not ours yet
    with app.database.transaction() as session:
        assert commit_release(session, done, clock=now_ms) is Outcome.RELEASED
    answer = app.verify(path)
    assert (answer["answer"], answer["standing"]) == ("ours_intact", "released")
    with app.database.transaction() as session:
        session.get_one(Release, done.release_id).state = "withdrawn"
    assert app.verify(path)["standing"] == "withdrawn"
    assert "standing" not in app.verify(app.assets.path(done.output_sha256))


def test_preparing_twice_names_the_release_alike_and_only_one_is_recorded(app: StubApplication) -> None:
    half = made(app)
    first, second = prepare(app, half), prepare(app, half)
    assert first.release_id == second.release_id
    with app.database.transaction() as session:
        assert commit_release(session, first, clock=now_ms) is Outcome.RELEASED
    with app.database.transaction() as session:
        assert commit_release(session, second, clock=now_ms) is Outcome.ALREADY


def test_a_remix_carries_its_parents_credential_as_an_ingredient(app: StubApplication) -> None:
    parent = prepare(app, made(app))
    with app.database.transaction() as session:
        assert commit_release(session, parent, clock=now_ms) is Outcome.RELEASED
    child = prepare(app, made(app, parent=parent.generation_id))
    content = app.assets.path(child.release_sha256).read_bytes()
    assert b"parentOf" in content
    assert parent.release_id.encode() in content


@pytest.mark.parametrize("moved", ["state", "output", "decision"])
def test_nothing_is_prepared_for_a_generation_that_moved_on(app: StubApplication, moved: str) -> None:
    half = made(app)
    output, decision = half.output_sha256, half.decision_id
    if moved == "state":
        with app.database.transaction() as session:
            lock_generation(session, half.generation_id).state = State.WITHDRAWN.value
    else:
        output = "0" * 64 if moved == "output" else output
        decision = "dec_other" if moved == "decision" else decision
    assert app.preparation.prepare(half.generation_id, output, decision) is None


def queued(app: StubApplication, half: Prepared) -> None:
    """Its release job."""
    with app.database.transaction() as session:
        generation = lock_generation(session, half.generation_id)
        decision = session.get_one(Decision, half.decision_id)
        clear_output(session, generation, decision, now_ms=now_ms(session))


def run(app: StubApplication, preparation: Preparation) -> Iterator[int]:
    """Attempts at the release job, one by one."""
    pool = JobPool(app.database, [ReleaseJob(preparation, app.gate)], backoff=AT_ONCE)
    while until(lambda: pool.run_once() == 1, 1):
        yield 1


def test_without_a_time_stamp_nothing_leaves_and_a_person_is_told_after_the_last_attempt(
    app: StubApplication, nowhere: Preparation
) -> None:
    half = made(app)
    queued(app, half)
    assert sum(run(app, nowhere)) == 5
    with app.database.read() as session:
        generation = get_generation(session, half.generation_id)
        assert (generation.state, generation.held_stage) == ("held", "output")
        assert session.exec(select(Release)).all() == []
        last = decisions_of(session, half.generation_id)[-1]
        assert last.verdict == "review"
        assert '"cause":"exhausted.' in last.body
        assert session.exec(select(ReviewCase)).one().decision_id == last.id


def test_a_release_whose_decision_is_no_allow_is_held_at_once_and_not_tried_again(
    app: StubApplication,
) -> None:
    half = made(app)
    queued(app, half)
    with app.database.transaction() as session:
        lock_generation(session, half.generation_id).request_decision_id = None
    assert sum(run(app, app.preparation)) == 1
    with app.database.read() as session:
        assert get_generation(session, half.generation_id).state == "held"
        assert session.exec(select(JobRow).where(JobRow.kind == RELEASE)).one().state == "failed"
