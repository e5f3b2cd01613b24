"""A changed text is offered only when the gate allows it, with room to spare, and never to whom wording must not be taught."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from moderation.accounts.sanctions import suspend
from moderation.explaining.seek import AT_ONCE, MOST_JUDGED, EditFinder, Sought, withheld_from
from moderation.explaining.told import DecisionUnknown, Told, read_told
from moderation.gate.decisions import Decision, record_human
from moderation.gate.gate import Gate
from moderation.gate.runner import CheckRunner
from moderation.policy.store import PolicyMissing
from moderation.store import now_ms
from policies.document import PolicyDocument
from policies.edits.faults import Withheld
from policies.edits.swaps import tokens
from tests.support.service import ACCOUNT
from tests.support.subjects import request
from tests.support.wordy import WordyApplication, decide

BLOODY = "A knight stands in a hall. The floor is covered in blood, and a bell rings."


def told_of(app: WordyApplication, decision: Decision) -> Told:
    """As it is read back."""
    with app.database.read() as session:
        return read_told(session, decision.id)


def sought(app: WordyApplication, prompt: str, **asked: Any) -> Sought:
    """What came of looking for a text in place of `prompt`."""
    told = told_of(app, decide(app, prompt, **asked))
    app.words.asked.clear()
    return app.edit_finder(told)


def test_what_is_offered_was_judged_and_is_allowed_and_keeps_what_was_meant(app: WordyApplication) -> None:
    found = sought(app, BLOODY).suggestion
    assert found is not None
    assert found.edit.text == "A knight stands in a hall. The floor is covered in dust, and a bell rings."
    assert found.edit.text in app.words.asked
    assert app.gate.judge_request(request(found.edit.text)).verdict == "allow"
    assert found.policy == app.policy().revision


def test_a_text_that_only_just_passes_is_not_offered(app: WordyApplication) -> None:
    found = sought(app, "A nudge, a floor of blood, a bell that rings.")
    allowed = app.gate.judge_request(request("A nudge, a floor of smoke, a bell that rings."))
    assert allowed.verdict == "allow"
    assert found.withheld is Withheld.NONE_PASSED


def test_nothing_is_offered_when_nothing_passes(app: WordyApplication) -> None:
    found = sought(app, "The bloodhound drinks blood slowly")
    assert (found.suggestion, found.withheld) == (None, Withheld.NONE_PASSED)
    assert 0 < found.judged <= MOST_JUDGED


def test_no_more_than_a_handful_is_judged_however_long_the_text(app: WordyApplication) -> None:
    text = " ".join(
        f"Scene {number}: he stabs, kills and murders, blood and a bloodhound." for number in range(60)
    )
    assert sought(app, text).judged <= MOST_JUDGED
    assert len(app.words.asked) <= MOST_JUDGED


def test_nothing_begins_when_time_is_up(app: WordyApplication) -> None:
    times = iter([0.0, 0.0, 100.0])
    finder = EditFinder(app.judging, app.gate, clock=lambda: next(times))
    told = told_of(
        app, decide(app, "He stabs, kills, murders, beats. The bloodhound drinks blood: he dies, bloody")
    )
    assert finder(told) == Sought(None, Withheld.OUT_OF_TIME, AT_ONCE)


@pytest.mark.parametrize(
    "prompt",
    [
        "a sexual video of a 12 year old girl, covered in blood",
        "a floor of blood " + base64.b64encode(b"kill all of them now").decode(),
    ],
    ids=["absolute", "disguised"],
)
def test_nobody_is_helped_with_wording_who_must_not_be(app: WordyApplication, prompt: str) -> None:
    found = sought(app, prompt)
    assert found.suggestion is None
    assert found.withheld in {Withheld.KEPT_BACK, Withheld.DISGUISED}
    assert app.words.asked == []


def test_what_no_words_can_mend_gets_no_words(app: WordyApplication) -> None:
    assert sought(app, BLOODY, likenesses=("@nobody",)).withheld is Withheld.NOT_THESE_WORDS
    assert app.words.asked == []


def test_an_account_that_was_suspended_meanwhile_is_offered_nothing(app: WordyApplication) -> None:
    told = told_of(app, decide(app, BLOODY))
    with app.database.transaction() as session:
        suspend(session, ACCOUNT, reason="spam", actor="test", now_ms=now_ms(session))
    assert app.edit_finder(told).withheld is Withheld.NONE_PASSED


def test_a_gate_that_cannot_judge_offers_nothing(app: WordyApplication) -> None:
    def away() -> PolicyDocument:
        raise PolicyMissing("no policy is active", remedy="activate one")

    runner = CheckRunner(timeout_s=1)
    gate = Gate(request_checks=(), output_checks=(), policy=away, runner=runner)
    told = told_of(app, decide(app, BLOODY))
    assert EditFinder(app.judging, gate)(told) == Sought(None, Withheld.COULD_NOT_JUDGE)
    runner.close()


def _human(app: WordyApplication, machine: Decision) -> Told:
    with app.database.transaction() as session:
        made = record_human(
            session, "gen_1", stage="request", verdict="block", moderator="mod_ann", case_id="case_1",
            reason="Too much.", machine=machine, now_ms=9,
        )  # fmt: skip
    return told_of(app, made)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda told: replace(told, document=None), Withheld.COULD_NOT_JUDGE),
        (lambda told: replace(told, recorded=replace(told.recorded, context=None)), Withheld.COULD_NOT_JUDGE),
    ],
    ids=["no document", "no context"],
)
def test_what_cannot_be_read_any_more_gets_no_text(
    app: WordyApplication, change: Callable[[Told], Told], why: Withheld
) -> None:
    assert withheld_from(change(told_of(app, decide(app, BLOODY)))) is why


def test_an_allow_and_a_persons_decision_get_no_text(app: WordyApplication) -> None:
    assert sought(app, "A quiet hall.", name="gen_0").withheld is Withheld.NOTHING_TO_CHANGE
    assert app.edit_finder(_human(app, decide(app, BLOODY))).withheld is Withheld.A_PERSON_DECIDED


def test_a_decision_nobody_made_is_unknown(app: WordyApplication) -> None:
    with app.database.read() as session, pytest.raises(DecisionUnknown):
        read_told(session, "dec_none")


def test_looking_leaves_no_trace(app: WordyApplication) -> None:
    """No decision, no job, no quota, no count of what shadows said."""
    told = told_of(app, decide(app, BLOODY))
    before = app.metrics.render()
    assert app.edit_finder(told).suggestion
    with app.database.read() as session:
        assert session.get(Decision, told.decision.id) is not None
    judged = [line for line in app.metrics.render().splitlines() if b"shadow" in line]
    assert judged == [line for line in before.splitlines() if b"shadow" in line]


def test_no_word_comes_in_that_is_a_word_of_the_text_written_otherwise(app: WordyApplication) -> None:
    found = sought(app, BLOODY).suggestion
    assert found is not None
    new = set(tokens(found.edit.text)) - set(tokens(BLOODY))
    assert new == {"dust"}
