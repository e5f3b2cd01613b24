"""Runs the tests that a document carries: findings through the engine, words through whatever judges text.

No model is known here: the service hands in a judge of texts, or None where it has no text model.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from policies.document import PolicyDocument
from policies.document_tests import DocumentTest
from policies.engine import UNJUDGED, rule
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
    status = CheckStatus.UNJUDGED if test.cause else CheckStatus.JUDGED
    return CheckReport("test", 0, status, "1", findings, test.cause)


def _compare(test: DocumentTest, ruling: Ruling) -> Trial:
    """A ruling with a check that could not judge does not pass, whatever the verdict, unless the test is about its very cause: it
    says nothing of the document."""
    unjudged = {fired.subject for fired in ruling.rules if fired.rule_id == UNJUDGED} or {*ruling.unjudged}
    other = sorted(subject for subject in unjudged if not subject.endswith(f": {test.cause}"))
    if other:
        return Trial(test.name, TrialStatus.FAILED, f"could not be judged by {', '.join(other)}")
    deciding = ruling.deciding
    by = f" by {deciding.rule_id}" if deciding else ""
    category = ruling.category.value if ruling.category else "no category"
    said = f"{ruling.verdict.value} ({category}){by}"
    fired = {one.rule_id for one in ruling.rules}
    met = {
        test.expect.value: ruling.verdict is test.expect,
        f"category {test.category}": test.category in {None, ruling.category},
        f"rule {test.rule}": not test.rule or test.rule in fired,
        f"cause {test.cause}": not test.cause or bool(unjudged),
    }
    faults = [wanted for wanted, holds in met.items() if not holds]
    if faults:
        return Trial(test.name, TrialStatus.FAILED, f"expected {' and '.join(faults)}, got {said}")
    return Trial(test.name, TrialStatus.PASSED, said)
