"""Fine-tuning the English network: MiniLM's six layers and the head on top learn together; its word vectors stay.

A row is seen a little differently each time: in a frame that says nothing about the scene, with a typing error, and a benign
text of several sentences by one of them, because the classifier scores sentences, too, and each sentence of it is benign.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from policies.text.encoder import CLS, SEP, read_tokenizer
from policies.text.normalise import normalise
from policies.text.packed import Floats, rounded
from policies.text.training.descent import MAX_TOKENS, Course, Ids, descend
from policies.text.training.sources import MODELLED, Example

COURSE = Course(epochs=4, batch=32, rate=8e-5, new_rate=1e-3, decay=0.01, seed=1)
"""Rate and batch as Devlin et al. 2019 (appendix A.3) search them, upper end: the network is small."""
DROPOUT = 0.1
SENTENCE, FRAME, TYPO = 0.3, 0.12, 0.06
FRAMED_UP_TO = 200
UNFRAMED = frozenset({"hatecheck", "openai_moderation", "xstest", "multijail", "harmbench"})
"""Sources of statements and questions, which nobody puts into a frame."""
FRAMES = (
    "a video of {}",
    "create a video in which {}",
    "{}, cinematic, 4k, shallow depth of field",
    "{}, black and white film grain",
    "the video shows {}",
    "the video should show the following: {}",
    "{}, oil painting, highly detailed, dramatic lighting",
    "{}. slow motion, handheld camera",
    "an image of {}",
    "generate a short clip: {}",
    "in this scene, {}. the camera pans slowly to the right.",
)
"""The wordings around a scene that say nothing about it."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_MIN_WORDS = 4
ENCODER, HEAD = "encoder.", "head."


def tune_english(base: Path, examples: Sequence[Example]) -> dict[str, Floats]:
    """The tensors `encoder.*`, `head.weight` and `head.bias` after fine-tuning the transformers folder `base`, as they ship."""
    import torch

    torch.manual_seed(COURSE.seed)
    tokenizer = read_tokenizer(base / "tokenizer.json")

    def ids(row: int, chance: random.Random) -> Ids:
        text = normalise(seen(examples[row], chance)).text
        return [CLS, *tokenizer.encode(text, add_special_tokens=False).ids[:MAX_TOKENS], SEP]

    net = network(base)
    descend(net, net.out.parameters(), examples, ids, COURSE)
    return _tensors(net)


def network(base: Path) -> Any:
    """The network as a torch module from (ids, mask) to logits [n, 2k], the word vectors frozen."""
    import torch
    from transformers import AutoModel

    class Network(torch.nn.Module):  # type: ignore[misc]  # torch has no types here
        def __init__(self) -> None:
            super().__init__()
            self.encoder = AutoModel.from_pretrained(base)
            self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
            self.drop = torch.nn.Dropout(DROPOUT)
            self.out = torch.nn.Linear(2 * self.encoder.config.hidden_size, 2 * len(MODELLED))
            torch.nn.init.constant_(self.out.bias, -3.0)  # most texts fall under no category

        def forward(self, ids: Any, mask: Any) -> Any:
            states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            inside = mask.clone()
            inside[:, 0] = 0
            inside[torch.arange(len(mask)), mask.sum(1) - 1] = 0
            inside = torch.where(inside.sum(1, keepdim=True) > 0, inside, mask).unsqueeze(-1)
            mean = (states * inside).sum(1) / inside.sum(1)
            most = states.masked_fill(inside == 0, -1e4).max(1).values
            return self.out(self.drop(torch.cat([mean, most], 1)))

    return Network()


def _tensors(net: Any) -> dict[str, Floats]:
    kept = {ENCODER + name: part for name, part in net.encoder.state_dict().items() if "pooler" not in name}
    found = {name: part.float().numpy() for name, part in kept.items() if part.is_floating_point()}
    found[HEAD + "weight"] = net.out.weight.detach().numpy().T.copy()
    found[HEAD + "bias"] = net.out.bias.detach().numpy()
    return {name: rounded(part) for name, part in found.items()}


def seen(example: Example, chance: random.Random) -> str:
    """The text of a row as it is seen this time."""
    text = example.text
    if example.benign and chance.random() < SENTENCE:
        sentences = [part for part in _SENTENCE.split(text) if len(part.split()) >= _MIN_WORDS]
        text = chance.choice(sentences) if len(sentences) > 1 else text
    what = chance.random()
    if what < FRAME and example.source not in UNFRAMED and len(text) < FRAMED_UP_TO:
        return chance.choice(FRAMES).format(text.rstrip("."))
    return _mistyped(text, chance) if FRAME <= what < FRAME + TYPO else text


def _mistyped(text: str, chance: random.Random) -> str:
    """A letter left out, doubled, or swapped with the next."""
    at = chance.randrange(max(1, len(text) - 1))
    left, here, after, rest = text[:at], text[at : at + 1], text[at + 1 : at + 2], text[at + 2 :]
    return chance.choice((left + after + rest, left + here + here + after + rest, left + after + here + rest))
