"""Models are loaded when a process starts: those its workers need, each used once, and a missing one stops nothing."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from moderation.gate.lazy import Lazy
from moderation.generation.works import WorksInText
from moderation.model_registry.files import ModelFiles
from moderation.profile import Profile, default_profile
from moderation.warming import API, SENSES, Warming
from moderation.workers import WORKERS


class Recorder:
    """Any model: notes that it was used."""

    revision = "recorder"

    def __init__(self, name: str, used: list[str]) -> None:
        self._name, self._used = name, used

    def __getattr__(self, method: str) -> Any:
        def use(*_: object, **__: object) -> tuple[()]:
            self._used.append(f"{self._name}.{method}")
            return ()

        return use


def profile_of(used: list[str]) -> Profile:
    """A profile of recorders; the list of figures notes that it was read."""

    def model(name: str) -> Any:
        return Lazy(lambda: Recorder(name, used))

    def figures() -> Any:
        used.append("figures")
        return Recorder("figures", used)

    return Profile(
        files=ModelFiles(Path("none")), faces=model("faces"), nudity=model("nudity"), speech=model("speech"),
        text=model("text"), figures=Lazy(figures), looks=model("looks"), frame_text=model("frame_text"), voices=model("voices"),
    )  # fmt: skip


def warm(profile: Profile, *names: str) -> None:
    """Load what the named workers need."""
    Warming(profile, WorksInText(), names).load(threading.Event())


def test_every_worker_that_is_named_exists() -> None:
    assert set(SENSES) <= {API, *WORKERS}


def test_the_output_gate_warms_every_sense_by_using_it_once() -> None:
    used: list[str] = []
    warm(profile_of(used), "output-gate")
    assert used == [
        "text.findings", "figures", "faces.faces", "nudity.score", "looks.look", "frame_text.read", "speech.transcribe",
        "voices.voices",
    ]  # fmt: skip


def test_a_request_gate_loads_no_speech_and_a_relay_nothing() -> None:
    assert "speech" not in Warming(profile_of([]), WorksInText(), ["request-gate"]).senses
    assert Warming(profile_of([]), WorksInText(), ["relay", "sweeper", "generator", "release"]).senses == ()


def test_everything_in_one_process_warms_each_sense_once() -> None:
    senses = Warming(profile_of([]), WorksInText(), [*WORKERS, API]).senses
    assert sorted(senses) == [
        "faces", "figures", "frame_text", "looks", "nudity", "speech", "text", "voices", "works",
    ]  # fmt: skip


def test_a_model_that_is_missing_is_told_and_the_others_are_loaded(tmp_path: Path) -> None:
    used: list[str] = []
    missing = default_profile(ModelFiles(tmp_path)).faces
    with capture_logs() as logs:
        warm(replace(profile_of(used), faces=missing), "request-gate")
    assert [(entry["event"], entry["sense"]) for entry in logs] == [("not_warmed", "faces")]
    assert used[-3:] == ["nudity.score", "looks.look", "frame_text.read"]


def test_once_warm_it_rests_until_the_process_ends() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=Warming(profile_of([]), WorksInText(), ["relay"]).run, args=(stop,))
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_stop_comes_between_two_models() -> None:
    used: list[str] = []
    stop = threading.Event()
    stop.set()
    Warming(profile_of(used), WorksInText(), ["output-gate"]).run(stop)
    assert used == []


@pytest.mark.models
def test_the_real_senses_take_what_they_are_given(models_dir: Path) -> None:
    profile = default_profile(ModelFiles(models_dir))
    with capture_logs() as logs:
        warm(profile, "output-gate")
    assert logs == []
    assert all(
        part.loaded
        for part in (
            profile.text,
            profile.faces,
            profile.nudity,
            profile.speech,
            profile.looks,
            profile.voices,
        )
    )
