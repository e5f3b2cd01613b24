"""Names of movements for equal rights are read as such, and nothing around them is."""

import pytest

from policies.text.context.movements import without_movements
from policies.text.normalise import normalise


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Black lives matter", "equality"),
        ("a mural that says BLACK LIVES MATTER, drone shot", "a mural that says equality, drone shot"),
        ("trans rights are human rights", "equality"),
        ("stop asian hate rally", "equality rally"),
        ("Black lives matter, kill them all", "equality, kill them all"),
    ],
)
def test_the_name_of_a_movement_is_read_as_equality(said: str, read: str) -> None:
    found = without_movements(normalise(said))
    assert found is not None
    assert " ".join(found.text.replace(" ,", ",").split()).replace(" ,", ",") == read
    assert len(found.text) == len(found.starts) == len(normalise(said).text)


@pytest.mark.parametrize(
    "said",
    [
        "black lives don't matter",
        "Black lives matter less than dogs",
        "white lives matter",
        "a black cat matters",
        "",
    ],
)
def test_what_only_sounds_like_one_is_left_alone(said: str) -> None:
    assert without_movements(normalise(said)) is None
