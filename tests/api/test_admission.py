"""The bound on judgements: a burst beyond it is told to come back, and what was taken is answered."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from moderation.accounts.models import Role
from moderation.api.services import ApiLimits, JudgementItem
from moderation.store import Database
from tests.support.api import World, assert_problem, make_world
from tests.support.bus import until

THREADS, WAITING = 2, 3


class SlowJudge:
    """Judges when it is let go; counts how many it holds at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self._lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, item: JudgementItem) -> Mapping[str, Any]:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        assert self.go.wait(30)
        with self._lock:
            self.now -= 1
        if item.text == "fail":
            raise RuntimeError("no model")
        return {"id": item.item_id, "verdict": "allow", "findings": []}


@pytest.fixture
def judge() -> SlowJudge:
    return SlowJudge()


@pytest.fixture
def world(sqlite_database: Database, judge: SlowJudge) -> Iterator[World]:
    limits = ApiLimits(judging_threads=THREADS, judging_waiting=WAITING)
    made = make_world(sqlite_database, judge=judge, limits=limits)
    with made.client:
        yield made
    made.services.health.close()


def test_a_full_queue_answers_503_with_a_time_to_come_back(world: World, judge: SlowJudge) -> None:
    headers = world.key(Role.OWNER)

    def ask(text: str) -> Any:
        return world.client.post("/v1/judgements", json={"text": text}, headers=headers)

    with ThreadPoolExecutor(THREADS + WAITING) as callers:
        taken = [callers.submit(ask, f"text {number}") for number in range(THREADS + WAITING)]
        assert until(lambda: world.app.state.admission.inside == THREADS + WAITING)
        refused = ask("one too many")
        problem = assert_problem(refused, 503, "judge.busy")
        assert refused.headers["retry-after"] == "1"
        assert "verdict" not in problem
        judge.go.set()
        answers = [future.result(30) for future in taken]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert judge.most == THREADS
    assert ask("afterwards").status_code == 200


def test_failures_leave_their_places(world: World, judge: SlowJudge) -> None:
    judge.go.set()
    headers = world.key(Role.OWNER)
    for _ in range(2 * (THREADS + WAITING)):
        answer = world.client.post("/v1/judgements", json={"text": "fail"}, headers=headers)
        assert_problem(answer, 500, "service.internal")
    answer = world.client.post("/v1/judgements", json={"text": "fine"}, headers=headers)
    assert answer.json()["verdict"] == "allow"


def test_nobody_without_a_key_learns_that_it_is_full(world: World, judge: SlowJudge) -> None:
    judge.go.set()
    assert_problem(world.client.post("/v1/judgements", json={"text": "x"}), 401, "auth.key_refused")


def test_a_surface_that_ends_ends_its_threads_and_may_begin_again(
    sqlite_database: Database, judge: SlowJudge
) -> None:
    judge.go.set()
    made = make_world(sqlite_database, judge=judge)
    headers, others = made.key(Role.OWNER), judging_threads()
    for _ in range(2):
        with made.client:
            assert made.client.post("/v1/judgements", json={"text": "x"}, headers=headers).status_code == 200
            assert judging_threads() - others
        assert until(lambda: not judging_threads() - others)
    assert made.app.state.admission.inside == 0
    made.services.health.close()


def judging_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("judge_")}
