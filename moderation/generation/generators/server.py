"""A reference server for `protocol`: put any generator behind it, on the machine that has the GPU.

    python -m moderation.generation.generators.server --port 9000

Jobs live in memory and files in a temporary folder: a restart forgets them, and the client's worker starts again.
"""

import argparse
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, File, Form, Header, HTTPException, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import ValidationError

from moderation.generation.generators.port import GenerationCancelled, GenerationFailed, Generator
from moderation.generation.generators.protocol import Identity, JobStatus, JobView
from moderation.ids import new_id
from moderation.messages import Brief, explain

MAX_UPLOAD_BYTES = 64 * 1024**2


class Job:
    """One generation on this server. Written by its thread, read by the routes."""

    def __init__(
        self, folder: Path, brief: Brief, portraits: dict[str, Path], references: list[Path]
    ) -> None:
        self.id = folder.name
        self.folder, self.brief, self.portraits, self.references = folder, brief, portraits, references
        self.cancel = threading.Event()
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
        generator.generate(
            self.brief,
            portraits=self.portraits,
            references=self.references,
            target=self.output,
            progress=lambda done: self.set(progress=min(max(done, 0.0), 1.0)),
            cancelled=self.cancel.is_set,
        )
        with self.output.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        self.set(status=JobStatus.DONE, progress=1.0, sha256=digest, bytes=self.output.stat().st_size)


class Jobs:
    """The jobs of this server, by id and by idempotency key."""

    def __init__(self, generator: Generator, folder: Path, slots: int) -> None:
        self.generator, self.folder = generator, folder
        self._jobs: dict[str, Job] = {}
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="generate")

    def by_key(self, key: str) -> Job | None:
        """The job a client already started under this key."""
        with self._lock:
            return self._jobs.get(self._keys.get(key, ""))

    def start(self, job: Job, key: str) -> Job:
        """Queue a job, or return the one that came first under the same key."""
        with self._lock:
            first = self._jobs.get(self._keys.get(key, ""))
            if first is not None:
                shutil.rmtree(job.folder, ignore_errors=True)
                return first
            self._jobs[job.id], self._keys[key] = job, job.id
        self._pool.submit(job.run, self.generator)
        return job

    def get(self, job_id: str) -> Job:
        """The job. Raises 404."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None:
            raise HTTPException(404, "no such job; it was deleted or the server was restarted")
        return job

    def delete(self, job_id: str) -> None:
        """Stop and forget; nothing happens when it is unknown."""
        with self._lock:
            job = self._jobs.pop(job_id, None)
        if job is None:
            return
        job.cancel.set()
        if job.view.status in (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED):
            shutil.rmtree(job.folder, ignore_errors=True)

    def close(self) -> None:
        """Stop everything."""
        for job_id in list(self._jobs):
            self.delete(job_id)
        self._pool.shutdown(wait=True)


def create_app(generator: Generator, folder: Path, *, token: str | None = None, slots: int = 1) -> FastAPI:
    """The server. `slots` generations run side by side; `token`, when given, is asked of every call."""
    jobs = Jobs(generator, folder, slots)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.close()

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        if token is not None and not secrets.compare_digest(
            authorization.encode(), f"Bearer {token}".encode()
        ):
            raise HTTPException(401, "send `Authorization: Bearer <token>`")

    app = FastAPI(title="Safeconduct generator", lifespan=lifespan, dependencies=[Depends(authorised)])

    @app.get("/v1/identity")
    def identity() -> Identity:
        name, version = generator.identity()
        return Identity(name=name, version=version)

    @app.post("/v1/jobs", status_code=202)
    def start(
        brief: Annotated[str, Form()],
        portrait: Annotated[list[UploadFile] | None, File()] = None,
        reference: Annotated[list[UploadFile] | None, File()] = None,
        idempotency_key: Annotated[str, Header()] = "",
    ) -> JobView:
        key = idempotency_key or new_id("key")
        known = jobs.by_key(key)
        if known is not None:
            return known.view
        return jobs.start(_receive(folder, brief, portrait or [], reference or []), key).view

    @app.get("/v1/jobs/{job_id}")
    def look(job_id: str) -> JobView:
        return jobs.get(job_id).view

    @app.get("/v1/jobs/{job_id}/output")
    def output(job_id: str) -> FileResponse:
        job = jobs.get(job_id)
        if job.view.status is not JobStatus.DONE:
            raise HTTPException(409, f"the job is {job.view.status}; wait until it is done")
        return FileResponse(job.output, media_type="video/mp4")

    @app.delete("/v1/jobs/{job_id}", status_code=204)
    def delete(job_id: str) -> Response:
        jobs.delete(job_id)
        return Response(status_code=204)

    return app


def _receive(folder: Path, brief: str, portraits: list[UploadFile], references: list[UploadFile]) -> Job:
    """Store a request's files under names of our own and check its brief. Raises 413 or 422."""
    try:
        checked = Brief.model_validate_json(brief)
    except ValidationError as error:
        raise HTTPException(422, f"brief: {explain(error)}") from error
    home = folder / new_id("job")
    home.mkdir(parents=True)
    try:
        faces = {
            upload.filename or str(index): _store(upload, home / f"portrait-{index}")
            for index, upload in enumerate(portraits)
        }
        return Job(
            home, checked, faces, [_store(one, home / f"reference-{i}") for i, one in enumerate(references)]
        )
    except HTTPException:
        shutil.rmtree(home, ignore_errors=True)
        raise


def _store(upload: UploadFile, path: Path) -> Path:
    left = MAX_UPLOAD_BYTES
    with path.open("wb") as out:
        while chunk := upload.file.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise HTTPException(413, f"a file is larger than {MAX_UPLOAD_BYTES} bytes")
            out.write(chunk)
    return path


def main() -> None:
    """Serve the storyboard; a GPU server calls `create_app` with its own generator. Token: GENERATOR_TOKEN."""
    import uvicorn

    from moderation.generation.generators.storyboard import Storyboard

    parser = argparse.ArgumentParser(description="Serve a generator over HTTP.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--slots", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="safeconduct-generator-") as folder:
        app = create_app(
            Storyboard(), Path(folder), token=os.environ.get("GENERATOR_TOKEN"), slots=options.slots
        )
        uvicorn.run(app, host=options.host, port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
