"""The contracts lie in the open, are valid by their own standards, and nothing that others rely on goes unnoticed."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from tests.docs import asyncapi, contract
from tests.docs.openapi import document

SCHEMA = Path(__file__).parent / "schemas" / "asyncapi-3.0.0.json.gz"
"""Apache-2.0, from the npm package @asyncapi/specs 6.11.1 (schemas/3.0.0-without-$id.json), unchanged but for the spaces."""


def bodies_with_examples() -> Iterator[Any]:
    """Every schema of the interface that shows what it means."""
    for name, schema in document()["components"]["schemas"].items():
        if "examples" in schema:
            yield pytest.param(name, schema["examples"], id=name)


def test_the_interface_is_valid_openapi() -> None:
    validate(document())


@pytest.mark.parametrize(("name", "examples"), list(bodies_with_examples()))
def test_every_example_of_a_body_fits_its_own_schema(name: str, examples: list[Any]) -> None:
    whole = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    for example in examples:
        jsonschema.Draft202012Validator(whole).validate(example)


def test_the_events_are_valid_asyncapi() -> None:
    schema = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    jsonschema.Draft7Validator(schema).validate(asyncapi.document())


def test_every_example_of_an_event_fits_its_schema_with_and_without_a_trace() -> None:
    for message in asyncapi.document()["components"]["messages"].values():
        for example in message["examples"]:
            for more in ({}, {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "a=1"}):
                jsonschema.Draft202012Validator(message["payload"]).validate({**example["payload"], **more})


def test_every_event_says_how_it_lies_on_kafka() -> None:
    for message in asyncapi.document()["components"]["messages"].values():
        assert message["headers"]["properties"].keys() == {"ce_id"}
        assert message["bindings"]["kafka"]["key"]["type"] == "string"


def test_no_promise_is_broken() -> None:
    lost = contract.broken(contract.promised(), contract.kept())
    assert not lost, f"a breaking change; if it is meant, strike these lines from docs/contract.txt: {lost}"


def test_taking_a_field_away_is_noticed_and_adding_one_is_not() -> None:
    code = contract.kept()
    gone = "POST /v1/judgements answers 200 verdict: string"
    assert contract.broken(code, code - {gone}) == (gone,)
    assert contract.broken(code - {gone}, code) == ()


def test_another_type_and_a_field_newly_asked_for_are_noticed() -> None:
    code = contract.kept()
    before = "POST /v1/generations takes prompt: string asked for"
    after = "POST /v1/generations takes prompt: integer asked for"
    assert contract.broken(code, code - {before} | {after}) == (after, before)
    assert contract.broken(code - {before}, code) == (before,)


def test_a_new_route_may_ask_for_what_it_likes() -> None:
    new = "POST /v2/things takes name: string asked for"
    assert contract.broken(contract.kept(), contract.kept() | {"POST /v2/things", new}) == ()
