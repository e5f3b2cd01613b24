"""A withdrawal: what it reaches in which state, once, with a receipt for each thing."""

import pytest
from sqlmodel import col, func, select

from moderation.accounts.models import QuotaReservation
from moderation.accounts.quota import QuotaLimits, reserve
from moderation.bus.jobs import Job, JobRow, Lease
from moderation.bus.outbox import OutboxRow
from moderation.generation.rows import get_generation
from moderation.generation.state import FINAL, State
from moderation.generation.tables import Generation
from moderation.likenesses.commands import revoke_likeness
from moderation.messages import decode
from moderation.release.commit import Outcome, Prepared, commit_release
from moderation.release.jobs import WithdrawJob
from moderation.release.report import WithdrawalUnknown, withdrawal_report
from moderation.release.serve import count_served
from moderation.release.sweep import sweep_now
from moderation.release.tables import Receipt, Release, Withdrawal
from moderation.release.withdraw import PAUSE_MS, affected, order_withdrawal, withdraw_one
from moderation.store import now_ms
from tests.support.releases import waiting
from tests.support.service import ACCOUNT, Person, StubApplication, enrol_person


def order(app: StubApplication, *, likeness: str = "", generation: str = "") -> str:
    """A withdrawal of one of the two; its id."""
    with app.database.transaction() as session:
        return order_withdrawal(
            session, reason="test.reason", actor="acct_admin", now_ms=now_ms(session), likeness_id=likeness,
            generation_id=generation,
        )  # fmt: skip


def released(app: StubApplication, *people: Person, parent: str | None = None) -> Prepared:
    """A release on record."""
    half = waiting(app.database, *people, parent=parent)
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
    return half


def outcomes(app: StubApplication, withdrawal: str) -> dict[tuple[str, str], str]:
    """(target, kind) to outcome."""
    with app.database.read() as session:
        rows = session.exec(select(Receipt).where(Receipt.withdrawal_id == withdrawal))
        return {(row.target, row.kind): row.outcome for row in rows}


def state_of(app: StubApplication, name: str) -> str:
    """Where it stands."""
    with app.database.read() as session:
        return get_generation(session, name).state


@pytest.mark.parametrize("state", list(State))
def test_what_becomes_of_a_generation_in_each_state(app: StubApplication, state: State) -> None:
    half = waiting(app.database, state=state.value)
    withdrawal = order(app, generation=half.generation_id)
    assert sweep_now(app.database, withdrawal) == 1
    outcome = outcomes(app, withdrawal)[half.generation_id, "generation"]
    after = state_of(app, half.generation_id)
    if state in FINAL:
        assert (after, outcome) == (state.value, f"already_{state.value}")
    elif state in {State.REQUESTED, State.APPROVED}:
        assert (after, outcome) == ("cancelled", "cancelled")
    else:
        assert (after, outcome) == ("withdrawn", "withdrawn")


def test_a_release_is_marked_announced_and_its_copies_are_named_as_out_of_reach(app: StubApplication) -> None:
    half = released(app)
    with app.database.transaction() as session:
        for _ in range(3):
            count_served(session, half.release_id)
    withdrawal = order(app, generation=half.generation_id)
    sweep_now(app.database, withdrawal)
    with app.database.read() as session:
        release = session.get_one(Release, half.release_id)
        assert release.state == "withdrawn"
        assert release.withdrawn_ms is not None
        report = withdrawal_report(session, withdrawal)
        events = [
            decode(row.value) for row in session.exec(select(OutboxRow).order_by(col(OutboxRow.id)).limit(50))
        ]
    assert (report["reached"], report["unreachable"], report["done"]) == (1, 1, True)
    (copies,) = [receipt for receipt in report["receipts"] if receipt["kind"] == "served_copies"]
    assert copies["detail"].startswith("3 copies were downloaded")
    announced = events[-1].data
    assert (announced["withdrawal_id"], announced["reason"]) == (withdrawal, "test.reason")
    assert (announced["reached"], announced["unreachable"]) == (1, 3)


def test_sweeping_twice_changes_nothing(app: StubApplication) -> None:
    half = released(app)
    withdrawal = order(app, generation=half.generation_id)
    sweep_now(app.database, withdrawal)
    before = snapshot(app, withdrawal)
    sweep_now(app.database, withdrawal)
    assert snapshot(app, withdrawal) == before


def snapshot(app: StubApplication, withdrawal: str) -> tuple[object, ...]:
    """Everything a sweep writes."""
    with app.database.read() as session:
        return (
            withdrawal_report(session, withdrawal),
            session.get_one(Withdrawal, withdrawal).done_ms,
            session.exec(select(func.count()).select_from(OutboxRow)).one(),
        )


def test_two_withdrawals_of_one_generation_each_say_what_they_found(app: StubApplication) -> None:
    half = released(app)
    first, second = order(app, generation=half.generation_id), order(app, generation=half.generation_id)
    for withdrawal in (first, second):
        sweep_now(app.database, withdrawal)
    key = (half.generation_id, "generation")
    assert (outcomes(app, first)[key], outcomes(app, second)[key]) == ("withdrawn", "already_withdrawn")


def test_everything_made_from_it_is_withdrawn_however_deep(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    root = released(app, person)
    child = released(app, parent=root.generation_id)
    grandchild = waiting(app.database, parent=child.generation_id)
    sibling = waiting(app.database, parent=root.generation_id, state=State.APPROVED.value)
    stranger = released(app)
    withdrawal = order(app, likeness=person.likeness_id)
    assert sweep_now(app.database, withdrawal) == 4
    names = {name for name, _ in outcomes(app, withdrawal)}
    family = {one.generation_id for one in (root, child, grandchild, sibling)}
    assert names == family
    assert state_of(app, stranger.generation_id) == "released"
    assert state_of(app, sibling.generation_id) == "cancelled"


def test_parents_come_before_their_remixes_and_each_once_even_in_a_circle(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    first = waiting(app.database, person)
    second = waiting(app.database, person, parent=first.generation_id)
    with app.database.transaction() as session:
        session.get_one(Generation, first.generation_id).remix_parent = second.generation_id
    withdrawal = order(app, generation=first.generation_id)
    with app.database.read() as session:
        found = affected(session, session.get_one(Withdrawal, withdrawal))
    assert found == (first.generation_id, second.generation_id)


def test_a_cancelled_generation_returns_its_place_in_the_quota_and_a_released_one_does_not(
    app: StubApplication,
) -> None:
    limits = QuotaLimits(account=10, total=10)
    waits, out = waiting(app.database, state=State.APPROVED.value), released(app)
    with app.database.transaction() as session:
        for half in (waits, out):
            reserve(session, ACCOUNT, "2026-03-01", limits, generation_id=half.generation_id)
    for half in (waits, out):
        sweep_now(app.database, order(app, generation=half.generation_id))
    with app.database.read() as session:
        assert session.get_one(QuotaReservation, waits.generation_id).returned
        assert not session.get_one(QuotaReservation, out.generation_id).returned


def test_ordering_queues_one_sweep_and_writes_one_audit_row(app: StubApplication) -> None:
    withdrawal = order(app, generation=waiting(app.database).generation_id)
    with app.database.read() as session:
        (job,) = session.exec(select(JobRow).where(JobRow.kind == "withdraw"))
        assert (job.subject_id, job.max_attempts) == (withdrawal, 100)


def test_a_revocation_of_a_likeness_nobody_used_has_an_empty_report(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    with app.database.transaction() as session:
        done = revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    assert sweep_now(app.database, done.withdrawal_id) == 0
    with app.database.read() as session:
        report = withdrawal_report(session, done.withdrawal_id)
    assert (report["done"], report["receipts"]) == (True, [])


def test_revoking_again_orders_no_second_withdrawal(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    ids = []
    for _ in range(2):
        with app.database.transaction() as session:
            done = revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
        ids.append(done.withdrawal_id)
    assert ids[0]
    assert ids[1] == ""


def test_a_report_of_a_withdrawal_that_goes_on_says_so_and_of_none_says_unknown(app: StubApplication) -> None:
    withdrawal = order(app, generation=waiting(app.database).generation_id)
    with app.database.read() as session:
        assert not withdrawal_report(session, withdrawal)["done"]
        with pytest.raises(WithdrawalUnknown) as caught:
            withdrawal_report(session, "wdr_gone")
    assert caught.value.code == "withdrawal.unknown"


def a_job(withdrawal: str) -> Job:
    """The sweep's job as the pool hands it over."""
    return Job("job_1", "withdraw", withdrawal, {}, 1, 100, 0, 1)


def test_the_sweeps_job_is_done_only_when_everything_is_reached(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    released(app, person)
    released(app, person)
    withdrawal = order(app, likeness=person.likeness_id)
    effect = WithdrawJob(app.database).run(a_job(withdrawal), Lease(lambda: True, 30))
    assert len(outcomes(app, withdrawal)) == 2
    with app.database.read() as session:
        assert not withdrawal_report(session, withdrawal)["done"]
    with app.database.transaction() as session:
        effect(session)
    with app.database.read() as session:
        assert withdrawal_report(session, withdrawal)["done"]


def test_a_sweep_that_lost_its_lease_stops_and_another_goes_on_where_it_was(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    first, second = released(app, person), released(app, person)
    withdrawal = order(app, likeness=person.likeness_id)
    with app.database.transaction() as session:  # the first sweeper came this far
        row = session.get_one(Withdrawal, withdrawal)
        withdraw_one(session, row, first.generation_id, now_ms=now_ms(session))
    lost = Lease(lambda: True, 30)
    lost.lose()
    with pytest.raises(RuntimeError, match="lease was lost"):
        WithdrawJob(app.database).run(a_job(withdrawal), lost)
    assert len(outcomes(app, withdrawal)) == 1
    WithdrawJob(app.database).run(a_job(withdrawal), Lease(lambda: True, 30))
    assert {name for name, _ in outcomes(app, withdrawal)} == {first.generation_id, second.generation_id}


def test_a_withdrawal_is_never_given_up_but_queued_anew_once_for_each_job_that_failed(
    app: StubApplication,
) -> None:
    withdrawal = order(app, generation=waiting(app.database).generation_id)
    for _ in range(2):
        effect = WithdrawJob(app.database).on_exhausted(a_job(withdrawal), RuntimeError("100 times"))
        with app.database.transaction() as session:
            effect(session)
    with app.database.read() as session:
        first, second = session.exec(select(JobRow).order_by(col(JobRow.sequence)))
        assert second.subject_id == withdrawal
        assert second.run_after_ms >= first.run_after_ms + PAUSE_MS
        assert session.get_one(Withdrawal, withdrawal).done_ms is None
