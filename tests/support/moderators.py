"""Held generations and the moderators who decide them, through the same commands as the HTTP surface."""

from typing import Any

from sqlmodel import select

from moderation.accounts.directory import ensure_account
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.policy.store import active_revision
from moderation.review import cases
from moderation.review.case_state import Outcome
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from moderation.surface import decided
from tests.support.releases import generated
from tests.support.rows import decision
from tests.support.service import ACCOUNT, Person, StubApplication

MODERATOR = "mod_ann"


def held(
    app: StubApplication,
    name: str,
    *people: Person,
    stage: str = "request",
    parent: str | None = None,
    **changes: Any,
) -> str:
    """A generation of the test's account that waits for a person at `stage`; the id of its case."""
    with app.database.transaction() as session:
        ensure_account(session, ACCOUNT, actor="test", now_ms=now_ms(session))
        active = active_revision(session)
        session.add(decision(f"dec_{stage}_{name}", of=name, stage=stage, policy=active))
        row = generated(name, *people, parent=parent, state=State.HELD.value, held_stage=stage)
        if stage == "request":
            row.output_decision_id = row.output_sha256 = None
        else:
            session.add(decision(f"dec_request_{name}", of=name, verdict="allow", policy=active))
        for field, value in changes.items():
            setattr(row, field, value)
        session.add(row)
        session.flush()
        case = cases.open_case(
            session,
            generation_id=name,
            decision_id=f"dec_{stage}_{name}",
            stage=stage,
            overridable=True,
            now_ms=1,
        )
        return case.id


def decide(app: StubApplication, case_id: str, outcome: Outcome = Outcome.ALLOW) -> None:
    """Claim and decide it. Raises whatever forbids it; then nothing has changed."""
    with app.database.transaction() as session:
        at = now_ms(session)
        token = cases.claim(session, case_id, moderator=MODERATOR, now_ms=at).claim_token
        cases.decide(
            session, case_id, moderator=MODERATOR, token=token, outcome=outcome, reason="seen", now_ms=at,
            on_decided=lambda session, case: decided(app, session, case),
        )  # fmt: skip


def only_case(app: StubApplication, generation_id: str) -> str:
    """The id of the generation's one case."""
    with app.database.read() as session:
        return session.exec(select(ReviewCase.id).where(ReviewCase.generation_id == generation_id)).one()


def state_of(app: StubApplication, generation_id: str) -> tuple[str, str]:
    """State and the reason of its end."""
    with app.database.read() as session:
        row = session.get_one(Generation, generation_id, populate_existing=True)
        return row.state, row.ended_because
