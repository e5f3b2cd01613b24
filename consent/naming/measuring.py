"""What both evaluations share: reading labelled prompts, and stating a share with its interval."""

import gzip
import json
from collections.abc import Iterator
from math import sqrt
from pathlib import Path

Z_95 = 1.959964
"""Two-sided 95 % of the normal distribution."""


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share (Wilson 1927); (0, 1) where nothing was counted."""
    if not total:
        return 0.0, 1.0
    share, z2 = hits / total, Z_95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    reach = Z_95 / (1 + z2 / total) * sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def share_line(what: str, hits: int, total: int) -> str:
    """`what: 3/100 = 3.0 % [1.0, 8.5]`."""
    low, high = wilson(hits, total)
    return f"{what}: {hits}/{total} = {100 * hits / max(1, total):.2f} % [{100 * low:.2f}, {100 * high:.2f}]"


def read_prompts(path: Path) -> Iterator[tuple[str, str]]:
    """(id, text) of each line of a gzipped JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["id"], row["text"]
