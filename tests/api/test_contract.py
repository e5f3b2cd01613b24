"""schemathesis plays against the whole interface, in process, in every role: what it answers is what docs/openapi.yaml promises.

A short round for each operation in `make test`, always the same; `make fuzz` plays long, on PostgreSQL too, and never the same.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from moderation.api.problems import MEDIA_TYPE, URN
from moderation.store import Database
from tests.api.players import Players, Request, make_players, operations
from tests.docs.openapi import document

NAMES = sorted(operations(document()))
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
SHORT, LONG = 6, int(os.environ.get("SAFECONDUCT_FUZZ_EXAMPLES", "300"))
REFUSES = checks.negative_data_rejection
CONFORMS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    REFUSES,
]
ANYTHING_IS_A_FILE = "POST /v1/verify"
"""In a form a number is a text, and a text is a file's content: there is nothing schemathesis could make wrong of it."""
RED = {"GET /health": 503}
"""A whole that is not well says so by this status."""


@pytest.fixture(scope="module")
def players(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Players]:
    """On a database of their own."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('contract') / 'play.db'}")
    database.create_all()
    yield from _playing(database)
    database.close()


@pytest.fixture
def long_players(database: Database) -> Iterator[Players]:
    """On SQLite and on PostgreSQL."""
    yield from _playing(database)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_answers_is_what_it_promises(players: Players, name: str) -> None:
    for mode in MODES:
        play(players, name, mode, settings(max_examples=SHORT, derandomize=True))


@pytest.mark.fuzz
@pytest.mark.parametrize("name", NAMES)
def test_what_it_answers_in_the_long_run_is_what_it_promises(long_players: Players, name: str) -> None:
    for mode in MODES:
        play(long_players, name, mode, settings(max_examples=LONG))


def play(players: Players, name: str, mode: GenerationMode, how: settings) -> None:
    """Play one operation, and hold every answer to the document."""
    operation = operations(document(), players.world)[name]
    if mode is GenerationMode.NEGATIVE and not (operation.body or list(operation.iter_parameters())):
        return  # nothing that could be wrong

    @settings(
        how,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(players.cases(operation, mode))
    def round_(case: Request) -> None:
        answer = case.call()
        players.learn(answer)
        if RED.get(name) != answer.status_code:
            held = [check for check in CONFORMS if name != ANYTHING_IS_A_FILE or check is not REFUSES]
            case.validate_response(answer, checks=held)
            _is_a_whole_problem(answer)
            _agrees_on_what_is_valid(case, mode, answer)

    round_()


def _is_a_whole_problem(answer: Any) -> None:
    if answer.status_code >= 400 and answer.status_code != 416:
        assert answer.headers["content-type"] == [MEDIA_TYPE]
        body = answer.json()
        assert body["type"] == URN + body["code"]
        assert (body["status"], [body["instance"]]) == (answer.status_code, answer.headers["x-request-id"])
        assert body["detail"]
        assert body["remedy"]


def _agrees_on_what_is_valid(case: Request, mode: GenerationMode, answer: Any) -> None:
    """A request that fits the document is refused for what it says, never for its form."""
    if mode is GenerationMode.POSITIVE and answer.status_code in {400, 415, 422}:
        code = answer.json()["code"]
        assert not code.startswith(("request.", "body.", "http.")), f"{case.as_curl_command()}: {answer.text}"


def _playing(database: Database) -> Iterator[Players]:
    made = make_players(database)
    with made.world.client:
        yield made
    made.world.services.health.close()
