"""The picture guard and the large ear on tiny models of the real classes."""

from pathlib import Path

import numpy as np
import pytest

from moderation.guard_models.errors import GuardFailed, GuardUnusable
from moderation.guard_models.folder import read_folder
from moderation.guard_models.image import ImageGuard
from moderation.guard_models.policy_prompt import ASKED_OF_PICTURES
from moderation.guard_models.running import Placement
from moderation.guard_models.speech import SpeechGuard
from policies.document import shipped_document
from policies.speech.voice import RATE, Interval
from policies.taxonomy import Category
from tests.support.guard_senses import GREY, RED, picture, shield_gemma, sound, whisper
from tests.support.guards import edit_config, spoil

CPU = Placement(device="cpu", timeout_s=120)
DOCUMENT = shipped_document()
NO_VOICE_ACTIVITY = Path("not-asked")


def test_the_picture_guard_sees_what_it_was_taught_to_see_and_nothing_else(gemma: Path) -> None:
    guard = ImageGuard(read_folder(gemma), CPU)
    (hit,) = guard.look(picture(RED), DOCUMENT)
    assert hit.category is Category.VIOLENCE
    assert hit.score > 0.9
    assert guard.look(picture(GREY), DOCUMENT) == ()


def test_the_picture_guard_is_asked_of_every_rule(tmp_path: Path) -> None:
    guard = ImageGuard(read_folder(shield_gemma(tmp_path, random=True)), CPU, threshold=0.0)
    hits = guard.look(picture(RED), DOCUMENT)
    assert [hit.category for hit in hits] == list(ASKED_OF_PICTURES)
    assert all(0.0 <= hit.score <= 1.0 for hit in hits)


def test_a_picture_guard_that_computes_nan_could_not_judge(tmp_path: Path) -> None:
    guard = ImageGuard(read_folder(spoil(shield_gemma(tmp_path, random=True))), CPU)
    with pytest.raises(GuardFailed) as caught:
        guard.look(picture(RED), DOCUMENT)
    assert caught.value.code == "guard.not_finite"


def test_the_ear_writes_down_what_it_hears_with_times_of_the_whole_sound(ear: Path) -> None:
    guard = SpeechGuard(read_folder(ear), CPU, NO_VOICE_ACTIVITY)
    silence = np.zeros(2 * RATE, np.float32)
    for tone, words in ((3000, "kill"), (200, "a lighthouse")):
        (said,) = guard.heard(np.concatenate([silence, sound(tone)]), Interval(2.0, 3.0))
        assert (said.start_s, said.end_s, said.text) == (2.0, 3.0, words)


@pytest.mark.models
def test_nothing_is_written_down_where_nobody_speaks(ear: Path, models_dir: Path) -> None:
    from moderation.model_registry.files import ModelFiles

    activity = ModelFiles(models_dir).path("voice_activity")
    assert SpeechGuard(read_folder(ear), CPU, activity).transcribe(np.zeros(RATE, np.float32)) == ()


def test_an_ear_that_computes_nan_could_not_judge(tmp_path: Path) -> None:
    guard = SpeechGuard(read_folder(spoil(whisper(tmp_path, random=True))), CPU, NO_VOICE_ACTIVITY)
    with pytest.raises(GuardFailed) as caught:
        guard.heard(sound(200), Interval(0.0, 1.0))
    assert caught.value.code == "guard.not_finite"


def test_weights_that_lack_a_part_are_not_filled_with_chance(tmp_path: Path) -> None:
    folder = edit_config(
        shield_gemma(tmp_path, random=True), architectures=["WhisperForConditionalGeneration"]
    )
    with pytest.raises(GuardUnusable) as caught:
        SpeechGuard(read_folder(folder), CPU, NO_VOICE_ACTIVITY).heard(sound(200), Interval(0.0, 1.0))
    assert caught.value.code == "guard.unloadable"
