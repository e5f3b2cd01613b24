"""A time-stamp authority (RFC 3161) for development, where none is to be had: it answers on loopback only.

A time stamp lets a credential stay trusted after its certificate has expired. In production a public authority's URL is
set instead; this one proves nothing to anybody who does not run it.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, ClassVar, Self

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provenance.errors import PkiError

POLICY = "1.3.6.1.4.1.62558.1.1"
"""The policy OID written into each time stamp: the C2PA certificate policy, as for the certificates."""
HASH_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
"""Message digests accepted, and their lengths; RFC 3161 §2.4.2 has unknown ones refused."""
MAX_REQUEST_BYTES = 64 * 1024
POLL_S = 0.05
"""Seconds between looks at whether to stop."""


class TimestampAuthority:
    """Answers time-stamp requests with an ES256 key. `clock` returns an aware time in UTC."""

    def __init__(self, key: Path, chain: Path, clock: Callable[[], datetime] | None = None) -> None:
        """Load the key and the chain (leaf first). Raises `PkiError` when they cannot be used."""
        try:
            loaded = serialization.load_pem_private_key(key.read_bytes(), None)
            certificates = x509.load_pem_x509_certificates(chain.read_bytes())
        except (OSError, ValueError) as error:
            raise PkiError("pki.unusable", f"time-stamp key or chain: {key}, {chain}: {error}") from error
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise PkiError("pki.unusable", f"time-stamp key: {key} is no EC key; make one with a new PKI")
        self._key = loaded
        der = [item.public_bytes(serialization.Encoding.DER) for item in certificates]
        self._chain = [asn1_x509.Certificate.load(item) for item in der]
        self._clock = clock or (lambda: datetime.now(UTC))

    def respond(self, request: bytes) -> bytes:
        """The DER response to a DER request; a rejection, never an exception, for a request that is not understood."""
        try:
            parsed = tsp.TimeStampReq.load(request, strict=True)
            imprint = parsed["message_imprint"]
            algorithm = imprint["hash_algorithm"]["algorithm"].native
            digest = imprint["hashed_message"].native
            nonce = parsed["nonce"].native
        except (ValueError, TypeError, KeyError):
            return _rejection("bad_data_format")
        if len(digest) != HASH_BYTES.get(algorithm, -1):
            return _rejection("bad_alg")
        token = self._token(imprint, nonce)
        return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())

    def _token(self, imprint: Any, nonce: int | None) -> Any:
        now = self._clock().replace(microsecond=0)
        fields = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": imprint,
            "serial_number": secrets.randbits(127),
            "gen_time": now,
            "accuracy": {"seconds": 1},
        }
        info = tsp.TSTInfo(fields | ({} if nonce is None else {"nonce": nonce})).dump()
        attributes = self._attributes(info, now)
        signature = self._key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(info),
                },
                "certificates": self._chain,
                "signer_infos": [self._signer_info(attributes, signature)],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})

    def _attributes(self, info: bytes, now: datetime) -> Any:
        identity = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(self._chain[0].dump()).digest()})
        return cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "signing_time", "values": [cms.Time({"utc_time": now})]},
                {"type": "signing_certificate_v2", "values": [{"certs": [identity]}]},
                {"type": "message_digest", "values": [hashlib.sha256(info).digest()]},
            ]
        )

    def _signer_info(self, attributes: Any, signature: bytes) -> Any:
        leaf = self._chain[0]
        issued = {"issuer": leaf.issuer, "serial_number": leaf.serial_number}
        return cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier({"issuer_and_serial_number": issued}),
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                "signature": signature,
            }
        )


class TimestampServer:
    """Serves an authority over HTTP on 127.0.0.1; a context manager. `url` is where it answers."""

    def __init__(self, authority: TimestampAuthority, port: int = 0) -> None:
        """Bind at once; port 0 picks a free one."""
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(authority))
        self._server.daemon_threads = True
        self._thread = Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="timestamps", daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(authority: TimestampAuthority) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            body = _body(self)
            if body is None:
                self.send_error(413, "send one request with a Content-Length of at most 64 KiB")
                return
            reply = authority.respond(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the service has its own logs."""

    return Handler


def _body(request: BaseHTTPRequestHandler) -> bytes | None:
    """The request's body, or None when its length is unstated or too large."""
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
        return None
    return request.rfile.read(int(length))


class _Rejection(core.Sequence):  # type: ignore[misc]  # the parent is untyped
    """A response without a token, which RFC 3161 §2.4.2 prescribes and asn1crypto's own class does not allow."""

    _fields: ClassVar[list[Any]] = [("status", tsp.PKIStatusInfo)]


def _rejection(failure: str) -> bytes:
    return bytes(_Rejection({"status": {"status": "rejection", "fail_info": {failure}}}).dump())
