"""The active profile: which models the service looks and listens with, each loaded when first needed.

A model that is missing is no reason not to start: the checks that need it could not judge, and `/health` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent.biometrics.faces import FaceModel
from consent.biometrics.voices import VoiceModel
from consent.public_figures.names import FigureMatcher
from moderation.gate.checks.text import TextModel
from moderation.gate.ear import Ear
from moderation.gate.guards import Guards
from moderation.gate.lazy import Lazy
from moderation.gate.perceive import NudityModel, SpeechModel
from moderation.gate.perceive_frames import NamesPictures, ReadsText
from moderation.gate.perceive_voices import HearsVoices
from moderation.gate.text_model import ActiveTextModel
from moderation.model_registry.errors import ModelError
from moderation.model_registry.files import ModelFiles
from moderation.model_registry.profile import uncovered_aspects
from policies.speech.transcript import Transcriber
from policies.speech.voice import VoiceActivity
from policies.text.classifier import TextClassifier
from policies.text.language import LanguageIdentifier
from policies.vision.frame_text import FrameTextReader
from policies.vision.nudity import NudityScorer
from policies.vision.picture_classes import PictureClassifier

NEEDED = (
    "face_detection",
    "face_embedding",
    "nudity",
    "speech_to_text",
    "voice_activity",
    "language_id",
    "frame_text",
    "picture_classes",
    "voice_embedding",
)
"""The entries of the model registry that the default profile looks and listens with."""
SPEECH_ENTRY = "speech_to_text"
"""The entry whose place a speech guard takes."""
FILLED_BY_GUARDS: Mapping[str, tuple[str, ...]] = {
    "text": ("instruction_model",),
    "image": ("gore", "violence_in_pictures"),
    "speech": ("speech_not_english",),
}
"""The open slots that each kind of guard fills."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The models of one process, shared by all its threads."""

    files: ModelFiles
    faces: Lazy[FaceModel]
    nudity: Lazy[NudityModel]
    speech: Lazy[SpeechModel]
    text: Lazy[TextModel]
    figures: Lazy[FigureMatcher]
    looks: Lazy[NamesPictures]
    frame_text: Lazy[ReadsText]
    voices: Lazy[HearsVoices]
    guards: Guards = field(default_factory=Guards)

    def revision(self, *entries: str) -> str:
        """What a decision pins for a check that uses these models; `missing` where a file is not there."""
        try:
            return "+".join(self.revision_of(entry) for entry in entries)
        except ModelError:
            return "missing"

    def revision_of(self, entry: str) -> str:
        """Of one entry, or of the guard model that took its place. Raises `ModelError`."""
        replaced = self.guards.speech_revision if entry == SPEECH_ENTRY else ""
        return replaced or self.files.revision(entry)

    def ping(self) -> None:
        """Raises the first model's error: missing, or not the pinned file."""
        for entry in NEEDED:
            if entry != SPEECH_ENTRY or self.guards.speech is None:
                self.files.revision(entry)
        for guard in (self.guards.text, self.guards.image, self.guards.speech):
            if guard is not None:
                guard.get()

    @property
    def uncovered(self) -> tuple[str, ...]:
        """The aspects that neither a shipped model nor an operator's guard looks at."""
        guards = {"text": self.guards.text, "image": self.guards.image, "speech": self.guards.speech}
        filled = {aspect for kind, guard in guards.items() if guard for aspect in FILLED_BY_GUARDS[kind]}
        return tuple(aspect for aspect in uncovered_aspects(self.files) if aspect not in filled)


def default_profile(files: ModelFiles, guards: Guards | None = None) -> Profile:
    """The profile that ships: every model from a package, on the CPU. `guards` add to it, and take the place of the ear."""
    named = guards or Guards()
    return Profile(
        files=files,
        faces=Lazy(lambda: FaceModel(files.path("face_detection"), files.path("face_embedding"))),
        nudity=Lazy(lambda: NudityScorer(files.path("nudity"))),
        speech=_ear(files, named),
        text=Lazy(lambda: ActiveTextModel(LanguageIdentifier(files.path("language_id")), TextClassifier())),
        figures=Lazy(FigureMatcher),
        looks=Lazy(lambda: PictureClassifier(files.path("picture_classes"))),
        frame_text=Lazy(lambda: FrameTextReader(files.path("frame_text"))),
        voices=Lazy(
            lambda: Ear(
                VoiceActivity(files.path("voice_activity")), VoiceModel(files.path("voice_embedding"))
            )
        ),
        guards=named,
    )


def _ear(files: ModelFiles, guards: Guards) -> Lazy[SpeechModel]:
    if guards.speech is not None:
        return Lazy(guards.speech.get)
    return Lazy(lambda: Transcriber(files.path(SPEECH_ENTRY), files.path("voice_activity")))
