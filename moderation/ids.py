"""Identifiers: a prefix that says what a thing is, and 128 random bits."""

from secrets import token_hex


def new_id(prefix: str) -> str:
    """A fresh identifier such as `gen_3f2b…`: `prefix`, an underscore and 32 hex digits."""
    return f"{prefix}_{token_hex(16)}"
