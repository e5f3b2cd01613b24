"""The gate's jobs: gather facts, perceive media, judge without any transaction, and return what to commit.

A job that fails on every attempt does not vanish: its generation is held for a person, with an unjudged decision.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from moderation.asset_files import AssetStoreError
from moderation.assets import AssetMissing, AssetStore
from moderation.bus.jobs import Effect, Job, Lease, Together, no_effect
from moderation.gate.decisions import record_judgement
from moderation.gate.gate import Gate, Judgement
from moderation.gate.perceive import KnownFace
from moderation.gate.perceiver import Perceiver, unavailable
from moderation.gate.subjects import Media, OutputSubject, RequestSubject, WorkUse
from moderation.generation.facts import Limits, RequestFacts, gather
from moderation.generation.facts_many import gather_many
from moderation.generation.output_stage import OUTPUT_GATE, apply_output_judgement
from moderation.generation.pinned_works import works_of
from moderation.generation.remember import remember_held
from moderation.generation.request_batch import Judged, apply_many
from moderation.generation.request_stage import RequestStage, hold
from moderation.generation.rows import get_generation, lock_generation, pinned_likenesses, request_of
from moderation.generation.state import State
from moderation.generation.submit import REQUEST_GATE
from moderation.generation.works import WorksInText
from moderation.messages import GenerationRequested
from moderation.store import Database, now_ms
from policies.findings import CheckReport, CheckStatus
from policies.taxonomy import Stage


@dataclass(frozen=True, slots=True)
class Judging:
    """What both gate jobs work with."""

    database: Database
    gate: Gate
    perceiver: Perceiver
    assets: AssetStore
    limits: Limits
    works: WorksInText
    today: Callable[[], date]

    def perceive(self, sha256: str, *, known: Sequence[KnownFace] = (), credentials: bool = False) -> Media:
        """Perceive an asset of ours; one that cannot be read could not be judged."""
        try:
            path = self.assets.path(sha256)
        except AssetStoreError:  # says nothing of the file: the job asks again
            raise
        except Exception as error:
            return unavailable(sha256, error)
        return self.perceiver.perceive(path, sha256, known=known, credentials=credentials)

    def subject(
        self, request: GenerationRequested, facts: RequestFacts, works: Sequence[WorkUse]
    ) -> RequestSubject:
        """The request as the gate judges it. Perceives its references."""
        return RequestSubject(
            account=facts.account,
            prompt=request.prompt,
            likenesses=facts.likenesses,
            references=tuple(self.perceive(sha256, credentials=True) for sha256 in request.references),
            remix_parent=request.remix_parent or "",
            remix_parent_state=facts.remix_parent_state,
            remix_prompts=facts.remix_prompts,
            works=tuple(works),
            today=self.today(),
            purpose=request.purpose,
            registry_version=facts.registry_version,
            registry_parked=facts.registry_parked,
            rights_parked=facts.rights_parked,
        )


@dataclass(frozen=True, slots=True)
class RequestGateJob:
    """Judges a request."""

    judging: Judging
    stage: RequestStage
    kind: str = REQUEST_GATE
    lease_s: float = 60.0

    def run(self, job: Job, lease: Lease) -> Effect:
        """Judge what is true now; the effect rules on consent once more, under lock."""
        subject = self._subject(job.subject_id)
        if subject is None:
            return no_effect
        judgement = self.judging.gate.judge_request(subject)

        def effect(session: Session) -> None:
            at = now_ms(session)
            self.stage.apply(
                session, job.subject_id, judgement, subject.likenesses, works=subject.works, now_ms=at
            )
            remember_held(session, job.subject_id, subject.references, now_ms=at)

        return effect

    def run_many(self, jobs: Sequence[Job]) -> Together:
        """Judge the plain requests among them at once; the others, and what a check did not come to in time, are run alone."""
        judging, by_generation = self.judging, {job.subject_id: job for job in jobs}
        with judging.database.read() as session:
            found = gather_many(
                session,
                list(by_generation),
                limits=judging.limits,
                works=judging.works,
                today=judging.today(),
                now_ms=now_ms(session),
            )
        judgements = judging.gate.judge_requests([subject for _, subject in found.plain])
        judged = [
            Judged(request, judgement)
            for (request, _), judgement in zip(found.plain, judgements, strict=True)
            if judgement is not None
        ]
        done = {*found.moved_on, *(one.id for one in judged)}

        def effect(session: Session, ended: frozenset[str]) -> None:
            mine = [one for one in judged if by_generation[one.id].id in ended]
            apply_many(session, self.stage, mine, now_ms=now_ms(session))

        return Together(tuple(job for name, job in by_generation.items() if name in done), effect)

    def on_exhausted(self, job: Job, error: BaseException) -> Effect:
        """Hold it for a person."""
        return lambda session: hold_unjudged(
            session, self.judging.gate, job.subject_id, Stage.REQUEST, State.REQUESTED, error
        )

    def _subject(self, generation_id: str) -> RequestSubject | None:
        with self.judging.database.read() as session:
            generation = get_generation(session, generation_id)
            if State(generation.state) is not State.REQUESTED:
                return None
            request = request_of(generation)
            at = now_ms(session)
            rate = generation.requests_last_minute
            facts = gather(session, request, rate=rate, limits=self.judging.limits, now_ms=at)
            works = self.judging.works.find(
                session, request.prompt, request.account_id, now_ms=at, version=facts.registry_version
            )
        return self.judging.subject(request, facts, works)


@dataclass(frozen=True, slots=True)
class OutputGateJob:
    """Judges a finished clip."""

    judging: Judging
    kind: str = OUTPUT_GATE
    lease_s: float = 120.0

    def run(self, job: Job, lease: Lease) -> Effect:
        """Judge the file that the job was queued for; a generation that has moved on needs nothing."""
        sha256 = str(job.payload["sha256"])
        subject = self._subject(job.subject_id, sha256)
        if subject is None:
            return no_effect
        judgement = self.judging.gate.judge_output(subject)

        def effect(session: Session) -> None:
            at = now_ms(session)
            apply_output_judgement(session, job.subject_id, sha256, judgement, works=subject.works, now_ms=at)
            remember_held(session, job.subject_id, (subject.output,), now_ms=at)

        return effect

    def on_exhausted(self, job: Job, error: BaseException) -> Effect:
        """Hold it for a person."""
        return lambda session: hold_unjudged(
            session, self.judging.gate, job.subject_id, Stage.OUTPUT, State.GENERATED, error
        )

    def _subject(self, generation_id: str, sha256: str) -> OutputSubject | None:
        with self.judging.database.read() as session:
            generation = get_generation(session, generation_id)
            if State(generation.state) is not State.GENERATED or generation.output_sha256 != sha256:
                return None
            request = request_of(generation)
            at = now_ms(session)
            rate = generation.requests_last_minute
            facts = gather(session, request, rate=rate, limits=self.judging.limits, now_ms=at)
            pinned = {row.likeness_id for row in pinned_likenesses(session, generation_id)}
            works = works_of(session, generation, now_ms=at)
        with suppress(AssetMissing):  # an unreadable output is found out below
            self.judging.assets.promote(sha256)
        known = [face for reference in request.references for face in self._known_faces(reference)]
        return OutputSubject(
            account=facts.account,
            prompt=request.prompt,
            output=self.judging.perceive(sha256, known=known),
            approved=tuple(use for use in facts.likenesses if use.likeness_id in pinned and use.permitted),
            works=works,
            today=self.judging.today(),
            prompt_judged=True,
            registry_version=facts.registry_version,
        )

    def _known_faces(self, sha256: str) -> tuple[KnownFace, ...]:
        return self.judging.perceiver.known_faces(self.judging.assets.path(sha256), sha256)


def hold_unjudged(
    session: Session, gate: Gate, generation_id: str, stage: Stage, expected: State, error: BaseException
) -> None:
    """Record that the gate could not judge, and open a case. A generation that has moved on is left alone."""
    generation = lock_generation(session, generation_id)
    if State(generation.state) is not expected:
        return
    at = now_ms(session)
    decision = record_judgement(session, generation_id, unjudged(gate, stage, error), now_ms=at)
    if stage is Stage.REQUEST:
        generation.request_decision_id = decision.id
    else:
        generation.output_decision_id = decision.id
    hold(session, generation, decision, stage, now_ms=at)


def unjudged(gate: Gate, stage: Stage, error: BaseException) -> Judgement:
    """The judgement of a gate that could not judge at all."""
    report = CheckReport("gate", 0, CheckStatus.UNJUDGED, "1", (), f"exhausted.{type(error).__name__}")
    return gate.without_checks(stage, report)
