"""The test cases that a policy document carries: what its author expects of it, in findings or in words.

They are part of the document and of its revision. `policies.lifecycle.trial` runs them; a document whose tests do not pass is not
activated.
"""

from dataclasses import dataclass

from policies.rulings import PolicyContext
from policies.taxonomy import Category, Verdict


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding of a test: a signal, the category it speaks for (None for the state of an account), a score in [0, 1]."""

    signal: str
    category: Category | None
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class DocumentTest:
    """Either `findings` in `context` are ruled on, or `text` is judged as a request by the text model.

    `expect` is the verdict that must come out; `category` and `rule`, where given, must name it. `cause`: why a check could not
    judge (`language.unsupported`), of the findings or as it must come out of the text; without it everything must be judged.
    """

    name: str
    context: PolicyContext
    expect: Verdict
    findings: tuple[Evidence, ...] = ()
    text: str = ""
    category: Category | None = None
    rule: str = ""
    cause: str = ""
