"""The guard models that an operator brought: slots that are empty as shipped, each model loaded when it is first needed.

A guard is told the policy that rules when it is asked, so it is kept together with where to find that policy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moderation.errors import ServiceError
from moderation.gate.lazy import Lazy
from moderation.guard_models.hits import Hit
from policies.document import PolicyDocument
from policies.speech.transcript import Utterance

MISSING = "missing"
"""The revision of a model that is not there."""

ThePolicy = Callable[[], PolicyDocument]


class JudgesText(Protocol):
    """A text guard."""

    def revision(self, document: PolicyDocument) -> str:
        """Changes whenever the same text could be judged otherwise."""

    def judge(self, text: str, document: PolicyDocument) -> Sequence[Hit]:
        """The categories that it sees. Raises `GuardFailed` or `GuardUnusable`."""


class JudgesPictures(Protocol):
    """A picture guard."""

    def revision(self, document: PolicyDocument) -> str:
        """Changes whenever the same picture could be judged otherwise."""

    def look(self, rgb: NDArray[np.uint8], document: PolicyDocument) -> Sequence[Hit]:
        """The categories that it sees in uint8[h, w, 3] RGB. Raises as `JudgesText`."""


class WritesDown(Protocol):
    """A speech model that takes the place of the shipped one."""

    @property
    def revision(self) -> str:
        """Changes whenever the same sound could be written down otherwise."""

    def transcribe(self, samples: NDArray[np.float32]) -> Sequence[Utterance]:
        """float32[n] mono at 16 kHz to utterances with times in seconds. Raises as `JudgesText`."""


@dataclass(frozen=True, slots=True)
class Guards:
    """The slots; None where the settings name no folder. A folder that is named and not there raises when its slot is used."""

    text: Lazy[JudgesText] | None = None
    image: Lazy[JudgesPictures] | None = None
    speech: Lazy[WritesDown] | None = None

    @property
    def speech_revision(self) -> str:
        """Of the model in the slot for speech; `missing` where it cannot be used, "" for an empty slot."""
        if self.speech is None:
            return ""
        try:
            return self.speech.get().revision
        except (ServiceError, OSError):
            return MISSING


@dataclass(frozen=True, slots=True)
class TextReview:
    """A text guard that is told the policy in force."""

    guard: Lazy[JudgesText]
    policy: ThePolicy

    @property
    def revision(self) -> str:
        """Of the guard and of what it is told; `missing` where one of them is."""
        return _revision(self.guard, self.policy)

    def hits(self, text: str) -> Sequence[Hit]:
        """What the guard says of the text. Raises whatever keeps it from judging."""
        return self.guard.get().judge(text, self.policy())


@dataclass(frozen=True, slots=True)
class PictureReview:
    """A picture guard that is told the policy in force."""

    guard: Lazy[JudgesPictures]
    policy: ThePolicy

    @property
    def revision(self) -> str:
        """As `TextReview`."""
        return _revision(self.guard, self.policy)

    def hits(self, rgb: NDArray[np.uint8]) -> Sequence[Hit]:
        """What the guard says of uint8[h, w, 3] RGB. Raises whatever keeps it from judging."""
        return self.guard.get().look(rgb, self.policy())


def _revision(guard: Lazy[JudgesText] | Lazy[JudgesPictures], policy: ThePolicy) -> str:
    try:
        return guard.get().revision(policy())
    except (ServiceError, OSError):
        return MISSING
