"""Policies as staff find them on a working day: one rules, the flood guard put one back, one watches and was backtested."""

from sqlmodel import Session

from moderation.bootstrap import Application
from moderation.gate.shadows import ShadowRuling
from moderation.policy.evidence import Evidence
from moderation.policy.floods import GUARD, STOPPED, note_flood
from moderation.policy.lifecycle import Act, add, roll_back, to_rollout, to_shadow
from moderation.steering.backtest import keep_backtest, run_backtest
from moderation.store import now_ms
from policies.document import PolicyDocument, shipped_text
from policies.evaluation.intervals import Share
from policies.taxonomy import Category, Verdict
from tests.support.policies import SHIPPED, finding
from tests.support.steering import decided, judged

MINUTE_MS = 60_000
PEOPLE = (Verdict.BLOCK, Verdict.BLOCK, Verdict.BLOCK, Verdict.BLOCK, Verdict.ALLOW)
LATE = finding("figure.recently_dead", Category.PUBLIC_FIGURE)
TITLE_RULE = "  work.named: {verdict: review}"
TITLE_TEST = "    findings: [{signal: work.named}]\n    expect: review"
RULE = "  figure.recently_dead: {verdict: review, reason: figure.recently_dead}"
TEST = "    findings: [{signal: figure.recently_dead}]\n    expect: review"


def stricter_text(rule: str = RULE, test: str = TEST) -> str:
    """The shipped document, but that a rule blocks what it held; the rule's test with it."""
    text = shipped_text()
    assert (text.count(rule), text.count(test)) == (1, 1)
    return text.replace(rule, rule.replace("review", "block")).replace(test, test.replace("review", "block"))


def make_policies(app: Application) -> dict[str, str]:
    """A history over some hours; the addresses of its pages by name."""
    with app.database.transaction() as session:
        at = now_ms(session) - 300 * MINUTE_MS
        titles = stricter_text(TITLE_RULE, TITLE_TEST)
        flooded = add(session, titles, name="default", act=Act("acct_tom", "studios ask for it", at))
        _flood(session, flooded, at)
        stricter = add(
            session, stricter_text(), name="default", act=Act("acct_pia", "estates ask for it", at)
        )
        to_shadow(
            session, stricter.revision, Act("acct_pia", "watch it for a day first", at + 60 * MINUTE_MS)
        )
        _month(session, stricter, at)
    begun = f"/review/policies/{stricter.revision}"
    return {
        "policies": "/review/policies",
        "policy": begun,
        "policy-new": f"/review/policies/new?from={stricter.revision}",
    }


def _flood(session: Session, flooded: PolicyDocument, at: int) -> None:
    noticed = at + 280 * MINUTE_MS
    why = "work.named blocks 60.0 %, usually 1.0 %; the active one would not block most of it"
    to_rollout(session, flooded.revision, 10, Act("acct_tom", "quiet so far", at), Evidence(waived="a trial"))
    roll_back(session, Act(GUARD, why, noticed), only=flooded.revision)
    note_flood(
        session, revision=flooded.revision, rule="work.named", now=Share(60, 100), usual=Share(10, 1000), outcome=STOPPED,
        why="the active one would not block most of it", now_ms=noticed,
    )  # fmt: skip


def _month(session: Session, stricter: PolicyDocument, at: int) -> None:
    for number in range(25):
        human = PEOPLE[number] if number < len(PEOPLE) else None
        judgement = judged(SHIPPED, *([LATE] if human else []))
        decided(session, judgement, of=f"gen_{number}", human=human, now_ms=at + number)
        verdict = judgement.verdict.value
        watched = ShadowRuling(
            decision_id=f"dec_{number}", revision=stricter.revision, stage="request", verdict=verdict,
            shadow_verdict="block" if human else verdict, created_ms=at,
        )  # fmt: skip
        session.add(watched)
    report = run_backtest(session, stricter, SHIPPED)
    keep_backtest(
        session,
        report,
        SHIPPED.revision,
        since_ms=at - MINUTE_MS,
        actor="acct_pia",
        now_ms=at + 50 * MINUTE_MS,
    )
