"""What a sweep stands on: a broker, a PostgreSQL and a disk of its own, and the service's processes on top."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from moderation.servers.process import free_port
from moderation.settings import Settings
from moderation.store import Database
from provenance.credentials.pki import create_development_pki
from tests.faults.deployment import Deployment, deployment_on
from tests.soak.disk import Disk, disk_of
from tests.soak.faketime import Clock
from tests.support.service import settings_of

PARTITIONS = 4
MB = 1 << 20
CERTIFIED = timedelta(days=30)  # the certificates are older than any jump of a clock


@dataclass(frozen=True)
class Ground:
    """Everything a fault may take hold of. `disk` holds the assets and the temporary files, `database_disk` the cluster; `pace`
    shortens how long things stay broken."""

    kafka: KafkaServer
    postgres: PostgresServer
    deployment: Deployment
    disk: Disk
    database_disk: Disk
    database_clock: Clock
    worker_clock: Clock
    folder: Path
    pace: float
    beside: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Of every process."""
        return self.deployment.app.settings

    @property
    def database(self) -> Database:
        """The test's own connection."""
        return self.deployment.database

    def start_beside(self, *names: str) -> "subprocess.Popen[bytes]":
        """A process with these workers whose wall clock is `worker_clock`."""
        command = [sys.executable, "-m", "tests.soak.worker", *names]
        values = json.dumps(self.settings.model_dump(mode="json"))
        log = (self.settings.home / "process-clock.log").open("ab")
        environment = {**os.environ, **self.worker_clock.environment, "SOAK_SETTINGS": values}
        with log:
            self.beside.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        return self.beside[-1]

    def end_beside(self) -> None:
        """Kill those processes."""
        for process in self.beside:
            process.kill()
            process.wait()


@contextmanager
def ground_of(folder: Path, *, pace: float = 1.0, **more: Any) -> Iterator[Ground]:
    """Made and taken down; `more` overrides settings. Raises `ServerUnavailable`."""
    with ExitStack() as stack:
        kafka = KafkaServer(folder / "kafka").start()
        stack.callback(kafka.kill)
        disk = stack.enter_context(disk_of(folder / "disk", 1024 * MB))
        database_disk = stack.enter_context(disk_of(_short_folder(stack), 1024 * MB))
        clock, worker_clock = Clock(database_disk.folder / "clock"), Clock(folder / "clock")
        postgres = PostgresServer(where=database_disk.folder, environment=clock.environment)
        stack.callback(postgres.remove)
        postgres.start()
        database = Database(postgres.url(postgres.create_database()))
        database.create_all()
        values = _settings(kafka, disk, folder / "home", **more)
        settings = settings_of(database, folder / "home", **values)
        database.close()
        create_development_pki(
            settings.resolved_pki_dir, organisation="soak", now=datetime.now(UTC) - CERTIFIED
        )
        service = contextmanager(deployment_on)(settings, scaled=True, scratch=disk.folder)
        deployment = stack.enter_context(service)
        ground = Ground(kafka, postgres, deployment, disk, database_disk, clock, worker_clock, folder, pace)
        stack.callback(ground.end_beside)
        yield ground


def _settings(kafka: KafkaServer, disk: Disk, home: Path, **more: Any) -> dict[str, Any]:
    home.mkdir(parents=True)
    port = free_port()
    return {
        "partitions": PARTITIONS,
        "lease_s": 5,  # a busy machine makes heartbeats late
        "kafka_bootstrap": kafka.bootstrap,
        "topic_prefix": f"s{secrets.token_hex(4)}.",
        "asset_url": str(disk.folder / "assets"),
        "port": port,
        "public_url": f"http://127.0.0.1:{port}",
        "account_rate_per_minute": 10**9,
        "account_daily_quota": 10**9,
        "total_daily_quota": 10**9,
        **more,
    }


def _short_folder(stack: ExitStack) -> Path:
    """A socket's path holds 107 bytes, and the cluster's user must reach it."""
    folder = Path(tempfile.mkdtemp(prefix="safeconduct-soak-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    return folder
