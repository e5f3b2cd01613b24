"""Running checks on one subject or on a batch: in fixed tiers, each with a time limit, and failing closed.

Every check of a tier completes; when the policy blocks on what a tier found, later tiers are recorded as `skipped`. A check
that raises or runs out of time could not judge: it is `unjudged` with a stable cause, never silently passed. In a batch one
hop to a thread serves a check for all subjects; what is not looked at in time is left to be judged alone (`None`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from time import monotonic, perf_counter
from typing import Generic, Protocol, TypeVar

from moderation.gate.check import Check, CouldNotJudge, Uncovered, cause_of
from moderation.gate.hands import Hands, Task, TooManyLost
from moderation.gate.subjects import Subject
from policies.findings import CheckReport, CheckStatus, Finding

S = TypeVar("S", bound=Subject)
Answer = Sequence[Finding] | Exception
Reports = list[CheckReport]
Blocks = Callable[[int, Sequence[CheckReport]], bool]
"""Whether the reports so far on subject number n are a block."""


class CheckObserver(Protocol):
    """Told of every check that ran: for metrics and logs; the consequence for the verdict is the policy's alone."""

    def ran(self, report: CheckReport, seconds: float, error: BaseException | None) -> None:
        """On one subject."""

    def ran_many(self, reports: Sequence[CheckReport], seconds: float) -> None:
        """On a batch of subjects, `seconds` in all."""


class SilentObserver:
    """Observes nothing."""

    def ran(self, report: CheckReport, seconds: float, error: BaseException | None) -> None:
        """Do nothing."""

    def ran_many(self, reports: Sequence[CheckReport], seconds: float) -> None:
        """Do nothing."""


class CheckRunner:
    """Runs checks side by side on its own threads, `timeout_s` seconds each at most; instant ones meanwhile on the caller's. A
    thread whose check hangs is replaced."""

    def __init__(self, *, timeout_s: float, threads: int = 4, observer: CheckObserver | None = None) -> None:
        self._timeout_s = timeout_s
        self._hands = Hands(threads)
        self._observer = observer or SilentObserver()

    def run(
        self, checks: Iterable[Check[S]], subject: S, *, blocks: Callable[[Sequence[CheckReport]], bool]
    ) -> tuple[CheckReport, ...]:
        """Reports of all checks, in tier order. `blocks` tells whether the reports so far are a block."""
        (reports,) = self.run_many(checks, [subject], blocks=lambda _, found: blocks(found))
        assert reports is not None  # one subject is never left for later
        return reports

    def run_many(
        self, checks: Iterable[Check[S]], subjects: Sequence[S], *, blocks: Blocks
    ) -> list[tuple[CheckReport, ...] | None]:
        """For each subject what `run` gives; None where a check did not come to it in time, because of itself or of the others:
        judge it alone. Clean reports of one check are one object."""
        reports: list[Reports] = [[] for _ in subjects]
        going, blocked = list(range(len(subjects))), set[int]()
        for tier in _tiers(checks):
            skipped = [_report(check, CheckStatus.SKIPPED) for check in tier]
            for number in blocked:
                reports[number] += skipped
            found = self._run_tier(tier, [subjects[number] for number in going])
            late = {number for number, one in zip(going, found, strict=True) if one is None}
            for number, one in zip(going, found, strict=True):
                reports[number] += one or []
            stopped = {number for number in going if number not in late and blocks(number, reports[number])}
            going = [number for number in going if number not in late and number not in stopped]
            blocked |= stopped
        judged = blocked.union(going)
        return [tuple(found) if number in judged else None for number, found in enumerate(reports)]

    def close(self) -> None:
        """Stop taking work; a check that hangs is abandoned."""
        self._hands.close()

    def _run_tier(self, checks: Sequence[Check[S]], subjects: Sequence[S]) -> list[Reports | None]:
        """For each subject the reports of all checks; None where one of them did not come to it in time."""
        if not subjects:
            return []
        looks = [_Look(check, subjects) for check in checks]
        tasks = [None if look.instant else self._start(look) for look in looks]
        deadline = monotonic() + self._timeout_s
        for look in looks:
            if look.instant:
                look.take()
        columns = [self._collect(look, task, deadline) for look, task in zip(looks, tasks, strict=True)]
        rows = zip(*columns, strict=True)
        return [None if None in row else [one for one in row if one is not None] for row in rows]

    def _start(self, look: "_Look[S]") -> Task | None:
        try:
            return self._hands.start(look.check.name, look.take)
        except TooManyLost:
            look.hopeless = True
            return None

    def _collect(self, look: "_Look[S]", task: Task | None, deadline: float) -> list[CheckReport | None]:
        """The reports there are by now. The observer hears of each once: here, and never from a thread that was given up."""
        late = look.hopeless or (task is not None and not task.wait(deadline))
        if late and task is not None:
            self._hands.give_up(task)
        reports = look.reports()
        if look.hopeless or reports == [None]:
            timed_out = _report(look.check, CheckStatus.UNJUDGED, cause="timeout")
            reports = [one or timed_out for one in reports]
            look.errors.setdefault(0, TimeoutError(look.check.name))
        self._observe(look, reports, self._timeout_s if late else look.seconds)
        return reports

    def _observe(self, look: "_Look[S]", reports: Sequence[CheckReport | None], seconds: float) -> None:
        told = [one for one in reports if one is not None]
        if len(reports) == 1 and told:
            self._observer.ran(told[0], seconds, look.errors.get(0))
        elif told:
            self._observer.ran_many(told, seconds)


@dataclass(eq=False)
class _Look(Generic[S]):
    """One check on all subjects of a batch: answers as they come, from whichever thread."""

    check: Check[S]
    subjects: Sequence[S]
    seconds: float = 0.0
    hopeless: bool = False  # it gets no thread: nobody can look
    errors: dict[int, BaseException] = field(default_factory=dict)
    _found: list[CheckReport | None] = field(init=False)
    _said: dict[tuple[CheckStatus, str], CheckReport] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._found = [None] * len(self.subjects)

    @property
    def instant(self) -> bool:
        """Whether it only reads facts, or has nearly nothing to look at."""
        if getattr(self.check, "instant", False):
            return True
        idle: Callable[[S], bool] | None = getattr(self.check, "idle", None)
        return idle is not None and all(idle(subject) for subject in self.subjects)

    def reports(self) -> list[CheckReport | None]:
        """Those there are by now; what comes later is nobody's."""
        return list(self._found)

    def take(self) -> None:
        """Look at all: at once where the check can, one by one where it cannot or where that failed."""
        if getattr(self.check, "uncovered", False):
            self._found = [self._alike(CheckStatus.UNCOVERED)] * len(self.subjects)
            return
        began = perf_counter()
        answers = self._at_once() if len(self.subjects) > 1 else None
        for number, subject in enumerate(self.subjects):
            try:
                answer = self.check.examine(subject) if answers is None else _given(answers[number])
            except Exception as error:
                self._found[number] = self._failed(number, error)
                continue
            if answer:
                self._found[number] = _report(self.check, CheckStatus.JUDGED, findings=tuple(answer))
            else:
                self._found[number] = self._alike(CheckStatus.JUDGED)
        self.seconds = perf_counter() - began

    def _at_once(self) -> Sequence[Answer] | None:
        look_many: Callable[[Sequence[S]], Sequence[Answer]] | None = getattr(self.check, "look_many", None)
        if look_many is None:
            return None
        try:
            answers = look_many(self.subjects)
        except Exception:  # whose fault it is, looking at each alone will tell
            return None
        return answers if len(answers) == len(self.subjects) else None

    def _failed(self, number: int, error: Exception) -> CheckReport:
        if isinstance(error, Uncovered):
            return self._alike(CheckStatus.UNCOVERED)
        self.errors[number] = error
        cause = error.cause if isinstance(error, CouldNotJudge) else cause_of(error)
        return self._alike(CheckStatus.UNJUDGED, cause)

    def _alike(self, status: CheckStatus, cause: str = "") -> CheckReport:
        """One object for all subjects of which it says the same, without a finding."""
        known = self._said.get((status, cause))
        if known is None:
            known = self._said[status, cause] = _report(self.check, status, cause=cause)
        return known


def _given(answer: Answer) -> Sequence[Finding]:
    if isinstance(answer, Exception):
        raise answer
    return answer


def _tiers(checks: Iterable[Check[S]]) -> Iterable[list[Check[S]]]:
    ordered = sorted(checks, key=lambda check: (check.tier, check.name))
    return [list(tier) for _, tier in groupby(ordered, key=lambda check: check.tier)]


def _report(
    check: Check[S], status: CheckStatus, *, findings: tuple[Finding, ...] = (), cause: str = ""
) -> CheckReport:
    return CheckReport(check.name, check.tier, status, check.revision, findings, cause)
