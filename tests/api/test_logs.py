"""Logs are JSON lines from which no prompt, name, address or key can be read, whoever writes them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from moderation.accounts.models import Role
from moderation.observability.logs import (
    REDACTED,
    configure_logging,
    describe_failure,
    get_logger,
    redact,
    scrub,
)
from tests.support.api import World

KEY = "sk_" + "0f" * 16 + "_" + "ab" * 32


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where log lines go; everything is put back afterwards."""
    root = logging.getLogger()
    handlers, level, access = root.handlers[:], root.level, logging.getLogger("uvicorn.access").disabled
    stream = io.StringIO()
    configure_logging("DEBUG", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = access


def _read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_logger_and_event(lines: io.StringIO) -> None:
    get_logger("gate").info("generation.approved", generation_id="gen_1", seconds=0.5, verdict="allow")
    [line] = _read(lines)
    assert (line["event"], line["level"], line["logger"]) == ("generation.approved", "info", "gate")
    assert (line["generation_id"], line["seconds"], line["verdict"]) == ("gen_1", 0.5, "allow")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "field",
    [
        "prompt",
        "text",
        "name",
        "handle",
        "reason",
        "detail",
        "message",
        "embedding",
        "new_field",
        "url",
        "value",
    ],
)
def test_a_field_nobody_allowed_is_dark(lines: io.StringIO, field: str) -> None:
    get_logger("gate").warning("happened", **{field: "Ada Lovelace walks"})
    assert _read(lines)[0][field] == REDACTED


@pytest.mark.parametrize(
    "value", ["a sentence with spaces", ["ok", "not ok at all"], {"prompt": "x"}, "Zoë", "x" * 201]
)
def test_an_allowed_field_carries_words_without_spaces_only(lines: io.StringIO, value: object) -> None:
    get_logger("gate").warning("happened", code=value)
    shown = json.dumps(_read(lines)[0]["code"])
    assert REDACTED in shown
    assert not any(word in shown for word in ("sentence", "not ok", "prompt", "Zo", "xxx"))


@pytest.mark.parametrize(
    "secret", [KEY, "ada@example.org", "token=0f0f0f0f", "Authorization: Bearer abcdef", "password=hunter2"]
)
def test_keys_addresses_and_tokens_are_scrubbed_even_from_events(lines: io.StringIO, secret: str) -> None:
    get_logger("gate").error(f"failed for {secret}", account_id=secret)
    text = lines.getvalue()
    assert secret not in text
    assert secret.split("=")[-1].split(" ")[-1] not in text


@pytest.mark.parametrize(
    "field", ["loop", "group", "job", "pool", "sense", "topic", "generation_id", "error"]
)
def test_what_an_operator_needs_is_shown(lines: io.StringIO, field: str) -> None:
    get_logger("bus").warning("loop_failed", **{field: "request-gate"})
    assert _read(lines)[0][field] == "request-gate"


def test_an_exception_is_its_type_and_place_and_not_its_message(lines: io.StringIO) -> None:
    def fail() -> None:
        prompt = "a private wish"
        raise ValueError(f"cannot judge {prompt!r}")

    try:
        fail()
    except ValueError:
        get_logger("gate").exception("check.failed")
    [line] = _read(lines)
    assert line["error"] == "ValueError"
    assert line["error_at"].startswith("test_logs.py:")
    assert "fail" in line["error_at"]
    assert "private wish" not in lines.getvalue()


def test_other_libraries_lines_keep_their_template_and_lose_their_values(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("cannot read %s for %s", "/home/ada/film.mp4", "Ada")
    try:
        raise RuntimeError("parameters: 'a private wish'")
    except RuntimeError:
        logging.getLogger("sqlalchemy").exception("query failed")
    first, second = _read(lines)
    assert first["event"] == "cannot read %s for %s"
    assert second["error"] == "RuntimeError"
    assert not any(word in lines.getvalue() for word in ("ada", "Ada", "private"))


def test_uvicorns_access_log_with_its_whole_urls_is_off(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info(
        '%s - "%s %s"', "1.2.3.4", "GET", "/v1/releases/r/file?token=abc"
    )
    assert lines.getvalue() == ""


def test_a_request_is_logged_by_its_route_without_what_was_sent(world: World, lines: io.StringIO) -> None:
    headers = world.key(Role.OWNER)
    answer = world.client.post(
        "/v1/generations?x=secretquery", json={"prompt": "a private wish"}, headers=headers
    )
    line = next(line for line in _read(lines) if line["event"] == "http.answered")
    assert (line["route"], line["method"], line["status"]) == ("/v1/generations", "POST", 202)
    assert line["request_id"] == answer.headers["x-request-id"]
    key = headers["Authorization"].removeprefix("Bearer ")
    assert not any(word in lines.getvalue() for word in ("private wish", "secretquery", key))


@given(st.text(max_size=40), st.text(max_size=40))
def test_scrubbing_never_lets_a_key_through(before: str, after: str) -> None:
    assert KEY not in scrub(f"{before} {KEY} {after}")


@given(
    st.dictionaries(
        st.text(max_size=10), st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5
    )
)
def test_text_in_unknown_fields_never_passes(fields: dict[str, str]) -> None:
    values = {f"x_{name}_y": value for name, value in fields.items()}
    assert set(redact(None, "info", dict(values)).values()) <= {REDACTED}


def test_no_exception_is_described_as_nothing() -> None:
    assert describe_failure(True) == {}
    assert describe_failure((None, None, None)) == {}
