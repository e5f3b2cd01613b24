"""What judging a prompt costs beside the bare inference of its text: encoder and head on the same texts, one at a time.

    .venv/bin/python -m pytest tests/bench/test_prompt_gate.py -m bench -s

Ours is the whole answer of `judge`: works named (database), every check of a request, the policy, reasons, canonical body. The
second bench adds HTTP in process: authentication, validation, JSON; 50 requests per second on an open schedule for ten seconds.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from time import perf_counter, sleep

import pytest
from fastapi.testclient import TestClient

from moderation.accounts.directory import ensure_account
from moderation.accounts.keys import make_key
from moderation.accounts.models import Role
from moderation.bootstrap import Application
from moderation.gate.judge import Item
from moderation.observability.logs import configure_logging
from moderation.settings import Settings
from moderation.store import now_ms
from moderation.surface import http_app
from moderation.warming import API, Warming
from policies.text.classifier import TextClassifier
from tests.bench.figures import Figures, in_turn

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
REPETITIONS = 5
PER_ROUND = 28
RATE_PER_S, SECONDS = 50, 10


@pytest.fixture(scope="module")
def app(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The service with its real models, warm, and quiet."""
    configure_logging("WARNING")
    made = Application(Settings(_env_file=None, home=tmp_path_factory.mktemp("bench"), models_dir=models_dir))
    Warming(made.profile, made.works, [API]).load(threading.Event())
    made.judge.judge(Item("warm", text="A lighthouse"))
    yield made
    made.close()


def per_text(texts: Sequence[str], rounds: Iterator[int]) -> list[str]:
    """The next texts, never seen before: what the text model remembers must not help."""
    number = next(rounds)
    return [f"{text}, take {number}" for text in texts]


def test_prompt_gate_beside_bare_inference(figures: Figures, app: Application) -> None:
    bare = TextClassifier(app.profile.files.path("text_encoder"))
    bare.score(["A lighthouse"])
    rounds = iter(range(1_000_000))

    def rate(judge_one: object) -> float:
        assert callable(judge_one)
        texts = per_text(PROMPTS[:PER_ROUND], rounds)
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


def test_judgements_by_http_at_fifty_per_second(figures: Figures, app: Application) -> None:
    with app.database.transaction() as session:
        ensure_account(session, "acct_bench", actor="bench", now_ms=now_ms(session))
        _, key = make_key(
            session, "acct_bench", name="bench", roles=[Role.PIPELINE], actor="bench", now_ms=now_ms(session)
        )
    client = TestClient(http_app(app), headers={"Authorization": f"Bearer {key}"})
    bare = TextClassifier(app.profile.files.path("text_encoder"))
    bare.score(["A lighthouse"])

    def ours(text: str) -> None:
        answer = client.post("/v1/judgements", json={"text": text})
        assert answer.status_code == 200, answer.text

    ours("A lighthouse")
    for name, rate in (("alone", 0), (f"at {RATE_PER_S}/s", RATE_PER_S)):
        mine, theirs = (
            latencies_ms(ours, f"http {name}", rate),
            latencies_ms(lambda text: bare.score([text]), f"bare {name}", rate),
        )
        for percent in (50, 99):
            figures.add(
                f"POST /v1/judgements {name}, p{percent}",
                [quantiles(mine, n=100)[percent - 1]],
                [quantiles(theirs, n=100)[percent - 1]],
                unit="ms",
                against="bare inference on the same schedule",
            )


def latencies_ms(work: object, salt: str, rate: int) -> list[float]:
    """Milliseconds from when each request was due to its answer: one after the other, or `rate` per second."""
    assert callable(work)
    texts = [f"{text}, {salt} {number}" for number in range(4) for text in PROMPTS]
    if not rate:
        return [_timed(work, text, perf_counter()) for text in texts[: RATE_PER_S * 4]]
    began = perf_counter()
    with ThreadPoolExecutor(16) as pool:
        answers = []
        for number in range(rate * SECONDS):
            due = began + number / rate
            sleep(max(0.0, due - perf_counter()))
            answers.append(pool.submit(_timed, work, texts[number % len(texts)], due))
        return [answer.result() for answer in answers]


def _timed(work: object, text: str, due: float) -> float:
    assert callable(work)
    work(text)
    return (perf_counter() - due) * 1000
