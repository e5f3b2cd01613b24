"""Languages the classifier cannot read are named; English prompts, however short, and gibberish pass."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.text.language import SUPPORTED, LanguageIdentifier, LanguageReading, Passage
from policies.text.scripts import passages


@pytest.fixture(scope="module")
def identifier(models_dir: Path) -> LanguageIdentifier:
    return LanguageIdentifier(models_dir / "language_id" / "lid.176.ftz")


ENGLISH = [
    "a cat",
    "a ceiling fan",
    "piano",
    "scissors",
    "HELLO WORLD",
    "BLACK AND WHITE PHOTO OF WOMAN HOLDING UMBRELLA",
    "a small café in Zürich with a view",
    "Pyramid, pan left.",
    "Mona Lisa in the style of Miró",
    "the word 'START' on a blue t-shirt",
    "α and β particles",
    "3.14159",
    "",
]
FOREIGN = [
    ("ein Mann schlägt eine Frau auf der Straße", "de"),
    ("un hombre golpea a una mujer en la calle", "es"),
    ("une femme se promène dans la forêt avec son chien", "fr"),
    ("voglio uccidere il mio vicino di casa", "it"),
    ("我想杀了我的邻居", "zh"),
    ("猫が窓辺で寝ている", "ja"),
    ("고양이가 자고 있다", "ko"),
    ("кошка спит на окне", "ru"),
    ("قطة تنام على النافذة", "ar"),
    ("ऐ बिल्ली सो रही है", "hi"),
    ("sab logon ko maar do, ye acche nahi hain", "hi-Latn"),
    ("eto moya devushka i ona ochen krasivaya", "ru-Latn"),
    ("ana mish 3ayez haza, howa fi el beit", "ar-Latn"),
]


@pytest.mark.models
@pytest.mark.parametrize("text", ENGLISH)
def test_english_prompts_are_readable(identifier: LanguageIdentifier, text: str) -> None:
    assert identifier.read(text).supported


@pytest.mark.models
@pytest.mark.parametrize(("text", "language"), FOREIGN)
def test_other_languages_are_not_read_where_english_alone_is(
    models_dir: Path, text: str, language: str
) -> None:
    english = LanguageIdentifier(models_dir / "language_id" / "lid.176.ftz", frozenset({"en"}))
    reading = english.read(text)
    assert not reading.supported
    assert language in {passage.language for passage in reading.unsupported}


@pytest.mark.models
@pytest.mark.parametrize(
    "gibberish", ["asdkjh qwe zxmn poiu", "jhgf lkjh poiu mnbv qqq", "xx yy zz 12 34", "aaaa bbbb cccc dddd"]
)
def test_gibberish_is_no_language(identifier: LanguageIdentifier, gibberish: str) -> None:
    assert identifier.read(gibberish).supported


@pytest.mark.models
def test_a_foreign_sentence_between_english_ones_is_found(identifier: LanguageIdentifier) -> None:
    text = "A cat sleeps on the sofa. Voglio uccidere il mio vicino di casa. The sun is shining."
    reading = identifier.read(text)
    assert [text[p.start : p.end].strip() for p in reading.unsupported] == [
        "Voglio uccidere il mio vicino di casa."
    ]
    assert reading.unsupported[0].language == "it"


@pytest.mark.models
def test_a_sign_in_another_script_is_text_too(identifier: LanguageIdentifier) -> None:
    assert not identifier.read("a red sign that says 환영합니다").supported


@pytest.mark.models
def test_the_same_text_reads_the_same_twice(identifier: LanguageIdentifier) -> None:
    assert identifier.read(FOREIGN[0][0]) == identifier.read(FOREIGN[0][0])


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    missing = LanguageIdentifier(tmp_path / "none.ftz")
    with pytest.raises(FileNotFoundError, match="fetch the models"):
        missing.read("una frase abbastanza lunga da giudicare")


def test_other_scripts_and_short_text_need_no_model(tmp_path: Path) -> None:
    scriptwise = LanguageIdentifier(tmp_path / "none.ftz")
    assert scriptwise.read("고양이가").unsupported == (Passage(0, 4, "ko"),)
    assert scriptwise.read("two cats") == LanguageReading((Passage(0, 8, "en"),))
    assert scriptwise.read("a cat and a dog with the ball").supported


@pytest.mark.models
@pytest.mark.parametrize(("text", "language"), [pair for pair in FOREIGN if pair[1] in SUPPORTED])
def test_a_language_of_the_set_is_read_and_named(
    identifier: LanguageIdentifier, text: str, language: str
) -> None:
    assert identifier.read(text) == LanguageReading((Passage(0, len(text), language),))


@pytest.mark.models
@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("voglio uccidere il mio vicino di casa", "it"),
        ("고양이가 자고 있다", "ko"),
        ("кіт спить на підвіконні, а дитина їсть яблуко", "uk"),
        ("گربه روی پنجره خوابیده است و کودک سیب می‌خورد", "fa"),
        ("eto moya devushka i ona ochen krasivaya", "ru-Latn"),
        ("ana mish 3ayez haza, howa fi el beit", "ar-Latn"),
    ],
)
def test_a_language_outside_the_set_is_not_read_although_its_script_is(
    identifier: LanguageIdentifier, text: str, language: str
) -> None:
    assert [passage.language for passage in identifier.read(text).unsupported] == [language]


@pytest.mark.models
def test_each_passage_of_a_mixed_text_carries_its_language(identifier: LanguageIdentifier) -> None:
    text = "A cat sleeps on the sofa. Un hombre golpea a una mujer en la calle. The sun is shining. It is warm and quiet."
    reading = identifier.read(text)
    assert [(p.language, text[p.start : p.end].strip()[:9]) for p in reading.passages] == [
        ("en", "A cat sle"),
        ("es", "Un hombre"),
        ("en", "The sun i"),
    ]
    assert reading.supported
    assert reading.passages[0].start == 0
    assert reading.passages[-1].end == len(text)


def test_words_in_another_script_do_not_carry_the_english_beside_them_along(tmp_path: Path) -> None:
    text = "a red sign that says 欢迎光临 on the wall of the house"
    reading = LanguageIdentifier(tmp_path / "none.ftz").read(text)
    assert [(p.language, text[p.start : p.end].strip()) for p in reading.passages] == [
        ("en", "a red sign that says"),
        ("zh", "欢迎光临"),
        ("en", "on the wall of the house"),
    ]


def test_a_name_in_latin_letters_stays_in_its_sentence(tmp_path: Path) -> None:
    text = "我喜欢 Hello Kitty 的猫"
    assert LanguageIdentifier(tmp_path / "none.ftz").read(text).passages == (Passage(0, len(text), "zh"),)


@given(st.text(alphabet="ab cé汉字д. \n!かア", max_size=60))
def test_the_passages_are_the_text_and_overlap_nowhere(text: str) -> None:
    found = list(passages(text))
    assert all(first[1] <= second[0] for first, second in pairwise(found))
    assert all(text[start:end] for start, end in found)
    covered = "".join(text[start:end] for start, end in found)
    assert [c for c in covered if c.isalpha()] == [c for c in text if c.isalpha()]
