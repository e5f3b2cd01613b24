"""`safeconduct guard`: try a guard model before the service depends on it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from moderation.cli.output import JsonOption, print_fields, print_json
from moderation.guard_models.folder import GuardFolder, read_folder
from moderation.guard_models.hits import Hit
from moderation.guard_models.image import ImageGuard
from moderation.guard_models.running import Placement, Running
from moderation.guard_models.speech import SpeechGuard
from moderation.guard_models.text import TextGuard
from moderation.parts.guards import categories_of, placement_of
from moderation.settings import Settings, read_settings
from policies.document import shipped_document
from policies.speech.voice import RATE, Interval

app = typer.Typer(no_args_is_help=True, help="Guard models: whether a folder's model works here.")

PICTURE = (64, 64, 3)
"""What a picture guard is shown: grey."""


@app.command("check")
def check_command(
    folder: Annotated[Path, typer.Argument(help="Folder of a guard model, as `save_pretrained` writes it.")],
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda or cuda:N; default: SAFECONDUCT_GUARD_DEVICE.")
    ] = None,
    text: Annotated[str, typer.Option(help="What a text guard is asked about.")] = "a lighthouse at dawn",
    as_json: JsonOption = False,
) -> None:
    """Load the model, ask it once under the shipped policy, and say what it is, where it runs and what it answered: a text guard
    about the text, a picture guard about a grey picture, a speech model about a second of silence."""
    settings = read_settings()
    chosen = settings.model_copy(update={"guard_device": device} if device else {})
    report = try_out(folder, chosen, text)
    print_json(report) if as_json else print_fields(report)


def try_out(path: Path, settings: Settings, text: str) -> dict[str, Any]:
    """Load and ask; what was found, times in seconds. Raises `GuardUnusable` or `GuardFailed`."""
    folder = read_folder(path)
    running, ask = _opened(folder, placement_of(settings), settings, text)
    began = time.monotonic()
    running.load()
    loaded = time.monotonic()
    answer = ask()
    asked = time.monotonic()
    running.close()
    return {
        "guard": folder.class_name,
        "judges": folder.kind,
        "revision": running.revision,
        "device": running.device.name,
        "precision": running.device.dtype,
        "answer": answer,
        "load_s": round(loaded - began, 2),
        "answer_s": round(asked - loaded, 2),
    }


def _opened(
    folder: GuardFolder, placement: Placement, settings: Settings, text: str
) -> tuple[Running[Any], Callable[[], str]]:
    """The model, and the question for its kind."""
    told = shipped_document()
    if folder.kind == "text":
        judge = TextGuard(folder, placement, categories=categories_of(settings))
        return judge.running, lambda: _hits(judge.judge(text, told))
    if folder.kind == "image":
        look = ImageGuard(folder, placement)
        return look.running, lambda: _hits(look.look(np.full(PICTURE, 128, np.uint8), told))
    ear = SpeechGuard(folder, placement, settings.models_dir)  # which is not asked where somebody speaks
    silence = np.zeros(RATE, np.float32)
    return (
        ear.running,
        lambda: " ".join(said.text for said in ear.heard(silence, Interval(0.0, 1.0))) or "nothing",
    )


def _hits(hits: Sequence[Hit]) -> str:
    return ", ".join(f"{hit.category.value} {hit.score:.2f} ({hit.label})" for hit in hits) or "nothing"
