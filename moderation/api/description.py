"""The interface's own description, OpenAPI 3.1: what FastAPI derives from the routes, and what it cannot know.

It cannot know the one shape of every error, the headers that the outermost layer adds, which doors are open, and which roles
open the others. docs/openapi.yaml is this description, held to the code by a test.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from moderation.api.auth import Guard, OpenDoor
from moderation.api.problems import MEDIA_TYPE, STATUS_HEADERS, Problem
from moderation.api.strict import find_guard

TOLD: Mapping[int, str] = {
    400: "The request is not strict JSON, or not HTTP.",
    401: "No valid key came with the request.",
    403: "The key lacks the role, or the thing belongs to somebody else.",
    404: "There is no such thing, or it is not yours to see.",
    409: "It has moved on: read it again.",
    410: "It was there and is no more: withdrawn, erased, or expired.",
    413: "The body is too large.",
    415: "The media type is not the one this route reads.",
    422: "A field is missing or wrong.",
    429: "The account has asked too often: wait as long as Retry-After says.",
    500: "Something went wrong here.",
    503: "A part of the service does not answer now, or is full: send it again after Retry-After.",
}
"""What each error means, on every route."""

REQUEST_ID: Mapping[str, Any] = {
    "description": "The id of this request in the logs.",
    "schema": {"type": "string", "pattern": "^req_[0-9a-f]{32}$"},
}
RETRY_AFTER: Mapping[str, Any] = {
    "description": "Seconds to wait.",
    "schema": {"type": "integer", "minimum": 1},
}
CHALLENGE: Mapping[str, Any] = {"description": "How to present a key.", "schema": {"type": "string"}}
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head"})
_SCHEMA = {"$ref": "#/components/schemas/Problem"}


def problem_responses() -> dict[int | str, dict[str, Any]]:
    """Every error as a route documents it."""
    return {
        status: {"description": text, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
        for status, text in TOLD.items()
    }


def describe(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    """The description of `app`, which includes `routers`; made once, then remembered as FastAPI does."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            description=app.description,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            routes=app.routes,
        )
        _complete(made, _guards(routers))
        app.openapi_schema = made
    return app.openapi_schema


def _guards(routers: Sequence[APIRouter]) -> dict[tuple[str, str], Guard]:
    """Who may call, by method (lower case) and path."""
    routes = (route for router in routers for route in router.routes if isinstance(route, APIRoute))
    return {
        (method.lower(), route.path): find_guard(route) for route in routes for method in route.methods or ()
    }


def _complete(document: dict[str, Any], doors: Mapping[tuple[str, str], Guard]) -> None:
    written = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = document["components"]
    parts["schemas"].update(written.pop("$defs"), Problem=written)
    parts["headers"] = {"X-Request-Id": REQUEST_ID, "Retry-After": RETRY_AFTER, "WWW-Authenticate": CHALLENGE}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in _METHODS:
                _say_who(operation, doors[(method, path)])
                answers = operation["responses"]
                for status, response in answers.items():
                    _add_headers(int(status), response)
                _say_once(answers, parts.setdefault("responses", {}))


def _say_who(operation: dict[str, Any], guard: Guard) -> None:
    """An open door asks for no key; every other names the roles of which one is needed."""
    if isinstance(guard, OpenDoor):
        operation["security"] = []
    else:
        operation["x-roles"] = sorted(role.value for role in guard.roles)


def _say_once(answers: dict[str, Any], shared: dict[str, Any]) -> None:
    """The errors are the same on every route: each is written once and referred to."""
    for status, text in TOLD.items():
        response = answers.get(str(status), {})
        if response.get("description") == text and response["content"].keys() == {MEDIA_TYPE}:
            shared[f"Problem{status}"] = response
            answers[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}


def _add_headers(status: int, response: dict[str, Any]) -> None:
    named = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    for name in STATUS_HEADERS.get(status, {}):
        if name != "Connection":
            named[name] = {"$ref": f"#/components/headers/{name}"}
    response["headers"] = {**named, **response.get("headers", {})}
