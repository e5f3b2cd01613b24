"""The shape of every refusal of this wing: a stable code, and a sentence that names the field, the value and the remedy."""

from typing import ClassVar


class ConsentError(Exception):
    """A refusal the caller can act on. `code` is stable (`area.problem`); the text is for people."""

    code: ClassVar[str] = "consent.error"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
