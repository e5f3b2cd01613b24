"""The pipe between the sandbox and its parent: a length-prefixed JSON head and raw samples.

The parent trusts nothing it reads here: a decoder that was taken over could say anything.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

PREFIX = struct.Struct(">II")
MAX_HEAD_BYTES = 4096

Head = dict[str, Any]


def pack(head: Mapping[str, Any], payload_bytes: int) -> bytes:
    """The bytes that precede a payload of `payload_bytes`."""
    body = json.dumps(head).encode()
    return PREFIX.pack(len(body), payload_bytes) + body


def unpack_prefix(data: bytes, max_payload_bytes: int) -> tuple[int, int]:
    """Lengths of head and payload. Raises `ValueError` when either is out of bounds."""
    head_bytes, payload_bytes = PREFIX.unpack(data)
    if head_bytes > MAX_HEAD_BYTES or payload_bytes > max_payload_bytes:
        raise ValueError(f"message of {head_bytes} + {payload_bytes} bytes")
    return head_bytes, payload_bytes


def unpack_head(data: bytes) -> Head:
    """The head. Raises `ValueError` when it is no JSON object with a text `event`."""
    head = json.loads(data)
    if not isinstance(head, dict) or not isinstance(head.get("event"), str):
        raise ValueError("no event")
    return head
