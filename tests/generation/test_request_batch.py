"""Committing judgements together writes the rows that committing them one by one writes, whatever is in the batch."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from moderation.accounts.directory import ensure_account
from moderation.accounts.quota import QuotaLimits
from moderation.generation.request_batch import Judged, apply_many
from moderation.generation.request_stage import RequestStage
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.generation.submit import receive
from moderation.messages import GenerationRequested
from moderation.store import Database
from policies.taxonomy import Verdict
from tests.support.judgements import GATE, judged
from tests.support.statements import counted

AT = 1_700_000_040_000
STAGE = RequestStage(GATE, QuotaLimits(account=2, total=10**6))
VERDICTS = {verdict: judged(verdict) for verdict in Verdict}
EXAMPLES = count()


@dataclass(frozen=True)
class Item:
    """A request of one of three accounts, what the gate says of it, and whether it was cancelled meanwhile."""

    account: int
    verdict: Verdict
    moved: bool = False


MIX = [
    Item(0, Verdict.ALLOW), Item(1, Verdict.REVIEW), Item(0, Verdict.BLOCK), Item(0, Verdict.ALLOW, moved=True),
    Item(0, Verdict.ALLOW), Item(0, Verdict.ALLOW), Item(1, Verdict.ALLOW), Item(0, Verdict.ALLOW), Item(2, Verdict.REVIEW),
]  # fmt: skip
ITEMS = st.builds(
    Item, st.integers(0, 2), st.sampled_from(list(Verdict)), st.sampled_from([False, False, False, True])
)
Apply = Callable[[Session, RequestStage, Sequence[Judged]], None]


def at_once(session: Session, stage: RequestStage, batch: Sequence[Judged]) -> None:
    apply_many(session, stage, batch, now_ms=AT)


def one_by_one(session: Session, stage: RequestStage, batch: Sequence[Judged]) -> None:
    for one in batch:
        stage.apply(session, one.id, one.judgement, (), now_ms=AT)


def received(database: Database, run: str, items: Sequence[Item]) -> list[Judged]:
    """The requests on record, some of them cancelled since they were judged."""
    batch = [
        Judged(
            GenerationRequested(
                generation_id=f"gen_{run}_{number:02}",
                account_id=f"acct_{run}_{item.account}",
                prompt=f"boat {number}",
            ),
            VERDICTS[item.verdict],
        )
        for number, item in enumerate(items)
    ]
    with database.transaction() as session:
        for item, one in zip(items, batch, strict=True):
            receive(session, one.request, now_ms=AT)
            if item.moved:
                get_generation(session, one.id).state = State.CANCELLED.value
    return batch


def written(
    database: Database, items: Sequence[Item], apply: Apply, stage: RequestStage = STAGE
) -> dict[str, list[Any]]:
    """All rows that applying the batch leaves, without random ids, by what they are about."""
    run = f"{next(EXAMPLES):04}"
    batch = received(database, run, items)
    with database.transaction() as session:
        apply(session, stage, batch)
    rows: dict[str, list[Any]] = defaultdict(list)
    for table, (columns, of, order) in COLUMNS.items():
        query = f"SELECT {columns} FROM {table} WHERE {of} LIKE :run ESCAPE '!' ORDER BY {order}"
        with database.read() as session:
            for row in session.execute(text(query), {"run": f"%!_{run}!_%"}):
                rows[table].append(nameless(row, run))
    return dict(rows)


COLUMNS = {
    "generation": (
        "id, state, held_stage, ended_because, request_decision_id, updated_ms, request",
        "id",
        "id",
    ),
    "decision": (
        "generation_id, stage, verdict, category, actor, case_id, policy_revision, registry_version, body, body_sha256, "
        "created_ms",
        "generation_id",
        "generation_id",
    ),
    "outbox": ("key, topic, value, created_ms", "key", "key, id"),
    "review_case": (
        "generation_id, decision_id, stage, kind, overridable, category, rule, state, opened_ms",
        "generation_id",
        "generation_id",
    ),
    "audit_entry": ("actor, act, detail, at_ms", "detail", "id"),
    "quota_reservation": ("generation_id, account_id, day, returned", "generation_id", "generation_id"),
    "quota_day": ("scope, day, used", "scope", "scope"),
}
"""By table: what is compared, the column that names the run, the order."""


def nameless(row: Sequence[Any], run: str) -> tuple[Any, ...]:
    """The row without random ids and without the number of the run."""
    shown = [bytes(value).decode() if isinstance(value, bytes | memoryview) else value for value in row]
    return tuple(
        re.sub(r"(dec|case|evt)_[0-9a-f]{32}", r"\1", value).replace(f"_{run}_", "_")
        if isinstance(value, str)
        else value
        for value in shown
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ITEMS, max_size=9))
def test_a_batch_writes_what_its_judgements_write_one_by_one(
    sqlite_database: Database, items: list[Item]
) -> None:
    assert written(sqlite_database, items, at_once) == written(sqlite_database, items, one_by_one)


def test_a_mixed_batch_whose_quota_runs_out_in_the_middle_writes_the_same_on_either_database(
    database: Database,
) -> None:
    together = written(database, MIX, at_once)
    assert together == written(database, MIX, one_by_one)
    assert [row[1] for row in together["generation"]] == [
        "approved", "held", "refused", "cancelled", "approved", "refused", "approved", "refused", "held"]  # fmt: skip
    assert [row[2] for row in together["quota_day"]] == [2, 1]
    assert [json.loads(row[2])["type"].split(".")[-2] for row in together["outbox"][:2]] == [
        "made",
        "approved",
    ]


def test_the_quota_of_all_is_exact_when_it_runs_out_in_the_middle(database: Database) -> None:
    items = [Item(number % 3, Verdict.ALLOW) for number in range(6)]
    with database.transaction() as session:
        used = session.execute(
            text("SELECT coalesce(sum(used), 0) FROM quota_day WHERE scope = '*'")
        ).scalar_one()
    for number, apply in enumerate((at_once, one_by_one)):
        limits = QuotaLimits(account=2, total=int(used) + 4 * (number + 1))
        rows = written(database, items, apply, RequestStage(GATE, limits))
        assert [row[1] for row in rows["generation"]] == ["approved"] * 4 + ["refused"] * 2
        assert sum(row[2] for row in rows["quota_day"]) == 4


def test_one_place_that_was_taken_before_is_not_taken_twice(database: Database) -> None:
    batch = received(database, "again", [Item(0, Verdict.ALLOW)] * 2)
    for _ in range(2):
        with database.transaction() as session:
            at_once(session, STAGE, batch)
    with database.read() as session:
        query = text("SELECT used FROM quota_day WHERE scope = 'acct_again_0'")
        assert session.execute(query).scalars().all() == [2]
        assert (
            session.execute(
                text("SELECT count(*) FROM decision WHERE generation_id LIKE 'gen_again%'")
            ).scalar()
            == 2
        )


def test_a_batch_that_fails_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = received(database, "fails", MIX)
    monkeypatch.setattr("moderation.generation.request_batch.open_held_case", lambda *_args, **_more: 1 / 0)
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        at_once(session, STAGE, batch)
    with database.read() as session:
        for table in ("decision", "outbox", "quota_reservation", "quota_day"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_the_number_of_statements_does_not_grow_with_the_batch(database: Database) -> None:
    with database.transaction() as session:
        ensure_account(session, "acct_n_0", actor="test", now_ms=AT)
    sizes = []
    for run, size in (("few", 2), ("many", 40)):
        batch = received(database, run, [Item(n % 3, Verdict.ALLOW) for n in range(size)])
        with database.transaction() as session, counted(database) as statements:
            apply_many(session, RequestStage(GATE, QuotaLimits(10**6, 10**6)), batch, now_ms=AT)
        sizes.append(len(statements))
    assert sizes[1] <= sizes[0] <= 12
