"""Structured logs without personal data: one JSON object a line, and only what is known to be harmless passes.

Fields pass by an allow list: numbers, ids, codes, states. Any other text becomes `[redacted]`, so a new field that carries a
prompt is dark until somebody says that it may be seen. The event is a fixed text of our code, never built from input. Keys,
addresses and tokens are scrubbed even from allowed fields; exceptions are type and place, for messages quote input.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import PurePath
from types import TracebackType
from typing import Any, TextIO

import structlog

from moderation import traces

REDACTED = "[redacted]"
MAX_TEXT = 300
ALLOWED_FIELDS = frozenset({
    "event", "level", "logger", "timestamp", "code", "cause", "check", "stage", "verdict", "category",
    "state", "kind", "topic", "partition", "route", "method", "status", "worker", "revision", "generator",
    "reason_code", "part", "lease", "version", "signal", "outcome", "change", "role", "roles", "act",
    "sha256", "error", "error_at", "head", "loop", "loops", "group", "job", "pool", "sense",
})  # fmt: skip
FREE_TEXT = frozenset({"event", "timestamp", "error_at"})
ALLOWED_SUFFIXES = ("_id", "_ids", "_code", "_sha256", "_revision", "_state", "_kind")
_ANY_SECRET = (
    re.compile(r"sk_[0-9a-zA-Z]{4,}_?[0-9a-zA-Z]*"),
    re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+\.[^\s@\"'<>]+"),
    re.compile(r"(?i)\b(?:token|signature|authorization|password|secret)=?[\"':\s]*(?:bearer\s+)?[^\s&\"']+"),
)
_WORD = re.compile(r"[\w.:/+*,=-]{0,200}", re.ASCII)

EventDict = MutableMapping[str, Any]


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send everything, the standard library's loggers too, to `stream` (standard error) as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_trace,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            use_get_message=False,  # other libraries' lines: the template, without the values put into it
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger(
        "uvicorn.access"
    ).disabled = True  # it writes whole URLs; `api.middleware` logs the route instead


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger: `get_logger(__name__).info("generation.approved", generation_id=…)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def name_trace(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The processor: a line written inside a trace says which."""
    found = traces.trace_id()
    if found:
        event["trace_id"] = found
    return event


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The processor: allow-listed fields pass, scrubbed; other text is dropped; an exception becomes type and place."""
    failure = event.pop("exc_info", None)
    for field, value in list(event.items()):
        if not field.startswith("_"):
            event[field] = _clean(field, value)
    if failure:
        event.update(describe_failure(failure))
    return event


def scrub(text: str) -> str:
    """`text` without keys, addresses and tokens, shortened."""
    for pattern in _ANY_SECRET:
        text = pattern.sub(REDACTED, text)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _clean(field: str, value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if field in ALLOWED_FIELDS or field.endswith(ALLOWED_SUFFIXES):
        return _clean_allowed(field, value)
    return REDACTED


def _clean_allowed(field: str, value: object) -> object:
    if isinstance(value, Mapping):
        return REDACTED
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean_allowed(field, item) for item in value]
    text = scrub(str(value))
    return text if field in FREE_TEXT or _WORD.fullmatch(text) else REDACTED


def describe_failure(failure: object) -> dict[str, str]:
    """An exception, or `exc_info`, as type and place: fields that a log line may carry, whatever formats it."""
    error: BaseException | None = None
    if isinstance(failure, BaseException):
        error = failure
    elif isinstance(failure, tuple) and len(failure) == 3:
        error = failure[1]
    else:
        error = sys.exc_info()[1]
    if error is None:
        return {}
    return {"error": type(error).__name__, "error_at": _place(error.__traceback__)}


def _place(trace: TracebackType | None, frames: int = 6) -> str:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{PurePath(code.co_filename).name}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-frames:]))
