"""Perceiving a media file: decoded once, every sense looks at each frame as it passes, and only what they saw is kept.

A sense that fails leaves its cause in place of a value, so that the check that needs it could not judge while the others go
on. Memory is bounded by what a frame needs: frames are not kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from consent.biometrics.faces import Embedding, Face, FaceModel
from moderation.gate.check import cause_of
from moderation.gate.guards import PictureReview
from moderation.gate.lazy import Lazy
from moderation.gate.perceive_frames import NamesPictures, ReadsText
from moderation.gate.perceive_voices import HearsVoices, VoiceLookup
from moderation.gate.subjects import FaceMatch, FaceSighting, FrameScore, Observed, Spoken

REFERENCE_SIMILARITY = 0.45
"""Cosine from which a face in the output is the face of an uploaded reference: false match 2.5e-5 over 7.3 M impostor
pairs of LFW for this embedder (measured on folds 1-5)."""


class FaceLookup(Protocol):
    """The index of enrolled, revoked and protected faces."""

    def identify(self, embeddings: NDArray[np.float32]) -> Sequence[tuple[FaceMatch, ...]]:
        """For each row of float32[n, 512] the confirmed matches, best first. Raises `CouldNotJudge` when stale."""


class NudityModel(Protocol):
    """Scores frames."""

    def score(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8[n, h, w, 3] RGB to float32[n] in [0, 1]."""


class SpeechModel(Protocol):
    """Writes down what is said."""

    def transcribe(self, samples: NDArray[np.float32]) -> Sequence["Utterance"]:
        """float32[n] mono at 16 kHz to utterances with times in seconds."""


class Utterance(Protocol):
    """One stretch of speech."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def text(self) -> str: ...


class Frames(Protocol):
    """A decoded frame as the decoder hands it out."""

    @property
    def time_s(self) -> float: ...
    @property
    def rgb(self) -> NDArray[np.uint8]: ...


@dataclass(frozen=True, slots=True)
class KnownFace:
    """A face of an uploaded reference, to be looked for in the output. The embedding stays in memory and out of the repr."""

    asset: str
    embedding: Embedding = field(repr=False)


@dataclass(frozen=True, slots=True)
class Senses:
    """The models of the active profile, each loaded when first needed."""

    faces: Lazy[FaceModel]
    lookup: FaceLookup
    nudity: Lazy[NudityModel]
    speech: Lazy[SpeechModel]
    looks: Lazy[NamesPictures]
    text: Lazy[ReadsText]
    voices: Lazy[HearsVoices]
    voice_lookup: VoiceLookup
    guard: PictureReview | None = None


class FaceWatcher:
    """Collects the faces of each frame, and at the end asks the index who they are."""

    def __init__(self, senses: Senses, known: Sequence[KnownFace]) -> None:
        self._senses = senses
        self._known = tuple(known)
        self._seen: list[tuple[float, Face]] = []
        self._cause = ""

    def look(self, time_s: float, rgb: NDArray[np.uint8]) -> None:
        """Look at one frame; after a failure look no more."""
        if self._cause:
            return
        try:
            self._seen += [(time_s, face) for face in self._senses.faces.get().faces(rgb)]
        except Exception as error:
            self._cause = cause_of(error)

    @property
    def cause(self) -> str:
        """Why it looks no more, or nothing."""
        return self._cause

    def known_faces(self, asset: str) -> tuple[KnownFace, ...]:
        """The usable faces seen, to be looked for elsewhere."""
        return tuple(KnownFace(asset, face.embedding) for _, face in self._seen if face.usable)

    def observed(self) -> Observed[tuple[FaceSighting, ...]]:
        """The sightings with their matches, or why there are none."""
        if self._cause:
            return Observed(cause=self._cause)
        try:
            return Observed(self._identified())
        except Exception as error:
            return Observed(cause=cause_of(error))

    def _identified(self) -> tuple[FaceSighting, ...]:
        usable = [face.embedding for _, face in self._seen if face.usable]
        if not self._seen:
            self._senses.lookup.identify(np.zeros((0, 512), np.float32))
            return ()
        found = iter(self._senses.lookup.identify(np.array(usable, np.float32).reshape(-1, 512)))
        return tuple(
            self._sighting(time_s, face, next(found) if face.usable else ()) for time_s, face in self._seen
        )

    def _sighting(self, time_s: float, face: Face, matches: tuple[FaceMatch, ...]) -> FaceSighting:
        reference, similarity = self._closest_reference(face) if face.usable else ("", 0.0)
        return FaceSighting(
            time_s=round(time_s, 3),
            left=_edge(face.left),
            top=_edge(face.top),
            right=_edge(face.right),
            bottom=_edge(face.bottom),
            size_px=round(face.size_px, 1),
            usable=face.usable,
            matches=matches,
            of_reference=reference,
            reference_similarity=similarity,
        )

    def _closest_reference(self, face: Face) -> tuple[str, float]:
        scored = [(float(known.embedding @ face.embedding), known.asset) for known in self._known]
        best, asset = max(scored, default=(0.0, ""))
        return (asset, round(best, 4)) if best >= REFERENCE_SIMILARITY else ("", 0.0)


class NudityWatcher:
    """Scores frames in small batches."""

    BATCH = 8

    def __init__(self, senses: Senses) -> None:
        self._senses = senses
        self._scores: list[FrameScore] = []
        self._waiting: list[tuple[float, NDArray[np.uint8]]] = []
        self._cause = ""

    def look(self, time_s: float, rgb: NDArray[np.uint8]) -> None:
        """Keep the frame until a batch is full."""
        if self._cause:
            return
        if self._waiting and self._waiting[0][1].shape != rgb.shape:
            self._flush()
        self._waiting.append((time_s, rgb))
        if len(self._waiting) >= self.BATCH:
            self._flush()

    def observed(self) -> Observed[tuple[FrameScore, ...]]:
        """The scores in order of time, or why there are none."""
        self._flush()
        return Observed(cause=self._cause) if self._cause else Observed(tuple(self._scores))

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting or self._cause:
            return
        try:
            scores = self._senses.nudity.get().score(np.stack([rgb for _, rgb in waiting]))
            self._scores += [
                FrameScore(round(time_s, 3), _score(score))
                for (time_s, _), score in zip(waiting, scores, strict=True)
            ]
        except Exception as error:
            self._cause = cause_of(error)


def listen(senses: Senses, samples: NDArray[np.float32] | None) -> Observed[tuple[Spoken, ...]]:
    """What is said in float32[n] mono at 16 kHz; silence and a file without sound say nothing."""
    if samples is None or not samples.size:
        return Observed(())
    try:
        said = senses.speech.get().transcribe(samples)
    except Exception as error:
        return Observed(cause=cause_of(error))
    return Observed(tuple(Spoken(round(u.start_s, 3), round(u.end_s, 3), u.text) for u in said))


def _score(value: float) -> float:
    """Raises `ValueError` for what is no score: compared with others, a NaN would lose, and the frame pass unseen."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"the model scored {value}")
    return round(float(value), 4)


def _edge(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)
