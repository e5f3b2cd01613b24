"""`safeconduct generator`: try a text-to-video pipeline before the service depends on it."""

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from moderation.cli.output import JsonOption, print_fields, print_json
from moderation.generation.generators.diffusion.generator import DiffusersGenerator
from moderation.messages import Brief, Parameters
from moderation.parts.making import diffusion_settings
from moderation.settings import Settings, read_settings

app = typer.Typer(no_args_is_help=True, help="The generator: whether a pipeline's folder works here.")

ONE_STEP = {"num_inference_steps": 1}
LEAST_SIDE, FRAMES = 128, 9


@app.command("check")
def check_command(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder of a text-to-video pipeline; default: SAFECONDUCT_GENERATOR_FOLDER."),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda or cuda:N; default: SAFECONDUCT_GENERATOR_DEVICE.")
    ] = None,
    prompt: Annotated[str, typer.Option(help="What the try-out shows.")] = "a lighthouse at dawn",
    as_json: JsonOption = False,
) -> None:
    """Load the pipeline, run one step at a small size, and say what it is, where it runs and to which sizes it rounds."""
    settings = read_settings()
    named = {"generator_folder": folder, "generator_device": device}
    chosen = settings.model_copy(update={name: value for name, value in named.items() if value is not None})
    options = {**chosen.generator_options, **ONE_STEP}
    report = try_out(chosen.model_copy(update={"generator_options": options}), prompt)
    print_json(report) if as_json else print_fields(report)


def try_out(settings: Settings, prompt: str) -> dict[str, Any]:
    """Load and run; what was found, times in seconds. Raises `PipelineUnusable` or `GenerationFailed`."""
    generator = DiffusersGenerator(diffusion_settings(settings))
    began = time.monotonic()
    info = generator.info()
    loaded = time.monotonic()
    side = -(-LEAST_SIDE // info.grid.side) * info.grid.side
    small = Parameters(seconds=FRAMES / 8, width=side, height=side, fps=8)
    with tempfile.TemporaryDirectory(prefix="safeconduct-check-") as home:
        made = generator.generate(
            Brief(prompt=prompt, parameters=small), portraits={}, references=(), target=Path(home) / "clip.mp4",
            progress=lambda _done: None, cancelled=lambda: False,
        )  # fmt: skip
    ran = time.monotonic()
    generator.close()
    return {
        "generator": info.name,
        "version": info.version,
        "device": info.device,
        "precision": info.dtype,
        "sides": f"multiples of {info.grid.side} pixels, {info.grid.max_pixels} pixels in all",
        "frames": f"{info.grid.frame_step}k + 1, at most {info.grid.max_frames}",
        "clip_s": round(made.seconds, 3),
        "load_s": round(loaded - began, 2),
        "one_step_s": round(ran - loaded, 2),
    }
