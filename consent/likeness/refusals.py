"""Why an enrolment is refused: one class for faces, voices and handles, because every caller shows them alike."""

from consent.errors import ConsentError


class EnrolmentRefused(ConsentError):
    """The portraits, the recordings or the handle cannot be enrolled; `code` says why."""

    def __init__(self, problem: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = f"enrolment.{problem}"  # type: ignore[misc]  # one class, because every caller shows them alike
