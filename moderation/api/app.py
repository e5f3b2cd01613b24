"""The application: every route behind its guard, every error in one shape."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from moderation.api import problems
from moderation.api.admission import Admission
from moderation.api.description import describe
from moderation.api.middleware import Envelope
from moderation.api.routes import (
    accounts,
    assets,
    audit,
    cases,
    coverage,
    explanations,
    generations,
    health,
    holds,
    judgements,
    likenesses,
    releases,
    restrictions,
    verify,
)
from moderation.api.services import Services

ROUTERS = tuple(
    module.router
    for module in (
        generations,
        judgements,
        assets,
        likenesses,
        restrictions,
        cases,
        releases,
        verify,
        accounts,
        audit,
        coverage,
        explanations,
        holds,
        health,
    )
)


def create_app(services: Services, *, front: Callable[[ASGIApp], ASGIApp] | None = None) -> FastAPI:
    """The application on `services`. It opens nothing and starts nothing: the composition root does. `front` stands before the
    routes and behind the envelope: it may answer what is not the API's to answer."""
    limits = services.limits
    admission = Admission(threads=limits.judging_threads, waiting=limits.judging_waiting)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        admission.close()  # what still waits is answered by nobody: its connection was given up

    app = FastAPI(
        title="Safeconduct",
        version="1",
        lifespan=lifespan,
        description="The gate for generative video: requests, decisions, likenesses, review, releases.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.services = services
    app.state.admission = admission
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    app.openapi = lambda: describe(app, ROUTERS)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    if front is not None:
        app.add_middleware(front)
    app.add_middleware(Envelope, metrics=services.metrics)
    return app
