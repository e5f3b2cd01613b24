"""The generator, and what a release is prepared and verified with."""

from functools import cached_property

from moderation.generation.generators.diffusion.generator import DiffusersGenerator, DiffusionSettings
from moderation.generation.generators.diffusion.pipeline import PipelineLimits
from moderation.generation.generators.http import HttpGenerator
from moderation.generation.generators.port import Generator
from moderation.generation.generators.storyboard import Storyboard
from moderation.parts.judgement import JudgementParts
from moderation.release.prepare import Preparation, Stamping
from moderation.release.verify import Verifier
from moderation.settings import Settings
from provenance.credentials.signer import FileKeySigner
from provenance.marks.visible import PlainLabel


class MakingParts(JudgementParts):
    """What makes and releases."""

    @cached_property
    def generator(self) -> Generator:
        """The generator that the settings name. Raises `PipelineUnusable`."""
        settings = self.settings
        if settings.generator == "storyboard":
            return Storyboard()
        made: HttpGenerator | DiffusersGenerator
        if settings.generator == "http":
            made = HttpGenerator(
                settings.generator_url or "",
                timeout_s=settings.generator_timeout_s,
                token=settings.generator_token,
            )
        else:
            made = DiffusersGenerator(diffusion_settings(settings))
        self._opened.callback(made.close)
        return made

    @cached_property
    def stamping(self) -> Stamping:
        """What releases are stamped with."""
        signer = FileKeySigner(self.pki.claim_key, self.pki.claim_chain)
        return Stamping(signer, self.trust, self._tsa_url(), PlainLabel())

    @cached_property
    def preparation(self) -> Preparation:
        """The first step of a release."""
        return Preparation(self.database, self.assets, self.stamping)

    @cached_property
    def verify(self) -> Verifier:
        """Is this file ours?"""
        return Verifier(self.database, self.trust)


def diffusion_settings(settings: Settings) -> DiffusionSettings:
    """How the settings want a local pipeline to be run."""
    return DiffusionSettings(
        folder=settings.generator_folder,
        device=settings.generator_device,
        dtype=settings.generator_dtype,
        offload=settings.generator_offload,
        limits=PipelineLimits(
            settings.generator_max_pixels, settings.generator_max_frames, settings.generator_fps
        ),
        options=settings.generator_options,
    )
