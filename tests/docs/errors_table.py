"""docs/errors.md from the source, completed by docs/remedies.toml where the source does not spell the remedy out."""

import tomllib
from collections.abc import Mapping
from functools import cache

from moderation.api.problems import STATUS
from moderation.errors import Kind
from tests.docs.codes import ROOT, Code, collect
from tests.docs.markdown import code, table

REMEDIES = ROOT / "docs" / "remedies.toml"
VERIFY_OWNER, POLICY_OWNER = "Reason", "problem"


def remedies() -> Mapping[str, Mapping[str, str]]:
    """By code: `meaning` and `remedy` written by hand; they stand above what was read from the source."""
    read: Mapping[str, Mapping[str, str]] = tomllib.loads(REMEDIES.read_text(encoding="utf-8"))["code"]
    return read


@cache
def completed() -> tuple[Code, ...]:
    """All codes with a meaning and a remedy wherever either place has one."""
    by_hand = remedies()
    return tuple(
        Code(
            found.code,
            found.owner,
            found.kind,
            by_hand.get(found.code, {}).get("meaning", found.meaning),
            by_hand.get(found.code, {}).get("remedy", found.remedy),
        )
        for found in collect()
    )


def render_errors() -> str:
    """Code, HTTP status where the error has a fixed one, what it means, what to do."""
    rows = [
        (code(one.code), _status(one.kind), _sentence(one.meaning), _sentence(one.remedy))
        for one in completed()
        if one.owner not in {VERIFY_OWNER, POLICY_OWNER}
    ]
    return table(("code", "HTTP", "what it means", "what to do"), rows)


def render_verify_reasons() -> str:
    """The reasons of `verify`: they are answers, not errors."""
    rows = [
        (code(one.code), _sentence("; ".join(filter(None, (one.meaning, one.remedy)))))
        for one in completed()
        if one.owner == VERIFY_OWNER
    ]
    return table(("reason", "what is said"), rows)


def render_policy_problems() -> str:
    """What may be wrong with a policy document; each comes with its line and a hint of its own."""
    rows = [
        (code(one.code), _sentence(one.meaning), _sentence(one.remedy))
        for one in completed()
        if one.owner == POLICY_OWNER
    ]
    return table(("problem", "what it means", "what to do"), rows)


def _status(kind: str) -> str:
    return str(STATUS[Kind(kind)]) if kind else "–"


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return "–"
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!", "`")) else ".")
