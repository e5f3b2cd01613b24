"""Templates at rest: each sealed with AES-256-GCM under its person's own key, which the master key wraps.

The associated data binds every ciphertext to its person, template, kind and model, so that rows cannot be swapped or relabelled.
Erasing deletes the wrapped key and blanks the ciphertext: what remains in a backup cannot be opened without that key.
No template and no key is ever part of a text: not of a repr, an error or a log line.
"""

import os
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from consent.biometrics.keys import KEY_BYTES, NONCE_BYTES, KeyWrapper
from consent.biometrics.models import Standing, Template, TemplateKey, TemplateKind
from consent.errors import ConsentError
from consent.rows import rows_changed

Vector = NDArray[np.float32]

_KEYS_PER_QUERY = 500
PAGE = 8_192
"""Rows held at once where all are read: 30 MB."""


class TemplateUnreadable(ConsentError):
    """A template that should be there cannot be opened: an altered row or a missing key. Never a reason to allow."""

    code: ClassVar[str] = "vault.template_unreadable"


class Vault:
    """Seals and opens templates under the master key behind `wrapper`."""

    def __init__(self, wrapper: KeyWrapper) -> None:
        self._wrapper = wrapper

    def seal(
        self,
        session: Session,
        *,
        template_id: str,
        subject_id: str,
        kind: TemplateKind,
        model_revision: str,
        vector: Vector,
        standing: Standing,
        version: int,
        now_ms: int,
    ) -> None:
        """Store a float32[n] template of the subject, at the registry `version` of the caller's change."""
        row = Template(
            id=template_id,
            subject_id=subject_id,
            kind=kind,
            model_revision=model_revision,
            standing=standing,
            nonce=os.urandom(NONCE_BYTES),
            ciphertext=b"",
            version=version,
            created_ms=now_ms,
        )
        cipher = AESGCM(self._key_for_sealing(session, subject_id, now_ms))
        plain = np.ascontiguousarray(vector, dtype="<f4").tobytes()
        row.ciphertext = cipher.encrypt(row.nonce, plain, _bound_to(row))
        session.add(row)
        session.flush()

    def open(self, session: Session, row: Template) -> Vector:
        """The template as float32[n]. Raises `TemplateUnreadable` or `MasterKeyInvalid`."""
        return self.open_all(session, (row,))[0]

    def open_all(self, session: Session, rows: Sequence[Template]) -> list[Vector]:
        """The templates in the order of `rows`, each person's key unwrapped once. Raises as `open` does: all or nothing."""
        keys = _read_keys(session, sorted({row.subject_id for row in rows}))
        ciphers = {subject_id: AESGCM(self._unwrap(key)) for subject_id, key in keys.items()}
        return [_open(row, ciphers.get(row.subject_id)) for row in rows]

    def _key_for_sealing(self, session: Session, subject_id: str, now_ms: int) -> bytes:
        found = session.get(TemplateKey, subject_id, populate_existing=True)
        if found is not None:
            return self._unwrap(found)
        key = os.urandom(KEY_BYTES)
        wrapped = self._wrapper.wrap(key, _key_aad(subject_id))
        row = TemplateKey(
            subject_id=subject_id, wrapped=wrapped, wrapped_by=self._wrapper.key_id, created_ms=now_ms
        )
        session.add(row)
        session.flush()
        return key

    def _unwrap(self, row: TemplateKey) -> bytes:
        return self._wrapper.unwrap(row.wrapped, _key_aad(row.subject_id))


def erase_templates(session: Session, subject_id: str, *, version: int) -> int:
    """Destroy the subject's key and ciphertexts; returns how many templates that ended. Needs no key."""
    session.execute(delete(TemplateKey).where(col(TemplateKey.subject_id) == subject_id))
    live = col(Template.subject_id) == subject_id, col(Template.standing) != Standing.ERASED
    blank = {"standing": Standing.ERASED.value, "nonce": b"", "ciphertext": b"", "version": version}
    return rows_changed(session, update(Template).where(*live).values(blank))


def set_standing(session: Session, subject_id: str, standing: Standing, *, version: int) -> int:
    """Let the subject's templates mean something else (revoked, enrolled again); returns how many."""
    live = col(Template.subject_id) == subject_id, col(Template.standing) != Standing.ERASED
    values = {"standing": standing.value, "version": version}
    return rows_changed(session, update(Template).where(*live).values(values))


def templates_since(session: Session, version: int, kind: TemplateKind) -> list[Template]:
    """The rows of one kind changed after registry version `version`, as the database has them now, by id."""
    statement = (
        select(Template)
        .where(Template.version > version, Template.kind == kind)
        .execution_options(populate_existing=True)
    )
    # Sorted here: asked to sort, SQLite reads the whole table by id instead of the few rows above `version`.
    return sorted(session.exec(statement), key=lambda row: row.id)


def template_pages(session: Session, kind: TemplateKind, *, size: int = PAGE) -> Iterator[list[Template]]:
    """All rows of one kind, by id, `size` at a time."""
    last = ""
    while True:
        statement = (
            select(Template)
            .where(Template.id > last, Template.kind == kind)
            .order_by(Template.id)
            .limit(size)
            .execution_options(populate_existing=True)
        )
        page = list(session.exec(statement))
        if not page:
            return
        yield page
        last = page[-1].id


def _read_keys(session: Session, subject_ids: Sequence[str]) -> dict[str, TemplateKey]:
    keys: dict[str, TemplateKey] = {}
    for start in range(0, len(subject_ids), _KEYS_PER_QUERY):
        some = subject_ids[start : start + _KEYS_PER_QUERY]
        statement = select(TemplateKey).where(col(TemplateKey.subject_id).in_(some))
        for key in session.exec(statement.execution_options(populate_existing=True)):
            keys[key.subject_id] = key
    return keys


def _open(row: Template, cipher: AESGCM | None) -> Vector:
    if cipher is None:
        raise _unreadable(row, "its key is gone")
    try:
        plain = cipher.decrypt(row.nonce, row.ciphertext, _bound_to(row))
    except (InvalidTag, ValueError):
        # `from None`: the cause holds nothing that helps, and its frames hold the key.
        raise _unreadable(row, "the row was altered") from None
    return np.frombuffer(plain, dtype="<f4").astype(np.float32)


def _bound_to(row: Template) -> bytes:
    return "\x1f".join(("template", row.subject_id, row.id, row.kind, row.model_revision)).encode()


def _key_aad(subject_id: str) -> bytes:
    return f"template key\x1f{subject_id}".encode()


def _unreadable(row: Template, why: str) -> TemplateUnreadable:
    return TemplateUnreadable(
        f"template {row.id}: cannot be opened, {why}; restore the row and its key from a backup, or erase the likeness"
    )
