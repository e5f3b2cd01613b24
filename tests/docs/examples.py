"""One example of every message, as it goes over the wire: shown in docs/events.md and docs/asyncapi.yaml, and held to both."""

import hashlib

from moderation.bus.dead_letters import parked
from moderation.bus.log import Partition, Record
from moderation.messages import (
    Brief,
    CaseChanged,
    ConsentChanged,
    DecisionMade,
    Envelope,
    GenerationApproved,
    GenerationReleased,
    GenerationRequested,
    GenerationWithdrawn,
    Message,
    MessageError,
    OutputFailed,
    OutputProduced,
    PinnedLikeness,
    PolicyChanged,
    PolicyFlooded,
    RightsChanged,
)

AT_MS = 1_794_000_000_000
PROMPT = "A lighthouse on a rocky coast at dawn."


def _id(prefix: str, name: str) -> str:
    return f"{prefix}_{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _sha256(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


GENERATION, DECISION, LIKENESS = _id("gen", "lighthouse"), _id("dec", "lighthouse"), _id("lik", "ada")
ADA = PinnedLikeness(likeness_id=LIKENESS, handle="ada", revision=3)

EXAMPLES: tuple[Message, ...] = (
    GenerationRequested(
        generation_id=GENERATION,
        account_id="user-8841",
        prompt=PROMPT,
        likenesses=("@ada",),
        references=(_sha256("reference"),),
    ),
    GenerationApproved(
        generation_id=GENERATION,
        decision_id=DECISION,
        brief=Brief(prompt=PROMPT, likenesses=(ADA,), references=(_sha256("reference"),)),
    ),
    OutputProduced(
        generation_id=GENERATION,
        asset_sha256=_sha256("output"),
        generator="storyboard",
        generator_version="1",
        produced_in_s=6.5,
        adjusted="10 s became 5.06 s",
    ),
    OutputFailed(generation_id=GENERATION, code="generator.timeout", detail="no output within 600 s"),
    DecisionMade(
        generation_id=GENERATION,
        decision_id=DECISION,
        stage="request",
        verdict="allow",
        actor="machine",
        body_sha256=_sha256("body"),
    ),
    GenerationReleased(
        generation_id=GENERATION, release_id=_id("rel", "lighthouse"), asset_sha256=_sha256("release")
    ),
    GenerationWithdrawn(
        generation_id=GENERATION,
        withdrawal_id=_id("wdr", "ada"),
        reason="likeness.revoked",
        reached=1,
        unreachable=2,
    ),
    ConsentChanged(likeness_id=LIKENESS, revision=4, registry_version=17, change="revoked"),
    RightsChanged(work_id=_id("work", "plumber"), registry_version=18, change="opted_out"),
    PolicyChanged(policy="active", revision="sha256:0123456789ab"),
    PolicyFlooded(
        revision="sha256:0123456789ab",
        rule="text.classifier:violence",
        outcome="rolled_back",
        blocks=63,
        decisions=240,
        usual_blocks=31,
        usual_decisions=9120,
        why="text.classifier:violence blocks 63 of 240; sha256:ba9876543210 would not block most of it",
    ),
    CaseChanged(case_id=_id("case", "lighthouse"), generation_id=GENERATION, change="opened"),
)


def parked_envelope() -> Envelope:
    """What is told of a record that could not be processed, as the service tells it."""
    error = MessageError("message.invalid_data", "prompt: Field required")
    record = Record(Partition("generation.requests", 3), 1042, GENERATION, _id("evt", "broken"), b"{}")
    return parked(_id("dead", "broken"), record, error, tries=1, now_ms=AT_MS)


def envelope(message: Message) -> Envelope:
    """The example in its envelope."""
    return Envelope.wrap(message, event_id=_id("evt", message.kind), at_ms=AT_MS)
