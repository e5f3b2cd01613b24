"""What was shown when a backtest was made is what is read later: figures, counts and flips."""

from sqlmodel import Session

from moderation.policy.lifecycle import Act, activate, add
from moderation.steering.backtest import FLIPS_KEPT, keep_backtest, report_to_plain, run_backtest
from moderation.steering.reports import kept_backtests, report_from_plain
from moderation.store import Database
from policies.lifecycle.backtest import BacktestReport
from policies.taxonomy import Verdict
from tests.support.steering import TITLE, decided, judged, policy, titles

BEFORE, AFTER = policy("review"), policy("block")


def recorded(session: Session, people: tuple[Verdict | None, ...]) -> BacktestReport:
    """The report on one title for each of the people's decisions."""
    activate(session, titles("review"), name="titles", actor="test", now_ms=1)
    add(session, titles("block"), name="titles", act=Act("acct_policy", "try it", 2))
    for number, human in enumerate(people):
        findings = () if human is None else (TITLE,)
        decided(session, judged(BEFORE, *findings), of=f"gen_{number}", human=human, now_ms=3 + number)
    return run_backtest(session, AFTER, BEFORE)


def test_a_report_is_read_as_it_was_written(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        report = recorded(session, (Verdict.BLOCK, Verdict.ALLOW, Verdict.BLOCK, None))
    assert len(report.flips) == 3
    assert report_from_plain(report_to_plain(report)) == report


def test_where_nobody_decided_there_are_no_rows_and_still_the_counts(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        report = recorded(session, (None, None))
    read = report_from_plain(report_to_plain(report))
    assert read == report
    assert read.after.blocks.f1_said == "no rows"
    assert str(read.after.blocks.precision) == "no rows"


def test_every_flip_is_counted_though_not_every_one_is_kept(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        report = recorded(session, (Verdict.BLOCK,) * (FLIPS_KEPT + 1))
        for at in (10, 20):
            keep_backtest(session, report, BEFORE.revision, since_ms=5, actor="acct_policy", now_ms=at)
    with sqlite_database.read() as session:
        kept = kept_backtests(session, AFTER.revision)
        assert kept_backtests(session, BEFORE.revision) == ()
        newest = kept_backtests(session, AFTER.revision, limit=1)
    assert [one.row.at_ms for one in kept] == [20, 10]
    assert [one.row.at_ms for one in newest] == [20]
    assert (kept[0].row.flips, len(kept[0].report.flips), kept[0].since_ms) == (FLIPS_KEPT + 1, FLIPS_KEPT, 5)
