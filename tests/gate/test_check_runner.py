"""The check runner fails closed, runs tiers in order, and skips what a block makes pointless."""

import threading
import time
from collections.abc import Sequence

from moderation.gate.check import CouldNotJudge, Uncovered
from moderation.gate.runner import CheckRunner
from moderation.gate.subjects import RequestSubject
from policies.findings import CheckReport, CheckStatus, Finding, WholeField
from policies.taxonomy import Category
from tests.support.subjects import request


class Scripted:
    """A check that does what the test says."""

    revision = "1"

    def __init__(
        self, name: str, tier: int = 0, *, raises: Exception | None = None, sleeps_s: float = 0.0
    ) -> None:
        self.name, self.tier, self._raises, self._sleeps_s = name, tier, raises, sleeps_s
        self.ran = 0

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        self.ran += 1
        time.sleep(self._sleeps_s)
        if self._raises:
            raise self._raises
        return [Finding(Category.SHOCK, "text.classifier", 0.5, WholeField("prompt"), self.name, "1")]


class Watching:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bool]] = []
        self._lock = threading.Lock()

    def ran(self, report: CheckReport, seconds: float, error: BaseException | None) -> None:
        with self._lock:
            self.seen.append((report.check, report.status.value, error is not None))

    def ran_many(self, reports: Sequence[CheckReport], seconds: float) -> None:
        with self._lock:
            self.seen += [(report.check, report.status.value, False) for report in reports]


def run(*checks: Scripted, blocks: bool = False, timeout_s: float = 5.0) -> dict[str, CheckReport]:
    """Reports by name."""
    runner = CheckRunner(timeout_s=timeout_s)
    try:
        return {r.check: r for r in runner.run(checks, request(), blocks=lambda _reports: blocks)}
    finally:
        runner.close()


def test_every_check_of_a_tier_completes() -> None:
    reports = run(Scripted("a"), Scripted("b", raises=ValueError("boom")), Scripted("c"))
    assert [report.status for report in reports.values()] == [
        CheckStatus.JUDGED,
        CheckStatus.UNJUDGED,
        CheckStatus.JUDGED,
    ]


def test_a_check_that_raises_anything_could_not_judge() -> None:
    report = run(Scripted("a", raises=RuntimeError("the model fell over")))["a"]
    assert (report.status, report.cause, report.findings) == (CheckStatus.UNJUDGED, "error", ())


def test_a_check_says_itself_why_it_could_not_judge() -> None:
    assert run(Scripted("a", raises=CouldNotJudge("index.stale")))["a"].cause == "index.stale"


def test_a_check_that_takes_too_long_could_not_judge() -> None:
    report = run(Scripted("slow", sleeps_s=0.5), timeout_s=0.05)["slow"]
    assert (report.status, report.cause) == (CheckStatus.UNJUDGED, "timeout")


def test_an_aspect_without_a_model_is_uncovered() -> None:
    assert run(Scripted("a", raises=Uncovered("a")))["a"].status is CheckStatus.UNCOVERED


def test_a_block_skips_later_tiers_and_says_so() -> None:
    first, second = Scripted("first", 0), Scripted("second", 1)
    reports = run(second, first, blocks=True)
    assert list(reports) == ["first", "second"]
    assert reports["second"].status is CheckStatus.SKIPPED
    assert second.ran == 0


def test_without_a_block_all_tiers_run_in_order() -> None:
    reports = run(Scripted("late", 2), Scripted("early", 0), Scripted("middle", 1))
    assert list(reports) == ["early", "middle", "late"]


def test_the_observer_hears_of_every_check_that_ran() -> None:
    watching = Watching()
    runner = CheckRunner(timeout_s=5.0, observer=watching)
    checks = [Scripted("a"), Scripted("b", raises=CouldNotJudge("x"))]
    runner.run(checks, request(), blocks=lambda _reports: False)
    runner.close()
    assert sorted(watching.seen) == [("a", "judged", False), ("b", "unjudged", True)]


class Instant(Scripted):
    """Reads only what was gathered before; remembers where it ran."""

    instant = True
    thread = ""

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        self.thread = threading.current_thread().name
        return super().examine(subject)


def test_an_instant_check_runs_on_the_callers_thread_in_its_place() -> None:
    quick = Instant("b")
    reports = run(Scripted("c"), quick, Scripted("a"))
    assert quick.thread == threading.current_thread().name
    assert list(reports) == ["a", "b", "c"]
    assert all(report.status is CheckStatus.JUDGED for report in reports.values())


def test_an_instant_check_that_fails_could_not_judge_like_any_other() -> None:
    reports = run(Instant("a", raises=CouldNotJudge("index.stale")), Instant("b", raises=Uncovered("b")))
    assert [report.status for report in reports.values()] == [CheckStatus.UNJUDGED, CheckStatus.UNCOVERED]


def test_instant_checks_do_not_take_the_time_of_the_others() -> None:
    report = run(Scripted("slow", sleeps_s=0.3), Instant("quick"), timeout_s=2.0)["slow"]
    assert report.status is CheckStatus.JUDGED


class Where(Scripted):
    """Remembers on which thread it ran; has nothing to look at where the prompt is empty."""

    thread: threading.Thread | None = None

    def idle(self, subject: RequestSubject) -> bool:
        return not subject.prompt

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        self.thread = threading.current_thread()
        return super().examine(subject)


def test_a_check_with_nothing_to_look_at_changes_no_thread_and_is_reported_all_the_same() -> None:
    check, runner = Where("a"), CheckRunner(timeout_s=5)
    for prompt, here in (("", True), ("a cat", False)):
        (report,) = runner.run([check], request(prompt), blocks=lambda _reports: False)
        assert report.status is CheckStatus.JUDGED
        assert (check.thread is threading.current_thread()) is here
    runner.close()
