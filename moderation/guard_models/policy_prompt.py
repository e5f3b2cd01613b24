"""The active policy as a guard is told it: each category with what the document tells staff about it.

An operator who changes those words changes what the guard is asked, so a finding names the document's revision.
"""

from collections.abc import Sequence
from typing import Final

from policies.document import PolicyDocument
from policies.taxonomy import Category

ASKED_OF_TEXT: Final = tuple(
    category for category in Category if category not in {Category.PUBLIC_FIGURE, Category.WORKS}
)
"""Who is a public figure and what is a protected work is in registers, which no prompt can hold."""
ASKED_OF_PICTURES: Final = (
    Category.MINORS,
    Category.SEXUAL,
    Category.VIOLENCE,
    Category.SELF_HARM,
    Category.HATE,
    Category.ILLICIT,
    Category.SHOCK,
)
"""What one frame can show by itself."""


def title_of(category: Category) -> str:
    """As a heading: `Self harm`."""
    return category.value.replace("_", " ").capitalize()


def rule_of(document: PolicyDocument, category: Category) -> str:
    """What the document says of the category, in one line; its name where it says nothing."""
    reason = document.reasons.get(category.value)
    return " ".join((reason.operator if reason else title_of(category)).split())


def numbered(document: PolicyDocument, categories: Sequence[Category]) -> tuple[str, dict[str, Category]]:
    """The categories as a list (`S1: Minors.` and its rule on the next line), and which label is which."""
    labels = {f"S{number}": category for number, category in enumerate(categories, 1)}
    lines = (f"{label}: {title_of(one)}.\n{rule_of(document, one)}" for label, one in labels.items())
    return "\n".join(lines), labels


def shall_not(document: PolicyDocument, category: Category) -> str:
    """The rule of one category for a picture."""
    return f"No {title_of(category)} content: The image shall not contain this. {rule_of(document, category)}"
