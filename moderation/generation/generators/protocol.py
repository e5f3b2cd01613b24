"""The protocol between this service and a remote generator (a GPU server), version 1. JSON over HTTP.

| call | meaning | answers |
|---|---|---|
| `POST /v1/jobs` | start; multipart: `brief` (JSON of `messages.Brief`), files `portrait` (filename = handle) and `reference` in order; header `Idempotency-Key`: the same key names the same job | 202 `JobView` |
| `GET /v1/jobs/{id}` | how far it is | 200 `JobView`, 404 when unknown |
| `GET /v1/jobs/{id}/output` | the mp4 of a finished job | 200 bytes, 409 when not finished |
| `DELETE /v1/jobs/{id}` | stop it and forget everything about it | 204, also when unknown |
| `GET /v1/identity` | who generates | 200 `Identity` |

With a token, every call carries `Authorization: Bearer …`. A 4xx answer will not get better by repeating; 5xx may.
"""  # noqa: E501  a table row is one line

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

IDEMPOTENCY_HEADER = "Idempotency-Key"


class JobStatus(StrEnum):
    """`done`, `failed` and `cancelled` are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Identity(BaseModel):
    """Name and version of the model that generates; they go into the credential of each release."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    name: str = Field(min_length=1, max_length=100)
    version: str = Field(min_length=1, max_length=100)


class JobView(BaseModel):
    """A job. `sha256` and `bytes` once done, with `seconds` (0: as asked) and `adjusted` where the clip differs from the brief;
    `code`, `detail`, `retryable` once failed."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")
    status: JobStatus
    progress: float = Field(default=0.0, ge=0.0, le=1.0)
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    bytes: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0)
    adjusted: str = Field(default="", max_length=500)
    code: str = Field(default="", max_length=100)
    detail: str = Field(default="", max_length=2000)
    retryable: bool = False
