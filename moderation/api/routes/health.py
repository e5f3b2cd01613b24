"""`/health`, `/metrics` and the interface's own description."""

from typing import Any

from fastapi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from moderation.api.auth import Anyone, Nobody, Operator
from moderation.api.context import ServicesHere, make_router

router = make_router("health")


class PartView(BaseModel):
    """One part: whether it works, and if not, why."""

    name: str
    ok: bool
    code: str = ""
    detail: str = ""
    seconds: float


class HealthView(BaseModel):
    """Every part; `ok` when all work."""

    ok: bool
    parts: list[PartView]


class AliveView(BaseModel):
    """The process answers."""

    alive: bool = True


@router.get("/health/live", summary="Does the process answer?")
def live(_who: Nobody) -> AliveView:
    """For a supervisor; says nothing of the parts."""
    return AliveView()


@router.get("/health", summary="Does every part work?", responses={503: {"model": HealthView}})
def health(_who: Operator, services: ServicesHere, response: Response) -> HealthView:
    """Pings each part now. 503 when one fails: an index, a model or a policy that is missing or stale counts as failing."""
    report = services.health.check()
    response.status_code = 200 if report.ok else 503
    parts = [
        PartView(
            name=part.name, ok=part.ok, code=part.code, detail=part.detail, seconds=round(part.seconds, 4)
        )
        for part in report.parts
    ]
    return HealthView(ok=report.ok, parts=parts)


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
def metrics(_who: Operator, services: ServicesHere) -> Response:
    """In the text exposition format."""
    return Response(services.metrics.render(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/openapi.json", summary="This description", include_in_schema=False)
def openapi(_who: Anyone, request: Request) -> dict[str, Any]:
    """OpenAPI 3.1."""
    described: dict[str, Any] = request.app.openapi()
    return described
