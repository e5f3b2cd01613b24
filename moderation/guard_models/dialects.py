"""How the families of text guards are asked, and what they answer: Llama Guard is told our policy, Qwen3Guard brings its own.

The formats are the makers': llama.com/docs/model-cards-and-prompt-formats/llama-guard-3 and the README of QwenLM/Qwen3Guard.
Nothing in the judged text can end the conversation that it is quoted in: marks of the format are broken up first.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final, Protocol

from moderation.guard_models.errors import GuardFolderBroken, GuardUnparsable
from moderation.guard_models.policy_prompt import ASKED_OF_TEXT, numbered
from policies.document import PolicyDocument
from policies.taxonomy import Category

MARKS: Final = (
    "<BEGIN UNSAFE CONTENT CATEGORIES>",
    "<END UNSAFE CONTENT CATEGORIES>",
    "<BEGIN CONVERSATION>",
    "<END CONVERSATION>",
)
LABELS: Final = "labels.toml"
QWEN: Final = "qwen3guard"


@cache
def shipped_labels(family: str) -> Mapping[str, Category]:
    """What the family's names for hazards mean in the categories of the policy: labels.toml, which names its sources."""
    text = (files("moderation.guard_models") / LABELS).read_text(encoding="utf-8")
    rows: Mapping[str, str] = tomllib.loads(text)[family]["categories"]
    return {label: Category(name) for label, name in rows.items()}


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt as text, special tokens included, and which category each label of the answer means."""

    text: str
    labels: Mapping[str, Category]


class Dialect(Protocol):
    """A family. `lead`: what every answer begins with. `answers`: what may follow, and how much of its probability counts."""

    @property
    def lead(self) -> str: ...
    @property
    def answers(self) -> Mapping[str, float]: ...
    @property
    def takes_policy(self) -> bool: ...

    def question(self, tokenizer: Any, text: str, document: PolicyDocument) -> Question:
        """The prompt for a text."""

    def labels(self, answer: str) -> list[str]:
        """The categories that an answer lists after its first word. Raises `GuardUnparsable`."""


@dataclass(frozen=True, slots=True)
class LlamaGuard:
    """Llama Guard 2 and 3: the policy's categories are in the prompt, the answer is `safe`, or `unsafe` and their numbers."""

    lead: str = "\n\n"
    answers: Mapping[str, float] = field(default_factory=lambda: {"safe": 0.0, "unsafe": 1.0})
    takes_policy: bool = True

    def question(self, tokenizer: Any, text: str, document: PolicyDocument) -> Question:
        """As `Dialect`."""
        categories, labels = numbered(document, ASKED_OF_TEXT)
        task = (
            "Task: Check if there is unsafe content in 'User' messages in conversations according our safety policy "
            f"with the below categories.\n\n{MARKS[0]}\n{categories}\n{MARKS[1]}\n\n{MARKS[2]}\n\n"
            f"User: {harmless(tokenizer, text)}\n\n{MARKS[3]}\n\n"
            "Provide your safety assessment for ONLY THE LAST User message in the above conversation:\n"
            " - First line must read 'safe' or 'unsafe'.\n"
            " - If unsafe, a second line must include a comma-separated list of violated categories."
        )
        head = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
        return Question(f"{head}{task}<|eot_id|><|start_header_id|>assistant<|end_header_id|>", labels)

    def labels(self, answer: str) -> list[str]:
        """As `Dialect`."""
        if not re.fullmatch(r"\s*S\d+(\s*,\s*S\d+)*\s*", answer):
            raise unparsable(answer)
        return re.findall(r"S\d+", answer)


@dataclass(frozen=True, slots=True)
class Qwen3Guard:
    """Qwen3Guard-Gen: its policy and its prompt are in its own chat template; `Controversial` counts half."""

    categories: Mapping[str, Category] = field(default_factory=lambda: shipped_labels(QWEN))
    lead: str = "Safety:"
    answers: Mapping[str, float] = field(
        default_factory=lambda: {" Safe": 0.0, " Controversial": 0.5, " Unsafe": 1.0}
    )
    takes_policy: bool = False

    def question(self, tokenizer: Any, text: str, document: PolicyDocument) -> Question:
        """As `Dialect`. Raises `GuardFolderBroken` for a template that does not quote the text."""
        said = harmless(tokenizer, text)
        prompt = ""
        if tokenizer.chat_template:
            prompt = tokenizer.apply_chat_template([{"role": "user", "content": said}], tokenize=False)
        if said.strip() not in prompt:
            raise GuardFolderBroken(
                "the chat template is missing, or does not quote the text to be judged",
                remedy="copy the tokenizer's files again, as the model was published",
            )
        return Question(prompt, self.categories)

    def labels(self, answer: str) -> list[str]:
        """As `Dialect`."""
        found = re.match(r"\s*Categories:[ \t]*(\S[^\n]*)", answer)
        if found is None:
            raise unparsable(answer)
        return [label.strip() for label in found[1].split(",")]


def harmless(tokenizer: Any, text: str) -> str:
    """The text with every token and mark of the prompt's format broken up by a space, so that it is read as mere text."""
    added = (str(token.content) for token in tokenizer.added_tokens_decoder.values())
    marks = {*MARKS, *tokenizer.all_special_tokens, *(token for token in added if token.startswith("<"))}
    long = sorted((mark for mark in marks if len(mark.strip()) > 1), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, long)), re.IGNORECASE)
    return pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def unparsable(answer: str) -> GuardUnparsable:
    """An answer that is none; what it says is the model's, and not shown."""
    return GuardUnparsable(
        f"the answer of {len(answer)} characters is not in the model's format",
        remedy="check that the model is the guard that its folder is named after; `safeconduct guard check` tries it",
    )
