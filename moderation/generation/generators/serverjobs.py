"""The jobs of the reference server: one thread per slot, everything of a job in one folder, gone when it is deleted."""

import hashlib
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from moderation.generation.generators.port import GenerationCancelled, GenerationFailed, Generator
from moderation.generation.generators.protocol import JobStatus, JobView
from moderation.messages import Brief

# A client that died never deletes its job: a finished one is kept this long.
KEPT_S = 3600.0
FINAL = (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)


class Job:
    """One generation on this server. Written by its thread, read by the routes."""

    def __init__(
        self, folder: Path, brief: Brief, portraits: dict[str, Path], references: list[Path]
    ) -> None:
        self.id = folder.name
        self.folder, self.brief, self.portraits, self.references = folder, brief, portraits, references
        self.cancel = threading.Event()
        self.finished_at: float | None = None
        self._lock = threading.Lock()
        self._view = JobView(id=self.id, status=JobStatus.QUEUED)

    @property
    def output(self) -> Path:
        """Where the finished video lies."""
        return self.folder / "output.mp4"

    @property
    def view(self) -> JobView:
        """The job as the client sees it."""
        with self._lock:
            return self._view

    def set(self, **fields: object) -> None:
        """Change what the client sees."""
        with self._lock:
            self._view = self._view.model_copy(update=fields)

    def run(self, generator: Generator) -> None:
        """Generate; whatever happens ends in a final status, and a deleted job leaves no file."""
        try:
            self._generate(generator)
        except GenerationCancelled:
            self.set(status=JobStatus.CANCELLED)
        except GenerationFailed as error:
            self.set(status=JobStatus.FAILED, code=error.code, detail=str(error), retryable=error.retryable)
        except Exception as error:
            self.set(
                status=JobStatus.FAILED, code="generator.crashed", detail=type(error).__name__, retryable=True
            )
        finally:
            if self.cancel.is_set():
                shutil.rmtree(self.folder, ignore_errors=True)

    def _generate(self, generator: Generator) -> None:
        if self.cancel.is_set():
            raise GenerationCancelled
        self.set(status=JobStatus.RUNNING)
        made = generator.generate(
            self.brief,
            portraits=self.portraits,
            references=self.references,
            target=self.output,
            progress=lambda done: self.set(progress=min(max(done, 0.0), 1.0)),
            cancelled=self.cancel.is_set,
        )
        with self.output.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        self.set(
            status=JobStatus.DONE,
            progress=1.0,
            sha256=digest,
            bytes=self.output.stat().st_size,
            seconds=made.seconds if made else 0.0,
            adjusted=made.adjusted[:500] if made else "",
        )


class Jobs:
    """The jobs of this server, by id and by idempotency key."""

    def __init__(self, generator: Generator, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.generator, self._clock = generator, clock
        self._jobs: dict[str, Job] = {}
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="generate")

    def by_key(self, key: str) -> Job | None:
        """The job a client already started under this key."""
        with self._lock:
            return self._jobs.get(self._keys.get(key, ""))

    def start(self, job: Job, key: str) -> Job:
        """Queue a job, or return the one that came first under the same key. Forgets what is long finished."""
        self._forget_old()
        with self._lock:
            first = self._jobs.get(self._keys.get(key, ""))
            if first is not None:
                shutil.rmtree(job.folder, ignore_errors=True)
                return first
            self._jobs[job.id], self._keys[key] = job, job.id
        self._pool.submit(job.run, self.generator)
        return job

    def get(self, job_id: str) -> Job:
        """The job. Raises `KeyError`."""
        with self._lock:
            return self._jobs[job_id]

    def delete(self, job_id: str) -> None:
        """Stop and forget; nothing happens when it is unknown."""
        with self._lock:
            job = self._jobs.pop(job_id, None)
            self._keys = {key: known for key, known in self._keys.items() if known != job_id}
        if job is None:
            return
        job.cancel.set()
        if job.view.status in FINAL:
            shutil.rmtree(job.folder, ignore_errors=True)

    def _forget_old(self) -> None:
        now = self._clock()
        with self._lock:
            finished = [job for job in self._jobs.values() if job.view.status in FINAL]
        for job in finished:
            if job.finished_at is None:
                job.finished_at = now
            elif now - job.finished_at > KEPT_S:
                self.delete(job.id)

    def close(self) -> None:
        """Stop everything."""
        for job_id in list(self._jobs):
            self.delete(job_id)
        self._pool.shutdown(wait=True)
