"""Invariant 7: biometric templates never leave the vault, and a destroyed key is gone from the database's file, too."""

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
from sqlalchemy import text
from sqlmodel import SQLModel, select

from consent.biometrics.models import Template, TemplateKey
from moderation.bus.outbox import OutboxRow
from moderation.generation.generators.port import Made
from moderation.generation.state import State
from moderation.likenesses.commands import erase_likeness
from moderation.messages import Brief
from moderation.observability.logs import configure_logging
from moderation.store import now_ms
from moderation.transparency.audit import AuditEntry
from tests.support.conveyor import Conveyor
from tests.support.people import embedding
from tests.support.service import Person, StubApplication, ask, enrol_person, send_all


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Every line that is logged; everything is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("DEBUG", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def file_of(app: StubApplication) -> bytes:
    """Every byte of the database, its write-ahead log folded in."""
    with app.database.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    return Path(str(app.database.engine.url.database)).read_bytes()


def rows_of(app: StubApplication, person: Person) -> list[bytes]:
    """The wrapped key and the ciphertexts."""
    with app.database.read() as session:
        key = session.get_one(TemplateKey, person.likeness_id)
        templates = session.exec(select(Template).where(Template.subject_id == person.likeness_id))
        return [bytes(key.wrapped), *(bytes(row.ciphertext) for row in templates)]


def test_erasing_leaves_neither_key_nor_ciphertext_in_the_databases_file(embedded: StubApplication) -> None:
    person, other = enrol_person(embedded, 1), enrol_person(embedded, 2)
    secrets = rows_of(embedded, person)
    assert all(secret in file_of(embedded) for secret in secrets)
    with embedded.database.transaction() as session:
        erase_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    left = file_of(embedded)
    assert not [number for number, secret in enumerate(secrets) if secret in left]
    assert all(secret in left for secret in rows_of(embedded, other))


def test_no_template_prompt_or_handle_is_in_an_event_the_audit_log_or_a_line_of_the_log(
    embedded: StubApplication, line: Conveyor, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even when the generator fails with the prompt in its mouth."""
    monkeypatch.setattr(embedded.generator, "generate", _fail_once(embedded.generator.generate))
    person = enrol_person(embedded, 1)
    (name,) = send_all(embedded.database, [ask("unmistakable words about @person_1", person)])
    line.settle([name], State.GENERATED)
    with embedded.database.transaction() as session:
        erase_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    for _ in range(3):
        line.round()
    with embedded.database.read() as session:
        events = "".join(row.value.decode() for row in session.exec(select(OutboxRow)))
        audit = "".join(row.detail for row in session.exec(select(AuditEntry)))
    logged = log.getvalue()
    assert "job_failed" in logged
    figures = [f"{value:.4f}" for value in embedding(1)[:8]]
    for place in (events, audit, logged):
        assert not [figure for figure in figures if figure in place]
    assert "unmistakable" not in audit + logged
    assert person.handle not in audit + logged


def _fail_once(generate: Callable[..., Made | None]) -> Callable[..., Made | None]:
    failures = iter([RuntimeError])

    def failing(brief: Brief, **more: Any) -> Made | None:
        for failure in failures:
            raise failure(f"cannot draw {brief.prompt} {brief.likenesses} {embedding(1)[:8]}")
        return generate(brief, **more)

    return failing


def test_no_table_but_the_vaults_holds_the_bytes_of_a_template(embedded: StubApplication) -> None:
    person = enrol_person(embedded, 1)
    raw = np.ascontiguousarray(embedding(1), dtype="<f4").tobytes()
    assert raw[:64] not in file_of(embedded)
    holding = [name for name in SQLModel.metadata.tables if name.startswith("template")]
    assert sorted(holding) == ["template", "template_key"]
    assert rows_of(embedded, person)


def test_erasing_ends_recognition_on_a_replica_that_knew_the_face(embedded: StubApplication) -> None:
    person = enrol_person(embedded, 1)
    faces = embedding(1)[None, :]
    [(found,)] = embedded.index.identify(faces)
    assert found.likeness_id == person.likeness_id
    with embedded.database.transaction() as session:
        erase_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    assert embedded.index.identify(faces) == [()]
    assert embedded.templates.get().size == 0
