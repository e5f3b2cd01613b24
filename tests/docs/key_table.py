"""The keys of the review page, for docs/review.md."""

from moderation.web.keys import KEYS
from tests.docs.markdown import code, table


def render_keys() -> str:
    """Key, page, what it does."""
    return table(("key", "where", "what it does"), ((code(one.key), one.pages, one.does) for one in KEYS))
