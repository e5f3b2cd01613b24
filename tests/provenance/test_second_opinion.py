"""A second opinion: a verifier by other people, built on none of the code that signs, agrees on good and bad files."""

from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest

from provenance.credentials.manifest import Ingredient
from provenance.credentials.stamp import stamp
from tests.support.credentials import Pki, box, claim, flip


def judge(path: Path, pki: Pki) -> dict[str, Any]:
    """What it says, offline and silent, believing our roots only."""
    said = encypher_c2pa.verify(
        str(path),
        trust_pem=pki.trust.claim_anchors_pem,
        tsa_trust_pem=pki.trust.timestamp_anchors_pem,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert isinstance(said, dict)
    return said


def accepted(path: Path, pki: Pki) -> bool:
    said = judge(path, pki)
    good = (said["integrity"], said["signature"], said["hard_binding"]) == ("valid", "valid", "match")
    failures = said["validation_results"].get("failure", [])
    return good and said["trust"]["status"] == "valid_for_supplied_material" and not failures


def test_our_stamp_is_accepted(pki: Pki, stamped: Path) -> None:
    assert accepted(stamped, pki)


@pytest.mark.integration
def test_our_time_stamp_is_accepted(pki: Pki, clip: Path, tmp_path: Path) -> None:
    with pki.stamps() as server:
        stamp(clip, tmp_path / "dated.mp4", claim(), pki.signer, pki.trust, server.url)
    assert accepted(tmp_path / "dated.mp4", pki)
    said = judge(tmp_path / "dated.mp4", pki)
    assert "timeStamp.trusted" in str(said["validation_results"])


@pytest.mark.parametrize("relationship", ["inputTo", "parentOf"])
def test_a_remix_of_ours_is_accepted(
    pki: Pki, clip: Path, stamped: Path, tmp_path: Path, relationship: str
) -> None:
    used = (
        Ingredient(stamped, "remix of rel_1", relationship),  # type: ignore[arg-type]  # one of the two
        Ingredient(None, "likeness lik_1"),
    )
    stamp(clip, tmp_path / "remix.mp4", claim("rel_2", ingredients=used), pki.signer, pki.trust, None)
    assert accepted(tmp_path / "remix.mp4", pki)


def test_a_changed_picture_is_not_accepted(pki: Pki, stamped: Path, tmp_path: Path) -> None:
    content = stamped.read_bytes()
    path = tmp_path / "changed.mp4"
    path.write_bytes(flip(content, box(content, b"mdat")[0] + 50))
    assert not accepted(path, pki)


def test_a_stranger_is_not_accepted(rogue: Pki, stamped: Path) -> None:
    assert not accepted(stamped, rogue)
