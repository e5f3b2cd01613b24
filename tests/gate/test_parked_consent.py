"""While a change of consent or rights lies among the dead letters, an answer that permits is not believed."""

from moderation.gate.checks.likenesses import LikenessCheck
from moderation.gate.checks.named import WorksCheck
from moderation.gate.subjects import LikenessUse, WorkUse
from policies.taxonomy import Verdict
from tests.support.subjects import ADA, gate, request

GATE = gate(requests=[LikenessCheck()])


def test_a_permitted_likeness_is_held_while_a_change_is_parked() -> None:
    judgement = GATE.judge_request(request(likenesses=(ADA,), registry_parked=True))
    assert judgement.verdict is Verdict.REVIEW
    assert judgement.reports[0].cause == "registry.parked_change"


def test_a_refused_likeness_is_refused_all_the_same() -> None:
    refused = LikenessUse("@bo", "likeness.revoked", likeness_id="lik_bo")
    judgement = GATE.judge_request(request(likenesses=(ADA, refused), registry_parked=True))
    assert judgement.verdict is Verdict.BLOCK


def test_a_request_that_shows_nobody_is_judged_as_ever() -> None:
    assert GATE.judge_request(request(registry_parked=True)).verdict is Verdict.ALLOW


def test_nobody_knows_which_works_there_are_while_a_change_of_rights_is_parked() -> None:
    judging = gate(requests=[WorksCheck("names-1")])
    assert judging.judge_request(request(rights_parked=True)).reports[0].cause == "registry.parked_change"
    refused = WorkUse("work_1", "Captain Example", "shown", 4, 19, "opted_out")
    judgement = judging.judge_request(request(rights_parked=True, works=(refused,)))
    assert judgement.verdict is Verdict.BLOCK
