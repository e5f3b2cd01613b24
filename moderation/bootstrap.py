"""The one place that builds everything from settings. Tests swap parts here and nowhere else.

Each part is built when it is first asked for, so that a command that only reads the database loads no model.
"""

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import cached_property

from sqlmodel import Session

from consent.biometrics.index import TemplateIndex
from consent.biometrics.keys import KeyWrapper, wrapper_from_file, wrapper_from_text
from consent.biometrics.models import TemplateKind
from consent.biometrics.thresholds import OWN_VOICE
from consent.biometrics.vault import Vault
from consent.biometrics.voices import DIMENSION as VOICE_DIMENSION
from consent.likeness.registry import registry_version
from moderation.accounts.quota import QuotaLimits
from moderation.asset_s3 import S3Access
from moderation.assets import AssetStore
from moderation.bus.kafka import KafkaLog
from moderation.bus.log import EventLog
from moderation.bus.sql import SqlLog
from moderation.checks import output_checks, request_checks
from moderation.coverage import CoverageRow, coverage_of
from moderation.gate.gate import Gate
from moderation.gate.identify import RegistryIndex
from moderation.gate.judge import Judge, Surroundings
from moderation.gate.lazy import Lazy
from moderation.gate.perceive import Senses
from moderation.gate.perceiver import Perceiver
from moderation.gate.runner import CheckRunner
from moderation.gate.subjects import WorkUse
from moderation.generation.facts import Limits
from moderation.generation.generators.diffusion.generator import DiffusersGenerator, DiffusionSettings
from moderation.generation.generators.diffusion.pipeline import PipelineLimits
from moderation.generation.generators.http import HttpGenerator
from moderation.generation.generators.port import Generator
from moderation.generation.generators.storyboard import Storyboard
from moderation.generation.human import HumanDecisions
from moderation.generation.jobs import Judging
from moderation.generation.works import WorksInText
from moderation.likenesses.enrol import Enrolment
from moderation.media.limits import MediaLimits
from moderation.model_registry.files import ModelFiles, overrides_from
from moderation.observability.health import Health
from moderation.observability.metrics import Metrics
from moderation.policy.store import ActivePolicy, activate, active_revision
from moderation.profile import Profile, default_profile
from moderation.release.prepare import Preparation, Stamping
from moderation.release.verify import Verifier
from moderation.secret import secret_file
from moderation.settings import Settings
from moderation.store import Database, now_ms
from policies.document import shipped_text
from provenance.credentials.pki import PkiPaths, create_development_pki
from provenance.credentials.reader import read_credentials
from provenance.credentials.signer import FileKeySigner
from provenance.credentials.timestamps import TimestampAuthority, TimestampServer
from provenance.credentials.trust import TrustList
from provenance.marks.visible import PlainLabel

ORGANISATION = "Safeconduct development"


class Application:
    """All parts of one process. `close` releases what was opened."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opened = ExitStack()

    def close(self) -> None:
        """Stop servers and close connections, in reverse order of opening."""
        self._opened.close()

    # -- state -------------------------------------------------------------------------------------------------------

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

    # -- senses and judgement ----------------------------------------------------------------------------------------

    @cached_property
    def profile(self) -> Profile:
        """The models."""
        return default_profile(ModelFiles(self.settings.models_dir, overrides_from()))

    @cached_property
    def templates(self) -> Lazy[TemplateIndex]:
        """The face index of this replica."""
        return Lazy(
            lambda: TemplateIndex(
                self.vault,
                model_revision=self.profile.faces.get().revision,
                max_age_s=self.settings.registry_max_age_s,
            )
        )

    @cached_property
    def index(self) -> RegistryIndex:
        """The face index, kept in step with the registry."""
        return RegistryIndex(self.database, self.templates)

    @cached_property
    def voice_templates(self) -> Lazy[TemplateIndex]:
        """The voice index of this replica."""
        return Lazy(
            lambda: TemplateIndex(
                self.vault,
                model_revision=self.profile.voices.get().revision,
                dimension=VOICE_DIMENSION,
                kind=TemplateKind.VOICE,
                max_age_s=self.settings.registry_max_age_s,
            )
        )

    @cached_property
    def voice_index(self) -> RegistryIndex:
        """The voice index, kept in step with the registry."""
        return RegistryIndex(self.database, self.voice_templates, threshold=OWN_VOICE)

    def refresh_indexes(self) -> None:
        """Compare both indexes with the registry. Raises what the first one that failed raised; both were tried."""
        try:
            self.index.refresh()
        finally:
            self.voice_index.refresh()

    def index_staleness_s(self) -> float:
        """Seconds since the older of the two comparisons; infinite before the first."""
        return max(self.index.staleness_s(), self.voice_index.staleness_s())

    @cached_property
    def perceiver(self) -> Perceiver:
        """Eyes and ears."""
        profile = self.profile
        senses = Senses(
            faces=profile.faces,
            lookup=self.index,
            nudity=profile.nudity,
            speech=profile.speech,
            looks=profile.looks,
            text=profile.frame_text,
            voices=profile.voices,
            voice_lookup=self.voice_index,
        )
        return Perceiver(
            senses, limits=MediaLimits(), read_credentials=lambda path: read_credentials(path, self.trust)
        )

    @cached_property
    def policy(self) -> ActivePolicy:
        """The document that rules now."""
        return ActivePolicy(self.database)

    @cached_property
    def gate(self) -> Gate:
        """The gate."""
        runner = CheckRunner(timeout_s=self.settings.check_timeout_s, observer=self.metrics)
        self._opened.callback(runner.close)
        return Gate(
            request_checks=request_checks(self.profile, self.works),
            output_checks=output_checks(self.profile, self.works),
            policy=self.policy,
            runner=runner,
        )

    @cached_property
    def works(self) -> WorksInText:
        """Protected works named in a text, with what the registry says of them."""
        return WorksInText()

    def coverage(self) -> tuple[CoverageRow, ...]:
        """What the active profile looks at, and what nobody does."""
        return coverage_of(self.profile, self.works)

    @cached_property
    def judge(self) -> Judge:
        """The gate asked directly."""
        return Judge(
            self.gate,
            self.perceiver,
            Surroundings(registry_version=self._registry_version, today=today, works=self._works_in),
        )

    @cached_property
    def limits(self) -> Limits:
        """What one account may ask for."""
        settings = self.settings
        quota = QuotaLimits(account=settings.account_daily_quota, total=settings.total_daily_quota)
        return Limits(quota, settings.account_rate_per_minute)

    @cached_property
    def judging(self) -> Judging:
        """What the gate's jobs work with."""
        return Judging(self.database, self.gate, self.perceiver, self.assets, self.limits, self.works, today)

    @cached_property
    def people(self) -> HumanDecisions:
        """Moderators' decisions."""
        return HumanDecisions(self.limits.quota)

    @cached_property
    def enrolment(self) -> Enrolment:
        """Enrolment of likenesses."""
        return Enrolment(
            database=self.database,
            assets=self.assets,
            faces=self.profile.faces,
            index=self.templates,
            ear=self.profile.voices,
            voice_index=self.voice_templates,
            vault=self.vault,
            limits=MediaLimits(),
        )

    # -- making and releasing ----------------------------------------------------------------------------------------

    @cached_property
    def generator(self) -> Generator:
        """The generator that the settings name. Raises `PipelineUnusable`."""
        settings = self.settings
        if settings.generator == "storyboard":
            return Storyboard()
        made: HttpGenerator | DiffusersGenerator
        if settings.generator == "http":
            made = HttpGenerator(
                settings.generator_url or "",
                timeout_s=settings.generator_timeout_s,
                token=settings.generator_token,
            )
        else:
            made = DiffusersGenerator(diffusion_settings(settings))
        self._opened.callback(made.close)
        return made

    @cached_property
    def pki(self) -> PkiPaths:
        """The signing PKI; a development one is made at first use."""
        paths = PkiPaths(self.settings.resolved_pki_dir)
        if paths.complete:
            return paths
        return create_development_pki(paths.folder, organisation=ORGANISATION, now=datetime.now(UTC))

    @cached_property
    def trust(self) -> TrustList:
        """Whom we believe."""
        return TrustList.from_files(self.pki.claim_root, self.pki.timestamp_root)

    @cached_property
    def stamping(self) -> Stamping:
        """What releases are stamped with."""
        signer = FileKeySigner(self.pki.claim_key, self.pki.claim_chain)
        return Stamping(signer, self.trust, self._tsa_url(), PlainLabel())

    @cached_property
    def preparation(self) -> Preparation:
        """The first step of a release."""
        return Preparation(self.database, self.assets, self.stamping)

    @cached_property
    def verify(self) -> Verifier:
        """Is this file ours?"""
        return Verifier(self.database, self.trust)

    # -- observability -----------------------------------------------------------------------------------------------

    @cached_property
    def metrics(self) -> Metrics:
        """What is counted."""
        return Metrics()

    def trace(self) -> None:
        """Send spans, when the settings say where to. Raises `TracingUnavailable`."""
        if self.settings.traces_url:
            from moderation.observability.tracing import start as start_tracing

            self._opened.callback(start_tracing(self.settings.traces_url, ratio=self.settings.traces_ratio))

    @cached_property
    def health(self) -> Health:
        """The parts that `/health` pings."""
        health = Health()
        self._opened.callback(health.close)
        pings: dict[str, Callable[[], object]] = {
            "database": self.database.ping,
            "event_log": self.event_log.ping,
            "object_store": self.assets.ping,
            "models": self.profile.ping,
            "policy": self.policy,
            "face_index": self.index.ping,
            "voice_index": self.voice_index.ping,
        }
        for name, ping in pings.items():
            health.register(name, ping)
        return health

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _tsa_url(self) -> str:
        if self.settings.tsa_url:
            return self.settings.tsa_url
        authority = TimestampAuthority(self.pki.timestamp_key, self.pki.timestamp_chain)
        return self._opened.enter_context(TimestampServer(authority)).url

    def _registry_version(self) -> int:
        with self.database.read() as session:
            return registry_version(session)

    def _works_in(self, text: str, account_id: str) -> tuple[int, tuple[WorkUse, ...]]:
        with self.database.read() as session:
            version = registry_version(session)
            return version, self.works.find(
                session, text, account_id, now_ms=now_ms(session), version=version
            )


def diffusion_settings(settings: Settings) -> DiffusionSettings:
    """How the settings want a local pipeline to be run."""
    return DiffusionSettings(
        folder=settings.generator_folder,
        device=settings.generator_device,
        dtype=settings.generator_dtype,
        offload=settings.generator_offload,
        limits=PipelineLimits(
            settings.generator_max_pixels, settings.generator_max_frames, settings.generator_fps
        ),
        options=settings.generator_options,
    )


def ensure_policy(session: Session) -> None:
    """Activate the shipped policy where none is active yet."""
    from moderation.policy.store import PolicyMissing

    try:
        active_revision(session)
    except PolicyMissing:
        activate(session, shipped_text(), name="default", actor="system", now_ms=now_ms(session))


def today() -> date:
    """Today in UTC: by which day a public figure's seventy years are counted."""
    return datetime.now(UTC).date()
