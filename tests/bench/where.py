"""`python -m tests.bench.where`: where the time goes, part by part, for a judgement, the output gate and a release.

Wall milliseconds and CPU milliseconds of the thread that does the part; medians. Parts contain each other as they are indented.
"""

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Any

import moderation.gate.judge as judging
import moderation.release.prepare as preparing
from moderation.bootstrap import Application
from moderation.gate.judge import Item
from moderation.gate.lanes import Frame
from moderation.media.reader import MediaReader, open_media
from moderation.observability.logs import configure_logging
from moderation.profile import Profile
from moderation.settings import Settings
from moderation.warming import Warming
from policies.vision.text_worth import WorthReading
from tests.bench.clips import storyboard_clip
from tests.bench.test_media import Claimed

LENGTH_S, ROUNDS, JUDGEMENTS = 10.0, 3, 100


class Clock:
    """Times what is wrapped."""

    def __init__(self) -> None:
        self._spent: dict[str, list[tuple[float, float]]] = {}

    def time(self, name: str, work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """What `work` gives."""
        wall, cpu = perf_counter(), thread_time()
        try:
            return work(*args, **named)
        finally:
            spent = ((perf_counter() - wall) * 1e3, (thread_time() - cpu) * 1e3)
            self._spent.setdefault(name, []).append(spent)

    def wrap(self, owner: Any, attribute: str, name: str) -> None:
        """Time every call of `owner.attribute` from now on."""
        work = getattr(owner, attribute)
        setattr(owner, attribute, lambda *args, **named: self.time(name, work, *args, **named))

    def show(self, title: str, order: list[str], per: float = 1.0) -> None:
        """A table in Markdown; `per` divides every figure."""
        print(f"\n| {title} | wall ms | CPU ms |\n|---|---|---|")
        for name in order:
            wall, cpu = (median(part) / per for part in zip(*self._spent[name.strip()], strict=True))
            print(f"| {name.replace(' ', '&nbsp;')} | {wall:.2f} | {cpu:.2f} |")


def of_a_judgement(app: Application) -> None:
    """Prompts that nobody has seen before, one at a time, without HTTP."""
    clock, text = Clock(), app.profile.text.get()
    works = app._works_in
    app._works_in = lambda *args: clock.time("works, registry", works, *args)  # type: ignore[method-assign] # timed in its place
    clock.wrap(text, "findings", "text model")
    encoder = text._classifier._encoder  # type: ignore[attr-defined] # a port hides it
    clock.wrap(encoder, "encode", "encoder")
    clock.wrap(app.judge._gate._runner, "run", "checks, policy")
    clock.wrap(judging, "record_of", "record")
    for number in range(JUDGEMENTS):
        item = Item("one", text=f"A heron in a harbour at dawn, shot on grainy film, take {number}")
        clock.time("judgement", app.judge.judge, item)
    parts = ["works, registry", "checks, policy", " text model", "  encoder", "record"]
    clock.show("judgement", ["judgement", *(f" {part}" for part in parts)])


def of_the_output_gate(app: Application, clip: Path) -> None:
    """Each sense by itself on the frames that it is given; per second of video."""
    clock = Clock()
    for _ in range(ROUNDS):
        with open_media(clip) as media:
            rgbs = clock.time("decoder (waited for)", _frames, media)
            sound = media.sound()
        _look(clock, app.profile, rgbs)
        clock.time("speech", app.profile.speech.get().transcribe, sound)
        clock.time("voices", app.profile.voices.get().voices, sound)
    order = ["decoder (waited for)", "faces", "nudity", "what fills it", "text", "speech", "voices"]
    clock.show("output gate, per second of video", order, LENGTH_S)


def _frames(media: MediaReader) -> list[tuple[float, Frame]]:
    return [(frame.time_s, frame.rgb) for frame in media.frames()]


def _look(clock: Clock, profile: Profile, frames: list[tuple[float, Frame]]) -> None:
    worth, rgbs = WorthReading(), [rgb for _, rgb in frames]
    read = [rgb for time_s, rgb in frames if worth.take(time_s, rgb)]
    print(f"{len(rgbs)} frames looked at, {len(read)} of them read")
    clock.time("faces", lambda: [profile.faces.get().faces(rgb) for rgb in rgbs])
    clock.time("nudity", lambda: [profile.nudity.get().score(rgb[None]) for rgb in rgbs])
    clock.time("what fills it", lambda: [profile.looks.get().look(rgb) for rgb in rgbs[::2]])
    clock.time("text", lambda: [profile.frame_text.get().read(rgb, max_side=640) for rgb in read])


def of_a_release(app: Application, clip: Path) -> None:
    """Per second of video; the CPU of the decoder is in a process of its own and not in this."""
    clock = Clock()
    for name in ("encode_marked", "stamp", "prove_release"):
        clock.wrap(preparing, name, name)
    stored = app.assets.stage(clip)
    app.assets.promote(stored.sha256)
    preparation = Claimed(app.database, app.assets, app.stamping)
    for _ in range(ROUNDS):
        clock.time("prepare", preparation.prepare, "gen_bench", stored.sha256, "dec_bench")
    order = ["prepare", " encode_marked", " stamp", " prove_release"]
    clock.show("release, per second of video", order, LENGTH_S)


def main() -> None:
    """All three."""
    configure_logging("WARNING")
    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            Settings(_env_file=None, home=Path(folder), models_dir=Settings(_env_file=None).models_dir)
        )
        Warming(app.profile, app.works, ["output-gate"]).load(threading.Event())
        clip = storyboard_clip(Path(folder), LENGTH_S)
        of_a_judgement(app)
        of_the_output_gate(app, clip)
        of_a_release(app, clip)
        app.close()


if __name__ == "__main__":
    main()
