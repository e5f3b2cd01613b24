"""The last look before a release, one condition at a time."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlmodel import Session, col, func, select

from consent.likeness.grants import withdraw_grant
from consent.likeness.models import Grant, Likeness
from consent.likeness.registry import lock_likenesses
from consent.likeness.restrictions import add_restriction
from consent.likeness.uses import reserve_use
from moderation.bus.jobs import JobRow
from moderation.bus.outbox import OutboxRow
from moderation.generation.rows import get_generation, pinned_likenesses
from moderation.generation.state import State
from moderation.generation.tables import Asset, Generation
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.messages import decode
from moderation.release.commit import Outcome, Prepared, commit_release
from moderation.release.tables import Release, Withdrawal
from moderation.store import now_ms
from moderation.transparency.audit import AuditEntry
from provenance.ledger import by_release_id
from tests.support.releases import sha256_of, waiting
from tests.support.service import ACCOUNT, Person, StubApplication, enrol_person


def commit(app: StubApplication, half: Prepared) -> Outcome:
    """In a transaction of its own."""
    with app.database.transaction() as session:
        return commit_release(session, half, clock=now_ms)


def state_of(app: StubApplication, half: Prepared) -> str:
    """Where the generation stands."""
    with app.database.read() as session:
        return get_generation(session, half.generation_id).state


def rows(app: StubApplication, table: type[object]) -> int:
    """How many."""
    with app.database.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def change(app: StubApplication, half: Prepared, **fields: object) -> None:
    """Change the generation's row."""
    with app.database.transaction() as session:
        row = session.get_one(Generation, half.generation_id)
        for name, value in fields.items():
            setattr(row, name, value)
        session.add(row)


def assert_nothing_released(app: StubApplication) -> None:
    """No release, no ledger row, no event."""
    assert rows(app, Release) == 0
    with app.database.read() as session:
        kinds = [decode(row.value).type for row in session.exec(select(OutboxRow))]
    assert not [kind for kind in kinds if "generation.released" in kind]


def test_a_release_is_recorded_everywhere_in_one_transaction(app: StubApplication) -> None:
    half = waiting(app.database)
    assert commit(app, half) is Outcome.RELEASED
    with app.database.read() as session:
        release = session.exec(select(Release)).one()
        assert (release.id, release.generation_id) == (half.release_id, half.generation_id)
        assert (release.asset_sha256, release.size_bytes, release.state) == (
            half.release_sha256,
            5,
            "released",
        )
        entry = by_release_id(session, half.release_id)
        assert entry is not None
        assert entry.sha256 == half.release_sha256
        assert session.get_one(Asset, half.release_sha256).role == "release"
        generation = get_generation(session, half.generation_id)
        assert (generation.state, generation.release_id) == ("released", half.release_id)
        (event,) = session.exec(select(OutboxRow).where(OutboxRow.key == half.generation_id))
        assert decode(event.value).data["release_id"] == half.release_id
        assert session.exec(select(AuditEntry.act).where(AuditEntry.subject == half.generation_id)).all() == [
            "generation.released"
        ]


def test_a_second_commit_finds_it_released_and_adds_nothing(app: StubApplication) -> None:
    half = waiting(app.database)
    assert [commit(app, half), commit(app, half)] == [Outcome.RELEASED, Outcome.ALREADY]
    assert rows(app, Release) == 1


def test_a_rolled_back_commit_leaves_no_trace(app: StubApplication) -> None:
    half = waiting(app.database)
    with app.database.read() as session:  # whatever it writes is rolled back
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
    assert_nothing_released(app)
    assert commit(app, replace(half, entry=half.entry.model_copy())) is Outcome.RELEASED


@pytest.mark.parametrize("field", ["output_sha256", "output_decision_id"])
def test_another_output_or_another_decision_than_was_prepared_is_stale(
    app: StubApplication, field: str
) -> None:
    half = waiting(app.database)
    change(app, half, **{field: sha256_of("another")})
    assert commit(app, half) is Outcome.STALE
    assert_nothing_released(app)


def test_only_a_generation_that_waits_for_release_is_released(app: StubApplication) -> None:
    for state in set(State) - {State.GENERATED, State.RELEASED}:
        half = waiting(app.database, state=state.value)
        assert commit(app, half) is Outcome.STALE
        assert state_of(app, half) == state.value
    assert_nothing_released(app)


@pytest.mark.parametrize(
    "decisions",
    [{"request": "review"}, {"request": "block"}, {"output": "review"}, {"output": "block"}],
    ids=lambda decisions: "_".join(f"{stage}_{verdict}" for stage, verdict in decisions.items()),
)
def test_without_an_allow_at_each_stage_nothing_is_released(
    app: StubApplication, decisions: dict[str, str]
) -> None:
    half = waiting(app.database, **decisions)
    assert commit(app, half) is Outcome.NOT_DECIDED
    assert_nothing_released(app)


@pytest.mark.parametrize("wrong", [None, "dec_gone"])
def test_a_request_decision_that_is_not_there_releases_nothing(
    app: StubApplication, wrong: str | None
) -> None:
    half = waiting(app.database)
    change(app, half, request_decision_id=wrong)
    assert commit(app, half) is Outcome.NOT_DECIDED


def test_an_allow_of_the_other_stage_does_not_count(app: StubApplication) -> None:
    half = waiting(app.database)
    change(app, half, request_decision_id=half.decision_id)
    assert commit(app, half) is Outcome.NOT_DECIDED


def revoke_it(session: Session, person: Person) -> None:
    """Everything."""
    revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))


def erase_it(session: Session, person: Person) -> None:
    """For good."""
    erase_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))


def withdraw_it(session: Session, person: Person) -> None:
    """The grant alone."""
    grant = session.exec(select(Grant)).one()
    withdraw_grant(
        session,
        grant_id=grant.id,
        likeness_id=person.likeness_id,
        actor=person.owner,
        now_ms=now_ms(session),
    )


def let_it_expire(session: Session, person: Person) -> None:
    """At this very millisecond."""
    grant = session.exec(select(Grant)).one()
    grant.expires_ms = now_ms(session)
    session.add(grant)


def narrow_it(session: Session, person: Person) -> None:
    """To another purpose."""
    grant = session.exec(select(Grant)).one()
    grant.purposes = ["advertising"]
    session.add(grant)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (revoke_it, "likeness.revoked"),
        (erase_it, "likeness.erased"),
        (withdraw_it, "likeness.not_granted"),
        (let_it_expire, "likeness.expired"),
        (narrow_it, "likeness.purpose"),
    ],
)
def test_consent_that_ended_since_takes_the_output_back_and_says_why(
    app: StubApplication, act: Callable[[Session, Person], None], code: str
) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    with app.database.transaction() as session:
        act(session, person)
    assert commit(app, half) is Outcome.CONSENT_LOST
    assert_nothing_released(app)
    with app.database.read() as session:
        mine = select(Withdrawal).where(Withdrawal.generation_id == half.generation_id)
        assert session.exec(mine).one().reason == code


def test_one_of_two_likenesses_revoked_is_enough(app: StubApplication) -> None:
    first, second = enrol_person(app, 1), enrol_person(app, 2)
    half = waiting(app.database, first, second)
    with app.database.transaction() as session:
        revoke_it(session, second)
    assert commit(app, half) is Outcome.CONSENT_LOST


def test_a_likeness_that_is_not_in_this_generation_does_not_matter(app: StubApplication) -> None:
    first, second = enrol_person(app, 1), enrol_person(app, 2)
    half = waiting(app.database, first)
    with app.database.transaction() as session:
        revoke_it(session, second)
    assert commit(app, half) is Outcome.RELEASED


def test_a_consent_revision_that_grew_without_ending_the_permission_does_not_stop_the_release(
    app: StubApplication,
) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    enrol_person(app, 2)
    with app.database.transaction() as session:
        grant = session.exec(select(Grant).where(Grant.likeness_id == person.likeness_id)).one()
        grant.account_ids = sorted([ACCOUNT, "acct_more"])
        session.add(grant)
    assert commit(app, half) is Outcome.RELEASED


def test_the_last_counted_use_stays_good_for_the_generation_that_holds_it(app: StubApplication) -> None:
    person = enrol_person(app, 1, uses_left=1)
    holder, other = waiting(app.database, person), waiting(app.database, person)
    with app.database.transaction() as session:
        grant = session.exec(select(Grant)).one()
        reserve_use(session, grant_id=grant.id, generation_id=holder.generation_id, now_ms=1)
    assert commit(app, holder) is Outcome.RELEASED
    assert commit(app, other) is Outcome.CONSENT_LOST


@pytest.mark.parametrize(
    ("parent_state", "outcome"),
    [(State.RELEASED, Outcome.RELEASED), (State.WITHDRAWN, Outcome.CONSENT_LOST)],
)
def test_a_remix_is_released_only_while_its_parent_is(
    app: StubApplication, parent_state: State, outcome: Outcome
) -> None:
    parent = waiting(app.database, state=parent_state.value)
    child = waiting(app.database, parent=parent.generation_id)
    assert commit(app, child) is outcome


def test_restrictions_that_changed_since_send_the_output_back_to_its_gate_once(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    restrict(app, person)
    assert commit(app, half) is Outcome.RECHECK
    assert_nothing_released(app)
    with app.database.read() as session:
        (job,) = session.exec(select(JobRow).where(JobRow.kind == "gate.output"))
        assert job.payload == {"sha256": half.output_sha256}
        (pinned,) = pinned_likenesses(session, half.generation_id)
        likeness = session.get_one(Likeness, person.likeness_id)
        assert pinned.restrictions_revision == likeness.restrictions_revision > 0
    assert state_of(app, half) == "generated"
    assert commit(app, replace(half, entry=half.entry.model_copy())) is Outcome.RELEASED


def test_every_further_change_of_restrictions_sends_it_back_again(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    for expected in (1, 2):
        restrict(app, person)
        assert commit(app, half) is Outcome.RECHECK
        with app.database.read() as session:
            jobs = session.exec(select(JobRow).where(col(JobRow.kind) == "gate.output")).all()
            assert len(jobs) == expected


def restrict(app: StubApplication, person: Person) -> None:
    """The owner adds a rule."""
    with app.database.transaction() as session:
        add_restriction(
            session,
            restriction_id=f"res_{now_ms(session)}_{len(session.exec(select(JobRow)).all())}",
            likeness_id=person.likeness_id,
            words="no violence",
            actor=person.owner,
            now_ms=now_ms(session),
        )


def test_a_grant_that_expires_while_the_commit_waits_for_its_lock_has_expired(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    holding, outcome = threading.Event(), []

    def commit_meanwhile() -> None:
        holding.wait(10)
        outcome.append(commit(app, half))

    thread = threading.Thread(target=commit_meanwhile)
    thread.start()
    with app.database.transaction() as session:
        lock_likenesses(session, [person.likeness_id])
        grant = session.exec(select(Grant)).one()
        grant.expires_ms = now_ms(session) + 100
        session.add(grant)
        session.flush()
        holding.set()
        thread.join(0.4)
        assert outcome == []
    thread.join(20)
    assert outcome == [Outcome.CONSENT_LOST]
