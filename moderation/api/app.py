"""The application: every route behind its guard, every error in one shape."""

from fastapi import FastAPI

from moderation.api import problems
from moderation.api.admission import Admission
from moderation.api.middleware import Envelope
from moderation.api.routes import (
    accounts,
    assets,
    audit,
    cases,
    generations,
    health,
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
        health,
    )
)


def create_app(services: Services) -> FastAPI:
    """The application on `services`. It opens nothing and starts nothing: the composition root does."""
    app = FastAPI(
        title="Safeconduct",
        version="1",
        description="The gate for generative video: requests, decisions, likenesses, review, releases.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.services = services
    limits = services.limits
    app.state.admission = Admission(threads=limits.judging_threads, waiting=limits.judging_waiting)
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Envelope, metrics=services.metrics)
    return app
