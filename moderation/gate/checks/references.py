"""Reference images: are they readable, whose faces do they show, what do their credentials say, are they decent?"""

from collections.abc import Sequence

from moderation.gate.check import CouldNotJudge
from moderation.gate.subjects import FaceSighting, Media, RequestSubject
from moderation.media.errors import refuses_file
from policies.findings import Finding, FrameBox, WholeField
from policies.taxonomy import Category

REVISION = "1"


class ReferenceMediaCheck:
    """A file that cannot be decoded within its limits is refused, with the sandbox's own code and sentence."""

    name = "reference.media"
    tier = 2
    instant = True
    revision = REVISION

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`reference.unreadable` for each rejected file; where none is and one failed on our side, could not judge."""
        findings = [
            Finding(None, "reference.unreadable", 1.0, _where(n), self.name, REVISION, media.problem)
            for n, media in enumerate(subject.references)
            if refuses_file(media.problem)
        ]
        failed = next((media for media in subject.references if media.problem), None)
        if failed is not None and not findings:
            raise CouldNotJudge(failed.problem, failed.problem_sentence)
        return findings


USE_AS_INPUT = ("cawg.ai_inference", "c2pa.ai_inference")
"""Uses that cover giving a picture to a trained model as input (CAWG training and data mining 1.1, C2PA 2.0)."""


class ReferenceCredentialsCheck:
    """What the picture's own credentials say. An invalid one, or a recorded altered ingredient, is a sign of tampering; an
    unreadable one is no 'none'; and its owner may have refused this very use."""

    name = "reference.credentials"
    tier = 2
    instant = True
    revision = REVISION

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`reference.credentials_invalid` where validation failed; `reference.training_or_use_opt_out` where the owner refuses
        use as input to a model; unreadable credentials could not be judged."""
        findings = []
        for position, media in enumerate(subject.references):
            if media.problem:
                continue
            if media.credentials in {"unreadable", "not_read"}:
                raise CouldNotJudge("credentials.unreadable", media.asset)
            refused = [use for use in USE_AS_INPUT if use in media.opt_outs]
            if refused:
                where = _where(position)
                signal = "reference.training_or_use_opt_out"
                findings.append(Finding(Category.WORKS, signal, 1.0, where, self.name, REVISION, refused[0]))
            if media.credentials == "invalid":
                findings.append(
                    Finding(
                        Category.DECEPTION,
                        "reference.credentials_invalid",
                        1.0,
                        _where(position),
                        self.name,
                        REVISION,
                        ", ".join(media.credential_failures[:3]),
                    )
                )
        return findings


UNCLEAR_FROM_PX = 50.0
"""The size from which a face would count (`consent.biometrics.faces`): one that does not is blurred or turned away."""
UNCLEAR_FROM_SHARE = 0.2
"""Of the picture's height: a face of this size is what the picture is about, however few pixels it has."""


class ReferenceFacesCheck:
    """A real face in a reference must be a likeness that this request asks for and may use. One that stands out and yet
    cannot be compared could be anybody's: a person looks."""

    name = "reference.faces"
    tier = 2
    instant = True

    def __init__(self, revision: str) -> None:
        self.revision = f"{REVISION}+{revision}"

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`reference.face_unconsented` for each usable face that is no permitted likeness of this request. Raises
        `CouldNotJudge` (`face.unclear`) when there is none, but a face that cannot be compared."""
        permitted = {use.likeness_id for use in subject.likenesses if use.permitted}
        findings = []
        for media in _readable(subject):
            if media.faces.value is None:
                raise CouldNotJudge(media.faces.cause, media.asset)
            findings += [
                self._finding(media, face)
                for face in media.faces.value
                if face.usable and not _is_one_of(face, permitted)
            ]
        unclear = [
            media.asset for media in _readable(subject) if any(map(_is_unclear, media.faces.value or ()))
        ]
        if unclear and not findings:
            raise CouldNotJudge("face.unclear", unclear[0])
        return findings

    def _finding(self, media: Media, face: FaceSighting) -> Finding:
        best = face.matches[0] if face.matches else None
        return Finding(
            Category.PRIVATE_PERSON,
            "reference.face_unconsented",
            1.0,
            box_of(media, face),
            self.name,
            self.revision,
            f"likeness {best.likeness_id}" if best else "nobody enrolled",
        )


class ReferenceNudityCheck:
    """Nudity in a reference image."""

    name = "reference.nudity"
    tier = 2
    instant = True

    def __init__(self, revision: str) -> None:
        self.revision = f"{REVISION}+{revision}"

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`image.nudity` with the highest frame score of each reference."""
        findings = []
        for media in _readable(subject):
            if media.nudity.value is None:
                raise CouldNotJudge(media.nudity.cause, media.asset)
            best = max(media.nudity.value, key=lambda frame: frame.score, default=None)
            if best is not None:
                where = FrameBox(media.asset, best.time_s, 0.0, 0.0, 1.0, 1.0)
                findings.append(
                    Finding(Category.SEXUAL, "image.nudity", best.score, where, self.name, self.revision)
                )
        return findings


def box_of(media: Media, face: FaceSighting) -> FrameBox:
    """Where the face is."""
    return FrameBox(media.asset, face.time_s, face.left, face.top, face.right, face.bottom)


def _is_one_of(face: FaceSighting, permitted: set[str]) -> bool:
    """Whether the nearest person is permitted, and nobody who resembles the face is revoked or protected."""
    near = bool(face.matches) and face.matches[0].likeness_id in permitted
    return near and all(match.standing == "enrolled" for match in face.matches)


def _is_unclear(face: FaceSighting) -> bool:
    stands_out = face.size_px >= UNCLEAR_FROM_PX or face.bottom - face.top >= UNCLEAR_FROM_SHARE
    return stands_out and not face.usable


def _readable(subject: RequestSubject) -> list[Media]:
    return [media for media in subject.references if not media.problem]


def _where(position: int) -> WholeField:
    return WholeField(f"references[{position}]")
