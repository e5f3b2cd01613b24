"""Intervals that know of clusters: a thousand rows made from a hundred templates are not a thousand observations.

Whole clusters are drawn with replacement (the cluster bootstrap), always from the same seed: the same rows give the same
interval.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np

Interval = tuple[float, float]
SEED = 20261123
DRAWS = 2000
FEWEST = 2
"""With fewer clusters there is nothing to draw from."""


def cluster_interval(
    hits: Iterable[tuple[str, bool]], *, seed: int = SEED, draws: int = DRAWS
) -> Interval | None:
    """The 2.5 and 97.5 percentiles of the share of hits over redrawn clusters, in [0, 1]. `hits` are (cluster, hit) per row; a
    row without a cluster is one of its own. None where no two rows share a cluster: Wilson's interval says it then.
    """
    totals: dict[object, list[int]] = {}
    rows = 0
    for number, (cluster, hit) in enumerate(hits):
        counted = totals.setdefault(cluster or number, [0, 0])
        counted[0] += hit
        counted[1] += 1
        rows += 1
    if len(totals) < FEWEST or len(totals) == rows:
        return None
    shares = _drawn([(found, size) for found, size in totals.values()], seed, draws)
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(low), float(high)


def _drawn(
    clusters: list[tuple[int, int]], seed: int, draws: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """float64[draws]. Clusters with the same hits and size are alike, so only how many of each kind are drawn matters."""
    kinds = Counter(clusters)
    pairs = np.array(sorted(kinds), dtype=np.float64)
    weights = np.array([kinds[pair] for pair in sorted(kinds)], dtype=np.float64) / len(clusters)
    drawn = np.random.default_rng(seed).multinomial(len(clusters), weights, size=draws)
    return np.asarray((drawn @ pairs[:, 0]) / (drawn @ pairs[:, 1]), dtype=np.float64)
