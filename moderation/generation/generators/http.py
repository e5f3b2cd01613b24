"""A generator on another machine, spoken to as `protocol` says.

What can fail on the way is tried again with growing pauses; what the server refuses is not. The output is checked against
the digest the server states before it appears, and a job that is no longer wanted is deleted there.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from moderation.generation.generators.port import (
    Cancelled,
    GenerationCancelled,
    GenerationFailed,
    Made,
    Progress,
)
from moderation.generation.generators.protocol import IDEMPOTENCY_HEADER, Identity, JobStatus, JobView
from moderation.ids import new_id
from moderation.messages import Brief

MAX_OUTPUT_BYTES = 2 * 1024**3
ATTEMPTS = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0
REQUEST_TIMEOUT_S = 30.0
PING_TIMEOUT_S = 1.5
_CHUNK = 1 << 18

View = TypeVar("View", bound=BaseModel)


class HttpGenerator:
    """A client of one server. Safe to share between threads; close it when done.

    `timeout_s` bounds a whole generation; `poll_s` is the pause between two looks at a job.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        token: str | None = None,
        poll_s: float = 1.0,
        max_output_bytes: int = MAX_OUTPUT_BYTES,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = httpx.Client(
            base_url=url,
            timeout=REQUEST_TIMEOUT_S,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            transport=transport,
        )
        self._timeout_s, self._poll_s, self._max_output_bytes = timeout_s, poll_s, max_output_bytes
        self._sleep, self._clock = sleep, clock
        self._identity: Identity | None = None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def identity(self) -> tuple[str, str]:
        """What the server says it is, asked once. Raises `GenerationFailed`."""
        if self._identity is None:
            patience = _Patience(self._clock, self._sleep, self._clock() + REQUEST_TIMEOUT_S, lambda: False)
            self._identity = self._json(Identity, patience, lambda: self._client.get("/v1/identity"))
        return self._identity.name, self._identity.version

    def ping(self) -> None:
        """Whether the server answers now. Raises `GenerationFailed`."""
        try:
            self._client.get("/v1/identity", timeout=PING_TIMEOUT_S).raise_for_status()
        except httpx.HTTPStatusError as error:
            raise _refused(error.response) from error
        except httpx.TransportError as error:
            raise _unreachable(error) from error

    def generate(
        self,
        brief: Brief,
        *,
        portraits: Mapping[str, Path],
        references: Sequence[Path],
        target: Path,
        progress: Progress,
        cancelled: Cancelled,
    ) -> Made | None:
        """As `Generator.generate`."""
        patience = _Patience(self._clock, self._sleep, self._clock() + self._timeout_s, cancelled)
        patience.check()
        self.identity()
        job = self._start(brief, portraits, references, patience)
        try:
            done = self._await(job, patience, progress)
            self._download(done, target, patience)
        finally:
            self._forget(job.id)
        return Made(done.seconds, done.adjusted) if done.seconds else None

    def _start(
        self, brief: Brief, portraits: Mapping[str, Path], references: Sequence[Path], patience: "_Patience"
    ) -> JobView:
        key = new_id("job")

        def send() -> httpx.Response:
            with _uploads(portraits, references) as files:
                return self._client.post(
                    "/v1/jobs",
                    data={"brief": brief.model_dump_json()},
                    files=files,
                    headers={IDEMPOTENCY_HEADER: key},
                )

        return self._json(JobView, patience, send)

    def _await(self, job: JobView, patience: "_Patience", progress: Progress) -> JobView:
        address = f"/v1/jobs/{job.id}"
        while job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
            patience.pause(self._poll_s)
            job = self._json(JobView, patience, lambda: self._client.get(address))
            progress(job.progress)
        if job.status is JobStatus.DONE:
            return job
        if job.status is JobStatus.FAILED:
            raise GenerationFailed(job.code or "generator.failed", job.detail, retryable=job.retryable)
        raise GenerationFailed("generator.cancelled_remotely", "the server stopped the job", retryable=True)

    def _download(self, job: JobView, target: Path, patience: "_Patience") -> None:
        if job.bytes > self._max_output_bytes:
            raise _too_large(self._max_output_bytes)
        partial = target.with_name(f".{target.name}.{job.id}")
        try:
            patience.retry(lambda: self._fetch(job, partial, patience))
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def _fetch(self, job: JobView, partial: Path, patience: "_Patience") -> None:
        digest, length = hashlib.sha256(), 0
        with partial.open("wb") as out, self._client.stream("GET", f"/v1/jobs/{job.id}/output") as response:
            response.raise_for_status()
            for chunk in response.iter_bytes(_CHUNK):
                patience.check()
                length += len(chunk)
                if length > self._max_output_bytes:
                    raise _too_large(self._max_output_bytes)
                digest.update(chunk)
                out.write(chunk)
        if digest.hexdigest() != job.sha256:
            raise GenerationFailed(
                "generator.output_corrupt",
                f"the output has sha256 {digest.hexdigest()}, the server promised {job.sha256 or 'none'}",
                retryable=True,
            )

    def _forget(self, job_id: str) -> None:
        try:
            self._client.delete(f"/v1/jobs/{job_id}")
        except httpx.HTTPError:
            return  # the server forgets old jobs by itself; there is nothing more to do about it here

    def _json(self, view: type[View], patience: "_Patience", send: Callable[[], httpx.Response]) -> View:
        def once() -> View:
            response = send()
            response.raise_for_status()
            return view.model_validate_json(response.content)

        return patience.retry(once)


class _Patience:
    """Pauses and retries that end when the time is up or the work is not wanted any more."""

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        deadline: float,
        cancelled: Cancelled,
    ) -> None:
        self._clock, self._sleep, self._deadline, self._cancelled = clock, sleep, deadline, cancelled

    def check(self) -> None:
        """Raises `GenerationCancelled`, or `GenerationFailed` when the time is up."""
        if self._cancelled():
            raise GenerationCancelled
        if self._clock() >= self._deadline:
            raise GenerationFailed(
                "generator.timeout", "the generator took longer than allowed", retryable=True
            )

    def pause(self, seconds: float) -> None:
        """Sleep in short pieces, looking up between them."""
        until = self._clock() + seconds
        self.check()
        while (left := until - self._clock()) > 0:
            self._sleep(min(left, 0.25))
            self.check()

    def retry(self, once: "Callable[[], Result]") -> "Result":
        """Call until it succeeds. Raises `GenerationFailed` for what no repeating mends, or after `ATTEMPTS`."""
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, ATTEMPTS + 1):
            self.check()
            try:
                return once()
            except httpx.HTTPStatusError as error:
                if not _may_recover(error.response.status_code) or attempt == ATTEMPTS:
                    raise _refused(error.response) from error
            except GenerationFailed as error:
                if not error.retryable or attempt == ATTEMPTS:
                    raise
            except (httpx.TransportError, ValidationError) as error:
                if attempt == ATTEMPTS:
                    raise _unreachable(error) from error
            self.pause(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        raise AssertionError("the last attempt returns or raises")


Result = TypeVar("Result")


@contextmanager
def _uploads(portraits: Mapping[str, Path], references: Sequence[Path]) -> Iterator[list[tuple[str, Any]]]:
    """The files of a multipart body, open while it is sent. The names of files on this machine are not sent."""
    with ExitStack() as stack:
        files: list[tuple[str, tuple[str, IO[bytes], str]]] = []
        for handle, path in sorted(portraits.items()):
            files.append(
                ("portrait", (handle, stack.enter_context(path.open("rb")), "application/octet-stream"))
            )
        for index, path in enumerate(references):
            stream = stack.enter_context(path.open("rb"))
            files.append(("reference", (str(index), stream, "application/octet-stream")))
        yield files


def _may_recover(status: int) -> bool:
    """Server errors, and the two refusals that mean "later" (RFC 9110 §15.5.9, RFC 6585 §4)."""
    return status >= 500 or status in (408, 429)


def _refused(response: httpx.Response) -> GenerationFailed:
    status = response.status_code
    if status == 404 and "/v1/jobs/" in response.request.url.path:
        return GenerationFailed(
            "generator.job_lost", "the server does not know the job any more", retryable=True
        )
    if _may_recover(status):
        return GenerationFailed(
            "generator.unavailable", f"the server answered {status} repeatedly", retryable=True
        )
    return GenerationFailed(
        "generator.refused", f"the server answered {status} to our request", retryable=False
    )


def _unreachable(error: Exception) -> GenerationFailed:
    if isinstance(error, ValidationError):
        return GenerationFailed(
            "generator.bad_answer", "the server's answer breaks the protocol", retryable=True
        )
    return GenerationFailed(
        "generator.unavailable", f"the server could not be reached ({type(error).__name__})", retryable=True
    )


def _too_large(limit: int) -> GenerationFailed:
    return GenerationFailed(
        "generator.output_too_large", f"the output is larger than {limit} bytes", retryable=False
    )
