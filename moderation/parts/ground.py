"""What everything else stands on: the database, the event log, the object store, the keys, what is counted."""

import secrets
from contextlib import ExitStack
from functools import cached_property

from sqlmodel import Session

from consent.biometrics.keys import KeyWrapper, wrapper_from_file, wrapper_from_text
from consent.biometrics.vault import Vault
from moderation.asset_s3 import S3Access
from moderation.assets import AssetStore
from moderation.bus.kafka import KafkaLog
from moderation.bus.log import EventLog
from moderation.bus.sql import SqlLog
from moderation.observability.metrics import Metrics
from moderation.policy.lifecycle import activate
from moderation.policy.store import PolicyMissing, active_revision
from moderation.secret import secret_file
from moderation.settings import Settings
from moderation.store import Database, now_ms
from policies.document import shipped_text


class Ground:
    """State and settings of one process. `close` releases what was opened."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opened = ExitStack()

    def close(self) -> None:
        """Stop servers and close connections, in reverse order of opening."""
        self._opened.close()

    @cached_property
    def database(self) -> Database:
        """The database, with the newest schema and an active policy."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        database = Database(self.settings.resolved_database_url)
        self._opened.callback(database.close)
        database.ping()
        database.upgrade()
        with database.transaction() as session:
            ensure_policy(session)
        return database

    @cached_property
    def event_log(self) -> EventLog:
        """Kafka when brokers are configured, else the embedded log."""
        log: EventLog
        if self.settings.kafka_bootstrap:
            log = KafkaLog(self.settings.kafka_bootstrap, prefix=self.settings.topic_prefix)
        else:
            log = SqlLog(self.database)
        self._opened.callback(log.close)
        return log

    @cached_property
    def assets(self) -> AssetStore:
        """The object store."""
        settings = self.settings
        return AssetStore(
            settings.resolved_asset_url,
            cache=settings.home / "cache",
            cache_bytes=settings.asset_cache_bytes,
            access=S3Access(
                settings.asset_endpoint_url,
                settings.asset_region,
                settings.asset_access_key,
                settings.asset_secret_key,
            ),
        )

    @cached_property
    def vault(self) -> Vault:
        """The encrypted templates."""
        key = self.settings.master_key
        wrapper: KeyWrapper = (
            wrapper_from_text(key) if key else wrapper_from_file(self.settings.home / "keys" / "master")
        )
        return Vault(wrapper)

    @cached_property
    def link_secret(self) -> bytes:
        """What release links are signed with."""
        return secret_file(self.settings.home / "keys" / "links", secrets.token_bytes)

    @cached_property
    def metrics(self) -> Metrics:
        """What is counted."""
        return Metrics()

    def trace(self) -> None:
        """Send spans, when the settings say where to. Raises `TracingUnavailable`."""
        if self.settings.traces_url:
            from moderation.observability.tracing import start as start_tracing

            self._opened.callback(start_tracing(self.settings.traces_url, ratio=self.settings.traces_ratio))


def ensure_policy(session: Session) -> None:
    """Activate the shipped policy where none is active yet."""
    try:
        active_revision(session)
    except PolicyMissing:
        activate(session, shipped_text(), name="default", actor="system", now_ms=now_ms(session))
