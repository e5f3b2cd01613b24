"""Health is honest: each part is asked, and one that fails or hangs turns the whole answer red."""

import threading
import time

import pytest

from moderation.accounts.models import Role
from moderation.observability.health import Health
from tests.support.api import World


class Stale(Exception):
    """An index that is behind."""

    code = "index.stale"


def _fail() -> None:
    raise Stale("the face index is 4.2 s old, 1 s is allowed")


def test_live_needs_no_key_and_says_nothing_of_the_parts(world: World) -> None:
    world.services.health.register("index", _fail)
    answer = world.client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


def test_health_is_green_when_every_part_answers(world: World) -> None:
    world.services.health.register("database", world.database.ping)
    answer = world.client.get("/health", headers=world.key(Role.AUDITOR))
    assert answer.status_code == 200
    assert answer.json()["ok"] is True
    assert [(part["name"], part["ok"]) for part in answer.json()["parts"]] == [("database", True)]


def test_health_is_red_and_says_why_when_one_part_fails(world: World) -> None:
    world.services.health.register("database", world.database.ping)
    world.services.health.register("face_index", _fail)
    answer = world.client.get("/health", headers=world.key(Role.PIPELINE))
    assert answer.status_code == 503
    parts = {part["name"]: part for part in answer.json()["parts"]}
    assert parts["database"]["ok"] is True
    assert (parts["face_index"]["ok"], parts["face_index"]["code"]) == (False, "index.stale")
    assert "4.2 s old" in parts["face_index"]["detail"]


def test_a_service_of_which_nothing_is_known_is_not_healthy(world: World) -> None:
    assert world.client.get("/health", headers=world.key(Role.ADMIN)).status_code == 503


@pytest.fixture
def release_hanging() -> threading.Event:
    """Lets a hanging ping go on."""
    return threading.Event()


def test_a_part_that_hangs_is_red_in_bounded_time_and_holds_one_thread(
    release_hanging: threading.Event,
) -> None:
    health = Health(timeout_s=0.05)
    started: list[int] = []

    def hang() -> None:
        started.append(1)
        release_hanging.wait(10)

    health.register("model", hang)
    health.register("database", lambda: None)
    began = time.perf_counter()
    for _ in range(4):
        report = health.check()
        parts = {part.name: part for part in report.parts}
        assert parts["database"].ok
        assert parts["model"].code == "health.timeout"
    assert time.perf_counter() - began < 5
    assert started == [1]
    release_hanging.set()
    time.sleep(0.05)
    health.check()
    assert {part.name: part.ok for part in health.check().parts} == {"database": True, "model": True}
    health.close()


def test_registering_a_part_again_replaces_its_ping() -> None:
    health = Health()
    health.register("policy", _fail)
    assert not health.check().ok
    health.register("policy", lambda: None)
    assert health.check().ok
    health.close()


def test_an_error_without_a_code_is_named_by_its_class() -> None:
    health = Health()

    def fail() -> None:
        raise KeyError("x" * 1000)

    health.register("part", fail)
    [part] = health.check().parts
    assert part.code == "KeyError"
    assert len(part.detail) <= 300
    health.close()
