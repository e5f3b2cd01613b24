"""The key in a file: it signs as COSE wants it, and refuses what would fail later or leak."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.credentials.signer import FileKeySigner
from provenance.errors import SignerError
from tests.support.credentials import Pki


def write_key(path: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> Path:
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)
    return path


@settings(max_examples=30, deadline=None)
@given(data=st.binary(min_size=1, max_size=500))
def test_every_signature_is_two_halves_of_32_bytes_that_verify(pki: Pki, data: bytes) -> None:
    signature = pki.signer.sign(data)
    assert len(signature) == 64
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key = x509.load_pem_x509_certificates(pki.signer.chain_pem)[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))


def test_the_algorithm_follows_the_key(pki: Pki) -> None:
    assert pki.signer.algorithm == "ES256"


def test_a_key_that_others_can_read_is_refused(pki: Pki, tmp_path: Path) -> None:
    exposed = tmp_path / "claim.key"
    exposed.write_bytes(pki.paths.claim_key.read_bytes())
    exposed.chmod(0o640)
    with pytest.raises(SignerError, match=r"read by others than its owner; chmod 600 it") as raised:
        FileKeySigner(exposed, pki.paths.claim_chain)
    assert raised.value.code == "signer.key_exposed"


def test_a_key_of_another_certificate_is_refused(pki: Pki, rogue: Pki) -> None:
    with pytest.raises(SignerError, match=r"does not belong to the first certificate in") as raised:
        FileKeySigner(rogue.paths.claim_key, pki.paths.claim_chain)
    assert raised.value.code == "signer.key_mismatch"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (ec.generate_private_key(ec.SECP521R1()), "curve secp521r1"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519PrivateKey"),
    ],
)
def test_a_key_of_another_kind_is_refused(
    pki: Pki, tmp_path: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, said: str
) -> None:
    path = write_key(tmp_path / "other.key", key)
    with pytest.raises(SignerError, match=said) as raised:
        FileKeySigner(path, pki.paths.claim_chain)
    assert raised.value.code == "signer.wrong_key"


def test_a_file_without_a_key_is_refused(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "no.key"
    path.write_text("not a key")
    path.chmod(0o600)
    with pytest.raises(SignerError, match=r"holds no unencrypted PEM key; give an EC key"):
        FileKeySigner(path, pki.paths.claim_chain)


def test_a_chain_without_a_certificate_is_refused(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    path.write_text("nothing")
    with pytest.raises(SignerError, match=r"holds no PEM certificate; put the leaf first") as raised:
        FileKeySigner(pki.paths.claim_key, path)
    assert raised.value.code == "signer.no_certificate"


def test_a_missing_file_is_named(pki: Pki, tmp_path: Path) -> None:
    with pytest.raises(SignerError, match=r"private key: .*gone\.key cannot be read") as raised:
        FileKeySigner(tmp_path / "gone.key", pki.paths.claim_chain)
    assert raised.value.code == "signer.missing"


def test_the_key_itself_shows_nowhere(pki: Pki) -> None:
    assert "PRIVATE" not in repr(pki.signer) + str(vars(pki.signer))
