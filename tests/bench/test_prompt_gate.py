"""What judging a prompt costs beside the bare inference of its text: encoder and head on the same texts, one at a time.

    .venv/bin/python -m pytest tests/bench/test_prompt_gate.py -m bench -s

Ours is the whole answer of `judge`: works named (database), every check of a request, the policy, reasons, canonical body; then
the same for a batch, as the request gate does it. The last bench is the API as a process of its own: 5 and 50 requests per second
on an open schedule for ten seconds.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time

import pytest

from moderation.bootstrap import Application
from moderation.gate.decisions import body_of
from moderation.gate.judge import Item
from moderation.gate.subjects import AccountFacts, RequestSubject
from moderation.observability.logs import configure_logging
from moderation.parts.judgement import today
from moderation.settings import Settings
from moderation.warming import API, Warming
from policies.text.classifier import TextClassifier
from tests.bench.api_process import ApiProcess, on_schedule
from tests.bench.cost import resident_mb
from tests.bench.figures import Figures, in_turn, seconds

pytestmark = [pytest.mark.bench, pytest.mark.models, pytest.mark.integration]
PLACES = (
    "a harbour at dawn",
    "an empty theatre",
    "a greenhouse in winter",
    "a night train",
    "a mountain hut",
)
SUBJECTS = (
    "a heron",
    "two old friends",
    "a paper boat",
    "a baker",
    "a street band",
    "a red kite",
    "a lighthouse keeper",
)
STYLES = ("shot on grainy film", "in slow motion", "drawn in charcoal", "seen from far above")
PROMPTS = [
    f"{subject.capitalize()} in {place}, {style}"
    for subject in SUBJECTS
    for place in PLACES
    for style in STYLES
]
ROUNDS = count()
REPETITIONS = 5
PER_ROUND = 28
RATE_PER_S, SECONDS, HTTP_ROUNDS = 50, 10, 4
SAME_SCHEDULE = "bare inference on the same schedule, in process"


@pytest.fixture(scope="module")
def app(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The service with its real models, warm, and quiet."""
    configure_logging("WARNING")
    made = Application(Settings(_env_file=None, home=tmp_path_factory.mktemp("bench"), models_dir=models_dir))
    Warming(made.profile, made.works, [API]).load(threading.Event())
    made.judge.judge(Item("warm", text="A lighthouse"))
    yield made
    made.close()


def unseen(texts: Sequence[str]) -> list[str]:
    """The texts as nobody has seen them before: what the text model remembers must not help."""
    number = next(ROUNDS)
    return [f"{text}, take {number}" for text in texts]


def test_prompt_gate_beside_bare_inference(figures: Figures, app: Application) -> None:
    bare = TextClassifier()
    bare.score(["A lighthouse"])

    def rate(judge_one: object) -> float:
        assert callable(judge_one)
        texts = unseen(PROMPTS[:PER_ROUND])
        began = perf_counter()
        for text in texts:
            judge_one(text)
        return len(texts) / (perf_counter() - began)

    measured = in_turn(
        REPETITIONS,
        lambda: rate(lambda text: app.judge.judge(Item("one", text=text))),
        lambda: rate(lambda text: bare.score([text])),
    )
    figures.add("prompt gate, one at a time", *measured, unit="prompts/s", against="encoder and head alone")


def test_prompt_gate_of_a_batch_beside_bare_inference(figures: Figures, app: Application) -> None:
    """As the request gate judges the messages of one poll; inference of the same texts one after the other, as it does."""
    bare = TextClassifier()
    bare.score(["A lighthouse"])

    def rate(judge_all: Callable[[list[str]], object]) -> float:
        texts = unseen(PROMPTS[:PER_ROUND])
        return len(texts) / seconds(lambda: judge_all(texts))

    def ours(texts: list[str]) -> None:
        subjects = [RequestSubject(AccountFacts("acct_bench"), text, today=today()) for text in texts]
        judged = app.gate.judge_requests(subjects)
        assert all(one is not None and body_of(one) for one in judged)

    measured = in_turn(REPETITIONS, lambda: rate(ours), lambda: rate(bare.score))
    figures.add(
        f"prompt gate, {PER_ROUND} at once", *measured, unit="prompts/s", against="encoder and head alone"
    )


def test_judgements_by_http_at_fifty_per_second(
    figures: Figures, app: Application, models_dir: Path, tmp_path: Path
) -> None:
    """The API as a process of its own; a client of its own connections; each answer timed from when its request was due."""
    bare = TextClassifier()
    bare.score(["A lighthouse"])

    def texts() -> list[str]:
        return [text for _ in range(HTTP_ROUNDS) for text in unseen(PROMPTS)][: RATE_PER_S * SECONDS]

    with ApiProcess(tmp_path, models_dir) as api:

        def ours(text: str) -> None:
            assert api.judge(text) == 200

        for rate in (5, RATE_PER_S):
            on_schedule(ours, texts()[: 2 * rate], rate=rate)  # the connections
            before, asked = api.cpu_s(), texts()[: rate * SECONDS]
            mine = on_schedule(ours, asked, rate=rate)
            cpu_ms = (api.cpu_s() - before) / len(asked) * 1e3
            before_bare = process_time()
            theirs = on_schedule(lambda text: bare.score([text]), texts()[: rate * SECONDS], rate=rate)
            bare_ms = (process_time() - before_bare) / len(asked) * 1e3
            for percent in (50, 99):
                at = [[quantiles(found, n=100)[percent - 1]] for found in (mine, theirs)]
                figures.add(
                    f"POST /v1/judgements at {rate}/s, p{percent}", *at, unit="ms", against=SAME_SCHEDULE
                )
            figures.add(
                f"POST /v1/judgements at {rate}/s, CPU",
                [cpu_ms],
                [bare_ms],
                unit="ms each",
                against=SAME_SCHEDULE,
            )
        figures.add(
            "API in memory", [api.rss_mb()], [resident_mb()], unit="MB", against="this bench's process"
        )
