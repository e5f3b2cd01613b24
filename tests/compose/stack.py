"""The stack of compose.yaml as processes of this machine: the same commands with the same environment, in the same order.

What a container is given and a process is not is put in its place, and nothing else: `host:port` of a service becomes the
loopback address of a real server, a mounted volume becomes a folder, and the ports a container has for itself become free ones.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from moderation.servers.process import free_port
from tests.compose.file import Service, in_order

OWN_PORTS = ("SAFECONDUCT_PORT", "SAFECONDUCT_METRICS_PORT")
LOOK_S = 0.5


@dataclass(slots=True)
class Container:
    """A process that stands for a container."""

    service: Service
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]
    log: Path

    def healthy(self) -> bool:
        """Whether its health check passes: the check's own command, in its own environment."""
        _, *command = self.service.raw["healthcheck"]["test"]
        limit_s = self.service.seconds("healthcheck", "timeout")
        try:
            done = subprocess.run(
                _program(command), env=self.environment, capture_output=True, timeout=limit_s, check=False
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def stop(self) -> int:
        """SIGTERM, and the exit status; SIGKILL and -9 after the grace that the file gives it."""
        try:
            return self.process.wait(self.service.seconds("stop_grace_period"))
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@dataclass(slots=True)
class Stack:
    """Our services, started and watched. `addresses` maps `host:port` of the others, `folders` volumes."""

    services: Mapping[str, Service]
    addresses: Mapping[str, str]
    folders: Mapping[str, Path]
    home: Path
    running: list[Container] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)

    def up(self) -> None:
        """Start what ends and, when it has, what stays, as `depends_on` orders them; wait until each is healthy.

        Raises `AssertionError` with a log's end."""
        ours = [service for service in in_order(self.services) if service.ours]
        first = [self._start(service, 0) for service in ours if service.ends]
        for container in first:
            self._finish(container)
        for service in (service for service in ours if not service.ends):
            self.running += [self._start(service, number) for number in range(service.replicas)]
        for container in self.running:
            self._await(container)

    def down(self) -> Mapping[str, Sequence[int]]:
        """SIGTERM to all at once, as `docker compose stop` does; the exit statuses by service."""
        for container in self.running:
            container.process.send_signal(signal.SIGTERM)
        ended: dict[str, list[int]] = {}
        for container in self.running:
            ended.setdefault(container.service.name, []).append(container.stop())
        self.running.clear()
        return ended

    def kill(self) -> None:
        """Whatever still runs."""
        for container in self.running:
            container.process.kill()
            container.process.wait()

    def environment(self, service: Service) -> dict[str, str]:
        """The service's environment with loopback in place of the network, and nothing else changed."""
        environment = {name: self._local(value, service) for name, value in service.environment.items()}
        environment |= {name: str(free_port()) for name in OWN_PORTS}
        return environment | {"PATH": os.environ["PATH"], "HOME": str(self.home)}

    def port(self, service: str) -> str:
        """Where its first replica listens."""
        return next(
            one.environment["SAFECONDUCT_PORT"] for one in self.running if one.service.name == service
        )

    def _local(self, value: str, service: Service) -> str:
        for name, address in self.addresses.items():
            value = value.replace(name, address)
        for volume, target in service.folders.items():
            value = str(self.folders[volume]) if value == target else value
        return value

    def _start(self, service: Service, number: int) -> Container:
        environment = self.environment(service)
        log = self.home / f"{service.name}-{number}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "moderation", *service.command],
                env=environment, cwd=self.home, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        return Container(service, process, environment, log)

    def _finish(self, container: Container) -> None:
        status = container.process.wait(120)
        self.said[container.service.name] = container.log.read_text(errors="replace")
        assert status == 0, f"{container.service.name}: {self.said[container.service.name][-2000:]}"

    def _await(self, container: Container) -> None:
        service = container.service
        patience = service.raw["healthcheck"]["retries"] * service.seconds("healthcheck", "interval")
        deadline = monotonic() + service.seconds("healthcheck", "start_period") + patience
        while not container.healthy():
            alive = container.process.poll() is None
            told = container.log.read_text(errors="replace")[-2000:]
            assert alive, f"{service.name} ended: {told}"
            assert monotonic() < deadline, f"{service.name} is not healthy: {told}"
            sleep(LOOK_S)


def _program(command: Sequence[str]) -> list[str]:
    """The image's `python` is the one that runs us."""
    return [sys.executable if part == "python" else part for part in command]
