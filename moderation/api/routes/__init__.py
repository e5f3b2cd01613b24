"""The routes, one file per domain."""
