"""The ports of `api.services` on the real parts: small adapters, each from one part's words to the surface's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sqlmodel import Session

from consent.likeness.changes import LikenessChange
from moderation.api.services import ApiLimits, EnrolmentRequest, JudgementItem, Services
from moderation.assets import AssetStore
from moderation.gate.judge import Item, Judge
from moderation.generation.facts import Limits, account_facts, likeness_uses
from moderation.generation.human import HumanDecisions
from moderation.likenesses.enrol import Enrolment
from moderation.messages import GenerationRequested
from moderation.review.cases import CaseDecided
from moderation.store import Database, now_ms
from policies.taxonomy import Verdict

if TYPE_CHECKING:
    from moderation.bootstrap import Application


def services_of(application: "Application") -> Services:
    """The surface's services, from the parts of `application`."""
    settings = application.settings
    return Services(
        database=application.database,
        judge=JudgeByItem(application.judge, application.database, application.assets, application.limits),
        assets=UploadedFiles(application.assets),
        enrol=EnrolByRequest(application.enrolment),
        verify=application.verify,
        on_case_decided=MoveOn(application.people),
        health=application.health,
        metrics=application.metrics,
        link_secret=application.link_secret,
        public_url=settings.public_url,
        limits=ApiLimits(link_ttl_s=settings.link_ttl_s),
    )


@dataclass(frozen=True, slots=True)
class UploadedFiles:
    """Uploads go straight to their permanent place: they are content-addressed, and nothing is served from it unasked."""

    store: AssetStore

    def keep(self, path: Path, sha256: str) -> None:
        """As `AssetFiles.keep`."""
        self.store.stage(path, expected=sha256)
        self.store.promote(sha256)

    def open(self, sha256: str) -> IO[bytes]:
        """As `AssetFiles.open`."""
        return self.store.open(sha256)


@dataclass(frozen=True, slots=True)
class JudgeByItem:
    """Adds to an item what the database knows: the account's standing and what its likenesses' owners allow."""

    judge: Judge
    database: Database
    store: AssetStore
    limits: Limits

    def __call__(self, item: JudgementItem) -> Mapping[str, Any]:
        """As `services.Judge`. The rate is not counted: nothing is asked for that would be made."""
        asked = GenerationRequested(
            generation_id=item.item_id,
            account_id=item.account_id,
            prompt="-",
            likenesses=item.likenesses,
            purpose=item.purpose,
        )
        with self.database.read() as session:
            at = now_ms(session)
            account = account_facts(session, item.account_id, limits=self.limits, rate=0, now_ms=at)
            likenesses = likeness_uses(session, asked, now_ms=at)
        return self.judge.judge(
            Item(
                item.item_id,
                text=item.text,
                references=tuple(self.store.path(sha256) for sha256 in item.references),
                account=account,
                likenesses=likenesses,
                purpose=item.purpose,
            )
        )


@dataclass(frozen=True, slots=True)
class EnrolByRequest:
    """Enrolment by the surface's request."""

    enrolment: Enrolment

    def __call__(self, request: EnrolmentRequest) -> LikenessChange:
        """As `Services.enrol`."""
        return self.enrolment.enrol(
            account_id=request.account_id,
            handle=request.handle,
            portraits=request.portraits,
            minor=request.minor,
            actor=request.actor,
        )


@dataclass(frozen=True, slots=True)
class MoveOn:
    """Lets the generation move on as a moderator decided, in the transaction that closes the case."""

    people: HumanDecisions

    def __call__(self, session: Session, decided: CaseDecided) -> None:
        """As `OnDecided`."""
        self.people.apply(
            session,
            generation_id=decided.generation_id,
            decision_id=decided.decision_id,
            case_id=decided.case_id,
            verdict=Verdict(decided.outcome.value),
            moderator=decided.decided_by,
            reason=decided.reason,
            now_ms=decided.decided_ms,
        )
