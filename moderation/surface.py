"""The HTTP surface on top of an application: fills the ports that `api.services` names."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from fastapi import FastAPI
from sqlmodel import Session

from consent.likeness.changes import LikenessChange
from moderation.api.app import create_app
from moderation.api.services import ApiLimits, EnrolmentRequest, JudgementItem, Services
from moderation.asset_files import AssetStoreError
from moderation.assets import AssetStore
from moderation.bootstrap import Application
from moderation.explaining.seek import Sought
from moderation.explaining.told import Told
from moderation.gate.judge import Item
from moderation.generation.facts import account_facts, likeness_uses
from moderation.ids import new_id
from moderation.messages import GenerationRequested
from moderation.review.cases import CaseDecided
from moderation.settings import Settings
from moderation.store import now_ms
from moderation.web.desk import Desk
from moderation.web.frames import FOLDER, Frames
from moderation.web.pages import Front
from policies.taxonomy import Verdict


def http_app(app: Application) -> FastAPI:
    """The ASGI application: the API, and the pages before it."""
    services = Services(
        database=app.database,
        judge=lambda item: judge(app, item),
        assets=StoredFiles(app.assets),
        enrol=lambda request: enrol(app, request),
        verify=app.verify,
        on_case_decided=lambda session, case: decided(app, session, case),
        health=app.health,
        metrics=app.metrics,
        link_secret=app.link_secret,
        public_url=app.settings.public_url,
        limits=limits_of(app.settings),
        coverage=app.coverage,
        seek=partial(seek, app),
        trials=app.trials,
        flood_guard=bool(app.settings.policy_flood_factor),
    )
    desk = Desk(services, Frames(app.settings.home / FOLDER, app.assets.path))
    return create_app(services, front=partial(Front, desk=desk))


def limits_of(settings: Settings) -> ApiLimits:
    """The surface's limits as the settings have them."""
    return ApiLimits(
        link_ttl_s=settings.link_ttl_s,
        default_wait_s=settings.verdict_wait_s,
        judging_threads=settings.judging_threads,
        judging_waiting=settings.judging_waiting,
    )


def judge(app: Application, item: JudgementItem) -> Mapping[str, Any]:
    """Judge an item for an account, with the likenesses as they are ruled now. Counts no request and takes no quota."""
    with app.database.read() as session:
        at = now_ms(session)
        request = GenerationRequested(
            generation_id=new_id("item"),
            account_id=item.account_id,
            prompt=item.text,
            likenesses=item.likenesses,
            references=item.references,
            purpose=item.purpose,
        )
        account = account_facts(session, item.account_id, limits=app.limits, rate=0, now_ms=at)
        uses = likeness_uses(session, request, now_ms=at)
    return app.judge.judge(
        Item(
            item.item_id,
            text=item.text,
            references=tuple(app.assets.path(sha256) for sha256 in item.references),
            account=account,
            likenesses=uses,
            purpose=item.purpose,
        )
    )


def seek(app: Application, told: Told) -> Sought:
    """Look for the nearest text that would pass. The models are loaded when somebody first asks."""
    return app.edit_finder(told)


def enrol(app: Application, request: EnrolmentRequest) -> LikenessChange:
    """Enrol a person."""
    return app.enrolment.enrol(
        account_id=request.account_id,
        handle=request.handle,
        portraits=request.portraits,
        recordings=request.recordings,
        minor=request.minor,
        actor=request.actor,
    )


def decided(app: Application, session: Session, case: CaseDecided) -> None:
    """A moderator decided: the generation moves on in the same transaction."""
    app.people.apply(
        session,
        generation_id=case.generation_id,
        decision_id=case.decision_id,
        case_id=case.case_id,
        verdict=Verdict(case.outcome.value),
        moderator=case.decided_by,
        reason=case.reason,
        now_ms=case.decided_ms,
    )


class StoredFiles:
    """The object store as the surface sees it."""

    def __init__(self, assets: AssetStore) -> None:
        self._assets = assets

    def keep(self, path: Path, sha256: str) -> None:
        """Stage a file whose hash was computed while it came in; the store hashes it again."""
        self._assets.stage(path, expected=sha256)

    def settle(self, sha256: str) -> None:
        """Take it out of staging, now that a row names it; where the store is away, the sweeper does so later."""
        with suppress(AssetStoreError):
            self._assets.promote(sha256)

    def open(self, sha256: str) -> BinaryIO:
        """Its bytes. Raises `AssetMissing`."""
        stream: IO[bytes] = self._assets.open(sha256)
        return cast(BinaryIO, stream)
