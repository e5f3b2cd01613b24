"""Uncertainty of a share measured on few rows."""

import math
from dataclasses import dataclass

Z_95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n`, with the Wilson score interval (Wilson 1927) at 95 %; all nan when n is 0."""

    hits: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.n:
            raise ValueError(f"hits must lie between 0 and n, got {self.hits} of {self.n}")

    @property
    def value(self) -> float:
        """hits / n."""
        return self.hits / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The lower and upper bound, in [0, 1]."""
        if not self.n:
            return math.nan, math.nan
        p, z = self.value, Z_95
        centre = p + z * z / (2 * self.n)
        half = z * math.sqrt(p * (1 - p) / self.n + z * z / (4 * self.n * self.n))
        scale = 1 + z * z / self.n
        return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)

    def __str__(self) -> str:
        if not self.n:
            return "no rows"
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({self.hits} of {self.n}; {100 * low:.1f}–{100 * high:.1f})"
