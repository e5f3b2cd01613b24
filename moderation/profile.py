"""The active profile: which models the service looks and listens with, each loaded when first needed.

A model that is missing is no reason not to start: the checks that need it could not judge, and `/health` says so.
"""

from dataclasses import dataclass

from consent.biometrics.faces import FaceModel
from consent.biometrics.voices import VoiceModel
from consent.public_figures.names import FigureMatcher
from moderation.gate.checks.text import TextModel
from moderation.gate.ear import Ear
from moderation.gate.lazy import Lazy
from moderation.gate.perceive import NudityModel, SpeechModel
from moderation.gate.perceive_frames import NamesPictures, ReadsText
from moderation.gate.perceive_voices import HearsVoices
from moderation.gate.text_model import ActiveTextModel
from moderation.model_registry.errors import ModelError
from moderation.model_registry.files import ModelFiles
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
    "text_encoder",
    "language_id",
    "frame_text",
    "picture_classes",
    "voice_embedding",
)
"""The entries of the model registry that the default profile looks and listens with."""


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

    def revision(self, *entries: str) -> str:
        """What a decision pins for a check that uses these models; `missing` where a file is not there."""
        try:
            return "+".join(self.files.revision(entry) for entry in entries)
        except ModelError:
            return "missing"

    def ping(self) -> None:
        """Raises the first model's error: missing, or not the pinned file."""
        for entry in NEEDED:
            self.files.revision(entry)


def default_profile(files: ModelFiles) -> Profile:
    """The profile that ships: every model from a package, on the CPU."""
    return Profile(
        files=files,
        faces=Lazy(lambda: FaceModel(files.path("face_detection"), files.path("face_embedding"))),
        nudity=Lazy(lambda: NudityScorer(files.path("nudity"))),
        speech=Lazy(lambda: Transcriber(files.path("speech_to_text"), files.path("voice_activity"))),
        text=Lazy(
            lambda: ActiveTextModel(
                LanguageIdentifier(files.path("language_id")), TextClassifier(files.path("text_encoder"))
            )
        ),
        figures=Lazy(FigureMatcher),
        looks=Lazy(lambda: PictureClassifier(files.path("picture_classes"))),
        frame_text=Lazy(lambda: FrameTextReader(files.path("frame_text"))),
        voices=Lazy(
            lambda: Ear(
                VoiceActivity(files.path("voice_activity")), VoiceModel(files.path("voice_embedding"))
            )
        ),
    )
