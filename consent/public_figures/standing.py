"""How strongly a public figure is protected today: alive, dead within seventy years, dead longer, or not known.

What is not known stays unknown. A date is only ever inferred where it cannot be otherwise: nobody has lived past 122
(Jeanne Calment, 1875–1997, the longest life on record), so a birth long enough ago means a death long enough ago.
"""

from datetime import date
from enum import StrEnum
from typing import Final

from consent.public_figures.roster import Figure

PROTECTED_YEARS: Final = 70
LONGEST_LIFE_YEARS: Final = 122


class Standing(StrEnum):
    """`ROLE` is an office, not a person: whoever holds it."""

    LIVING = "living"
    RECENTLY_DEAD = "recently_dead"
    LONG_DEAD = "long_dead"
    UNKNOWN = "unknown"
    ROLE = "role"


def standing_of(figure: Figure, today: date) -> Standing:
    """The figure's standing on the day `today`.

    1. A known death: long dead from the day after its seventieth anniversary; a bare year counts as its last day.
    2. Born more than 122 + 70 years ago: long dead. Born more than 122 years ago: dead, so never living.
    3. Otherwise what the list says; a death without a date is unknown.
    """
    if figure.died:
        return Standing.LONG_DEAD if _seventy_years_on(figure.died) < today else Standing.RECENTLY_DEAD
    age = today.year - figure.born if figure.born is not None else 0
    if age > LONGEST_LIFE_YEARS + PROTECTED_YEARS:
        return Standing.LONG_DEAD
    if figure.status == "living" and age <= LONGEST_LIFE_YEARS:
        return Standing.LIVING
    return Standing.UNKNOWN


def _seventy_years_on(died: str) -> date:
    parts = [int(part) for part in died.split("-")]
    year = parts[0] + PROTECTED_YEARS
    month, day = (parts[1], parts[2]) if len(parts) == 3 else (12, 31)
    return date(year, month, min(day, 28) if month == 2 else day)
