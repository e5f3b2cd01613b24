"""What understanding a prompt costs: beside its networks alone, the limits that are set for it, and gorget's scanners.

    .venv/bin/python -m pytest tests/bench/test_text_speed.py -m bench -s

Ours is the text sense as the gate asks it: normaliser, language, networks, calibration, findings; in process, on texts that it
has not seen. The networks alone are the very calls of ONNX Runtime that this makes, recorded and made again. gorget is the
maintained llm-guard; its scanners that run without a download look for much less, so they say what a prompt costs there, not how
well it is judged: `pip install 'safeconduct[bench]'`.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import onnxruntime
import pytest

from moderation.gate.checks.text import TextModel
from moderation.model_registry.files import ModelFiles
from moderation.profile import default_profile
from policies.text.normalise import normalise
from tests.bench.figures import Figures, in_turn, seconds
from tests.bench.test_prompt_gate import PROMPTS

pytestmark = [pytest.mark.bench, pytest.mark.models]

LIMIT_MS, LIMIT_PER_S = 8.0, 250.0
"""Per prompt on one core, in the middle; prompts in a second on two."""
REPETITIONS, PER_ROUND, BATCH = 5, 40, 120
NETWORKS = "its ONNX networks alone"
ROUNDS = count()
Ask = Callable[[str], object]


@pytest.fixture(scope="module")
def ask(models_dir: Path) -> Ask:
    """The text sense, warm."""
    model: TextModel = default_profile(ModelFiles(models_dir)).text.get()

    def findings(text: str) -> object:
        return model.findings(normalise(text), field="prompt", signal="text.classifier", check="bench")

    findings("A lighthouse in the rain")
    return findings


@contextmanager
def cores(many: int) -> Iterator[None]:
    """Run on the first `many` of the cores that this process may use."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < many:
        pytest.skip(f"{many} cores are needed, {len(allowed)} are here")
    os.sched_setaffinity(0, set(sorted(allowed)[:many]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def unseen(many: int) -> list[str]:
    """Prompts that nobody has seen before: what the sense remembers must not help."""
    number = next(ROUNDS)
    return [f"{text}, scene {number}" for text in PROMPTS[:many]]


def middle_ms(work: Sequence[Callable[[], object]]) -> float:
    """The median time of one, in milliseconds."""
    return median(seconds(one) for one in work) * 1e3


def each_ms(ask: Ask) -> float:
    """The median time of an unseen prompt, in milliseconds."""
    return middle_ms([partial(ask, text) for text in unseen(PER_ROUND)])


def per_second(work: Sequence[Callable[[], object]], pool: ThreadPoolExecutor) -> float:
    """How many are done in a second by the threads of the pool."""
    began = perf_counter()
    done = sum(1 for _ in pool.map(lambda one: one(), work))
    return done / (perf_counter() - began)


def networks_of(ask: Ask, texts: Sequence[str]) -> list[Callable[[], object]]:
    """For each text the calls of ONNX Runtime that judging it makes, ready to be made again."""
    real = onnxruntime.InferenceSession.run
    calls: list[Callable[[], object]] = []

    def remembered(session: Any, *arguments: Any, **named: Any) -> Any:
        calls.append(partial(real, session, *arguments, **named))
        return real(session, *arguments, **named)

    alone: list[Callable[[], object]] = []
    onnxruntime.InferenceSession.run = remembered
    try:
        for text in texts:
            calls = []
            ask(text)
            assert calls, "no network was asked"
            alone.append(partial(_all, calls))
    finally:
        onnxruntime.InferenceSession.run = real
    return alone


def _all(calls: Sequence[Callable[[], object]]) -> None:
    for call in calls:
        call()


def test_a_prompt_on_one_core(figures: Figures, ask: Ask) -> None:
    with cores(1):
        alone = networks_of(ask, unseen(PER_ROUND))
        measured = in_turn(
            REPETITIONS,
            partial(each_ms, ask),
            lambda: middle_ms(alone),
        )
    figures.add("text of a prompt on one core, p50", *measured, unit="ms", against=NETWORKS)
    figures.add("text of a prompt on one core, p50", measured[0], [LIMIT_MS], unit="ms", against="the limit")


def test_prompts_a_second_on_two_cores(figures: Figures, ask: Ask) -> None:
    with cores(2), ThreadPoolExecutor(2) as pool:
        alone = networks_of(ask, unseen(BATCH))
        measured = in_turn(
            REPETITIONS,
            lambda: per_second([partial(ask, text) for text in unseen(BATCH)], pool),
            lambda: per_second(alone, pool),
        )
    figures.add("texts of prompts on two cores", *measured, unit="prompts/s", against=NETWORKS)
    figures.add(
        "texts of prompts on two cores", measured[0], [LIMIT_PER_S], unit="prompts/s", against="the limit"
    )


def gorget_scanners() -> dict[str, Ask]:
    """Those of its scanners that need no download, as its README sets them up."""
    scanners = pytest.importorskip(
        "gorget.input_scanners", reason="gorget is not installed: pip install 'safeconduct[bench]'"
    )
    words = sorted({word for prompt in PROMPTS for word in re.findall(r"\w+", prompt.lower())})
    made = {
        "BanSubstrings": scanners.BanSubstrings([f"{word}zz" for word in words]),
        "InvisibleText": scanners.InvisibleText(),
        "Regex": scanners.Regex([r"Bearer [A-Za-z0-9-._~+/]+"]),
        "Secrets": scanners.Secrets(),
        "Sentiment": scanners.Sentiment(),
    }
    return {name: scanner.scan for name, scanner in made.items()}


@pytest.mark.filterwarnings("ignore")  # of gorget and what it imports, which is not ours
def test_a_prompt_beside_each_scanner_of_gorget_that_needs_no_download(figures: Figures, ask: Ask) -> None:
    scanners = gorget_scanners()
    with cores(1):
        for name, scan in scanners.items():
            scan("A lighthouse in the rain")
            measured = in_turn(REPETITIONS, partial(each_ms, ask), partial(each_ms, scan))
            what = f"gorget's {name}"
            figures.add("text of a prompt on one core, p50", *measured, unit="ms", against=what)
