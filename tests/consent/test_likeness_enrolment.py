"""Enrolling: which portraits are taken, whose face may be, and what is written; the models are played by coded pictures."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlmodel import Session, select

from consent.biometrics.faces import Face
from consent.biometrics.models import Template, TemplateKind
from consent.likeness.enrolment import enrol, read_portraits
from consent.likeness.handles import HandleInvalid, handle_key
from consent.likeness.models import Likeness
from consent.likeness.refusals import EnrolmentRefused
from consent.likeness.revocation import erase, revoke
from moderation.store import Database
from tests.support.people import MODEL, CodedFaces, People, embedding, made_face, portrait


class OneFace:
    """Sees the same face in every picture."""

    revision = MODEL

    def __init__(self, face: Face) -> None:
        self._face = face

    def faces(self, frame: NDArray[np.uint8]) -> tuple[Face, ...]:
        return (self._face,)


class Liveness:
    """Says what it is told, portrait by portrait."""

    name = "told"

    def __init__(self, *answers: bool) -> None:
        self._answers: Iterator[bool] = iter(answers)

    def is_live(self, portrait: NDArray[np.uint8], face: Face) -> bool:
        return next(self._answers)


def refusal(*portraits: NDArray[np.uint8]) -> tuple[str, str]:
    with pytest.raises(EnrolmentRefused) as refused:
        read_portraits(portraits, CodedFaces())
    return refused.value.code, str(refused.value)


def refused_enrolment(database: Database, people: People, person: int, owner: str) -> str:
    with pytest.raises(EnrolmentRefused) as refused, database.transaction() as session:
        people.enrol(session, person, owner=owner)
    return refused.value.code


def test_one_face_per_portrait_of_one_person_is_read() -> None:
    read = read_portraits([portrait(1, 0), portrait(1, 1)], CodedFaces())
    assert read.embeddings.shape == (2, 512)
    assert (read.model_revision, read.liveness) == (MODEL, "unverified")


def test_what_was_read_never_shows_its_embeddings() -> None:
    text = repr(read_portraits([portrait(1)], CodedFaces()))
    assert text == f"Portraits(model_revision='{MODEL}', liveness='unverified')"


@pytest.mark.parametrize("number", [0, 9])
def test_too_few_or_too_many_portraits_are_refused(number: int) -> None:
    code, text = refusal(*[portrait(1)] * number)
    assert code == "enrolment.portrait_count"
    assert f"{number} given; give 1 to 8" in text


def test_a_portrait_without_a_face_is_named_by_number() -> None:
    assert refusal(portrait(1), portrait(1, faces=0)) == (
        "enrolment.no_face",
        "portraits: number 2 shows no face; face the camera in good light",
    )


def test_a_portrait_with_two_usable_faces_is_refused() -> None:
    code, text = refusal(portrait(1, faces=2))
    assert code == "enrolment.several_faces"
    assert "number 1 shows 2 faces" in text


@pytest.mark.parametrize(("reason", "words"), [(1, "too small"), (2, "blurred"), (3, "turned away")])
def test_an_unusable_face_is_refused_with_its_reason(reason: int, words: str) -> None:
    code, text = refusal(portrait(1, reason=reason))
    assert code == "enrolment.face_unusable"
    assert words in text


def test_a_face_sharp_enough_to_compare_may_be_too_blurred_to_enrol() -> None:
    with pytest.raises(EnrolmentRefused, match="blurred") as refused:
        read_portraits([portrait(1)], OneFace(made_face(embedding(1), sharpness=29.9)))
    assert refused.value.code == "enrolment.face_unusable"
    assert read_portraits(
        [portrait(1)], OneFace(made_face(embedding(1), sharpness=30.0))
    ).embeddings.shape == (1, 512)


def test_portraits_of_two_people_are_refused_by_their_numbers() -> None:
    code, text = refusal(portrait(1), portrait(1, 1), portrait(2))
    assert code == "enrolment.several_people"
    assert "numbers 1 and 3" in text or "numbers 2 and 3" in text


def test_a_liveness_check_is_recorded_and_one_failure_refuses() -> None:
    pictures = [portrait(1), portrait(1, 1)]
    assert read_portraits(pictures, CodedFaces(), Liveness(True, True)).liveness == "told"
    with pytest.raises(EnrolmentRefused, match="number 2") as refused:
        read_portraits(pictures, CodedFaces(), Liveness(True, False))
    assert refused.value.code == "enrolment.not_live"


def test_an_enrolment_writes_the_likeness_and_one_sealed_template_per_portrait(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        change = people.enrol(session, 1, shots=(0, 1, 2), minor=True)
    assert (change.change, change.revision, change.registry_version) == ("enrolled", 1, 1)
    with database.read() as session:
        row = session.exec(select(Likeness)).one()
        assert (row.handle, row.owner_account_id, row.state, row.minor) == (
            "person_1",
            "account_1",
            "active",
            True,
        )
        assert (row.liveness, row.voice) == ("unverified", "none")
        sealed = session.exec(select(Template).order_by("id")).all()
        assert [(template.kind, template.model_revision, template.version) for template in sealed] == [
            (TemplateKind.FACE, MODEL, 1)
        ] * 3
        assert np.array_equal(people.vault.open(session, sealed[1]), embedding(1, 1))


def test_a_face_enrolled_by_someone_else_cannot_be_taken(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
    with pytest.raises(EnrolmentRefused) as refused, database.transaction() as session:
        enrol_again(session, people, owner="impostor", handle="other")
    assert refused.value.code == "enrolment.face_taken"
    assert "person_1" not in str(refused.value)
    with database.read() as session:
        assert len(session.exec(select(Likeness)).all()) == 1


def enrol_again(session: Session, people: People, *, owner: str, handle: str) -> None:
    enrol(
        session,
        likeness_id=f"likeness_{handle}",
        owner_account_id=owner,
        handle=handle,
        portraits=read_portraits([portrait(1, 7)], CodedFaces()),
        vault=people.vault,
        index=people.index,
        new_id=people.new_id,
        actor=owner,
        now_ms=2_000,
    )


def test_a_revoked_face_cannot_be_taken_and_an_erased_one_is_no_longer_known(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
    with database.transaction() as session:
        revoke(session, "likeness_1", now_ms=2_000, actor="a")
    with pytest.raises(EnrolmentRefused), database.transaction() as session:
        enrol_again(session, people, owner="impostor", handle="other")
    with database.transaction() as session:
        erase(session, "likeness_1", now_ms=3_000, actor="a")
    with database.transaction() as session:
        enrol_again(session, people, owner="someone", handle="other")


def test_the_same_owner_may_enrol_their_face_under_a_second_handle(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
    with database.transaction() as session:
        enrol_again(session, people, owner="account_1", handle="stage.name")
        assert len(session.exec(select(Likeness)).all()) == 2


def test_a_protected_persons_face_needs_a_moderator(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.protect(session, 1)
    assert refused_enrolment(database, people, 1, "account_1") == "enrolment.face_protected"


def test_a_handle_is_taken_in_any_case_and_even_after_erasure(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
    with database.transaction() as session:
        erase(session, "likeness_1", now_ms=2_000, actor="a")
    with pytest.raises(EnrolmentRefused) as refused, database.transaction() as session:
        enrol_again(session, people, owner="account_9", handle="@PERSON_1")
    assert refused.value.code == "enrolment.handle_taken"


def test_portraits_read_by_another_model_than_the_indexs_are_read_again(
    sqlite_database: Database, people: People
) -> None:
    people.index = people.new_index("face:anothermodel")
    assert refused_enrolment(sqlite_database, people, 1, "account_1") == "enrolment.model_changed"


def test_of_two_simultaneous_enrolments_of_one_face_one_is_refused(
    database: Database, people: People
) -> None:
    def attempt(number: int) -> str:
        try:
            with database.transaction() as session:
                enrol_again(session, people, owner=f"account_{number}", handle=f"name{number}")
        except EnrolmentRefused as refused:
            return refused.code
        return "enrolled"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(attempt, range(4)))
    assert outcomes == ["enrolled"] + ["enrolment.face_taken"] * 3


@pytest.mark.parametrize(
    ("handle", "key"), [("anna", "anna"), ("@Anna", "anna"), (" @a.b_9 ", "a.b_9"), ("x" * 32, "x" * 32)]
)
def test_a_handle_is_compared_in_lower_case_without_the_at_sign(handle: str, key: str) -> None:
    assert handle_key(handle) == key


@pytest.mark.parametrize(
    "handle", ["", "a", "@", "x" * 33, "_anna", "anna.", "аnna", "an na", "ann\u200ba", "@@anna", "anna\n."]
)
def test_a_handle_that_could_be_mistaken_is_refused(handle: str) -> None:
    with pytest.raises(HandleInvalid, match=r"^handle: ") as refused:
        handle_key(handle)
    assert refused.value.code == "likeness.handle_invalid"
