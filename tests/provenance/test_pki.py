"""The development PKI: its shape, who may read its keys, and that it never overwrites any."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.credentials.certificates import CLAIM_SIGNING, DOCUMENT_SIGNING
from provenance.credentials.pki import PkiPaths, create_development_pki
from provenance.errors import PkiError

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> PkiPaths:
    return create_development_pki(
        tmp_path_factory.mktemp("pki") / "keys", organisation="Moraine Studio", now=NOW
    )


def chain(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


def uses(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_the_claim_leaf_lives_no_longer_than_the_profile_allows(paths: PkiPaths) -> None:
    leaf = chain(paths.claim_chain)[0]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=366)
    assert leaf.not_valid_before_utc <= NOW < NOW + timedelta(days=364) < leaf.not_valid_after_utc


def test_the_claim_leaf_may_sign_claims_and_documents_and_nothing_else(paths: PkiPaths) -> None:
    leaf = chain(paths.claim_chain)[0]
    assert uses(leaf) == [CLAIM_SIGNING, DOCUMENT_SIGNING]
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_claim_key_is_on_the_curve_of_es256(paths: PkiPaths) -> None:
    key = chain(paths.claim_chain)[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_time_stamps_have_a_chain_of_their_own_with_their_one_use_critical(paths: PkiPaths) -> None:
    leaf, issuer, root = chain(paths.timestamp_chain)
    extension = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(extension.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    assert extension.critical
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    assert root not in chain(paths.claim_root)


def test_each_certificate_was_issued_by_the_next_one_up(paths: PkiPaths) -> None:
    leaf, issuer = chain(paths.claim_chain)
    (root,) = chain(paths.claim_root)
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    assert issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_the_organisation_is_named_in_the_certificates(paths: PkiPaths) -> None:
    assert "Moraine Studio" in chain(paths.claim_chain)[0].subject.rfc4514_string()


def test_only_the_owner_may_read_a_private_key(paths: PkiPaths) -> None:
    keys = sorted(paths.folder.glob("*.key"))
    assert len(keys) == 6
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_a_complete_pki_knows_that_it_is(paths: PkiPaths, tmp_path: Path) -> None:
    assert paths.complete
    assert not PkiPaths(tmp_path).complete


def test_keys_are_never_overwritten(paths: PkiPaths) -> None:
    before = paths.claim_key.read_bytes()
    with pytest.raises(PkiError, match=r"never overwritten: use those, or name a new folder") as raised:
        create_development_pki(paths.folder, organisation="Other", now=NOW)
    assert raised.value.code == "pki.exists"
    assert paths.claim_key.read_bytes() == before


def test_a_folder_that_holds_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine")
    with pytest.raises(PkiError, match=r"is not empty"):
        create_development_pki(tmp_path, organisation="Other", now=NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    assert create_development_pki(tmp_path / "new" / "pki", organisation="Other", now=NOW).complete
    (tmp_path / "empty").mkdir()
    assert create_development_pki(tmp_path / "empty", organisation="Other", now=NOW).complete


def test_nothing_is_left_beside_the_folder(tmp_path: Path) -> None:
    create_development_pki(tmp_path / "pki", organisation="Other", now=NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["pki"]


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("provenance.credentials.pki.os.fsync", full)
    with pytest.raises(PkiError, match=r"cannot be written \(No space left on device\)") as raised:
        create_development_pki(tmp_path / "pki", organisation="Other", now=NOW)
    assert raised.value.code == "pki.not_written"
    assert not list(tmp_path.iterdir())


def test_a_time_without_a_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PkiError, match=r"now: .* has no time zone") as raised:
        create_development_pki(tmp_path / "pki", organisation="Other", now=datetime(2026, 11, 1))
    assert raised.value.code == "pki.naive_time"
