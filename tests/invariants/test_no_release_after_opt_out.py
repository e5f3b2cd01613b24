"""A rights-holder's word counts until the release, and takes back what was released: nothing slips in between."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from consent.works.models import OptOutScope
from consent.works.rights import file_opt_out
from moderation.bus.jobs import JobRow
from moderation.generation.output_stage import OUTPUT_GATE
from moderation.generation.pinned_works import pin_works
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.generation.tables import GenerationWork
from moderation.release.commit import Outcome, Prepared, commit_release
from moderation.release.serve import ReleaseGone, servable
from moderation.release.sweep import sweep_now
from moderation.release.tables import Withdrawal
from moderation.review.case_state import Outcome as Decided
from moderation.rights.commands import end_licence, license_to, opt_out
from moderation.store import Database, now_ms
from tests.support.conveyor import Conveyor, conveyor
from tests.support.moderators import decide, held, only_case, state_of
from tests.support.releases import prepared_of, waiting
from tests.support.rows import decision
from tests.support.service import ACCOUNT, StubApplication, app_on, ask, send_all
from tests.support.works import HOLDER, ZORBLA, RegisteredOnly, pinned, registered


@pytest.fixture
def reading(sqlite_database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """A service that looks for registered works in prompts."""
    for made in app_on(sqlite_database, tmp_path / "home"):
        made.works = RegisteredOnly()
        yield made


@pytest.fixture
def belt(reading: StubApplication) -> Iterator[Conveyor]:
    """Its workers, without the one that stamps."""
    with conveyor(reading, "release") as made:
        yield made


def commit(app: StubApplication, half: Prepared) -> Outcome:
    """Try to release it."""
    with app.database.transaction() as session:
        return commit_release(session, half, clock=now_ms)


def refuse(app: StubApplication, work_id: str, scope: OptOutScope = OptOutScope.BOTH) -> str:
    """The holder opts out; the withdrawal's id."""
    with app.database.transaction() as session:
        at = now_ms(session)
        done = opt_out(session, work_id, holder=HOLDER, standing="owner", scope=scope, now_ms=at)
        return done.withdrawal_id


def licence(app: StubApplication, work_id: str, until_ms: int | None = None) -> str:
    """The holder permits the test's account; the licence's id."""
    with app.database.transaction() as session:
        at = now_ms(session)
        return license_to(session, work_id, ACCOUNT, holder=HOLDER, now_ms=at, until_ms=until_ms).id


def ends_early(app: StubApplication, licence_id: str) -> None:
    """The holder ends it."""
    with app.database.transaction() as session:
        end_licence(session, licence_id, holder=HOLDER, now_ms=now_ms(session))


def judgements_queued(app: StubApplication) -> int:
    """How often an output was sent to its gate."""
    with app.database.read() as session:
        return len(session.exec(select(JobRow).where(JobRow.kind == OUTPUT_GATE)).all())


def prepared(app: StubApplication, name: str) -> Prepared:
    """What stamping the generation's output would give."""
    with app.database.read() as session:
        row = get_generation(session, name)
    assert row.output_sha256 is not None
    assert row.output_decision_id is not None
    return replace(prepared_of(name), output_sha256=row.output_sha256, decision_id=row.output_decision_id)


def test_an_opt_out_between_the_verdict_and_the_release_sends_the_output_back(app: StubApplication) -> None:
    half = waiting(app.database)
    pinned(app.database, half.generation_id, "work_z")
    refuse(app, "work_z")
    assert commit(app, half) is Outcome.RECHECK
    assert state_of(app, half.generation_id) == ("generated", "")
    assert judgements_queued(app) == 1


def test_an_opt_out_of_the_franchise_counts_for_what_belongs_to_it(app: StubApplication) -> None:
    half = waiting(app.database)
    pinned(app.database, half.generation_id, "work_z")
    with app.database.transaction() as session:
        session.exec(select(GenerationWork)).one().franchise_id = "work_of_franchise"
    refuse(app, "work_of_franchise")
    assert commit(app, half) is Outcome.RECHECK


@pytest.mark.parametrize("end", ["ended", "ran_out"])
def test_a_licence_that_ends_between_the_verdict_and_the_release_sends_it_back(
    app: StubApplication, end: str
) -> None:
    half = waiting(app.database)
    with app.database.read() as session:
        soon = now_ms(session) + 50
    licence_id = licence(app, "work_z", until_ms=soon if end == "ran_out" else None)
    pinned(app.database, half.generation_id, "work_z", "licensed", "shown")
    if end == "ended":
        ends_early(app, licence_id)
    threading.Event().wait(0.1)
    assert commit(app, half) is Outcome.RECHECK


def test_what_does_not_concern_it_stops_nothing(app: StubApplication) -> None:
    half = waiting(app.database)
    pinned(app.database, half.generation_id, "work_z")
    assert refuse(app, "work_z", OptOutScope.TRAINING) == ""
    refuse(app, "work_of_others")
    assert commit(app, half) is Outcome.RELEASED


def test_a_licence_given_meanwhile_is_judged_and_then_released(app: StubApplication) -> None:
    half = waiting(app.database)
    pinned(app.database, half.generation_id, "work_z")
    licence(app, "work_z")
    refuse(app, "work_z")
    assert commit(app, half) is Outcome.RECHECK


def test_of_an_opt_out_and_a_release_one_waits_for_the_other(app: StubApplication) -> None:
    """The opt-out has raised the registry's version and not yet committed: the release must wait and then see it."""
    half = waiting(app.database)
    pinned(app.database, half.generation_id, "work_z")
    outcome: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcome.append(commit(app, half)))
    with app.database.transaction() as session:
        file_opt_out(
            session,
            opt_out_id="opt_1",
            work_id="work_z",
            holder_account_id=HOLDER,
            standing="owner",
            now_ms=1,
        )
        thread.start()
        thread.join(0.4)
        assert outcome == []
    thread.join(20)
    assert outcome == [Outcome.RECHECK]


def test_an_opt_out_waits_for_a_release_that_is_committing_and_then_takes_it_back(
    app: StubApplication,
) -> None:
    half = waiting(app.database)
    pinned(app.database, half.generation_id, "work_z")
    done: list[str] = []
    thread = threading.Thread(target=lambda: done.append(refuse(app, "work_z")))
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
        thread.start()
        thread.join(0.4)
        assert done == []
    thread.join(20)
    with app.database.read() as session, pytest.raises(ReleaseGone):
        servable(session, half.release_id)


def test_what_is_out_is_served_no_more_from_the_opt_outs_commit_on_and_then_swept(
    app: StubApplication,
) -> None:
    half = waiting(app.database)
    child = waiting(app.database, parent=half.generation_id)
    other = waiting(app.database)
    pinned(app.database, half.generation_id, "work_z")
    for one in (half, child, other):
        assert commit(app, one) is Outcome.RELEASED
    withdrawal = refuse(app, "work_z")
    with app.database.read() as session:
        for one in (half, child):
            with pytest.raises(ReleaseGone):
                servable(session, one.release_id)
        assert servable(session, other.release_id)
    assert sweep_now(app.database, withdrawal) == 2
    assert state_of(app, child.generation_id) == ("withdrawn", "work.opted_out")
    assert state_of(app, other.generation_id) == ("released", "")


def test_a_licensee_keeps_what_was_made_under_the_licence(app: StubApplication) -> None:
    half = waiting(app.database)
    pinned(app.database, half.generation_id, "work_z", "licensed", "shown")
    licence_id = licence(app, "work_z")
    assert commit(app, half) is Outcome.RELEASED
    assert sweep_now(app.database, refuse(app, "work_z")) == 0
    with app.database.read() as session:
        assert servable(session, half.release_id)
    ends_early(app, licence_id)
    with app.database.read() as session, pytest.raises(ReleaseGone):
        servable(session, half.release_id)


def test_a_remix_is_bound_by_what_its_parent_names(app: StubApplication) -> None:
    parent = waiting(app.database)
    pinned(app.database, parent.generation_id, "work_z")
    assert commit(app, parent) is Outcome.RELEASED
    child = waiting(app.database, parent=parent.generation_id)
    with app.database.transaction() as session:
        pin_works(session, get_generation(session, child.generation_id), [])
    refuse(app, "work_z")
    assert commit(app, child) is Outcome.RECHECK


def test_nobody_allows_what_the_rights_holder_refused_meanwhile(app: StubApplication) -> None:
    case = held(app, "gen_held")
    pinned(app.database, "gen_held", "work_z")
    refuse(app, "work_z")
    with pytest.raises(Exception, match="rights-holder") as raised:
        decide(app, case)
    assert getattr(raised.value, "code", "") == "case.not_overridable"
    decide(app, case, Decided.BLOCK)
    assert state_of(app, "gen_held") == ("refused", "moderator")


def in_the_style(reading: StubApplication, belt: Conveyor) -> str:
    """A request in the style of a registered work, allowed by a person, generated, and judged again: its id."""
    (name,) = send_all(reading.database, [ask(f"a boat in the style of {ZORBLA}")])
    belt.until(lambda: belt.states().get(name) == "held")
    decide(reading, only_case(reading, name))
    belt.until(lambda: belt.states()[name] == "generated")
    belt.until(lambda: get_output_decision(reading, name) is not None)
    return name


def get_output_decision(app: StubApplication, name: str) -> str | None:
    """The decision on its output, if there is one yet."""
    with app.database.read() as session:
        return get_generation(session, name).output_decision_id


def test_from_prompt_to_refusal(reading: StubApplication, belt: Conveyor) -> None:
    work_id = registered(reading.database, kind="studio")
    name = in_the_style(reading, belt)
    refuse(reading, work_id)
    assert commit(reading, prepared(reading, name)) is Outcome.RECHECK
    belt.leave_alone("withdraw")
    belt.until(lambda: belt.states()[name] != "generated")
    assert state_of(reading, name) == ("refused", "work.opted_out")


def test_a_persons_allow_of_the_output_does_not_outlive_the_opt_out(
    reading: StubApplication, belt: Conveyor
) -> None:
    work_id = registered(reading.database, kind="studio")
    name = in_the_style(reading, belt)
    with reading.database.transaction() as session:
        persons = decision(f"dec_person_{name}", of=name, stage="output", verdict="allow")
        persons.actor = "mod_ann"
        session.add(persons)
        get_generation(session, name).output_decision_id = f"dec_person_{name}"
    refuse(reading, work_id)
    assert commit(reading, prepared(reading, name)) is Outcome.RECHECK
    belt.leave_alone("withdraw")
    belt.until(lambda: belt.states()[name] != "generated")
    assert state_of(reading, name) == ("refused", "work.opted_out")


def test_without_a_change_a_person_is_asked_once(reading: StubApplication, belt: Conveyor) -> None:
    registered(reading.database, kind="studio")
    name = in_the_style(reading, belt)
    assert commit(reading, prepared(reading, name)) is Outcome.RELEASED


def test_a_work_is_looked_for_from_its_registrations_commit_on_by_every_replica(
    reading: StubApplication, belt: Conveyor
) -> None:
    (before,) = send_all(reading.database, [ask(f"{ZORBLA} dances")])
    belt.settle([before], State.GENERATED)
    registered(reading.database)
    (after,) = send_all(reading.database, [ask(f"{ZORBLA} dances")])
    belt.settle([after], State.REFUSED)
    assert state_of(reading, after) == ("refused", "work.unlicensed")


def broken(_session: Session) -> int:
    """A registry that does not answer."""
    raise OSError("no registry")


def test_a_registry_that_cannot_be_read_means_that_a_person_judges(
    reading: StubApplication, belt: Conveyor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.generation.works.works_version", broken)
    monkeypatch.setattr("moderation.bus.backoff.Backoff.delay_ms", lambda *_: 0)
    (name,) = send_all(reading.database, [ask("a lighthouse")])
    belt.until(lambda: belt.states().get(name) == "held")


def test_what_the_withdrawal_is_about_is_on_record(app: StubApplication) -> None:
    withdrawal = refuse(app, "work_z")
    with app.database.read() as session:
        row = session.exec(select(Withdrawal).where(col(Withdrawal.id) == withdrawal)).one()
    assert (row.work_id, row.reason, row.actor) == ("work_z", "work.opted_out", HOLDER)
