"""Answers "is this file yours?" for anybody, in three words, and says what it did not look at.

The answer for a file that is not ours holds nothing that reads as an endorsement: not the state of its credential, not
its signer's name, not its title; all of these are words that whoever made the file chose.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from provenance.credentials.reader import read_credentials
from provenance.credentials.report import CredentialReport
from provenance.credentials.trust import TrustList
from provenance.ledger import Find, LedgerEntry
from provenance.proof import digest

Answer = Literal["ours_intact", "ours_altered", "unknown"]

NOT_CHECKED = (
    "No invisible mark is read: a copy of ours that lost its credential is not recognised.",
    "No fingerprint is compared: a re-encoded, cropped or re-recorded copy is not recognised.",
    "Credentials of ingredients inside the file are not searched for releases of ours.",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the answer: a stable code and a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class VerifyAnswer:
    """`release_id` and `created_ms` (when it was released, ms since the epoch UTC) are None unless the answer is ours."""

    answer: Answer
    sha256: str
    reasons: tuple[Reason, ...]
    release_id: str | None = None
    created_ms: int | None = None
    not_checked: tuple[str, ...] = NOT_CHECKED

    def as_json(self) -> dict[str, Any]:
        """For the command line and the API: plain JSON values."""
        return {
            "answer": self.answer,
            "sha256": self.sha256,
            "release_id": self.release_id,
            "created_ms": self.created_ms,
            "reasons": [{"code": reason.code, "text": reason.text} for reason in self.reasons],
            "not_checked": list(self.not_checked),
        }


def verify_file(path: Path, trust: TrustList, find: Find, *, timeout_s: float = 20) -> VerifyAnswer:
    """Say whether the file at `path` is ours. `trust` holds our own anchors. Raises `OSError` when it cannot be opened.

    - `ours_intact`: the ledger holds these very bytes, and the credential inside is trusted.
    - `ours_altered`: the credential inside is one of ours for a release in the ledger, yet the bytes differ.
    - `unknown`: everything else, also when the credential could not be read.
    """
    sha256, _ = digest(path)
    report = read_credentials(path, trust, timeout_s=timeout_s)
    released = find("sha256", sha256)
    if released is not None:
        return _of_released_bytes(released, sha256, report)
    named = find("release_id", report.release_id) if report.release_id else None
    if named is not None:
        return _of_other_bytes(named, sha256, report)
    return VerifyAnswer("unknown", sha256, (_why_unknown(report),))


def _of_released_bytes(released: LedgerEntry, sha256: str, report: CredentialReport) -> VerifyAnswer:
    if report.state == "trusted" and report.release_id == released.release_id:
        return VerifyAnswer(
            "ours_intact",
            sha256,
            (
                Reason("ledger.same_bytes", "These are exactly the bytes that were released."),
                Reason("credential.trusted", "The credential inside is ours and is intact."),
            ),
            released.release_id,
            released.created_ms,
        )
    reason = Reason(
        "credential.not_confirmed",
        "The ledger holds these bytes, but the credential inside could not be confirmed now "
        f"({report.state}); ask the operator.",
    )
    return VerifyAnswer("unknown", sha256, (reason,))


def _of_other_bytes(named: LedgerEntry, sha256: str, report: CredentialReport) -> VerifyAnswer:
    if report.state == "trusted":
        change = Reason(
            "bytes.outside_signature",
            "The signed content is intact, but bytes outside it were changed or added: the file is not the one released.",
        )
    else:
        change = Reason(
            "content.altered",
            "The content is not what was signed: it was altered, or the credential was put on another file.",
        )
    found = Reason(
        "credential.names_release", "It carries a credential that we signed for one of our releases."
    )
    return VerifyAnswer("ours_altered", sha256, (found, change), named.release_id, named.created_ms)


_UNKNOWN = {
    "none": Reason("credential.none", "It carries no credential, and the ledger does not hold these bytes."),
    "unreadable": Reason(
        "credential.unreadable", "Its credential could not be read, so nothing was learnt from it."
    ),
}


def _why_unknown(report: CredentialReport) -> Reason:
    if report.release_id is not None:
        return Reason(
            "ledger.unknown_release", "Its credential names a release that the ledger does not hold."
        )
    foreign = Reason("credential.not_ours", "It carries a credential that is not ours; we did not judge it.")
    return _UNKNOWN.get(report.state, foreign)
