"""What the gate judges, as plain frozen facts gathered beforehand: checks read these and nothing else.

Gathering (database, files, models) happens in `gate.facts` and `gate.observe`; so a check is a pure function, and the same
subject under the same revisions gives the same findings.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Observed(Generic[T]):
    """What a sense perceived, or why it could not: exactly one of `value` and `cause` is set."""

    value: T | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The requester as the gate sees them; counts are recorded inputs of the decision (DESIGN §5.5)."""

    account_id: str
    suspended: bool = False
    under_18: bool = False
    requests_last_minute: int = 0
    rate_limit: int = 0
    quota_used: int = 0
    quota_limit: int = 0


@dataclass(frozen=True, slots=True)
class RestrictionRule:
    """One rule of a likeness' owner: the plain words, and what they were compiled to."""

    id: str
    words: str
    refused: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LikenessUse:
    """The consent registry's answer for one likeness that was asked for. `code` is `ok` when it is permitted; `voice`: its owner
    enrolled a voice with it."""

    asked: str
    code: str
    account_id: str = ""
    purpose: str = "video"
    likeness_id: str = ""
    handle: str = ""
    revision: int = 0
    minor: bool = False
    voice: bool = False
    sentence: str = ""
    restrictions: tuple[RestrictionRule, ...] = ()

    @property
    def permitted(self) -> bool:
        """Whether the owner's rules allow this use now."""
        return self.code == "ok"


@dataclass(frozen=True, slots=True)
class WorkUse:
    """A protected work named or described in the prompt, characters `start` to `end`, and what its rights-holder said about
    this account: `standing` is `opted_out`, `licensed` or `unlicensed`. `use` is how it would be seen: `shown`, as a `style`,
    a `setting`, a `logo`, or the `theme`; `resembled` when a description only comes close. `franchise_id` is the work that
    it belongs to, or empty."""

    work_id: str
    name: str
    use: str
    start: int
    end: int
    standing: str
    franchise_id: str = ""


@dataclass(frozen=True, slots=True)
class PinnedWork:
    """A work that the request was judged with: `approved` is its standing then, `standing` what it is now."""

    work_id: str
    name: str
    use: str
    approved: str
    standing: str


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """A confirmed hit of a face, or a voice, in its index. `standing` is `enrolled`, `revoked` or `protected`."""

    likeness_id: str
    handle: str
    standing: str
    similarity: float


@dataclass(frozen=True, slots=True)
class FaceSighting:
    """A face seen at `time_s`; edges are fractions of the frame; `matches` best first; `of_reference` names an uploaded
    reference (sha256) whose face this is, or is empty."""

    time_s: float
    left: float
    top: float
    right: float
    bottom: float
    size_px: float
    usable: bool
    matches: tuple[FaceMatch, ...] = ()
    of_reference: str = ""
    reference_similarity: float = 0.0


@dataclass(frozen=True, slots=True)
class FrameScore:
    """A score in [0, 1] of the frame at `time_s`."""

    time_s: float
    score: float


@dataclass(frozen=True, slots=True)
class FrameLook:
    """What fills the frame at `time_s`: the probability in [0, 1] that it is a firearm, and by name what more likely than not is
    there."""

    time_s: float
    firearm: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameText:
    """A line of text read in the frame at `time_s`; edges are fractions of the frame, `score` how sure its letters are."""

    time_s: float
    text: str
    score: float
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class FrameHit:
    """A category of the policy that a picture guard sees in the frame at `time_s` with the probability `score`, under its own
    `label`."""

    time_s: float
    category: str
    score: float
    label: str


@dataclass(frozen=True, slots=True)
class VoiceSighting:
    """A voice heard between `start_s` and `end_s`, for `seconds` in all; `matches` best first."""

    start_s: float
    end_s: float
    seconds: float
    matches: tuple[FaceMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance of the transcript, seconds."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Media:
    """A decoded picture or clip as the senses perceived it. `asset` is its sha256; `problem` is the code of a rejected file."""

    asset: str
    kind: str = "image"
    duration_s: float = 0.0
    frames_seen: int = 0
    problem: str = ""
    problem_sentence: str = ""
    faces: Observed[tuple[FaceSighting, ...]] = Observed(cause="not_observed")
    nudity: Observed[tuple[FrameScore, ...]] = Observed(cause="not_observed")
    looks: Observed[tuple[FrameLook, ...]] = Observed(cause="not_observed")
    text: Observed[tuple[FrameText, ...]] = Observed(cause="not_observed")
    voices: Observed[tuple[VoiceSighting, ...]] = Observed(cause="not_observed")
    speech: Observed[tuple[Spoken, ...]] = Observed(cause="not_observed")
    guard: Observed[tuple[FrameHit, ...]] = Observed(cause="not_observed")
    credentials: str = "not_read"
    credential_failures: tuple[str, ...] = ()
    opt_outs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestSubject:
    """A request for a video: who asks, for what, showing whom, from which references. `registry_parked`: a change of consent
    was announced that could not be processed, so nobody knows what holds; `rights_parked`: the same of a change of rights.
    `remix_prompts`: what was asked for along the chain of remixes before it, oldest first."""

    account: AccountFacts
    prompt: str
    likenesses: tuple[LikenessUse, ...] = ()
    references: tuple[Media, ...] = ()
    remix_parent: str = ""
    remix_parent_state: str = ""
    remix_prompts: tuple[str, ...] = ()
    works: tuple[WorkUse, ...] = ()
    today: date = date.min
    purpose: str = "video"
    registry_version: int = 0
    registry_parked: bool = False
    rights_parked: bool = False
    feed: bool = False


@dataclass(frozen=True, slots=True)
class OutputSubject:
    """A generated clip with what it was approved to show. `still_allowed`: a picture may be judged in place of a clip.
    `prompt_judged`: the request gate let this very prompt pass, so its words in the clip are no news."""

    account: AccountFacts
    prompt: str
    output: Media
    approved: tuple[LikenessUse, ...] = ()
    works: tuple[PinnedWork, ...] = ()
    still_allowed: bool = False
    prompt_judged: bool = False
    today: date = date.min
    registry_version: int = 0
    feed: bool = False


@dataclass(frozen=True, slots=True)
class Pixels:
    """One frame to be perceived: uint8[h, w, 3] RGB at `time_s` seconds."""

    time_s: float
    rgb: NDArray[np.uint8] = field(repr=False)


Subject = RequestSubject | OutputSubject
