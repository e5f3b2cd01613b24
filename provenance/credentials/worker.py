"""Reads one file's credentials in a process of its own, which may crash, hang or be killed without harm to anybody.

Run by `reader.py` as a script: it imports nothing of this project, so that it starts fast and has nothing to leak.
Arguments: the inherited descriptor of the file, seconds of CPU, bytes of memory, bytes of output. The library's settings
come as JSON on standard input; one JSON object goes to standard output.
"""

import json
import os
import resource
import sys
from typing import Any, BinaryIO


def extract(content: BinaryIO, settings: dict[str, Any]) -> dict[str, Any]:
    """`{"store": …}` as the C2PA library reports it, `{"none": true}`, or `{"error": code, "detail": text}`."""
    import c2pa

    try:
        with c2pa.Context.from_dict(settings) as context:
            reader = c2pa.Reader.try_create(content, context=context)
            if reader is None:
                return {"none": True}
            with reader:
                return {"store": json.loads(reader.json())}
    except c2pa.C2paError.NotSupported as error:
        return {"error": "credentials.format", "detail": str(error)}
    except c2pa.C2paError.RemoteManifest as error:
        return {"error": "credentials.remote", "detail": str(error)}
    except Exception as error:  # whatever a hostile file provokes means that it could not be read
        return {"error": "credentials.unreadable", "detail": f"{type(error).__name__}: {error}"}


def limit(cpu_s: int, memory_bytes: int, output_bytes: int) -> None:
    """Bound this process for good: hard limits, no core file."""
    for what, value in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, output_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


def main(arguments: list[str]) -> int:
    """Read the file on descriptor `arguments[0]`; the exit status is 0 when an answer was written."""
    descriptor, cpu_s, memory_bytes, output_bytes = (int(argument) for argument in arguments)
    settings = json.load(sys.stdin)
    limit(cpu_s, memory_bytes, output_bytes)
    with os.fdopen(descriptor, "rb") as content:
        answer = extract(content, settings)
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
