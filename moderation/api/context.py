"""What route files share: the services as a dependency, the router they build on, and the errors every route may answer."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from moderation.api.admission import Admission
from moderation.api.description import problem_responses
from moderation.api.services import Services
from moderation.api.strict import GuardedRoute

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
    return APIRouter(prefix=prefix, tags=[tag], route_class=GuardedRoute, responses=problem_responses())
