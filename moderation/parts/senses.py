"""Eyes and ears: the models of the profile, and the indexes of faces and voices that are kept in step with the registry."""

from functools import cached_property

from consent.biometrics.index import TemplateIndex
from consent.biometrics.models import TemplateKind
from consent.biometrics.thresholds import OWN_VOICE
from consent.biometrics.voices import DIMENSION as VOICE_DIMENSION
from moderation.coverage import CoverageRow, coverage_of
from moderation.gate.guards import PictureReview
from moderation.gate.identify import RegistryIndex
from moderation.gate.lazy import Lazy
from moderation.gate.perceive import Senses
from moderation.gate.perceiver import Perceiver
from moderation.generation.works import WorksInText
from moderation.media.limits import MediaLimits
from moderation.model_registry.files import ModelFiles, overrides_from
from moderation.parts.credentials import Credentials
from moderation.parts.guards import guards_of
from moderation.policy.active import ActivePolicy
from moderation.profile import Profile, default_profile
from provenance.credentials.reader import read_credentials


class SenseParts(Credentials):
    """What perceives."""

    @cached_property
    def profile(self) -> Profile:
        """The models."""
        files = ModelFiles(self.settings.models_dir, overrides_from())
        return default_profile(files, guards_of(self.settings, files))

    @cached_property
    def policy(self) -> ActivePolicy:
        """The document that rules now, and that guard models are told."""
        return ActivePolicy(self.database)

    @cached_property
    def templates(self) -> Lazy[TemplateIndex]:
        """The face index of this replica."""
        return Lazy(
            lambda: TemplateIndex(
                self.vault,
                model_revision=self.profile.faces.get().revision,
                max_age_s=self.settings.registry_max_age_s,
            )
        )

    @cached_property
    def index(self) -> RegistryIndex:
        """The face index, kept in step with the registry."""
        return RegistryIndex(self.database, self.templates)

    @cached_property
    def voice_templates(self) -> Lazy[TemplateIndex]:
        """The voice index of this replica."""
        return Lazy(
            lambda: TemplateIndex(
                self.vault,
                model_revision=self.profile.voices.get().revision,
                dimension=VOICE_DIMENSION,
                kind=TemplateKind.VOICE,
                max_age_s=self.settings.registry_max_age_s,
            )
        )

    @cached_property
    def voice_index(self) -> RegistryIndex:
        """The voice index, kept in step with the registry."""
        return RegistryIndex(self.database, self.voice_templates, threshold=OWN_VOICE)

    def refresh_indexes(self) -> None:
        """Compare both indexes with the registry. Raises what the first one that failed raised; both were tried."""
        try:
            self.index.refresh()
        finally:
            self.voice_index.refresh()

    def index_staleness_s(self) -> float:
        """Seconds since the older of the two comparisons; infinite before the first."""
        return max(self.index.staleness_s(), self.voice_index.staleness_s())

    @cached_property
    def perceiver(self) -> Perceiver:
        """Eyes and ears."""
        profile = self.profile
        senses = Senses(
            faces=profile.faces,
            lookup=self.index,
            nudity=profile.nudity,
            speech=profile.speech,
            looks=profile.looks,
            text=profile.frame_text,
            voices=profile.voices,
            voice_lookup=self.voice_index,
            guard=PictureReview(profile.guards.image, self.policy) if profile.guards.image else None,
        )
        return Perceiver(
            senses, limits=MediaLimits(), read_credentials=lambda path: read_credentials(path, self.trust)
        )

    @cached_property
    def works(self) -> WorksInText:
        """Protected works named in a text, with what the registry says of them."""
        return WorksInText()

    def coverage(self) -> tuple[CoverageRow, ...]:
        """What the active profile looks at, and what nobody does."""
        return coverage_of(self.profile, self.works, self.policy)
