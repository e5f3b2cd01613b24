"""The sweep's account of itself, printed at its end and copied into docs/soak.md."""

from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import median

from tests.soak.havoc import Tally
from tests.soak.steps import STEPS


def step_table(struck: Counter[str]) -> Iterator[str]:
    """Step × (killed, frozen), in Markdown."""
    yield "| step | in | killed | frozen |"
    yield "| --- | --- | ---: | ---: |"
    for step in STEPS:
        yield f"| `{step.point}` | {step.worker} | {struck[f'kill {step}']} | {struck[f'freeze {step}']} |"


def fault_table(tally: Tally, acts: Mapping[str, object]) -> Iterator[str]:
    """Everything else that struck, and how long after it had passed the next release came."""
    yield "| fault | times | next release after it passed, median / longest |"
    yield "| --- | ---: | --- |"
    for name in acts:
        waits = tally.recovered_s.get(name, [])
        shown = f"{median(waits):.1f} / {max(waits):.1f} s" if waits else ""
        yield f"| {name} | {tally.struck[name]} | {shown} |"
