"""Runs the tests that a document carries: findings through the engine, words through whatever judges text.

No model is known here: the service hands in a judge of texts, or None where it has no text model.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from policies.document import PolicyDocument
from policies.document_tests import DocumentTest
from policies.engine import rule
from policies.findings import CheckReport, CheckStatus, Finding, WholeField
from policies.rulings import PolicyContext, Ruling

TextJudge = Callable[[str, PolicyContext], Ruling]
"""Rules on a text as a request, under the document that is tried."""


class TrialStatus(StrEnum):
    """`not_run`: a test in words where no text model is installed."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class Trial:
    """One test, and a sentence on how it went."""

    name: str
    status: TrialStatus
    sentence: str

    def __str__(self) -> str:
        return f"{self.name}: {self.status.value.replace('_', ' ')}: {self.sentence}"


def try_document(document: PolicyDocument, judge: TextJudge | None = None) -> tuple[Trial, ...]:
    """Every test of the document, in order of their names."""
    return tuple(_trials(document, judge))


def _trials(document: PolicyDocument, judge: TextJudge | None) -> Iterator[Trial]:
    for name, test in sorted(document.tests.items()):
        if not test.text:
            yield _compare(test, rule(document, (_report(test),), test.context))
        elif judge is None:
            yield Trial(name, TrialStatus.NOT_RUN, "no text model is installed here")
        else:
            yield _compare(test, judge(test.text, test.context))


def _report(test: DocumentTest) -> CheckReport:
    """The findings of a test as one check's: an empty list is a check that found nothing."""
    findings = tuple(
        Finding(one.category, one.signal, one.score, WholeField("test"), "test", "1") for one in test.findings
    )
    return CheckReport("test", 0, CheckStatus.JUDGED, "1", findings)


def _compare(test: DocumentTest, ruling: Ruling) -> Trial:
    """A ruling with a check that could not judge does not pass, whatever the verdict: it says nothing of the document."""
    if ruling.unjudged:
        return Trial(test.name, TrialStatus.FAILED, f"could not be judged by {', '.join(ruling.unjudged)}")
    deciding = ruling.deciding
    by = f" by {deciding.rule_id}" if deciding else ""
    category = ruling.category.value if ruling.category else "no category"
    said = f"{ruling.verdict.value} ({category}){by}"
    faults = [
        wanted
        for wanted, met in (
            (test.expect.value, ruling.verdict is test.expect),
            (f"category {test.category}", test.category in {None, ruling.category}),
            (
                f"rule {test.rule}",
                not test.rule or test.rule in {fired.rule_id for fired in ruling.rules},
            ),
        )
        if not met
    ]
    if faults:
        return Trial(test.name, TrialStatus.FAILED, f"expected {' and '.join(faults)}, got {said}")
    return Trial(test.name, TrialStatus.PASSED, said)
