"""The commands and events on the wire: frozen, versioned, JSON in a CloudEvents 1.0 envelope.

Readers ignore unknown fields; a message of a newer major version is refused by name rather than guessed at. Media never
travels here: assets are named by sha256. Nothing here carries biometric data.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

SOURCE = "/safeconduct"
TYPE_PREFIX = "org.safeconduct."
MAX_EVENT_ID = 200
_TIME = TypeAdapter(datetime)

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Identifier = Annotated[str, Field(min_length=1, max_length=64)]


class Topic(StrEnum):
    """The topics of DESIGN §3."""

    REQUESTS = "generation.requests"
    APPROVED = "generation.approved"
    OUTPUTS = "generation.outputs"
    DECISIONS = "generation.decisions"
    RELEASED = "generation.released"
    WITHDRAWN = "generation.withdrawn"
    CONSENT = "consent.changes"
    RIGHTS = "rights.changes"
    POLICY = "policy.changes"
    CASES = "review.cases"


COMPACTED = frozenset({Topic.CONSENT, Topic.RIGHTS, Topic.POLICY})


class Message(BaseModel):
    """A frozen payload. `key` (the partition key and CloudEvents `subject`) names the thing it is about."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    topic: ClassVar[Topic]
    kind: ClassVar[str]
    version: ClassVar[int] = 1

    @property
    def key(self) -> str:
        """The generation id, likeness id, case id, … this message is about."""
        raise NotImplementedError


class _OfGeneration(Message):
    generation_id: Identifier

    @property
    def key(self) -> str:
        return self.generation_id


class Parameters(BaseModel):
    """What the generator may vary. Seconds, pixels, frames per second."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    seconds: float = Field(default=10.0, gt=0, le=60)
    width: int = Field(default=1280, ge=64, le=3840, multiple_of=2)
    height: int = Field(default=720, ge=64, le=2160, multiple_of=2)
    fps: int = Field(default=24, ge=1, le=60)
    seed: int = Field(default=0, ge=0, lt=2**63)


class GenerationRequested(_OfGeneration):
    """A command: someone asks for a video."""

    topic = Topic.REQUESTS
    kind = "generation.requested"
    account_id: Identifier
    prompt: str = Field(min_length=1, max_length=20_000)
    likenesses: tuple[Identifier, ...] = Field(default=(), max_length=16)
    references: tuple[Sha256, ...] = Field(default=(), max_length=16)
    remix_parent: Identifier | None = None
    purpose: str = Field(default="video", max_length=64)
    parameters: Parameters = Parameters()


class PinnedLikeness(BaseModel):
    """A likeness this generation may show, at the consent revision that said so."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    likeness_id: Identifier
    handle: str
    revision: int = Field(ge=0)


class Brief(BaseModel):
    """What the generator is asked to make."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    prompt: str
    likenesses: tuple[PinnedLikeness, ...] = ()
    references: tuple[Sha256, ...] = ()
    parameters: Parameters = Parameters()


class GenerationApproved(_OfGeneration):
    """The request gate allowed it, or a moderator did."""

    topic = Topic.APPROVED
    kind = "generation.approved"
    decision_id: Identifier
    brief: Brief


class OutputProduced(_OfGeneration):
    """The generator made a file. `produced_in_s` is wall time in seconds; `adjusted` says in words what was made otherwise
    than asked, if anything."""

    topic = Topic.OUTPUTS
    kind = "output.produced"
    asset_sha256: Sha256
    generator: str
    generator_version: str
    produced_in_s: float = Field(ge=0)
    adjusted: str = Field(default="", max_length=500)


class OutputFailed(_OfGeneration):
    """The generator gave up; `code` is stable, `detail` is for operators."""

    topic = Topic.OUTPUTS
    kind = "output.failed"
    code: str
    detail: str = ""


class DecisionMade(_OfGeneration):
    """A decision of any stage, by a machine or a person. `policy`: the revision that ruled; `blocked_by`: its rules that do."""

    topic = Topic.DECISIONS
    kind = "decision.made"
    decision_id: Identifier
    stage: Literal["request", "output", "publish"]
    verdict: Literal["allow", "review", "block"]
    actor: str
    categories: tuple[str, ...] = ()
    body_sha256: Sha256
    policy: str = ""
    blocked_by: tuple[str, ...] = ()


class GenerationReleased(_OfGeneration):
    """A stamped file is served from now on."""

    topic = Topic.RELEASED
    kind = "generation.released"
    release_id: Identifier
    asset_sha256: Sha256


class GenerationWithdrawn(_OfGeneration):
    """It is no longer served: why, and how far the withdrawal reached."""

    topic = Topic.WITHDRAWN
    kind = "generation.withdrawn"
    withdrawal_id: Identifier
    reason: str
    reached: int = Field(ge=0)
    unreachable: int = Field(ge=0)


class ConsentChanged(Message):
    """A likeness changed: its new revision and what happened (`enrolled`, `granted`, `revoked`, `erased`, …)."""

    topic = Topic.CONSENT
    kind = "consent.changed"
    likeness_id: Identifier
    revision: int = Field(ge=0)
    registry_version: int = Field(ge=0)
    change: str

    @property
    def key(self) -> str:
        return self.likeness_id


class RightsChanged(Message):
    """A work's protection changed."""

    topic = Topic.RIGHTS
    kind = "rights.changed"
    work_id: Identifier
    registry_version: int = Field(ge=0)
    change: str

    @property
    def key(self) -> str:
        return self.work_id


class PolicyChanged(Message):
    """Another revision decides: `policy` is `active`, or `rollout` for that of a rollout (empty when it ended)."""

    topic = Topic.POLICY
    kind = "policy.changed"
    policy: Identifier
    revision: str

    @property
    def key(self) -> str:
        return self.policy


class PolicyFlooded(Message):
    """A rule blocks many times its usual share: whose rule, how often of how many decisions, and what the flood guard did."""

    topic = Topic.POLICY
    kind = "policy.flooded"
    revision: str
    rule: str
    outcome: Literal["rolled_back", "stopped", "told"]
    blocks: int = Field(ge=0)
    decisions: int = Field(ge=0)
    usual_blocks: int = Field(ge=0)
    usual_decisions: int = Field(ge=0)
    why: str

    @property
    def key(self) -> str:
        return f"flood:{self.rule}"


class CaseChanged(Message):
    """A case was opened, claimed, returned, decided or appealed."""

    topic = Topic.CASES
    kind = "case.changed"
    case_id: Identifier
    generation_id: Identifier
    change: Literal["opened", "claimed", "returned", "decided", "appealed"]

    @property
    def key(self) -> str:
        return self.case_id


MESSAGES: tuple[type[Message], ...] = (
    GenerationRequested, GenerationApproved, OutputProduced, OutputFailed, DecisionMade, GenerationReleased,
    GenerationWithdrawn, ConsentChanged, RightsChanged, PolicyChanged, PolicyFlooded,
    CaseChanged,
)  # fmt: skip
_BY_KIND = {message.kind: message for message in MESSAGES}


class MessageError(ValueError):
    """A record that is no message of ours. `code` is stable; the text names the field, the value and the remedy."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def _text_or_nothing(value: object) -> str | None:
    return value if isinstance(value, str) else None


OrNothing = Annotated[str | None, BeforeValidator(_text_or_nothing)]
"""What nobody depends on: a value that is no text counts as none."""


class Envelope(BaseModel):
    """A CloudEvents 1.0 envelope in structured JSON (spec §2.1), with its extensions for partitioning (`partitionkey`) and for
    distributed tracing (`traceparent`, `tracestate`; left out where nothing is traced)."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Field(min_length=1, max_length=MAX_EVENT_ID)]
    source: str = SOURCE
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    partitionkey: str
    traceparent: OrNothing = None
    tracestate: OrNothing = None
    data: dict[str, Any]

    @classmethod
    def wrap(cls, message: Message, *, event_id: str, at_ms: int) -> Self:
        """Put `message` into an envelope stamped with `at_ms`, milliseconds since the epoch (UTC)."""
        return cls(
            id=event_id,
            type=f"{TYPE_PREFIX}{message.kind}.v{message.version}",
            subject=message.key,
            time=datetime.fromtimestamp(at_ms / 1000, tz=UTC),
            partitionkey=message.key,
            data=message.model_dump(mode="json"),
        )

    def encode(self) -> bytes:
        """UTF-8 JSON."""
        untold = {name for name in ("traceparent", "tracestate") if getattr(self, name) is None}
        return self.model_dump_json(exclude=untold).encode()

    def open(self) -> Message:
        """The message inside. Raises `MessageError` for an unknown kind, a future version or bad data."""
        kind, _, version = self.type.removeprefix(TYPE_PREFIX).rpartition(".v")
        known = _BY_KIND.get(kind)
        if known is None or not version.isdigit():
            raise MessageError(
                "message.unknown_type",
                f"type: {self.type!r} is not a message of this service; see docs/events.md for the known types",
            )
        if int(version) > known.version:
            raise MessageError(
                "message.future_version",
                f"type: {self.type!r} is newer than version {known.version} read here; upgrade this worker, then replay",
            )
        try:
            return known.model_validate(self.data)
        except ValidationError as error:
            raise MessageError("message.invalid_data", f"{self.type}: {explain(error)}") from error


def encode(
    message: Message, *, event_id: str, at_ms: int, trace: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """The bytes of `Envelope.wrap(message, …).encode()`, without validating again what is valid already: half the time. `trace`
    has `traceparent`, and `tracestate` where there is one."""
    if not 0 < len(event_id) <= MAX_EVENT_ID:
        return Envelope.wrap(message, event_id=event_id, at_ms=at_ms).encode()  # says what is wrong with it
    key = _quoted(message.key)
    more = "".join(f'"{name}":{_quoted(value)},' for name, value in trace.items())
    return (
        f'{{"specversion":"1.0","id":{_quoted(event_id)},"source":"{SOURCE}",'
        f'"type":"{TYPE_PREFIX}{message.kind}.v{message.version}","subject":{key},"time":{_time(at_ms)},'
        f'"datacontenttype":"application/json","partitionkey":{key},{more}"data":{message.model_dump_json()}}}'
    ).encode()


@lru_cache(maxsize=16)  # a batch has one time
def _time(at_ms: int) -> str:
    return _TIME.dump_json(datetime.fromtimestamp(at_ms / 1000, tz=UTC)).decode()


def decode(value: bytes) -> Envelope:
    """Read an envelope. Raises `MessageError` on invalid UTF-8, invalid JSON, duplicate keys or a missing attribute."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MessageError(
            "message.invalid_utf8", f"byte {error.start}: not valid UTF-8; encode the event as UTF-8 JSON"
        ) from error
    try:
        body = json.loads(text, object_pairs_hook=refuse_duplicates)
    except json.JSONDecodeError as error:
        raise MessageError(
            "message.invalid_json",
            f"line {error.lineno} column {error.colno}: {error.msg}; send one JSON object",
        ) from error
    try:
        return Envelope.model_validate(body)
    except ValidationError as error:
        raise MessageError("message.invalid_envelope", explain(error)) from error


def explain(error: ValidationError, limit: int = 3) -> str:
    """Name the fields, the offending values (shortened) and what is expected, for the first `limit` faults."""
    faults = []
    for fault in error.errors(include_url=False)[:limit]:
        field = ".".join(str(part) for part in fault["loc"]) or "(the whole body)"
        value = repr(fault.get("input"))
        shown = value if len(value) <= 60 else value[:57] + "..."
        faults.append(f"{field}: {fault['msg']} (got {shown})")
    return "; ".join(faults)


def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads(object_pairs_hook=…)`: raises `MessageError` where one object has a field twice."""
    body = dict(pairs)
    if len(body) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MessageError(
            "message.duplicate_key", f"{twice}: appears twice in one object; send each field once"
        )
    return body
