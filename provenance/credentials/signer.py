"""Who signs: a port that a key in a file and a key in a KMS both fit, because only `sign` touches the key."""

from pathlib import Path
from typing import Literal, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from provenance.errors import SignerError

Algorithm = Literal["ES256", "ES384", "ED25519", "PS256"]
_CURVES: dict[str, tuple[Algorithm, hashes.HashAlgorithm, int]] = {
    "secp256r1": ("ES256", hashes.SHA256(), 32),
    "secp384r1": ("ES384", hashes.SHA384(), 48),
}
"""Curve -> COSE algorithm, its hash, and the bytes of each half of the signature (RFC 9053 §2.1)."""


class CredentialSigner(Protocol):
    """Signs claims. An implementation may call a KMS; it may be called from any thread."""

    @property
    def algorithm(self) -> Algorithm:
        """The COSE algorithm of the signatures."""

    @property
    def chain_pem(self) -> bytes:
        """The signing certificate, then its issuers, without the root."""

    def sign(self, data: bytes) -> bytes:
        """Sign `data` (hashing is part of it); ECDSA as the two halves joined, not DER. May raise anything."""


class FileKeySigner:
    """An ECDSA key in a file that only its owner may read."""

    def __init__(self, key: Path, chain: Path) -> None:
        """Load and check. Raises `SignerError`: the key is exposed, of another kind, or not the certificate's."""
        self.chain_pem = _read(chain, "certificate chain")
        private = _load(key)
        if private.curve.name not in _CURVES:
            raise _wrong_key(key, f"curve {private.curve.name}")
        self._key = private
        self.algorithm, self._hash, self._half = _CURVES[private.curve.name]
        certificate = _first_certificate(chain, self.chain_pem)
        if certificate.public_key() != private.public_key():
            raise SignerError(
                "signer.key_mismatch", f"key: {key} does not belong to the first certificate in {chain}"
            )

    def sign(self, data: bytes) -> bytes:
        """The signature as `r || s`, each half big-endian (RFC 9053 §2.1)."""
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(self._hash)))
        return r.to_bytes(self._half, "big") + s.to_bytes(self._half, "big")


def _load(path: Path) -> ec.EllipticCurvePrivateKey:
    content = _read(path, "private key")
    if path.stat().st_mode & 0o077:
        raise SignerError(
            "signer.key_exposed", f"key: {path} can be read by others than its owner; chmod 600 it"
        )
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError) as error:
        raise _wrong_key(path, "no unencrypted PEM key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _wrong_key(path, type(key).__name__)
    return key


def _wrong_key(path: Path, got: str) -> SignerError:
    return SignerError(
        "signer.wrong_key", f"key: {path} holds {got}; give an EC key on P-256 or P-384 in PEM"
    )


def _first_certificate(path: Path, pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except ValueError as error:
        raise SignerError(
            "signer.no_certificate", f"chain: {path} holds no PEM certificate; put the leaf first"
        ) from error


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SignerError(
            "signer.missing",
            f"{what}: {path} cannot be read ({error.strerror}); create a PKI or name its file",
        ) from error
