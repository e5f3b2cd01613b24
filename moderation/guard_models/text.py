"""A text guard: one question about a text, the probability of the answer's first word, and the categories it goes on to name.

Decoding is greedy and bounded: the same text under the same policy gives the same answer on the same device and versions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moderation.devices import Device
from moderation.guard_models.dialects import Dialect, LlamaGuard, Question, Qwen3Guard, unparsable
from moderation.guard_models.errors import GuardFolderBroken, GuardTooLong
from moderation.guard_models.folder import GuardFolder
from moderation.guard_models.hits import WORTH_RECORDING, Hit
from moderation.guard_models.running import Placement, Running, finite, open_model
from policies.document import PolicyDocument
from policies.taxonomy import Category

ANSWER_TOKENS = 48
"""At most, after the first word: all categories of the longest list fit."""
ENOUGH = 0.5
"""Probability that all answers of the format must have together; below, the model does something else than answering."""


@dataclass(frozen=True, slots=True)
class TextParts:
    """What is loaded. `common`: tokens with which each answer begins; `answers`: the tokens that go on, by answer."""

    model: Any
    tokenizer: Any
    common: tuple[int, ...]
    answers: Mapping[str, tuple[int, ...]]
    longest: int


class TextGuard:
    """A text guard of a known family in a local folder. Thread-safe; one text at a time."""

    def __init__(
        self,
        folder: GuardFolder,
        placement: Placement,
        *,
        threshold: float = WORTH_RECORDING,
        categories: Mapping[str, Category] | None = None,
    ) -> None:
        self._dialect = dialect_of(folder, categories or {})
        self._threshold = threshold
        self._running = Running(folder, placement, self._opened)

    @property
    def running(self) -> Running[TextParts]:
        """The model, for whoever warms, checks or closes it."""
        return self._running

    def revision(self, document: PolicyDocument) -> str:
        """The model's files, and where it is told the policy the document's revision."""
        told = f"+{document.revision}" if self._dialect.takes_policy else ""
        return f"{self._running.revision}{told}"

    def judge(self, text: str, document: PolicyDocument) -> tuple[Hit, ...]:
        """The categories that the model sees, all with the probability in [0, 1] that the text is unsafe; none below the
        threshold. Raises `GuardFailed` or `GuardUnusable`."""
        return self._running.ask(lambda parts: self._hits(parts, text, document))

    def _hits(self, parts: TextParts, text: str, document: PolicyDocument) -> tuple[Hit, ...]:
        question = self._dialect.question(parts.tokenizer, text, document)
        ids = [*parts.tokenizer(question.text, add_special_tokens=False).input_ids, *parts.common]
        if len(ids) + ANSWER_TOKENS > parts.longest:
            raise GuardTooLong(f"{len(ids)} tokens are more than the model's {parts.longest} allow")
        decoding = Decoding(parts.model)
        chances = _chances(decoding.read(ids), parts)
        score = sum(chances[answer] * weight for answer, weight in self._dialect.answers.items())
        if score < self._threshold:
            return ()
        meant = max(
            (one for one, weight in self._dialect.answers.items() if weight > 0), key=chances.__getitem__
        )
        rest = decoding.go_on(parts.answers[meant], ends=_ends(parts))
        answer = parts.tokenizer.decode(rest, skip_special_tokens=True)
        return _named(self._dialect.labels(answer), question, min(1.0, score), answer)

    def _opened(self, folder: GuardFolder, device: Device) -> TextParts:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(
            str(folder.path), local_files_only=True, trust_remote_code=False
        )
        if isinstance(self._dialect, LlamaGuard) and "<|start_header_id|>" not in tokenizer.get_vocab():
            raise GuardFolderBroken(
                "the tokenizer has no <|start_header_id|>: this is no Llama Guard 2 or 3",
                field=folder.setting, value=str(folder.path),
            )  # fmt: skip
        common, answers = _told_apart(tokenizer, self._dialect, folder)
        model = open_model(folder, device)
        return TextParts(model, tokenizer, common, answers, int(model.config.max_position_embeddings))


def dialect_of(folder: GuardFolder, categories: Mapping[str, Category]) -> Dialect:
    """How the folder's model is asked; `categories` overrules what its labels mean where its policy is its own."""
    if folder.class_name == "LlamaForCausalLM":
        return LlamaGuard()
    return Qwen3Guard({**Qwen3Guard().categories, **categories})


class Decoding:
    """One answer in the making: the state of the model after what it has read."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._past: Any = None

    def read(self, ids: list[int]) -> Any:
        """Read on; the logits of the next token, float32[vocabulary]. Raises `GuardNotFinite`."""
        import torch

        made = self._model(
            input_ids=torch.tensor([ids], device=self._model.device),
            past_key_values=self._past,
            use_cache=True,
            logits_to_keep=1,
        )
        self._past = made.past_key_values
        return finite(made.logits[0, -1].float())

    def go_on(self, forced: tuple[int, ...], *, ends: frozenset[int]) -> list[int]:
        """The likeliest tokens after `forced`, to the end of the answer."""
        logits, said = self.read(list(forced)), list[int]()
        while len(said) < ANSWER_TOKENS:
            token = int(logits.argmax())
            if token in ends:
                break
            said.append(token)
            logits = self.read([token])
        return said


def _chances(logits: Any, parts: TextParts) -> dict[str, float]:
    """The probability of each answer among all of them. Raises `GuardUnparsable` where the model would say something else."""
    likely = logits.softmax(-1)
    chances = {answer: float(likely[tokens[0]]) for answer, tokens in parts.answers.items()}
    whole = sum(chances.values())
    if whole < ENOUGH:
        raise unparsable("")
    return {answer: chance / whole for answer, chance in chances.items()}


def _named(labels: list[str], question: Question, score: float, answer: str) -> tuple[Hit, ...]:
    unknown = [label for label in labels if label not in question.labels]
    if unknown or not labels:
        raise unparsable(answer)
    found: dict[Category, str] = {}
    for label in labels:
        found.setdefault(question.labels[label], label)
    return tuple(Hit(category, score, label) for category, label in found.items())


def _ends(parts: TextParts) -> frozenset[int]:
    """The tokens that end an answer."""
    named = (
        parts.model.config.eos_token_id,
        parts.model.generation_config.eos_token_id,
        parts.tokenizer.eos_token_id,
    )
    return frozenset(
        token for one in named if one is not None for token in (one if isinstance(one, list) else [one])
    )


def _told_apart(
    tokenizer: Any, dialect: Dialect, folder: GuardFolder
) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]]:
    """The tokens that all answers begin with, and those by which they differ."""
    whole = {
        answer: tuple(tokenizer(f"{dialect.lead}{answer}", add_special_tokens=False).input_ids)
        for answer in dialect.answers
    }
    shared = 0
    for column in zip(*whole.values(), strict=False):
        if len(set(column)) > 1:
            break
        shared += 1
    rest = {answer: tokens[shared:] for answer, tokens in whole.items()}
    first = {tokens[:1] for tokens in rest.values()}
    unknown = tokenizer.unk_token_id
    if (
        len(first) < len(rest)
        or () in first
        or any(unknown in tokens for tokens in rest.values() if unknown is not None)
    ):
        raise GuardFolderBroken(
            "the tokenizer cannot tell the model's answers apart", field=folder.setting, value=str(folder.path),
            remedy="copy the tokenizer's files again, as the model was published",
        )  # fmt: skip
    return next(iter(whole.values()))[:shared], rest
