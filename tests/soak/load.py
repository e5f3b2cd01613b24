"""The stream of requests: some plain, some that show people, some remixes; never more than a few in flight.

Every change of state that is seen is held against the state machine: an observer of the database never sees a step back.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import sleep
from typing import TypeVar

from sqlmodel import col, select

from moderation.accounts.directory import ensure_account
from moderation.bus.outbox import OutboxRow
from moderation.bus.transient import is_transient
from moderation.generation.state import FINAL, State, advance, steps_from
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested
from moderation.store import Database, now_ms
from tests.support.service import ACCOUNT, Person, ask, send

T = TypeVar("T")
IN_FLIGHT = 16
TICK_S = 0.25
ENDED = frozenset({State.RELEASED.value, State.HELD.value, *(state.value for state in FINAL)})


def patiently(action: Callable[[], T]) -> T:
    """Repeat `action` until the database answers; for what may run twice."""
    while True:
        try:
            return action()
        except Exception as error:
            if not is_transient(error):
                raise
            sleep(0.2)


@dataclass
class Load:
    """Asks until it is stopped. `people` gives whom a request may show at this moment."""

    database: Database
    choose: random.Random
    people: Callable[[], Sequence[Person]]
    asked: dict[str, GenerationRequested] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    steps_back: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Keep `IN_FLIGHT` requests on their way, and watch them."""
        patiently(self._make_account)
        while not stop.wait(TICK_S):
            self.look()
            room = IN_FLIGHT - sum(self.seen.get(name, "absent") not in ENDED for name in self.asked)
            if room > 0:
                self._send([self._request() for _ in range(min(room, 4))])

    def look(self) -> Mapping[str, str]:
        """Read the states of what has not ended; every generation's last known state."""
        open_ = [name for name in self.asked if self.seen.get(name) not in {*(s.value for s in FINAL)}]
        for name, state in patiently(lambda: _states(self.database, open_)).items():
            before = self.seen.get(name)
            if before and state not in _reachable(before):
                self.steps_back.append(f"{name}: {before} to {state}")
            self.seen[name] = state
        return self.seen

    def released(self) -> list[str]:
        """What was released when last looked at."""
        return [name for name, state in list(self.seen.items()) if state == State.RELEASED.value]

    def counts(self) -> Counter[str]:
        """How many are in each state."""
        return Counter(self.seen.get(name, "absent") for name in self.asked)

    def _make_account(self) -> None:
        with self.database.transaction() as session:
            ensure_account(session, ACCOUNT, actor="test", now_ms=now_ms(session))

    def _request(self) -> GenerationRequested:
        prompt, dice = f"a lighthouse, take {len(self.asked)}", self.choose.random()
        people, parents = self.people(), self.released()
        if dice < 0.25 and people:
            person = self.choose.choice(people)
            return ask(f"@{person.handle} waves, take {len(self.asked)}", person)
        if dice < 0.35 and parents:
            return ask(prompt, parent=self.choose.choice(parents[-50:]))
        return ask(prompt)

    def _send(self, requests: Sequence[GenerationRequested]) -> None:
        for request in requests:
            self.asked[request.generation_id] = request
        patiently(lambda: self._send_missing(requests))

    def _send_missing(self, requests: Sequence[GenerationRequested]) -> None:
        """A commit whose answer was lost may have happened: send only what is not in the outbox."""
        names = [request.generation_id for request in requests]
        with self.database.transaction() as session:
            sent = set(session.exec(select(OutboxRow.key).where(col(OutboxRow.key).in_(names))))
            for request in requests:
                if request.generation_id not in sent:
                    send(session, request)


def _states(database: Database, ids: Sequence[str]) -> dict[str, str]:
    with database.read() as session:
        rows = session.exec(select(Generation.id, Generation.state).where(col(Generation.id).in_(ids)))
        return dict(rows.all())


def _reachable(state: str) -> set[str]:
    """The states that may follow `state`, now or later, and itself."""
    found, waiting = {state}, [State(state)]
    while waiting:
        source = waiting.pop()
        for step in steps_from(source):
            target = advance(source, step)
            if target.value not in found:
                found.add(target.value)
                waiting.append(target)
    return found
