"""The reference server, as a real process on loopback and route by route."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from moderation.generation.generators.http import HttpGenerator
from moderation.generation.generators.port import (
    Cancelled,
    GenerationCancelled,
    GenerationFailed,
    Made,
    Progress,
)
from moderation.generation.generators.server import create_app
from moderation.generation.generators.serverjobs import KEPT_S, Job, Jobs
from moderation.generation.generators.storyboard import Storyboard
from moderation.media.reader import open_media
from moderation.messages import Brief

pytestmark = pytest.mark.integration


class Slow:
    """Works until it is told to finish, fail or stop."""

    def __init__(self) -> None:
        self.started, self.finish = threading.Event(), threading.Event()
        self.stopped = threading.Event()
        self.failure: Exception | None = None
        self.made: Made | None = None
        self.calls = 0

    def identity(self) -> tuple[str, str]:
        return "slow", "1"

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
        self.calls += 1
        progress(0.25)
        self.started.set()
        while not self.finish.wait(0.01):
            if cancelled():
                self.stopped.set()
                raise GenerationCancelled
        if self.failure is not None:
            raise self.failure
        target.write_bytes(
            b"video of " + brief.prompt.encode() + b"".join(p.read_bytes() for p in references)
        )
        return self.made


class Served:
    """An app on a free loopback port, in a thread of this process."""

    def __init__(self, app: FastAPI) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> "Served":
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)
        self._socket.close()


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def served(slow: Slow, tmp_path: Path) -> Iterator[Served]:
    with Served(create_app(slow, tmp_path / "server", token="t0ken", slots=2)) as running:
        yield running
        slow.finish.set()


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=served.url, headers={"Authorization": "Bearer t0ken"}, trust_env=False
    ) as client:
        yield client


def _start(client: httpx.Client, key: str = "k1", prompt: str = "A dog.") -> str:
    answer = client.post(
        "/v1/jobs", data={"brief": Brief(prompt=prompt).model_dump_json()}, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _wait(client: httpx.Client, job: str, status: str) -> dict[str, object]:
    for _ in range(500):
        view: dict[str, object] = client.get(f"/v1/jobs/{job}").json()
        if view["status"] == status:
            return view
        time.sleep(0.01)
    raise AssertionError(f"{view} never became {status}")


def _generate(
    url: str,
    target: Path,
    *,
    references: Sequence[Path] = (),
    cancelled: Cancelled = lambda: False,
    on_progress: Progress = lambda _done: None,
) -> list[float]:
    seen: list[float] = []

    def progress(done: float) -> None:
        seen.append(done)
        on_progress(done)

    generator = HttpGenerator(url, timeout_s=60, token="t0ken", poll_s=0.05)
    try:
        generator.generate(
            Brief(prompt="A dog."),
            portraits={},
            references=references,
            target=target,
            progress=progress,
            cancelled=cancelled,
        )
    finally:
        generator.close()
    return seen


def test_client_and_server_carry_a_generation_through(served: Served, slow: Slow, tmp_path: Path) -> None:
    reference = tmp_path / "reference"
    reference.write_bytes(b"REF")

    def finish_once_seen(done: float) -> None:
        if done == 0.25:
            slow.finish.set()

    target = tmp_path / "out.mp4"
    progress = _generate(served.url, target, references=(reference,), on_progress=finish_once_seen)
    assert (tmp_path / "out.mp4").read_bytes() == b"video of A dog.REF"
    assert 0.25 in progress
    assert progress[-1] == 1.0
    assert list((tmp_path / "server").iterdir()) == []


def test_cancelling_here_stops_the_work_there(served: Served, slow: Slow, tmp_path: Path) -> None:
    with pytest.raises(GenerationCancelled):
        _generate(served.url, tmp_path / "out.mp4", cancelled=slow.started.is_set)
    assert slow.stopped.wait(5)
    for _ in range(200):
        if not list((tmp_path / "server").iterdir()):
            break
        time.sleep(0.01)
    assert list((tmp_path / "server").iterdir()) == []


@pytest.mark.parametrize(
    ("failure", "code", "retryable"),
    [
        (
            GenerationFailed("generator.out_of_memory", "VRAM", retryable=True),
            "generator.out_of_memory",
            True,
        ),
        (GenerationFailed("generator.refuses", "no", retryable=False), "generator.refuses", False),
        (ZeroDivisionError("secret detail"), "generator.crashed", True),
    ],
)
def test_a_failure_there_is_the_same_failure_here(
    served: Served, slow: Slow, tmp_path: Path, failure: Exception, code: str, retryable: bool
) -> None:
    slow.failure = failure
    slow.finish.set()
    with pytest.raises(GenerationFailed) as caught:
        _generate(served.url, tmp_path / "out.mp4")
    assert caught.value.code == code
    assert caught.value.retryable is retryable
    assert "secret" not in str(caught.value)


def test_without_the_token_nothing_is_answered(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as stranger:
        for method, path in [
            ("GET", "/v1/identity"),
            ("POST", "/v1/jobs"),
            ("GET", "/v1/jobs/x"),
            ("DELETE", "/v1/jobs/x"),
        ]:
            assert stranger.request(method, path).status_code == 401, path
        assert stranger.get("/v1/identity", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_the_same_key_starts_one_job(client: httpx.Client, slow: Slow) -> None:
    assert _start(client, "k1") == _start(client, "k1")
    assert _start(client, "k2") != _start(client, "k1")
    slow.started.wait(5)
    slow.finish.set()
    time.sleep(0.1)
    assert slow.calls == 2


def test_an_unfinished_output_is_not_handed_out(client: httpx.Client, slow: Slow) -> None:
    job = _start(client)
    assert client.get(f"/v1/jobs/{job}/output").status_code == 409
    slow.finish.set()
    _wait(client, job, "done")
    assert client.get(f"/v1/jobs/{job}/output").content == b"video of A dog."


def test_a_deleted_job_is_gone_and_deleting_twice_is_fine(
    client: httpx.Client, slow: Slow, tmp_path: Path
) -> None:
    job = _start(client)
    slow.finish.set()
    _wait(client, job, "done")
    assert client.delete(f"/v1/jobs/{job}").status_code == 204
    assert client.delete(f"/v1/jobs/{job}").status_code == 204
    assert client.get(f"/v1/jobs/{job}").status_code == 404
    assert not (tmp_path / "server" / job).exists()


def test_a_bad_brief_names_the_field(client: httpx.Client) -> None:
    answer = client.post("/v1/jobs", data={"brief": '{"prompt": "x", "parameters": {"seconds": -1}}'})
    assert answer.status_code == 422
    assert "parameters.seconds" in answer.text


def test_an_upload_too_large_is_refused_and_not_kept(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.generation.generators.server.MAX_UPLOAD_BYTES", 1000)
    brief = Brief(prompt="x").model_dump_json()
    answer = client.post("/v1/jobs", data={"brief": brief}, files={"reference": ("0", b"x" * 2000)})
    assert answer.status_code == 413
    assert list((tmp_path / "server").iterdir()) == []


def test_finished_jobs_nobody_fetched_are_forgotten_in_time(tmp_path: Path, slow: Slow) -> None:
    now = [0.0]
    jobs = Jobs(slow, 1, clock=lambda: now[0])
    slow.finish.set()

    def begin(name: str) -> Job:
        folder = tmp_path / name
        folder.mkdir()
        return jobs.start(Job(folder, Brief(prompt=name), {}, []), name)

    first = begin("first")
    while not first.output.exists() or first.view.status != "done":
        time.sleep(0.01)
    begin("second")
    now[0] = KEPT_S + 1
    begin("third")
    with pytest.raises(KeyError):
        jobs.get("first")
    assert not first.folder.exists()
    jobs.close()


def test_the_storyboard_served_by_a_process_of_its_own_makes_a_video(
    tmp_path: Path, small_brief: Brief
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moderation.generation.generators.server", "--port", str(port)]
    with subprocess.Popen(command) as process:
        generator = HttpGenerator(f"http://127.0.0.1:{port}", timeout_s=60, poll_s=0.1)
        try:
            generator.generate(
                small_brief, portraits={}, references=(), target=tmp_path / "far.mp4",
                progress=lambda _: None, cancelled=lambda: False,
            )  # fmt: skip
            assert generator.identity() == Storyboard().identity()
        finally:
            generator.close()
            process.terminate()
            process.wait(timeout=20)
    with open_media(tmp_path / "far.mp4") as opened:
        assert opened.info.kind == "video"
        assert len(list(opened.frames())) >= 2


@pytest.mark.parametrize("made", [None, Made(5.06, "10 s became 5.06 s")])
def test_what_was_made_otherwise_than_asked_comes_back_with_the_file(
    served: Served, slow: Slow, tmp_path: Path, made: Made | None
) -> None:
    slow.made = made
    slow.finish.set()
    generator = HttpGenerator(served.url, timeout_s=20, token="t0ken", poll_s=0.01)
    answer = generator.generate(
        Brief(prompt="A dog."), portraits={}, references=(), target=tmp_path / "out.mp4",
        progress=lambda _done: None, cancelled=lambda: False,
    )  # fmt: skip
    generator.close()
    assert answer == made


def test_a_ping_tells_a_server_that_answers_from_one_that_does_not(served: Served) -> None:
    for token, code in (("t0ken", ""), ("wrong", "generator.refused")):
        generator = HttpGenerator(served.url, timeout_s=20, token=token)
        assert told_by(generator) == code
        generator.close()
    gone = HttpGenerator("http://127.0.0.1:9", timeout_s=20)
    assert told_by(gone) == "generator.unavailable"
    gone.close()


def told_by(generator: HttpGenerator) -> str:
    """The code of the ping's error, or nothing."""
    try:
        generator.ping()
    except GenerationFailed as error:
        return error.code
    return ""
