"""`/v1/assets`: reference media come in here, named by the SHA-256 of their bytes."""

import base64
import binascii
import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Header, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from moderation.accounts.keys import Principal
from moderation.api.auth import Uploader
from moderation.api.context import ServicesHere, make_router
from moderation.api.services import Services
from moderation.api.sniff import MEDIA_TYPES, media_type
from moderation.api.strict import takes_upload
from moderation.errors import ServiceError
from moderation.generation.uploads import record_upload
from moderation.messages import Sha256
from moderation.store import now_ms
from moderation.transparency import audit

router = make_router("assets", "/v1/assets")
THE_FILE = {
    "requestBody": {
        "description": f"The file: one of {', '.join(sorted(MEDIA_TYPES))}. The declared type is not read.",
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):")


class AssetView(BaseModel):
    """A stored file."""

    sha256: Sha256
    size_bytes: int = Field(ge=1)
    media_type: str = Field(examples=["image/png"])


class DigestMismatch(ServiceError):
    """The bytes that came are not the bytes that were announced."""

    code = "asset.sha256_mismatch"


class DigestInvalid(ServiceError):
    """The Content-Digest header cannot be read."""

    code = "asset.digest_invalid"


@dataclass(frozen=True, slots=True)
class _Received:
    path: Path
    sha256: str
    size_bytes: int
    media_type: str


@router.put(
    "/{sha256}", status_code=201, summary="Upload a reference under its SHA-256", openapi_extra=THE_FILE
)
@takes_upload
async def put(sha256: Sha256, request: Request, who: Uploader, services: ServicesHere) -> AssetView:
    """The body is the file itself. Its bytes must hash to the name. Uploading it again changes nothing."""
    return await _take_in(request, services, who, sha256)


@router.post("", status_code=201, summary="Upload a reference", openapi_extra=THE_FILE)
@takes_upload
async def post(
    request: Request,
    who: Uploader,
    services: ServicesHere,
    content_digest: Annotated[str | None, Header(max_length=500)] = None,
) -> AssetView:
    """The body is the file itself; the answer names its SHA-256. `Content-Digest` (RFC 9530, sha-256), when sent, is
    checked."""
    expected = None if content_digest is None else parse_digest(content_digest)
    return await _take_in(request, services, who, expected)


def parse_digest(header: str) -> str:
    """The SHA-256 in a Content-Digest header, as hex. Raises `DigestInvalid`."""
    found = _DIGEST.search(header)
    try:
        digest = base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise DigestInvalid(
            "names no sha-256 digest",
            field="Content-Digest",
            value=header,
            remedy="send sha-256=:BASE64: as RFC 9530 writes it, or leave it out",
        )
    return digest.hex()


async def _take_in(request: Request, services: Services, who: Principal, expected: str | None) -> AssetView:
    with tempfile.TemporaryDirectory(prefix="safeconduct-upload-") as folder:
        received = await _receive(request, Path(folder) / "upload")
        if expected is not None and received.sha256 != expected:
            raise DigestMismatch(
                f"the body has the sha256 {received.sha256}",
                field="sha256",
                value=expected,
                remedy="the upload was cut or changed, or the name is wrong: compare and send it again",
            )
        await run_in_threadpool(_store, services, who, received)
    return AssetView(sha256=received.sha256, size_bytes=received.size_bytes, media_type=received.media_type)


async def _receive(request: Request, path: Path) -> _Received:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            digest.update(chunk)
            size += len(chunk)
            await run_in_threadpool(file.write, chunk)
    return _Received(path, digest.hexdigest(), size, media_type(path))


def _store(services: Services, who: Principal, received: _Received) -> None:
    services.assets.keep(received.path, received.sha256)
    with services.database.transaction() as session:
        at_ms = now_ms(session)
        fresh = record_upload(
            session,
            received.sha256,
            account_id=who.account_id,
            size_bytes=received.size_bytes,
            media_type=received.media_type,
            at_ms=at_ms,
        )
        if fresh:
            detail = {"size_bytes": received.size_bytes}
            audit.record(
                session,
                actor=who.account_id,
                act="asset.uploaded",
                subject=received.sha256,
                detail=detail,
                at_ms=at_ms,
            )
    services.assets.settle(received.sha256)
