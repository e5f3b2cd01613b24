"""The tables of the embedded event log. Records hang on a topic's id, so a topic made anew starts empty."""

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field, SQLModel


class TopicRow(SQLModel, table=True):
    """A topic that exists."""

    __tablename__ = "log_topic"
    name: str = Field(primary_key=True)
    id: str = Field(unique=True)
    partitions: int
    compacted: bool
    created_ms: int = Field(sa_type=BigInteger)


class PartitionRow(SQLModel, table=True):
    """A partition; offsets are allocated under this row's lock, so no reader sees an offset before all lower ones."""

    __tablename__ = "log_partition"
    topic_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    next_offset: int = Field(default=0, sa_type=BigInteger)


class RecordRow(SQLModel, table=True):
    """A record."""

    __tablename__ = "log_record"
    topic_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    log_offset: int = Field(primary_key=True, sa_type=BigInteger)
    key: str
    event_id: str
    value: bytes = Field(sa_type=LargeBinary)
    at_ms: int = Field(sa_type=BigInteger)


class MemberRow(SQLModel, table=True):
    """A living member of a consumer group, until its lease runs out; one row per topic it reads."""

    __tablename__ = "log_member"
    group_name: str = Field(primary_key=True)
    member_id: str = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    lease_until_ms: int = Field(sa_type=BigInteger)
