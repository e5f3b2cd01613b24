"""What the face index adds to FAISS: freshness, standings, every hit checked, templates opened from the vault.

    .venv/bin/python -m pytest tests/bench/test_face_index.py -m bench -s

At 1,000, 100,000 and 1,000,000 people with one sealed template each, in SQLite. Search: five faces at once, one of them known.
A million takes some minutes, 4 GB of memory and 3 GB of disk.
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray
from sqlalchemy import insert

from consent.biometrics.index import TemplateIndex
from consent.biometrics.keys import KEY_BYTES, NONCE_BYTES, LocalKeyWrapper
from consent.biometrics.matches import confirm
from consent.biometrics.models import Standing, Template, TemplateKey, TemplateKind
from consent.biometrics.vault import Vault, _bound_to, _key_aad
from consent.likeness.registry import bump_registry
from moderation.store import Database
from tests.bench.figures import Figures, in_turn, seconds
from tests.support.people import DIMENSION, MODEL

pytestmark = pytest.mark.bench
SIZES = (1_000, 100_000, 1_000_000)
REPETITIONS = 5
MASTER = LocalKeyWrapper(bytes(range(32)))
CHUNK = 5_000


def people(size: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """float32[CHUNK, 512] of length 1, with the number of the first: nobody looks like anybody."""
    for start in range(0, size, CHUNK):
        drawn = np.random.default_rng([7, start]).standard_normal((CHUNK, DIMENSION), dtype=np.float32)
        yield start, (drawn / np.linalg.norm(drawn, axis=1, keepdims=True))[: size - start]


def resident_mb() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def seal_all(database: Database, size: int) -> None:
    """As `Vault.seal` writes them, in bulk."""
    with database.transaction() as session:
        version = bump_registry(session)
    for start, vectors in people(size):
        rows = [_sealed(start + at, vector, version) for at, vector in enumerate(vectors)]
        with database.transaction() as session:
            session.execute(insert(TemplateKey), [key for key, _ in rows])
            session.execute(insert(Template), [template for _, template in rows])


def _sealed(
    number: int, vector: NDArray[np.float32], version: int
) -> tuple[dict[str, object], dict[str, object]]:
    subject, key, nonce = (
        f"figure_{number}",
        bytes([number % 256]) * KEY_BYTES,
        number.to_bytes(NONCE_BYTES, "big"),
    )
    values: dict[str, Any] = {
        "id": f"tpl_{number}", "subject_id": subject, "kind": TemplateKind.FACE, "model_revision": MODEL,
        "standing": Standing.PROTECTED, "nonce": nonce, "version": version, "created_ms": 1_000,
    }  # fmt: skip
    bound = _bound_to(Template(**values, ciphertext=b""))
    wrapped = MASTER.wrap(key, _key_aad(subject))
    return (
        {"subject_id": subject, "wrapped": wrapped, "wrapped_by": MASTER.key_id, "created_ms": 1_000},
        {**values, "ciphertext": AESGCM(key).encrypt(nonce, vector.tobytes(), bound)},
    )


def fresh_index() -> TemplateIndex:
    """A replica's index at its start."""
    return TemplateIndex(Vault(MASTER), model_revision=MODEL)


def flat(size: int) -> faiss.IndexFlatIP:
    """The bare index."""
    index = faiss.IndexFlatIP(DIMENSION)
    for _, vectors in people(size):
        index.add(vectors)
    return index


def seal_one_more(database: Database, number: int, vector: NDArray[np.float32]) -> None:
    """One person more, as after an enrolment."""
    with database.transaction() as session:
        Vault(MASTER).seal(
            session,
            template_id=f"tpl_more_{number}",
            subject_id=f"figure_more_{number}",
            kind=TemplateKind.FACE,
            model_revision=MODEL,
            vector=vector,
            standing=Standing.PROTECTED,
            version=bump_registry(session),
            now_ms=1_000,
        )


@pytest.mark.parametrize("size", SIZES)
def test_face_index_beside_a_flat_index(figures: Figures, tmp_path: Path, size: int) -> None:
    database = Database(f"sqlite:///{tmp_path / 'faces.db'}")
    database.create_all()
    seal_all(database, size)
    before = resident_mb()
    bares: list[faiss.IndexFlatIP] = []
    bare_s = seconds(lambda: bares.append(flat(size)))
    bare, bare_mb = bares[0], resident_mb() - before
    _, somebody = next(people(size))
    queries = np.concatenate([somebody[:1], strangers()])
    index, before = fresh_index(), resident_mb()

    def refresh() -> None:
        with database.read() as session:
            index.refresh(session)

    def search() -> None:
        with database.read() as session:
            index.refresh(session)
            assert len(confirm(session, index.search(queries))) == 1

    full_s = seconds(refresh)
    held_mb = resident_mb() - before
    searched = in_turn(
        REPETITIONS * 4, lambda: seconds(search) * 1e3, lambda: seconds(lambda: bare.search(queries, 1)) * 1e3
    )
    numbers = count()

    def take_in() -> float:
        seal_one_more(database, next(numbers), strangers()[0])
        return seconds(refresh) * 1e3

    one_more = in_turn(REPETITIONS, take_in, lambda: seconds(lambda: bare.add(strangers()[:1])) * 1e3)
    name = f"{size:,} people"
    figures.add(f"face search, {name}", *searched, unit="ms for 5 faces", against="FAISS flat search")
    figures.add(
        f"index built, {name}", [full_s], [bare_s], unit="s", against="drawing and adding the same vectors"
    )
    figures.add(f"index in memory, {name}", [held_mb], [bare_mb], unit="MB", against="FAISS flat")
    figures.add(
        f"index takes in one more, {name}", *one_more, unit="ms", against="adding one vector to FAISS"
    )
    database.close()


def strangers() -> NDArray[np.float32]:
    """float32[4, 512] of length 1: four people who are in no index."""
    drawn = np.random.default_rng(8).standard_normal((4, DIMENSION), dtype=np.float32)
    unit: NDArray[np.float32] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit
