"""Numbers and codes in the words that a person reads."""

from datetime import UTC, datetime

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"))


def age(from_ms: int, now_ms: int) -> str:
    """`3 min`, `2 h`, `4 d`: the largest whole unit; `now` within a minute."""
    passed = max(0, now_ms - from_ms)
    for length, name in _UNITS:
        if passed >= length:
            return f"{passed // length} {name}"
    return "now"


def moment(at_ms: int) -> str:
    """`2026-11-23 07:15 UTC`."""
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%Y-%m-%d %H:%M} UTC"


def iso(at_ms: int) -> str:
    """For a `datetime` attribute."""
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%Y-%m-%dT%H:%M:%SZ}"


def clock(seconds: float) -> str:
    """`0:04.5`: a time in a clip."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02}.{rest % 10}"


def named(category: str | None) -> str:
    """A category in words; one for decisions about no content."""
    return (category or "no category").replace("_", " ").capitalize()


def headline(category: str, rule: str) -> str:
    """What a case is about: its category, or else what kind of rule holds it."""
    if category:
        return named(category)
    if rule.startswith("engine:") or not rule:
        return "Could not be judged"
    return named(rule.partition(".")[0])


def short(text: str, length: int = 8) -> str:
    """The head of an id or a hash, with its prefix: `gen_3f2b91ac…`."""
    kind, mark, rest = text.rpartition("_")
    shown = f"{kind}{mark}{rest[:length]}" if mark else text[: length + 4]
    return shown if shown == text else f"{shown}…"
