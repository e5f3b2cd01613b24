"""The table from the labels of public data sets to our taxonomy, and the reading of their rows.

Only sources whose licence permits training appear here; a source that is not in `TABLE` is never read. What a label does
not settle is left unknown rather than guessed: unknown labels carry no weight in the fit.
"""

import ast
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from policies.taxonomy import Category

MODELLED = (
    Category.MINORS,
    Category.SEXUAL,
    Category.VIOLENCE,
    Category.SELF_HARM,
    Category.HATE,
    Category.HARASSMENT,
    Category.ILLICIT,
    Category.DECEPTION,
    Category.POLITICS,
    Category.PRIVATE_PERSON,
    Category.SHOCK,
)
"""The categories the classifier scores. Public figures and works are known by name, not by wording: lists find them."""


@dataclass(frozen=True, slots=True)
class Example:
    """One training text. `positive`: categories that apply. `one_of`: at least one of these applies, which is unknown.

    With both empty the text is benign. Where `graded`, `blocked` says which of the positive ones the policy blocks rather than
    reviews; else that is unknown. `weight` in (0, 1] says how far the label is trusted. `language`: ISO 639-1.
    """

    id: str
    source: str
    text: str
    cluster: str
    positive: frozenset[Category] = frozenset()
    one_of: frozenset[Category] = frozenset()
    weight: float = 1.0
    blocked: frozenset[Category] = frozenset()
    graded: bool = False
    language: str = "en"

    @property
    def benign(self) -> bool:
        """Whether no category applies."""
        return not self.positive and not self.one_of


C = Category
_ANY = (C.SEXUAL, C.VIOLENCE, C.SELF_HARM, C.HATE, C.HARASSMENT, C.ILLICIT, C.PRIVATE_PERSON)


@dataclass(frozen=True, slots=True)
class SourceRule:
    """How one source's `category` field reads: `labels` maps its values (or parts of them) to our categories.

    A harmful row none of whose parts is in `labels` is skipped, unless `otherwise` names what it may be. `blocks`: everything
    harmful in it is what the policy blocks; else its rows are not graded.
    """

    labels: Mapping[str, tuple[Category, ...]]
    weight: float = 1.0
    harmful: str = "harmful"
    otherwise: tuple[Category, ...] = ()
    blocks: bool = False


TABLE: Mapping[str, SourceRule] = {
    "overt": SourceRule(
        {
            "violence": (C.VIOLENCE,),
            "self_harm": (C.SELF_HARM,),
            "sexual_content": (C.SEXUAL,),
            "discrimination": (C.HATE,),
            "illegal_activities": (C.ILLICIT,),
            "unethical": (C.ILLICIT,),
            "copyright_violations": (C.ILLICIT,),  # its rows describe how to pirate and resell
            "privacy_individual": (C.PRIVATE_PERSON,),
            "privacy_public": (C.PRIVATE_PERSON,),
        }
    ),
    "openai_moderation": SourceRule(
        {
            "S": (C.SEXUAL,),
            "H": (C.HATE,),
            "H2": (C.HATE,),
            "HR": (C.HARASSMENT,),
            "V": (C.VIOLENCE,),
            "V2": (C.VIOLENCE,),
            "SH": (C.SELF_HARM,),
        },
        weight=0.7,
    ),
    "harmbench": SourceRule(
        {
            "chemical_biological": (C.ILLICIT,),
            "cybercrime_intrusion": (C.ILLICIT,),
            "illegal": (C.ILLICIT,),
            "harassment_bullying": (C.HARASSMENT,),
            "misinformation_disinformation": (C.DECEPTION,),
        },
        blocks=True,
    ),
    "multijail": SourceRule(
        {
            "Violence & incitement": (C.VIOLENCE,),
            "Animal abuse": (C.VIOLENCE,),
            "Adult content": (C.SEXUAL,),
            "Sexual exploitation & human trafficking": (C.SEXUAL,),
            "Child abuse": (C.MINORS,),
            "Self-harm": (C.SELF_HARM,),
            "Hate speech & offensive language": (C.HATE,),
            "Discrimination & injustice": (C.HATE,),
            "Bullying & harassment": (C.HARASSMENT,),
            "Weapons": (C.ILLICIT,),
            "Substance abuse & banned substances": (C.ILLICIT,),
            "Theft": (C.ILLICIT,),
            "Terrorism & organized crime": (C.ILLICIT,),
            "Property crime & vandalism": (C.ILLICIT,),
            "Fraud & deception": (C.ILLICIT,),
            "Soliciting personally identifiable information": (C.PRIVATE_PERSON,),
        },
        weight=0.6,
        blocks=True,
    ),
    "xstest": SourceRule({}, otherwise=_ANY),
    "simplesafetytests": SourceRule(
        {
            "Illegal and Highly Regulated items": (C.ILLICIT,),
            "Scams and fraud": (C.ILLICIT,),
            "Suicide, Self-Harm, and Eating Disorders": (C.SELF_HARM,),
        },
        otherwise=(C.VIOLENCE, C.ILLICIT, C.MINORS),
        blocks=True,
    ),
    "ailuminate_demo": SourceRule(
        {
            "dfm": (C.HARASSMENT,),
            "hte": (C.HATE,),
            "ipv": (C.ILLICIT,),
            "iwp": (C.ILLICIT,),
            "ncr": (C.ILLICIT,),
            "prv": (C.PRIVATE_PERSON,),
            "src": (C.SEXUAL,),
            "sxc_prn": (C.SEXUAL,),
            "ssh": (C.SELF_HARM,),
            "vcr": (C.VIOLENCE,),
        },
        weight=0.7,
    ),
    "hatecheck": SourceRule({}, otherwise=(C.HATE,), weight=0.5, blocks=True),
    "multilingual_hatecheck": SourceRule({}, otherwise=(C.HATE,), weight=0.5, blocks=True),
    "adversarial_nibbler": SourceRule(
        {
            "image_failure_sexual": (C.SEXUAL,),
            "image_failure_violent": (C.VIOLENCE,),
            "image_failure_hate": (C.HATE,),
            "image_failure_bias": (C.HATE,),
        },
        weight=0.3,
        harmful="text_unsafe_majority",
    ),
    "vbench": SourceRule({}),
    "partiprompts": SourceRule({}),
    "coco_captions10k": SourceRule({}),
}


def read_examples(folder: Path) -> Iterator[Example]:
    """Every usable row of the permitted sources in `folder` (`<source>.jsonl.gz`), in every language, in a fixed order.

    Raises FileNotFoundError when a source's file is missing: a silent gap would change the weights.
    """
    for source in sorted(TABLE):
        with gzip.open(folder / f"{source}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                example = _example(json.loads(line), TABLE[source])
                if example is not None:
                    yield example


def _example(row: Mapping[str, str], rule: SourceRule) -> Example | None:
    found: frozenset[Category] = frozenset()
    one_of: frozenset[Category] = frozenset()
    if row["expected"] == rule.harmful:
        found = frozenset(c for part in label_parts(row["category"]) for c in rule.labels.get(part, ()))
        one_of = frozenset() if found else frozenset(rule.otherwise)
        if not found and not one_of:
            return None
    elif row["expected"] != "benign":
        return None
    if len(one_of) == 1:
        found, one_of = one_of, frozenset()
    return Example(
        id=row["id"],
        source=row["source"],
        text=row["text"],
        cluster=row["cluster"],
        positive=found,
        one_of=one_of,
        weight=rule.weight,
        blocked=found if rule.blocks else frozenset(),
        graded=rule.blocks,
        language=row["lang"],
    )


def label_parts(category: str) -> tuple[str, ...]:
    """The parts of a source's label: a Python list, or names joined by "+"."""
    if category.startswith("["):
        return tuple(ast.literal_eval(category))
    return tuple(category.split("+"))
