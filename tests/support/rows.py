"""Rows that tests of the surface start from: a generation in some state, a machine's decision, a release, a likeness."""

import hashlib
import json

from consent.likeness.models import Likeness
from moderation.gate.decisions import Decision
from moderation.generation.state import State
from moderation.generation.tables import Generation, GenerationLikeness
from moderation.messages import GenerationRequested
from moderation.release.tables import Release


def generation(
    name: str = "gen_1",
    *,
    account: str = "acct_owner",
    state: State = State.REQUESTED,
    created_ms: int = 1,
    held: str = "",
) -> Generation:
    """A generation of `account`."""
    request = GenerationRequested(generation_id=name, account_id=account, prompt="a lighthouse")
    return Generation(
        id=name, account_id=account, state=state.value, held_stage=held, request=request.model_dump_json(),
        created_ms=created_ms, updated_ms=created_ms,
    )  # fmt: skip


def decision(
    name: str = "dec_1",
    *,
    of: str = "gen_1",
    stage: str = "request",
    verdict: str = "review",
    policy: str = "sha256:0",
    created_ms: int = 2,
) -> Decision:
    """A machine's decision."""
    body = json.dumps({"stage": stage, "verdict": verdict, "ruling": {"rules": []}})
    return Decision(
        id=name, generation_id=of, stage=stage, verdict=verdict, policy_revision=policy, body=body,
        body_sha256=hashlib.sha256(body.encode()).hexdigest(), created_ms=created_ms,
    )  # fmt: skip


def release(content: bytes, name: str = "rel_1", *, of: str = "gen_1") -> Release:
    """A release of `content`."""
    digest = hashlib.sha256(content).hexdigest()
    return Release(id=name, generation_id=of, asset_sha256=digest, size_bytes=len(content), released_ms=3)


def likeness(name: str = "lik_1", *, owner: str = "acct_owner", handle: str = "ada") -> Likeness:
    """An active likeness."""
    return Likeness(
        id=name, owner_account_id=owner, handle=handle, handle_key=handle, created_ms=1, changed_ms=1
    )


def shows(of: str = "gen_1", who: str = "lik_1") -> GenerationLikeness:
    """The generation was approved to show the likeness."""
    return GenerationLikeness(generation_id=of, likeness_id=who, handle="ada", revision=1)
