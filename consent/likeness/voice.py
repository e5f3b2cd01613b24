"""Enrolment of a voice beside a face: recordings in, one template out, sealed and erased as the face's are.

A template is the mean over all that was said: it knows its person better than any one recording. As with portraits, recordings
alone prove no living person, and no model here can tell a clone from the person.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from consent.biometrics.index import TemplateIndex
from consent.biometrics.matches import confirm
from consent.biometrics.models import Standing, TemplateKind
from consent.biometrics.thresholds import SAME_VOICE_RECORDINGS, TAKEN_VOICE
from consent.biometrics.vault import Vault
from consent.biometrics.voices import Voice, unit
from consent.likeness.changes import LikenessChange
from consent.likeness.refusals import EnrolmentRefused

Samples = NDArray[np.float32]

MAX_RECORDINGS = 8
ENOUGH_UTTERANCES, UTTERANCE_S = 5, 1.6
"""So many recordings with at least so much speech each make a voice …"""
ENOUGH_S = 15.0
"""… and so do fewer with so many seconds of speech in all."""
OTHER_SHARE = 0.25
"""The share of a recording's speech in other voices from which somebody else speaks in it, too."""


class HearsVoices(Protocol):
    """The part of the ear that enrolment needs."""

    @property
    def revision(self) -> str:
        """Names the model whose templates these are."""

    def voices(self, samples: Samples) -> Sequence[Voice]:
        """The voices in float32[n] mono at 16 kHz."""


@dataclass(frozen=True, slots=True, eq=False)
class VoiceSample:
    """A voice as it was read from recordings: `seconds` of speech, and float32[256] of length 1, in no repr."""

    model_revision: str
    seconds: float
    embedding: NDArray[np.float32] = field(repr=False)


def read_recordings(recordings: Sequence[Samples], ear: HearsVoices) -> VoiceSample:
    """Hold 1 to 8 recordings, float32[n] mono at 16 kHz, to be one person's voice, and enough of it.

    Raises `EnrolmentRefused`: `recording_count`, `no_speech`, `several_voices`, `too_little_speech`.
    """
    if not 1 <= len(recordings) <= MAX_RECORDINGS:
        raise EnrolmentRefused(
            "recording_count",
            f"voice: {len(recordings)} recordings given; give 1 to {MAX_RECORDINGS} of your voice",
        )
    heard = [_the_voice(ear.voices(samples), number) for number, samples in enumerate(recordings, 1)]
    seconds = sum(voice.seconds for voice in heard)
    long_enough = sum(voice.seconds >= UTTERANCE_S for voice in heard)
    if long_enough < ENOUGH_UTTERANCES and seconds < ENOUGH_S:
        raise EnrolmentRefused(
            "too_little_speech",
            f"voice: {seconds:.1f} s of speech in {len(heard)} recordings; give {ENOUGH_UTTERANCES} recordings with "
            f"{UTTERANCE_S} s of speech each, or {ENOUGH_S:.0f} s in all",
        )
    mean = unit(np.sum([voice.embedding * voice.seconds for voice in heard], axis=0))
    for number, voice in enumerate(heard, 1):
        if float(voice.embedding @ mean) < SAME_VOICE_RECORDINGS:
            raise EnrolmentRefused(
                "several_voices",
                f"voice: recording {number} does not sound like the others; leave it out, or record it in a quiet room",
            )
    return VoiceSample(ear.revision, round(seconds, 1), mean)


def _the_voice(voices: Sequence[Voice], number: int) -> Voice:
    if not voices:
        raise EnrolmentRefused(
            "no_speech",
            f"voice: recording {number} holds no speech of a second or more; read a few sentences aloud",
        )
    main = max(voices, key=lambda voice: voice.seconds)
    others = sum(voice.seconds for voice in voices) - main.seconds
    if others >= OTHER_SHARE * (main.seconds + others) and _is_other(main, voices):
        raise EnrolmentRefused(
            "several_voices", f"voice: recording {number} holds more than one voice; record yours alone"
        )
    return main


def _is_other(main: Voice, voices: Sequence[Voice]) -> bool:
    """Whether any of the others is clearly not the main one: a hum or a cough makes a cluster of its own."""
    return any(
        voice is not main and float(voice.embedding @ main.embedding) < SAME_VOICE_RECORDINGS
        for voice in voices
    )


def hold_voice_free(session: Session, index: TemplateIndex, sample: VoiceSample, owner: str) -> None:
    """Raises `EnrolmentRefused` (`model_changed`, `voice_taken`, `voice_protected`), `IndexStale`. Two people may sound alike:
    only what is nearer than two people come refuses."""
    if index.model_revision != sample.model_revision:
        raise EnrolmentRefused(
            "model_changed",
            f"voice: read by {sample.model_revision}, the index holds {index.model_revision}; send it again",
        )
    for found in confirm(session, index.search(sample.embedding[None], TAKEN_VOICE)):
        if found.standing == Standing.PROTECTED:
            raise EnrolmentRefused(
                "voice_protected", "voice: it is a protected person's; ask a moderator to verify you"
            )
        if found.owner_account_id != owner:
            raise EnrolmentRefused(
                "voice_taken",
                "voice: it is enrolled by another account already; if it is yours, ask a moderator to compare",
            )


def seal_voice(
    session: Session,
    vault: Vault,
    sample: VoiceSample,
    change: LikenessChange,
    *,
    new_id: Callable[[str], str],
    now_ms: int,
) -> None:
    """Put the template into the vault under the likeness' own key, at the change's registry version."""
    vault.seal(
        session,
        template_id=new_id("template"),
        subject_id=change.likeness_id,
        kind=TemplateKind.VOICE,
        model_revision=sample.model_revision,
        vector=sample.embedding,
        standing=Standing.ENROLLED,
        version=change.registry_version,
        now_ms=now_ms,
    )
