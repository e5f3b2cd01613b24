"""Reading any file: a hostile one costs one subprocess, and what could not be read never counts as without credentials."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from provenance.credentials import worker
from provenance.credentials.reader import Limits, read_credentials, read_own
from provenance.credentials.trust import TrustList
from tests.support.credentials import Pki, box, flip


def test_the_subprocess_reads_what_the_process_itself_reads(pki: Pki, stamped: Path) -> None:
    assert read_credentials(stamped, pki.trust) == read_own(stamped, pki.trust)


def test_a_file_without_credentials_has_none(pki: Pki, clip: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.new("RGB", (16, 16)).save(picture)
    for path in (clip, picture):
        report = read_credentials(path, pki.trust)
        assert (report.state, report.failures) == ("none", ())


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "hello")


HOSTILE: dict[str, Callable[[Path, bytes], object]] = {
    "empty": lambda path, _: path.write_bytes(b""),
    "4 bytes": lambda path, _: path.write_bytes(b"\0\0\0\x18"),
    "text": lambda path, _: path.write_bytes(b"hello, world"),
    "a zip named mp4": lambda path, _: zipped(path),
    "webm": lambda path, _: path.write_bytes(bytes.fromhex("1A45DFA3") + bytes(99)),
    "one byte short": lambda path, content: path.write_bytes(content[:-1]),
    "a box larger than the file": lambda path, content: path.write_bytes(
        content + (1 << 31).to_bytes(4, "big") + b"mdat" + b"x"
    ),
    "a box of length 3": lambda path, content: path.write_bytes(content + b"\0\0\0\x03mdat"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_cannot_be_read_is_unreadable_and_not_none(
    pki: Pki, stamped: Path, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "hostile.mp4"
    HOSTILE[kind](path, stamped.read_bytes())
    report = read_credentials(path, pki.trust)
    assert report.state in {"unreadable", "invalid"}
    assert report.failures


def test_a_format_without_credentials_says_so(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "video.webm"
    HOSTILE["webm"](path, b"")
    assert read_credentials(path, pki.trust).failures == ("credentials.format",)


def test_a_missing_file_is_unreadable(pki: Pki, tmp_path: Path) -> None:
    for read in (read_credentials, read_own):
        report = read(tmp_path / "gone.mp4", pki.trust)
        assert (report.state, report.failures) == ("unreadable", ("credentials.unreadable",))
        assert "No such file" in report.detail


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.999))
def test_no_truncated_file_is_trusted(pki: Pki, stamped: Path, tmp_path: Path, share: float) -> None:
    content = stamped.read_bytes()
    path = tmp_path / "short.mp4"
    path.write_bytes(content[: int(len(content) * share)])
    assert read_credentials(path, pki.trust).state in {"unreadable", "invalid", "none"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True), kind=st.sampled_from([b"mdat", b"moov"]))
def test_no_file_with_a_changed_picture_is_trusted(
    pki: Pki, stamped: Path, tmp_path: Path, share: float, kind: bytes
) -> None:
    content = stamped.read_bytes()
    start, length = box(content, kind)
    path = tmp_path / "changed.mp4"
    path.write_bytes(flip(content, start + int(length * share)))
    assert read_credentials(path, pki.trust).state in {"unreadable", "invalid"}


def test_a_huge_file_ends_at_the_time_limit(pki: Pki, stamped: Path, tmp_path: Path) -> None:
    path = tmp_path / "huge.mp4"
    path.write_bytes(stamped.read_bytes() + (1).to_bytes(4, "big") + b"mdat" + (1 << 36).to_bytes(8, "big"))
    os.truncate(path, 1 << 36)
    report = read_credentials(path, pki.trust, timeout_s=1)
    assert report.state == "unreadable"
    assert report.failures[0] in {"credentials.timeout", "credentials.crashed"}


def test_too_little_time_is_a_time_out(pki: Pki, stamped: Path) -> None:
    report = read_credentials(stamped, pki.trust, timeout_s=0.001)
    assert (report.state, report.failures) == ("unreadable", ("credentials.timeout",))


def test_too_little_memory_is_a_crash_of_the_subprocess_only(pki: Pki, stamped: Path) -> None:
    report = read_credentials(stamped, pki.trust, limits=Limits(memory_bytes=8 << 20))
    assert report.state == "unreadable"


def test_an_answer_that_is_too_long_is_not_read(pki: Pki, stamped: Path) -> None:
    report = read_credentials(stamped, pki.trust, limits=Limits(output_bytes=200))
    assert report.state == "unreadable"


@pytest.mark.parametrize("answer", [b"", b"{", b"[]", b"3", b'{"store": {}}', b"[" * 100_000, b"\xff"])
def test_an_answer_of_nonsense_is_unreadable(
    pki: Pki, stamped: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: bytes
) -> None:
    (tmp_path / "answer").write_bytes(answer)
    impostor = tmp_path / "impostor.py"
    impostor.write_text(
        "import pathlib, sys\n"
        "sys.stdin.read()\n"
        "answer = pathlib.Path(__file__).with_name('answer').read_bytes()\n"
        "sys.stdout.buffer.write(answer)\n"
    )
    monkeypatch.setattr(worker, "__file__", str(impostor))
    assert read_credentials(stamped, pki.trust).state == "unreadable"


def test_a_crash_is_named_with_its_exit_status(
    pki: Pki, stamped: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    crash = tmp_path / "crash.py"
    crash.write_text("import os\nos.abort()\n")
    monkeypatch.setattr(worker, "__file__", str(crash))
    report = read_credentials(stamped, pki.trust)
    assert report.failures == ("credentials.crashed",)
    assert "-6" in report.detail


def test_the_subprocess_inherits_no_secret(
    pki: Pki, stamped: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAFECONDUCT_SECRET", "hunter2")
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import json, os\nprint(json.dumps({'error': 'spied', 'detail': str(dict(os.environ))}))\n"
    )
    monkeypatch.setattr(worker, "__file__", str(spy))
    report = read_credentials(stamped, pki.trust)
    assert report.failures == ("spied",)
    assert "hunter2" not in report.detail


def test_the_worker_imports_nothing_heavy() -> None:
    probe = f"import runpy, sys; runpy.run_path({worker.__file__!r}); import c2pa; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import json; {probe}"], check=True, capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"torch", "numpy", "sqlalchemy", "provenance", "moderation", "pydantic"}


def test_the_limits_bind_the_process_for_good() -> None:
    code = (
        f"import runpy, resource; limit = runpy.run_path({worker.__file__!r})['limit']; limit(7, 1 << 30, 4096); "
        "print(resource.getrlimit(resource.RLIMIT_CPU), resource.getrlimit(resource.RLIMIT_AS), "
        "resource.getrlimit(resource.RLIMIT_FSIZE), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == f"(7, 7) ({1 << 30}, {1 << 30}) (4096, 4096) (0, 0)"


def test_a_strangers_intact_credential_is_valid_and_no_more(pki: Pki, rogue: Pki, stamped: Path) -> None:
    report = read_credentials(stamped, rogue.trust)
    assert (report.state, report.failures) == ("valid", ("signingCredential.untrusted",))
    assert report.release is None


def test_an_anchor_for_time_stamps_makes_no_signer_trusted(pki: Pki, rogue: Pki, stamped: Path) -> None:
    crossed = TrustList(rogue.trust.claim_anchors_pem, pki.trust.claim_anchors_pem)
    report = read_credentials(stamped, crossed)
    assert report.state == "valid"
    assert report.failures == ("signingCredential.untrusted",)
    assert report.release is None
