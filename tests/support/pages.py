"""The pages on a whole application with stub models: in process for most tests, on loopback for a browser."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi.testclient import TestClient

from moderation.accounts.directory import ensure_account
from moderation.accounts.keys import make_key
from moderation.accounts.models import Role
from moderation.bootstrap import Application
from moderation.store import now_ms
from moderation.surface import http_app

HTML = {"Accept": "text/html"}
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
_TOKEN = re.compile(r'name="claim_token" value="(\d+)"')


def staff_key(app: Application, account: str, *roles: Role) -> str:
    """A new key of this account, made when missing."""
    with app.database.transaction() as session:
        at = now_ms(session)
        ensure_account(session, account, actor="test", now_ms=at)
        return make_key(
            session, account, name="test", roles=roles or (Role.MODERATOR,), actor="test", now_ms=at
        )[1]


@dataclass(slots=True)
class Browser:
    """A client with its own cookies, that fills in the forms it was shown."""

    app: Application
    client: TestClient
    shown: str = field(default="")

    def get(self, path: str, **headers: str) -> Any:
        """Open a page; redirects are followed by hand."""
        answer: Any = self.client.get(path, headers={**HTML, **headers}, follow_redirects=False)
        self.shown = answer.text if "html" in answer.headers.get("content-type", "") else self.shown
        return answer

    def post(
        self, path: str, *, csrf: str | None = None, headers: dict[str, str] | None = None, **form: Any
    ) -> Any:
        """Send a form with the token of the last page that had one."""
        body = {"csrf": self.csrf if csrf is None else csrf, **form}
        answer: Any = self.client.post(
            path, data=body, headers={**HTML, **(headers or {})}, follow_redirects=False
        )
        self.shown = answer.text if "html" in answer.headers.get("content-type", "") else self.shown
        return answer

    @property
    def csrf(self) -> str:
        """The form token that was shown last."""
        found = _CSRF.search(self.shown)
        return found[1] if found else ""

    @property
    def token(self) -> int:
        """The claim's token in the decision form."""
        return max(int(found) for found in _TOKEN.findall(self.shown))

    def sign_in(self, account: str = "mod_ann", *roles: Role) -> "Browser":
        """As a moderator, or with other roles."""
        self.get("/review/sign-in")
        answer = self.post("/review/sign-in", key=staff_key(self.app, account, *roles))
        assert answer.status_code == 303, answer.text
        self.get("/review")
        return self

    def claim(self, case_id: str) -> "Browser":
        """Claim it and open its page."""
        self.get(f"/review/cases/{case_id}")
        assert self.post(f"/review/cases/{case_id}/claim").status_code == 303
        self.get(f"/review/cases/{case_id}")
        return self

    def decide(self, case_id: str, outcome: str = "block", note: str = "seen", **form: Any) -> Any:
        """Send the decision with the token of the page."""
        usual = {"ground_allow": "context", "ground_block": "violence", "claim_token": self.token}
        return self.post(f"/review/cases/{case_id}/decide", outcome=outcome, note=note, **{**usual, **form})


def browser_on(app: Application) -> Browser:
    """A browser of somebody who has not signed in."""
    return Browser(
        app, TestClient(http_app(app), base_url="http://testserver", raise_server_exceptions=False)
    )


@contextmanager
def listening(app: Application) -> Iterator[str]:
    """The surface on a free port of loopback; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(http_app(app), host="127.0.0.1", port=port, log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
