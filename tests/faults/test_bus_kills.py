"""A whole bus killed with SIGKILL where it hurts, then started again: nothing is lost and nothing takes effect twice."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic, sleep

import pytest

from moderation.bus import stats
from moderation.bus.faultpoints import VARIABLE
from moderation.bus.kafka import KafkaLog
from moderation.bus.log import EventLog
from moderation.bus.sql import SqlLog
from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from moderation.servers.process import ServerUnavailable
from moderation.store import Database
from tests.support.bus import case, count, make_topics, noted, record_of, until

pytestmark = pytest.mark.integration
EVENTS = 60
POINTS = (
    "after_consume:2", "before_commit:2", "after_commit", "before_acknowledge", "job.before_commit:3", "job.after_commit",
    "relay.after_publish",
)  # fmt: skip


@dataclass
class Bus:
    """A database, a log and the processes that work on them."""

    database: Database
    log: EventLog
    arguments: list[str]
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, fault: str = "", only: str = "all") -> subprocess.Popen[bytes]:
        """A process; with `fault` it is to die or freeze on the way."""
        module = [sys.executable, "-m", "tests.support.bus_process"]
        command = [*module, *self.arguments, str(EVENTS), "60", only]
        child = subprocess.Popen(
            command, env={**os.environ, VARIABLE: fault}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.children.append(child)
        return child

    def publish(self) -> None:
        """All events, each of them twice, as a relay that died may."""
        events = [record_of(case(f"case_{n % 7}"), f"evt_{n:03}") for n in range(EVENTS)]
        for start in range(0, EVENTS, 10):
            self.log.publish(events[start : start + 10])
            self.log.publish(events[start : start + 10])

    def end(self) -> None:
        """Kill what still runs."""
        for child in self.children:
            child.kill()
            child.wait()
        self.log.close()

    def assert_each_once(self) -> None:
        """Each event consumed once, passed on once, in order per key, and out on the log under its own id."""
        expected = [f"evt_{n:03}" for n in range(EVENTS)]
        passed = noted(self.database, "passed_on")
        assert sorted(noted(self.database, "consumed")) == expected
        assert sorted(passed) == expected
        for key in range(7):
            own = [name for name in passed if int(name[4:]) % 7 == key]
            assert own == sorted(own)
        assert count(self.database, "dead_letter") == 0
        assert self._published() == {f"out_{name}" for name in expected}

    def _published(self) -> set[str]:
        reader = self.log.consumer(["generation.decisions"], f"check{secrets.token_hex(2)}")
        got: set[str] = set()
        deadline = monotonic() + 20
        while len(got) < EVENTS and monotonic() < deadline:
            for partition in reader.newly_assigned():
                reader.seek(partition, 0)
            got |= {record.event_id for lane in reader.poll(0.3, 500).values() for record in lane}
        reader.close()
        return got


@pytest.fixture(params=["embedded", "kafka_and_postgresql"])
def bus(request: pytest.FixtureRequest) -> Iterator[Bus]:
    """The two ways to deploy."""
    if request.param == "embedded":
        database: Database = request.getfixturevalue("sqlite_database")
        made = Bus(database, SqlLog(database), [database.engine.url.render_as_string(False), "-", "-"])
    else:
        database = request.getfixturevalue("postgres_database")
        server: KafkaServer = request.getfixturevalue("kafka_server")
        prefix = f"f{secrets.token_hex(4)}."
        url = database.engine.url.render_as_string(False)
        made = Bus(database, KafkaLog(server.bootstrap, prefix=prefix), [url, server.bootstrap, prefix])
    make_topics(made.log)
    yield made
    made.end()


@pytest.mark.parametrize("point", POINTS)
def test_a_bus_killed_at_any_point_loses_nothing_and_repeats_nothing(bus: Bus, point: str) -> None:
    bus.publish()
    victim = bus.start(f"kill:{point}")
    assert victim.wait(60) == -signal.SIGKILL, "the fault was never reached"
    assert bus.start().wait(90) == 0
    bus.assert_each_once()


def test_a_frozen_bus_that_wakes_among_its_successors_repeats_nothing(bus: Bus) -> None:
    bus.publish()
    # on SQLite nothing but a consumer: a thread frozen inside a write transaction would hold the one write lock there is
    zombie = bus.start(
        "freeze:after_consume:2", only="consumer" if bus.database.dialect == "sqlite" else "all"
    )
    assert until(lambda: _stopped(zombie.pid), 60), "the fault was never reached"
    successor = bus.start()
    assert until(lambda: len(noted(bus.database, "passed_on")) == EVENTS, 60)
    zombie.send_signal(signal.SIGCONT)
    assert successor.wait(90) == 0
    assert zombie.wait(90) == 0
    bus.assert_each_once()


def test_two_buses_of_which_one_is_killed_share_the_work_and_repeat_nothing(bus: Bus) -> None:
    first, second = bus.start("kill:job.before_commit:4"), bus.start()
    bus.publish()
    assert second.wait(90) == 0
    assert first.wait(30) in {-signal.SIGKILL, 0}
    bus.assert_each_once()


def test_sigterm_drains_a_bus_which_holds_nothing_afterwards_and_its_successor_finishes(bus: Bus) -> None:
    first = bus.start()
    bus.publish()
    assert until(lambda: len(noted(bus.database, "consumed")) > 0, 60)
    first.terminate()
    assert first.wait(30) in {0, 3}
    with bus.database.read() as session:
        assert stats.queues(session, ["pass_on"])["pass_on"].running == 0
    assert bus.start().wait(90) == 0
    bus.assert_each_once()


def test_a_bus_whose_database_is_killed_goes_on_when_it_is_back_and_repeats_nothing() -> None:
    try:
        server = PostgresServer(durable=False).start()
    except ServerUnavailable as error:
        pytest.skip(str(error))
    url = server.url(server.create_database())
    database = Database(url)
    database.create_all()
    bus = Bus(database, SqlLog(database), [url, "-", "-"])
    try:
        make_topics(bus.log)
        bus.publish()
        child = bus.start("freeze:before_commit:3")
        assert until(lambda: _stopped(child.pid), 60), "the fault was never reached"
        server.kill()
        child.send_signal(signal.SIGCONT)
        sleep(1)
        server.start()
        assert child.wait(90) == 0
        bus.assert_each_once()
    finally:
        bus.end()
        database.close()
        server.remove()


def _stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123  # a pseudo-file of the kernel
        return stat.read().rsplit(")", 1)[1].split()[0] == "T"
