"""What a check is: it looks at one aspect of a subject, and says why when it cannot. `gate.runner` runs them."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from moderation.gate.subjects import Subject
from policies.findings import Finding

S_contra = TypeVar("S_contra", contravariant=True, bound=Subject)


class CouldNotJudge(Exception):
    """A check's way to say why it could not judge; `cause` is a stable code that metrics count."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(detail or cause)
        self.cause = self.code = cause


def cause_of(error: BaseException) -> str:
    """A stable cause for the record: the error's own code where it is one of ours, `area.problem`; a library's means nothing."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) and "." in code else "error"


class Uncovered(Exception):
    """The active profile has no model for this aspect."""


class Check(Protocol[S_contra]):
    """Looks at one aspect of a subject. Pure given the subject and `revision`.

    One that only reads facts gathered before says so by an attribute `instant = True`: it runs on the caller's thread. So does
    one that says by `idle(subject)` that there is nothing to look at, or too little to be worth a change of thread. One that is
    quicker with many subjects than with each may offer `look_many(subjects)`: for each subject its findings, or the error
    that `examine` would have raised. It gives the same answers as `examine`, whatever else is in the batch. One whose `examine`
    always raises `Uncovered` says so by `uncovered = True`, and is not asked.
    """

    @property
    def name(self) -> str:
        """Stable, dotted: `prompt.text`, `output.faces`."""

    @property
    def tier(self) -> int:
        """0 runs first."""

    @property
    def revision(self) -> str:
        """Changes whenever the same subject could give other findings."""

    def examine(self, subject: S_contra) -> Sequence[Finding]:
        """The findings. Raises `CouldNotJudge` or `Uncovered`; any other error counts as could not judge."""
