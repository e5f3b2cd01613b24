"""What the HTTP surface cannot reach by itself: ports for models, files and subprocesses, filled in by the composition root.

Whatever only needs the database is called directly, in the one transaction of the request. What is slow (judging, verifying,
enrolling) takes no session and runs outside any transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from consent.likeness.changes import LikenessChange
from moderation.coverage import CoverageRow
from moderation.explaining.seek import Seek, not_sought
from moderation.observability.health import Health
from moderation.observability.metrics import Metrics
from moderation.review.cases import OnDecided
from moderation.store import Database
from policies.document import PolicyDocument
from policies.lifecycle.trial import Trial, try_document

MIB = 1024 * 1024
LEAST_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """Sizes in bytes, times in seconds. `verify_public` opens `POST /v1/verify` to callers without a key. `judging_threads`
    judgements are made at once, `judging_waiting` more may wait."""

    body_bytes: int = MIB
    upload_bytes: int = 512 * MIB
    link_ttl_s: int = 60
    default_wait_s: float = 0.0
    max_wait_s: float = 30.0
    verify_public: bool = False
    judging_threads: int = 4
    judging_waiting: int = 60


@dataclass(frozen=True, slots=True)
class JudgementItem:
    """What is to be judged at once, without making a generation of it. `references` are sha256 of uploaded media."""

    item_id: str
    text: str
    account_id: str
    likenesses: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    purpose: str = "video"


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """A person enrols: `portraits` and `recordings` are sha256 of files they uploaded, `minor` says that they are under 18."""

    account_id: str
    handle: str
    portraits: tuple[str, ...]
    minor: bool
    actor: str
    recordings: tuple[str, ...] = ()


class Judge(Protocol):
    """The gate, asked directly."""

    def __call__(self, item: JudgementItem) -> Mapping[str, Any]:
        """The decision as JSON: top-level `id` (the item's), `verdict`, `categories`, `findings`, `revisions`."""


class AssetFiles(Protocol):
    """The content-addressed store."""

    def keep(self, path: Path, sha256: str) -> None:
        """Put the file into the store; its SHA-256 was computed while it came in. `path` may be moved. Idempotent."""

    def settle(self, sha256: str) -> None:
        """Its row is committed: it is not to be collected any more. Idempotent; what is left undone is done later."""

    def open(self, sha256: str) -> IO[bytes]:
        """Its bytes, seekable; the caller closes."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the surface stands on.

    `enrol` looks at the portraits and commits the enrolment; `verify` answers for a file as `provenance.lookup` does, as JSON.
    `seek` looks for the nearest text that would pass. `trials` runs the tests inside a policy document; `flood_guard`: the guard
    is on. `link_secret` signs release links: at least 32 random bytes, the same on every replica.
    """

    database: Database
    judge: Judge
    assets: AssetFiles
    enrol: Callable[[EnrolmentRequest], LikenessChange]
    verify: Callable[[Path], Mapping[str, Any]]
    on_case_decided: OnDecided
    health: Health
    metrics: Metrics
    link_secret: bytes = field(repr=False)
    public_url: str = ""
    limits: ApiLimits = ApiLimits()
    coverage: Callable[[], Sequence[CoverageRow]] = tuple
    seek: Seek = not_sought
    trials: Callable[[PolicyDocument], Sequence[Trial]] = try_document
    flood_guard: bool = True

    def __post_init__(self) -> None:
        if len(self.link_secret) < LEAST_SECRET_BYTES:
            raise ValueError(
                f"link_secret: {len(self.link_secret)} bytes are too few to sign links; "
                f"give {LEAST_SECRET_BYTES} random bytes"
            )
