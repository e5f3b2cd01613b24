"""Whom we believe: the anchors for claims and, kept apart from them, the anchors for time stamps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography import x509

from provenance.errors import PkiError

CLAIM_USES = "1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.4\n"
"""Uses a claim signer's certificate may have: c2pa-kp-claimSigning, documentSigning, emailProtection (C2PA 2.4 §14.4.1)."""
STAMP_USES = "1.3.6.1.5.5.7.3.8\n"
"""timeStamping (RFC 3161 §2.3)."""
CLAIM_LIST_URI = "urn:safeconduct:trust:claims"
STAMP_LIST_URI = "urn:safeconduct:trust:timestamps"


@dataclass(frozen=True, slots=True)
class TrustList:
    """Root certificates in PEM: who may sign claims, and who may sign time stamps. A root in one list counts for nothing
    in the other.
    """

    claim_anchors_pem: str
    timestamp_anchors_pem: str

    def __post_init__(self) -> None:
        for field in ("claim_anchors_pem", "timestamp_anchors_pem"):
            try:
                x509.load_pem_x509_certificates(getattr(self, field).encode())
            except ValueError as error:
                raise PkiError(
                    "trust.no_anchor", f"{field}: holds no readable PEM certificate; give at least one root"
                ) from error

    @classmethod
    def from_files(cls, claims: Path, timestamps: Path) -> Self:
        """Read both lists. Raises `PkiError` when one cannot be read or holds no certificate."""
        return cls(_read(claims), _read(timestamps))

    def settings(self) -> dict[str, Any]:
        """The `trust` and `verify` settings of the C2PA library: these anchors only, and nothing fetched from anywhere."""
        claims = {"trust_kind": "manifest", "trust_uri": CLAIM_LIST_URI, "trust_config": CLAIM_USES}
        stamps = {"trust_kind": "tsa", "trust_uri": STAMP_LIST_URI, "trust_config": STAMP_USES}
        anchors = [
            claims | {"trust_anchors": self.claim_anchors_pem},
            stamps | {"trust_anchors": self.timestamp_anchors_pem},
        ]
        return {
            "version": 1,
            "trust": {"anchors": anchors, "trust_config": CLAIM_USES + STAMP_USES},
            "core": {"allowed_network_hosts": []},
            "verify": {
                "verify_after_reading": True,
                "verify_trust": True,
                "verify_timestamp_trust": True,
                "ocsp_fetch": False,
                "remote_manifest_fetch": False,
            },
        }


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise PkiError("trust.unreadable", f"trust list: {path} cannot be read ({error})") from error
