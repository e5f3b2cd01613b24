"""The master key: where it comes from, what it binds, and that it shows nowhere."""

import base64
import os
import stat
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from consent.biometrics.keys import LocalKeyWrapper, MasterKeyInvalid, wrapper_from_file, wrapper_from_text

MASTER = bytes(range(32))
DATA_KEY = bytes(range(100, 132))


def test_a_wrapped_key_opens_for_the_same_person_alone() -> None:
    wrapper = LocalKeyWrapper(MASTER)
    wrapped = wrapper.wrap(DATA_KEY, b"anna")
    assert wrapper.unwrap(wrapped, b"anna") == DATA_KEY
    with pytest.raises(MasterKeyInvalid) as refused:
        wrapper.unwrap(wrapped, b"bert")
    assert refused.value.code == "vault.master_key"


def test_wrapping_twice_gives_different_bytes_and_none_hold_the_key() -> None:
    wrapper = LocalKeyWrapper(MASTER)
    first, second = wrapper.wrap(DATA_KEY, b"anna"), wrapper.wrap(DATA_KEY, b"anna")
    assert first != second
    assert DATA_KEY not in first + second


@pytest.mark.parametrize("damage", [b"", b"short", b"\x00" * 60])
def test_an_altered_row_is_refused(damage: bytes) -> None:
    with pytest.raises(MasterKeyInvalid, match="restore the right master key"):
        LocalKeyWrapper(MASTER).unwrap(damage, b"anna")


def test_another_master_key_cannot_open_and_is_told_by_its_id() -> None:
    other = LocalKeyWrapper(bytes(32))
    wrapped = LocalKeyWrapper(MASTER).wrap(DATA_KEY, b"anna")
    with pytest.raises(MasterKeyInvalid, match=other.key_id):
        other.unwrap(wrapped, b"anna")
    assert other.key_id != LocalKeyWrapper(MASTER).key_id == LocalKeyWrapper(MASTER).key_id


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_master_key_of_the_wrong_size_is_refused(size: int) -> None:
    with pytest.raises(MasterKeyInvalid, match=f"{size} bytes"):
        LocalKeyWrapper(bytes(size))


def test_a_key_comes_from_base64_text_with_or_without_a_line_end() -> None:
    text = base64.b64encode(MASTER).decode()
    assert wrapper_from_text(f" {text}\n").key_id == LocalKeyWrapper(MASTER).key_id


@pytest.mark.parametrize("secret", ["correct horse battery staple", "AAAA", "ümläut"])
def test_a_bad_key_text_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(MasterKeyInvalid) as refused:
        wrapper_from_text(secret)
    assert secret not in "".join(traceback.format_exception(refused.value)).replace(f'"{secret}"', "")


def test_the_key_shows_in_no_text_of_the_wrapper() -> None:
    wrapper = LocalKeyWrapper(MASTER)
    shown = repr(wrapper) + str(wrapper) + wrapper.key_id
    for secret in (MASTER.hex(), base64.b64encode(MASTER).decode(), repr(MASTER)):
        assert secret not in shown


def test_a_key_file_is_made_private_on_first_use_and_read_ever_after(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    made = wrapper_from_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert wrapper_from_file(path).key_id == made.key_id
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]


def test_two_key_files_hold_different_keys(tmp_path: Path) -> None:
    assert wrapper_from_file(tmp_path / "a").key_id != wrapper_from_file(tmp_path / "b").key_id


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    wrapper_from_file(path)
    path.chmod(mode)
    with pytest.raises(MasterKeyInvalid, match="chmod 600"):
        wrapper_from_file(path)


def test_an_empty_key_file_is_refused_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    with pytest.raises(MasterKeyInvalid):
        wrapper_from_file(path)
    assert path.read_bytes() == b""


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: wrapper_from_file(path).key_id, range(32)))
    assert len(ids) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["master.key"]
