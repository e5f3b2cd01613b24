"""The storyboard's scenes: everyone and every word gets one, and chance is fixed by the seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.generation.generators.music import RATE, compose
from moderation.generation.generators.script import MAX_SCENES, Scene, write_script
from moderation.messages import Brief, Parameters


def _script(prompt: str, *people: str, seconds: float = 10, seed: int = 0) -> tuple[Scene, ...]:
    return write_script(Brief(prompt=prompt, parameters=Parameters(seconds=seconds, seed=seed)), people)


def test_each_sentence_is_a_scene() -> None:
    script = _script("A dog runs. It finds a ball! Where is the owner?")
    assert [scene.caption for scene in script] == ["A dog runs.", "It finds a ball!", "Where is the owner?"]


def test_a_single_sentence_is_cut_at_its_commas() -> None:
    assert len(_script("A harbour at night, lanterns on the water, a slow pan to the pier")) == 3


def test_a_long_prompt_keeps_all_its_words_in_few_scenes() -> None:
    prompt = " ".join(f"Sentence number {at}." for at in range(12))
    script = _script(prompt)
    assert len(script) <= MAX_SCENES
    assert " ".join(scene.caption for scene in script) == prompt


@pytest.mark.parametrize("people", [1, 2, 3, 7, 16])
def test_everyone_appears(people: int) -> None:
    names = [f"p{at}" for at in range(people)]
    shown = {name for scene in _script("One scene.", *names) for name in scene.people}
    assert shown == set(names)


def test_no_scene_shows_more_people_than_fit() -> None:
    assert max(len(scene.people) for scene in _script("Hi.", "a", "b", "c", "d", "e")) == 2


def test_another_seed_looks_and_sounds_different() -> None:
    first, second = _script("A dog.", seed=1), _script("A dog.", seed=2)
    assert first != second
    assert first == _script("A dog.", seed=1)
    assert first[0].shapes != second[0].shapes


@given(
    st.text(min_size=1, max_size=300),
    st.floats(min_value=0.1, max_value=60),
    st.lists(st.text(min_size=1, max_size=5), max_size=16, unique=True),
)
def test_scenes_cover_every_frame_once_whatever_the_brief(
    prompt: str, seconds: float, people: list[str]
) -> None:
    brief = Brief(prompt=prompt, parameters=Parameters(seconds=seconds))
    script = write_script(brief, people)
    edges = [0] + [scene.last for scene in script]
    assert [scene.first for scene in script] == edges[:-1]
    assert edges[-1] == max(1, round(seconds * brief.parameters.fps))
    assert all(scene.last > scene.first and scene.caption for scene in script)


def test_music_is_soft_stereo_and_ends_in_silence() -> None:
    music = compose((220.0, 277.2, 329.6), 2.0)
    assert music.shape == (2 * RATE, 2)
    assert music.dtype == "float32"
    assert 0.05 < abs(music).max() < 0.5
    assert abs(music[0]).max() < 0.01
    assert abs(music[-1]).max() < 0.01
    assert (music[:, 0] != music[:, 1]).any()


def test_no_time_gives_no_music() -> None:
    assert compose((220.0,), 0.0).shape == (0, 2)
