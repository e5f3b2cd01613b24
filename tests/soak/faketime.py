"""A wall clock that a test moves: libfaketime under a process, with the offset in a file that it reads at each look at the clock.

The monotonic clock is left alone, as when an administrator or a time server sets a machine's clock.
"""

from pathlib import Path

LIBRARIES = tuple(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")))


class Clock:
    """The clock of whoever is started with `environment`. `why_not` says what is missing, empty when it works."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._library = next(iter(LIBRARIES), None)
        self.why_not = "" if self._library else "libfaketime is missing: apt-get install faketime"
        self.set(0)

    @property
    def environment(self) -> dict[str, str]:
        """For the process; empty, and the clock right for ever, where the library is missing."""
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset_s: int) -> None:
        """Show the right time plus `offset_s` from now on."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset_s:+d}")
        fresh.chmod(0o644)
        fresh.replace(self._file)
