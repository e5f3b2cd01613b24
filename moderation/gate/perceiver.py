"""From a file to `Media`: decode in the sandbox, let every sense look, read the credentials; never raise for a bad file."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from moderation.gate.check import CouldNotJudge, cause_of
from moderation.gate.perceive import FaceWatcher, KnownFace, NudityWatcher, Senses, listen
from moderation.gate.subjects import Media, Observed
from moderation.media.errors import MediaRejected
from moderation.media.limits import MediaLimits
from moderation.media.reader import open_media
from provenance.credentials.reader import CredentialReport

ReadCredentials = Callable[[Path], CredentialReport]
UNAVAILABLE = "media.unavailable"


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
        media, _ = self._watch(path, sha256, known)
        return self._with_credentials(media, path) if credentials and not media.problem else media

    def known_faces(self, path: Path, sha256: str) -> tuple[KnownFace, ...]:
        """The usable faces of an uploaded reference. Raises what the decoder or the face model raised: without them nobody
        can say whether the output shows them."""
        media, watcher = self._watch(path, sha256, ())
        if media.problem or media.faces.cause:
            raise CouldNotJudge(media.problem or media.faces.cause, media.problem_sentence)
        return watcher.known_faces(sha256)

    def _watch(self, path: Path, sha256: str, known: Sequence[KnownFace]) -> tuple[Media, FaceWatcher]:
        faces, nudity = FaceWatcher(self._senses, known), NudityWatcher(self._senses)
        seen = 0
        try:
            with open_media(path, limits=self._limits) as media:
                for frame in media.frames():
                    seen += 1
                    faces.look(frame.time_s, frame.rgb)
                    nudity.look(frame.time_s, frame.rgb)
                samples = media.sound()
                info = media.info
        except MediaRejected as error:
            return Media(sha256, problem=error.code, problem_sentence=str(error)), faces
        except (OSError, ValueError) as error:  # not there, not ours to read, or no path at all
            return unavailable(sha256, error), faces
        heard = listen(self._senses, samples)
        perceived = Media(
            asset=sha256,
            kind=info.kind,
            duration_s=round(info.duration_s, 3),
            frames_seen=seen,
            nudity=nudity.observed(),
            speech=heard,
            faces=faces.observed(),  # last: who is enrolled is asked as shortly before the verdict as can be
        )
        return perceived, faces

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
        sha256, problem=cause, problem_sentence=str(error), faces=nothing, nudity=nothing, speech=nothing
    )
