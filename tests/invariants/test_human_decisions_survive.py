"""Invariant 10: what a person decided survives re-scoring, re-indexing and re-scanning."""

import pytest
from sqlmodel import select

from moderation.bus.jobs import JobRow
from moderation.gate.gate import Judgement
from moderation.generation.output_stage import RELEASE
from moderation.generation.rows import get_generation
from policies.taxonomy import Category, Stage, Verdict
from tests.invariants.test_precedence import allowed_by_a_person, judge_again
from tests.support.judgements import finding_of, judged
from tests.support.service import StubApplication


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(judged(Verdict.REVIEW, Stage.OUTPUT), id="re-scored to a review"),
        pytest.param(judged(Verdict.BLOCK, Stage.OUTPUT), id="re-scored to a block"),
        pytest.param(finding_of("output.face_not_approved", Category.PRIVATE_PERSON), id="re-indexed: somebody enrolled since"),
        pytest.param(finding_of("output.identity_drift", Category.PRIVATE_PERSON), id="re-scanned: not found any more"),
    ],
)  # fmt: skip
def test_a_persons_allow_stands_when_a_machine_judges_the_same_file_again(
    embedded: StubApplication, again: Judgement
) -> None:
    name = allowed_by_a_person(embedded)
    with embedded.database.read() as session:
        decided = get_generation(session, name).output_decision_id
    assert judge_again(embedded, name, again) == ("generated", "")
    with embedded.database.read() as session:
        assert get_generation(session, name).output_decision_id == decided
        (job,) = session.exec(select(JobRow).where(JobRow.kind == RELEASE)).all()
        assert job.payload["decision_id"] == decided
