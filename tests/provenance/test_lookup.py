"""The answer to "is this file yours?": three words, with reasons, and nothing for strangers to boast of."""

import json
from pathlib import Path

import pytest
from sqlmodel import Session

from provenance import lookup
from provenance.credentials.report import CredentialReport, unreadable
from provenance.credentials.stamp import stamp
from provenance.ledger import entry_of, find_in, record
from provenance.lookup import VerifyAnswer, verify_file
from provenance.proof import digest, prove_release
from tests.support.credentials import Pki, box, claim, flip


@pytest.fixture
def recorded(session: Session, stamped: Path, pki: Pki) -> Session:
    """The ledger, with the stamped clip in it."""
    record(session, entry_of(prove_release(stamped, pki.trust, claim(), timestamped=False), created_ms=1234))
    return session


def codes(answer: VerifyAnswer) -> list[str]:
    return [reason.code for reason in answer.reasons]


def test_our_release_is_ours_and_intact(recorded: Session, pki: Pki, stamped: Path) -> None:
    answer = verify_file(stamped, pki.trust, find_in(recorded))
    assert answer.answer == "ours_intact"
    assert (answer.release_id, answer.created_ms) == ("rel_1", 1234)
    assert answer.sha256 == digest(stamped)[0]
    assert codes(answer) == ["ledger.same_bytes", "credential.trusted"]


def test_a_changed_release_is_ours_and_altered(
    recorded: Session, pki: Pki, stamped: Path, tmp_path: Path
) -> None:
    content = stamped.read_bytes()
    path = tmp_path / "changed.mp4"
    path.write_bytes(flip(content, box(content, b"mdat")[0] + 50))
    answer = verify_file(path, pki.trust, find_in(recorded))
    assert (answer.answer, answer.release_id) == ("ours_altered", "rel_1")
    assert codes(answer) == ["credential.names_release", "content.altered"]


def test_a_release_with_bytes_added_outside_the_signature_says_just_that(
    recorded: Session, pki: Pki, stamped: Path, tmp_path: Path
) -> None:
    path = tmp_path / "longer.mp4"
    path.write_bytes(stamped.read_bytes() + b"\0\0\0\x08free")
    answer = verify_file(path, pki.trust, find_in(recorded))
    assert answer.answer == "ours_altered"
    assert codes(answer) == ["credential.names_release", "bytes.outside_signature"]


def test_a_file_without_a_credential_is_unknown(recorded: Session, pki: Pki, clip: Path) -> None:
    answer = verify_file(clip, pki.trust, find_in(recorded))
    assert (answer.answer, answer.release_id, answer.created_ms) == ("unknown", None, None)
    assert codes(answer) == ["credential.none"]


def test_a_file_that_cannot_be_read_is_unknown_for_that_reason(
    recorded: Session, pki: Pki, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.mp4"
    path.write_bytes(b"\0\0\0\x18")
    answer = verify_file(path, pki.trust, find_in(recorded))
    assert answer.answer == "unknown"
    assert codes(answer) == ["credential.unreadable"]


@pytest.mark.parametrize("state", ["valid", "invalid", "trusted"])
def test_a_foreign_credential_earns_no_word_that_reads_as_praise(
    recorded: Session, pki: Pki, clip: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    foreign = CredentialReport(
        state,  # type: ignore[arg-type]  # one of the states
        issuer="Verified by Safeconduct",
        claim_generator="Genuine and trusted",
        manifest_label="urn:c2pa:authentic",
    )
    monkeypatch.setattr(lookup, "read_credentials", lambda *_args, **_kwargs: foreign)
    answer = verify_file(clip, pki.trust, find_in(recorded))
    said = json.dumps(answer.as_json()).lower()
    assert answer.answer == "unknown"
    assert codes(answer) == ["credential.not_ours"]
    for word in ("trusted", "valid", "verified", "genuine", "authentic", "intact"):
        assert word not in said


def test_a_strangers_file_is_answered_alike_whether_its_credential_holds_or_not(
    recorded: Session, pki: Pki, rogue: Pki, clip: Path, tmp_path: Path
) -> None:
    intact, broken = tmp_path / "intact.mp4", tmp_path / "broken.mp4"
    stamp(clip, intact, claim("rel_1"), rogue.signer, rogue.trust, None)
    content = intact.read_bytes()
    broken.write_bytes(flip(content, box(content, b"mdat")[0] + 50))
    answers = [verify_file(path, pki.trust, find_in(recorded)).as_json() for path in (intact, broken)]
    for answer in answers:
        answer.pop("sha256")
    assert answers[0] == answers[1]


def test_a_release_that_the_ledger_does_not_hold_is_unknown(
    session: Session, pki: Pki, stamped: Path
) -> None:
    answer = verify_file(stamped, pki.trust, find_in(session))
    assert (answer.answer, answer.release_id) == ("unknown", None)
    assert codes(answer) == ["ledger.unknown_release"]


@pytest.mark.parametrize(
    "report", [unreadable("credentials.timeout", ""), CredentialReport("invalid"), CredentialReport("valid")]
)
def test_our_bytes_with_a_credential_that_is_not_confirmed_are_not_called_intact(
    recorded: Session, pki: Pki, stamped: Path, monkeypatch: pytest.MonkeyPatch, report: CredentialReport
) -> None:
    monkeypatch.setattr(lookup, "read_credentials", lambda *_args, **_kwargs: report)
    answer = verify_file(stamped, pki.trust, find_in(recorded))
    assert answer.answer == "unknown"
    assert codes(answer) == ["credential.not_confirmed"]


def test_what_was_not_checked_is_said_in_every_answer(
    recorded: Session, pki: Pki, stamped: Path, clip: Path
) -> None:
    for path in (stamped, clip):
        unchecked = verify_file(path, pki.trust, find_in(recorded)).as_json()["not_checked"]
        assert any("invisible mark" in line for line in unchecked)
        assert any("fingerprint" in line for line in unchecked)


def test_the_answer_is_plain_json(recorded: Session, pki: Pki, stamped: Path) -> None:
    said = verify_file(stamped, pki.trust, find_in(recorded)).as_json()
    assert json.loads(json.dumps(said)) == said
    assert set(said) == {"answer", "sha256", "release_id", "created_ms", "reasons", "not_checked"}


def test_a_missing_file_is_an_error_of_the_caller(session: Session, pki: Pki, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify_file(tmp_path / "gone.mp4", pki.trust, find_in(session))
