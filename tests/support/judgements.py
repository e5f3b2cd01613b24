"""Judgements of every verdict, by a gate without checks and the shipped policy."""

from dataclasses import replace

from moderation.gate.checks.account import account_finding
from moderation.gate.gate import Gate, Judgement
from policies.findings import CheckReport, CheckStatus, Finding, WholeField
from policies.taxonomy import Category, Stage, Verdict
from tests.support.subjects import clip, gate, output, request

GATE: Gate = gate()


def judged(verdict: Verdict, stage: Stage = Stage.REQUEST) -> Judgement:
    """A judgement with this verdict: by no finding, by a check that could not judge, or by the account."""
    allow = GATE.judge_request(request()) if stage is Stage.REQUEST else GATE.judge_output(output(clip()))
    reports = {
        Verdict.ALLOW: CheckReport("test", 0, CheckStatus.JUDGED, "1"),
        Verdict.REVIEW: CheckReport("test", 0, CheckStatus.UNJUDGED, "1", (), "timeout"),
        Verdict.BLOCK: CheckReport(
            "test", 0, CheckStatus.JUDGED, "1", (account_finding("account.suspended"),)
        ),
    }
    made = GATE.with_report(allow, reports[verdict])
    assert made.verdict is verdict
    return made


def finding_of(signal: str, category: Category, stage: Stage = Stage.OUTPUT) -> Judgement:
    """The judgement of a clip with this one finding."""
    found = Finding(category, signal, 1.0, WholeField("output"), "test", "1", "matched")
    return GATE.with_report(
        judged(Verdict.ALLOW, stage), CheckReport("test", 0, CheckStatus.JUDGED, "1", (found,))
    )


def at_registry(judgement: Judgement, version: int) -> Judgement:
    """The same, of another registry version."""
    return replace(judgement, registry_version=version)
