"""Invariant 8 as a property: whatever checks report, making one of them unjudged never yields an allow."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.gate.check import CouldNotJudge
from moderation.gate.gate import Gate, conclude
from moderation.gate.runner import CheckRunner
from policies.findings import CheckReport, CheckStatus, Finding
from policies.rulings import PolicyContext
from policies.taxonomy import Stage, Verdict
from tests.support.policies import SHIPPED, check_reports, contexts, report_lists
from tests.support.subjects import clip, output, request

causes = st.sampled_from(["", "timeout", "error", "index.stale", "model.missing", "made.up"])


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no finding."""


@unhurried
@given(report_lists, check_reports, causes, contexts, st.integers(0, 4))
def test_a_report_made_unjudged_never_yields_an_allow(
    reports: list[CheckReport], one: CheckReport, cause: str, context: PolicyContext, place: int
) -> None:
    blind = replace(one, status=CheckStatus.UNJUDGED, findings=(), cause=cause)
    judgement = conclude(SHIPPED, context, [*reports[:place], blind, *reports[place:]], 0)
    assert judgement.verdict is not Verdict.ALLOW
    assert blind.check in judgement.ruling.unjudged


@unhurried
@given(report_lists, contexts, causes)
def test_blinding_a_check_never_lifts_what_the_others_found(
    reports: list[CheckReport], context: PolicyContext, cause: str
) -> None:
    blind = CheckReport("blind", 1, CheckStatus.UNJUDGED, "r", (), cause)
    before = conclude(SHIPPED, context, reports, 0).verdict
    after = conclude(SHIPPED, context, [*reports, blind], 0).verdict
    assert after.rank >= max(before.rank, Verdict.REVIEW.rank)


class Named:
    """A check of some tier that finds nothing, or fails in some way."""

    revision = "1"

    def __init__(self, name: str, tier: int, failure: Exception | None) -> None:
        self.name, self.tier, self._failure = name, tier, failure

    def examine(self, subject: object) -> tuple[Finding, ...]:
        """Nothing, or the failure."""
        if self._failure:
            raise self._failure
        return ()


failures = st.sampled_from(
    [CouldNotJudge("index.stale"), RuntimeError("model"), MemoryError(), KeyError("x"), TimeoutError()]
)


@unhurried
@given(st.lists(st.tuples(st.integers(0, 3), st.none() | failures), min_size=1, max_size=6))
def test_a_gate_with_any_failing_check_never_allows(plan: list[tuple[int, Exception | None]]) -> None:
    checks = [Named(f"check_{n}", tier, failure) for n, (tier, failure) in enumerate(plan)]
    runner = CheckRunner(timeout_s=5, threads=1)
    here = Gate(request_checks=checks, output_checks=checks, policy=lambda: SHIPPED, runner=runner)
    failed = any(failure for _, failure in plan)
    try:
        for judgement in (here.judge_request(request()), here.judge_output(output(clip()))):
            assert (judgement.verdict is Verdict.ALLOW) is (not failed)
            assert judgement.stage in (Stage.REQUEST, Stage.OUTPUT)
    finally:
        runner.close()
