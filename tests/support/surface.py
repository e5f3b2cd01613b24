"""The real HTTP surface on a whole application, and what lies in its database: for tests of what must not be left there."""

import hashlib
from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import SQLModel

from moderation.accounts.directory import ensure_account
from moderation.accounts.keys import make_key
from moderation.accounts.models import Role
from moderation.bootstrap import Application
from moderation.store import now_ms
from tests.support.service import ACCOUNT

QUIET = frozenset({"alembic_version", "api_key"})
"""Tables that change with every call: a key's last use."""


@dataclass(frozen=True, slots=True)
class Surface:
    """A client with an owner's key, and the application behind it."""

    app: Application
    client: TestClient
    headers: dict[str, str]

    def post(self, path: str, body: Any) -> Any:
        """Post JSON, or raw bytes as if they were."""
        if isinstance(body, bytes):
            json = {**self.headers, "Content-Type": "application/json"}
            return self.client.post(path, content=body, headers=json)
        return self.client.post(path, json=body, headers=self.headers)

    def ask(self, body: Any) -> Any:
        """Ask for a video and do not wait."""
        headers = {**self.headers, "Prefer": "respond-async"}
        return self.client.post("/v1/generations", json=body, headers=headers)

    def judge(self, **body: Any) -> dict[str, Any]:
        """The gate's answer on an item."""
        answer = self.post("/v1/judgements", body)
        assert answer.status_code == 200, answer.text
        judged: dict[str, Any] = answer.json()
        return judged

    def put(self, content: bytes, sha256: str | None = None) -> Any:
        """Upload under a name, by default the right one."""
        name = sha256 or hashlib.sha256(content).hexdigest()
        return self.client.put(f"/v1/assets/{name}", content=content, headers=self.headers)

    def upload(self, content: bytes) -> str:
        """Upload; the sha256."""
        answer = self.put(content)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["sha256"])

    def rows(self) -> dict[str, int]:
        """How many rows each table holds."""
        with self.app.database.read() as session:
            return {
                name: session.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
                for name in SQLModel.metadata.tables
                if name not in QUIET
            }

    def files(self) -> set[str]:
        """The files in the object store and its staging area."""
        folder = self.app.settings.home / "assets"
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def owners_headers(app: Application) -> dict[str, str]:
    """The headers of a new key of the test's account."""
    with app.database.transaction() as session:
        at = now_ms(session)
        ensure_account(session, ACCOUNT, actor="test", now_ms=at)
        _, key = make_key(session, ACCOUNT, name="test", roles=[Role.OWNER], actor="test", now_ms=at)
    return {"Authorization": f"Bearer {key}"}
