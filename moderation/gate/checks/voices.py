"""Whose voices are in the clip: invariants 7 and 11 for voices. A voice that is nobody's is allowed, as a face is."""

from collections.abc import Sequence

from consent.biometrics.thresholds import SAME_VOICE
from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.outputs import drift, of_person, strongest
from moderation.gate.subjects import FaceMatch, OutputSubject, VoiceSighting
from policies.findings import AudioInterval, Finding

REVISION = "1"


class OutputVoicesCheck:
    """A voice is a finding when it is an enrolled, revoked or protected person's not approved here. An approved likeness with a
    voice, in a clip where somebody speaks and nobody with that voice, has drifted."""

    name = "output.voices"
    tier = 1
    instant = True

    def __init__(self, revision: str) -> None:
        self.revision = f"{REVISION}+{revision}"

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:
        """`output.voice_revoked`, `output.voice_not_approved`, `output.identity_drift`. Raises `CouldNotJudge` (`voice.unclear`)
        when an approved voice is to be heard and too little is said to tell whose it is."""
        voices = subject.output.voices
        if voices.value is None:
            raise CouldNotJudge(voices.cause, "voices")
        approved = {use.likeness_id for use in subject.approved}
        findings = [f for voice in voices.value for f in self._of_voice(subject, voice, approved)]
        return strongest(findings) + self._drifted(subject, voices.value)

    def _of_voice(self, subject: OutputSubject, voice: VoiceSighting, approved: set[str]) -> list[Finding]:
        where = AudioInterval(subject.output.asset, voice.start_s, voice.end_s)
        own = bool(voice.matches) and voice.matches[0].likeness_id in approved
        return [
            of_person(self, _signal(match), match.similarity, where, f"likeness {match.likeness_id}")
            for match in voice.matches
            if is_somebody_else(match, approved, own=own)
        ]

    def _drifted(self, subject: OutputSubject, heard: Sequence[VoiceSighting]) -> list[Finding]:
        expected = [use for use in subject.approved if use.voice]
        if not expected or not _speaks(subject):
            return []
        if not heard:
            raise CouldNotJudge("voice.unclear", "too little is said to tell whose voice it is")
        present = {match.likeness_id for voice in heard for match in voice.matches}
        missed = [use for use in expected if use.likeness_id not in present]
        return [drift(self, f"voice of {use.handle or use.likeness_id}") for use in missed]


def is_somebody_else(match: FaceMatch, approved: set[str], *, own: bool) -> bool:
    """Whether the match is of a person not approved here. The index answers from the looser likeness that is enough for an
    approved person's own voice. And voices resemble each other more than faces do: where the nearest is the approved person's
    (`own`), others who are merely enrolled do not count; the revoked and the protected always do."""
    if match.similarity < SAME_VOICE:
        return False
    if match.standing != "enrolled":
        return True
    return not own and match.likeness_id not in approved


def _speaks(subject: OutputSubject) -> bool:
    """Whether anything is said; a transcript that could not be made counts as yes."""
    speech = subject.output.speech
    return (
        speech.value is None
        or any(said.text.strip() for said in speech.value)
        or bool(subject.output.voices.value)
    )


def _signal(match: FaceMatch) -> str:
    return "output.voice_revoked" if match.standing == "revoked" else "output.voice_not_approved"
