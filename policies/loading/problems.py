"""Problems of a policy document: one message and one hint each, at a line. Their texts are a product, tested as golden text."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is stable; `message` names field and value; `hint` says what to do."""

    code: str
    file: str
    line: int
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}\n  hint: {self.hint} [{self.code}]"


class PolicyInvalid(ValueError):
    """The document cannot be used; `problems` holds everything that is wrong with it, in order of line."""

    code = "policy.invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(
            sorted(problems, key=lambda problem: (problem.line, problem.code, problem.message))
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


def one_of(value: str, known: Iterable[str], *, what: str) -> str:
    """The hint for a word that is not in a vocabulary: the nearest known one, or all of them."""
    words = sorted(known)
    near = get_close_matches(value, words, n=1)
    return f"did you mean {near[0]!r}?" if near else f"{what} are: {', '.join(words)}"
