"""Which checks the gate runs at each stage, for a profile: the table behind the coverage page."""

from collections.abc import Iterator, Sequence

from moderation.gate.check import Check
from moderation.gate.checks.account import AccountCheck
from moderation.gate.checks.frames import (
    OutputTextCheck,
    ReferenceTextCheck,
    WeaponCheck,
    WrittenMinorsCheck,
    WrittenNamesCheck,
)
from moderation.gate.checks.guards import (
    PictureGuardCheck,
    output_text_guard,
    prompt_guard,
    reference_text_guard,
)
from moderation.gate.checks.likenesses import LikenessCheck, RemixCheck
from moderation.gate.checks.named import FiguresCheck, WorksCheck
from moderation.gate.checks.output_works import OutputWorksCheck
from moderation.gate.checks.outputs import OutputFacesCheck, OutputMediaCheck, OutputNudityCheck
from moderation.gate.checks.references import (
    ReferenceCredentialsCheck,
    ReferenceFacesCheck,
    ReferenceMediaCheck,
    ReferenceNudityCheck,
)
from moderation.gate.checks.remix import RemixMinorsCheck, RemixTextCheck
from moderation.gate.checks.restrictions import OutputRestrictionsCheck, RequestRestrictionsCheck
from moderation.gate.checks.text import (
    OutputMinorsCheck,
    OutputSpeechCheck,
    PromptMinorsCheck,
    PromptTextCheck,
)
from moderation.gate.checks.uncovered import UncoveredCheck
from moderation.gate.checks.voices import OutputVoicesCheck
from moderation.gate.guards import PictureReview, TextReview, ThePolicy
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import OutputSubject, RequestSubject
from moderation.generation.works import WorksInText
from moderation.profile import Profile
from policies.document import shipped_document
from policies.text.classifier import weights_revision
from policies.text.context.weighing import REVISION as CONTEXT
from policies.text.readings import REVISION as READINGS

FACES = ("face_detection", "face_embedding")
TEXT = ("language_id",)
READING = ("frame_text", *TEXT)
VOICES = ("voice_activity", "voice_embedding")
SPEECH = ("voice_activity", "speech_to_text", *TEXT)


def text_revision(profile: Profile) -> str:
    """The models that read text, the rules beside them, and the shipped weights of the classifier with what runs them."""
    return f"{profile.revision(*TEXT)}+{READINGS}+{CONTEXT}+{weights_revision()}"


def request_checks(
    profile: Profile, works: WorksInText, policy: ThePolicy = shipped_document
) -> Sequence[Check[RequestSubject]]:
    """The checks of a request, in no particular order: each names its tier. `policy` is what guard models are told."""
    text = text_revision(profile)
    return (
        AccountCheck(),
        PromptMinorsCheck(),
        PromptTextCheck(profile.text, text),
        FiguresCheck(profile.figures),
        WorksCheck(works.revision),
        LikenessCheck(),
        RemixCheck(),
        RemixMinorsCheck(),
        RemixTextCheck(profile.text, text),
        RequestRestrictionsCheck(profile.text, text),
        ReferenceMediaCheck(),
        ReferenceCredentialsCheck(),
        ReferenceFacesCheck(profile.revision(*FACES)),
        ReferenceNudityCheck(profile.revision("nudity")),
        WrittenMinorsCheck("reference.minors"),
        ReferenceTextCheck(profile.text, f"{profile.revision(*READING)}+{text}"),
        WrittenNamesCheck("reference.names", 2, profile.figures, Lazy(lambda: works.matcher), works.revision),
        WeaponCheck("reference.weapon", 2, profile.revision("picture_classes")),
        *_request_guards(profile, policy),
        *(UncoveredCheck(aspect) for aspect in profile.uncovered),
    )


def output_checks(
    profile: Profile, works: WorksInText, policy: ThePolicy = shipped_document
) -> Sequence[Check[OutputSubject]]:
    """The checks of a finished clip. `policy` is what guard models are told."""
    text = text_revision(profile)
    return (
        OutputMediaCheck(),
        OutputMinorsCheck(),
        OutputFacesCheck(profile.revision(*FACES)),
        OutputNudityCheck(profile.revision("nudity")),
        WrittenMinorsCheck("output.text_minors"),
        OutputTextCheck(profile.text, f"{profile.revision(*READING)}+{text}"),
        WrittenNamesCheck("output.names", 1, profile.figures, Lazy(lambda: works.matcher), works.revision),
        WeaponCheck("output.weapon", 1, profile.revision("picture_classes")),
        OutputVoicesCheck(profile.revision(*VOICES)),
        OutputSpeechCheck(profile.text, f"{profile.revision(*SPEECH)}+{text}"),
        OutputRestrictionsCheck(profile.text, text),
        OutputWorksCheck(),
        *_output_guards(profile, policy),
        *(UncoveredCheck(aspect) for aspect in profile.uncovered),
    )


def _request_guards(profile: Profile, policy: ThePolicy) -> Iterator[Check[RequestSubject]]:
    if profile.guards.text:
        review = TextReview(profile.guards.text, policy)
        yield prompt_guard(review)
        yield reference_text_guard(review)
    if profile.guards.image:
        yield PictureGuardCheck("reference.guard_image", PictureReview(profile.guards.image, policy))


def _output_guards(profile: Profile, policy: ThePolicy) -> Iterator[Check[OutputSubject]]:
    if profile.guards.text:
        yield output_text_guard(TextReview(profile.guards.text, policy))
    if profile.guards.image:
        yield PictureGuardCheck("output.guard_image", PictureReview(profile.guards.image, policy))
