"""The parts of one process, each built from settings when it is first asked for; `bootstrap.Application` has them all."""
