"""What the senses perceived in the media of a held decision: kept so that a person sees what the machine saw.

A decision's body holds findings only; a moderator also needs the faces that matched nobody, the scores between the peaks and the
words around the ones that were found. Nothing biometric is here: places, scores and texts, as `subjects.Media` has them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, Session, SQLModel, col, select

from moderation.gate.subjects import Media
from moderation.sql import insert_new


class Perceived(SQLModel, table=True):
    """`body` is the `Media` of one asset as JSON, as the decision saw it."""

    __tablename__ = "perceived"

    decision_id: str = Field(primary_key=True)
    asset: str = Field(primary_key=True)
    position: int = 0
    body: str = Field(sa_column=Column(Text, nullable=False))
    created_ms: int = Field(sa_type=BigInteger)


def remember(session: Session, decision_id: str, media: Sequence[Media], *, now_ms: int) -> None:
    """Keep what was perceived in these files for the decision; the same file is kept once. Raises `TypeError` for what is no
    plain value, such as an embedding."""
    for position, one in enumerate(media):
        body = json.dumps(asdict(one), sort_keys=True, separators=(",", ":"))
        insert_new(
            session, Perceived, decision_id=decision_id, asset=one.asset, position=position, body=body, created_ms=now_ms
        )  # fmt: skip


def recall(session: Session, decision_id: str) -> tuple[Mapping[str, Any], ...]:
    """What was kept for the decision, in the order it was given: each as `subjects.Media`, in plain JSON."""
    rows = select(Perceived.body).where(col(Perceived.decision_id) == decision_id)
    return tuple(json.loads(body) for body in session.exec(rows.order_by(col(Perceived.position))))
