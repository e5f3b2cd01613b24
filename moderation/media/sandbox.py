"""The process that decodes: `python -m moderation.media.sandbox REQUEST`, JSON in the argument, messages on stdout.

It limits itself before it touches the file, imports a decoder only then, and dies alone. The limits are the kernel's: CPU
seconds, address space, open files, no writing to disk. It is no system-call filter: run the worker as a user with nothing
to lose.
"""

import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moderation.media import wire
from moderation.media.errors import (
    MediaDamaged,
    MediaOutOfMemory,
    MediaRejected,
    MediaTooLarge,
    MediaTruncated,
    NotMedia,
)
from moderation.media.limits import MediaLimits, ReadingPlan
from moderation.media.sniff import HEAD_BYTES, Container, describe, ends_early, sniff

SHORTEST_MEDIA_BYTES = 16


class Emitter:
    """Writes messages to the parent. Blocks while the parent is busy, which bounds memory on both sides."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def emit(self, event: str, fields: Mapping[str, Any], payload: memoryview | bytes = b"") -> None:
        """Send one message. `payload` is contiguous."""
        data = memoryview(payload).cast("B") if payload else memoryview(b"")
        self._write(memoryview(wire.pack({"event": event, **fields}, len(data))))
        self._write(data)

    def _write(self, data: memoryview) -> None:
        while data:
            data = data[os.write(self._handle, data) :]


def restrict(limits: MediaLimits) -> None:
    """Take away what decoding does not need. The kernel kills the process that uses more CPU."""
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.address_space_bytes, limits.address_space_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    sys.dont_write_bytecode = True


def identify(path: Path, limits: MediaLimits) -> Container:
    """What the file is. Raises `MediaRejected` before any decoder has seen a byte of it."""
    size = path.stat().st_size
    if size > limits.max_bytes:
        raise MediaTooLarge(f"{size} bytes, at most {limits.max_bytes}")
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        if len(head) < SHORTEST_MEDIA_BYTES:
            raise MediaTruncated(f"{size} bytes")
        container = sniff(head)
        if container is None:
            raise NotMedia(describe(head))
        if ends_early(stream, container, size):
            raise MediaTruncated(f"{container.name} of {size} bytes")
    return container


def run(path: Path, limits: MediaLimits, plan: ReadingPlan, emitter: Emitter) -> None:
    """Decode the file and emit it. Raises `MediaRejected`."""
    container = identify(path, limits)
    if container.family == "image":
        from moderation.media.stills import decode_image

        decode_image(path, container, limits, plan, emitter.emit)
    else:
        from moderation.media.movies import decode_movie

        decode_movie(path, container, limits, plan, emitter.emit)


def main(argument: str) -> int:
    """Run one request; the last message is `end` or `rejected`."""
    request = json.loads(argument)
    limits, plan = MediaLimits(**request["limits"]), ReadingPlan(**request["plan"])
    emitter = Emitter(sys.stdout.fileno())
    restrict(limits)
    try:
        run(Path(request["path"]), limits, plan, emitter)
    except MediaRejected as rejected:
        _reject(emitter, rejected)
    except MemoryError:
        _reject(emitter, MediaOutOfMemory())
    except BrokenPipeError:
        return 1  # the parent has left
    except Exception as error:
        _reject(emitter, MediaDamaged(type(error).__name__))
    return 0


def _reject(emitter: Emitter, rejected: MediaRejected) -> None:
    emitter.emit("rejected", {"code": rejected.code, "detail": rejected.detail})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
