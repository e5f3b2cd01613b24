"""The last look before a release: opens the finished bytes again and proves that they are what we mean to let out.

Stamping checks nothing of what it wrote. Nothing may be served for which `prove_release` has not returned.
"""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

from provenance.credentials.manifest import ReleaseClaim
from provenance.credentials.reader import read_own
from provenance.credentials.report import CredentialReport, ReleaseRecord
from provenance.credentials.trust import TrustList
from provenance.errors import ProofFailed

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven of these bytes. `sha256` is that of the whole file (64 hex digits), `size` in bytes; `release` is
    what the credential in them says.
    """

    sha256: str
    size: int
    manifest_label: str
    release: ReleaseRecord
    timestamped: bool


def prove_release(path: Path, trust: TrustList, expected: ReleaseClaim, *, timestamped: bool = True) -> Proof:
    """Prove the file at `path`, which this process has just stamped, against the production trust list.

    It must carry a credential that is trusted, makes the expected claim (release, generation, decisions, policy, mark),
    records no altered ingredient and, unless `timestamped` is False, holds a time stamp that the list accepts. Raises
    `ProofFailed` with the first of these that does not hold.
    """
    try:
        before = _identity(path)
        sha256, size = digest(path)
        report = read_own(path, trust)
        after = _identity(path)
    except OSError as error:
        raise ProofFailed("proof.unreadable", f"file: {path}: {error.strerror}; stamp it again") from error
    if before != after:
        raise ProofFailed("proof.changed", f"file: {path} changed while it was proven; stamp it again")
    _require_trusted(report)
    release = _require_ours(report, expected)
    if timestamped and not report.timestamped:
        raise ProofFailed(
            "proof.not_timestamped",
            "time stamp: none that the trust list accepts; set the authority and its anchor",
        )
    return Proof(sha256, size, report.manifest_label or "", release, report.timestamped)


def digest(path: Path) -> tuple[str, int]:
    """The sha256 of the whole file in hex, and its size in bytes. Reads in chunks; raises `OSError`."""
    total, size = hashlib.sha256(), 0
    with path.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            total.update(chunk)
            size += len(chunk)
    return total.hexdigest(), size


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _require_trusted(report: CredentialReport) -> None:
    if report.state != "trusted":
        why = ", ".join(report.failures) or "no credential"
        raise ProofFailed(
            "proof.not_trusted",
            f"credential: {report.state} ({why}); check that the signer's root is in the trust list and not expired",
        )
    if report.recorded_ingredient_failures:
        why = ", ".join(report.recorded_ingredient_failures)
        raise ProofFailed(
            "proof.ingredient", f"ingredient: its credential is broken ({why}); release without it or hold it"
        )


def _require_ours(report: CredentialReport, expected: ReleaseClaim) -> ReleaseRecord:
    """What the credential says of the release, which must be what was claimed, field by field."""
    if report.release is None:
        raise ProofFailed("proof.no_release", "credential: says nothing of a release; stamp the right file")
    for field in fields(ReleaseRecord):
        said, claimed = getattr(report.release, field.name), getattr(expected, field.name)
        if said != claimed:
            raise ProofFailed(
                f"proof.{field.name}",
                f"{field.name}: the credential says {said!r}, expected {claimed!r}; stamp the right file",
            )
    if report.ai_generated is not expected.ai_generated:
        raise ProofFailed(
            "proof.ai_generated",
            f"ai_generated: the credential says {report.ai_generated}, expected {expected.ai_generated}; stamp it again",
        )
    return report.release
