"""No document weakens an absolute rule: whatever clauses are made up, by hand and past the loader, the engine blocks."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from policies.clauses import Circumstance, CombinationClause, ContextClause, SignalClause, Threshold
from policies.document import PolicyDocument, shipped_document
from policies.engine import rule
from policies.findings import CheckReport, CheckStatus, Finding
from policies.lifecycle.panel import Panel
from policies.rulings import PolicyContext
from policies.signals import ABSOLUTE_CEILING, SIGNALS
from policies.taxonomy import Category, Verdict
from tests.support.policies import contexts, finding, findings_of_any_kind, report

DEFAULT = shipped_document()
levels = st.none() | st.floats(0.001, 1)
thresholds = st.dictionaries(st.sampled_from(Category), st.builds(Threshold, levels, levels), max_size=2)
verdicts = st.sampled_from(Verdict)
spoken_of = st.sampled_from(
    ["text.absolute", "text.classifier", "likeness.revoked", "output.face_revoked", "work.named"]
)
names = st.sampled_from([*sorted(SIGNALS), *Circumstance, "combination:a", "combination:b", "made.up"])
signal_clauses = st.builds(SignalClause, thresholds, st.none() | verdicts, st.none() | st.just("unjudged"))
context_clauses = st.builds(
    ContextClause,
    st.frozensets(names, max_size=2),
    st.frozensets(st.sampled_from(Category), max_size=2),
    st.dictionaries(spoken_of, thresholds, max_size=1),
)
combination_clauses = st.builds(
    CombinationClause,
    st.frozensets(names, max_size=2),
    st.sampled_from(Category),
    verdicts,
    st.dictionaries(spoken_of, st.floats(0, 1), max_size=1),
)
documents: st.SearchStrategy[PolicyDocument] = st.builds(
    lambda signals, contexts, combinations, unjudged: replace(
        DEFAULT, signals=signals, contexts=contexts, combinations=combinations, unjudged=unjudged
    ),
    st.dictionaries(spoken_of, signal_clauses, max_size=3),
    st.dictionaries(st.just("x"), context_clauses),
    st.dictionaries(st.sampled_from(["a", "b"]), combination_clauses),
    st.dictionaries(st.sampled_from(["timeout", "model.missing"]), verdicts),
)
fixed = st.sampled_from(sorted(name for name, signal in SIGNALS.items() if signal.fixed))


@given(documents, findings_of_any_kind, contexts)
def test_what_is_absolute_blocks_under_any_document_whatever_else_was_found(
    document: PolicyDocument, other: Finding, context: PolicyContext
) -> None:
    ruling = rule(document, [report(other, finding("text.absolute", Category.MINORS))], context)
    assert (ruling.verdict, ruling.category, ruling.absolute) == (Verdict.BLOCK, Category.MINORS, True)


@given(documents, fixed, st.floats(0, 1), contexts)
def test_a_fixed_signal_blocks_under_any_document(
    document: PolicyDocument, signal: str, score: float, context: PolicyContext
) -> None:
    category = min(SIGNALS[signal].categories, default=None)
    ruling = rule(document, [report(finding(signal, category, score))], context)
    assert ruling.verdict is Verdict.BLOCK


@given(documents, st.floats(ABSOLUTE_CEILING, 1), contexts)
def test_a_score_at_the_ceiling_for_minors_is_never_allowed_and_blocks_wherever_it_is_judged_at_all(
    document: PolicyDocument, score: float, context: PolicyContext
) -> None:
    """A document that says nothing of the signal, or of minors, leaves it to a person: review at least."""
    ruling = rule(document, [report(finding("text.classifier", Category.MINORS, score))], context)
    clause = document.signals.get("text.classifier")
    if clause is not None and Category.MINORS in clause.thresholds:
        assert (ruling.verdict, ruling.absolute) == (Verdict.BLOCK, True)
    assert ruling.verdict is not Verdict.ALLOW


@given(documents, contexts)
def test_no_document_allows_what_could_not_be_judged(
    document: PolicyDocument, context: PolicyContext
) -> None:
    failed = CheckReport("prompt.minors", 0, CheckStatus.UNJUDGED, "1", (), "timeout")
    assert rule(document, [failed], context).verdict is not Verdict.ALLOW


@given(documents, documents, st.integers(0, 100), st.text(max_size=8), contexts)
def test_no_rollout_and_no_shadow_weakens_it_for_any_account(
    active: PolicyDocument, rollout: PolicyDocument, percent: int, account: str, context: PolicyContext
) -> None:
    panel = Panel(active, replace(rollout, revision="sha256:r"), percent, (replace(rollout, revision="s"),))
    reports = [report(finding("text.absolute", Category.MINORS))]
    assert rule(panel.ruling_for(account), reports, context).absolute
    assert all(ruling.absolute for ruling in panel.watch(reports, context))
