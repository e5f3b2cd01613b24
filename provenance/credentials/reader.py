"""Reads the credentials of any file, hostile ones included: the library that parses it runs in a process with limits.

Nothing is fetched: neither remote manifests nor revocation answers.
"""

import json
import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from provenance.credentials import worker
from provenance.credentials.report import CredentialReport, interpret, unreadable
from provenance.credentials.trust import TrustList

__all__ = ["CredentialReport", "Limits", "read_credentials", "read_own"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost, beside its wall time: bytes of address space, and bytes of answer."""

    memory_bytes: int = 1 << 30
    output_bytes: int = 8 << 20


def read_credentials(
    path: Path, trust: TrustList, *, timeout_s: float = 20, limits: Limits | None = None
) -> CredentialReport:
    """Read `path` in a subprocess bounded by `timeout_s` seconds of wall and CPU time and by `limits`.

    Never raises for what the file holds: a crash, a time-out or nonsense is `unreadable`, which is not `none`.
    """
    limits = limits or Limits()
    try:
        with path.open("rb") as content, tempfile.TemporaryFile() as output:
            command = [
                sys.executable, "-I", worker.__file__, str(content.fileno()), str(math.ceil(timeout_s)),
                str(limits.memory_bytes), str(limits.output_bytes),
            ]  # fmt: skip
            done = subprocess.run(
                command,
                input=json.dumps(trust.settings()).encode(),
                stdout=output,
                stderr=subprocess.DEVNULL,
                pass_fds=(content.fileno(),),
                env={},
                timeout=timeout_s,
                check=False,
            )
            if done.returncode != 0:
                return unreadable("credentials.crashed", f"the reading process ended with {done.returncode}")
            output.seek(0)
            return _parse(output.read(limits.output_bytes + 1))
    except subprocess.TimeoutExpired:
        return unreadable("credentials.timeout", f"not read within {timeout_s} s")
    except OSError as error:
        return unreadable("credentials.unreadable", f"{path}: {error.strerror or error}")


def read_own(path: Path, trust: TrustList) -> CredentialReport:
    """Read a file that this process has just made itself, without the subprocess. Not for anything that came from outside."""
    try:
        with path.open("rb") as content:
            return interpret(worker.extract(content, trust.settings()))
    except OSError as error:
        return unreadable("credentials.unreadable", f"{path}: {error.strerror or error}")


def _parse(answer: bytes) -> CredentialReport:
    try:
        parsed = json.loads(answer)
    except (ValueError, RecursionError) as error:
        return unreadable("credentials.unreadable", f"no answer from the reading process: {error}")
    if not isinstance(parsed, dict):
        return unreadable("credentials.unreadable", "the reading process gave no object")
    return interpret(parsed)
