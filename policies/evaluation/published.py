"""What the makers of other systems published of them, to stand beside what is measured here.

Nobody can measure those systems on our rows without them, and their rows are not published: such figures set the scale, no more.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """Shares of one category: recall of unsafe, and benign not refused; both in [0, 1]. `category`: ours, "" for none."""

    what: str
    category: str
    recall: float
    passed: float


SORA = "OpenAI, Sora 2 system card (September 2025), output stage"
SORA_2 = (
    Published("sexual", "sexual", 0.9604, 0.9620),
    Published("sexual, with likeness", "", 0.9840, 0.9760),
    Published("self-harm", "self_harm", 0.9970, 0.9460),
    Published("violence", "violence", 0.9510, 0.9700),
    Published("political persuasion", "politics", 0.9552, 0.9867),
    Published("hate", "hate", 0.9682, 0.9911),
)
"""No sample sizes, and no rows for likeness alone, works, deception, minors, harassment, languages or attacks."""


@dataclass(frozen=True, slots=True)
class PublishedGuard:
    """A prompt guard on one set: F1 (of unsafe), recall and false positives, in [0, 1]; None where it is not published."""

    system: str
    rows: str
    f1: float | None
    recall: float | None
    refused: float


LLAMA_GUARD = (
    "Meta, Llama Guard 3-8B model card (July 2024): prompt classification, not quantised, and XSTest"
)
GUARDS = (
    PublishedGuard("Llama Guard 3-8B, published", "Meta's own, English", 0.947, 0.943, 0.057),
    PublishedGuard("Llama Guard 3-8B, published", "Meta's own, other languages", 0.900, 0.899, 0.054),
    PublishedGuard("Llama Guard 3-8B, published", "XSTest", None, None, 0.044),
)
BESIDE_GUARDS = ("xstest", "overt", "openai_moderation", "hatecheck", "adjudicated")
"""Our sources with rows of both kinds, in English, to stand beside the guards."""
