"""Labels of public sets in the words of the policy, so that a category's figures can be read side by side.

The table is the training's. A label that it does not know stays as the file spells it, behind the source's name.
"""

from policies.evaluation.rows import LabelledRow
from policies.taxonomy import Category
from policies.text.training.sources import TABLE, label_parts

OURS = frozenset(category.value for category in Category)


def categories_of(row: LabelledRow) -> tuple[str, ...]:
    """The categories that the row's label is about, whether it breaks their rule or comes near; none for an empty label."""
    found: dict[str, None] = {}
    for part in filter(None, row.category.split("|")):
        found.update(dict.fromkeys(_ours(row.source, part)))
    return tuple(found)


def _ours(source: str, label: str) -> tuple[str, ...]:
    if label in OURS:
        return (label,)
    rule = TABLE.get(source)
    if rule is None:
        return (f"{source}: {label}",)
    known = tuple(c.value for part in label_parts(label) for c in rule.labels.get(part, ()))
    if known:
        return known
    if len(rule.otherwise) == 1:
        return (rule.otherwise[0].value,)
    return (f"{source}: {label}",) if rule.labels or rule.otherwise else ()
