"""A generator that is slow, broken, lost or no longer wanted: every generation ends for a reason, and gives back what it held."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from time import sleep

import httpx
import pytest
from sqlmodel import select

from consent.likeness.models import Grant
from moderation.bus.jobs import JobRow
from moderation.demo.stage import free_port
from moderation.generation.generate import GENERATE
from moderation.generation.generators.http import HttpGenerator
from moderation.generation.generators.port import Cancelled
from moderation.generation.rows import get_generation, lock_generation, move
from moderation.generation.state import State, Step
from moderation.likenesses.commands import revoke_likeness
from moderation.messages import Parameters
from moderation.release.report import withdrawal_report
from moderation.store import now_ms
from tests.support.bus import until
from tests.support.service import ask, enrol_person, send_all
from tests.support.studio import Studio, broken, refused, until_stopped

pytestmark = pytest.mark.integration


def test_a_generation_that_takes_too_long_fails_and_returns_its_quota(studio: Studio) -> None:
    studio.acting.behaviours = [until_stopped]
    generation_id = studio.order()
    assert studio.holds_capacity(generation_id)
    studio.work(timeout_s=0.2)
    studio.line.settle([generation_id], State.FAILED)
    assert studio.why(generation_id) == "generator.timeout"
    assert not studio.holds_capacity(generation_id)


def test_a_failure_that_may_pass_is_tried_again_until_it_succeeds(studio: Studio) -> None:
    studio.acting.behaviours = [broken, broken]
    generation_id = studio.order()
    studio.work(rounds=3)
    studio.line.settle([generation_id], State.RELEASED)
    assert studio.acting.calls == 3
    assert studio.holds_capacity(generation_id)


def test_a_failure_that_does_not_pass_ends_with_its_code_after_the_last_attempt(studio: Studio) -> None:
    studio.acting.behaviours = [broken] * 3
    generation_id = studio.order()
    studio.work(rounds=3)
    studio.line.settle([generation_id], State.FAILED)
    assert studio.why(generation_id) == "generator.unavailable"
    assert not studio.holds_capacity(generation_id)


def test_a_failure_that_stays_is_not_tried_again(studio: Studio) -> None:
    studio.acting.behaviours = [refused]
    generation_id = studio.order()
    studio.work()
    studio.line.settle([generation_id], State.FAILED)
    assert studio.acting.calls == 1
    assert studio.why(generation_id) == "generator.refused"


def test_a_generator_that_raises_anything_else_ends_as_exhausted(studio: Studio) -> None:
    def crash(cancelled: Cancelled) -> None:
        raise ZeroDivisionError("a bug")

    studio.acting.behaviours = [crash] * 3
    generation_id = studio.order()
    studio.work(rounds=3)
    studio.line.settle([generation_id], State.FAILED)
    assert studio.why(generation_id) == "generator.exhausted"
    assert not studio.holds_capacity(generation_id)


def test_consent_withdrawn_while_it_is_made_stops_the_generator_and_returns_quota_and_use(
    studio: Studio,
) -> None:
    person = enrol_person(studio.app, 1, uses_left=3)
    studio.acting.behaviours = [until_stopped]
    generation_id = studio.order(person)
    worker = threading.Thread(target=studio.work)
    worker.start()
    assert studio.acting.began.wait(10)
    with studio.app.database.transaction() as session:
        revoked = revoke_likeness(
            session, person.likeness_id, actor=person.owner, now_ms=now_ms(session)
        ).withdrawal_id
    worker.join(20)
    studio.line.settle([generation_id], State.CANCELLED)
    assert studio.why(generation_id) == "likeness.revoked"
    assert not studio.holds_capacity(generation_id)
    with studio.app.database.read() as session:
        assert session.exec(select(Grant)).one().uses_left == 3
        report = withdrawal_report(session, revoked)
    assert [receipt["outcome"] for receipt in report["receipts"]] == ["already_cancelled"]


def test_a_request_cancelled_by_its_user_while_it_is_made_stays_cancelled(studio: Studio) -> None:
    studio.acting.behaviours = [until_stopped]
    generation_id = studio.order()
    worker = threading.Thread(target=studio.work)
    worker.start()
    assert studio.acting.began.wait(10)
    with studio.app.database.transaction() as session:
        generation = lock_generation(session, generation_id)
        move(session, generation, Step.CANCEL, now_ms=now_ms(session), because="user")
    worker.join(20)
    studio.line.settle([generation_id], State.CANCELLED)
    assert studio.job().state == "done"
    assert studio.why(generation_id) == "user"


def test_an_output_that_comes_after_the_cancellation_is_never_judged(studio: Studio) -> None:
    def cancel_meanwhile(cancelled: Cancelled) -> None:
        with studio.app.database.transaction() as session:
            move(session, lock_generation(session, generation_id), Step.CANCEL, now_ms=now_ms(session))

    generation_id = studio.order()
    studio.acting.behaviours = [cancel_meanwhile]
    studio.work()
    studio.line.settle([generation_id], State.CANCELLED)
    with studio.app.database.read() as session:
        assert get_generation(session, generation_id).output_sha256 is None


def test_a_lease_lost_while_it_is_made_loses_nothing_because_it_is_made_again(studio: Studio) -> None:
    studio.acting.behaviours = [until_stopped]
    generation_id = studio.order()
    studio.work(lease_s=0.3)
    assert studio.job().state == "ready"
    assert "Interrupted" in studio.job().last_error
    studio.work()
    studio.line.settle([generation_id], State.RELEASED)
    assert studio.acting.calls == 2


def test_a_job_whose_worker_was_killed_every_time_fails_and_says_so(studio: Studio) -> None:
    generation_id = studio.order()
    with studio.app.database.transaction() as session:
        job = session.exec(select(JobRow).where(JobRow.kind == GENERATE)).one()
        job.attempts = job.max_attempts
        session.add(job)
    studio.work()
    studio.line.settle([generation_id], State.FAILED)
    assert studio.why(generation_id) == "generator.exhausted"
    assert studio.acting.calls == 0
    assert not studio.holds_capacity(generation_id)


@dataclass
class RemoteServer:
    """The reference server as a process of its own."""

    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [sys.executable, "-m", "moderation.generation.generators.server", "--port", str(self.port)]
        self.process = subprocess.Popen(command)
        assert until(self._answers, 60), "the generator server did not start"

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/v1/identity", trust_env=False).is_success
        return False


@pytest.fixture
def remote() -> Iterator[RemoteServer]:
    """A server that is gone afterwards."""
    server = RemoteServer()
    server.start()
    yield server
    server.kill()


def test_a_remote_generator_killed_midway_is_asked_again_when_it_is_back(
    studio: Studio, remote: RemoteServer
) -> None:
    long = ask("a lighthouse").model_copy(
        update={"parameters": Parameters(seconds=3, width=320, height=180, fps=24)}
    )
    send_all(studio.app.database, [long])
    studio.line.settle([long.generation_id], State.APPROVED)
    generator = HttpGenerator(remote.url, timeout_s=60, poll_s=0.05, sleep=lambda s: sleep(min(s, 0.05)))
    try:
        worker = threading.Thread(target=studio.work, args=(generator,))
        worker.start()
        assert until(lambda: progress_of(studio, long.generation_id) > 0, 30)
        remote.kill()
        worker.join(60)
        assert studio.job().state == "ready"
        assert "GenerationFailed" in studio.job().last_error
        remote.start()
        studio.work(generator)
        studio.line.settle([long.generation_id], State.RELEASED)
    finally:
        generator.close()


def progress_of(studio: Studio, generation_id: str) -> float:
    """As the user sees it."""
    with studio.app.database.read() as session:
        return get_generation(session, generation_id).progress
