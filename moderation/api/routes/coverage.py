"""`GET /v1/coverage`: what the active profile looks at, with which models, and what nobody looks at."""

from dataclasses import asdict

from pydantic import BaseModel

from moderation.api.auth import Anyone
from moderation.api.context import ServicesHere, make_router

router = make_router("coverage", "/v1/coverage")


class CoverageView(BaseModel):
    """An aspect and who looks at it; `status` is covered, overridden, missing or uncovered."""

    aspect: str
    medium: str
    categories: list[str]
    stage: str
    status: str
    models: list[str]
    revision: str
    measured: str
    about: str
    fill_with: str


@router.get("", summary="What is looked at, and what is not")
def coverage(_who: Anyone, services: ServicesHere) -> list[CoverageView]:
    """One row for each check of the active profile and for each aspect that it has no model for. What is `uncovered` here is what
    every decision lists as such."""
    return [CoverageView.model_validate(asdict(row)) for row in services.coverage()]
