"""The flood guard: what a change of policy did is taken back and told; what people ask for, or what is absolute, is only told."""

import pytest
from sqlmodel import Session, col, select

from moderation.bus.log import Partition, Record
from moderation.bus.outbox import OutboxRow
from moderation.gate.decisions import MACHINE
from moderation.messages import DecisionMade, Message, PolicyChanged, PolicyFlooded, decode
from moderation.observability.readers import read_policies
from moderation.policy.evidence import Evidence
from moderation.policy.floods import GUARD, SHOWN_MS, recent_floods
from moderation.policy.lifecycle import Act, activate, add, to_rollout, to_shadow
from moderation.policy.store import active_revision, state_of
from moderation.policy.tables import PolicyChange, PolicyFlood, RuleTally
from moderation.policy.tally import EVERY_DECISION, count_rules, rule_counts
from moderation.steering.flood import FloodGuard, FloodWatch, guard
from moderation.steering.upkeep import tidy_policies
from moderation.store import Database, now_ms
from moderation.transparency.audit import AuditEntry
from policies.document import parse_document
from policies.lifecycle.floods import FloodRule
from policies.lifecycle.states import LifecycleState
from policies.taxonomy import Verdict
from tests.support.steering import ABSOLUTE, TITLE, decided, judged, titles

MINUTE, DAY = 60_000, 24 * 3600 * 1000
WATCH = FloodWatch(FloodRule(factor=5, min_decisions=50), window_ms=10 * MINUTE, usual_ms=DAY)
NOW = 1000 * DAY
CHANGED = NOW - 5 * MINUTE
REVIEWS, BLOCKS, BLOCKS_TOO = titles("review"), titles("block"), titles("block", note="another note")


def install(session: Session, text: str, at_ms: int) -> str:
    """Let it rule from then on."""
    return activate(session, text, name="titles", actor="acct_policy", now_ms=at_ms).revision


def tallied(
    session: Session, revision: str, decisions: int, blocks: int, *, at_ms: int, rule: str = "work.named"
) -> None:
    """Counts as the consumer keeps them."""
    for name, count in ((EVERY_DECISION, decisions), (rule, blocks)):
        minute = at_ms // MINUTE * MINUTE
        session.add(RuleTally(revision=revision, rule=name, minute_ms=minute, lane=0, count=count))
    session.flush()


def recorded(session: Session, text: str, *, blocks: int, at_ms: int = NOW) -> None:
    """Decisions on bare titles that the document blocked."""
    document = parse_document(text, name="titles")
    for number in range(blocks):
        decided(session, judged(document, TITLE), of=f"gen_{document.revision[-4:]}_{number}", now_ms=at_ms)


def flooded(session: Session, before: str = REVIEWS, after: str = BLOCKS) -> tuple[str, str]:
    """A document under which titles are never blocked, then one under which four in ten decisions are."""
    was, rules = install(session, before, 1), install(session, after, CHANGED)
    tallied(session, was, 1000, 0, at_ms=CHANGED - DAY // 2)
    tallied(session, rules, 100, 40, at_ms=NOW - MINUTE)
    recorded(session, after, blocks=10)
    return was, rules


def told(session: Session) -> list[Message]:
    """What was announced, in order."""
    return [decode(row.value).open() for row in session.exec(select(OutboxRow).order_by(col(OutboxRow.id)))]


def test_a_change_under_which_a_rule_floods_is_taken_back_and_told_to_everybody(database: Database) -> None:
    with database.transaction() as session:
        was, gone = flooded(session)
        [flood] = guard(session, WATCH, now_ms=NOW)
        assert active_revision(session) == was
        shadow = state_of(session, LifecycleState.SHADOW)
        assert shadow is not None
        assert shadow.revision == gone
        assert (flood.rule, flood.outcome, flood.blocks, flood.decisions) == (
            "work.named",
            "rolled_back",
            40,
            100,
        )
        last = session.exec(select(PolicyChange).where(PolicyChange.actor == GUARD)).all()
        assert {(one.revision, one.after) for one in last} == {(gone, "shadow"), (was, "active")}
        assert all("work.named blocks 40.0 % (40 of 100" in one.reason for one in last)
        acts = session.exec(select(AuditEntry.act).where(AuditEntry.actor == GUARD)).all()
        assert sorted(acts) == ["policy.activated", "policy.flooded", "policy.shadowed"]
        events = told(session)
        [event] = [one for one in events if isinstance(one, PolicyFlooded)]
        assert (event.revision, event.outcome, event.usual_decisions) == (gone, "rolled_back", 1000)
        assert [one.revision for one in events if isinstance(one, PolicyChanged)][-1] == was


def test_a_rollout_that_floods_is_stopped_and_the_active_revision_stays(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        active, act = install(session, REVIEWS, 1), Act("acct_policy", "try it", CHANGED)
        tried = add(session, BLOCKS, name="titles", act=act).revision
        to_rollout(session, tried, 10, act, Evidence(waived="a test"))
        tallied(session, active, 1000, 0, at_ms=NOW - MINUTE)
        tallied(session, tried, 100, 40, at_ms=NOW - MINUTE)
        recorded(session, BLOCKS, blocks=10)
        [flood] = guard(session, WATCH, now_ms=NOW)
        assert flood.outcome == "stopped"
        assert state_of(session, LifecycleState.ROLLOUT) is None
        assert active_revision(session) == active


def test_a_rule_is_not_undone_by_breaking_it_often(sqlite_database: Database) -> None:
    """The document before blocks the same: what is asked for has changed, not the policy."""
    with sqlite_database.transaction() as session:
        _, rules = flooded(session, BLOCKS, BLOCKS_TOO)
        [flood] = guard(session, WATCH, now_ms=NOW)
        assert (flood.outcome, active_revision(session)) == ("told", rules)
        assert "blocks 10 of 10 of the same, too: what is asked for has changed" in flood.why
        assert any(isinstance(one, PolicyFlooded) for one in told(session))


def test_what_is_absolute_is_told_and_never_undone(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        was, rules = install(session, REVIEWS, 1), install(session, BLOCKS, CHANGED)
        tallied(session, was, 1000, 0, at_ms=CHANGED - DAY // 2, rule="absolute:minors")
        tallied(session, rules, 100, 40, at_ms=NOW - MINUTE, rule="absolute:minors")
        decided(session, judged(parse_document(BLOCKS, name="b"), ABSOLUTE), of="gen_1", now_ms=NOW)
        [flood] = guard(session, WATCH, now_ms=NOW)
        assert (flood.outcome, flood.why) == ("told", "the rule stands above every document")
        assert active_revision(session) == rules


def test_a_policy_that_has_ruled_for_long_is_not_taken_back(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        install(session, REVIEWS, 1)
        rules = install(session, BLOCKS, NOW - 2 * DAY)
        tallied(session, rules, 1000, 0, at_ms=NOW - DAY // 2)
        tallied(session, rules, 100, 40, at_ms=NOW - MINUTE)
        [flood] = guard(session, WATCH, now_ms=NOW)
        assert (flood.outcome, flood.why) == ("told", "there is no recent change to take back")
        assert active_revision(session) == rules


@pytest.mark.parametrize(
    ("decisions", "blocks", "usual"), [(40, 40, 0), (100, 2, 0), (100, 40, 200)], ids=str
)
def test_too_few_decisions_and_usual_shares_are_no_flood(
    sqlite_database: Database, decisions: int, blocks: int, usual: int
) -> None:
    with sqlite_database.transaction() as session:
        was, rules = install(session, BLOCKS_TOO, 1), install(session, BLOCKS, CHANGED)
        tallied(session, was, 1000, usual, at_ms=CHANGED - DAY // 2)
        tallied(session, rules, decisions, blocks, at_ms=NOW - MINUTE)
        recorded(session, BLOCKS, blocks=5)
        assert guard(session, WATCH, now_ms=NOW) == []
        assert active_revision(session) == rules


def test_a_flood_that_goes_on_is_told_once_and_kept_up_to_date(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        flooded(session, BLOCKS, BLOCKS_TOO)
        assert len(guard(session, WATCH, now_ms=NOW)) == 1
        assert guard(session, WATCH, now_ms=NOW + MINUTE) == []
        [kept] = session.exec(select(PolicyFlood)).all()
        assert (kept.noticed_ms, kept.last_ms) == (NOW, NOW + MINUTE)
        assert len([one for one in told(session) if isinstance(one, PolicyFlooded)]) == 1
        assert recent_floods(session, now_ms=NOW + MINUTE + SHOWN_MS - 1) == (kept,)
        assert recent_floods(session, now_ms=NOW + MINUTE + SHOWN_MS) == ()


def flooded_now(database: Database) -> tuple[str, str]:
    """As `flooded`, by the database's clock, committed."""
    with database.transaction() as session:
        now = now_ms(session)
        was, rules = install(session, REVIEWS, now - DAY), install(session, BLOCKS, now - 5 * MINUTE)
        tallied(session, was, 1000, 0, at_ms=now - DAY // 2)
        tallied(session, rules, 100, 40, at_ms=now - MINUTE)
        recorded(session, BLOCKS, blocks=10, at_ms=now)
    return was, rules


def test_the_guard_looks_at_the_clock_and_an_alarm_can_be_raised_by_its_metric(
    sqlite_database: Database,
) -> None:
    was, _ = flooded_now(sqlite_database)
    watchman = FloodGuard(sqlite_database, WATCH)
    assert (watchman.run_once(), watchman.run_once()) == (1, 0)
    with sqlite_database.read() as session:
        assert active_revision(session) == was
        readings = {
            (one.name, *(value for _, value in one.labels)): one.value for one in read_policies(session)
        }
    assert readings["policy_floods", "rolled_back"] == 1
    assert readings["policy_floods", "told"] == 0
    assert readings["policy_revisions", "shadow"] == 1


def test_a_guard_that_is_switched_off_does_nothing(sqlite_database: Database) -> None:
    _, rules = flooded_now(sqlite_database)
    off = FloodWatch(FloodRule(0, 50), WATCH.window_ms, WATCH.usual_ms)
    assert FloodGuard(sqlite_database, off).run_once() == 0
    with sqlite_database.read() as session:
        assert active_revision(session) == rules


def counted(session: Session, *, lane: int = 0) -> None:
    """Count all decisions that are announced."""
    for row in session.exec(select(OutboxRow)).all():
        message = decode(row.value).open()
        partition = Partition("generation.decisions", lane)
        count_rules(session, message, Record(partition, 0, row.key, "evt_1", row.value))


def test_every_machine_decision_is_counted_with_the_rules_that_blocked_it(database: Database) -> None:
    with database.transaction() as session:
        document = parse_document(BLOCKS, name="b")
        for number, found in enumerate([(TITLE,), (TITLE, ABSOLUTE), ()]):
            decided(session, judged(document, *found), of=f"gen_{number}")
        counted(session)
        counts = rule_counts(session, document.revision, since_ms=0, until_ms=now_ms(session) + 1)
        assert counts == {EVERY_DECISION: 3, "work.named": 2, "absolute:minors": 1}
        assert MACHINE in {one.actor for one in told(session) if isinstance(one, DecisionMade)}


def test_what_people_decide_and_what_only_watches_is_not_counted(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        document = parse_document(REVIEWS, name="r")
        decided(session, judged(document, TITLE), of="gen_1", human=Verdict.BLOCK)
        counted(session)
        counts = rule_counts(session, document.revision, since_ms=0, until_ms=now_ms(session) + 1)
        assert counts == {EVERY_DECISION: 1}


def test_old_counts_are_forgotten_when_nothing_is_held_against_them_any_more(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        now = now_ms(session)
        kept = install(session, REVIEWS, 1)
        tallied(session, kept, 7, 0, at_ms=now - DAY)
        tallied(session, kept, 9, 0, at_ms=now - 4 * DAY)
    tidy_policies(sqlite_database, WATCH, kept_ms=30 * DAY)
    with sqlite_database.read() as session:
        assert rule_counts(session, kept, since_ms=0, until_ms=now)[EVERY_DECISION] == 7


def test_a_shadow_never_floods(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        active, act = install(session, REVIEWS, 1), Act("acct_policy", "watch", CHANGED)
        watching = add(session, BLOCKS, name="titles", act=act).revision
        to_shadow(session, watching, act)
        tallied(session, active, 1000, 0, at_ms=NOW - MINUTE)
        tallied(session, watching, 100, 40, at_ms=NOW - MINUTE)
        assert guard(session, WATCH, now_ms=NOW) == []
