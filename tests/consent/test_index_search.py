"""Searching the index: exact, by threshold, nearest template per person; the numbers are held against plain numpy."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlmodel import Session, SQLModel, create_engine

from consent.biometrics.index import QueryInvalid, TemplateIndex
from consent.biometrics.models import Standing, TemplateKind
from consent.likeness.registry import bump_registry
from moderation.store import Database
from tests.support.people import MODEL, People, embedding


def indexed(database: Database, people: People, *persons: int) -> TemplateIndex:
    for person in persons:
        with database.transaction() as session:
            people.enrol(session, person, shots=(0, 1))
    with database.read() as session:
        people.index.refresh(session)
    return people.index


def test_a_person_is_found_by_another_shot_of_them_and_nobody_else_is(
    sqlite_database: Database, people: People
) -> None:
    index = indexed(sqlite_database, people, 1, 2, 3)
    (match,) = index.search(embedding(2, 9)[None])
    assert (match.query, match.subject_id, match.standing) == (0, "likeness_2", Standing.ENROLLED)
    assert match.cosine > 0.95


def test_an_invented_face_matches_nobody(sqlite_database: Database, people: People) -> None:
    assert indexed(sqlite_database, people, 1, 2, 3).search(embedding(99)[None]) == ()


def test_a_person_is_matched_once_by_their_nearest_template(
    sqlite_database: Database, people: People
) -> None:
    index = indexed(sqlite_database, people, 1)
    (match,) = index.search(embedding(1, 1)[None])
    assert match.cosine == pytest.approx(1.0, abs=1e-5)


def test_several_faces_are_answered_by_their_row(sqlite_database: Database, people: People) -> None:
    index = indexed(sqlite_database, people, 1, 2)
    found = index.search(np.stack([embedding(2), embedding(50), embedding(1)]))
    assert [(match.query, match.subject_id) for match in found] == [(0, "likeness_2"), (2, "likeness_1")]


def test_a_cosine_must_lie_above_the_threshold(sqlite_database: Database, people: People) -> None:
    index = indexed(sqlite_database, people, 1)
    query = embedding(1, 9)[None]
    (match,) = index.search(query)
    assert index.search(query, match.cosine + 1e-4) == ()
    assert index.search(query, match.cosine - 1e-4) == (match,)


def test_an_empty_registry_and_an_empty_query_match_nothing(
    sqlite_database: Database, people: People
) -> None:
    index = indexed(sqlite_database, people)
    assert index.search(embedding(1)[None]) == ()
    assert indexed(sqlite_database, people, 1).search(np.empty((0, 512), dtype=np.float32)) == ()


@pytest.mark.parametrize(
    "query",
    [
        embedding(1),
        np.zeros((1, 512), dtype=np.float32),
        np.full((1, 512), np.nan, dtype=np.float32),
        embedding(1)[None] * 2,
        embedding(1)[None, :100],
    ],
    ids=["one_dimension", "zero", "nan", "too_long", "wrong_width"],
)
def test_a_query_that_would_silently_match_nobody_is_refused(
    sqlite_database: Database, people: People, query: NDArray[np.float32]
) -> None:
    index = indexed(sqlite_database, people, 1)
    with pytest.raises(QueryInvalid, match="embeddings: ") as refused:
        index.search(query)
    assert refused.value.code == "index.query_invalid"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**16), people_count=st.integers(1, 8), threshold=st.floats(-0.9, 0.9))
def test_the_search_finds_exactly_what_plain_multiplication_finds(
    seed: int, people_count: int, threshold: float
) -> None:
    people, size = People(), 16
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((people_count * 2, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    queries = vectors[:3] + 0.3 * random.standard_normal((min(3, len(vectors)), size)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    index = TemplateIndex(people.vault, model_revision=MODEL, dimension=size, clock=lambda: 0.0)
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        version = bump_registry(session)
        for number, vector in enumerate(vectors):
            people.vault.seal(
                session,
                template_id=f"t{number:02d}",
                subject_id=f"p{number // 2}",
                kind=TemplateKind.FACE,
                model_revision=MODEL,
                vector=vector,
                standing=Standing.ENROLLED,
                version=version,
                now_ms=0,
            )
        session.commit()
        index.refresh(session)
    engine.dispose()
    cosines = (queries @ vectors.T).reshape(len(queries), people_count, 2).max(axis=2)
    found = {(match.query, match.subject_id): match.cosine for match in index.search(queries, threshold)}
    for query in range(len(queries)):
        for person in range(people_count):
            expected = float(cosines[query, person])
            if abs(expected - threshold) > 1e-5:
                assert ((query, f"p{person}") in found) == (expected > threshold)
    for (query, subject), cosine in found.items():
        assert cosine == pytest.approx(float(cosines[query, int(subject[1:])]), abs=1e-5)
