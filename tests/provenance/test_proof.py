"""The proof: only the very bytes we meant, carrying the very claim we made, pass; everything else has its own code."""

import hashlib
from pathlib import Path

import pytest

from provenance import proof
from provenance.credentials.reader import CredentialReport, read_own
from provenance.credentials.stamp import stamp
from provenance.credentials.trust import TrustList
from provenance.errors import ProofFailed
from provenance.proof import digest, prove_release
from tests.support.credentials import Pki, box, claim, flip


def test_the_proof_names_the_bytes_and_what_they_say(pki: Pki, stamped: Path) -> None:
    proven = prove_release(stamped, pki.trust, claim(), timestamped=False)
    content = stamped.read_bytes()
    assert proven.sha256 == hashlib.sha256(content).hexdigest()
    assert proven.size == len(content)
    assert proven.manifest_label.startswith("urn:c2pa:")
    assert proven.manifest_label.encode() in content
    assert proven.release.release_id == "rel_1"
    assert proven.release.mark_revision == claim().mark_revision


@pytest.mark.integration
def test_with_a_time_stamp_nothing_is_left_to_ask(pki: Pki, clip: Path, tmp_path: Path) -> None:
    with pki.stamps() as server:
        stamp(clip, tmp_path / "dated.mp4", claim(), pki.signer, pki.trust, server.url)
    assert prove_release(tmp_path / "dated.mp4", pki.trust, claim()).timestamped


def test_a_file_without_a_time_stamp_does_not_pass_unasked(pki: Pki, stamped: Path) -> None:
    with pytest.raises(ProofFailed, match=r"set the authority and its anchor") as raised:
        prove_release(stamped, pki.trust, claim())
    assert raised.value.code == "proof.not_timestamped"


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("release_id", "rel_2"),
        ("generation_id", "gen_2"),
        ("policy_revision", "sha256:ffffffffffff"),
        ("decision_ids", ("dec_request",)),
        ("mark_revision", "plain-label:ffffffffffff"),
        ("ai_generated", False),
    ],
)
def test_a_credential_that_makes_another_claim_does_not_pass(
    pki: Pki, stamped: Path, field: str, other: object
) -> None:
    with pytest.raises(ProofFailed, match=rf"{field}: the credential says .*, expected ") as raised:
        prove_release(stamped, pki.trust, claim(**{field: other}), timestamped=False)  # type: ignore[arg-type]  # any field
    assert raised.value.code == f"proof.{field}"


def test_a_changed_byte_does_not_pass(pki: Pki, stamped: Path, tmp_path: Path) -> None:
    content = stamped.read_bytes()
    path = tmp_path / "changed.mp4"
    path.write_bytes(flip(content, box(content, b"mdat")[0] + 50))
    with pytest.raises(ProofFailed, match=r"credential: invalid \(assertion\.bmffHash\.mismatch\)") as raised:
        prove_release(path, pki.trust, claim(), timestamped=False)
    assert raised.value.code == "proof.not_trusted"


def test_an_unstamped_file_does_not_pass(pki: Pki, clip: Path) -> None:
    with pytest.raises(ProofFailed, match=r"credential: none \(no credential\)"):
        prove_release(clip, pki.trust, claim(), timestamped=False)


def test_a_trust_list_without_our_root_lets_nothing_pass(rogue: Pki, stamped: Path) -> None:
    with pytest.raises(ProofFailed, match=r"credential: valid \(signingCredential\.untrusted\)"):
        prove_release(stamped, rogue.trust, claim(), timestamped=False)


def test_a_missing_file_does_not_pass(pki: Pki, tmp_path: Path) -> None:
    with pytest.raises(ProofFailed, match=r"gone\.mp4: No such file") as raised:
        prove_release(tmp_path / "gone.mp4", pki.trust, claim(), timestamped=False)
    assert raised.value.code == "proof.unreadable"


def test_a_file_that_changes_while_it_is_proven_does_not_pass(
    pki: Pki, stamped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "moving.mp4"
    path.write_bytes(stamped.read_bytes())

    def swap(seen: Path, trust: TrustList) -> CredentialReport:
        report = read_own(seen, trust)
        path.write_bytes(b"something else")
        return report

    monkeypatch.setattr(proof, "read_own", swap)
    with pytest.raises(ProofFailed, match="changed while it was proven") as raised:
        prove_release(path, pki.trust, claim(), timestamped=False)
    assert raised.value.code == "proof.changed"


def test_the_digest_is_that_of_the_whole_file(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000  # more than two chunks
    (tmp_path / "file").write_bytes(content)
    assert digest(tmp_path / "file") == (hashlib.sha256(content).hexdigest(), len(content))
