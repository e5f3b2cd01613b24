"""`/v1/releases`: a link for a minute, and the only place that bytes leave through.

The state of the release and of every likeness in it is read on each request and again before each part of the file: a revocation
stops a running download, too. Nothing on the way may store the answer.
"""

from collections.abc import Iterator
from typing import IO, Annotated

from fastapi import Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from moderation import traces
from moderation.api.auth import Nobody, Reader
from moderation.api.context import ServicesHere, make_router
from moderation.api.links import Link, check_link, make_link
from moderation.api.ranges import ByteRange, RangeUnsatisfiable, parse_range
from moderation.api.routes.generations import visible
from moderation.api.services import Services
from moderation.assets import AssetMissing, HashMismatch
from moderation.errors import Kind, ServiceError
from moderation.generation.rows import GenerationUnknown
from moderation.messages import Identifier
from moderation.release.serve import ReleaseUnknown, count_served, servable, trace_of_release
from moderation.release.tables import Release
from moderation.store import now_ms

router = make_router("releases", "/v1/releases")
CHUNK = 1024 * 1024
MEDIA = "video/mp4"


class ReleaseView(BaseModel):
    """A release and a fresh link to its file."""

    id: str
    generation_id: str
    sha256: str
    size_bytes: int
    url: str = Field(description="Works without a key, until it expires or the release is withdrawn.")
    expires_ms: int


class BytesMissing(ServiceError):
    """The release is on record but its bytes cannot be read."""

    code = "release.bytes_missing"
    kind = Kind.UNAVAILABLE


class Withdrawn(Exception):
    """The release was withdrawn while its file was being sent; the connection breaks."""


@router.get("/{release_id}", summary="Get a link to the file")
def link(release_id: Identifier, who: Reader, services: ServicesHere) -> ReleaseView:
    """For the requester and for staff. The link lives for a minute."""
    with services.database.read() as session:
        release = session.get(Release, release_id)
        if release is None:
            servable(session, release_id)
        try:
            visible(session, release.generation_id if release else "", who)
        except GenerationUnknown as error:
            raise ReleaseUnknown(
                "no release of yours has this id",
                field="release_id",
                value=release_id,
                remedy="read the generation for its release_id",
            ) from error
        release = servable(session, release_id)
        made = make_link(
            services.link_secret, release_id, now_ms=now_ms(session), ttl_s=services.limits.link_ttl_s
        )
    return ReleaseView(
        id=release.id,
        generation_id=release.generation_id,
        sha256=release.asset_sha256,
        size_bytes=release.size_bytes,
        url=services.public_url.rstrip("/") + made.path,
        expires_ms=made.expires_ms,
    )


@router.head("/{release_id}/file", include_in_schema=False, response_class=Response)
@router.get(
    "/{release_id}/file",
    summary="Fetch the file by a link",
    response_class=Response,
    responses={200: {"content": {MEDIA: {}}}, 206: {"content": {MEDIA: {}}}, 410: {}, 416: {}},
)
def file(
    release_id: Identifier,
    request: Request,
    _who: Nobody,
    services: ServicesHere,
    expires: Annotated[int, Query(ge=0, lt=2**53)],
    token: Annotated[str, Query(min_length=1, max_length=128)],
    range_: Annotated[str | None, Header(alias="range", max_length=200)] = None,
    if_range: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """The whole file, or one range of it."""
    release = _admit(services, Link(release_id, expires, token))
    etag = f'"{release.asset_sha256}"'
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": "no-store, private"}
    try:
        part = parse_range(range_ if if_range in (None, etag) else None, release.size_bytes)
    except RangeUnsatisfiable:
        return Response(
            status_code=416, headers={**headers, "Content-Range": f"bytes */{release.size_bytes}"}
        )
    whole = ByteRange(0, release.size_bytes - 1, release.size_bytes)
    sent = part or whole
    headers["Content-Length"] = str(sent.length)
    if part:
        headers["Content-Range"] = part.content_range
    if request.method == "HEAD":
        return Response(headers=headers, media_type=MEDIA, status_code=206 if part else 200)
    if (
        sent.first == 0 or not release.served
    ):  # a player's later ranges are no more copies, but the first bytes are one
        _count(services, release)
    stream = _send(services, release_id, _open(services, release), sent)
    return StreamingResponse(stream, status_code=206 if part else 200, headers=headers, media_type=MEDIA)


def _admit(services: Services, link: Link) -> Release:
    with services.database.read() as session:
        ttl_s = services.limits.link_ttl_s
        check_link(services.link_secret, link, now_ms=now_ms(session), ttl_s=ttl_s)
        return servable(session, link.release_id)


def _open(services: Services, release: Release) -> IO[bytes]:
    try:
        return services.assets.open(release.asset_sha256)
    except (OSError, AssetMissing, HashMismatch) as error:
        raise BytesMissing(
            "its bytes cannot be read now",
            field="release_id",
            value=release.id,
            remedy="try again; if it stays so, the operator must restore the object store",
        ) from error


def _count(services: Services, release: Release) -> None:
    """In the trace that released it, too: a download is the end of the way."""
    with services.database.transaction() as session:
        parent, here = trace_of_release(session, release.generation_id), traces.here()
        with traces.span(
            "serve release", parent=parent, links=[here] if here else [], subject_id=release.generation_id
        ):
            count_served(session, release.id)
    services.metrics.happened("release.served")


def _send(services: Services, release_id: str, file: IO[bytes], part: ByteRange) -> Iterator[bytes]:
    """The bytes of `part`; before each chunk the release is looked up again. Raises `Withdrawn`, which breaks the connection."""
    with file:
        file.seek(part.first)
        left = part.length
        while left > 0:
            _still_servable(services, release_id)
            chunk = file.read(min(CHUNK, left))
            if not chunk:
                raise Withdrawn(f"{release_id}: the stored file is shorter than recorded")
            left -= len(chunk)
            yield chunk


def _still_servable(services: Services, release_id: str) -> None:
    try:
        with services.database.read() as session:
            servable(session, release_id)
    except ServiceError as error:
        services.metrics.happened("release.download_broken")
        raise Withdrawn(release_id) from error
