"""What route files share: the services as a dependency, the router they build on, and the errors every route may answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from moderation.api.admission import Admission
from moderation.api.problems import MEDIA_TYPE, Problem
from moderation.api.services import Services
from moderation.api.strict import GuardedRoute

_TOLD = {
    400: "The request is not strict JSON, or not HTTP.",
    401: "No valid key came with the request.",
    403: "The key lacks the role, or the thing belongs to somebody else.",
    404: "There is no such thing, or it is not yours to see.",
    409: "It has moved on: read it again.",
    413: "The body is too large.",
    415: "The media type is not the one this route reads.",
    422: "A field is missing or wrong.",
    500: "Something went wrong here.",
    503: "A part of the service does not answer now, or is full: send it again after Retry-After.",
}


# Coroutines, though they wait for nothing: FastAPI would send each plain function to a thread, on every request.


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _admission(request: Request) -> Admission:
    admission: Admission = request.app.state.admission
    return admission


ServicesHere = Annotated[Services, Depends(_services)]
AdmissionHere = Annotated[Admission, Depends(_admission)]


def make_router(tag: str, prefix: str = "") -> APIRouter:
    """A router whose routes are guarded, strict, and documented with the error shape."""
    responses: dict[int | str, dict[str, Any]] = {
        status: {"description": text, "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}}
        for status, text in _TOLD.items()
    }
    return APIRouter(prefix=prefix, tags=[tag], route_class=GuardedRoute, responses=responses)
