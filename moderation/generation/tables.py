"""The rows of a generation: itself, the likenesses it was approved to show, and the assets it is made of."""

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel

from moderation.generation.state import State


class Generation(SQLModel, table=True):
    """One request for a video and everything that happens to it. `request` is the command as JSON; `held_stage` says which
    gate holds it; `ended_because` is a stable code for a refusal, cancellation, failure or withdrawal."""

    __tablename__ = "generation"

    id: str = Field(primary_key=True)
    account_id: str = Field(index=True)
    state: str = Field(default=State.REQUESTED.value, index=True)
    held_stage: str = ""
    request: str = Field(sa_column=Column(Text, nullable=False))
    remix_parent: str | None = Field(default=None, index=True)
    request_decision_id: str | None = None
    output_decision_id: str | None = None
    output_sha256: str | None = None
    generator: str = ""
    release_id: str | None = None
    progress: float = 0.0
    requests_last_minute: int = 0
    ended_because: str = ""
    created_ms: int = Field(sa_type=BigInteger, index=True)
    updated_ms: int = Field(sa_type=BigInteger)


class GenerationLikeness(SQLModel, table=True):
    """A likeness pinned to a generation at the consent revision that allowed it: how a revocation finds what it touches."""

    __tablename__ = "generation_likeness"

    generation_id: str = Field(primary_key=True, foreign_key="generation.id")
    likeness_id: str = Field(primary_key=True, index=True)
    handle: str
    revision: int
    restrictions_revision: int = 0


class GenerationWork(SQLModel, table=True):
    """A protected work named in the request, or shown by the video that it remixes. `approved` is how it stood towards the
    account when the request was decided, `judged` when the output was; `franchise_id` is the work it belongs to, or empty."""

    __tablename__ = "generation_work"

    generation_id: str = Field(primary_key=True, foreign_key="generation.id")
    work_id: str = Field(primary_key=True, index=True)
    use: str = Field(primary_key=True)
    name: str
    franchise_id: str = Field(default="", index=True)
    approved: str
    judged: str


class LikenessPortrait(SQLModel, table=True):
    """A picture that the owner of a likeness gave for the generator to work from. Erasing the likeness deletes it."""

    __tablename__ = "likeness_portrait"

    likeness_id: str = Field(primary_key=True)
    asset_sha256: str = Field(primary_key=True)
    created_ms: int = Field(sa_type=BigInteger)


class Asset(SQLModel, table=True):
    """A media file we hold, by content address. `role` is `reference`, `portrait`, `output` or `release`."""

    __tablename__ = "asset"

    sha256: str = Field(primary_key=True)
    role: str
    account_id: str = Field(default="", index=True)
    media_type: str = ""
    size_bytes: int = Field(default=0, sa_type=BigInteger)
    created_ms: int = Field(sa_type=BigInteger)


class AssetHolder(SQLModel, table=True):
    """An account that uploaded the file, and may therefore name it as a reference or a portrait."""

    __tablename__ = "asset_holder"

    sha256: str = Field(primary_key=True)
    account_id: str = Field(primary_key=True)
    created_ms: int = Field(sa_type=BigInteger)
