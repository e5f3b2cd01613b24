"""Every setting of the service, read from the environment (`SAFECONDUCT_…`) or a `.env` file; documented in docs/settings.md."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from moderation.errors import Kind, ServiceError


class Settings(BaseSettings):
    """The defaults run everything in one process on SQLite under `./var`."""

    model_config = SettingsConfigDict(env_prefix="SAFECONDUCT_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(
        default=Path("var"), description="Folder for the database, the assets, keys and certificates."
    )
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL; default: SQLite in the home folder. PostgreSQL: postgresql+psycopg://…",
    )
    kafka_bootstrap: str | None = Field(
        default=None,
        description="host:port list of the Kafka brokers; unset: the embedded event log in the database.",
    )
    topic_prefix: str = Field(
        default="", description="Put before every topic name, to share a broker between deployments."
    )
    partitions: int = Field(
        default=4, ge=1, le=1024, description="Partitions of each topic when it is created."
    )
    models_dir: Path = Field(
        default=Path.home() / ".cache" / "safeconduct" / "models",
        description="Where fetched model files are kept.",
    )
    asset_url: str | None = Field(
        default=None, description="fsspec URL of the object store; default: a folder in home."
    )
    asset_endpoint_url: str | None = Field(
        default=None, description="Endpoint of an S3-compatible store, for s3:// URLs; unset: Amazon's."
    )
    asset_region: str | None = Field(default=None, description="Region of the bucket, for s3:// URLs.")
    asset_access_key: str | None = Field(
        default=None,
        description="Access key of the bucket; unset: what the AWS_… environment or the machine's role gives.",
    )
    asset_secret_key: str | None = Field(
        default=None, repr=False, description="Secret key of the bucket; never logged or shown."
    )
    asset_cache_bytes: int = Field(
        default=10 * 1024**3,
        ge=1,
        description="Bytes of local copies of a remote store's files, in home; those used least lately go first.",
    )
    pki_dir: Path | None = Field(
        default=None,
        description="Folder of the signing PKI (made for development when missing); default: pki in home.",
    )
    tsa_url: str | None = Field(
        default=None,
        description="RFC 3161 time-stamp service; unset: a development one inside the release worker.",
    )
    master_key: str | None = Field(
        default=None,
        repr=False,
        description="Base64 of the 32-byte key that wraps biometric keys; default: a file in home, made at first use.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8080", description="Base of the links handed out for releases."
    )
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8080, ge=1, le=65535, description="Port the API listens on.")
    generator: Literal["storyboard", "http", "diffusers"] = Field(
        default="storyboard", description="Which generator the worker calls."
    )
    generator_url: str | None = Field(
        default=None, description="Base URL of the remote generator, for generator=http."
    )
    generator_token: str | None = Field(
        default=None, repr=False, description="What the remote generator asks of its callers; never shown."
    )
    generator_folder: Path | None = Field(
        default=None,
        description="Folder of a text-to-video pipeline (with model_index.json), for generator=diffusers.",
    )
    generator_device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda|cuda:[0-9]{1,3})$",
        description="Where the pipeline runs: auto (the first GPU, else the processor), cpu, cuda or cuda:N.",
    )
    generator_dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        default="auto", description="Precision of its weights; auto: what suits the device."
    )
    generator_offload: Literal["none", "model", "layers"] = Field(
        default="none",
        description="Keep what does not compute out of the GPU's memory: whole models, or layers (smallest, slowest).",
    )
    generator_max_pixels: int = Field(
        default=1280 * 720, ge=4096, description="Pixels of a frame at most; a larger one is made smaller."
    )
    generator_max_frames: int = Field(
        default=0, ge=0, description="Frames of a clip at most; 0: as many as the pipeline makes by default."
    )
    generator_fps: int = Field(
        default=0, ge=0, le=60, description="Frames per second the pipeline was trained for; 0: as asked."
    )
    generator_options: dict[str, Any] = Field(
        default={},
        description='JSON of more arguments for the pipeline, such as {"num_inference_steps": 30, "guidance_scale": 5}.',
    )
    generator_timeout_s: float = Field(
        default=600, gt=0, description="Seconds after which a generation attempt is abandoned."
    )
    guard_text: Path | None = Field(
        default=None,
        description="Folder of a text guard (Llama Guard 2 or 3, Qwen3Guard-Gen) that judges beside the shipped models; "
        "unset: none.",
    )
    guard_image: Path | None = Field(
        default=None, description="Folder of a picture guard (ShieldGemma 2); unset: none."
    )
    guard_speech: Path | None = Field(
        default=None,
        description="Folder of a Whisper of any size that writes down speech in place of the shipped one; unset: none.",
    )
    guard_device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda|cuda:[0-9]{1,3})$",
        description="Where guards run: auto (the first GPU, else the processor), cpu, cuda or cuda:N. Not the generator's GPU: "
        "one job at a time has it.",
    )
    guard_dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        default="auto", description="Precision of the guards' weights; auto: what suits the device."
    )
    guard_timeout_s: float = Field(
        default=20.0,
        gt=0,
        description="Seconds for one answer of a guard, waiting for its device included; after them it could not judge.",
    )
    guard_categories: dict[str, str] = Field(
        default={},
        description="JSON of what a guard's own labels mean in the policy, such as "
        '{"Unethical Acts": "harassment"}; the rest as shipped.',
    )
    check_timeout_s: float = Field(
        default=60, gt=0, description="Seconds after which a check counts as unjudged."
    )
    policy_flood_factor: float = Field(
        default=5.0,
        ge=0,
        description="A rule that blocks more than so many times its usual share of decisions is a flood: a change of policy that "
        "causes one is taken back, and people are told. 0: no guard.",
    )
    policy_flood_window_s: float = Field(
        default=600,
        ge=60,
        description="Seconds that count as now, when a rule's share is compared with its usual one.",
    )
    policy_flood_usual_s: float = Field(
        default=86_400,
        ge=60,
        description="Seconds before, from which the usual share is taken; so long after it became active the guard may take a "
        "policy back.",
    )
    policy_flood_min_decisions: int = Field(
        default=200, ge=1, description="Decisions needed, now and before, to call something a flood."
    )
    link_ttl_s: int = Field(
        default=60, ge=1, le=3600, description="Seconds a release link lives (DESIGN §4: 60)."
    )
    registry_max_age_s: float = Field(
        default=1.0,
        gt=0,
        description="Seconds after which an index not compared with the registry counts as stale.",
    )
    account_daily_quota: int = Field(
        default=100, ge=0, description="Generations one account may have approved per day."
    )
    total_daily_quota: int = Field(
        default=100_000, ge=0, description="Generations approved per day, all accounts together."
    )
    account_rate_per_minute: int = Field(
        default=30, ge=1, description="Requests one account may make per minute."
    )
    event_retention_days: float = Field(
        default=30,
        gt=0,
        description="Days after which sent events, finished jobs and read records of the embedded log are deleted; no message "
        "may come twice, and no dead letter be replayed, after that.",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port on which a process shows its Prometheus metrics without a key, inside your network. Unset: none.",
    )
    verdict_wait_s: float = Field(
        default=20.0,
        ge=0,
        le=30,
        description="Seconds POST /v1/generations waits for the request gate's verdict.",
    )
    worker_threads: int = Field(
        default=2, ge=1, le=64, description="Jobs one worker process runs side by side."
    )
    judging_threads: int = Field(
        default=4, ge=1, le=64, description="Judgements one API process makes at once (POST /v1/judgements)."
    )
    judging_waiting: int = Field(
        default=60, ge=0, le=10_000, description="Judgements that may wait in one API process; more get 503."
    )
    lease_s: float = Field(
        default=30,
        ge=1,
        description="Seconds without a sign of life after which another worker takes over what a dead one held.",
    )
    traces_url: str | None = Field(
        default=None,
        description="OTLP/HTTP address that spans go to, such as http://collector:4318/v1/traces; unset: nothing is traced.",
    )
    traces_ratio: float = Field(
        default=1.0, ge=0, le=1, description="Share of the traces begun here that is recorded."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Lowest level logged."
    )

    @property
    def resolved_asset_url(self) -> str:
        """The object store with the default filled in."""
        return self.asset_url or str((self.home / "assets").resolve())

    @property
    def resolved_pki_dir(self) -> Path:
        """The PKI folder with the default filled in."""
        return self.pki_dir or self.home / "pki"

    @property
    def resolved_database_url(self) -> str:
        """The database URL with the default filled in."""
        return self.database_url or f"sqlite:///{(self.home / 'safeconduct.db').resolve()}"


class SettingsInvalid(ServiceError):
    """A setting has a value it cannot have."""

    code = "settings.invalid"
    kind = Kind.INVALID


def read_settings() -> Settings:
    """The settings of this process. Raises `SettingsInvalid` naming the variable, the value and what is expected."""
    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = f"SAFECONDUCT_{'_'.join(str(part) for part in fault['loc']).upper()}"
        raise SettingsInvalid(
            fault["msg"], field=name, value=fault.get("input", ""), remedy="see docs/settings.md"
        ) from None
    except SettingsError as error:  # a setting that is JSON, and is none: its text may be a secret
        raise SettingsInvalid(f"{error}; write it as JSON", remedy="see docs/settings.md") from None
