"""From a file to `Media`: decode in the sandbox, let every sense look, read the credentials; never raise for a bad file."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from moderation.gate.check import CouldNotJudge, cause_of
from moderation.gate.lanes import Lanes
from moderation.gate.perceive import FaceWatcher, KnownFace, NudityWatcher, Senses, listen
from moderation.gate.perceive_frames import LookWatcher, TextWatcher
from moderation.gate.perceive_guards import GuardWatcher
from moderation.gate.perceive_voices import hear_voices
from moderation.gate.subjects import Media, Observed
from moderation.media.errors import MediaRejected
from moderation.media.limits import MediaLimits
from moderation.media.reader import open_media
from provenance.credentials.reader import CredentialReport

ReadCredentials = Callable[[Path], CredentialReport]
UNAVAILABLE = "media.unavailable"


class Eyes:
    """Every sense that looks at frames, as they pass."""

    def __init__(self, senses: Senses, known: Sequence[KnownFace], *, still: bool) -> None:
        self.faces = FaceWatcher(senses, known)
        self.nudity = NudityWatcher(senses)
        self.looks = LookWatcher(senses.looks)
        self.text = TextWatcher(senses.text, still=still)
        self.guard = GuardWatcher(senses.guard)

    def lanes(self) -> Lanes:
        """For the frames to come: each sense looks at them on its own thread."""
        senses = [self.faces.look, self.nudity.look, self.looks.look, self.text.look]
        return Lanes([*senses, self.guard.look] if self.guard.asked else senses)


class Perceiver:
    """Perceives files with the senses of the active profile. Safe to share between threads."""

    def __init__(self, senses: Senses, *, limits: MediaLimits, read_credentials: ReadCredentials) -> None:
        self._senses = senses
        self._limits = limits
        self._read_credentials = read_credentials

    def perceive(
        self, path: Path, sha256: str, *, known: Sequence[KnownFace] = (), credentials: bool = False
    ) -> Media:
        """What the file shows and says. A rejected file comes back with its `problem` set and nothing observed."""
        media = self._watch(path, sha256, known)
        return self._with_credentials(media, path) if credentials and not media.problem else media

    def known_faces(self, path: Path, sha256: str) -> tuple[KnownFace, ...]:
        """The usable faces of an uploaded reference. Raises what the decoder or the face model raised: without them nobody
        can say whether the output shows them."""
        watcher = FaceWatcher(self._senses, ())
        try:
            with open_media(path, limits=self._limits) as media:
                for frame in media.frames():
                    watcher.look(frame.time_s, frame.rgb)
        except MediaRejected as error:
            raise CouldNotJudge(error.code, str(error)) from error
        except (OSError, ValueError) as error:
            raise CouldNotJudge(UNAVAILABLE, str(error)) from error
        if watcher.cause:
            raise CouldNotJudge(watcher.cause, sha256)
        return watcher.known_faces(sha256)

    def _watch(self, path: Path, sha256: str, known: Sequence[KnownFace]) -> Media:
        try:
            with open_media(path, limits=self._limits) as media:
                eyes = Eyes(self._senses, known, still=media.info.kind == "image")
                seen = 0
                with eyes.lanes() as lanes:
                    for frame in media.frames():
                        seen += 1
                        lanes.look(frame.time_s, frame.rgb)
                    samples = media.sound()
                    info = media.info
                    heard = listen(self._senses, samples)  # while the eyes catch up
        except MediaRejected as error:
            return Media(sha256, problem=error.code, problem_sentence=str(error))
        except (OSError, ValueError) as error:  # not there, not ours to read, or no path at all
            return unavailable(sha256, error)
        return Media(
            asset=sha256,
            kind=info.kind,
            duration_s=round(info.duration_s, 3),
            frames_seen=seen,
            nudity=eyes.nudity.observed(),
            looks=eyes.looks.observed(),
            text=eyes.text.observed(),
            guard=eyes.guard.observed(),
            speech=heard,
            # Last: who is enrolled is asked as shortly before the verdict as can be.
            voices=hear_voices(self._senses.voices, self._senses.voice_lookup, samples),
            faces=eyes.faces.observed(),
        )

    def _with_credentials(self, media: Media, path: Path) -> Media:
        try:
            report = self._read_credentials(path)
        except Exception:
            return replace(media, credentials="unreadable")
        broken = report.recorded_ingredient_failures
        return replace(
            media,
            credentials="invalid" if broken else report.state,
            credential_failures=(*report.failures, *broken),
            opt_outs=report.opt_outs,
        )


def unavailable(sha256: str, error: BaseException) -> Media:
    """A file that could not be fetched: every sense could not judge."""
    cause = UNAVAILABLE if isinstance(error, OSError | ValueError) else cause_of(error)
    nothing = Observed(cause=cause)  # type: ignore[var-annotated]  # fits every sense: it holds no value
    return Media(
        sha256,
        problem=cause,
        problem_sentence=str(error),
        faces=nothing,
        nudity=nothing,
        looks=nothing,
        text=nothing,
        voices=nothing,
        speech=nothing,
        guard=nothing,
    )
