"""Enrolment: someone shows their face and gets a likeness that only they may use until they grant more.

Two steps, because no transaction may span inference: `read_portraits` runs the models, `enrol` writes. Portraits alone prove no
living person: without a liveness check the likeness is marked `liveness=unverified`, and says so wherever it is shown. A voice
may be enrolled with the face (`consent.likeness.voice`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, select

from consent.biometrics.faces import Face
from consent.biometrics.index import Match, TemplateIndex
from consent.biometrics.matches import confirm
from consent.biometrics.models import Standing, TemplateKind
from consent.biometrics.thresholds import ENROLMENT_MIN_SHARPNESS, SAME_FACE, SAME_PERSON_PORTRAITS
from consent.biometrics.vault import Vault
from consent.likeness.changes import LikenessChange, record_change
from consent.likeness.handles import handle_key
from consent.likeness.models import NO_VOICE, WITH_VOICE, Likeness
from consent.likeness.refusals import EnrolmentRefused
from consent.likeness.registry import lock_registry
from consent.likeness.voice import VoiceSample, hold_voice_free, seal_voice

Frame = NDArray[np.uint8]

MAX_PORTRAITS = 8
UNVERIFIED = "unverified"


class LivenessCheck(Protocol):
    """Says whether a living person was before the camera. `name` is recorded on the likeness."""

    @property
    def name(self) -> str:
        """The method, such as `minifasnet`; what it cannot tell belongs in its documentation."""

    def is_live(self, portrait: Frame, face: Face) -> bool:
        """Judge one portrait, uint8[h, w, 3] RGB, with the face found in it."""


class SeesFaces(Protocol):
    """The part of `FaceModel` that enrolment needs."""

    @property
    def revision(self) -> str:
        """Names the model whose templates these are."""

    def faces(self, frame: Frame) -> tuple[Face, ...]:
        """Every face of an RGB frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Portraits:
    """What was read from the portraits: float32[n, 512] embeddings of one person, in no repr, and how liveness was checked."""

    model_revision: str
    liveness: str
    embeddings: NDArray[np.float32] = field(repr=False)


def read_portraits(
    portraits: Sequence[Frame], faces: SeesFaces, liveness: LivenessCheck | None = None
) -> Portraits:
    """Find the one usable face in each of 1 to 8 portraits (uint8[h, w, 3] RGB) and hold them to be one person.

    Raises `EnrolmentRefused`: `portrait_count`, `no_face`, `face_unusable`, `several_faces`, `several_people`, `not_live`.
    """
    if not 1 <= len(portraits) <= MAX_PORTRAITS:
        raise EnrolmentRefused(
            "portrait_count",
            f"portraits: {len(portraits)} given; give 1 to {MAX_PORTRAITS} photographs of your face",
        )
    found = [_the_face(faces.faces(portrait), number) for number, portrait in enumerate(portraits, 1)]
    embeddings = np.stack([face.embedding for face in found])
    _hold_one_person(embeddings)
    if liveness is not None:
        for number, (portrait, face) in enumerate(zip(portraits, found, strict=True), 1):
            if not liveness.is_live(portrait, face):
                raise EnrolmentRefused(
                    "not_live",
                    f"portraits: number {number} looks like a picture of a picture; use the camera itself",
                )
    return Portraits(faces.revision, liveness.name if liveness else UNVERIFIED, embeddings)


def enrol(
    session: Session,
    *,
    likeness_id: str,
    owner_account_id: str,
    handle: str,
    portraits: Portraits,
    vault: Vault,
    index: TemplateIndex,
    new_id: Callable[[str], str],
    actor: str,
    now_ms: int,
    minor: bool = False,
    voice: VoiceSample | None = None,
    voice_index: TemplateIndex | None = None,
) -> LikenessChange:
    """Write the likeness and its sealed templates; before any grant only its owner may use it. A `voice` needs `voice_index`.

    Enrolments run one after the other under the registry's lock, so that one face cannot be taken twice at once. Raises
    `HandleInvalid`, `IndexStale`, and `EnrolmentRefused`: `handle_taken`, `face_taken`, `face_protected`, and of a voice
    `voice_taken`, `voice_protected`.
    """
    key = handle_key(handle)
    lock_registry(session)
    if session.exec(select(Likeness.id).where(Likeness.handle_key == key)).first():
        raise EnrolmentRefused("handle_taken", f"handle: @{key} is taken; choose another")
    index.refresh(session)
    _hold_face_free(session, index, portraits, owner_account_id)
    if voice is not None:
        assert voice_index is not None, "a voice is compared with the index of voices"
        voice_index.refresh(session)
        hold_voice_free(session, voice_index, voice, owner_account_id)
    likeness = Likeness(
        id=likeness_id,
        owner_account_id=owner_account_id,
        handle=key,
        handle_key=key,
        minor=minor,
        liveness=portraits.liveness,
        voice=NO_VOICE if voice is None else WITH_VOICE,
        created_ms=now_ms,
        changed_ms=now_ms,
    )
    change = record_change(session, likeness, change="enrolled", actor=actor, now_ms=now_ms, first=True)
    for embedding in portraits.embeddings:
        vault.seal(
            session,
            template_id=new_id("template"),
            subject_id=likeness_id,
            kind=TemplateKind.FACE,
            model_revision=portraits.model_revision,
            vector=embedding,
            standing=Standing.ENROLLED,
            version=change.registry_version,
            now_ms=now_ms,
        )
    if voice is not None:
        seal_voice(session, vault, voice, change, new_id=new_id, now_ms=now_ms)
    return change


def _the_face(faces: Sequence[Face], number: int) -> Face:
    usable = [face for face in faces if face.usable]
    if len(usable) == 1:
        return _sharp_enough(usable[0], number)
    if usable:
        raise EnrolmentRefused(
            "several_faces", f"portraits: number {number} shows {len(usable)} faces; show yours alone"
        )
    if not faces:
        raise EnrolmentRefused(
            "no_face", f"portraits: number {number} shows no face; face the camera in good light"
        )
    raise _unusable(max(faces, key=lambda face: face.size_px), number)


def _sharp_enough(face: Face, number: int) -> Face:
    if face.sharpness < ENROLMENT_MIN_SHARPNESS:
        raise _unusable(replace(face, reason="blurred"), number)
    return face


def _unusable(face: Face, number: int) -> EnrolmentRefused:
    return EnrolmentRefused(
        "face_unusable",
        f"portraits: the face in number {number} is {face.reason.replace('_', ' ')} ({face.size_px:.0f} px wide); "
        "take a sharp frontal photograph of 50 px or more, nothing before the face",
    )


def _hold_one_person(embeddings: NDArray[np.float32]) -> None:
    cosines = embeddings @ embeddings.T
    first, second = np.unravel_index(int(np.argmin(cosines)), cosines.shape)
    if cosines[first, second] < SAME_PERSON_PORTRAITS:
        raise EnrolmentRefused(
            "several_people",
            f"portraits: numbers {first + 1} and {second + 1} do not look like one person; leave one of them out",
        )


def _hold_face_free(session: Session, index: TemplateIndex, portraits: Portraits, owner: str) -> None:
    if index.model_revision != portraits.model_revision:
        raise EnrolmentRefused(
            "model_changed",
            f"portraits: read by {portraits.model_revision}, the index holds {index.model_revision}; read them again",
        )
    matches: tuple[Match, ...] = index.search(portraits.embeddings, SAME_FACE)
    for found in confirm(session, matches):
        if found.standing == Standing.PROTECTED:
            raise EnrolmentRefused(
                "face_protected",
                "portraits: this face is of a protected person; ask a moderator to verify you",
            )
        if found.owner_account_id != owner:
            raise EnrolmentRefused(
                "face_taken",
                "portraits: this face is already enrolled by another account; if it is yours, ask a moderator to compare",
            )
