"""docs/asyncapi.yaml from the messages (AsyncAPI 3.0): what another team generates its client from."""

import json
from typing import Any

import yaml

from moderation.bus.dead_letters import DLQ_SUFFIX
from moderation.bus.kafka_producer import EVENT_ID_HEADER
from moderation.messages import COMPACTED, MESSAGES, TYPE_PREFIX, Envelope, Message, Topic
from tests.docs.event_tables import schema
from tests.docs.examples import EXAMPLES, envelope, parked_envelope

HEAD = "# Written by `make docs` from moderation/messages.py; do not edit.\n"
PARKED = "dead_letter.parked"
CONTENT_TYPE = "application/cloudevents+json"
TRACE = {
    "traceparent": {
        "type": "string",
        "description": "W3C Trace Context, as the CloudEvents extension for distributed tracing has it; absent where nothing is "
        "traced, and ignored where it is no trace.",
    },
    "tracestate": {"type": "string", "description": "Beside `traceparent`."},
}


def render_asyncapi() -> str:
    """The whole document."""
    return HEAD + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=130)


def document() -> dict[str, Any]:
    """The document as plain values."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Safeconduct events",
            "version": "1",
            "description": "Commands and events of the gate, JSON in a CloudEvents 1.0 envelope (structured mode). "
            "Readers ignore unknown fields; a newer major version is refused by name.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {_name(topic): _channel(topic) for topic in Topic}
        | {_name(topic) + "Dlq": _dead_letters(topic) for topic in Topic},
        "operations": {_name(topic): _operation(topic) for topic in Topic},
        "components": {
            "messages": {_name(message.kind): _message(message) for message in MESSAGES}
            | {_name(PARKED): _parked()}
        },
    }


def payload(message: type[Message]) -> dict[str, Any]:
    """The JSON Schema of the envelope with this message inside."""
    return _wrapped(f"{TYPE_PREFIX}{message.kind}.v{message.version}", schema(message))


def _wrapped(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    wrapped = schema(Envelope)
    wrapped["properties"] |= {"type": {"const": kind}, "data": data, **TRACE}
    return wrapped


def _on_kafka() -> dict[str, Any]:
    """What stands beside the payload: headers, the key, and what answers which."""
    text = {"type": "string", "description": "The envelope's `id`, for those who do not read the value."}
    return {
        "headers": {"type": "object", "properties": {EVENT_ID_HEADER: text}},
        "correlationId": {
            "description": "Everything about one thing.",
            "location": "$message.payload#/subject",
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "The envelope's `subject`."},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    kinds = [message.kind for message in MESSAGES if message.topic is topic]
    return {
        "address": str(topic),
        "description": "Keeps the last record of each key." if topic in COMPACTED else "Keeps every record.",
        "messages": {_name(kind): {"$ref": f"#/components/messages/{_name(kind)}"} for kind in kinds},
    }


def _dead_letters(topic: Topic) -> dict[str, Any]:
    return {
        "address": f"{topic}{DLQ_SUFFIX}",
        "description": "What could not be processed, why, and how often it was tried; the record itself stays in the database.",
        "messages": {_name(PARKED): {"$ref": f"#/components/messages/{_name(PARKED)}"}},
    }


def _operation(topic: Topic) -> dict[str, Any]:
    action = "receive" if topic is Topic.REQUESTS else "send"
    return {"action": action, "channel": {"$ref": f"#/channels/{_name(topic)}"}}


def _message(message: type[Message]) -> dict[str, Any]:
    example = next(one for one in EXAMPLES if type(one) is message)
    return {
        "name": message.kind,
        "summary": " ".join((message.__doc__ or "").split()),
        "contentType": CONTENT_TYPE,
        "payload": payload(message),
        **_on_kafka(),
        "examples": [{"payload": json.loads(envelope(example).encode())}],
    }


def _parked() -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "integer"}
    data = {
        "dead_letter_id": text, "topic": text, "partition": number, "offset": number, "key": text,
        "event_id": text, "code": text, "tries": number,
    }  # fmt: skip
    kind = f"{TYPE_PREFIX}{PARKED}.v1"
    return {
        "name": PARKED,
        "summary": "A record could not be processed and was parked.",
        "contentType": CONTENT_TYPE,
        "payload": _wrapped(kind, {"type": "object", "properties": data, "required": list(data)}),
        **_on_kafka(),
        "examples": [{"payload": json.loads(parked_envelope().encode())}],
    }


def _name(dotted: str) -> str:
    head, *rest = str(dotted).replace("_", ".").split(".")
    return head + "".join(part.title() for part in rest)
