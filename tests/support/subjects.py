"""Subjects for gate tests, with everything allowed unless a test says otherwise."""

from collections.abc import Sequence
from datetime import date

from moderation.gate.check import Check
from moderation.gate.gate import Gate
from moderation.gate.runner import CheckRunner
from moderation.gate.subjects import (
    AccountFacts,
    FaceMatch,
    FaceSighting,
    LikenessUse,
    Media,
    Observed,
    OutputSubject,
    RequestSubject,
)
from policies.document import shipped_document

ACCOUNT = AccountFacts("acct_1", rate_limit=30, quota_limit=10)
ADA = LikenessUse("@ada", "ok", account_id="acct_1", likeness_id="lik_ada", handle="ada", revision=3)


def request(prompt: str = "a lighthouse in a storm", **more: object) -> RequestSubject:
    """A harmless request."""
    return RequestSubject(**{"account": ACCOUNT, "prompt": prompt, "today": date(2026, 3, 1), **more})  # type: ignore[arg-type]  # fields by name


def face(
    *matches: FaceMatch, time_s: float = 1.0, usable: bool = True, of_reference: str = ""
) -> FaceSighting:
    """A face in the middle of a frame."""
    similarity = 0.8 if of_reference else 0.0
    return FaceSighting(time_s, 0.4, 0.3, 0.6, 0.6, 200.0, usable, matches, of_reference, similarity)


def match(likeness_id: str = "lik_ada", standing: str = "enrolled", similarity: float = 0.72) -> FaceMatch:
    """A confirmed hit of the index."""
    return FaceMatch(likeness_id, likeness_id.removeprefix("lik_"), standing, similarity)


def clip(*faces: FaceSighting, **more: object) -> Media:
    """A clip in which every sense worked, and saw only these faces."""
    seen = {
        "asset": "a" * 64,
        "kind": "video",
        "duration_s": 10.0,
        "frames_seen": 20,
        "faces": Observed(faces),
        "nudity": Observed(()),
        "looks": Observed(()),
        "text": Observed(()),
        "voices": Observed(()),
        "speech": Observed(()),
    }
    return Media(**{**seen, **more})  # type: ignore[arg-type]  # fields by name


def picture(*faces: FaceSighting, **more: object) -> Media:
    """A readable picture without credentials."""
    return clip(*faces, **{"kind": "image", "frames_seen": 1, "credentials": "none", **more})


def output(media: Media, *approved: LikenessUse, **more: object) -> OutputSubject:
    """A finished clip."""
    return OutputSubject(**{"account": ACCOUNT, "prompt": "p", "output": media, "approved": approved, **more})  # type: ignore[arg-type]  # fields by name


def gate(
    *, requests: Sequence[Check[RequestSubject]] = (), outputs: Sequence[Check[OutputSubject]] = ()
) -> Gate:
    """A gate with these checks and the shipped policy."""
    document = shipped_document()
    return Gate(
        request_checks=requests,
        output_checks=outputs,
        policy=lambda: document,
        runner=CheckRunner(timeout_s=5.0),
    )
