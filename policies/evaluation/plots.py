"""The three plots of a source: precision over recall, recall over over-refusal, and calibration."""

from policies.evaluation.calibration import Calibration
from policies.evaluation.curves import Curve
from policies.evaluation.svg import LINE, SECOND, Line, Plot, draw

Point = tuple[float, float]


def precision_recall(name: str, gate: Curve, text: Curve | None, key: str) -> str:
    """Precision over recall, of the gate and of the text score alone."""
    curves = [("gate", gate), *([("text score", text)] if text else [])]
    told = "; ".join(f"{label}: average precision {curve.average_precision:.3f}" for label, curve in curves)
    lines = [
        Line(label, [(p.recall, p.precision) for p in curve.points], SECOND if number else LINE)
        for number, (label, curve) in enumerate(curves)
    ]
    return draw(Plot(f"Precision and recall, {name}", f"{told}.", "recall", "precision", lines, key=key))


def trade_off(
    name: str,
    curve: Curve,
    key: str,
    *,
    here: Point | None = None,
    goal: Point | None = None,
) -> str:
    """Recall over over-refusal. `here`: (over-refusal, recall) at the shipped thresholds; `goal`: (at most, at least)."""
    widest = min(1.0, max(0.1, 0.0, *(2.5 * found[0] for found in (here, goal) if found)))
    points = [(0.0, 0.0), *((p.over_refusal, p.recall) for p in curve.points)]
    shown = [point for point in points if point[0] <= widest] or points[:1]
    told = f"With 1 % of benign texts refused the recall is {curve.recall_at:.3f}"
    told += f"; at the shipped thresholds {here[1]:.3f} at {here[0]:.3f}." if here else "."
    return draw(
        Plot(
            f"Recall over over-refusal, {name}",
            told,
            "over-refusal",
            "recall",
            [Line("other thresholds", shown)],
            x_end=widest,
            marks=[("shipped thresholds", *here)] if here else [],
            goal=(0.0, goal[0], goal[1], 1.0) if goal else None,
            key=key,
        )
    )


def reliability(name: str, calibration: Calibration, key: str) -> str:
    """The share of harmful texts over the probability that was given."""
    told = f"Expected calibration error {calibration.error:.3f}, Brier score {calibration.brier:.3f}, n {calibration.n}."
    bins = [(found.predicted, found.observed) for found in calibration.bins]
    lines = [Line("perfect", [(0, 0), (1, 1)], "#777", dashed=True), Line("classifier", bins, dots=True)]
    return draw(Plot(f"Calibration, {name}", told, "highest probability", "share harmful", lines, key=key))
