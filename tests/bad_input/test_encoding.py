"""The short way of writing an event gives the bytes of the long one, and reads back as what was written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from moderation.messages import (
    MESSAGES,
    Envelope,
    GenerationRequested,
    Message,
    MessageError,
    decode,
    encode,
    refuse_duplicates,
)
from tests.docs.examples import EXAMPLES

TIMES = st.integers(0, 4_000_000_000_000)
IDS = st.text(min_size=1, max_size=30)
PROMPTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)


def the_long_way(message: Message, event_id: str, at_ms: int) -> bytes:
    return Envelope.wrap(message, event_id=event_id, at_ms=at_ms).encode()


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: message.kind)
def test_each_kind_of_message_is_written_as_by_its_envelope(message: Message) -> None:
    written = encode(message, event_id="evt_1", at_ms=1_700_000_000_123)
    assert written == the_long_way(message, "evt_1", 1_700_000_000_123)
    assert decode(written).open() == message


def test_there_is_an_example_of_each_kind() -> None:
    assert {type(message) for message in EXAMPLES} == set(MESSAGES)


@given(PROMPTS, IDS, TIMES, st.floats(0.1, 60), st.text(min_size=1, max_size=60).filter(str.isprintable))
def test_any_text_id_and_time_are_written_as_by_the_envelope(
    prompt: str, event_id: str, at_ms: int, seconds: float, name: str
) -> None:
    message = GenerationRequested.model_validate(
        {"generation_id": name, "account_id": "a", "prompt": prompt, "parameters": {"seconds": seconds}}
    )
    written = encode(message, event_id=event_id, at_ms=at_ms)
    assert written == the_long_way(message, event_id, at_ms)
    assert decode(written).time == datetime.fromtimestamp(at_ms / 1000, tz=UTC)


@pytest.mark.parametrize("event_id", ["", "x" * 201])
def test_an_event_id_that_no_reader_takes_is_not_written(event_id: str) -> None:
    with pytest.raises(ValidationError):
        encode(EXAMPLES[0], event_id=event_id, at_ms=1)


def test_the_field_that_stands_twice_is_named() -> None:
    with pytest.raises(MessageError, match=r"^b: appears twice"):
        refuse_duplicates([("a", 1), ("b", 2), ("c", 3), ("b", 2)])
