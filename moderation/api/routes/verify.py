"""`POST /v1/verify`: is this file one of ours, and is it whole?"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict

from moderation.api.auth import Verifier
from moderation.api.context import ServicesHere, make_router
from moderation.api.strict import takes_upload
from moderation.errors import Kind, ServiceError

router = make_router("verify", "/v1/verify")
AT_ONCE = 4
PATIENCE_S = 10.0
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}", re.ASCII)
_slots = BoundedSemaphore(AT_ONCE)


class VerifyOut(BaseModel):
    """The answer: `ours_intact`, `ours_altered` or `unknown`, with reasons. For a foreign file nothing here endorses it."""

    model_config = ConfigDict(extra="allow")
    answer: Literal["ours_intact", "ours_altered", "unknown"]
    reasons: list[Any] = []


class VerifyBusy(ServiceError):
    """Too many files are being read."""

    code = "verify.busy"
    kind = Kind.UNAVAILABLE


class FileEmpty(ServiceError):
    """There is nothing to verify."""

    code = "verify.empty"


@router.post("", summary="Verify a file")
@takes_upload
def verify(file: UploadFile, _who: Verifier, services: ServicesHere) -> VerifyOut:
    """Reads the credential in a subprocess with limits, and compares the whole file with the ledger."""
    if not file.size:
        raise FileEmpty(
            "is empty", field="file", value="0 bytes", remedy="send the file as form field 'file'"
        )
    with _slot(), tempfile.TemporaryDirectory(prefix="safeconduct-verify-") as folder:
        path = Path(folder) / f"file{safe_suffix(file.filename)}"
        with path.open("wb") as copy:
            shutil.copyfileobj(file.file, copy)
        return VerifyOut.model_validate(dict(services.verify(path)))


def safe_suffix(name: str | None) -> str:
    """The suffix of an uploaded name, when it is a harmless one; the rest of the name is never used."""
    suffix = Path(name or "").suffix
    return suffix.lower() if _SUFFIX.fullmatch(suffix) else ""


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=PATIENCE_S):
        raise VerifyBusy(
            f"{AT_ONCE} files are being verified, and others wait", remedy="try again in a few seconds"
        )
    try:
        yield
    finally:
        _slots.release()
