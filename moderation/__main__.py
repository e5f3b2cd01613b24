"""`python -m moderation`: the command line, as `safeconduct`."""

from moderation.cli import main

main()
