"""What every test may rely on: sockets closed unless a test is marked `integration`, and model files where marked."""

import os
import shutil
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

pytest_plugins = ["tests.support.servers", "tests.support.s3"]

MEMORY = Path("/dev/shm")  # pytest makes a folder of its own in it, that only its user can read
ENOUGH_BYTES = 4 << 30
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
    # SQLite and the object store wait for the disk at every commit, as they must; no test survives a power cut anyway.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close sockets in unit tests; open loopback, and only loopback, to integration tests."""
    if item.get_closest_marker("integration"):
        enable_socket()
        socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The folder that `safeconduct models fetch` fills."""
    return Path(
        os.environ.get("SAFECONDUCT_MODELS_DIR", str(Path.home() / ".cache" / "safeconduct" / "models"))
    )
