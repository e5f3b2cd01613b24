"""The tamper matrix: for each thing one can do to a stamped file, what the reader finds and what we answer about it."""

import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from provenance.credentials.manifest import Ingredient
from provenance.credentials.reader import read_credentials
from provenance.credentials.stamp import stamp
from provenance.credentials.timestamps import TimestampAuthority, TimestampServer
from provenance.credentials.trust import TrustList
from provenance.errors import ProofFailed
from provenance.ledger import entry_of, find_in, record
from provenance.lookup import verify_file
from provenance.proof import prove_release
from tests.support.credentials import Pki, box, claim, credential_box, expiring_signer, flip, make_mp4

Tamper = Callable[[bytes], bytes]


def free_box(content: bytes) -> bytes:
    return content + struct.pack(">I4s", 16, b"free") + b"\0" * 8


def strip(content: bytes) -> bytes:
    start, length = credential_box(content)
    return content[:start] + content[start + length :]


def inside(content: bytes, kind: bytes) -> bytes:
    start, length = box(content, kind)
    return flip(content, start + length // 2)


def after(content: bytes, word: bytes) -> bytes:
    """Flip the first byte of `word` inside the credential."""
    return flip(content, content.index(word, credential_box(content)[0]))


MATRIX: dict[str, tuple[Tamper, str, str]] = {
    "nothing": (lambda content: content, "trusted", "ours_intact"),
    "a byte of the picture": (lambda content: inside(content, b"mdat"), "invalid", "ours_altered"),
    "a byte of the index": (lambda content: inside(content, b"moov"), "invalid", "ours_altered"),
    "a box appended outside the hash": (free_box, "trusted", "ours_altered"),
    "the brand, outside the hash": (lambda content: flip(content, 12), "trusted", "ours_altered"),
    "garbage appended": (lambda content: content + bytes(100), "invalid", "ours_altered"),
    "the credential stripped": (strip, "none", "unknown"),
    "the release id changed": (lambda content: after(content, b"rel_1"), "invalid", "unknown"),
    "the opt-out changed": (lambda content: after(content, b"notAllowed"), "invalid", "ours_altered"),
    "the claim changed": (lambda content: after(content, b"specVersion"), "invalid", "unknown"),
    "the last byte cut off": (lambda content: content[:-1], "unreadable", "unknown"),
    "half of it cut off": (lambda content: content[: len(content) // 2], "invalid", "ours_altered"),
}


@pytest.fixture
def recorded(session: Session, stamped: Path, pki: Pki) -> Session:
    """The ledger, with the stamped clip in it."""
    proof = prove_release(stamped, pki.trust, claim(), timestamped=False)
    record(session, entry_of(proof, created_ms=1))
    return session


@pytest.mark.parametrize("what", MATRIX)
def test_the_tamper_matrix(recorded: Session, pki: Pki, stamped: Path, tmp_path: Path, what: str) -> None:
    tamper, state, answer = MATRIX[what]
    path = tmp_path / "file.mp4"
    path.write_bytes(tamper(stamped.read_bytes()))
    assert read_credentials(path, pki.trust).state == state
    assert verify_file(path, pki.trust, find_in(recorded)).answer == answer


def test_our_credential_on_another_video_is_no_proof_of_it(
    recorded: Session, pki: Pki, stamped: Path, tmp_path: Path
) -> None:
    stamp(make_mp4(tmp_path / "b.mp4", seed=9), tmp_path / "b", claim("rel_b"), pki.signer, pki.trust, None)
    ours, other = stamped.read_bytes(), (tmp_path / "b").read_bytes()
    start, length = credential_box(ours)
    at, old = credential_box(other)
    path = tmp_path / "swapped.mp4"
    path.write_bytes(other[:at] + ours[start : start + length] + other[at + old :])
    assert read_credentials(path, pki.trust).failures == ("assertion.bmffHash.mismatch",)
    answer = verify_file(path, pki.trust, find_in(recorded))
    assert answer.answer == "ours_altered"
    assert any("put on another file" in reason.text for reason in answer.reasons)


def test_a_rogue_chain_with_our_names_and_release_id_is_unknown(
    recorded: Session, pki: Pki, rogue: Pki, clip: Path, tmp_path: Path
) -> None:
    forged = tmp_path / "forged.mp4"
    stamp(clip, forged, claim("rel_1"), rogue.signer, rogue.trust, None)
    report = read_credentials(forged, pki.trust)
    assert (report.state, report.release) == ("valid", None)
    assert verify_file(forged, pki.trust, find_in(recorded)).answer == "unknown"
    with pytest.raises(ProofFailed) as raised:
        prove_release(forged, pki.trust, claim("rel_1"), timestamped=False)
    assert raised.value.code == "proof.not_trusted"


def test_a_recorded_tampered_parent_is_seen_though_the_remix_reads_trusted(
    pki: Pki, clip: Path, stamped: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(inside(stamped.read_bytes(), b"mdat"))
    made = claim("rel_2", ingredients=(Ingredient(broken, "remix"),))
    remix = tmp_path / "remix.mp4"
    stamp(clip, remix, made, pki.signer, pki.trust, None)
    report = read_credentials(remix, pki.trust)
    assert report.state == "trusted"
    assert report.recorded_ingredient_failures == ("assertion.bmffHash.mismatch",)
    with pytest.raises(ProofFailed, match=r"ingredient: its credential is broken") as raised:
        prove_release(remix, pki.trust, made, timestamped=False)
    assert raised.value.code == "proof.ingredient"


@pytest.mark.integration
def test_after_the_leaf_expires_only_a_time_stamped_file_stays_trusted(
    pki: Pki, clip: Path, tmp_path: Path
) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    signer, root = expiring_signer(tmp_path / "keys", ends)
    trust = TrustList(root.decode(), pki.trust.timestamp_anchors_pem)
    plain, dated = tmp_path / "plain.mp4", tmp_path / "dated.mp4"
    authority = TimestampAuthority(pki.paths.timestamp_key, pki.paths.timestamp_chain)
    with TimestampServer(authority) as server:
        stamp(clip, plain, claim(), signer, trust, None)
        stamp(clip, dated, claim(), signer, trust, server.url)
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()) + 1.1)
    expired = read_credentials(plain, trust)
    assert expired.state == "invalid"
    assert "signingCredential.expired" in expired.failures
    assert read_credentials(dated, trust).state == "trusted"
    with pytest.raises(ProofFailed, match=r"signingCredential\.expired"):
        prove_release(plain, trust, claim(), timestamped=False)
