"""HTTP byte ranges (RFC 9110 §14): one range of one file. Several ranges at once are answered with the whole file."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `first` to `last`, both included, of a file of `size` bytes."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        """The Content-Range header."""
        return f"bytes {self.first}-{self.last}/{self.size}"


class RangeUnsatisfiable(Exception):
    """The range lies outside the file."""


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The range asked for, clipped to the file; None for the whole file (no header, another unit, several ranges, or a range
    that makes no sense, all of which RFC 9110 lets a server ignore). Raises `RangeUnsatisfiable`."""
    parts = _RANGE.fullmatch(header.strip()) if header else None
    if parts is None or parts[0] == "bytes=-":
        return None
    if not parts[1]:
        return _suffix(int(parts[2]), size)
    first = int(parts[1])
    last = min(int(parts[2]), size - 1) if parts[2] else size - 1
    if parts[2] and int(parts[2]) < first:
        return None
    if first >= size:
        raise RangeUnsatisfiable
    return ByteRange(first, last, size)


def _suffix(length: int, size: int) -> ByteRange:
    if length == 0 or size == 0:
        raise RangeUnsatisfiable
    return ByteRange(max(0, size - length), size - 1, size)
