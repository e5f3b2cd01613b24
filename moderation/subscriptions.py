"""Which topics the service listens to, and what each message does: short transactions that record and queue, nothing more."""

from collections.abc import Sequence

from sqlmodel import Session

from consent.likeness.registry import registry_version
from moderation.bus.job_queue import cancel_jobs
from moderation.bus.log import Record
from moderation.bus.subscription import BackPressure, Subscription
from moderation.generation.generate import GENERATE, queue_generation
from moderation.generation.output_stage import OUTPUT_GATE, output_arrived, output_failed
from moderation.generation.parked import PARKED
from moderation.generation.rows import GenerationUnknown, lock_generation, move
from moderation.generation.state import State, Step
from moderation.generation.submit import REQUEST_GATE, receive, receive_many
from moderation.messages import (
    ConsentChanged,
    GenerationApproved,
    GenerationRequested,
    Message,
    OutputFailed,
    OutputProduced,
    RightsChanged,
    Topic,
)
from moderation.store import now_ms


class RegistryBehind(Exception):
    """A change was announced that the database does not show: the replica must not judge before it does."""

    code = "registry.behind"


def request_subscription() -> Subscription:
    """Requests that come as events. A parked one holds nothing: either there is no generation yet, or the id belongs to another
    request, which must not suffer for it."""
    return Subscription(
        (Topic.REQUESTS,),
        "request-gate",
        on_request,
        back_pressure=BackPressure((REQUEST_GATE,), high=6000, low=3000),
        handle_many=on_requests,
    )


def generator_subscription() -> Subscription:
    """Approved briefs."""
    return Subscription((Topic.APPROVED,), "generator", on_approved, hold_parked, BackPressure((GENERATE,)))


def output_subscription() -> Subscription:
    """The generator's outputs and failures."""
    return Subscription((Topic.OUTPUTS,), "output-gate", on_output, hold_parked, BackPressure((OUTPUT_GATE,)))


def registry_subscription() -> Subscription:
    """Changes of consent and rights. A parked one makes every replica say it could not judge."""
    return Subscription((Topic.CONSENT, Topic.RIGHTS), "registry", on_registry_change)


def on_request(session: Session, message: Message, _record: Record) -> None:
    """Record the request and queue its judgement."""
    if isinstance(message, GenerationRequested):
        receive(session, message, now_ms=now_ms(session))


def on_requests(session: Session, messages: Sequence[Message]) -> None:
    """As `on_request` for each, at once."""
    requests = [message for message in messages if isinstance(message, GenerationRequested)]
    receive_many(session, requests, now_ms=now_ms(session))


def on_approved(session: Session, message: Message, _record: Record) -> None:
    """Queue the brief for the generator."""
    if isinstance(message, GenerationApproved):
        resumed = resume_parked(session, message.generation_id)
        queue_generation(session, message, at_ms=now_ms(session), resumed=resumed)


def on_output(session: Session, message: Message, _record: Record) -> None:
    """Record the output and queue its judgement, or record the failure."""
    if isinstance(message, OutputProduced):
        resume_parked(session, message.generation_id)
        output_arrived(session, message, now_ms=now_ms(session))
    elif isinstance(message, OutputFailed):
        resume_parked(session, message.generation_id)
        output_failed(session, message, now_ms=now_ms(session))


def on_registry_change(session: Session, message: Message, _record: Record) -> None:
    """Hold the announcement against the database. Raises `RegistryBehind` when the database does not know of it."""
    if isinstance(message, ConsentChanged | RightsChanged):
        known = registry_version(session)
        if known < message.registry_version:
            raise RegistryBehind(
                f"registry_version: {message.registry_version} was announced, the database is at {known}; "
                "is this replica on the right database?"
            )


def hold_parked(session: Session, record: Record, _error: BaseException) -> None:
    """A message of a generation was parked: hold the generation until it is replayed, and stop making its video meanwhile."""
    try:
        generation = lock_generation(session, record.key)
    except GenerationUnknown:
        return
    if State(generation.state) is State.APPROVED:
        move(session, generation, Step.HOLD, now_ms=now_ms(session), because="message.parked")
        generation.held_stage = PARKED
        session.add(generation)
        cancel_jobs(session, subject_id=generation.id, kinds=[GENERATE])


def resume_parked(session: Session, generation_id: str) -> bool:
    """The parked message came again: go on where the generation was held. False when it was not."""
    generation = lock_generation(session, generation_id)
    if State(generation.state) is not State.HELD or generation.held_stage != PARKED:
        return False
    move(session, generation, Step.RESUME, now_ms=now_ms(session))
    generation.held_stage = ""
    generation.ended_because = ""
    session.add(generation)
    return True
