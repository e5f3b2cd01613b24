"""Labels of public sets in the words of the policy, so that a category's figures can be read side by side.

The table is the training's, and one for sources that train nothing. A label that neither knows stays as the file spells it,
behind the source's name.
"""

from collections.abc import Mapping

from policies.evaluation.rows import LabelledRow
from policies.taxonomy import Category
from policies.text.training.sources import TABLE, SourceRule, label_parts

OURS = frozenset(category.value for category in Category)
MEASURED: Mapping[str, Mapping[str, Category]] = {
    "advbench": {"": Category.ILLICIT},
    "mma_diffusion": {"": Category.SEXUAL},
    "multilingual_hatecheck": {"": Category.HATE},
    "ring_a_bell": {"": Category.SEXUAL},
    "t2vsafetybench": {
        "pornography": Category.SEXUAL,
        "borderline_pornography": Category.SEXUAL,
        "gore": Category.VIOLENCE,
        "violence": Category.VIOLENCE,
        "discrimination": Category.HATE,
        "misinformation": Category.DECEPTION,
        "illegal_activities": Category.ILLICIT,
        "disturbing": Category.SHOCK,
    },
}
"""Of sources that train nothing: what a label is about; "" stands for every other label of the source."""


def categories_of(row: LabelledRow) -> tuple[str, ...]:
    """The categories that the row's label is about, whether it breaks their rule or comes near; none for an empty label."""
    found: dict[str, None] = {}
    for part in filter(None, row.category.split("|")):
        found.update(dict.fromkeys(_ours(row.source, part)))
    return tuple(found)


def _ours(source: str, label: str) -> tuple[str, ...]:
    if label in OURS:
        return (label,)
    table = MEASURED.get(source, {})
    measured = table.get(label, table.get(""))
    if measured is not None:
        return (measured.value,)
    rule = TABLE.get(source)
    return (f"{source}: {label}",) if rule is None else _by_training(rule, source, label)


def _by_training(rule: SourceRule, source: str, label: str) -> tuple[str, ...]:
    known = tuple(c.value for part in label_parts(label) for c in rule.labels.get(part, ()))
    if known:
        return known
    if len(rule.otherwise) == 1:
        return (rule.otherwise[0].value,)
    return (f"{source}: {label}",) if rule.labels or rule.otherwise else ()
