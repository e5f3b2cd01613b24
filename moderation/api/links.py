"""Signed links to release files: who holds the link may fetch the bytes, for a minute, from this service only.

The token is an HMAC-SHA256 over the release id and the expiry. It proves that we gave the link; whether the bytes may
still leave is decided by the release's state on every request.
"""

import hashlib
import hmac
from dataclasses import dataclass

from moderation.errors import Kind, ServiceError


class LinkInvalid(ServiceError):
    """The token is not ours, or not for this release and expiry."""

    code = "link.invalid"
    kind = Kind.FORBIDDEN


class LinkExpired(ServiceError):
    """The link is older than it may be."""

    code = "link.expired"
    kind = Kind.GONE


@dataclass(frozen=True, slots=True)
class Link:
    """A link to the file of a release; `expires_ms` in milliseconds since the epoch."""

    release_id: str
    expires_ms: int
    token: str

    @property
    def path(self) -> str:
        """The path with its query."""
        return f"/v1/releases/{self.release_id}/file?expires={self.expires_ms}&token={self.token}"


def make_link(secret: bytes, release_id: str, *, now_ms: int, ttl_s: int) -> Link:
    """A link that works until `now_ms + ttl_s` seconds."""
    expires_ms = now_ms + ttl_s * 1000
    return Link(release_id, expires_ms, _token(secret, release_id, expires_ms))


def check_link(secret: bytes, link: Link, *, now_ms: int, ttl_s: int) -> None:
    """Raises `LinkInvalid` or `LinkExpired`; a link with more than `ttl_s` to live was made before the clock was set back, and
    has expired, too."""
    remedy = "ask for a fresh link: GET /v1/releases/{id}"
    expected = _token(secret, link.release_id, link.expires_ms)
    if not hmac.compare_digest(expected.encode(), link.token.encode("utf-8", "surrogatepass")):
        raise LinkInvalid("is not a token of this link", field="token", remedy=remedy)
    if not now_ms < link.expires_ms <= now_ms + ttl_s * 1000:
        raise LinkExpired("this link has expired", field="expires", value=link.expires_ms, remedy=remedy)


def _token(secret: bytes, release_id: str, expires_ms: int) -> str:
    return hmac.new(secret, f"release-link|{release_id}|{expires_ms}".encode(), hashlib.sha256).hexdigest()
