"""A whole service with small stubs for models and generator; gate, bus, stamps and proofs are the real ones.

A person is a colour: the stub generator paints the likeness asked for, and the stub face model reads the colour back.
So invariant 11 works end to end on a clip of 64 × 64 pixels, and no model file is loaded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from consent.biometrics.faces import Face, FaceModel
from consent.likeness.enrolment import Portraits, enrol
from consent.likeness.grants import GrantTerms, give_grant
from consent.likeness.models import Audience
from consent.public_figures.names import FigureMatcher
from moderation.accounts.directory import ensure_account
from moderation.bootstrap import Application
from moderation.bus.kafka import KafkaLog
from moderation.bus.log import EventLog
from moderation.bus.outbox import enqueue
from moderation.bus.sql import SqlLog
from moderation.gate.checks.text import TextModel
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import WorkUse
from moderation.generation.generators.port import Cancelled, Generator, Progress
from moderation.generation.works import WorksInText
from moderation.ids import new_id
from moderation.likenesses.commands import announce
from moderation.messages import Brief, GenerationRequested, Parameters
from moderation.model_registry.files import ModelFiles
from moderation.parts.ground import ensure_policy
from moderation.profile import Profile
from moderation.service import prepare
from moderation.settings import Settings
from moderation.store import Database, now_ms
from policies.vision.picture_classes import PictureLook
from tests.support.media import plain, video
from tests.support.people import MODEL, embedding, made_face

ACCOUNT = "acct_user"
NOBODY = 0
TINY = Parameters(seconds=1, width=64, height=64, fps=8)


def colour_of(person: int) -> tuple[int, int, int]:
    """The colour that stands for a person, 0 (nobody) to 999: one digit per channel, each 25 levels apart."""
    ones, tens, hundreds = person % 10, person // 10 % 10, person // 100
    return 20 + 25 * ones, 20 + 25 * tens, 20 + 25 * hundreds


def person_of(colour: Sequence[float]) -> int:
    """Whose colour this is, or nearly is."""
    ones, tens, hundreds = (round((float(level) - 20) / 25) for level in colour)
    return ones + 10 * tens + 100 * hundreds


class ColourFaces:
    """Sees person n where the middle of the frame has their colour."""

    revision = MODEL

    def faces(self, frame: NDArray[np.uint8]) -> tuple[Face, ...]:
        """No face, or one."""
        height, width, _ = frame.shape
        middle = frame[height // 4 : height // 2, width // 4 : width // 2]
        person = person_of(middle.mean(axis=(0, 1)))
        return (made_face(embedding(person)),) if person > NOBODY else ()


class NoNudity:
    """Sees nothing."""

    def score(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Zeros."""
        return np.zeros(len(frames), np.float32)


class Silence:
    """Hears nothing."""

    revision = "voice:testtesttest"

    def transcribe(self, samples: NDArray[np.float32]) -> Sequence[Any]:
        """No utterance."""
        return ()

    def voices(self, samples: NDArray[np.float32]) -> Sequence[Any]:
        """Nobody speaks."""
        return ()


class Blind:
    """Reads no text in a picture, and sees nothing that fills it."""

    def read(self, frame: NDArray[np.uint8], *, max_side: int) -> Sequence[Any]:
        """No line."""
        return ()

    def look(self, frame: NDArray[np.uint8]) -> PictureLook:
        """Nothing."""
        return PictureLook(0.0, "")


class Speechless:
    """Reads nothing into any text, and names nobody."""

    revision = "stub"

    def findings(self, text: object, *, field: str, signal: str, check: str) -> Sequence[Any]:
        """As `TextModel`."""
        return ()

    def find(self, *_: object, **__: object) -> tuple[WorkUse, ...]:
        """As `FigureMatcher` and `WorksInText`."""
        return ()

    @property
    def matcher(self) -> "Speechless":
        """As `WorksInText`."""
        return self


class StubProfile(Profile):
    """A profile that is complete without files."""

    def revision(self, *entries: str) -> str:
        """One for all."""
        return "stub"

    def ping(self) -> None:
        """Nothing can be missing."""


def stub_profile() -> StubProfile:
    """The stubs in their slots."""
    return StubProfile(
        files=ModelFiles(Path("no-models-here")),
        faces=Lazy(lambda: cast(FaceModel, ColourFaces())),
        nudity=Lazy(NoNudity),
        speech=Lazy(Silence),
        text=Lazy(lambda: cast(TextModel, Speechless())),
        figures=Lazy(lambda: cast(FigureMatcher, Speechless())),
        looks=Lazy(Blind),
        frame_text=Lazy(Blind),
        voices=Lazy(Silence),
    )


class Painter:
    """Paints the first likeness of the brief, `person_N`, over the whole clip; nobody without one."""

    def identity(self) -> tuple[str, str]:
        """Name and version."""
        return "painter", "1"

    def generate(
        self,
        brief: Brief,
        *,
        portraits: Mapping[str, Path],
        references: Sequence[Path],
        target: Path,
        progress: Progress,
        cancelled: Cancelled,
    ) -> None:
        """One second of one colour."""
        person = int(brief.likenesses[0].handle.removeprefix("person_")) if brief.likenesses else NOBODY
        paint(target, person)
        progress(1.0)


def paint(target: Path, person: int = NOBODY) -> Path:
    """A silent mp4 of 64 × 64 pixels that shows `person` for a second."""
    picture = plain(64, 64, colour_of(person))
    return video(target, seconds=1, size=(64, 64), fps=8, picture=lambda _: picture, tone_hz=None)


class StubApplication(Application):
    """The composition root with the stubs; `database` has its tables already. Groups notice a death within seconds."""

    @cached_property
    def database(self) -> Database:
        """As it was made by the fixture."""
        database = Database(self.settings.resolved_database_url)
        self._opened.callback(database.close)
        with database.transaction() as session:
            ensure_policy(session)
        return database

    @cached_property
    def event_log(self) -> EventLog:
        """With short sessions."""
        log: EventLog
        if self.settings.kafka_bootstrap:
            log = KafkaLog(self.settings.kafka_bootstrap, prefix=self.settings.topic_prefix, session_s=6)
        else:
            log = SqlLog(self.database, session_s=1.5, poll_s=0.05)
        self._opened.callback(log.close)
        return log

    @cached_property
    def profile(self) -> Profile:
        """The stubs."""
        return stub_profile()

    @cached_property
    def works(self) -> WorksInText:
        """Names no works."""
        return cast(WorksInText, Speechless())

    @cached_property
    def generator(self) -> Generator:
        """The painter."""
        return Painter()


def settings_of(database: Database, home: Path, **more: Any) -> Settings:
    """Settings for a service on this database; leases are short."""
    url = database.engine.url.render_as_string(hide_password=False)
    values = {"home": home, "database_url": url, "partitions": 2, "lease_s": 3, "host": "127.0.0.1", **more}
    return Settings(_env_file=None, **values)


def app_on(database: Database, home: Path, **more: Any) -> Iterator[StubApplication]:
    """A service on this database, prepared; closed when the generator ends."""
    home.mkdir(parents=True, exist_ok=True)
    app = StubApplication(settings_of(database, home, **more))
    try:
        prepare(app)
        with app.database.transaction() as session:
            ensure_account(session, ACCOUNT, actor="test", now_ms=now_ms(session))
        yield app
    finally:
        app.close()


@dataclass(frozen=True, slots=True)
class Person:
    """An enrolled person n: handle `person_n`, owned by `account_n`."""

    number: int
    likeness_id: str
    handle: str
    owner: str


def enrol_person(app: Application, number: int, *, grant: bool = True, **terms: Any) -> Person:
    """Enrol person n; with `grant` the test's account may use the likeness (with `terms`, if any)."""
    owner, handle = f"account_{number}", f"person_{number}"
    portraits = Portraits(MODEL, "unverified", embedding(number)[None, :])
    with app.database.transaction() as session:
        at = now_ms(session)
        for account in (owner, ACCOUNT):
            ensure_account(session, account, actor="test", now_ms=at)
        change = enrol(
            session, likeness_id=new_id("lik"), owner_account_id=owner, handle=handle, portraits=portraits,
            vault=app.vault, index=app.templates.get(), new_id=new_id, actor=owner, now_ms=at,
        )  # fmt: skip
        announce(session, change, actor=owner, now_ms=at)
    person = Person(number, change.likeness_id, handle, owner)
    if grant:
        give(app.database, person, **terms)
    return person


def give(database: Database, person: Person, **terms: Any) -> None:
    """Permit the test's account to use the likeness."""
    wanted = GrantTerms(**{"audience": Audience.NAMED, "account_ids": (ACCOUNT,), **terms})
    with database.transaction() as session:
        at = now_ms(session)
        change = give_grant(
            session, grant_id=new_id("grant"), likeness_id=person.likeness_id, terms=wanted, actor=person.owner, now_ms=at
        )  # fmt: skip
        announce(session, change, actor=person.owner, now_ms=at)


def ask(
    prompt: str = "a lighthouse", *likenesses: Person, parent: str | None = None, name: str | None = None
) -> GenerationRequested:
    """A request of the test's account for a tiny clip."""
    return GenerationRequested(
        generation_id=name or new_id("gen"),
        account_id=ACCOUNT,
        prompt=prompt,
        likenesses=tuple(person.handle for person in likenesses),
        remix_parent=parent,
        parameters=TINY,
    )


def send(session: Session, request: GenerationRequested) -> None:
    """Put the request on its topic, as a pipeline does."""
    enqueue(session, request, event_id=new_id("evt"), at_ms=now_ms(session))


def send_all(database: Database, requests: Sequence[GenerationRequested]) -> list[str]:
    """Make the account if need be and send them; their ids."""
    with database.transaction() as session:
        ensure_account(session, ACCOUNT, actor="test", now_ms=now_ms(session))
        for request in requests:
            send(session, request)
    return [request.generation_id for request in requests]
