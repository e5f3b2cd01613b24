"""The tables of the vault: a wrapped key per person, and the templates sealed under it.

An erased template stays as an empty row (`standing` erased, no ciphertext) so that every replica learns of it by its version.
"""

from enum import StrEnum

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Standing(StrEnum):
    """What a match with this template means. `protected`: a listed person who never enrolled, such as a public figure."""

    ENROLLED = "enrolled"
    REVOKED = "revoked"
    PROTECTED = "protected"
    ERASED = "erased"


class TemplateKind(StrEnum):
    """What the template was made from."""

    FACE = "face"
    VOICE = "voice"


class TemplateKey(SQLModel, table=True):
    """A person's random data key, wrapped by the master key `wrapped_by`. Deleting the row is what erasing means."""

    __tablename__ = "template_key"

    subject_id: str = Field(primary_key=True, max_length=64)
    wrapped: bytes = Field(repr=False)
    wrapped_by: str = Field(max_length=64)
    created_ms: int = Field(sa_type=BigInteger)


class Template(SQLModel, table=True):
    """One sealed template. `subject_id` is a likeness id, or the id of a protected person.

    `version` is the registry version of the row's last change: a replica that has seen n reads the rows above n.
    """

    __tablename__ = "template"

    id: str = Field(primary_key=True, max_length=64)
    subject_id: str = Field(index=True, max_length=64)
    kind: str = Field(max_length=16)
    model_revision: str = Field(max_length=64)
    standing: str = Field(default=Standing.ENROLLED, max_length=16)
    nonce: bytes = Field(repr=False)
    ciphertext: bytes = Field(repr=False)
    version: int = Field(index=True, sa_type=BigInteger)
    created_ms: int = Field(sa_type=BigInteger)
