"""Checks on a batch of subjects: the answers are those of each alone, and what one of them costs is no other's loss."""

import threading
from collections.abc import Callable, Sequence
from time import sleep

import pytest

from moderation.gate.check import Check, CouldNotJudge, Uncovered
from moderation.gate.checks.uncovered import UncoveredCheck
from moderation.gate.hands import MOST_LOST, Hands, TooManyLost
from moderation.gate.runner import CheckRunner
from moderation.gate.subjects import RequestSubject
from policies.findings import CheckReport, CheckStatus, Finding, WholeField
from policies.taxonomy import Category
from tests.gate.test_check_runner import Watching
from tests.support.subjects import gate, request

Row = tuple[CheckReport, ...] | None


def finding(prompt: str) -> Finding:
    return Finding(Category.SHOCK, "text.classifier", 0.5, WholeField("prompt"), "words", "1", prompt)


class Words:
    """Speaks of bad prompts, cannot read odd ones, breaks on broken ones, hangs on endless ones. `looked`: what it was given."""

    tier, revision = 1, "1"

    def __init__(self, release: threading.Event | None = None) -> None:
        self.name = "words"
        self.looked: list[tuple[str, ...]] = []
        self._release = release or threading.Event()

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        self.looked.append((subject.prompt,))
        if subject.prompt == "endless":
            self._release.wait(20)
        raising = {
            "odd": CouldNotJudge("language.unsupported"),
            "broken": RuntimeError("x"),
            "unknown": Uncovered("words"),
        }
        if subject.prompt in raising:
            raise raising[subject.prompt]
        return [finding(subject.prompt)] if subject.prompt.startswith("bad") else []


class WordsAtOnce(Words):
    """The same with one look for all, which fails as a whole when it meets a bomb."""

    def look_many(self, subjects: Sequence[RequestSubject]) -> Sequence[Sequence[Finding] | Exception]:
        prompts = tuple(subject.prompt for subject in subjects)
        if "bomb" in prompts:
            raise MemoryError
        answers: list[Sequence[Finding] | Exception] = []
        for subject in subjects:
            try:
                answers.append(Words.examine(self, subject))
            except Exception as error:
                answers.append(error)
        self.looked = [prompts]
        return answers


class Early:
    """Blocks nothing, says nothing, before the others."""

    name, tier, revision, instant = "early", 0, "1", True

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        return [finding("early")] if subject.prompt == "bad early" else []


MIX = ("fine", "bad one", "odd", "broken", "unknown", "fine", "bad early", "bad two")


def run_many(
    checks: Sequence[Check[RequestSubject]], prompts: Sequence[str], timeout_s: float = 10.0
) -> list[Row]:
    runner = CheckRunner(timeout_s=timeout_s)
    try:
        return runner.run_many(checks, [request(prompt) for prompt in prompts], blocks=blocks)
    finally:
        runner.close()


def blocks(_number: int, reports: Sequence[CheckReport]) -> bool:
    """The early check's finding does."""
    return any(found.matched == "early" for report in reports for found in report.findings)


def alone(check: Check[RequestSubject], prompts: Sequence[str]) -> list[Row]:
    runner = CheckRunner(timeout_s=10.0)
    try:
        return [
            runner.run([Early(), check], request(prompt), blocks=lambda reports: blocks(0, reports))
            for prompt in prompts
        ]
    finally:
        runner.close()


@pytest.mark.parametrize("check", [Words, WordsAtOnce])
def test_each_subject_of_a_batch_gets_the_reports_it_gets_alone(check: Callable[[], Words]) -> None:
    assert run_many([Early(), check()], MIX) == alone(Words(), MIX)


def test_a_check_that_can_looks_once_for_all_that_no_earlier_tier_blocked() -> None:
    check = WordsAtOnce()
    run_many([Early(), check], MIX)
    assert check.looked == [tuple(prompt for prompt in MIX if prompt != "bad early")]


def test_a_look_at_all_that_fails_is_made_up_for_by_a_look_at_each() -> None:
    check = WordsAtOnce()
    prompts = ("fine", "bomb", "bad one")
    assert run_many([check], prompts) == [(one[1],) for one in alone(Words(), prompts) if one]
    assert check.looked == [(prompt,) for prompt in prompts]


def test_an_aspect_that_nobody_looks_at_is_uncovered_for_each() -> None:
    check = UncoveredCheck("prompt.smell")
    rows = run_many([check], ["fine", "bad one"])
    assert [row and row[0].status for row in rows] == [CheckStatus.UNCOVERED] * 2
    with pytest.raises(Uncovered):
        check.examine(request("fine"))


def test_what_says_nothing_of_many_is_said_by_one_object() -> None:
    first, second = run_many([Words()], ["fine", "also fine"])
    assert first is not None
    assert second is not None
    assert first[0] is second[0]


def test_a_subject_that_hangs_leaves_those_before_it_judged_and_the_rest_to_be_judged_alone() -> None:
    release = threading.Event()
    rows = run_many([Early(), Words(release)], ["fine", "bad one", "endless", "fine"], timeout_s=0.3)
    release.set()
    assert [row and row[1].status.value for row in rows] == ["judged", "judged", None, None]


def test_a_check_that_hangs_takes_no_other_checks_turn() -> None:
    release = threading.Event()
    runner = CheckRunner(timeout_s=0.2, threads=2)
    hanging, sound = Words(release), Words()
    sound.name = "sound"
    for _ in range(MOST_LOST):
        (stuck,) = runner.run([hanging], request("endless"), blocks=lambda _: False)
        assert (stuck.status.value, stuck.cause) == ("unjudged", "timeout")
    (well,) = runner.run([sound], request("fine"), blocks=lambda _: False)
    assert well.status.value == "judged"
    release.set()
    runner.close()


def test_a_check_that_hangs_again_and_again_gets_no_more_threads_until_some_come_back() -> None:
    release, name = threading.Event(), threading.Event()
    hands = Hands(1)
    for _ in range(MOST_LOST):
        task = hands.start("hangs", lambda: release.wait(20))
        assert not task.wait(0)
        sleep(0.05)  # so that it has begun
        hands.give_up(task)
    with pytest.raises(TooManyLost):
        hands.start("hangs", name.set)
    assert hands.start("sound", name.set) is not None
    assert name.wait(5)
    release.set()
    for _ in range(200):
        try:
            hands.start("hangs", name.set)
            break
        except TooManyLost:
            sleep(0.02)
    else:
        pytest.fail("the threads that came back are not counted")
    hands.close()


def test_a_task_that_never_began_costs_no_thread() -> None:
    release, ran = threading.Event(), threading.Event()
    hands = Hands(1)
    hands.start("busy", lambda: release.wait(20))
    waiting = hands.start("patient", ran.set)
    hands.give_up(waiting)
    release.set()
    done = threading.Event()
    hands.start("next", done.set)
    assert done.wait(5)
    assert not ran.is_set(), "nobody waited for it any more"
    hands.close()


def test_the_observer_hears_once_of_a_check_that_ran_out_of_time() -> None:
    release, watching = threading.Event(), Watching()
    runner = CheckRunner(timeout_s=0.1, observer=watching)
    runner.run([Words(release)], request("endless"), blocks=lambda _: False)
    release.set()
    sleep(0.2)  # the late answer comes, and is nobody's
    runner.close()
    assert watching.seen == [("words", "unjudged", True)]


def test_the_gates_judgements_of_a_batch_are_those_of_each_alone() -> None:
    judging = gate(requests=[Early(), WordsAtOnce()])
    subjects = [request(prompt) for prompt in MIX]
    together = judging.judge_requests(subjects)
    assert together == [judging.judge_request(subject) for subject in subjects]
    assert together[0] is together[5], "what says the same is one judgement"
