"""The trust list: what it refuses to hold, and that it lets the library fetch nothing."""

from pathlib import Path

import pytest

from provenance.credentials.trust import CLAIM_LIST_URI, STAMP_LIST_URI, TrustList
from provenance.errors import PkiError
from tests.support.credentials import Pki


def test_the_two_lists_stay_apart_in_the_settings(pki: Pki) -> None:
    claims, stamps = pki.trust.settings()["trust"]["anchors"]
    assert (claims["trust_kind"], claims["trust_uri"]) == ("manifest", CLAIM_LIST_URI)
    assert (stamps["trust_kind"], stamps["trust_uri"]) == ("tsa", STAMP_LIST_URI)
    assert claims["trust_anchors"] == pki.paths.claim_root.read_text()
    assert stamps["trust_anchors"] == pki.paths.timestamp_root.read_text()


def test_nothing_is_fetched_from_anywhere(pki: Pki) -> None:
    settings = pki.trust.settings()
    assert settings["verify"]["remote_manifest_fetch"] is False
    assert settings["verify"]["ocsp_fetch"] is False
    assert settings["core"]["allowed_network_hosts"] == []


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_list_without_a_certificate_is_refused_by_name(pki: Pki, text: str) -> None:
    with pytest.raises(PkiError, match=r"timestamp_anchors_pem: holds no readable PEM certificate") as raised:
        TrustList(pki.trust.claim_anchors_pem, text)
    assert raised.value.code == "trust.no_anchor"
    with pytest.raises(PkiError, match=r"claim_anchors_pem"):
        TrustList(text, pki.trust.timestamp_anchors_pem)


def test_a_missing_list_is_named(pki: Pki, tmp_path: Path) -> None:
    with pytest.raises(PkiError, match=r"gone\.pem cannot be read") as raised:
        TrustList.from_files(tmp_path / "gone.pem", pki.paths.timestamp_root)
    assert raised.value.code == "trust.unreadable"
