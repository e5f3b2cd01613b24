"""Remembering what was lately made of a text: bounded by the characters kept, not by their number, since a prompt may be long."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")

MOST_CHARACTERS = 400_000
"""Kept by one function: a batch of a thousand usual prompts, or the twenty longest that are allowed."""


def remembered(function: Callable[[str], T]) -> Callable[[str], T]:
    """Decorates a pure function of one text. What was asked for longest ago is forgotten first. Safe to share between threads."""
    known: OrderedDict[str, T] = OrderedDict()
    lock = threading.Lock()
    kept = 0

    @wraps(function)
    def recall(text: str) -> T:
        nonlocal kept
        with lock:
            if text in known:
                known.move_to_end(text)
                return known[text]
        made = function(text)
        with lock:
            if text not in known:
                known[text] = made
                kept += len(text)
            while kept > MOST_CHARACTERS and len(known) > 1:
                kept -= len(known.popitem(last=False)[0])
        return made

    return recall
