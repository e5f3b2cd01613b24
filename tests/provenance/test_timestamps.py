"""The development time-stamp authority: what it stamps, what it rejects, and the server around it."""

import hashlib
import subprocess
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.credentials.timestamps import MAX_REQUEST_BYTES, TimestampAuthority
from provenance.errors import PkiError
from tests.support.credentials import Pki

THEN = datetime(2026, 11, 2, 3, 4, 5, 678, tzinfo=UTC)


def request(digest: bytes, algorithm: str = "sha256", *, nonce: int | None = None) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest}
    extra = {} if nonce is None else {"nonce": nonce}
    asked = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True} | extra)
    return bytes(asked.dump())


class Response(core.Sequence):  # type: ignore[misc]  # the parent is untyped
    """A response as RFC 3161 §2.4.2 has it: the token is optional."""

    _fields: ClassVar[list[Any]] = [
        ("status", tsp.PKIStatusInfo),
        ("token", cms.ContentInfo, {"optional": True}),
    ]


def status(response: bytes) -> str:
    parsed = Response.load(response)
    word = str(parsed["status"]["status"].native)
    assert (parsed["token"].native is not None) == (word == "granted")
    return word


@pytest.fixture
def authority(pki: Pki) -> TimestampAuthority:
    return TimestampAuthority(pki.paths.timestamp_key, pki.paths.timestamp_chain, clock=lambda: THEN)


def signed(response: bytes) -> Any:
    return tsp.TimeStampResp.load(response)["time_stamp_token"]["content"]


@settings(max_examples=25, deadline=None)
@given(digest=st.binary(min_size=32, max_size=32), nonce=st.none() | st.integers(0, 2**63))
def test_a_stamp_repeats_what_was_asked_at_the_clocks_second(
    pki: Pki, digest: bytes, nonce: int | None
) -> None:
    authority = TimestampAuthority(pki.paths.timestamp_key, pki.paths.timestamp_chain, clock=lambda: THEN)
    response = authority.respond(request(digest, nonce=nonce))
    info = signed(response)["encap_content_info"]["content"].parsed
    assert status(response) == "granted"
    assert info["message_imprint"]["hashed_message"].native == digest
    assert info["nonce"].native == nonce
    assert info["gen_time"].native == THEN.replace(microsecond=0)


def test_no_two_stamps_share_a_serial_number(authority: TimestampAuthority) -> None:
    replies = [authority.respond(request(bytes(32))) for _ in range(5)]
    serials = {
        signed(reply)["encap_content_info"]["content"].parsed["serial_number"].native for reply in replies
    }
    assert len(serials) == 5


def test_the_signature_is_the_authoritys_over_the_signed_attributes(
    pki: Pki, authority: TimestampAuthority
) -> None:
    content = signed(authority.respond(request(bytes(32))))
    signer = content["signer_infos"][0]
    leaf = x509.load_pem_x509_certificates(pki.paths.timestamp_chain.read_bytes())[0]
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    attributes = signer["signed_attrs"].untag().dump()
    key.verify(signer["signature"].native, attributes, ec.ECDSA(hashes.SHA256()))
    found = {item["type"].native: item["values"][0].native for item in signer["signed_attrs"]}
    info = content["encap_content_info"]["content"].parsed.dump()
    assert found["message_digest"] == hashlib.sha256(info).digest()


@pytest.mark.parametrize(
    "asked",
    [b"", b"hello", bytes(100), request(bytes(31)), request(bytes(20), "sha1"), request(bytes(32), "sha512")],
    ids=["empty", "text", "zeros", "short digest", "sha1", "digest of another length"],
)
def test_what_is_not_understood_is_rejected_not_stamped(authority: TimestampAuthority, asked: bytes) -> None:
    assert status(authority.respond(asked)) == "rejection"


@settings(max_examples=60, deadline=None)
@given(asked=st.binary(max_size=200), cut=st.integers(0, 80))
def test_no_request_is_an_error(pki: Pki, asked: bytes, cut: int) -> None:
    authority = TimestampAuthority(pki.paths.timestamp_key, pki.paths.timestamp_chain)
    for hostile in (asked, request(bytes(32))[:cut], request(bytes(32))[:cut] + asked):
        assert status(authority.respond(hostile)) in {"granted", "rejection"}


def test_a_key_that_cannot_be_used_is_named(pki: Pki, tmp_path: Path) -> None:
    bad = tmp_path / "bad.key"
    bad.write_text("no key")
    for key in (bad, tmp_path / "gone.key"):
        with pytest.raises(PkiError, match=rf"time-stamp key or chain: .*{key.name}") as raised:
            TimestampAuthority(key, pki.paths.timestamp_chain)
        assert raised.value.code == "pki.unusable"


@pytest.mark.integration
def test_openssl_accepts_a_stamp_from_the_server(pki: Pki, tmp_path: Path) -> None:
    message, query, reply = tmp_path / "message", tmp_path / "query", tmp_path / "reply"
    message.write_bytes(b"hello")
    subprocess.run(
        ["openssl", "ts", "-query", "-data", message, "-sha256", "-cert", "-out", query],
        check=True,
        capture_output=True,
    )
    with pki.stamps() as server:
        reply.write_bytes(post(server.url, query.read_bytes()))
    checked = subprocess.run(
        ["openssl", "ts", "-verify", "-in", reply, "-queryfile", query, "-CAfile", pki.paths.timestamp_root,
         "-untrusted", pki.paths.timestamp_chain],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "Verification: OK" in checked.stdout + checked.stderr


@pytest.mark.integration
def test_the_server_answers_on_loopback_only_and_stops(pki: Pki) -> None:
    with pki.stamps() as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert status(post(server.url, request(bytes(32)))) == "granted"
        assert status(post(server.url, b"nonsense")) == "rejection"
    with pytest.raises(urllib.error.URLError):
        post(server.url, request(bytes(32)))


@pytest.mark.integration
def test_a_request_that_is_too_large_is_not_read(pki: Pki) -> None:
    with pki.stamps() as server, pytest.raises(urllib.error.HTTPError) as raised:
        post(server.url, bytes(MAX_REQUEST_BYTES + 1))
    raised.value.close()
    assert raised.value.code == 413


def post(url: str, body: bytes) -> bytes:
    asked = urllib.request.Request(url, data=body, headers={"Content-Type": "application/timestamp-query"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return bytes(answer.read())
