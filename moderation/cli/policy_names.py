"""Which revision is meant on the command line: a file, a revision or its beginning, `active`, `rollout`, or `shipped`."""

from collections.abc import Sequence
from pathlib import Path

from sqlmodel import Session, col, select

from moderation.policy.errors import PolicyUnknown
from moderation.policy.lifecycle import Act, add
from moderation.policy.store import active_revision, state_of, stored_document
from moderation.policy.tables import PolicyRow
from policies.document import PolicyDocument, load_document, shipped_document, shipped_text
from policies.lifecycle.states import LifecycleState

PREFIX = "sha256:"
SHORTEST = 4
"""Digits of a revision that are enough to name it."""


def named_document(session: Session, name: str) -> PolicyDocument:
    """The document of that name, which need not be stored. Raises `PolicyUnknown`, `PolicyInvalid`, `PolicyMissing`."""
    if name == "shipped":
        return shipped_document()
    if Path(name).is_file():
        return load_document(Path(name))
    return stored_document(session, named_revision(session, name))


def text_of(session: Session, name: str) -> str:
    """The document of that name as it was written, comments and all. Raises `PolicyUnknown`, `PolicyMissing`."""
    if name == "shipped":
        return shipped_text()
    return session.get_one(PolicyRow, named_revision(session, name)).document


def stored(session: Session, name: str, act: Act) -> PolicyDocument:
    """The stored document of that name; one in a file is added as a draft first."""
    if Path(name).is_file():
        path = Path(name)
        load_document(path)  # its problems name the file
        return add(session, path.read_text(encoding="utf-8"), name=path.stem, act=act)
    return stored_document(session, named_revision(session, name))


def named_revision(session: Session, name: str) -> str:
    """The one stored revision that is called, or begins, like this. Raises `PolicyUnknown`."""
    if name == "active":
        return active_revision(session)
    if name == "rollout":
        row = state_of(session, LifecycleState.ROLLOUT)
        return _one(name, [row.revision] if row else [])
    digits = name.removeprefix(PREFIX)
    if len(digits) < SHORTEST:
        return _one(name, [])
    like = col(PolicyRow.revision).startswith(PREFIX + digits, autoescape=True)
    return _one(name, session.exec(select(PolicyRow.revision).where(like)).all())


def _one(name: str, revisions: Sequence[str]) -> str:
    if len(revisions) == 1:
        return revisions[0]
    sentence = (
        "several stored policies begin so" if revisions else "no file and no stored policy has this name"
    )
    raise PolicyUnknown(
        sentence, field="revision", value=name, remedy="`safeconduct policy list` shows the revisions"
    )
