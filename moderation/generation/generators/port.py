"""The generator as the workflow sees it: a brief in, a file out, or a reason why not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from moderation.messages import Brief

# Gets the share done in [0, 1]; growing; called a few dozen times at most.
Progress = Callable[[float], None]
# Says whether to stop; asked often, so it must be cheap.
Cancelled = Callable[[], bool]


class GenerationFailed(Exception):
    """The generator gave up. `code` is stable ("generator.…"); `retryable` says whether another attempt may succeed."""

    def __init__(self, code: str, sentence: str, *, retryable: bool) -> None:
        super().__init__(sentence)
        self.code = code
        self.retryable = retryable


class GenerationCancelled(Exception):
    """`cancelled` said so, and the work was stopped. Nothing is left at the target."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made, where it is not simply what was asked: the clip's length, and the difference in words."""

    seconds: float
    adjusted: str = ""


class Generator(Protocol):
    """Makes one video per call. Safe to call from several threads at once."""

    def identity(self) -> tuple[str, str]:
        """Name and version, for the output's record and its credential. Raises `GenerationFailed` if it cannot be had."""
        ...

    def generate(
        self,
        brief: Brief,
        *,
        portraits: Mapping[str, Path],
        references: Sequence[Path],
        target: Path,
        progress: Progress,
        cancelled: Cancelled,
    ) -> Made | None:
        """Write an mp4 to `target`, which appears complete or not at all; None means exactly what the brief asks.

        `portraits` maps the handle of a likeness to a picture of that person, `references` are the uploaded files of the
        brief in its order; both are anybody's files. Raises `GenerationFailed` or `GenerationCancelled`.
        """
        ...


@runtime_checkable
class Pingable(Protocol):
    """A generator that can say whether it is ready."""

    def ping(self) -> None:
        """Returns soon; raises when the next brief could not be made."""
        ...
