"""The media of a case, for whoever may decide it: the clip as it is, everything else as frames out of the sandbox.

Nothing here may be stored by a browser or on the way. A look at a file is a row in the audit log. No file of a generation
that was to show somebody is shown to anybody once they took their likeness back.
"""

from collections.abc import Iterator
from typing import IO

from sqlmodel import Session
from starlette.responses import Response, StreamingResponse

from moderation.api.ranges import ByteRange, RangeUnsatisfiable, parse_range
from moderation.assets import AssetMissing, HashMismatch
from moderation.errors import Kind, ServiceError
from moderation.generation.rows import get_generation, request_of
from moderation.release.serve import viewable
from moderation.review.cases import get_case
from moderation.store import now_ms
from moderation.transparency import audit
from moderation.web.visit import Visit

CHUNK = 1024 * 1024
HEADERS = {
    "Cache-Control": "no-store, private",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class NotOfThisCase(ServiceError):
    """The case is about other files."""

    code = "media.not_of_this_case"
    kind = Kind.NOT_FOUND


class BytesUnreadable(ServiceError):
    """The file is on record but its bytes cannot be read."""

    code = "media.bytes_missing"
    kind = Kind.UNAVAILABLE


def show_clip(visit: Visit) -> Response:
    """The generated clip, whole or one range of it. References are never handed out as they came, only as frames."""
    sha256 = visit.part("sha256")
    _admit(visit, sha256, outputs_only=True)
    file = _open(visit, sha256)
    size = file.seek(0, 2)
    headers = {**HEADERS, "Accept-Ranges": "bytes"}
    try:
        asked = parse_range(visit.request.headers.get("range"), size)
    except RangeUnsatisfiable:
        file.close()
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    part = asked or ByteRange(0, size - 1, size)
    headers["Content-Length"] = str(part.length)
    if asked:
        headers["Content-Range"] = part.content_range
    status = 206 if asked else 200
    stream = _read(visit, file, part)
    return StreamingResponse(stream, status_code=status, headers=headers, media_type="video/mp4")


def show_frame(visit: Visit) -> Response:
    """One frame of the clip or of a reference, as JPEG."""
    sha256, time = visit.part("sha256"), visit.part("time")
    _admit(visit, sha256, outputs_only=False)
    if not (time.isascii() and time.isdigit() and len(time) < 10):
        raise NotOfThisCase(
            "a time is whole milliseconds", field="time", value=time, remedy="open the case's page"
        )
    try:
        jpeg = visit.desk.frames.jpeg(sha256, int(time))
    except (OSError, AssetMissing, HashMismatch) as error:
        raise _unreadable(sha256) from error
    return Response(jpeg, headers=HEADERS, media_type="image/jpeg")


def _admit(visit: Visit, sha256: str, *, outputs_only: bool) -> None:
    """The file belongs to the case and may be looked at; the look is on record. Raises `NotOfThisCase`, `LikenessTakenBack`,
    `CaseUnknown`."""
    case_id = visit.part("case")
    with visit.desk.services.database.read() as session:
        _require_of_case(session, case_id, sha256, outputs_only=outputs_only)
    what = (visit.token, case_id, sha256)
    if not visit.desk.looked.first(*what):
        return
    try:
        with visit.desk.services.database.transaction() as session:
            audit.record(
                session, actor=visit.staff.account_id, act="case.media_viewed", subject=case_id,
                detail={"sha256": sha256}, at_ms=now_ms(session),
            )  # fmt: skip
    except BaseException:
        visit.desk.looked.forget(*what)
        raise


def _require_of_case(session: Session, case_id: str, sha256: str, *, outputs_only: bool) -> None:
    case = get_case(session, case_id)
    generation = get_generation(session, case.generation_id)
    is_output = sha256 == generation.output_sha256
    if not is_output and (outputs_only or sha256 not in request_of(generation).references):
        raise NotOfThisCase(
            "the case has no such file",
            field="sha256",
            value=sha256,
            remedy="open the case's page for its files",
        )
    viewable(session, generation.id)  # a reference may show whom the output shows


def _open(visit: Visit, sha256: str) -> IO[bytes]:
    try:
        return visit.desk.services.assets.open(sha256)
    except (OSError, AssetMissing, HashMismatch) as error:
        raise _unreadable(sha256) from error


def _unreadable(sha256: str) -> BytesUnreadable:
    return BytesUnreadable(
        "its bytes cannot be read now",
        field="sha256",
        value=sha256,
        remedy="try again; if it stays so, the operator must restore the object store",
    )


def _read(visit: Visit, file: IO[bytes], part: ByteRange) -> Iterator[bytes]:
    """The bytes of `part`. Before each chunk it is asked again whether they may be looked at: a revocation breaks the
    connection."""
    with file:
        file.seek(part.first)
        left = part.length
        while left > 0:
            with visit.desk.services.database.read() as session:
                viewable(session, get_case(session, visit.part("case")).generation_id)
            chunk = file.read(min(CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
