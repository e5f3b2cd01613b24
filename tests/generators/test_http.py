"""The HTTP generator against a server that fails in every way: what can recover is repeated, what cannot is said at once."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from moderation.generation.generators.http import ATTEMPTS, HttpGenerator
from moderation.generation.generators.port import GenerationCancelled, GenerationFailed
from moderation.messages import Brief

VIDEO = b"an mp4" * 1000
SHA = hashlib.sha256(VIDEO).hexdigest()
DONE = {"id": "j1", "status": "done", "progress": 1.0, "sha256": SHA, "bytes": len(VIDEO)}
RUNNING = {"id": "j1", "status": "running", "progress": 0.4}
Answer = httpx.Response | Exception


class Server:
    """A scripted server: lists of answers by call; the last one repeats. Time is its own."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.answers: dict[str, list[Answer]] = {
            "identity": [_json(200, {"name": "big-model", "version": "7"})],
            "start": [_json(202, {"id": "j1", "status": "queued"})],
            "look": [_json(200, RUNNING), _json(200, DONE)],
            "output": [httpx.Response(200, content=VIDEO)],
            "delete": [httpx.Response(204)],
            **answers,
        }
        self.calls: list[str] = []
        self.requests: list[httpx.Request] = []
        self.now = 0.0

    def handle(self, request: httpx.Request) -> httpx.Response:
        name = self._name(request)
        request.read()
        self.calls.append(name)
        self.requests.append(request)
        waiting = self.answers[name]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def generator(self, **options: float) -> HttpGenerator:
        settings = {"timeout_s": 100.0, **options}
        return HttpGenerator(
            "http://gpu.test",
            timeout_s=settings["timeout_s"],
            max_output_bytes=int(settings.get("max_output_bytes", 10**9)),
            token="t0ken",
            transport=httpx.MockTransport(self.handle),
            sleep=self._sleep,
            clock=lambda: self.now,
        )

    def count(self, name: str) -> int:
        return self.calls.count(name)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    @staticmethod
    def _name(request: httpx.Request) -> str:
        if request.url.path == "/v1/identity":
            return "identity"
        if request.method == "POST":
            return "start"
        if request.method == "DELETE":
            return "delete"
        return "output" if request.url.path.endswith("/output") else "look"


def _json(status: int, body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


def _error() -> httpx.ConnectError:
    return httpx.ConnectError("refused")


def _run(
    server: Server,
    tmp_path: Path,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    portraits: dict[str, Path] | None = None,
    references: tuple[Path, ...] = (),
    **options: float,
) -> tuple[Path, list[float]]:
    seen: list[float] = []
    target = tmp_path / "out.mp4"
    generator = server.generator(**options)
    try:
        generator.generate(
            Brief(prompt="A dog."),
            portraits=portraits or {},
            references=references,
            target=target,
            progress=seen.append,
            cancelled=cancelled,
        )
    finally:
        generator.close()
    return target, seen


def _failure(
    server: Server, tmp_path: Path, *, timeout_s: float = 100.0, max_output_bytes: float = 1e9
) -> GenerationFailed:
    with pytest.raises(GenerationFailed) as caught:
        _run(server, tmp_path, timeout_s=timeout_s, max_output_bytes=max_output_bytes)
    assert list(tmp_path.iterdir()) == []
    return caught.value


def test_a_finished_job_is_fetched_checked_and_forgotten(tmp_path: Path) -> None:
    server = Server()
    target, progress = _run(server, tmp_path)
    assert target.read_bytes() == VIDEO
    assert progress == [0.4, 1.0]
    assert server.calls == ["identity", "start", "look", "look", "output", "delete"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_brief_portraits_and_references_are_sent_without_local_paths(tmp_path: Path) -> None:
    face, reference = tmp_path / "face", tmp_path / "ref"
    face.write_bytes(b"FACE")
    reference.write_bytes(b"REF")
    server = Server()
    _run(server, tmp_path, portraits={"jane": face}, references=(reference,))
    body = server.requests[1].content
    assert b'"prompt":"A dog."' in body
    assert b'name="portrait"; filename="jane"' in body
    assert b"FACE" in body
    assert b'name="reference"; filename="0"' in body
    assert str(tmp_path).encode() not in body


def test_every_call_carries_the_token(tmp_path: Path) -> None:
    server = Server()
    _run(server, tmp_path)
    assert {request.headers["Authorization"] for request in server.requests} == {"Bearer t0ken"}


@pytest.mark.parametrize("call", ["identity", "start", "look", "output"])
@pytest.mark.parametrize(
    "fault",
    [httpx.Response(503), httpx.Response(429), _error(), httpx.ReadTimeout("slow"), httpx.Response(500)],
    ids=["503", "429", "refused", "timeout", "500"],
)
def test_a_passing_fault_of_any_call_is_survived(tmp_path: Path, call: str, fault: Answer) -> None:
    good = Server().answers[call]
    server = Server(**{call: [fault, fault, *good]})
    target, _ = _run(server, tmp_path)
    assert target.read_bytes() == VIDEO
    assert server.now > 1.0


def test_a_repeated_start_names_the_same_job(tmp_path: Path) -> None:
    server = Server(start=[httpx.ReadTimeout("lost"), _json(202, {"id": "j1", "status": "queued"})])
    _run(server, tmp_path)
    keys = [request.headers["Idempotency-Key"] for request in server.requests if request.method == "POST"]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_two_generations_are_two_jobs(tmp_path: Path) -> None:
    server = Server()
    _run(server, tmp_path)
    server.answers["look"] = [_json(200, DONE)]
    _run(server, tmp_path)
    keys = {request.headers["Idempotency-Key"] for request in server.requests if request.method == "POST"}
    assert len(keys) == 2


def test_a_server_that_stays_down_is_given_up_and_may_be_tried_later(tmp_path: Path) -> None:
    server = Server(start=[_error()])
    failure = _failure(server, tmp_path)
    assert failure.code == "generator.unavailable"
    assert failure.retryable
    assert server.count("start") == ATTEMPTS


@pytest.mark.parametrize("status", [400, 401, 403, 413, 422])
def test_a_refusal_is_not_repeated(tmp_path: Path, status: int) -> None:
    server = Server(start=[httpx.Response(status)])
    failure = _failure(server, tmp_path)
    assert failure.code == "generator.refused"
    assert not failure.retryable
    assert server.count("start") == 1
    assert str(status) in str(failure)


def test_a_wrong_address_is_a_refusal_not_a_lost_job(tmp_path: Path) -> None:
    assert _failure(Server(identity=[httpx.Response(404)]), tmp_path).code == "generator.refused"


def test_a_job_the_restarted_server_forgot_may_be_started_again(tmp_path: Path) -> None:
    failure = _failure(Server(look=[_json(200, RUNNING), httpx.Response(404)]), tmp_path)
    assert failure.code == "generator.job_lost"
    assert failure.retryable


@pytest.mark.parametrize("retryable", [True, False])
def test_the_servers_own_failure_is_passed_on(tmp_path: Path, retryable: bool) -> None:
    body = {
        "id": "j1",
        "status": "failed",
        "code": "generator.out_of_memory",
        "detail": "VRAM",
        "retryable": retryable,
    }
    server = Server(look=[_json(200, body)])
    failure = _failure(server, tmp_path)
    assert failure.code == "generator.out_of_memory"
    assert failure.retryable is retryable
    assert server.calls[-1] == "delete"


def test_a_job_stopped_over_there_may_be_started_again(tmp_path: Path) -> None:
    failure = _failure(Server(look=[_json(200, {"id": "j1", "status": "cancelled"})]), tmp_path)
    assert failure.code == "generator.cancelled_remotely"
    assert failure.retryable


def test_an_output_with_another_digest_never_appears(tmp_path: Path) -> None:
    server = Server(output=[httpx.Response(200, content=b"tampered")])
    failure = _failure(server, tmp_path)
    assert failure.code == "generator.output_corrupt"
    assert server.count("output") == ATTEMPTS


def test_an_output_garbled_once_is_fetched_again(tmp_path: Path) -> None:
    server = Server(output=[httpx.Response(200, content=VIDEO[:-1]), httpx.Response(200, content=VIDEO)])
    target, _ = _run(server, tmp_path)
    assert target.read_bytes() == VIDEO


def test_a_done_job_without_a_digest_is_not_believed(tmp_path: Path) -> None:
    server = Server(look=[_json(200, {"id": "j1", "status": "done"})])
    assert _failure(server, tmp_path).code == "generator.output_corrupt"


def test_an_output_announced_too_large_is_not_fetched(tmp_path: Path) -> None:
    server = Server()
    failure = _failure(server, tmp_path, max_output_bytes=100)
    assert failure.code == "generator.output_too_large"
    assert not failure.retryable
    assert server.count("output") == 0


def test_an_output_that_grows_past_its_announcement_is_cut_off(tmp_path: Path) -> None:
    server = Server(look=[_json(200, {**DONE, "bytes": 10})])
    failure = _failure(server, tmp_path, max_output_bytes=100)
    assert failure.code == "generator.output_too_large"
    assert server.count("output") == 1


def test_a_job_that_takes_too_long_is_deleted_there(tmp_path: Path) -> None:
    server = Server(look=[_json(200, RUNNING)])
    failure = _failure(server, tmp_path, timeout_s=30)
    assert failure.code == "generator.timeout"
    assert failure.retryable
    assert 30 <= server.now < 32
    assert server.calls[-1] == "delete"


def test_cancelling_deletes_the_job_within_a_second(tmp_path: Path) -> None:
    server = Server(look=[_json(200, RUNNING)])
    with pytest.raises(GenerationCancelled):
        _run(server, tmp_path, cancelled=lambda: server.count("look") >= 3)
    assert server.calls[-1] == "delete"
    assert server.count("look") == 3
    assert list(tmp_path.iterdir()) == []


def test_what_is_cancelled_before_it_starts_is_never_sent(tmp_path: Path) -> None:
    server = Server()
    with pytest.raises(GenerationCancelled):
        _run(server, tmp_path, cancelled=lambda: True)
    assert server.calls == []


def test_cancelling_between_retries_does_not_wait_for_them_all(tmp_path: Path) -> None:
    server = Server(start=[_error()])
    with pytest.raises(GenerationCancelled):
        _run(server, tmp_path, cancelled=lambda: server.count("start") >= 2)
    assert server.count("start") == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>"),
        _json(200, {"id": "../../etc", "status": "done"}),
        _json(200, {"id": "j1", "status": "thinking"}),
        _json(200, {"id": "j1", "status": "running", "progress": 7}),
    ],
)
def test_an_answer_that_breaks_the_protocol_is_named(tmp_path: Path, answer: httpx.Response) -> None:
    failure = _failure(Server(look=[answer]), tmp_path)
    assert failure.code == "generator.bad_answer"


def test_a_delete_that_fails_spoils_nothing(tmp_path: Path) -> None:
    target, _ = _run(Server(delete=[_error()]), tmp_path)
    assert target.read_bytes() == VIDEO


def test_identity_is_asked_once(tmp_path: Path) -> None:
    server = Server()
    generator = server.generator()
    assert generator.identity() == generator.identity() == ("big-model", "7")
    assert server.count("identity") == 1


def test_redirects_are_not_followed(tmp_path: Path) -> None:
    server = Server(output=[httpx.Response(302, headers={"Location": "http://169.254.169.254/"})])
    assert _failure(server, tmp_path).code == "generator.refused"
    assert all(request.url.host == "gpu.test" for request in server.requests)
