"""docs/contract.txt: what others rely on, a line each, so that nothing of it goes without somebody striking the line by hand.

`make docs` adds lines and never takes one away. A line that the code does not make true any more, or a field that is asked for
now and was not before, is a breaking change: it needs a new major version, or the line struck in the same change.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from moderation.bus.dead_letters import DLQ_SUFFIX
from moderation.messages import MESSAGES, TYPE_PREFIX, Topic
from tests.docs.codes import ROOT
from tests.docs.event_tables import schema
from tests.docs.openapi import document

HEAD = (
    "# What others rely on: routes with what they take and answer, topics and messages with their fields.\n"
    "# `make docs` adds lines. To take one away is a breaking change: strike it by hand, in the change that breaks it.\n"
)
PATH = ROOT / "docs" / "contract.txt"
ASKED = " asked for"
JSON = "application/json"


def promised() -> frozenset[str]:
    """The lines of the file."""
    lines = PATH.read_text(encoding="utf-8").splitlines() if PATH.exists() else []
    return frozenset(line for line in lines if line and not line.startswith("#"))


def kept() -> frozenset[str]:
    """The lines that the code makes true."""
    return frozenset((*_routes(), *_messages()))


def broken(promises: frozenset[str], code: frozenset[str]) -> tuple[str, ...]:
    """Promises that the code does not keep, and what it asks for now of those who were not asked before."""
    places = {line.partition(" takes ")[0] for line in promises}
    newly_asked = (
        line for line in code - promises if line.endswith(ASKED) and line.partition(" takes ")[0] in places
    )
    return tuple(sorted((*(promises - code), *newly_asked)))


def render_contract() -> str:
    """Every promise made so far, and what is new."""
    return HEAD + "\n".join(sorted(promised() | kept())) + "\n"


def _routes() -> Iterator[str]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            place = f"{method.upper()} {path}"
            yield place
            for parameter in operation.get("parameters", ()):
                asked = ASKED if parameter.get("required") and parameter["in"] != "path" else ""
                yield f"{place} takes {parameter['in']} {parameter['name']}: {_kind(parameter['schema'])}{asked}"
            yield from _fields(
                f"{place} takes", operation.get("requestBody", {}).get("content", {}), asks=True
            )
            for status, answer in operation["responses"].items():
                if status < "300":
                    yield from _fields(f"{place} answers {status}", answer.get("content", {}), asks=False)


def _fields(place: str, content: Mapping[str, Any], *, asks: bool) -> Iterator[str]:
    for media, body in content.items():
        yield f"{place} {media}"
        if media == JSON:
            yield from _walk(place, body.get("schema", {}), "", asks)


def _walk(place: str, node: Mapping[str, Any], prefix: str, asks: bool) -> Iterator[str]:
    node = _resolved(node)
    if node.get("type") == "array":
        yield from _walk(place, node["items"], f"{prefix}[].", asks)
    for name, what in node.get("properties", {}).items():
        asked = ASKED if asks and name in node.get("required", ()) else ""
        yield f"{place} {prefix}{name}: {_kind(what)}{asked}"
        yield from _walk(place, what, f"{prefix}{name}.", asks)


def _messages() -> Iterator[str]:
    yield from (f"topic {topic}{ending}" for topic in Topic for ending in ("", DLQ_SUFFIX))
    for message in MESSAGES:
        kind = f"message {TYPE_PREFIX}{message.kind}.v{message.version} on {message.topic}"
        yield kind
        # a message we send is read by others, one we are sent is made by others: both hold fast
        asks = message.topic is Topic.REQUESTS
        yield from _walk(f"{kind} takes" if asks else f"{kind} has", schema(message), "", asks)


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in node:
        found: Mapping[str, Any] = document()["components"]["schemas"][node["$ref"].rpartition("/")[2]]
        return found
    return node


def _kind(node: Mapping[str, Any]) -> str:
    node = _resolved(node)
    if "anyOf" in node:
        return " or ".join(sorted(_kind(option) for option in node["anyOf"]))
    if node.get("type") == "array":
        return f"list of {_kind(node.get('items', {}))}"
    return str(node.get("type", "anything"))
