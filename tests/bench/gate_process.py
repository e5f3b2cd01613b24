"""One worker of the gate bench as a process of its own: HOME DATABASE_URL BOOTSTRAP PREFIX NAME."""

import sys
from pathlib import Path

from moderation.bus.worker import Worker
from moderation.workers import loops_of
from tests.bench.pipelines import GateParts


def main() -> None:
    """Work until SIGTERM."""
    home, database_url, bootstrap, prefix, name = sys.argv[1:]
    parts = GateParts(Path(home), database_url, bootstrap or None, prefix)
    Worker(loops_of(parts.app, [name])).run()
    parts.close()


if __name__ == "__main__":
    main()
