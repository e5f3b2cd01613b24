"""Approval of extremist movements in few words, and all the sentences that only name them."""

import pytest

from policies.taxonomy import Category
from policies.text.context.extremism import approval_in
from policies.text.context.weighing import DOUBT_SCORE, in_context
from policies.text.normalise import normalise


@pytest.mark.parametrize(
    "text",
    [
        "Long live the Third Reich!",
        "we proudly support the neo-Nazi movement",
        "A poster in gothic letters. It says: join the Klan tonight",
        "citizens salute and stand with the islamic state",
        "Bring back apartheid",
        "proud member of the Aryan Brotherhood, portrait",
        "white power forever",
    ],
)
def test_approval_of_what_persecutes_people_is_found(text: str) -> None:
    found = approval_in(text)
    assert found is not None
    assert text[found.start : found.end].strip() == text[found.start : found.end]


@pytest.mark.parametrize(
    "text",
    [
        "A documentary asks why people would support the Nazi Party",
        "soldiers of the resistance fight the nazis in the snow",
        "We will never support the Klan",
        "survivors of the Holocaust light candles",
        "students join a lesson about apartheid",
        "Long live the queen. A museum about the Third Reich opens next door",
        "an isis in bloom beside the Thames",
        "people celebrate the end of apartheid in the streets",
        "priestesses praise and hail Isis in an Egyptian temple",
        "a soup nazi parody kitchen",
        "join us at the Holocaust remembrance ceremony",
        "we honour the heroes of the Holocaust",
        "people celebrate freedom after the fall of apartheid",
        "I love the klan of meerkats",
    ],
)
def test_who_only_names_it_condemns_it_or_tells_its_history_approves_of_nothing(text: str) -> None:
    assert approval_in(text) is None


def test_it_is_hate_for_a_person_to_look_at_where_it_was_written() -> None:
    text = "Grey sky. Lоng live the Ku Klux Klan"  # a Cyrillic letter, as evaders type it
    (found,) = in_context(normalise(text), "prompt", [])
    assert (found.category, found.score, found.matched) == (Category.HATE, DOUBT_SCORE, "extremism.approved")
