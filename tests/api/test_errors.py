"""Every error in one shape, naming field, value and remedy; nothing that is sent makes the service fall over."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from consent.biometrics.index import IndexStale
from consent.likeness.handles import HandleInvalid
from consent.likeness.refusals import EnrolmentRefused
from moderation.accounts.models import Role
from moderation.api.strict import BodyInvalid, parse_strict
from moderation.asset_files import AssetStoreDenied
from moderation.generation.request_stage import ConsentMoved
from moderation.store import Database
from tests.support.api import PNG, MemoryFiles, World, assert_problem, make_world

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def owner(world: World) -> dict[str, str]:
    return {**world.key(Role.OWNER, Role.PIPELINE), **JSON}


def _post(world: World, headers: dict[str, str], content: bytes | Iterator[bytes]) -> Any:
    return world.client.post("/v1/generations", content=content, headers=headers)


def test_an_unknown_path_is_a_problem(world: World) -> None:
    body = assert_problem(world.client.get("/v1/nothing"), 404, "http.not_found")
    assert body["value"] == "/v1/nothing"
    assert "openapi" in body["remedy"]


def test_a_wrong_method_names_the_right_ones(world: World) -> None:
    answer = world.client.patch("/v1/verify")
    body = assert_problem(answer, 405, "http.method_not_allowed")
    assert answer.headers["allow"] == "POST"
    assert (body["field"], body["value"]) == ("method", "PATCH")


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
def test_a_wrong_media_type_is_named(world: World, owner: dict[str, str], media: str) -> None:
    answer = _post(world, {**owner, "Content-Type": media}, b'{"prompt": "x"}')
    body = assert_problem(answer, 415, "body.media_type")
    assert "application/json" in body["remedy"]


def test_json_may_come_by_another_json_type(world: World, owner: dict[str, str]) -> None:
    for media in ("application/json; charset=utf-8", "application/vnd.example+json"):
        assert _post(world, {**owner, "Content-Type": media}, b'{"prompt": "x"}').status_code == 202


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        (b"", "body", "no JSON"),
        (b"{", "body", "no JSON"),
        (b'{"prompt": "a"', "body", "line 1 column"),
        (b"\xff\xfe{", "body", "valid UTF-8 at byte 0"),
        (b'{"prompt": "\xc3"}', "body", "valid UTF-8"),
        (b'{"prompt": "a", "prompt": "b"}', "prompt", "twice"),
        (b'{"prompt": "a", "parameters": {"fps": 1, "fps": 2}}', "fps", "twice"),
        (b'{"prompt": NaN}', "body", "no JSON number"),
        (b'{"prompt": "a", "parameters": {"seconds": Infinity}}', "body", "no JSON number"),
        (b'{"prompt": "a\\u0000b"}', "body", "NUL"),
        (b'{"prompt": "\\ud800"}', "body", "lone surrogate"),
        (b'{"\\udfff": 1}', "body", "lone surrogate"),
        (b"[" * 100_00, "body", "nested too deeply"),
        (b'{"prompt": ' + b"9" * 5000 + b"}", "body", "cannot be read"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_its_place(
    world: World, owner: dict[str, str], content: bytes, field: str, words: str
) -> None:
    answer = _post(world, owner, content)
    if content == b"":
        assert_problem(answer, 422, "request.invalid")
        return
    body = assert_problem(answer, 400, "body.invalid_json")
    assert body["field"] == field
    assert words in body["detail"]
    assert body["remedy"]


def test_a_missing_field_is_named(world: World, owner: dict[str, str]) -> None:
    body = assert_problem(_post(world, owner, b"{}"), 422, "request.invalid")
    assert body["field"] == "prompt"
    assert "required" in body["detail"]


def test_of_several_faults_all_are_told(world: World, owner: dict[str, str]) -> None:
    content = json.dumps(
        {"prompt": "x", "references": ["zz"], "parameters": {"fps": 0, "seconds": 1e9}}
    ).encode()
    body = assert_problem(_post(world, owner, content), 422, "request.invalid")
    assert {fault["field"] for fault in body["errors"]} == {
        "references.0",
        "parameters.fps",
        "parameters.seconds",
    }
    assert {fault["value"] for fault in body["errors"]} == {"zz", "0", "1000000000.0"}


def test_an_error_never_carries_a_whole_prompt(world: World, owner: dict[str, str]) -> None:
    secret = "a very private wish " * 1100
    answer = _post(world, owner, json.dumps({"prompt": secret}).encode())
    body = assert_problem(answer, 413 if len(secret) > 20_000 else 422, "body.too_large")
    assert secret[:200] not in json.dumps(body)


def test_a_long_value_is_shortened(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    with world.client:
        headers = {**world.key(Role.OWNER), **JSON}
        answer = _post(world, headers, json.dumps({"prompt": "ok", "purpose": "p" * 500}).encode())
    body = assert_problem(answer, 422, "request.invalid")
    assert body["field"] == "purpose"
    assert body["value"].endswith("…")
    world.services.health.close()


def test_an_announced_body_that_is_too_large_is_refused_unread(world: World, owner: dict[str, str]) -> None:
    body = assert_problem(_post(world, owner, b"x" * 20_001), 413, "body.too_large")
    assert body["value"] == "20001 bytes"
    assert "20000 bytes" in body["detail"]


def test_a_body_that_grows_too_large_on_the_way_is_refused(world: World, owner: dict[str, str]) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(50):
            yield b" " * 1000

    assert_problem(_post(world, owner, endless()), 413, "body.too_large")


@pytest.mark.parametrize("path", ["/v1/generations/a%00b", "/v1/generations?account_id=%00", "/v1/cases/%00"])
def test_a_nul_in_the_address_is_refused(world: World, path: str) -> None:
    assert_problem(world.client.get(path, headers=world.key(Role.ADMIN, Role.MODERATOR)), 400, "http.nul")


def test_an_unforeseen_error_tells_nothing_but_where_to_look(sqlite_database: Database) -> None:
    def fail(item: object) -> dict[str, Any]:
        raise RuntimeError("secret inside: prompt of Ada")

    world = make_world(sqlite_database, judge=fail)
    with world.client:
        answer = world.client.post("/v1/judgements", json={"text": "x"}, headers=world.key(Role.OWNER))
    body = assert_problem(answer, 500, "service.internal")
    assert "Ada" not in json.dumps(body)
    assert world.services.metrics.registry.get_sample_value(
        "safeconduct_http_requests_total", {"method": "POST", "route": "/v1/judgements", "status": "500"}
    ) == 1  # fmt: skip
    world.services.health.close()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("SELECT 1", {}, Exception("gone away")), 503, "store.unreachable"),
        (ConsentMoved("likeness lik_1 moved"), 409, "consent.moved"),
        (IndexStale("index: is 3 s old; wait"), 503, "index.stale"),
        (
            EnrolmentRefused("handle_taken", "handle: @ada is taken; choose another"),
            409,
            "enrolment.handle_taken",
        ),
        (
            EnrolmentRefused("no_face", "portraits: no face was found; send a clear picture"),
            422,
            "enrolment.no_face",
        ),
        (HandleInvalid("handle: 'x' cannot be used; take another"), 422, "likeness.handle_invalid"),
    ],
)
def test_errors_of_the_other_parts_become_problems(
    sqlite_database: Database, error: Exception, status: int, code: str
) -> None:
    def fail(item: object) -> dict[str, Any]:
        raise error

    world = make_world(sqlite_database, judge=fail)
    with world.client:
        answer = world.client.post("/v1/judgements", json={"text": "x"}, headers=world.key(Role.OWNER))
    body = assert_problem(answer, status, code)
    assert body["remedy"]
    assert "SELECT" not in json.dumps(body)
    world.services.health.close()


def test_every_answer_has_the_headers_that_keep_it_private(world: World) -> None:
    for answer in (world.client.get("/health/live"), world.client.get("/nothing")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"].startswith("req_")


def test_what_names_the_operators_settings_is_told_by_its_code_alone(world: World, monkeypatch: Any) -> None:
    def keep(*_: object) -> None:
        raise AssetStoreDenied(
            "refuses our credentials for the bucket films", field="KEY", value="AKIA17", remedy="at s3:8333"
        )

    monkeypatch.setattr(MemoryFiles, "keep", keep)
    answer = world.client.post("/v1/assets", content=PNG, headers=world.key(Role.OWNER))
    assert_problem(answer, 503, "asset_store.denied")
    assert not [word for word in ("films", "KEY", "AKIA17", "8333") if word in answer.text]


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_strict_reading_agrees_with_the_standard_on_all_good_json(value: object) -> None:
    assert parse_strict(json.dumps(value).encode()) == json.loads(json.dumps(value))


@given(st.binary(max_size=60))
def test_strict_reading_answers_any_bytes(content: bytes) -> None:
    try:
        value = parse_strict(content)
    except BodyInvalid as error:
        told = error
    else:
        assert json.dumps(value).encode()
        return
    assert told.remedy
