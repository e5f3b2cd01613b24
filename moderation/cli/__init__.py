"""`safeconduct`: the command line. Every command takes `--json`, shows progress on long work, and explains its errors."""

import sys

from moderation.cli.menu import for_arguments


def main() -> None:
    """Run a command; an error that a person can act on is one line on standard error and exit status 2."""
    try:
        for_arguments(sys.argv[1:])()
    except Exception as error:
        from moderation.cli.errors import ACTIONABLE, show_error

        if isinstance(error, ACTIONABLE):
            sys.exit(show_error(error))
        raise
