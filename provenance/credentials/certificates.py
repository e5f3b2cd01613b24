"""Builds X.509 certificates in the shape of the C2PA certificate profile (C2PA 2.4 specification, §14.5).

Pure: keys and the time come in, certificates go out. `pki.py` puts them in files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
"""c2pa-kp-claimSigning, C2PA 2.4 §14.5.1."""
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning, RFC 9336."""
CLAIM_USES: Sequence[ObjectIdentifier] = (CLAIM_SIGNING, DOCUMENT_SIGNING)
STAMP_USES: Sequence[ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,)
LEAF_DAYS = 365
"""Within the 366 days that the C2PA certificate policy allows a claim-signing leaf."""
AUTHORITY_DAYS = 20 * 365
CLOCK_SKEW = timedelta(hours=1)

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Holder:
    """A certificate and the key that belongs to it."""

    certificate: x509.Certificate
    key: Key


def root(common_name: str, organisation: str, now: datetime) -> Holder:
    """A self-signed root on P-384 that may stand above one issuing authority; valid for 20 years."""
    key = ec.generate_private_key(ec.SECP384R1())
    subject = _name(common_name, organisation)
    builder = _base(subject, key, subject, key, now=now, days=AUTHORITY_DAYS)
    return Holder(_authority(builder, path_length=1).sign(key, hashes.SHA384()), key)


def issuing_authority(
    common_name: str, organisation: str, uses: Sequence[ObjectIdentifier], above: Holder, now: datetime
) -> Holder:
    """An authority under `above` that issues leaves for `uses` and no further authorities; valid for 20 years."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = above.certificate.subject
    builder = _base(_name(common_name, organisation), key, issuer, above.key, now=now, days=AUTHORITY_DAYS)
    builder = _authority(builder, path_length=0).add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    return Holder(builder.sign(above.key, hashes.SHA384()), key)


def leaf(
    common_name: str,
    organisation: str,
    uses: Sequence[ObjectIdentifier],
    issuer: Holder,
    *,
    now: datetime,
    days: int = LEAF_DAYS,
) -> Holder:
    """An ES256 end-entity certificate for `uses`, valid from an hour before `now` for `days` days.

    A time-stamping certificate carries its one use as critical (RFC 3161 §2.3).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject, authority = _name(common_name, organisation), issuer.certificate.subject
    builder = _base(subject, key, authority, issuer.key, now=now, days=days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
    critical = tuple(uses) == tuple(STAMP_USES)
    builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=critical)
    return Holder(builder.sign(issuer.key, hashes.SHA256()), key)


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _base(
    subject: x509.Name, key: Key, issuer: x509.Name, issuer_key: Key, *, now: datetime, days: int
) -> x509.CertificateBuilder:
    start = now - CLOCK_SKEW
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )


def _authority(builder: x509.CertificateBuilder, path_length: int) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    return builder.add_extension(_key_usage(signs_certificates=True), critical=True)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
