"""`POST /v1/judgements`: the gate asked directly, answered at once; nothing is generated, no quota is taken."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from moderation.accounts.keys import Principal
from moderation.api.auth import Requester, sees_all
from moderation.api.context import AdmissionHere, ServicesHere, make_router
from moderation.api.routes.generations import acting_account, require_assets
from moderation.api.services import JudgementItem, Services
from moderation.gate.decisions import TOLD
from moderation.gate.judge import MAX_TEXT
from moderation.ids import new_id
from moderation.messages import Identifier, Sha256

router = make_router("judgements", "/v1/judgements")
THEIR_OWN = frozenset({"likeness.unknown", "likeness.not_granted", "reference.unreadable"})
"""Findings whose `matched` is the handle that was asked for, or the code of why a file cannot be read."""


class JudgementIn(BaseModel):
    """What is to be judged; `id` is given back with the answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "row-17", "text": "A lighthouse in a storm"}]}
    )
    id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    text: str = Field(min_length=1, max_length=MAX_TEXT)
    account_id: Identifier | None = None
    likenesses: tuple[Identifier, ...] = Field(default=(), max_length=16)
    references: tuple[Sha256, ...] = Field(default=(), max_length=16)
    purpose: str = Field(default="video", min_length=1, max_length=64)


class JudgementOut(BaseModel):
    """The decision: which rule fired, on which evidence, under which revisions."""

    model_config = ConfigDict(extra="allow")
    id: str
    verdict: Literal["allow", "review", "block"]
    categories: list[str] = Field(default_factory=list)
    findings: list[dict[str, Any]] = Field(default_factory=list)
    revisions: dict[str, Any] = Field(default_factory=dict)


@router.post("", summary="Judge a prompt, with its references and likenesses", response_model=JudgementOut)
async def judge(
    body: JudgementIn, who: Requester, services: ServicesHere, admission: AdmissionHere
) -> JSONResponse:
    """The same checks and policy as for a generation, under the same revisions. A pipeline reads all of it; whoever asks for
    themselves reads no scores, thresholds or list entries. Answers 503 while too many wait."""
    return await admission.run(lambda: _judged(body, who, services))


def _judged(body: JudgementIn, who: Principal, services: Services) -> JSONResponse:
    item = _item(body, who, services)
    record = dict(services.judge(item))
    JudgementOut.model_validate(record)  # a gate that answers nonsense must not be passed on
    return JSONResponse(record if sees_all(who) else to_requester(record))


def to_requester(record: Mapping[str, Any]) -> dict[str, Any]:
    """A judgement as whoever asks for videos may read it: no score, no threshold, no operators' text, no list entry, pattern or
    other person; what matched is left where it repeats what they named themselves."""
    told = dict(record)
    told["findings"] = [_finding(one) for one in record["findings"]]
    if "rules" in told:
        told["rules"] = [{**one, "threshold": None} for one in record["rules"]]
    if "reasons" in told:
        told["reasons"] = {name: record["reasons"].get(name) for name in TOLD}
    return told


def _finding(found: Mapping[str, Any]) -> dict[str, Any]:
    names = ("category", "signal", "where", *(("matched",) if found["signal"] in THEIR_OWN else ()))
    return {name: found[name] for name in names}


def _item(body: JudgementIn, who: Principal, services: Services) -> JudgementItem:
    account_id = who.account_id
    if body.references or body.account_id not in {None, who.account_id}:
        with services.database.read() as session:
            account_id = acting_account(session, who, body.account_id)
            require_assets(session, "references", body.references, who.account_id, account_id)
    return JudgementItem(
        item_id=body.id or new_id("item"),
        text=body.text,
        account_id=account_id,
        likenesses=body.likenesses,
        references=body.references,
        purpose=body.purpose,
    )
