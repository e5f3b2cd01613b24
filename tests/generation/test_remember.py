"""What the machine perceived is there for the person who must decide, and nowhere else."""

import numpy as np
import pytest

from moderation.gate.perceived import Perceived, recall, remember
from moderation.gate.subjects import FaceSighting, Media, Observed, Spoken
from moderation.generation.remember import remember_held
from moderation.generation.state import State
from moderation.store import Database
from tests.support.rows import generation

CLIP = Media(
    "a" * 64,
    kind="video",
    duration_s=4.0,
    faces=Observed((FaceSighting(1.5, 0.1, 0.2, 0.3, 0.4, 80.0, True),)),
    speech=Observed((Spoken(0.5, 2.0, "good morning"),)),
)


@pytest.mark.parametrize(
    ("state", "held", "kept"),
    [(State.HELD, "output", 1), (State.GENERATED, "", 0), (State.REFUSED, "", 0)],
)
def test_what_was_perceived_is_kept_for_held_generations_only(
    database: Database, state: State, held: str, kept: int
) -> None:
    with database.transaction() as session:
        row = generation("gen_1", state=state, held=held)
        row.output_decision_id = "dec_1"
        session.add(row)
        session.flush()
        remember_held(session, "gen_1", (CLIP,), now_ms=5)
        remember_held(session, "gen_1", (CLIP,), now_ms=6)
    with database.read() as session:
        known = recall(session, "dec_1")
    assert len(known) == kept
    if kept:
        assert known[0]["speech"]["value"] == [{"start_s": 0.5, "end_s": 2.0, "text": "good morning"}]
        assert known[0]["faces"]["value"][0]["time_s"] == 1.5


def test_at_the_request_stage_it_belongs_to_the_decision_on_the_request(database: Database) -> None:
    with database.transaction() as session:
        row = generation("gen_1", state=State.HELD, held="request")
        row.request_decision_id = "dec_request"
        session.add(row)
        session.flush()
        remember_held(session, "gen_1", (CLIP, Media("b" * 64)), now_ms=5)
    with database.read() as session:
        assert [one["asset"] for one in recall(session, "dec_request")] == ["a" * 64, "b" * 64]


def test_an_embedding_cannot_be_kept_by_mistake(database: Database) -> None:
    biometric = Media("c" * 64, faces=Observed(np.zeros(512, np.float32)))  # type: ignore[arg-type]  # the mistake
    with database.transaction() as session, pytest.raises(TypeError):
        remember(session, "dec_1", (biometric,), now_ms=1)
    with database.read() as session:
        assert session.get(Perceived, ("dec_1", "c" * 64)) is None
