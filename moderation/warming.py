"""Loading the models when a process starts, in the background, so that the first request does not wait ten seconds for them.

A model that cannot be loaded is no reason not to start: `/health` and the checks that need it say so.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from moderation.gate.guards import JudgesPictures, JudgesText
from moderation.gate.lazy import Lazy
from moderation.generation.works import WorksInText
from moderation.profile import Profile
from policies.document import PolicyDocument, shipped_document
from policies.text.normalise import normalise

log = structlog.get_logger(__name__)
G = TypeVar("G", JudgesText, JudgesPictures)

API = "api"
_READ = ("text", "figures", "works", "guard_text")
_LOOK = ("faces", "nudity", "looks", "frame_text", "guard_image")
SENSES: Mapping[str, Sequence[str]] = {
    API: (*_READ, *_LOOK),
    "request-gate": (*_READ, *_LOOK),
    "output-gate": (*_READ, *_LOOK, "speech", "voices"),
}
"""What each worker looks, reads and listens with; the others need none of it at once."""


class Warming:
    """A loop that loads what `names`, workers or the API, need, and then rests."""

    name = "warming"

    def __init__(self, profile: Profile, works: WorksInText, names: Sequence[str]) -> None:
        loads = _loads(profile, works)
        wanted = dict.fromkeys(sense for name in names for sense in SENSES.get(name, ()))
        self._loads = {sense: loads[sense] for sense in wanted if sense in loads}

    @property
    def senses(self) -> tuple[str, ...]:
        """What is loaded, in this order."""
        return tuple(self._loads)

    def run(self, stop: threading.Event) -> None:
        """Load, then rest until `stop` is set."""
        self.load(stop)
        stop.wait()

    def load(self, stop: threading.Event) -> None:
        """Load one after the other, or until `stop` is set."""
        for sense, load in self._loads.items():
            if stop.is_set():
                return
            try:
                load()
            except Exception as error:
                log.warning("not_warmed", sense=sense, error=type(error).__name__)


def _loads(profile: Profile, works: WorksInText) -> dict[str, Callable[[], object]]:
    """Each sense is used once: most read their files at first use."""
    some_text, grey, silence = (
        normalise("A lighthouse"),
        np.full((1, 64, 64, 3), 128, np.uint8),
        np.zeros(16_000, np.float32),
    )
    return {
        **_guard_loads(profile, grey[0]),
        "text": lambda: profile.text.get().findings(
            some_text, field="prompt", signal="warming", check="warming"
        ),
        "figures": profile.figures.get,
        "works": lambda: works.revision,
        "faces": lambda: profile.faces.get().faces(grey[0]),
        "nudity": lambda: profile.nudity.get().score(grey),
        "looks": lambda: profile.looks.get().look(grey[0]),
        "frame_text": lambda: profile.frame_text.get().read(grey[0], max_side=64),
        "speech": lambda: profile.speech.get().transcribe(silence),
        "voices": lambda: profile.voices.get().voices(silence),
    }


def _guard_loads(profile: Profile, grey: NDArray[np.uint8]) -> dict[str, Callable[[], object]]:
    """The guards that are installed. Hashing and loading them takes longest, so no request shall wait for it."""
    text, image = profile.guards.text, profile.guards.image
    loads: dict[str, Callable[[], object]] = {}
    if text is not None:
        loads["guard_text"] = lambda: _warmed(text, lambda guard, told: guard.judge("A lighthouse", told))
    if image is not None:
        loads["guard_image"] = lambda: _warmed(image, lambda guard, told: guard.look(grey, told))
    return loads


def _warmed(slot: Lazy[G], ask: Callable[[G, PolicyDocument], object]) -> object:
    told = shipped_document()
    slot.get().revision(told)
    return ask(slot.get(), told)
