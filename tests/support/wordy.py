"""A service whose text model reads keywords, and decisions that its own gate made: what there is to be explained."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from moderation.accounts.directory import ensure_account
from moderation.gate.decisions import Decision, record_judgement
from moderation.gate.lazy import Lazy
from moderation.gate.text_model import ActiveTextModel
from moderation.generation.facts import gather
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested
from moderation.profile import Profile
from moderation.service import prepare
from moderation.store import Database, now_ms
from tests.support.senses import KeywordText
from tests.support.service import ACCOUNT, StubApplication, settings_of, stub_profile


class WordyApplication(StubApplication):
    """With `words`, the text model that remembers what it was asked."""

    @cached_property
    def words(self) -> KeywordText:
        """It scores blood, shove and nudge."""
        return KeywordText()

    @cached_property
    def profile(self) -> Profile:
        """The stubs, and a text model that finds something."""
        return replace(stub_profile(), text=Lazy(lambda: cast(ActiveTextModel, self.words)))


def wordy_on(database: Database, home: Path) -> Iterator[WordyApplication]:
    """A service on this database; closed when the generator ends."""
    app = WordyApplication(settings_of(database, home))
    try:
        prepare(app)
        yield app
    finally:
        app.close()


def decide(app: StubApplication, prompt: str, *, name: str = "gen_1", **asked: Any) -> Decision:
    """The gate's decision on a request of the test's account, recorded."""
    request = GenerationRequested(generation_id=name, account_id=ACCOUNT, prompt=prompt, **asked)
    with app.database.transaction() as session:
        at = now_ms(session)
        ensure_account(session, ACCOUNT, actor="test", now_ms=at)
        facts = gather(session, request, rate=0, limits=app.limits, now_ms=at)
        row = Generation(
            id=name, account_id=ACCOUNT, state=State.REQUESTED.value, request=request.model_dump_json(),
            created_ms=at, updated_ms=at,
        )  # fmt: skip
        session.add(row)
    judgement = app.gate.judge_request(app.judging.subject(request, facts, ()))
    with app.database.transaction() as session:
        return record_judgement(session, name, judgement, now_ms=now_ms(session))
