"""Templates at rest: sealed per person, bound to their row, gone when erased, and never part of any text."""

import logging
import traceback

import numpy as np
import pytest
from sqlmodel import Session, select

from consent.biometrics.index import TemplateIndex
from consent.biometrics.keys import LocalKeyWrapper, MasterKeyInvalid
from consent.biometrics.models import Standing, Template, TemplateKey, TemplateKind
from consent.biometrics.vault import TemplateUnreadable, Vault, erase_templates, set_standing, templates_since
from moderation.store import Database
from tests.support.people import MODEL, People, embedding, made_face


def seal(
    session: Session, people: People, template_id: str, subject_id: str, person: int, *, version: int = 1
) -> Template:
    people.vault.seal(
        session,
        template_id=template_id,
        subject_id=subject_id,
        kind=TemplateKind.FACE,
        model_revision=MODEL,
        vector=embedding(person),
        standing=Standing.ENROLLED,
        version=version,
        now_ms=1_000,
    )
    return session.get_one(Template, template_id)


def fragments(vector: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> list[str]:
    """How numbers of a template would look if they leaked as text."""
    return [f"{value:.4f}"[1:] for value in vector[:8].tolist()] + [
        vector.tobytes()[:8].hex(),
        repr(vector.tobytes()[:8]),
    ]


def test_a_template_comes_back_exactly_as_it_was_sealed(database: Database, people: People) -> None:
    with database.transaction() as session:
        seal(session, people, "t1", "anna", 1)
    with database.read() as session:
        row = session.exec(select(Template)).one()
        assert np.array_equal(people.vault.open(session, row), embedding(1))


def test_the_database_holds_no_byte_of_a_template_and_each_person_has_a_key(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        first = seal(session, people, "t1", "anna", 1)
        seal(session, people, "t2", "anna", 1)
        seal(session, people, "t3", "bert", 2)
        assert embedding(1).tobytes()[:16] not in first.ciphertext
        ciphertexts = set(session.exec(select(Template.ciphertext)))
        assert len(ciphertexts) == 3
        keys = session.exec(select(TemplateKey)).all()
        assert {key.subject_id for key in keys} == {"anna", "bert"}
        assert len({key.wrapped for key in keys}) == 2


@pytest.mark.parametrize("change", ["id", "subject_id", "kind", "model_revision", "nonce", "ciphertext"])
def test_a_row_that_was_relabelled_swapped_or_altered_does_not_open(
    sqlite_database: Database, people: People, change: str
) -> None:
    with sqlite_database.transaction() as session:
        seal(session, people, "t2", "bert", 2)
        row = seal(session, people, "t1", "anna", 1)
        values = row.model_dump() | {
            change: {"id": "t9", "subject_id": "bert", "kind": "voice", "model_revision": "face:other"}.get(
                change
            )
            or bytes(len(getattr(row, change)))
        }
        with pytest.raises(TemplateUnreadable, match="was altered") as refused:
            people.vault.open(session, Template(**values))
        assert refused.value.code == "vault.template_unreadable"


def test_a_key_moved_to_another_person_does_not_unwrap(sqlite_database: Database, people: People) -> None:
    with sqlite_database.transaction() as session:
        seal(session, people, "t1", "anna", 1)
        row = seal(session, people, "t2", "bert", 2)
        session.get_one(TemplateKey, "bert").wrapped = session.get_one(TemplateKey, "anna").wrapped
        session.flush()
        with pytest.raises(MasterKeyInvalid):
            people.vault.open(session, row)


def test_another_master_key_opens_nothing(sqlite_database: Database, people: People) -> None:
    with sqlite_database.transaction() as session:
        row = seal(session, people, "t1", "anna", 1)
        with pytest.raises(MasterKeyInvalid):
            Vault(LocalKeyWrapper(bytes(32))).open(session, row)


def test_erasing_one_person_destroys_their_key_and_blanks_their_rows_alone(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        seal(session, people, "t1", "anna", 1)
        kept = seal(session, people, "t2", "bert", 2)
        assert erase_templates(session, "anna", version=5) == 1
        assert erase_templates(session, "anna", version=6) == 0
        assert people.vault.open(session, kept).shape == (512,)
    with database.read() as session:
        gone = session.get_one(Template, "t1")
        assert (gone.ciphertext, gone.nonce, gone.standing, gone.version) == (b"", b"", "erased", 5)
        assert session.exec(select(TemplateKey.subject_id)).all() == ["bert"]


def test_a_copy_of_the_row_taken_before_the_erasure_does_not_open_after_it(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        backup = Template(**seal(session, people, "t1", "anna", 1).model_dump())
        erase_templates(session, "anna", version=2)
    with database.read() as session, pytest.raises(TemplateUnreadable, match="its key is gone"):
        people.vault.open(session, backup)


def test_a_person_sealed_again_after_erasure_gets_a_new_key(
    sqlite_database: Database, people: People
) -> None:
    with sqlite_database.transaction() as session:
        seal(session, people, "t1", "anna", 1)
        before = session.get_one(TemplateKey, "anna").wrapped
        erase_templates(session, "anna", version=2)
        session.expire_all()
        row = seal(session, people, "t2", "anna", 1, version=3)
        assert session.get_one(TemplateKey, "anna").wrapped != before
        assert people.vault.open(session, row).shape == (512,)


def test_a_change_of_standing_touches_live_templates_alone_and_is_seen_by_version(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        seal(session, people, "t1", "anna", 1)
        erase_templates(session, "anna", version=2)
        seal(session, people, "t2", "anna", 1, version=3)
        assert set_standing(session, "anna", Standing.REVOKED, version=4) == 1
        assert [(row.id, row.standing) for row in templates_since(session, 2, TemplateKind.FACE)] == [
            ("t2", "revoked")
        ]
        assert [row.id for row in templates_since(session, 0, TemplateKind.FACE)] == ["t1", "t2"]
        assert templates_since(session, 0, TemplateKind.VOICE) == []


def test_all_or_nothing_when_one_of_many_cannot_be_opened(sqlite_database: Database, people: People) -> None:
    with sqlite_database.transaction() as session:
        rows = [seal(session, people, f"t{number}", f"person_{number}", number) for number in range(3)]
        session.delete(session.get_one(TemplateKey, "person_1"))
        session.flush()
        with pytest.raises(TemplateUnreadable, match="t1"):
            people.vault.open_all(session, rows)


def test_templates_never_show_in_a_repr_an_error_or_a_log(
    sqlite_database: Database, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    with sqlite_database.transaction() as session:
        row = seal(session, people, "t1", "anna", 1)
        key = session.get_one(TemplateKey, "anna")
        texts += [repr(row), str(row), repr(key), repr(people.vault), repr(made_face(embedding(1)))]
        broken = Template(**row.model_dump() | {"ciphertext": row.ciphertext[:-1]})
        with pytest.raises(TemplateUnreadable) as refused:
            people.vault.open(session, broken)
        texts.append("".join(traceback.format_exception(refused.value)))
        assert refused.value.__cause__ is None
        sealed = row.ciphertext, key.wrapped
    with sqlite_database.read() as session:
        index: TemplateIndex = people.new_index()
        index.refresh(session)
        texts += [repr(index), str(index.search(embedding(1)[None], -1.0))]
    everything = "\n".join([*texts, caplog.text])
    for fragment in (
        fragments(embedding(1)) + [repr(blob)[:20] for blob in sealed] + [blob.hex()[:16] for blob in sealed]
    ):
        assert fragment not in everything
