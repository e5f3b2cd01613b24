"""Stub models for the gate: a text model that reads keywords, faces and nudity that a test scripts, and a small real picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from consent.biometrics.faces import Face, FaceModel
from consent.biometrics.voices import Voice
from moderation.gate.check import CouldNotJudge
from moderation.gate.lazy import Lazy
from moderation.gate.perceive import Senses
from moderation.gate.perceiver import Perceiver
from moderation.gate.subjects import FaceMatch, Spoken
from moderation.media.limits import MediaLimits
from policies.findings import Finding, TextSpan
from policies.taxonomy import Category
from policies.text.normalise import NormalisedText
from policies.vision.frame_text import SeenText
from policies.vision.picture_classes import PictureLook
from provenance.credentials.reader import CredentialReport
from tests.support.people import embedding, made_face, voice_of

WORDS = {
    "blood": (Category.VIOLENCE, 0.97),
    "shove": (Category.VIOLENCE, 0.55),
    "nudge": (Category.VIOLENCE, 0.2),
}


@dataclass(slots=True)
class KeywordText:
    """Scores the words of `WORDS`; cannot read a text that says "ügyes". Remembers what it was asked."""

    asked: list[str] = field(default_factory=list)

    def findings(self, text: NormalisedText, *, field: str, signal: str, check: str) -> Sequence[Finding]:
        """One finding for each known word, where it stands."""
        self.asked.append(text.original)
        if "ügyes" in text.text:
            raise CouldNotJudge("language.unsupported", "hu")
        return [
            Finding(
                category,
                signal,
                score,
                TextSpan(field, *_place(text, word)),
                check,
                "keywords-1",
                matched=word,
            )
            for word, (category, score) in WORDS.items()
            if word in text.text
        ]


@dataclass(slots=True)
class Scripted:
    """Every sense in one: `people` are the faces of each frame, `nudity` its score, `written` its lines, `firearm` and `label`
    what fills it; `said` is the speech, `heard` whose voices say it; `known` and `known_voices` are the indexes.

    A value that is an exception is raised instead.
    """

    people: Sequence[int] | Exception = ()
    usable: bool = True
    nudity: float | Exception = 0.0
    said: Sequence[Spoken] | Exception = ()
    written: Sequence[str] | Exception = ()
    firearm: float | Exception = 0.0
    label: str = ""
    heard: Sequence[int] | Exception = ()
    known_voices: Callable[[int], tuple[FaceMatch, ...]] | Exception = lambda _row: ()
    known: Callable[[int], tuple[FaceMatch, ...]] | Exception = lambda _row: ()
    batches: list[int] = field(default_factory=list)
    looked_up: list[int] = field(default_factory=list)
    revision: str = "scripted"

    def faces(self, frame: NDArray[np.uint8]) -> tuple[Face, ...]:
        """As `FaceModel`."""
        people = _value(self.people)
        return tuple(made_face(embedding(one), reason="" if self.usable else "blurred") for one in people)

    def score(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `NudityModel`."""
        self.batches.append(len(frames))
        return np.full(len(frames), _value(self.nudity), np.float32)

    def transcribe(self, samples: NDArray[np.float32]) -> Sequence[Spoken]:
        """As `SpeechModel`."""
        return cast(Sequence[Spoken], _value(self.said))

    def identify(self, embeddings: NDArray[np.float32]) -> Sequence[tuple[FaceMatch, ...]]:
        """As `FaceLookup`."""
        self.looked_up.append(len(embeddings))
        known = _value(self.known)
        return [known(row) for row in range(len(embeddings))]

    def read(self, frame: NDArray[np.uint8], *, max_side: int) -> Sequence[SeenText]:
        """As `FrameTextReader`."""
        return [
            SeenText(text, 0.95, 0.1, 0.1 * row, 0.9, 0.1 * row + 0.08)
            for row, text in enumerate(_value(self.written))
        ]

    def look(self, frame: NDArray[np.uint8]) -> PictureLook:
        """As `PictureClassifier`."""
        return PictureLook(_value(self.firearm), self.label)

    def voices(self, samples: NDArray[np.float32]) -> Sequence[Voice]:
        """As `Ear`."""
        return [Voice(0.5, 4.5, 4.0, voice_of(person)) for person in _value(self.heard)]

    def senses(self) -> Senses:
        """The slots, all filled with this."""
        return Senses(
            faces=Lazy(lambda: cast(FaceModel, self)),
            lookup=self,
            nudity=Lazy(lambda: self),
            speech=Lazy(lambda: self),
            looks=Lazy(lambda: self),
            text=Lazy(lambda: self),
            voices=Lazy(lambda: self),
            voice_lookup=VoiceBook(self),
        )

    def perceiver(self, credentials: str | Exception = "none", failures: tuple[str, ...] = ()) -> Perceiver:
        """A perceiver with these senses; every file has credentials of this state."""
        return Perceiver(
            self.senses(), limits=MediaLimits(), read_credentials=lambda _path: _report(credentials, failures)
        )


@dataclass(frozen=True, slots=True)
class VoiceBook:
    """The index of voices that a test scripts."""

    script: Scripted

    def identify(self, embeddings: NDArray[np.float32]) -> Sequence[tuple[FaceMatch, ...]]:
        """As `VoiceLookup`."""
        known = _value(self.script.known_voices)
        return [known(row) for row in range(len(embeddings))]


def text_model() -> tuple[KeywordText, Lazy[Any]]:
    """A keyword model and its slot."""
    model = KeywordText()
    return model, Lazy(lambda: model)


def broken(error: Exception | None = None) -> Lazy[Any]:
    """A slot whose model cannot be loaded."""

    def load() -> object:
        raise error or FileNotFoundError("no model here")

    return Lazy(load)


def missing(path: Path) -> Path:
    """A path at which nothing lies."""
    return path / "nothing-here.mp4"


def _report(state: str | Exception, failures: tuple[str, ...]) -> CredentialReport:
    return CredentialReport(state=_value(state), failures=failures)


def _value(scripted: Any) -> Any:
    if isinstance(scripted, Exception):
        raise scripted
    return scripted


def _place(text: NormalisedText, word: str) -> tuple[int, int]:
    at = text.text.index(word)
    return text.original_span(at, at + len(word))
