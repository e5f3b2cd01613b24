"""The demonstration's view of the service: its HTTP interface, with one key per account."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

TIMEOUT_S = 120.0


class Refused(Exception):
    """The service answered with an error; `detail` is its own explanation."""

    def __init__(self, call: str, answer: httpx.Response) -> None:
        problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        self.detail = f"{problem.get('field', '')}: {problem.get('detail', '')}; {problem.get('remedy', '')}"
        super().__init__(f"{call}: {answer.status_code} {answer.text}")


@dataclass(frozen=True, slots=True)
class Client:
    """Calls as one account. Raises `Refused` with the service's own explanation."""

    base_url: str
    key: str

    def call(self, method: str, path: str, **more: Any) -> Any:
        """One call; the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        answer = httpx.request(
            method, self.base_url + path, headers=headers, timeout=TIMEOUT_S, trust_env=False, **more
        )
        if answer.is_error:
            raise Refused(f"{method} {path}", answer)
        return answer.json() if answer.content else None

    def upload(self, path: Path) -> str:
        """Upload a file; its sha256."""
        content = path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        self.call("PUT", f"/v1/assets/{sha256}", content=content)
        return sha256

    def generation(self, generation_id: str) -> Mapping[str, Any]:
        """A generation with its decisions."""
        return dict(self.call("GET", f"/v1/generations/{generation_id}"))

    def download(self, release_id: str, target: Path) -> str:
        """Fetch a release by a fresh link into `target`; its sha256."""
        link = self.call("GET", f"/v1/releases/{release_id}")
        with httpx.stream("GET", link["url"], timeout=TIMEOUT_S, trust_env=False) as answer:
            answer.raise_for_status()
            with target.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        return str(link["sha256"])


def wait_until_healthy(operator: Client, *, timeout_s: float) -> None:
    """Return when `/health` is green. Raises `TimeoutError` with the parts that are not."""
    deadline = time.monotonic() + timeout_s
    last = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(
                f"{operator.base_url}/health",
                headers={"Authorization": f"Bearer {operator.key}"},
                timeout=10,
                trust_env=False,
            )
            if answer.is_success:
                return
            last = answer.text[:500]
        except httpx.TransportError as error:
            last = str(error)
        time.sleep(0.3)
    raise TimeoutError(f"the service is not healthy after {timeout_s:g} s: {last}")
