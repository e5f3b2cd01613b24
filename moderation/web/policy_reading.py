"""Stored documents, read for the pages: beside the active one, with what they change and what they switch off.

A revision never changes, so what was read once is kept; one that cannot be read any more is said to be so.
"""

from dataclasses import dataclass
from functools import lru_cache

from sqlmodel import Session

from moderation.policy.notices import off_beside
from moderation.policy.store import state_of
from moderation.policy.tables import PolicyRow
from policies.document import PolicyDocument, parse_document
from policies.lifecycle.diff import Change, diff
from policies.lifecycle.states import LifecycleState
from policies.loading.problems import PolicyInvalid, Problem

_parsed = lru_cache(maxsize=16)(parse_document)


@dataclass(frozen=True, slots=True)
class Read:
    """A document beside the active one: what it changes, None where there is nothing to compare, and what it newly switches off.
    `problems` say why it cannot be read, or, where `document` is there, why the active one cannot."""

    document: PolicyDocument | None = None
    changes: tuple[Change, ...] | None = None
    newly_off: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


def active_row(session: Session) -> PolicyRow | None:
    """The document that rules, as it is stored."""
    state = state_of(session, LifecycleState.ACTIVE)
    return session.get(PolicyRow, state.revision) if state else None


def read_beside(row: PolicyRow, active: PolicyRow | None) -> Read:
    """A stored document beside the active one."""
    try:
        document = _parsed(row.document, name=row.name)
    except PolicyInvalid as error:
        return Read(problems=error.problems)
    return compare(document, active)


def compare(document: PolicyDocument, active: PolicyRow | None) -> Read:
    """A document, stored or not, beside the active one."""
    if active is None or active.revision == document.revision:
        return Read(document)
    try:
        ruling = _parsed(active.document, name=active.name)
    except PolicyInvalid as error:
        return Read(document, problems=error.problems)
    return Read(document, diff(ruling, document), off_beside(document, ruling))
