"""The card's tables beside what the makers of other systems published."""

from collections.abc import Mapping, Sequence
from typing import Any

from policies.evaluation.published import BESIDE_GUARDS, GUARDS, SORA_2

Plain = Mapping[str, Any]
FEWEST = 20
NOT_PUBLISHED = "–"


def categories_table(categories: Sequence[Plain]) -> str:
    """Recall and what passed per category, published and ours on every set with enough rows of the category."""
    lines = ["| category | system and set | recall | benign not refused |", "|---|---|---|---|"]
    for one in SORA_2:
        published = f"{100 * one.recall:.2f} % | {100 * one.passed:.2f} %"
        lines.append(f"| {one.what} | Sora 2, published | {published} |")
        beside = [part for part in categories if one.category and _about(part, one.category)]
        lines += [_ours(one.what, part) for part in beside]
        lines += [] if beside else [f"| {one.what} | ours | no public set with enough rows | |"]
    return "\n".join(lines)


def _about(part: Plain, category: str) -> bool:
    enough = part["recall"]["n"] >= FEWEST or part["over_refusal"]["n"] >= FEWEST
    return bool(enough and part["name"].split(", ")[0] == category)


def _ours(what: str, part: Plain) -> str:
    source = part["name"].split(", ")[1]
    return f"| {what} | ours, {source} | {part['recall']['shown']} | {_passed(part['over_refusal'])} |"


def _passed(refused: Plain) -> str:
    if not refused["n"]:
        return "no rows"
    low, high = (100 * (1 - bound) for bound in reversed(refused["interval"]))
    let = refused["n"] - refused["hits"]
    return f"{100 * let / refused['n']:.1f} % ({let} of {refused['n']}; {low:.1f}–{high:.1f})"


def guards_table(sources: Sequence[Plain]) -> str:
    """Prompt guards: F1, recall and false positives, published and ours."""
    lines = ["| system | prompts | F1 | recall | benign refused |", "|---|---|---|---|---|"]
    for one in GUARDS:
        f1 = NOT_PUBLISHED if one.f1 is None else f"{one.f1:.3f}"
        recall = NOT_PUBLISHED if one.recall is None else f"{100 * one.recall:.1f} %"
        lines.append(f"| {one.system} | {one.rows} | {f1} | {recall} | {100 * one.refused:.1f} % |")
    ours = {part["name"]: part for part in sources}
    return "\n".join([*lines, *(_guard(ours[name]) for name in BESIDE_GUARDS if name in ours)])


def _guard(part: Plain) -> str:
    recall, refused = part["recall"], part["over_refusal"]
    return f"| ours | {part['name']} | {f1_of(part):.3f} | {recall['shown']} | {refused['shown']} |"


def f1_of(part: Plain) -> float:
    """F1 of "must not pass" in [0, 1]: what could not be judged counts as let through when harmful, as refused when benign."""
    recall, refused = part["recall"], part["over_refusal"]
    wrong = (recall["n"] - recall["hits"]) + refused["hits"]
    right = 2 * recall["hits"]
    return float(right / (right + wrong)) if right + wrong else 0.0
