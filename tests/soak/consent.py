"""People who enrol, revoke and erase while the service is under fire, and a customer who keeps trying to fetch what was released.

From the commit of a revocation on, no request for the bytes may be answered with them.
"""

import hashlib
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import httpx
from sqlmodel import Session, select

from moderation.accounts.keys import make_key
from moderation.accounts.models import Role
from moderation.bus.transient import is_transient
from moderation.generation.rows import pinned_likenesses
from moderation.generation.tables import Asset, LikenessPortrait
from moderation.legal.holds import open_holds
from moderation.legal.tables import Effect, LegalHold, Target
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.release.holds import lift_hold, place_hold
from moderation.release.tables import Release, ReleaseState, Withdrawal
from moderation.release.withdraw import order_withdrawal
from moderation.store import now_ms
from tests.soak.ground import Ground
from tests.soak.load import Load, patiently
from tests.support.media import image, plain
from tests.support.service import ACCOUNT, Person, colour_of, enrol_person

ENROLLED = 4


@dataclass
class Consent:
    """The people. `revoked` are those who took back, `orders` the withdrawals ordered of single generations."""

    ground: Ground
    choose: random.Random
    current: list[Person] = field(default_factory=list)
    left: list[Person] = field(default_factory=list)
    revoked: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def people(self) -> list[Person]:
        """Whom a request may show."""
        return list(self.current)

    def enrol(self) -> None:
        """Bring the number of people back to `ENROLLED`. A commit whose answer was lost may have taken the handle: the next is
        somebody else."""
        while len(self.current) < ENROLLED:
            self.current.append(patiently(lambda: self._enrol(next(self._numbers))))

    def take_back(self, *, erase: bool = False, under_hold: bool = False) -> str:
        """Someone revokes or erases, and another person comes; the withdrawal's id. An erasure `under_hold` of the law is put off
        until the hold is lifted, at once after it."""
        with self._turn:
            person = self.current.pop(self.choose.randrange(len(self.current)))
            if under_hold:
                patiently(partial(self._hold, person))
            withdrawal = patiently(lambda: self._take_back(person, erase=erase))
            if under_hold:
                patiently(partial(self._lift, person))
            self.revoked[person.likeness_id] = withdrawal
            self.left.append(person)
            self.enrol()
            return withdrawal

    def order(self, load: Load) -> str:
        """An order takes one released generation back; the withdrawal's id, or empty when nothing was released yet."""
        candidates = [name for name in load.released() if name not in self.orders]
        if not candidates:
            return ""
        name = self.choose.choice(candidates)
        self.orders[name] = patiently(lambda: self._order(name))
        return self.orders[name]

    def _enrol(self, number: int) -> Person:
        app = self.ground.deployment.app
        app.index.refresh()
        person = enrol_person(app, number, audience="everyone", account_ids=())
        self._give_portrait(person)
        return person

    def _give_portrait(self, person: Person) -> None:
        app, picture = self.ground.deployment.app, plain(64, 64, colour_of(person.number))
        stored = app.assets.stage(image(self.ground.folder / "portrait.png", picture))
        app.assets.promote(stored.sha256)
        with app.database.transaction() as session:
            at = now_ms(session)
            session.merge(Asset(sha256=stored.sha256, role="portrait", media_type="image/png", created_ms=at))
            session.merge(
                LikenessPortrait(likeness_id=person.likeness_id, asset_sha256=stored.sha256, created_ms=at)
            )

    def _take_back(self, person: Person, *, erase: bool) -> str:
        act = erase_likeness if erase else revoke_likeness
        with self.ground.database.transaction() as session:
            earlier = select(Withdrawal.id).where(Withdrawal.likeness_id == person.likeness_id)
            if found := session.exec(earlier).first():  # the answer to our commit was lost
                return found
            return act(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session)).withdrawal_id

    def _hold(self, person: Person) -> None:
        with self.ground.database.transaction() as session:
            if not self._holds(session, person):
                place_hold(
                    session, target=Target.LIKENESS, target_id=person.likeness_id, reference="soak", actor="admin",
                    now_ms=now_ms(session), effect=Effect.PRESERVE,
                )  # fmt: skip

    def _lift(self, person: Person) -> None:
        with self.ground.database.transaction() as session:
            for hold in self._holds(session, person):
                lift_hold(session, hold.id, actor="admin", now_ms=now_ms(session))

    def _holds(self, session: Session, person: Person) -> Sequence[LegalHold]:
        return open_holds(session, Target.LIKENESS, (person.likeness_id,))

    def _order(self, generation_id: str) -> str:
        with self.ground.database.transaction() as session:
            earlier = select(Withdrawal.id).where(Withdrawal.generation_id == generation_id)
            if found := session.exec(earlier).first():
                return found
            return order_withdrawal(
                session, reason="order.legal", actor="admin", now_ms=now_ms(session), generation_id=generation_id
            )  # fmt: skip


@dataclass
class Customer:
    """Fetches releases over HTTP, standing ones and withdrawn ones, and notes what must not be."""

    ground: Ground
    consent: Consent
    load: Load
    choose: random.Random
    answers: dict[str, int] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    _key: str = ""

    def run(self, stop: threading.Event) -> None:
        """Fetch, four times a second at most, until stopped."""
        self._key = patiently(self._make_key)
        with httpx.Client(base_url=self.ground.settings.public_url, timeout=10) as client:
            while not stop.wait(0.25):
                names = self.load.released() + list(self.consent.orders)
                if names:
                    try:
                        self._fetch(client, self.choose.choice(names[-100:]))
                    except (httpx.HTTPError, OSError) as error:
                        self._note(type(error).__name__)
                    except Exception as error:
                        if not is_transient(error):
                            raise
                        self._note("test waits for the database")

    def _fetch(self, client: httpx.Client, name: str) -> None:
        """One look, begun after we know whether it is taken back: if so, no answer may be the bytes."""
        gone, release = self._standing(name)
        if release is None:
            return
        headers = {"Authorization": f"Bearer {self._key}"}
        answer = client.get(f"/v1/releases/{release.id}", headers=headers)
        if answer.status_code == 200:
            if gone:
                self.wrongs.append(f"{name}: a link after its withdrawal ({gone})")
            self.links[name] = answer.json()["url"]
        self._note(f"link {answer.status_code}")
        if name in self.links:
            body = client.get(self.links[name])
            self._note(f"file {body.status_code}")
            if body.status_code == 200:
                self._check(name, gone, release, body.content)

    def _check(self, name: str, gone: str, release: Release, content: bytes) -> None:
        if gone:
            self.wrongs.append(f"{name}: served after its withdrawal ({gone})")
        if hashlib.sha256(content).hexdigest() != release.asset_sha256:
            self.wrongs.append(f"{name}: other bytes than were released")

    def _standing(self, name: str) -> tuple[str, Release | None]:
        """Whether a committed revocation or withdrawal takes it back, by the test's own knowledge, and its release."""
        with self.ground.database.read() as session:
            release = session.exec(select(Release).where(Release.generation_id == name)).first()
            shown = {row.likeness_id for row in pinned_likenesses(session, name)}
        taken_back = sorted(shown & set(self.consent.revoked))
        if release is not None and release.state == ReleaseState.WITHDRAWN.value:
            taken_back.append("withdrawn")
        return ", ".join(taken_back), release

    def _make_key(self) -> str:
        with self.ground.database.transaction() as session:
            roles = [Role.OWNER]
            return make_key(session, ACCOUNT, name="soak", roles=roles, actor="test", now_ms=now_ms(session))[
                1
            ]

    def _note(self, what: str) -> None:
        self.answers[what] = self.answers.get(what, 0) + 1
