"""Revocation at the worst moments: between the two halves of a release, after it, and in a race with many."""

import signal
import threading
from collections.abc import Callable, Iterator
from time import sleep

import pytest
from sqlmodel import select

from consent.biometrics.models import Template, TemplateKey
from consent.likeness.models import Likeness
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.generation.tables import Generation, LikenessPortrait
from moderation.likenesses.commands import Revoked, erase_likeness, revoke_likeness
from moderation.release.commit import Outcome, Prepared, commit_release
from moderation.release.report import withdrawal_report
from moderation.release.serve import ReleaseGone, servable
from moderation.release.tables import Release
from moderation.store import Database, now_ms
from provenance.ledger import LedgerEntry
from tests.faults.deployment import Deployment
from tests.faults.effects import all_in, all_quiet
from tests.faults.process import ALL, send_signal
from tests.faults.test_zombies import is_stopped
from tests.support.bus import until
from tests.support.conveyor import Conveyor, conveyor
from tests.support.releases import Downloads, waiting
from tests.support.service import Person, StubApplication, ask, enrol_person, send_all

pytestmark = pytest.mark.integration

TakeBack = Callable[..., Revoked]
TAKE_BACK = [
    pytest.param(revoke_likeness, "likeness.revoked", id="revoke"),
    pytest.param(erase_likeness, "likeness.erased", id="erase"),
]


@pytest.fixture
def line(app: StubApplication) -> Iterator[Conveyor]:
    """All workers, run by the test."""
    with conveyor(app) as made:
        yield made


def take_back(app: StubApplication, person: Person, how: TakeBack = revoke_likeness) -> str:
    """The owner acts; the id of the withdrawal."""
    with app.database.transaction() as session:
        done = how(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    return done.withdrawal_id


def prepared(app: StubApplication, line: Conveyor, person: Person) -> Prepared:
    """A release of that person, stamped and proven, not committed."""
    (generation_id,) = send_all(app.database, [ask("@person_1 waves", person)])
    line.until(lambda: waits_for_release(app.database, generation_id))
    with app.database.read() as session:
        generation = get_generation(session, generation_id)
        sha256, decision_id = generation.output_sha256, generation.output_decision_id
    assert sha256
    assert decision_id
    made = app.preparation.prepare(generation_id, sha256, decision_id)
    assert made is not None
    return made


def waits_for_release(database: Database, generation_id: str) -> bool:
    """Cleared by the output gate."""
    with database.read() as session:
        generation = session.get(Generation, generation_id)
        return generation is not None and generation.output_decision_id is not None


def releases(database: Database) -> list[Release]:
    """Every row."""
    with database.read() as session:
        return list(session.exec(select(Release)))


@pytest.mark.parametrize(("how", "code"), TAKE_BACK)
def test_revoke_between_prepare_and_commit_releases_nothing_and_withdraws_with_a_receipt(
    app: StubApplication, how: TakeBack, code: str
) -> None:
    person = enrol_person(app, 1)
    with conveyor(app, "release") as line:
        half = prepared(app, line, person)
        withdrawal = take_back(app, person, how)
        with app.database.transaction() as session:
            assert commit_release(session, half, clock=now_ms) is Outcome.CONSENT_LOST
        line.settle([half.generation_id], State.WITHDRAWN)
    assert releases(app.database) == []
    assert app.assets.is_staged(half.release_sha256)  # an orphan file, never an unrecorded release
    with app.database.read() as session:
        assert get_generation(session, half.generation_id).ended_because == code
        assert session.exec(select(LedgerEntry)).all() == []
        report = withdrawal_report(session, withdrawal)
    assert report["done"]
    assert [(r["target"], r["kind"]) for r in report["receipts"]] == [(half.generation_id, "generation")]


def test_revoke_between_prepare_and_commit_of_a_real_worker_releases_nothing(deployment: Deployment) -> None:
    app, fleet = deployment.app, deployment.fleet
    person = enrol_person(app, 1)
    fleet.start(*(name for name in ALL if name != "release"))
    worker = fleet.start("release", fault="freeze:after_prepare")
    ids = send_all(app.database, [ask("@person_1 waves", person)])
    assert until(lambda: is_stopped(worker.pid)), fleet.logs()
    withdrawal = take_back(app, person)
    send_signal(worker, signal.SIGCONT)
    assert all_in(app.database, ids, State.WITHDRAWN), fleet.logs()
    assert all_quiet(app.database), fleet.logs()
    assert releases(app.database) == []
    with app.database.read() as session:
        report = withdrawal_report(session, withdrawal)
    assert report["done"]
    assert [receipt["target"] for receipt in report["receipts"]] == ids


@pytest.mark.parametrize(("how", "code"), TAKE_BACK)
def test_after_a_revocation_no_byte_is_served_from_its_commit_on_and_the_sweep_reaches_remixes(
    app: StubApplication, line: Conveyor, how: TakeBack, code: str
) -> None:
    person = enrol_person(app, 1, audience="everyone", account_ids=())
    (parent,) = send_all(app.database, [ask("@person_1 waves", person)])
    line.settle([parent], State.RELEASED)
    (child,) = send_all(app.database, [ask("the same in winter", person, parent=parent)])
    line.settle([child], State.RELEASED)
    fetch = Downloads(app)
    links = {name: fetch.link(name) for name in (parent, child)}
    assert [fetch.status(link) for link in links.values()] == [200, 200]

    withdrawal = take_back(app, person, how)
    assert set(line.states().values()) == {"released"}  # no sweep has run
    assert [fetch.status(link) for link in links.values()] == [410, 410]
    line.settle([parent, child], State.WITHDRAWN)
    assert [fetch.status(link) for link in links.values()] == [410, 410]
    with app.database.read() as session:
        report = withdrawal_report(session, withdrawal)
        assert get_generation(session, child).ended_because == code
    assert report["done"]
    assert (report["reached"], report["unreachable"]) == (2, 2)
    outcomes = {(r["target"], r["kind"]): r["outcome"] for r in report["receipts"]}
    assert outcomes == {
        (parent, "generation"): "withdrawn",
        (child, "generation"): "withdrawn",
        (parent, "served_copies"): "unreachable",
        (child, "served_copies"): "unreachable",
    }


def test_erasing_destroys_the_key_and_the_templates_and_the_portraits_row(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    with app.database.transaction() as session:
        session.add(LikenessPortrait(likeness_id=person.likeness_id, asset_sha256="a" * 64, created_ms=1))
    take_back(app, person, erase_likeness)
    with app.database.read() as session:
        assert session.get(TemplateKey, person.likeness_id) is None
        assert all(row.standing == "erased" and not row.ciphertext for row in session.exec(select(Template)))
        assert session.exec(select(LikenessPortrait)).all() == []


def test_a_revocation_while_the_request_waits_refuses_it_and_returns_what_it_held(
    app: StubApplication, line: Conveyor
) -> None:
    person = enrol_person(app, 1)
    with conveyor(app, "request-gate") as others:
        (generation_id,) = send_all(app.database, [ask("@person_1 waves", person)])
        others.round()
    take_back(app, person)
    line.settle([generation_id], State.REFUSED)
    with app.database.read() as session:
        assert get_generation(session, generation_id).ended_because == "likeness.revoked"


@pytest.mark.parametrize("delay_s", [0.0, 0.004, 0.01, 0.02])
def test_of_many_releases_racing_one_revocation_none_commits_after_it(
    app: StubApplication, delay_s: float
) -> None:
    person = enrol_person(app, 1)
    ready = [waiting(app.database, person) for _ in range(12)]
    race = Race(app.database, person)
    runners = [threading.Thread(target=race.release, args=(one,)) for one in ready]
    owner = threading.Thread(target=race.revoke, args=(delay_s,))
    for thread in (*runners, owner):
        thread.start()
    for thread in (*runners, owner):
        thread.join(30)
    assert race.errors == []
    assert len(race.ended) == len(ready)
    assert {outcome for outcome, _ in race.ended} <= {Outcome.RELEASED, Outcome.CONSENT_LOST}
    assert all(revision < race.revoked_at for outcome, revision in race.ended if outcome is Outcome.RELEASED)
    with app.database.read() as session:
        rows = session.exec(select(Release)).all()
        assert len(rows) == sum(outcome is Outcome.RELEASED for outcome, _ in race.ended)
        for row in rows:
            with pytest.raises(ReleaseGone):
                servable(session, row.id)
    with conveyor(app, "release") as line:
        line.settle([one.generation_id for one in ready], State.WITHDRAWN)


class Race:
    """Releases and a revocation at the same time; each release notes the consent revision that held when it committed."""

    def __init__(self, database: Database, person: Person) -> None:
        self._database, self._person = database, person
        self.ended: list[tuple[Outcome, int]] = []
        self.errors: list[Exception] = []
        self.revoked_at = 0
        self._gate = threading.Barrier(13)

    def release(self, half: Prepared) -> None:
        """Commit it; the likeness row is locked until then, so its revision is the one that counts."""
        self._gate.wait()
        try:
            with self._database.transaction() as session:
                outcome = commit_release(session, half, clock=now_ms)
                row = session.get_one(Likeness, self._person.likeness_id, populate_existing=True)
                seen = outcome, row.revision
            self.ended.append(seen)
        except Exception as error:
            self.errors.append(error)

    def revoke(self, delay_s: float) -> None:
        """As the owner."""
        self._gate.wait()
        sleep(delay_s)
        with self._database.transaction() as session:
            done = revoke_likeness(
                session, self._person.likeness_id, actor=self._person.owner, now_ms=now_ms(session)
            )
        self.revoked_at = done.revocation.change.revision
