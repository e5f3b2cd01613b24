"""Makes a development PKI in a folder, so that a clone of the project can stamp files that verify within a minute.

Two chains that share nothing: one signs claims, one signs time stamps. It is for development: the private keys of the
authorities lie beside the others. In production the leaf's key lives in a KMS behind `signer.CredentialSigner`.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from provenance.credentials import certificates
from provenance.credentials.certificates import CLAIM_USES, STAMP_USES, Holder
from provenance.errors import PkiError


@dataclass(frozen=True, slots=True)
class PkiPaths:
    """Where each part of a development PKI lies. `.pem` files are public; `.key` files are readable by the owner only."""

    folder: Path

    @property
    def claim_root(self) -> Path:
        """The anchor that verifiers must trust for claims."""
        return self.folder / "claim_root.pem"

    @property
    def claim_chain(self) -> Path:
        """The leaf that signs claims, then its issuing authority."""
        return self.folder / "claim_chain.pem"

    @property
    def claim_key(self) -> Path:
        """The leaf's private key (P-256, PKCS #8)."""
        return self.folder / "claim.key"

    @property
    def timestamp_root(self) -> Path:
        """The anchor that verifiers must trust for time stamps."""
        return self.folder / "timestamp_root.pem"

    @property
    def timestamp_chain(self) -> Path:
        """The leaf that signs time stamps, then its issuing authority, then the root."""
        return self.folder / "timestamp_chain.pem"

    @property
    def timestamp_key(self) -> Path:
        """The time-stamping leaf's private key (P-256, PKCS #8)."""
        return self.folder / "timestamp.key"

    @property
    def complete(self) -> bool:
        """Whether everything that stamping and reading needs is there."""
        parts = (self.claim_root, self.claim_chain, self.claim_key, self.timestamp_root)
        return all(part.is_file() for part in (*parts, self.timestamp_chain, self.timestamp_key))


def create_development_pki(folder: Path, *, organisation: str, now: datetime) -> PkiPaths:
    """Write a new PKI to `folder`, all of it or nothing. `now` is an aware time; the claim leaf lives 365 days from it.

    Raises `PkiError` (`pki.exists`) when `folder` holds anything: keys are never overwritten.
    """
    if now.tzinfo is None:
        raise PkiError("pki.naive_time", f"now: {now!r} has no time zone; pass an aware time such as UTC")
    _refuse_to_overwrite(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in _contents(organisation, now).items():
            _write(fresh / name, content)
        fresh.rename(folder)
    except OSError as error:
        _refuse_to_overwrite(folder)
        raise PkiError("pki.not_written", f"folder: {folder} cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return PkiPaths(folder)


def _refuse_to_overwrite(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise PkiError(
            "pki.exists",
            f"folder: {folder} is not empty; keys are never overwritten: use those, or name a new folder",
        )


def _contents(organisation: str, now: datetime) -> Mapping[str, bytes]:
    claim_root = certificates.root("Safeconduct development claim root", organisation, now)
    claim_issuer = certificates.issuing_authority(
        "Safeconduct development claim authority", organisation, CLAIM_USES, claim_root, now
    )
    claim = certificates.leaf("Safeconduct release signer", organisation, CLAIM_USES, claim_issuer, now=now)
    stamp_root = certificates.root("Safeconduct development time-stamp root", organisation, now)
    stamp_issuer = certificates.issuing_authority(
        "Safeconduct development time-stamp authority", organisation, STAMP_USES, stamp_root, now
    )
    stamp_days = certificates.AUTHORITY_DAYS
    stamp = certificates.leaf(
        "Safeconduct time stamps", organisation, STAMP_USES, stamp_issuer, now=now, days=stamp_days
    )
    return {
        "claim_root.pem": chain_pem(claim_root),
        "claim_root.key": key_pem(claim_root),
        "claim_issuing.key": key_pem(claim_issuer),
        "claim_chain.pem": chain_pem(claim, claim_issuer),
        "claim.key": key_pem(claim),
        "timestamp_root.pem": chain_pem(stamp_root),
        "timestamp_root.key": key_pem(stamp_root),
        "timestamp_issuing.key": key_pem(stamp_issuer),
        "timestamp_chain.pem": chain_pem(stamp, stamp_issuer, stamp_root),
        "timestamp.key": key_pem(stamp),
    }


def chain_pem(*holders: Holder) -> bytes:
    """The holders' certificates in PEM, in the order given."""
    encoding = serialization.Encoding.PEM
    return b"".join(holder.certificate.public_bytes(encoding) for holder in holders)


def key_pem(holder: Holder) -> bytes:
    """The holder's private key in unencrypted PKCS #8 PEM."""
    return holder.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    mode = 0o600 if path.suffix == ".key" else 0o644
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
