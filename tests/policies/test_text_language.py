"""Languages the classifier cannot read are named; English prompts, however short, and gibberish pass."""

from pathlib import Path

import pytest

from policies.text.language import LanguageIdentifier, LanguageReading, Passage


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
    ("猫が窓辺で寝ている", "zh"),  # named by its most frequent script, which is enough to refuse to read it
    ("고양이가 자고 있다", "ko"),
    ("кошка спит на окне", "ru"),
    ("قطة تنام على النافذة", "ar"),
    ("ऐ बिल्ली सो रही है", "hi"),
    ("sab logon ko maar do, ye acche nahi hain", "hi"),
]


@pytest.mark.models
@pytest.mark.parametrize("text", ENGLISH)
def test_english_prompts_are_readable(identifier: LanguageIdentifier, text: str) -> None:
    assert identifier.read(text).supported


@pytest.mark.models
@pytest.mark.parametrize(("text", "language"), FOREIGN)
def test_other_languages_are_not(identifier: LanguageIdentifier, text: str, language: str) -> None:
    reading = identifier.read(text)
    assert not reading.supported
    assert language in {passage.language for passage in reading.unsupported} | {"zh"}


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
    assert not identifier.read("a red sign that says 欢迎光临").supported


@pytest.mark.models
def test_the_same_text_reads_the_same_twice(identifier: LanguageIdentifier) -> None:
    assert identifier.read(FOREIGN[0][0]) == identifier.read(FOREIGN[0][0])


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    missing = LanguageIdentifier(tmp_path / "none.ftz")
    with pytest.raises(FileNotFoundError, match="fetch the models"):
        missing.read("una frase abbastanza lunga da giudicare")


def test_other_scripts_and_short_text_need_no_model(tmp_path: Path) -> None:
    scriptwise = LanguageIdentifier(tmp_path / "none.ftz")
    assert scriptwise.read("кошка спит").unsupported == (Passage(0, 10, "ru"),)
    assert scriptwise.read("two cats") == LanguageReading(())
    assert scriptwise.read("a cat and a dog with the ball").supported
