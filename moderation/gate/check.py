"""Running checks: in fixed tiers, each with a time limit, and failing closed.

Every check of a tier completes; when the policy blocks on what a tier found, later tiers are recorded as `skipped`. A check
that raises or runs out of time could not judge: it is `unjudged` with a stable cause, never silently passed.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from itertools import groupby
from time import perf_counter
from typing import Protocol, TypeVar

from moderation.gate.subjects import Subject
from policies.findings import CheckReport, CheckStatus, Finding

S_contra = TypeVar("S_contra", contravariant=True, bound=Subject)
S = TypeVar("S", bound=Subject)


class CouldNotJudge(Exception):
    """A check's way to say why it could not judge; `cause` is a stable code that metrics count."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(detail or cause)
        self.cause = self.code = cause


def cause_of(error: BaseException) -> str:
    """A stable cause for the record: the error's own code where it is one of ours, `area.problem`; a library's means nothing."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) and "." in code else "error"


class Uncovered(Exception):
    """The active profile has no model for this aspect."""


class Check(Protocol[S_contra]):
    """Looks at one aspect of a subject. Pure given the subject and `revision`.

    One that only reads facts gathered before says so by an attribute `instant = True`: it runs on the caller's thread.
    """

    @property
    def name(self) -> str:
        """Stable, dotted: `prompt.text`, `output.faces`."""

    @property
    def tier(self) -> int:
        """0 runs first."""

    @property
    def revision(self) -> str:
        """Changes whenever the same subject could give other findings."""

    def examine(self, subject: S_contra) -> Sequence[Finding]:
        """The findings. Raises `CouldNotJudge` or `Uncovered`; any other error counts as could not judge."""


class CheckObserver(Protocol):
    """Told of every check that ran: for metrics and logs; the consequence for the verdict is the policy's alone."""

    def ran(self, report: CheckReport, seconds: float, error: BaseException | None) -> None: ...


class SilentObserver:
    """Observes nothing."""

    def ran(self, report: CheckReport, seconds: float, error: BaseException | None) -> None:
        """Do nothing."""


class CheckRunner:
    """Runs checks side by side on its own threads, `timeout_s` seconds each at most; instant ones meanwhile on the caller's."""

    def __init__(self, *, timeout_s: float, threads: int = 4, observer: CheckObserver | None = None) -> None:
        self._timeout_s = timeout_s
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="check")
        self._observer = observer or SilentObserver()

    def run(
        self, checks: Iterable[Check[S]], subject: S, *, blocks: Callable[[Sequence[CheckReport]], bool]
    ) -> tuple[CheckReport, ...]:
        """Reports of all checks, in tier order. `blocks` tells whether the reports so far are a block."""
        reports: list[CheckReport] = []
        blocked = False
        for _, tier in groupby(sorted(checks, key=lambda c: (c.tier, c.name)), key=lambda c: c.tier):
            if blocked:
                reports += [_report(check, CheckStatus.SKIPPED) for check in tier]
                continue
            reports += self._run_tier(list(tier), subject)
            blocked = blocks(reports)
        return tuple(reports)

    def close(self) -> None:
        """Stop taking work; a check that hangs is abandoned."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run_tier(self, checks: Sequence[Check[S]], subject: S) -> list[CheckReport]:
        instant = [getattr(check, "instant", False) for check in checks]
        started = {
            number: self._pool.submit(self._examine, check, subject)
            for number, check in enumerate(checks)
            if not instant[number]
        }
        deadline = perf_counter() + self._timeout_s
        at_once = {n: self._examine(check, subject) for n, check in enumerate(checks) if instant[n]}
        return [
            at_once[n] if instant[n] else self._collect(check, started[n], deadline)
            for n, check in enumerate(checks)
        ]

    def _collect(self, check: Check[S], future: "Future[CheckReport]", deadline: float) -> CheckReport:
        try:
            return future.result(timeout=max(0.0, deadline - perf_counter()))
        except FutureTimeout as error:
            future.cancel()
            report = _report(check, CheckStatus.UNJUDGED, cause="timeout")
            self._observer.ran(report, self._timeout_s, error)
            return report

    def _examine(self, check: Check[S], subject: S) -> CheckReport:
        began = perf_counter()
        failure: BaseException | None = None
        try:
            report = _report(check, CheckStatus.JUDGED, findings=tuple(check.examine(subject)))
        except Uncovered:
            report = _report(check, CheckStatus.UNCOVERED)
        except CouldNotJudge as error:
            failure, report = error, _report(check, CheckStatus.UNJUDGED, cause=error.cause)
        except Exception as error:
            failure, report = error, _report(check, CheckStatus.UNJUDGED, cause=cause_of(error))
        self._observer.ran(report, perf_counter() - began, failure)
        return report


def _report(
    check: Check[S], status: CheckStatus, *, findings: tuple[Finding, ...] = (), cause: str = ""
) -> CheckReport:
    return CheckReport(check.name, check.tier, status, check.revision, findings, cause)
