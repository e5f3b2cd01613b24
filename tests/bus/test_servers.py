"""The servers for tests and demonstrations: found or asked for by name, on loopback, and back with their data after a kill."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from moderation.servers import kafka, postgres
from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from moderation.servers.process import Process, ServerUnavailable, free_port
from moderation.store import Database


def test_a_missing_postgresql_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres, "_BINARIES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerUnavailable, match="apt-get install postgresql") as caught:
        postgres.find_binaries()
    assert caught.value.code == "server.postgres_missing"


def test_kafka_is_looked_for_in_kafka_home_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jars = tmp_path / "kafka" / "libs"
    jars.mkdir(parents=True)
    (jars / "kafka_2.13-4.4.0.jar").touch()
    monkeypatch.setenv("KAFKA_HOME", str(tmp_path / "kafka"))
    assert kafka.find_jars() == jars


def test_a_missing_kafka_says_where_it_may_be_or_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KAFKA_HOME", raising=False)
    monkeypatch.setattr(kafka, "SHARED", tmp_path)
    monkeypatch.setattr(kafka, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerUnavailable, match="KAFKA_HOME: no Kafka found") as caught:
        kafka.find_jars()
    assert caught.value.code == "server.kafka_missing"


@pytest.mark.integration
def test_a_maven_that_cannot_fetch_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    maven = tmp_path / "mvn"
    maven.write_text(
        "#!/bin/sh\necho '[INFO] Scanning'\necho '[ERROR] Unknown host'\necho '[ERROR] Help 1'\nexit 1\n"
    )
    maven.chmod(0o755)
    monkeypatch.delenv("KAFKA_HOME", raising=False)
    monkeypatch.setattr(kafka, "SHARED", tmp_path)
    monkeypatch.setattr(kafka, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(ServerUnavailable, match=r"could not fetch it \(\[ERROR\] Unknown host\)"):
        kafka.find_jars()


def test_a_missing_java_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerUnavailable, match="openjdk-17-jre-headless"):
        KafkaServer(tmp_path / "data")


def test_the_broker_to_be_fetched_is_named_by_exact_version() -> None:
    assert "<version>4.4.0</version>" in kafka.POM.read_text()


@pytest.mark.integration
def test_a_program_that_does_not_start_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "print('no licence'); raise SystemExit(1)"], tmp_path / "log")
    with pytest.raises(ServerUnavailable, match=r"demo: did not start.*no licence"):
        process.wait_until(lambda: False, "demo", 10)


@pytest.mark.integration
def test_a_program_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    process = Process([sys.executable, "-c", script], tmp_path / "log")
    process.wait_until(lambda: "up" in (tmp_path / "log").read_text(), "demo", 10)
    process.stop(signal.SIGTERM, 0.2)
    process.send(signal.SIGTERM)  # to nobody: it is gone


@pytest.mark.integration
def test_free_ports_are_free_and_differ() -> None:
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 1
    assert all(1024 < port < 65536 for port in ports)


@pytest.mark.integration
def test_postgresql_comes_back_after_a_kill_with_everything_committed() -> None:
    try:
        server = PostgresServer()
    except ServerUnavailable as error:
        pytest.skip(str(error))
    try:
        database = Database(server.start().url())
        with database.transaction() as session:
            session.execute(text("CREATE TABLE kept AS SELECT 42 AS answer"))
        server.kill()
        server.start()
        with database.read() as session:  # the pool notices and connects anew
            assert session.execute(text("SELECT answer FROM kept")).scalar_one() == 42
        database.close()
    finally:
        server.remove()
    assert not server.folder.exists()


@pytest.mark.integration
def test_postgresql_listens_on_loopback_only(postgres_server: PostgresServer) -> None:
    listening = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True, check=True).stdout
    port = f":{postgres_server.port:04X}"
    rows = [line.split() for line in listening.splitlines()[1:]]
    assert [row[1] for row in rows if row[1].endswith(port) and row[3] == "0A"] == [f"0100007F{port}"]
