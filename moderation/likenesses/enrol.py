"""Enrolment as a service: portraits from the object store, one look at them, one transaction, and what must follow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consent.biometrics.faces import FaceModel
from consent.biometrics.index import TemplateIndex
from consent.biometrics.vault import Vault
from consent.likeness.changes import LikenessChange
from consent.likeness.enrolment import enrol, read_portraits
from consent.likeness.voice import VoiceSample, read_recordings
from moderation.accounts.directory import get_account
from moderation.assets import AssetStore
from moderation.errors import Kind, ServiceError
from moderation.gate.lazy import Lazy
from moderation.gate.perceive_voices import HearsVoices
from moderation.generation.tables import LikenessPortrait
from moderation.ids import new_id
from moderation.likenesses.commands import announce
from moderation.likenesses.recordings import forget_recordings
from moderation.media.limits import MediaLimits
from moderation.media.reader import open_media
from moderation.store import Database, now_ms


class PortraitShowsNothing(ServiceError):
    """A portrait without any picture in it: sound alone."""

    code = "likeness.portrait_shows_nothing"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Enrols people by their portraits, and by recordings of their voice where they give them. Liveness is not checked yet, and
    the likeness says so (`liveness=unverified`)."""

    database: Database
    assets: AssetStore
    faces: Lazy[FaceModel]
    index: Lazy[TemplateIndex]
    ear: Lazy[HearsVoices]
    voice_index: Lazy[TemplateIndex]
    vault: Vault
    limits: MediaLimits

    def enrol(
        self,
        *,
        account_id: str,
        handle: str,
        portraits: Sequence[str],
        minor: bool,
        actor: str,
        recordings: Sequence[str] = (),
    ) -> LikenessChange:
        """Look at the pictures and listen to the recordings (sha256 of stored assets), then commit. An account under 18 enrols a
        minor, whatever it says. Recordings are deleted once the template is made.
        Raises `EnrolmentRefused`, `MediaRejected`, `AssetMissing`, `AccountUnknown`."""
        seen = read_portraits([self._picture(sha256) for sha256 in portraits], self.faces.get())
        heard = self._voice(recordings) if recordings else None
        with self.database.transaction() as session:
            at = now_ms(session)
            change = enrol(
                session,
                likeness_id=new_id("lik"),
                owner_account_id=account_id,
                handle=handle,
                portraits=seen,
                vault=self.vault,
                index=self.index.get(),
                new_id=new_id,
                actor=actor,
                now_ms=at,
                minor=minor or get_account(session, account_id).under_18,
                voice=heard,
                voice_index=self.voice_index.get() if heard else None,
            )
            for sha256 in portraits:
                session.merge(
                    LikenessPortrait(likeness_id=change.likeness_id, asset_sha256=sha256, created_ms=at)
                )
            if recordings:
                forget_recordings(session, change.likeness_id, recordings, owner=account_id, now_ms=at)
            announce(session, change, actor=actor, now_ms=at)
        return change

    def _voice(self, recordings: Sequence[str]) -> VoiceSample:
        return read_recordings([self._sound(sha256) for sha256 in recordings], self.ear.get())

    def _sound(self, sha256: str) -> NDArray[np.float32]:
        """The sound of a recording, or of a clip; silence where it has none."""
        with open_media(self.assets.path(sha256), limits=self.limits) as media:
            for _ in media.frames():
                pass
            return media.sound()

    def _picture(self, sha256: str) -> NDArray[np.uint8]:
        with open_media(self.assets.path(sha256), limits=self.limits) as media:
            frame = next(iter(media.frames()), None)
        if frame is None:
            raise PortraitShowsNothing(
                "the file holds no picture",
                field="portraits",
                value=sha256,
                remedy="send a photograph of the person's face",
            )
        return frame.rgb
