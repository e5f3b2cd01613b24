"""The master key that wraps every person's data key, behind a port: a file by default, a key management service in earnest.

AES-256-GCM (NIST SP 800-38D) with a fresh 96-bit nonce for every wrap. The `aad` binds a wrapped key to its person, so that rows
cannot be swapped.
"""

import base64
import binascii
import hashlib
import os
from pathlib import Path
from typing import ClassVar, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from consent.errors import ConsentError

KEY_BYTES = 32
NONCE_BYTES = 12


class MasterKeyInvalid(ConsentError):
    """The master key cannot be read, is too open, or is not the one that wrapped."""

    code: ClassVar[str] = "vault.master_key"


class KeyWrapper(Protocol):
    """Wraps and unwraps data keys. A KMS adapter sends `wrap` and `unwrap` to the service; the master key never comes here."""

    @property
    def key_id(self) -> str:
        """Names the master key; no secret."""

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """The wrapped form of a 32-byte data key."""

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """The data key. Raises `MasterKeyInvalid` when this master key did not wrap it for this `aad`."""


class LocalKeyWrapper:
    """A master key held in this process. Its bytes appear in no text."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != KEY_BYTES:
            raise MasterKeyInvalid(f"master key: {len(master_key)} bytes long; give {KEY_BYTES} random bytes")
        self._cipher = AESGCM(master_key)
        self._key_id = "local:" + hashlib.sha256(b"safeconduct master key id" + master_key).hexdigest()[:16]

    @property
    def key_id(self) -> str:
        """`local:` and 16 hex digits derived from the key."""
        return self._key_id

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """Nonce (12 bytes) and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, aad)

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """See `KeyWrapper.unwrap`."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):
            # `from None`: the cause adds nothing a person can act on.
            raise MasterKeyInvalid(
                f"master key: {self._key_id} did not wrap this key, or the row was altered; restore the right master key"
            ) from None


def wrapper_from_text(text: str) -> LocalKeyWrapper:
    """From base64 in an environment variable or a secret store. Raises `MasterKeyInvalid`, which never shows the text."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise MasterKeyInvalid("master key: not valid base64; give 32 random bytes in base64") from None
    return LocalKeyWrapper(key)


def wrapper_from_file(path: Path) -> LocalKeyWrapper:
    """From a file readable by its owner alone, made with a random key on first use; two processes may race to make it.

    Losing this file loses every template for good: back it up apart from the database. Raises `MasterKeyInvalid`.
    """
    if not path.exists():
        _create(path)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise MasterKeyInvalid(
            f"master key: {path.name} is open to others (mode {mode:o}); run chmod 600 on it"
        )
    return wrapper_from_text(path.read_text("ascii"))


def _create(path: Path) -> None:
    """Write a whole key to a private file, then link it into place: a reader sees no half key, and the first writer wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
