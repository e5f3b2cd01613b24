"""Cases in the database: one per decision, one holder, one outcome; event, audit row and workflow in one transaction."""

import json
from typing import Any

import pytest
from sqlmodel import Session, select

from moderation.bus.outbox import OutboxRow
from moderation.messages import CaseChanged, decode
from moderation.review import cases
from moderation.review.case_state import CaseClosed, CaseStatus, CaseTaken, ClaimLost, NotOverridable, Outcome
from moderation.review.cases import CaseDecided, CaseUnknown
from moderation.review.models import ReviewCase
from moderation.review.queue import CaseQuery, list_cases, waiting_count
from moderation.store import Database
from moderation.transparency.audit import AuditEntry
from tests.support.threads import in_threads


def _open(session: Session, number: int = 1, **changes: Any) -> ReviewCase:
    values: dict[str, Any] = {
        "generation_id": f"gen_{number}", "decision_id": f"dec_{number}", "stage": "request", "overridable": True,
        "now_ms": number,
    }  # fmt: skip
    return cases.open_case(session, **{**values, **changes})


def _changes(session: Session) -> list[str]:
    session.flush()
    messages = [decode(row.value).open() for row in session.exec(select(OutboxRow).order_by("id"))]
    return [message.change for message in messages if isinstance(message, CaseChanged)]


def _ignore(session: Session, decided: CaseDecided) -> None:
    """The workflow of a test that is not about it."""


def _opened(database: Database, **changes: Any) -> str:
    with database.transaction() as session:
        return _open(session, **changes).id


def test_a_decision_opens_one_case_however_often_it_is_asked(database: Database) -> None:
    ids = []
    for _ in range(3):
        with database.transaction() as session:
            ids.append(_open(session).id)
            assert _changes(session) == ["opened"]
    assert len(set(ids)) == 1


def test_a_case_opened_by_many_at_once_is_one(database: Database) -> None:
    in_threads(5, lambda _: _opened(database))
    with database.read() as session:
        assert len(session.exec(select(ReviewCase)).all()) == 1
        assert _changes(session) == ["opened"]


def test_an_appeal_against_the_same_decision_is_another_case(database: Database) -> None:
    assert _opened(database) != _opened(database, kind="appeal")


def test_every_act_is_announced_and_audited_with_ids_only(database: Database) -> None:
    case_id = _opened(database)
    with database.transaction() as session:
        token = cases.claim(session, case_id, moderator="mod_1", now_ms=10).claim_token
        cases.renew(session, case_id, moderator="mod_1", token=token, now_ms=11)
        cases.release_claim(session, case_id, moderator="mod_1", token=token, now_ms=12)
        token = cases.claim(session, case_id, moderator="mod_2", now_ms=13).claim_token
        cases.decide(
            session, case_id, moderator="mod_2", token=token, outcome=Outcome.BLOCK, reason="shows Ada Lovelace",
            now_ms=14, on_decided=_ignore,
        )  # fmt: skip
    with database.read() as session:
        assert _changes(session) == ["opened", "claimed", "returned", "claimed", "decided"]
        audited = session.exec(select(AuditEntry).order_by("id")).all()
        events = [row.value.decode() for row in session.exec(select(OutboxRow))]
    assert [(row.actor, row.act) for row in audited] == [
        ("system", "case.opened"),
        ("mod_1", "case.claimed"),
        ("mod_1", "case.returned"),
        ("mod_2", "case.claimed"),
        ("mod_2", "case.decided"),
    ]
    assert json.loads(audited[-1].detail)["outcome"] == "block"
    assert not any("Lovelace" in text for text in [*events, *(row.detail for row in audited)])


def test_the_workflow_acts_in_the_transaction_of_the_decision(database: Database) -> None:
    case_id = _opened(database)
    acted: list[CaseDecided] = []

    def workflow(session: Session, decided: CaseDecided) -> None:
        assert session.get_one(ReviewCase, decided.case_id).state == "decided"
        acted.append(decided)

    with database.transaction() as session:
        cases.claim(session, case_id, moderator="mod_1", now_ms=10)
        returned = cases.decide(
            session, case_id, moderator="mod_1", token=1, outcome=Outcome.ALLOW, reason="a painting", now_ms=11,
            on_decided=workflow,
        )  # fmt: skip
    assert acted == [returned]
    assert returned == CaseDecided(
        case_id=case_id, generation_id="gen_1", decision_id="dec_1", stage="request", kind="held",
        outcome=Outcome.ALLOW, reason="a painting", decided_by="mod_1", decided_ms=11,
    )  # fmt: skip


def test_a_workflow_that_fails_leaves_the_case_undecided(database: Database) -> None:
    case_id = _opened(database)
    with database.transaction() as session:
        cases.claim(session, case_id, moderator="mod_1", now_ms=10)

    def workflow(session: Session, decided: CaseDecided) -> None:
        raise RuntimeError("the generation cannot move")

    def decide() -> None:
        with database.transaction() as session:
            cases.decide(
                session, case_id, moderator="mod_1", token=1, outcome=Outcome.ALLOW, reason="r", now_ms=11,
                on_decided=workflow,
            )  # fmt: skip

    with pytest.raises(RuntimeError, match="cannot move"):
        decide()
    with database.read() as session:
        assert cases.get_case(session, case_id).state == "claimed"
        assert _changes(session) == ["opened", "claimed"]


def test_of_many_who_claim_at_once_one_gets_the_case(database: Database) -> None:
    case_id = _opened(database)
    got: list[str] = []

    def try_to_claim(number: int) -> None:
        try:
            with database.transaction() as session:
                cases.claim(session, case_id, moderator=f"mod_{number}", now_ms=10)
            got.append(f"mod_{number}")
        except CaseTaken:
            pass

    in_threads(6, try_to_claim)
    assert len(got) == 1
    with database.read() as session:
        assert cases.get_case(session, case_id).claimed_by == got[0]


def test_who_lost_the_claim_cannot_decide_after_the_next_one(database: Database) -> None:
    case_id = _opened(database)
    with database.transaction() as session:
        first = cases.claim(session, case_id, moderator="mod_1", now_ms=0, lease_ms=10).claim_token
        second = cases.claim(session, case_id, moderator="mod_2", now_ms=10, lease_ms=10).claim_token
        values: dict[str, Any] = {"reason": "r", "now_ms": 11, "on_decided": _ignore}
        with pytest.raises(ClaimLost):
            cases.decide(session, case_id, moderator="mod_1", token=first, outcome=Outcome.ALLOW, **values)
        cases.decide(session, case_id, moderator="mod_2", token=second, outcome=Outcome.BLOCK, **values)
        with pytest.raises(CaseClosed):
            cases.claim(session, case_id, moderator="mod_1", now_ms=12)


def test_a_case_that_is_not_overridable_can_only_be_blocked(database: Database) -> None:
    case_id = _opened(database, overridable=False)
    with database.transaction() as session:
        cases.claim(session, case_id, moderator="mod_1", now_ms=1)
        with pytest.raises(NotOverridable):
            cases.decide(
                session, case_id, moderator="mod_1", token=1, outcome=Outcome.ALLOW, reason="r", now_ms=2,
                on_decided=_ignore,
            )  # fmt: skip
    with database.read() as session:
        assert cases.get_case(session, case_id).outcome is None


def test_an_unknown_case_is_named(database: Database) -> None:
    with database.transaction() as session, pytest.raises(CaseUnknown, match="case_x"):
        cases.claim(session, "case_x", moderator="m", now_ms=1)


def test_the_queue_is_oldest_first_and_paged_without_gaps(database: Database) -> None:
    with database.transaction() as session:
        opened = [_open(session, number, now_ms=number // 2).id for number in range(7)]
    seen: list[str] = []
    after: str | None = None
    with database.read() as session:
        for _ in range(4):
            page = list_cases(session, CaseQuery(), after=after, limit=2)
            seen += [case.id for case in page.cases]
            assert [case.opened_ms for case in page.cases] == sorted(case.opened_ms for case in page.cases)
            after = page.next_after
        assert after is None
        assert list_cases(session, CaseQuery(), after="case_x").cases == ()
    assert sorted(seen) == sorted(opened)
    assert len(seen) == 7


def test_the_queue_filters(database: Database) -> None:
    with database.transaction() as session:
        first = _open(session, 1).id
        _open(session, 2, stage="output")
        third = _open(session, 3, kind="appeal").id
        cases.claim(session, first, moderator="mod_1", now_ms=100, lease_ms=50)
    with database.read() as session:

        def found(query: CaseQuery) -> list[str]:
            return [case.generation_id for case in list_cases(session, query).cases]

        assert found(CaseQuery(state=CaseStatus.CLAIMED)) == ["gen_1"]
        assert found(CaseQuery(stage="output")) == ["gen_2"]
        assert found(CaseQuery(kind="appeal")) == ["gen_3"]
        assert found(CaseQuery(claimed_by="mod_1")) == ["gen_1"]
        assert found(CaseQuery(generation_id="gen_2")) == ["gen_2"]
        assert found(CaseQuery(available_at_ms=149)) == ["gen_2", "gen_3"]
        assert found(CaseQuery(available_at_ms=150)) == ["gen_1", "gen_2", "gen_3"]
        assert waiting_count(session) == 3
    with database.transaction() as session:
        cases.claim(session, third, moderator="mod_1", now_ms=1)
        cases.decide(
            session,
            third,
            moderator="mod_1",
            token=1,
            outcome=Outcome.BLOCK,
            reason="r",
            now_ms=2,
            on_decided=_ignore,
        )
        assert waiting_count(session) == 2
