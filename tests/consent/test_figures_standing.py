"""How a figure stands today: what is not known stays unknown."""

from datetime import date

import pytest

from consent.public_figures.roster import Figure
from consent.public_figures.standing import standing_of

TODAY = date(2026, 11, 23)


def figure(status: str, born: int | None = None, died: str = "") -> Figure:
    return Figure("Nobody Known", (), status, born, died, frozenset(), "")


@pytest.mark.parametrize(
    ("listed", "standing"),
    [
        (figure("living", 1980), "living"),
        (figure("living"), "living"),
        (figure("living", 1890), "unknown"),
        (figure("unknown", 1930), "unknown"),
        (figure("unknown"), "unknown"),
        (figure("unknown", 1800), "long_dead"),
        (figure("dead", 1880), "unknown"),
        (figure("dead", 1800), "long_dead"),
        (figure("dead"), "unknown"),
        (figure("dead", died="1990"), "recently_dead"),
        (figure("dead", died="1956"), "recently_dead"),
        (figure("dead", died="1955"), "long_dead"),
        (figure("dead", died="1956-11-22"), "long_dead"),
        (figure("dead", died="1956-11-23"), "recently_dead"),
        (figure("dead", died="1956-11-24"), "recently_dead"),
        (figure("dead", died="1452"), "long_dead"),
        (figure("living", 1980, "2025-01-02"), "recently_dead"),
    ],
)
def test_the_standing_follows_what_is_known(listed: Figure, standing: str) -> None:
    assert standing_of(listed, TODAY) == standing


def test_a_death_on_a_leap_day_has_its_anniversary_on_the_twenty_eighth() -> None:
    listed = figure("dead", died="1956-02-29")
    assert standing_of(listed, date(2026, 2, 28)) == "recently_dead"
    assert standing_of(listed, date(2026, 3, 1)) == "long_dead"
