"""What the environment says of a sweep."""

import os
import random

SECONDS = float(os.environ.get("SAFECONDUCT_SOAK_SECONDS", "600"))
"""How long faults are thrown at the service; then it settles and everything is counted."""

SEED = int(os.environ.get("SAFECONDUCT_SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
"""Repeats the choices of an earlier sweep (not its timing)."""

KINDS = ("steps", "anywhere", "broker", "database", "disk", "clock", "storms", "consent")

ONLY = tuple(filter(None, os.environ.get("SAFECONDUCT_SOAK_ONLY", "").split(","))) or KINDS
"""The kinds of fault to throw: all, or those named, separated by commas."""
