"""Two processes that judge, and a third that changes the policy: both follow each step, without a restart."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import pytest

from moderation.gate.gate import Gate
from moderation.gate.runner import CheckRunner
from moderation.gate.subjects import RequestSubject
from moderation.policy.active import ActivePolicy
from moderation.policy.evidence import Evidence
from moderation.policy.lifecycle import Act, activate, add, roll_back, to_rollout, to_shadow
from moderation.store import Database
from policies.document import parse_document
from policies.findings import Finding
from tests.support.steering import TITLE, titles
from tests.support.subjects import request

pytestmark = pytest.mark.integration

CONTEXT = get_context("spawn")
PATIENCE_S = 60
"""Only a hanging test waits so long."""
REVIEWS, BLOCKS = titles("review"), titles("block")
Seen = tuple[str, str, tuple[str, ...]]


class Titles:
    """Finds a title in everything."""

    name, tier, revision = "titles", 1, "1"

    def examine(self, _subject: RequestSubject) -> list[Finding]:
        return [TITLE]


def judge(url: str, pipe: Connection) -> None:
    """A replica: judges again and again, and tells whenever something else came out, until it is told to stop."""
    database, runner = Database(url), CheckRunner(timeout_s=PATIENCE_S)
    gate = Gate(
        request_checks=[Titles()], output_checks=[], policy=ActivePolicy(database).panel, runner=runner
    )
    last = None
    while not pipe.poll(0.02):
        judged = gate.judge_request(request())
        seen = (
            judged.verdict.value,
            judged.policy_revision,
            tuple(ruling.verdict.value for ruling in judged.shadows),
        )
        if seen != last:
            pipe.send(seen)
            last = seen
    runner.close()
    database.close()


@contextmanager
def replicas(url: str, count: int = 2) -> Iterator[list[Connection]]:
    """Processes that judge on this database; a pipe to each."""
    pairs = [CONTEXT.Pipe() for _ in range(count)]
    processes = [CONTEXT.Process(target=judge, args=(url, theirs), daemon=True) for _, theirs in pairs]
    for process in processes:
        process.start()
    try:
        yield [ours for ours, _ in pairs]
    finally:
        for ours, _ in pairs:
            ours.send("stop")
        for process in processes:
            process.join(PATIENCE_S)
        assert [process.exitcode for process in processes] == [0] * count


def next_of(pipes: list[Connection]) -> list[Seen]:
    """What each replica tells next."""

    def one(pipe: Connection) -> Any:
        assert pipe.poll(PATIENCE_S), "a replica did not follow"
        return pipe.recv()

    return [one(pipe) for pipe in pipes]


def test_every_replica_follows_each_step_without_a_restart(database: Database) -> None:
    act = Act("acct_policy", "the test wants it", 1)
    reviews, blocks = (parse_document(text, name="titles").revision for text in (REVIEWS, BLOCKS))
    with database.transaction() as session:
        activate(session, REVIEWS, name="titles", actor="acct_policy", now_ms=1)
    url = database.engine.url.render_as_string(hide_password=False)
    with replicas(url) as pipes:
        assert next_of(pipes) == [("review", reviews, ())] * 2
        with database.transaction() as session:
            add(session, BLOCKS, name="titles", act=act)
            to_shadow(session, blocks, act)
        assert next_of(pipes) == [("review", reviews, ("block",))] * 2
        with database.transaction() as session:
            to_rollout(session, blocks, 100, act, Evidence(waived="a test"))
        assert next_of(pipes) == [("block", blocks, ())] * 2
        with database.transaction() as session:
            roll_back(session, act)
        assert next_of(pipes) == [("review", reviews, ("block",))] * 2
