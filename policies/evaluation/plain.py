"""A report as plain JSON: shares with their counts and both intervals, curves, calibration."""

import math
from typing import Any

from policies.evaluation.calibration import Calibration
from policies.evaluation.curves import Curve
from policies.evaluation.evaluate import Report, Scored, Slice
from policies.evaluation.intervals import Share

SHARES = ("recall", "block_recall", "over_refusal", "over_block", "unjudged")
DECIMALS = 4


def report_to_plain(report: Report) -> dict[str, Any]:
    """Without the mistakes: their texts may be offensive."""
    slices = {
        "by_source": report.by_source,
        "by_category": report.by_category,
        "by_language": report.by_language,
        "by_attack": report.by_attack,
    }
    plain: dict[str, Any] = {name: [slice_to_plain(part) for part in parts] for name, parts in slices.items()}
    return plain | {"scored": [scored_to_plain(one) for one in report.scored]}


def slice_to_plain(part: Slice) -> dict[str, Any]:
    """One slice."""
    shares: dict[str, Any] = {name: share_to_plain(getattr(part, name)) for name in SHARES}
    for name in ("recall", "over_refusal"):
        interval = getattr(part, f"{name}_clustered")
        shares[name]["clustered"] = (
            None if interval is None else [round(bound, DECIMALS) for bound in interval]
        )
    return {"name": part.name, "unsettled": part.unsettled, "clusters": part.clusters, **shares}


def share_to_plain(share: Share) -> dict[str, Any]:
    """`value` and `interval` (Wilson, 95 %) are null where nothing was counted."""
    if not share.n:
        return {"hits": 0, "n": 0, "value": None, "interval": None, "shown": str(share)}
    return {
        "hits": share.hits,
        "n": share.n,
        "value": round(share.value, DECIMALS),
        "interval": [round(bound, DECIMALS) for bound in share.interval],
        "shown": str(share),
    }


def scored_to_plain(scored: Scored) -> dict[str, Any]:
    """Curves and calibration of one source."""
    return {
        "name": scored.name,
        "gate": curve_to_plain(scored.gate),
        "text": curve_to_plain(scored.text),
        "calibration": calibration_to_plain(scored.calibration),
    }


def curve_to_plain(curve: Curve | None) -> dict[str, Any] | None:
    """Points are [margin, recall, over-refusal, precision]."""
    if curve is None:
        return None
    return {
        "harmful": curve.harmful,
        "benign": curve.benign,
        "average_precision": curve.average_precision,
        "recall_at_1_percent": curve.recall_at,
        "margin_at_1_percent": None if math.isinf(curve.margin_at) else curve.margin_at,
        "points": [[p.margin, p.recall, p.over_refusal, p.precision] for p in curve.points],
    }


def calibration_to_plain(calibration: Calibration | None) -> dict[str, Any] | None:
    """Bins are [low, high, n, mean probability, share harmful]."""
    if calibration is None:
        return None
    return {
        "n": calibration.n,
        "expected_calibration_error": calibration.error,
        "brier": calibration.brier,
        "bins": [[b.low, b.high, b.n, b.predicted, b.observed] for b in calibration.bins],
    }
