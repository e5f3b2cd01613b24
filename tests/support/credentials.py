"""What tests of credentials need: small real videos, a development PKI, claims, and the time-stamp authority's server."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np

from provenance.credentials import certificates
from provenance.credentials.certificates import CLAIM_USES, Holder
from provenance.credentials.manifest import ReleaseClaim
from provenance.credentials.pki import PkiPaths, chain_pem, create_development_pki, key_pem
from provenance.credentials.signer import FileKeySigner
from provenance.credentials.timestamps import TimestampAuthority, TimestampServer
from provenance.credentials.trust import TrustList

C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""The id of the uuid box that holds the manifest store (C2PA 2.4 §A.5)."""
MARK = "plain-label:000000000000"


@dataclass(frozen=True)
class Pki:
    """A development PKI with what is made from it."""

    paths: PkiPaths
    signer: FileKeySigner
    trust: TrustList

    def stamps(self) -> TimestampServer:
        """A server of its time-stamp authority."""
        return TimestampServer(TimestampAuthority(self.paths.timestamp_key, self.paths.timestamp_chain))


def make_pki(folder: Path, organisation: str = "Safeconduct tests") -> Pki:
    """A fresh PKI in `folder`, valid now."""
    paths = create_development_pki(folder, organisation=organisation, now=datetime.now(UTC))
    trust = TrustList.from_files(paths.claim_root, paths.timestamp_root)
    return Pki(paths, FileKeySigner(paths.claim_key, paths.claim_chain), trust)


def expiring_signer(folder: Path, ends: datetime) -> tuple[FileKeySigner, bytes]:
    """A signer whose leaf is valid until `ends`, and its root in PEM."""
    now = datetime.now(UTC)
    root = certificates.root("Root", "Tests", now)
    issuer = certificates.issuing_authority("Issuer", "Tests", CLAIM_USES, root, now)
    start = ends - timedelta(days=1) + certificates.CLOCK_SKEW
    leaf = certificates.leaf("Leaf", "Tests", CLAIM_USES, issuer, now=start, days=1)
    return file_signer(folder, leaf, issuer), chain_pem(root)


def file_signer(folder: Path, leaf: Holder, *above: Holder) -> FileKeySigner:
    """A signer over files written from these holders."""
    folder.mkdir(parents=True, exist_ok=True)
    key, chain = folder / "leaf.key", folder / "chain.pem"
    key.write_bytes(key_pem(leaf))
    key.chmod(0o600)
    chain.write_bytes(chain_pem(leaf, *above))
    return FileKeySigner(key, chain)


def make_mp4(path: Path, *, frames: int = 8, seed: int = 0, width: int = 96, height: int = 64) -> Path:
    """A short H.264 video of noise."""
    noise = np.random.default_rng(seed)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(frames):
            pixels = noise.integers(0, 255, (height, width, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def claim(release_id: str = "rel_1", **changes: Any) -> ReleaseClaim:
    """A claim with every field filled; `changes` replace fields."""
    fields: dict[str, Any] = {
        "release_id": release_id,
        "generation_id": "gen_1",
        "title": f"{release_id}.mp4",
        "generator": "storyboard",
        "generator_version": "1.0",
        "policy_revision": "sha256:0123456789ab",
        "decision_ids": ("dec_request", "dec_output"),
        "mark_revision": MARK,
    }
    return ReleaseClaim(**(fields | changes))


def boxes(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The top-level boxes of an mp4: kind, first byte, length (ISO/IEC 14496-12 §4.2)."""
    start = 0
    while start + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[start : start + 8])
        yield kind, start, length
        start += length


def box(content: bytes, kind: bytes) -> tuple[int, int]:
    """First byte and length of the first box of `kind`."""
    return next((start, length) for found, start, length in boxes(content) if found == kind)


def credential_box(content: bytes) -> tuple[int, int]:
    """First byte and length of the box that holds the credentials."""
    return next(
        (start, length)
        for kind, start, length in boxes(content)
        if kind == b"uuid" and content[start + 8 : start + 24] == C2PA_BOX
    )


def flip(content: bytes, at: int) -> bytes:
    """`content` with the lowest bit of the byte at `at` turned over."""
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
