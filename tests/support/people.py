"""People for tests: invented embeddings, a face model that reads them off pictures, and a vault and index to enrol into."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from consent.biometrics.faces import Face
from consent.biometrics.index import TemplateIndex
from consent.biometrics.keys import LocalKeyWrapper
from consent.biometrics.models import Standing, TemplateKind
from consent.biometrics.vault import Vault
from consent.biometrics.voices import DIMENSION as VOICE_DIMENSION
from consent.likeness.changes import LikenessChange
from consent.likeness.enrolment import enrol, read_portraits
from consent.likeness.registry import bump_registry

MODEL = "face:testtesttest"
DIMENSION = 512


def embedding(person: int, shot: int = 0, *, spread: float = 0.1) -> NDArray[np.float32]:
    """float32[512] of length 1: shots of one person have cosines near .99, different people near 0."""
    base = np.random.default_rng(1000 + person).standard_normal(DIMENSION)
    noise = np.random.default_rng((person, shot)).standard_normal(DIMENSION)
    vector = base + spread * noise
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def voice_of(person: int, take: int = 0, *, spread: float = 0.02) -> NDArray[np.float32]:
    """float32[256] of length 1: takes of one voice have cosines near .99, different people's about .5, as real ones."""
    base = np.abs(np.random.default_rng(2000 + person).standard_normal(VOICE_DIMENSION)) ** 2
    noise = np.random.default_rng((person, take)).random(VOICE_DIMENSION)
    vector = base + spread * noise
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def portrait(person: int, shot: int = 0, *, faces: int = 1, reason: int = 0) -> NDArray[np.uint8]:
    """A uint8[3, 4, 3] picture that `CodedFaces` reads: who, which shot, how many faces, and whether they are unusable."""
    picture = np.zeros((3, 4, 3), dtype=np.uint8)
    picture[0, 0, 0], picture[0, 1, 0], picture[0, 2, 0], picture[0, 3, 0] = person, shot, faces, reason
    return picture


class CodedFaces:
    """Reads `portrait` pictures as `FaceModel` reads photographs; a second face in one is of person + 1, and so on."""

    revision = MODEL

    def faces(self, frame: NDArray[np.uint8]) -> tuple[Face, ...]:
        person, shot, number, reason = (int(value) for value in frame[0, :4, 0])
        return tuple(
            made_face(
                embedding(person + extra, shot), reason=("", "too_small", "blurred", "turned_away")[reason]
            )
            for extra in range(number)
        )


def made_face(
    vector: NDArray[np.float32], *, reason: str = "", sharpness: float = 100.0, size_px: float = 90.0
) -> Face:
    """A face with this embedding in the middle of a frame."""
    return Face(
        left=0.25, top=0.25, right=0.75, bottom=0.75, size_px=size_px, score=0.9, sharpness=sharpness, misfit_px=3.0,
        embedding=vector, reason=reason,
    )  # fmt: skip


@dataclass
class People:
    """A vault and an index over whatever database the test has, and a clock that the test moves."""

    vault: Vault = field(default_factory=lambda: Vault(LocalKeyWrapper(bytes(range(32)))))
    now_s: float = 0.0
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.index = self.new_index()

    def new_index(self, model_revision: str = MODEL) -> TemplateIndex:
        """Another replica's index, as empty as at its start."""
        return TemplateIndex(self.vault, model_revision=model_revision, clock=lambda: self.now_s)

    def new_id(self, prefix: str) -> str:
        """Ids that count up: `template_0001`."""
        return f"{prefix}_{next(self.ids):04d}"

    def enrol(
        self,
        session: Session,
        person: int,
        *,
        shots: Iterable[int] = (0,),
        owner: str | None = None,
        minor: bool = False,
    ) -> LikenessChange:
        """Enrol person n as `likeness_n` with handle `person_n`, owned by `account_n` unless said otherwise."""
        portraits = read_portraits([portrait(person, shot) for shot in shots], CodedFaces())
        return enrol(
            session,
            likeness_id=f"likeness_{person}",
            owner_account_id=owner or f"account_{person}",
            handle=f"@person_{person}",
            portraits=portraits,
            vault=self.vault,
            index=self.index,
            new_id=self.new_id,
            actor=owner or f"account_{person}",
            now_ms=1_000,
            minor=minor,
        )

    def protect(self, session: Session, person: int) -> str:
        """Seal a template of a listed person who never enrolled; returns the subject id."""
        subject_id = f"figure_{person}"
        self.vault.seal(
            session,
            template_id=self.new_id("template"),
            subject_id=subject_id,
            kind=TemplateKind.FACE,
            model_revision=MODEL,
            vector=embedding(person),
            standing=Standing.PROTECTED,
            version=bump_registry(session),
            now_ms=1_000,
        )
        return subject_id
