"""A whole HTTP surface in memory: the real routes, rules and database; models, files and subprocesses are small fakes."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session

from consent.likeness.changes import LikenessChange, record_change
from consent.likeness.models import Likeness
from moderation.accounts.directory import make_account
from moderation.accounts.keys import make_key
from moderation.accounts.models import Account, Role
from moderation.accounts.quota import QuotaLimits
from moderation.api.app import create_app
from moderation.api.services import ApiLimits, EnrolmentRequest, JudgementItem, Services
from moderation.generation.human import HumanDecisions
from moderation.ids import new_id
from moderation.likenesses.commands import announce
from moderation.observability.health import Health
from moderation.observability.metrics import Metrics
from moderation.review.cases import CaseDecided
from moderation.store import Database, now_ms
from policies.taxonomy import Verdict

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 4
PROBLEM = "application/problem+json"


@dataclass(slots=True)
class MemoryFiles:
    """A content-addressed store in memory."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def settle(self, sha256: str) -> None:
        """Nothing: it was kept at once."""

    def keep(self, path: Path, sha256: str) -> None:
        self.kept[sha256] = path.read_bytes()

    def open(self, sha256: str) -> IO[bytes]:
        if sha256 not in self.kept:
            raise FileNotFoundError(sha256)
        return io.BytesIO(self.kept[sha256])


@dataclass(slots=True)
class RecordingJudge:
    """Blocks what says "block", holds what says "review", and remembers what it was asked."""

    asked: list[JudgementItem] = field(default_factory=list)

    def __call__(self, item: JudgementItem) -> Mapping[str, Any]:
        self.asked.append(item)
        verdict = next((word for word in ("block", "review") if word in item.text), "allow")
        return {
            "id": item.item_id,
            "verdict": verdict,
            "categories": [],
            "findings": [],
            "revisions": {"policy": "p1"},
        }


@dataclass(frozen=True, slots=True)
class RowEnrolment:
    """Enrols without looking at any face."""

    database: Database

    def __call__(self, request: EnrolmentRequest) -> LikenessChange:
        with self.database.transaction() as session:
            at = now_ms(session)
            row = Likeness(
                id=new_id("lik"), owner_account_id=request.account_id, handle=request.handle,
                handle_key=request.handle.lower(), minor=request.minor, created_ms=at, changed_ms=at,
            )  # fmt: skip
            session.add(row)
            session.flush()
            change = record_change(
                session, row, change="enrolled", actor=request.actor, now_ms=at, first=True
            )
            announce(session, change, actor=request.actor, now_ms=at)
        return change


@dataclass(slots=True)
class Verified:
    """Answers `answer` and remembers the files it saw: name and content."""

    answer: dict[str, Any] = field(default_factory=lambda: {"answer": "unknown", "reasons": []})
    seen: list[tuple[str, bytes]] = field(default_factory=list)

    def __call__(self, path: Path) -> Mapping[str, Any]:
        self.seen.append((path.name, path.read_bytes()))
        return self.answer


@dataclass(slots=True)
class World:
    """A surface, its fakes, and keys by role."""

    services: Services
    app: FastAPI
    client: TestClient
    files: MemoryFiles
    judge: RecordingJudge
    verified: Verified

    @property
    def database(self) -> Database:
        return self.services.database

    def key(self, *roles: Role, account: str | None = None, under_18: bool = False) -> dict[str, str]:
        """The headers of a new key of `account` (made when missing) with `roles`."""
        account = account or f"acct_{'_'.join(role.value for role in roles)}"
        with self.database.transaction() as session:
            at = now_ms(session)
            if session.get(Account, account) is None:
                make_account(session, under_18=under_18, actor="test", now_ms=at, account_id=account)
            _, shown = make_key(session, account, name="test", roles=roles, actor="test", now_ms=at)
        return {"Authorization": f"Bearer {shown}"}

    def upload(self, headers: Mapping[str, str], content: bytes = PNG) -> str:
        """Upload `content`; its sha256."""
        answer = self.client.post("/v1/assets", content=content, headers=dict(headers))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["sha256"])

    def add(self, *rows: Any) -> None:
        """Commit rows."""
        with self.database.transaction() as session:
            for row in rows:
                session.add(row)
                session.flush()

    def now(self) -> int:
        """The database's clock."""
        with self.database.read() as session:
            return now_ms(session)


def make_world(database: Database, *, limits: ApiLimits | None = None, **changes: Any) -> World:
    """A surface on `database`. Use its client as a context manager."""
    files, judge, verified = MemoryFiles(), RecordingJudge(), Verified()
    services = Services(
        database=database,
        judge=judge,
        assets=files,
        enrol=RowEnrolment(database),
        verify=verified,
        on_case_decided=_move_on,
        health=Health(timeout_s=0.2),
        metrics=Metrics(),
        link_secret=b"s" * 32,
        public_url="http://gate.test/",
        limits=limits or ApiLimits(body_bytes=20_000, upload_bytes=100_000),
    )
    services = replace(services, **changes)
    app = create_app(services)
    client = TestClient(app, raise_server_exceptions=False)
    return World(services, app, client, files, judge, verified)


def _move_on(session: Session, decided: CaseDecided) -> None:
    people = HumanDecisions(QuotaLimits(account=10, total=100))
    people.apply(
        session,
        generation_id=decided.generation_id,
        decision_id=decided.decision_id,
        case_id=decided.case_id,
        verdict=Verdict(decided.outcome.value),
        moderator=decided.decided_by,
        reason=decided.reason,
        now_ms=decided.decided_ms,
    )


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """`answer` is a problem of this status and code, complete as every error is; its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:safeconduct:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.headers["x-request-id"]
    assert len(body.get("value", "")) <= 80
    return body
