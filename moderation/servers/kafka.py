"""A real one-node Apache Kafka (KRaft) on 127.0.0.1, from `KAFKA_HOME`, a shared folder beside the project, or Maven Central.

Groups settle at once and dead members are noticed within seconds: settings for tests and demonstrations only.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from moderation.servers.process import Process, ServerUnavailable, free_port

POM = Path(__file__).parent / "kafka-pom.xml"
CACHE: Path = Path.home() / ".cache" / "safeconduct" / "kafka-4.4.0"
SHARED: Path = Path(__file__).parents[3] / "shared" / "kafka" / "libs"
CLUSTER_ID = "c2FmZWNvbmR1Y3QtdGVzdA"  # any base64 of 16 bytes
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.cleaner.backoff.ms=500
"""


def find_jars() -> Path:
    """The folder of the broker's jars; fetched with Maven when the machine has none. Raises `ServerUnavailable`."""
    home = os.environ.get("KAFKA_HOME")
    candidates: list[Path] = [SHARED, CACHE]
    if home:
        candidates.insert(0, Path(home) / "libs")
    for folder in candidates:
        if any(folder.glob("kafka_2.13-*.jar")):
            return folder
    maven = shutil.which("mvn")
    if not maven:
        raise ServerUnavailable(
            "server.kafka_missing",
            "KAFKA_HOME: no Kafka found; set it to an unpacked Apache Kafka, or install Maven (`apt-get install maven`)",
        )
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={CACHE}"]
    done = subprocess.run(
        [maven, "-q", "-B", "-f", str(POM), *goal], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = next(
            (line for line in done.stdout.splitlines() if line.startswith("[ERROR]")), "no reason given"
        )
        raise ServerUnavailable(
            "server.kafka_missing",
            f"KAFKA_HOME: no Kafka found, and Maven could not fetch it ({said[:300]}); set it to an unpacked Apache Kafka",
        )
    return CACHE


class KafkaServer:
    """One broker with its data in `folder`; `start` after `stop` or `kill` finds the data again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._java = _java()
        self._jars = find_jars()
        self.folder = folder
        self.port = free_port()
        self._process: Process | None = None
        self._properties = folder / "server.properties"
        folder.mkdir(parents=True, exist_ok=True)
        controller = free_port()
        self._properties.write_text(
            _PROPERTIES.format(port=self.port, controller=controller, data=folder / "data")
        )
        self._format()

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self, timeout_s: float = 60) -> Self:
        """Start and wait until it says that it serves (2–5 s)."""
        log = self.folder / "log"
        log.write_text("")
        options = ["-Xms256m", "-Xmx512m", "-Djava.awt.headless=true", "-cp", f"{self._jars}/*"]
        self._process = Process([self._java, *options, "kafka.Kafka", str(self._properties)], log)
        self._process.wait_until(
            lambda: "Kafka Server started" in log.read_text(errors="replace"), "kafka", timeout_s
        )
        return self

    def stop(self) -> None:
        """SIGTERM, SIGKILL after 15 s."""
        if self._process:
            self._process.stop(signal.SIGTERM, 15)

    def kill(self) -> None:
        """SIGKILL; what was acknowledged is still there after `start`."""
        if self._process:
            self._process.kill()

    def _format(self) -> None:
        tool = ["kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted"]
        command = [self._java, "-cp", f"{self._jars}/*", *tool, "-t", CLUSTER_ID, "-c", str(self._properties)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerUnavailable(
                "server.not_started", f"kafka: formatting failed: {done.stdout.strip()[-400:]}"
            )


def _java() -> str:
    java = shutil.which("java")
    if not java:
        raise ServerUnavailable(
            "server.java_missing",
            "java: not found; install Java 17 or newer (`apt-get install openjdk-17-jre-headless`)",
        )
    return java
