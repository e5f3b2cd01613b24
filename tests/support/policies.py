"""Findings, reports and small policy documents for the tests of the engine."""

from hypothesis import strategies as st

from policies.document import PolicyDocument, parse_document, shipped_document
from policies.findings import (
    AudioInterval,
    CheckReport,
    CheckStatus,
    Finding,
    FrameBox,
    TextSpan,
    Where,
    WholeField,
)
from policies.rulings import PolicyContext
from policies.signals import SIGNALS
from policies.taxonomy import Category, Stage

ADULT_AT_REQUEST = PolicyContext(
    stage=Stage.REQUEST, adult=True, feed=False, real_person=False, minor_present=False
)
SHIPPED = shipped_document()
SPAN = TextSpan("prompt", 0, 5)

_REASONS = "\n".join(
    f"  {name}: {{user: About {name}., operator: Staff on {name}.}}"
    for name in (*(category.value for category in Category), "unjudged")
)


def document_text(body: str, *, reasons: str = "") -> str:
    """A small document: `format` and `name` on lines 1 and 2, `body` from line 3, then every reason and `reasons`."""
    return f"format: 1\nname: small\n{body.strip()}\nreasons:\n{_REASONS}\n{reasons}"


def document(body: str, *, reasons: str = "") -> PolicyDocument:
    return parse_document(document_text(body, reasons=reasons), name="small.yaml")


def thresholds(**levels: str) -> str:
    """A flow mapping of thresholds for every category: review .5, block .8 where not said otherwise."""
    by_category = {category.value: "{review: 0.5, block: 0.8}" for category in Category} | levels
    return "{" + ", ".join(f"{name}: {level}" for name, level in by_category.items()) + "}"


def finding(
    signal: str,
    category: Category | None = None,
    score: float = 1.0,
    *,
    where: Where = SPAN,
    matched: str = "",
) -> Finding:
    return Finding(category, signal, score, where, check="stub", revision="r1", matched=matched)


def unclear(category: Category, signal: str = "text.classifier", *, where: Where = SPAN) -> Finding:
    """A score at which the shipped policy starts to review."""
    level = SHIPPED.signals[signal].thresholds[category].review
    assert level is not None
    return finding(signal, category, level, where=where)


def certain(category: Category, signal: str = "text.classifier", *, where: Where = SPAN) -> Finding:
    """A score at which the shipped policy starts to block."""
    level = SHIPPED.signals[signal].thresholds[category].block
    assert level is not None
    return finding(signal, category, level, where=where)


def report(*findings: Finding, status: CheckStatus = CheckStatus.JUDGED, cause: str = "") -> CheckReport:
    return CheckReport("stub", 1, status, "r1", findings, cause)


def without_findings(check: str, status: CheckStatus, cause: str = "") -> CheckReport:
    return CheckReport(check, 1, status, "r1", (), cause)


_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_fractions = st.floats(0, 1)
_times = st.floats(0, 3600)
places: st.SearchStrategy[Where] = st.one_of(
    st.builds(TextSpan, _words, st.integers(0, 10**6), st.integers(0, 10**6)),
    st.builds(FrameBox, _words, _times, _fractions, _fractions, _fractions, _fractions),
    st.builds(AudioInterval, _words, _times, _times),
    st.builds(WholeField, _words),
)
findings_of_any_kind: st.SearchStrategy[Finding] = st.builds(
    Finding,
    category=st.none() | st.sampled_from(Category),
    signal=st.sampled_from([*sorted(SIGNALS), "made.up"]),
    score=_fractions,
    where=places,
    check=_words,
    revision=_words,
    matched=_words,
)
check_reports: st.SearchStrategy[CheckReport] = st.builds(
    CheckReport,
    check=_words,
    tier=st.integers(1, 5),
    status=st.sampled_from(CheckStatus),
    revision=_words,
    findings=st.lists(findings_of_any_kind, max_size=4).map(tuple),
    cause=st.sampled_from(["", "language.unsupported", "timeout", "model.missing"]),
)
report_lists: st.SearchStrategy[list[CheckReport]] = st.lists(check_reports, max_size=4)
contexts: st.SearchStrategy[PolicyContext] = st.builds(
    PolicyContext,
    stage=st.sampled_from(Stage),
    adult=st.booleans(),
    feed=st.booleans(),
    real_person=st.booleans(),
    minor_present=st.booleans(),
)
