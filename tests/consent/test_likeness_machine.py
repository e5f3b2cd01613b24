"""Any order of enrolling, granting, using, revoking, restoring and erasing: the promises hold after every step.

A plain model beside the real thing remembers who was promised what; the database is SQLite in memory.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import StaticPool
from sqlmodel import Session, SQLModel, create_engine, select

from consent.biometrics.models import Template, TemplateKey
from consent.likeness.grants import GrantTerms, give_grant, withdraw_grant
from consent.likeness.models import Audience, Grant, Likeness, LikenessEvent
from consent.likeness.registry import registry_version
from consent.likeness.revocation import erase, restore, revoke
from consent.likeness.rulings import UseRuling, evaluate_use
from consent.likeness.uses import UseExhausted, reserve_use, return_uses
from tests.support.people import People, embedding

PERSONS = st.integers(1, 3)
NOW = 10_000


@dataclass
class Promise:
    """What the model holds of one person."""

    state: str = "active"
    revision: int = 1
    grants: dict[str, int | None] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)


class Consent(RuleBasedStateMachine):
    """The rules are the acts that people and generations may do, in any order."""

    @initialize()
    def open_database(self) -> None:
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        SQLModel.metadata.create_all(self.engine)
        self.people = People()
        self.promises: dict[int, Promise] = {}
        self.version = 0
        self.numbers = iter(range(1, 10_000))

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()

    def known(self, *states: str) -> list[int]:
        return [person for person, promise in self.promises.items() if promise.state in states]

    def ask(self, session: Session, person: int, account: str = "friend", generation: str = "") -> UseRuling:
        return evaluate_use(
            session,
            handle_or_id=f"@person_{person}",
            account_id=account,
            purpose="video",
            now_ms=NOW,
            generation_id=generation,
        )

    @rule(person=PERSONS)
    def enrol(self, person: int) -> None:
        if person in self.promises:
            return
        with Session(self.engine) as session:
            assert self.people.enrol(session, person, shots=(0, 1)).revision == 1
            session.commit()
        self.promises[person] = Promise()

    @precondition(lambda self: self.known("active"))
    @rule(data=st.data(), uses=st.none() | st.integers(1, 2))
    def grant(self, data: st.DataObject, uses: int | None) -> None:
        person = data.draw(st.sampled_from(self.known("active")))
        grant_id = f"grant_{next(self.numbers)}"
        terms = GrantTerms(Audience.EVERYONE, uses_left=uses)
        with Session(self.engine) as session:
            give_grant(
                session,
                grant_id=grant_id,
                likeness_id=f"likeness_{person}",
                terms=terms,
                actor="owner",
                now_ms=NOW,
            )
            session.commit()
        self.promises[person].grants[grant_id] = uses
        self.promises[person].revision += 1

    @precondition(lambda self: any(self.promises[person].grants for person in self.known("active")))
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        person = data.draw(
            st.sampled_from([who for who in self.known("active") if self.promises[who].grants])
        )
        promise = self.promises[person]
        grant_id = data.draw(st.sampled_from(sorted(promise.grants)))
        with Session(self.engine) as session:
            withdraw_grant(
                session, grant_id=grant_id, likeness_id=f"likeness_{person}", actor="owner", now_ms=NOW
            )
            session.commit()
        del promise.grants[grant_id]
        promise.revision += 1

    @precondition(lambda self: self.promises)
    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(sorted(self.promises)))
        promise = self.promises[person]
        generation = f"gen_{next(self.numbers)}"
        with Session(self.engine) as session:
            ruling = self.ask(session, person)
            assert ruling.permitted == any(left is None or left > 0 for left in promise.grants.values())
            if ruling.permitted:
                assert ruling.grant_id in promise.grants
                reserve_use(session, grant_id=ruling.grant_id, generation_id=generation, now_ms=NOW)
                left = promise.grants[ruling.grant_id]
                promise.grants[ruling.grant_id] = None if left is None else left - 1
                promise.held[generation] = ruling.grant_id
            session.commit()

    @precondition(lambda self: any(promise.held for promise in self.promises.values()))
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from([who for who, promise in self.promises.items() if promise.held]))
        promise = self.promises[person]
        generation = data.draw(st.sampled_from(sorted(promise.held)))
        with Session(self.engine) as session:
            assert return_uses(session, generation_id=generation, now_ms=NOW) == 1
            assert return_uses(session, generation_id=generation, now_ms=NOW) == 0
            session.commit()
        grant_id = promise.held.pop(generation)
        left = promise.grants.get(grant_id)
        if left is not None:
            promise.grants[grant_id] = left + 1

    @precondition(lambda self: any(0 in promise.grants.values() for promise in self.promises.values()))
    @rule()
    def overdraw(self) -> None:
        for promise in self.promises.values():
            for grant_id in [grant_id for grant_id, left in promise.grants.items() if left == 0]:
                with Session(self.engine) as session:
                    try:
                        reserve_use(session, grant_id=grant_id, generation_id="greedy", now_ms=NOW)
                    except UseExhausted:
                        continue
                    raise AssertionError("a use was taken that was not there")

    @precondition(lambda self: self.known("active", "revoked"))
    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(self.known("active", "revoked")))
        promise = self.promises[person]
        with Session(self.engine) as session:
            done = revoke(session, f"likeness_{person}", now_ms=NOW, actor="owner")
            session.commit()
        assert done.change.changed == done.withdraw_released == (promise.state == "active")
        promise.revision += promise.state == "active"
        promise.state, promise.grants = "revoked", {}

    @precondition(lambda self: self.known("active", "revoked"))
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(self.known("active", "revoked")))
        promise = self.promises[person]
        with Session(self.engine) as session:
            restore(session, f"likeness_{person}", now_ms=NOW, actor="owner")
            session.commit()
        promise.revision += promise.state == "revoked"
        promise.state = "active"

    @precondition(lambda self: self.promises)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(sorted(self.promises)))
        promise = self.promises[person]
        with Session(self.engine) as session:
            done = erase(session, f"likeness_{person}", now_ms=NOW, actor="owner")
            session.commit()
        assert done.change.changed == (promise.state != "erased")
        promise.revision += promise.state != "erased"
        promise.state, promise.grants = "erased", {}

    @precondition(lambda self: self.known("active"))
    @rule(data=st.data())
    def crash_while_revoking(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(self.known("active")))
        with Session(self.engine) as session:
            revoke(session, f"likeness_{person}", now_ms=NOW, actor="owner")
            session.rollback()

    @invariant()
    def every_promise_is_kept(self) -> None:
        if not hasattr(self, "promises"):
            return
        with Session(self.engine) as session:
            for person, promise in self.promises.items():
                row = session.exec(select(Likeness).where(Likeness.id == f"likeness_{person}")).one()
                assert (row.state, row.revision) == (promise.state, promise.revision)
                owner, friend = self.ask(session, person, f"account_{person}"), self.ask(session, person)
                assert owner.permitted == (promise.state == "active")
                assert friend.permitted == any(left is None or left > 0 for left in promise.grants.values())
                if promise.state != "active":
                    assert friend.code == f"likeness.{promise.state}"
                for generation, grant_id in promise.held.items():
                    still = self.ask(session, person, generation=generation)
                    assert still.permitted or grant_id not in promise.grants

    @invariant()
    def no_count_is_ever_negative_and_each_is_what_the_model_says(self) -> None:
        if not hasattr(self, "promises"):
            return
        with Session(self.engine) as session:
            left = {grant.id: grant.uses_left for grant in session.exec(select(Grant))}
            assert all(uses is None or uses >= 0 for uses in left.values())
            for promise in self.promises.values():
                assert all(left[grant_id] == uses for grant_id, uses in promise.grants.items())

    @invariant()
    def the_registry_and_every_history_only_grow(self) -> None:
        if not hasattr(self, "promises"):
            return
        with Session(self.engine) as session:
            version = registry_version(session)
            assert version >= self.version
            self.version = version
            assert version == sum(promise.revision for promise in self.promises.values())
            for person, promise in self.promises.items():
                events = session.exec(
                    select(LikenessEvent)
                    .where(LikenessEvent.likeness_id == f"likeness_{person}")
                    .order_by("revision")
                ).all()
                assert [event.revision for event in events] == list(range(1, promise.revision + 1))
                versions = [event.registry_version for event in events]
                assert versions == sorted(set(versions))

    @invariant()
    def the_index_knows_exactly_those_not_erased_and_the_vault_holds_no_more(self) -> None:
        if not hasattr(self, "promises"):
            return
        with Session(self.engine) as session:
            self.people.index.refresh(session)
            for person in (1, 2, 3):
                found = {
                    match.subject_id: match.standing
                    for match in self.people.index.search(embedding(person, 5)[None])
                }
                state = self.promises[person].state if person in self.promises else "erased"
                expected = {"active": "enrolled", "revoked": "revoked"}.get(state)
                assert found == ({f"likeness_{person}": expected} if expected else {})
            alive = {f"likeness_{person}" for person in self.known("active", "revoked")}
            assert set(session.exec(select(TemplateKey.subject_id))) == alive
            sealed = session.exec(select(Template)).all()
            assert {row.subject_id for row in sealed if row.ciphertext} == alive


TestConsent = Consent.TestCase
TestConsent.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
