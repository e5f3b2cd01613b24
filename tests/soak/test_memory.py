"""A process that runs for weeks must not grow: a thousand releases, a thousand indexes built, each in one process.

SAFECONDUCT_SOAK_ROUNDS=1000 .venv/bin/python -m pytest -m soak -s tests/soak/test_memory.py
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from consent.biometrics.index import TemplateIndex
from moderation.accounts.directory import ensure_account
from moderation.policy.store import active_revision
from moderation.release.commit import Outcome, commit_release
from moderation.release.upkeep import promote_released
from moderation.store import Database, now_ms
from tests.soak.memory import Gauge
from tests.support.people import MODEL, People, embedding
from tests.support.releases import generated
from tests.support.rows import decision
from tests.support.service import ACCOUNT, StubApplication, app_on, paint

pytestmark = [pytest.mark.soak, pytest.mark.integration, pytest.mark.timeout(3600)]
ROUNDS = int(os.environ.get("SAFECONDUCT_SOAK_ROUNDS", "1000"))
WARM_UP = 200
BATCH = 10
RELEASE_BYTES = 4096
"""A release may cost this much for good; 1,000 a day are then 1.4 GiB a year. What Python keeps of interned ids is below it."""
REBUILD_BYTES = 1024
TEMPLATES = 200


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """Everything in this process, on SQLite."""
    yield from app_on(sqlite_database, tmp_path / "home")


def test_memory_is_flat_over_a_thousand_releases(app: StubApplication, tmp_path: Path) -> None:
    output = app.assets.stage(paint(tmp_path / "output.mp4")).sha256
    app.assets.promote(output)
    gauge = Gauge()
    for round_ in range(WARM_UP + ROUNDS):
        release_once(app, f"gen_{round_:05}", output)
        if round_ % BATCH == 0:
            assert (
                app.judging.perceive(output).problem == ""
            )  # decodes in a process of its own: slow, and little left here
            promote_released(app.database, app.assets)
        if round_ >= WARM_UP and round_ % BATCH == 0:
            gauge.read(round_)
    print(f"\nmemory over {ROUNDS} releases: {gauge.told()}")
    gauge.assert_flat(RELEASE_BYTES)


def release_once(app: StubApplication, name: str, output: str) -> None:
    """Everything the release worker does: encode, stamp, stage, prove, commit."""
    with app.database.transaction() as session:
        row = generated(name, output_sha256=output)
        session.add(row)
        policy = active_revision(session)
        for stage in ("request", "output"):
            session.add(decision(f"dec_{stage}_{name}", of=name, stage=stage, verdict="allow", policy=policy))
    prepared = app.preparation.prepare(name, output, f"dec_output_{name}")
    assert prepared is not None
    with app.database.transaction() as session:
        assert commit_release(session, prepared, clock=now_ms) is Outcome.RELEASED


def test_memory_is_flat_over_a_thousand_index_rebuilds(sqlite_database: Database) -> None:
    people = People()
    with sqlite_database.transaction() as session:
        ensure_account(session, ACCOUNT, actor="test", now_ms=now_ms(session))
    for person in range(TEMPLATES):
        with sqlite_database.transaction() as session:
            people.index.refresh(session)
            people.enrol(session, person)
    gauge = Gauge()
    for round_ in range(WARM_UP + ROUNDS):
        with sqlite_database.read() as session:
            found = rebuilt(session, people).search(embedding(round_ % TEMPLATES)[None])
        assert [match.subject_id for match in found] == [f"likeness_{round_ % TEMPLATES}"]
        if round_ >= WARM_UP and round_ % BATCH == 0:
            gauge.read(round_)
    print(f"\nmemory over {ROUNDS} rebuilds of {TEMPLATES} templates: {gauge.told()}")
    gauge.assert_flat(REBUILD_BYTES)


def rebuilt(session: Session, people: People) -> TemplateIndex:
    """The index of a replica that starts."""
    index = TemplateIndex(people.vault, model_revision=MODEL, max_age_s=60)  # however busy the machine is
    index.refresh(session)
    return index
