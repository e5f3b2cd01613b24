"""The finished clip: is it whole, who is in it, is anyone undressed, what is said?"""

from collections.abc import Sequence

from moderation.gate.check import Check, CouldNotJudge
from moderation.gate.checks.references import box_of
from moderation.gate.subjects import FaceMatch, FaceSighting, OutputSubject
from moderation.media.errors import refuses_file
from policies.findings import Finding, FrameBox, Where, WholeField
from policies.taxonomy import Category

REVISION = "1"


class OutputMediaCheck:
    """The output must be a video that decodes within its limits; what cannot be decoded cannot be judged, so it is held."""

    name = "output.media"
    tier = 0
    instant = True
    revision = REVISION

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:
        """`output.unreadable` for a rejected file; a decoder that failed on our side could not judge."""
        output = subject.output
        if output.problem and not refuses_file(output.problem):
            raise CouldNotJudge(output.problem, output.problem_sentence)
        if output.problem:
            return [
                Finding(
                    None, "output.unreadable", 1.0, WholeField("output"), self.name, REVISION, output.problem
                )
            ]
        fitting = {"video", "image"} if subject.still_allowed else {"video"}
        if output.kind not in fitting or not output.frames_seen:
            return [
                Finding(None, "output.not_video", 1.0, WholeField("output"), self.name, REVISION, output.kind)
            ]
        return []


class OutputFacesCheck:
    """Invariant 11: a face is a finding when it is an enrolled, revoked or protected person not approved here, or the face
    of an uploaded reference; a face that matches nobody is allowed; an approved likeness that is not found has drifted."""

    name = "output.faces"
    tier = 1
    instant = True

    def __init__(self, revision: str) -> None:
        self.revision = f"{REVISION}+{revision}"

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:
        """`output.face_revoked`, `output.face_not_approved`, `output.face_of_reference`, `output.identity_drift`."""
        faces = subject.output.faces
        if faces.value is None:
            raise CouldNotJudge(faces.cause, "faces")
        approved = {use.likeness_id: use for use in subject.approved}
        findings = [
            finding for face in faces.value for finding in self._of_face(subject, face, set(approved))
        ]
        seen = {match.likeness_id for face in faces.value for match in face.matches}
        drifted = [use for likeness_id, use in approved.items() if likeness_id not in seen]
        return strongest(findings) + [drift(self, use.handle or use.likeness_id) for use in drifted]

    def _of_face(self, subject: OutputSubject, face: FaceSighting, approved: set[str]) -> list[Finding]:
        where = box_of(subject.output, face)
        findings = [
            of_person(self, _signal(match), match.similarity, where, f"likeness {match.likeness_id}")
            for match in face.matches
            if match.standing != "enrolled" or match.likeness_id not in approved
        ]
        known = any(match.likeness_id in approved for match in face.matches)
        if face.of_reference and not known:
            named = f"reference {face.of_reference}"
            findings.append(
                of_person(self, "output.face_of_reference", face.reference_similarity, where, named)
            )
        return findings


class OutputNudityCheck:
    """Nudity, frame by frame; the highest score speaks for the clip."""

    name = "output.nudity"
    tier = 1
    instant = True

    def __init__(self, revision: str) -> None:
        self.revision = f"{REVISION}+{revision}"

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:
        """`image.nudity` at the frame with the highest score."""
        scores = subject.output.nudity
        if scores.value is None:
            raise CouldNotJudge(scores.cause, "nudity")
        best = max(scores.value, key=lambda frame: frame.score, default=None)
        if best is None:
            return []
        where = FrameBox(subject.output.asset, best.time_s, 0.0, 0.0, 1.0, 1.0)
        return [Finding(Category.SEXUAL, "image.nudity", best.score, where, self.name, self.revision)]


def of_person(
    check: Check[OutputSubject], signal: str, similarity: float, where: Where, matched: str
) -> Finding:
    """What a check of faces or voices found of somebody. `similarity`: a cosine; below 0 counts as 0."""
    score = max(0.0, min(1.0, similarity))
    return Finding(Category.PRIVATE_PERSON, signal, score, where, check.name, check.revision, matched)


def drift(check: Check[OutputSubject], missed: str) -> Finding:
    """An approved likeness that the clip should show, or let be heard, and does not."""
    return of_person(check, "output.identity_drift", 1.0, WholeField("output"), missed)


def strongest(findings: Sequence[Finding]) -> list[Finding]:
    """For each signal and match the finding with the highest score, in order of first sight: a face that stays on screen
    for ten seconds is one finding, not twenty."""
    best: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        known = best.get((finding.signal, finding.matched))
        if known is None or finding.score > known.score:
            best[finding.signal, finding.matched] = finding
    return list(best.values())


def _signal(match: FaceMatch) -> str:
    return "output.face_revoked" if match.standing == "revoked" else "output.face_not_approved"
