"""The vocabulary of signals: every stable code that a check may put on a finding, and what kind of evidence it is.

A policy document speaks about these and no others, so a typo in a document is an error and not a rule that never fires.
A new check adds its signals here first.
"""

from dataclasses import dataclass
from types import MappingProxyType

from policies.taxonomy import Category

EVERY_CATEGORY = frozenset(Category)


@dataclass(frozen=True, slots=True)
class Signal:
    """What kind of evidence a code stands for.

    `scored`: judged by thresholds on a score in [0, 1]; otherwise a fact, judged by one verdict. `categories`: those it
    may speak for; empty for the state of an account, which is no content. `fixed`: it blocks whatever a document says
    (DESIGN §5.9: absolute rules and revocations stand above policy).
    """

    name: str
    categories: frozenset[Category]
    scored: bool = False
    fixed: bool = False


def _facts(category: Category | None, *names: str, fixed: bool = False) -> tuple[Signal, ...]:
    categories = frozenset() if category is None else frozenset({category})
    return tuple(Signal(name, categories, fixed=fixed) for name in names)


SIGNALS = MappingProxyType(
    {
        signal.name: signal
        for signal in (
            Signal("text.classifier", EVERY_CATEGORY, scored=True),
            Signal("speech.classifier", EVERY_CATEGORY, scored=True),
            # What is written in a picture, and what it and the prompt say together.
            Signal("frame.text", EVERY_CATEGORY, scored=True),
            Signal("joint.text", EVERY_CATEGORY, scored=True),
            # What an operator's guard models say of a text and of a picture.
            Signal("guard.text", EVERY_CATEGORY, scored=True),
            Signal("guard.image", EVERY_CATEGORY, scored=True),
            Signal("image.nudity", frozenset({Category.SEXUAL}), scored=True),
            Signal("image.weapon", frozenset({Category.VIOLENCE}), scored=True),
            Signal("text.absolute", EVERY_CATEGORY, fixed=True),
            *_facts(None, "text.unsupported_language"),
            *_facts(None, "reference.unreadable", "output.unreadable", "output.not_video"),
            *_facts(None, "account.suspended", "account.rate_limited", "account.quota_exhausted"),
            # Consent is the owner's to give: no document may turn a refusal of it into an allow.
            *_facts(Category.PRIVATE_PERSON, "likeness.unknown", "likeness.not_granted", fixed=True),
            *_facts(
                Category.PRIVATE_PERSON,
                "likeness.expired",
                "likeness.purpose",
                "likeness.used_up",
                fixed=True,
            ),
            *_facts(Category.PRIVATE_PERSON, "likeness.restricted", "likeness.restriction_unclear"),
            *_facts(Category.PRIVATE_PERSON, "remix.parent_not_released"),
            *_facts(Category.PRIVATE_PERSON, "likeness.revoked", "likeness.erased", fixed=True),
            *_facts(Category.PUBLIC_FIGURE, "figure.living", "figure.recently_dead", "figure.unknown_status"),
            *_facts(Category.PUBLIC_FIGURE, "frame.figure_named"),
            *_facts(Category.WORKS, "frame.work_named"),
            *_facts(Category.WORKS, "work.named", "work.opted_out", "work.unlicensed"),
            *_facts(Category.PRIVATE_PERSON, "reference.face_unconsented"),
            *_facts(Category.DECEPTION, "reference.credentials_invalid"),
            *_facts(Category.WORKS, "reference.training_or_use_opt_out"),
            *_facts(Category.PRIVATE_PERSON, "output.face_not_approved", "output.face_of_reference"),
            *_facts(Category.PRIVATE_PERSON, "output.face_revoked", fixed=True),
            *_facts(Category.PRIVATE_PERSON, "output.identity_drift", "output.voice_not_approved"),
            *_facts(Category.PRIVATE_PERSON, "output.voice_revoked", fixed=True),
        )
    }
)

# POLICY.md, row `minors`: absolute, never overridable. A block threshold above the ceiling would be "off" by another name.
ABSOLUTE_CATEGORIES = frozenset({Category.MINORS})
ABSOLUTE_CEILING = 0.95
