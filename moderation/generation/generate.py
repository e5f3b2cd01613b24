"""The generator's worker: one brief at a time, cancelled when consent or the request is withdrawn meanwhile.

It posts the output, or the failure, and the workflow decides what that means; only a brief that lost its consent is
cancelled here. A file waits in staging until its row is committed: what a killed or unwanted job leaves there is collected.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlmodel import Session, col, select, update

from moderation.asset_files import AssetStoreError
from moderation.assets import AssetStore, StagedAsset
from moderation.bus.faultpoints import reach
from moderation.bus.jobs import Effect, Job, Lease, insert_job, no_effect
from moderation.bus.outbox import enqueue
from moderation.bus.transient import is_transient
from moderation.generation.consent import consent_lost
from moderation.generation.generators.port import GenerationCancelled, GenerationFailed, Generator, Made
from moderation.generation.rows import (
    get_generation,
    lock_generation,
    move,
    pinned_likenesses,
    request_of,
)
from moderation.generation.state import State, Step
from moderation.generation.tables import Asset, Generation, LikenessPortrait
from moderation.ids import new_id
from moderation.messages import Brief, GenerationApproved, OutputFailed, OutputProduced
from moderation.sql import insert_new
from moderation.store import Database, now_ms

GENERATE = "generate"
LOOK_EVERY_S = 0.5


def queue_generation(
    session: Session, approved: GenerationApproved, *, at_ms: int, resumed: bool = False
) -> bool:
    """Queue an approved brief, once for each approval, and once more when it is `resumed` after a hold that cancelled its job;
    False for one that the rows do not bear out, however it came onto the topic."""
    generation = lock_generation(session, approved.generation_id)
    if not is_approved(session, generation, approved):
        return False
    insert_job(
        session,
        kind=GENERATE,
        subject_id=approved.generation_id,
        payload={"brief": approved.brief.model_dump(mode="json")},
        now_ms=at_ms,
        dedupe_key=f"{GENERATE}:{approved.decision_id}" + (f":resumed:{at_ms}" if resumed else ""),
        max_attempts=3,
    )
    return True


def is_approved(session: Session, generation: Generation, approved: GenerationApproved) -> bool:
    """Whether the generation waits for its output on this decision, and the brief is the one that was approved."""
    if (
        State(generation.state) is not State.APPROVED
        or generation.request_decision_id != approved.decision_id
    ):
        return False
    request, brief = request_of(generation), approved.brief
    shown = {(row.likeness_id, row.revision) for row in pinned_likenesses(session, generation.id)}
    asked = (request.prompt, request.references, request.parameters)
    return asked == (brief.prompt, brief.references, brief.parameters) and shown == {
        (likeness.likeness_id, likeness.revision) for likeness in brief.likenesses
    }


class Interrupted(Exception):
    """The generator stopped although the generation is still wanted: whoever holds the job now makes it again."""

    code = "generator.interrupted"


class GenerateObserver(Protocol):
    """Counts what generators do."""

    def generated(self, generator: str, seconds: float, clip_seconds: float) -> None:
        """A clip of `clip_seconds` was made in `seconds`."""
        ...

    def generation_failed(self, code: str) -> None:
        """An attempt failed with this stable code."""
        ...


class _Unobserved:
    def generated(self, generator: str, seconds: float, clip_seconds: float) -> None:
        pass

    def generation_failed(self, code: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class GenerateJob:
    """Calls the generator for one brief. `lease_s` is renewed by the pool's heartbeat while the generator works."""

    database: Database
    assets: AssetStore
    generator: Generator
    timeout_s: float
    kind: str = GENERATE
    lease_s: float = 30.0
    observer: GenerateObserver = field(default_factory=_Unobserved)

    def run(self, job: Job, lease: Lease) -> Effect:
        """Generate into a temporary file and store it; raising means the attempt is repeated."""
        brief = Brief.model_validate(job.payload["brief"])
        watch = Watch(self.database, job.subject_id, lease, self.timeout_s)
        if watch.reason():
            return self._after_cancel(job, watch)
        self.assets.ping()  # nothing is begun that could not be kept
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="safeconduct-generate-") as folder:
            target = Path(folder) / "output.mp4"
            try:
                made = self._generate(brief, target, watch)
            except GenerationCancelled:
                return self._after_cancel(job, watch)
            except GenerationFailed as error:
                self.observer.generation_failed(error.code)
                if error.retryable and job.attempt < job.max_attempts:
                    raise
                return failed(job.subject_id, error.code, str(error))
            seconds = time.monotonic() - began
            stored = self._stage(target, watch)
        reach("after_generate")
        name, version = self.generator.identity()
        self.observer.generated(name, seconds, made.seconds)
        message = OutputProduced(
            generation_id=job.subject_id,
            asset_sha256=stored.sha256,
            generator=name,
            generator_version=version,
            produced_in_s=round(seconds, 3),
            adjusted=made.adjusted[:500],
        )
        return produced(message, stored.bytes)

    def on_exhausted(self, job: Job, error: BaseException) -> Effect:
        """Post the failure: the workflow returns what was reserved."""
        return failed(job.subject_id, getattr(error, "code", "generator.exhausted"), type(error).__name__)

    def _generate(self, brief: Brief, target: Path, watch: "Watch") -> Made:
        with self.database.read() as session:
            portraits = {
                likeness.handle: self.assets.path(sha256)
                for likeness in brief.likenesses
                if (sha256 := _portrait(session, likeness.likeness_id))
            }
        references = tuple(self.assets.path(sha256) for sha256 in brief.references)
        made = self.generator.generate(
            brief,
            portraits=portraits,
            references=references,
            target=target,
            progress=watch.progress,
            cancelled=watch.cancelled,
        )
        return made or Made(brief.parameters.seconds)

    def _stage(self, target: Path, watch: "Watch") -> StagedAsset:
        """Store the file. A store that does not answer is waited for while the output is wanted: it may have cost an hour."""
        while True:
            try:
                return self.assets.stage(target)
            except AssetStoreError:
                if watch.cancelled():
                    raise
                time.sleep(LOOK_EVERY_S)

    def _after_cancel(self, job: Job, watch: "Watch") -> Effect:
        """What the stop means. Raises `Interrupted` when nothing speaks against the generation itself."""
        if watch.timed_out:
            return failed(job.subject_id, "generator.timeout", f"no output within {self.timeout_s:g} s")
        reason = watch.reason()
        if not reason:
            raise Interrupted(f"{job.subject_id}: the lease was lost while it was made")
        return no_effect if reason.startswith("generation.") else cancel(job.subject_id, reason)


def produced(message: OutputProduced, size_bytes: int) -> Effect:
    """Record the file and post it, if its generation still waits for one; else nobody names the file, and it is collected."""

    def effect(session: Session) -> None:
        generation = lock_generation(session, message.generation_id)
        if State(generation.state) is not State.APPROVED:
            return
        at = now_ms(session)
        insert_new(
            session,
            Asset,
            sha256=message.asset_sha256,
            role="output",
            account_id="",
            media_type="video/mp4",
            size_bytes=size_bytes,
            created_ms=at,
        )
        enqueue(session, message, event_id=new_id("evt"), at_ms=at)

    return effect


def failed(generation_id: str, code: str, detail: str) -> Effect:
    """Post that the generator gave up."""
    message = OutputFailed(generation_id=generation_id, code=code, detail=detail[:500])
    return lambda session: enqueue(session, message, event_id=new_id("evt"), at_ms=now_ms(session))


def cancel(generation_id: str, because: str) -> Effect:
    """Cancel a generation whose consent ended before it was made."""

    def effect(session: Session) -> None:
        generation = lock_generation(session, generation_id)
        if State(generation.state) is State.APPROVED:
            move(session, generation, Step.CANCEL, now_ms=now_ms(session), because=because)

    return effect


class Watch:
    """Looks, at most twice a second, whether the generation is still wanted; says so to the generator."""

    def __init__(self, database: Database, generation_id: str, lease: Lease, timeout_s: float) -> None:
        self._database = database
        self._generation_id = generation_id
        self._lease = lease
        self._deadline = time.monotonic() + timeout_s
        self._looked = 0.0
        self._stop = ""
        self._lock = threading.Lock()
        self.timed_out = False

    def cancelled(self) -> bool:
        """Whether to stop: the lease is lost, time is up, or the generation is not wanted any more."""
        if time.monotonic() > self._deadline:
            self.timed_out = True
        return self.timed_out or self._lease.lost or bool(self.reason())

    def reason(self) -> str:
        """Why the generation is not wanted any more, or empty."""
        with self._lock:
            if not self._stop and time.monotonic() - self._looked >= LOOK_EVERY_S:
                with _waiting_out():
                    self._stop = self._look()
                self._looked = time.monotonic()
            return self._stop

    def progress(self, done: float) -> None:
        """Show progress in [0, 1] on the generation; a display only, so it is written without any lock held."""
        with _waiting_out(), self._database.transaction() as session:
            session.execute(
                update(Generation)
                .where(
                    col(Generation.id) == self._generation_id, col(Generation.state) == State.APPROVED.value
                )
                .values(progress=min(1.0, max(0.0, done)))
            )

    def _look(self) -> str:
        with self._database.read() as session:
            generation = get_generation(session, self._generation_id)
            if State(generation.state) is not State.APPROVED:
                return f"generation.{generation.state}"
            pinned = pinned_likenesses(session, generation.id)
            return consent_lost(session, generation, pinned, now_ms=now_ms(session))


@contextmanager
def _waiting_out() -> Iterator[None]:
    """A database that is away for a moment must not cost an hour's work: if it stays away, the lease is lost, which ends it."""
    try:
        yield
    except Exception as error:
        if not is_transient(error):
            raise


def _portrait(session: Session, likeness_id: str) -> str:
    statement = (
        select(LikenessPortrait.asset_sha256)
        .where(LikenessPortrait.likeness_id == likeness_id)
        .order_by(col(LikenessPortrait.created_ms))
    )
    return session.exec(statement).first() or ""
